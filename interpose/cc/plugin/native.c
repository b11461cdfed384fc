/* SPDX-License-Identifier: Apache-2.0
 * native.c: see native.h. */
#include "native.h"
#include "functions.h"
#include "operation.h"
#include "values.h"
#include <stdio.h>
#include <string.h>

enum { KINDS = 32, NAME = 96 };

/* Things of one kind in a function, and the first one. */
typedef struct kind {
    char name[NAME];
    unsigned count;
    LLVMValueRef first;
} kind;

static const char *type_name(LLVMTypeRef type)
{
    switch (LLVMGetTypeKind(vprec_cc_element(type))) {
    case LLVMX86_FP80TypeKind: return "long double";
    case LLVMFP128TypeKind: return "__float128";
    case LLVMHalfTypeKind: return "half precision";
    case LLVMBFloatTypeKind: return "bfloat16";
    case LLVMFloatTypeKind: return "float";
    case LLVMDoubleTypeKind: return "double";
    default: return NULL;
    }
}

static bool is_rounded_type(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(vprec_cc_element(type));
    return kind == LLVMFloatTypeKind || kind == LLVMDoubleTypeKind;
}

/* Intrinsic functions that select, move, compare or round to an integer: their results are values already. */
static bool only_selects(const char *name)
{
    static const char *const parts[] = {"cmp", ".max", ".min", "perm", "gather", "round", "rndscale", "expand", "compress",
                                        "load", "broadcast", "insertps", "extract", "blend", "fpclass", ".range", "maskload",
                                        "fabs", "copysign", "floor", "ceil", "trunc", "rint", "nearbyint", "maxnum", "minnum",
                                        "maximum", "minimum", "masked.", "vector.reduce.f", "vector.insert", "arithmetic.fence",
                                        "canonicalize", "is.fpclass", "select", "expect", "launder", "ssa.copy", "frexp", "vp.load",
                                        "bitreverse", "vector.extract", "vector.reverse", "vector.splice", "annotation"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(name, parts[i]))
            return true;
    return false;
}

/* Products and quotients of complex numbers in half precision, long double and __float128: libgcc's functions. */
static bool is_other_complex(const char *name)
{
    static const char *const names[] = {"__mulhc3", "__divhc3", "__mulxc3", "__divxc3", "__multc3", "__divtc3"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* libm's sinl and others. */
static bool is_long_double(const char *name, size_t length)
{
    char base[NAME];
    snprintf(base, sizeof base, "%s", name);
    if (!length || length >= sizeof base || base[length - 1] != 'l')
        return false;
    base[length - 1] = 0;
    return vprec_cc_function_known(base);
}

/* In words what the call computes in a way nobody rounds; false: nothing. */
static bool call(LLVMValueRef instruction, char text[NAME])
{
    LLVMValueRef function = LLVMGetCalledValue(instruction);
    LLVMTypeRef type = LLVMTypeOf(instruction);
    const bool number = is_rounded_type(type);
    if (LLVMIsAInlineAsm(function)) {
        snprintf(text, NAME, "inline assembly");
        return number;
    }
    if (!LLVMIsAFunction(function))
        return false;
    size_t length;
    const char *name = LLVMGetValueName2(function, &length);
    snprintf(text, NAME, "%s", name);
    if (LLVMGetIntrinsicID(function))
        return type_name(type) && !only_selects(name);
    if (!LLVMIsDeclaration(function))
        return false;
    if (is_other_complex(name) || (LLVMGetTypeKind(type) == LLVMX86_FP80TypeKind && is_long_double(name, length)))
        return true;
    return number && (!strncmp(name, "_ZGV", 4) || !strncmp(name, "__svml_", 7) || !strncmp(name, "Sleef_", 6));
}

/* The same of any instruction. */
static bool stays(LLVMValueRef instruction, char text[NAME])
{
    vprec_cc_operation o;
    if (vprec_cc_operation_of(instruction, &o))
        return false;
    LLVMTypeRef type = LLVMTypeOf(instruction);
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    const char *name = type_name(type), *from;
    if (!name && opcode != LLVMCall)
        return false;
    switch (opcode) {
    case LLVMFAdd:
    case LLVMFSub:
    case LLVMFMul:
    case LLVMFDiv:
    case LLVMFRem: snprintf(text, NAME, "operations in %s", name); return true;
    case LLVMFPTrunc: /* what widens is exact */
    case LLVMSIToFP:
    case LLVMUIToFP:
        from = type_name(LLVMTypeOf(LLVMGetOperand(instruction, 0)));
        snprintf(text, NAME, "conversions from %s to %s", from ? from : "integers", name);
        return true;
    case LLVMCall: return call(instruction, text);
    default: return false;
    }
}

static void count(kind kinds[KINDS], size_t *n, const char *name, LLVMValueRef instruction)
{
    size_t i = 0;
    while (i < *n && strcmp(kinds[i].name, name))
        i++;
    if (i == KINDS)
        return;
    if (i == *n) {
        snprintf(kinds[i].name, NAME, "%s", name);
        kinds[i].first = instruction;
        kinds[i].count = 0;
        ++*n;
    }
    kinds[i].count++;
}

void vprec_cc_native_tell(LLVMModuleRef module, LLVMValueRef function)
{
    kind kinds[KINDS];
    size_t n = 0, length;
    char text[NAME];
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
            if (stays(i, text))
                count(kinds, &n, text, i);
    for (size_t i = 0; i < n; i++) {
        const char *name = LLVMGetValueName2(function, &length), *file = NULL;
        unsigned line = 0, size = 0;
        if (LLVMGetMetadata(kinds[i].first, 0)) {
            line = LLVMGetDebugLocLine(kinds[i].first);
            file = LLVMGetDebugLocFilename(kinds[i].first, &size);
        }
        char message[2 * NAME + 512];
        snprintf(message, sizeof message, "%.*s:%u: in '%.200s': %u stay native, %.90s [-Wuninstrumented]",
                 (int)(size < 200 ? size : 200), file ? file : "", line, name, kinds[i].count, kinds[i].name);
        vprec_cc_tell(module, message);
    }
}
