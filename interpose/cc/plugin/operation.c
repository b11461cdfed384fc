/* SPDX-License-Identifier: Apache-2.0
 * operation.c: see operation.h. */
#include "operation.h"
#include "plugin.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

/* The type of floating-point numbers, one or a vector of them, that are rounded. */
static bool float_type(LLVMTypeRef type, unsigned *which)
{
    switch (LLVMGetTypeKind(vprec_cc_element(type))) {
    case LLVMFloatTypeKind: *which = VPREC_CC_F32; return true;
    case LLVMDoubleTypeKind: *which = VPREC_CC_F64; return true;
    default: return false;
    }
}

static bool from_type(LLVMTypeRef type, bool is_signed, vprec_cc_operation *o)
{
    LLVMTypeRef element = vprec_cc_element(type);
    switch (LLVMGetTypeKind(element)) {
    case LLVMFloatTypeKind: o->from = VPREC_CC_F32; return true;
    case LLVMDoubleTypeKind: o->from = VPREC_CC_F64; return true;
    case LLVMHalfTypeKind: o->from = VPREC_CC_F16; return true;
    case LLVMBFloatTypeKind: o->from = VPREC_CC_BF16; return true;
    case LLVMIntegerTypeKind: break;
    default: return false;
    }
    const unsigned bits = LLVMGetIntTypeWidth(element);
    const bool narrow = is_signed ? bits <= 32 : bits < 32; /* an unsigned one fits a signed one with more bits */
    o->wide = bits != 32 && bits != 64;
    o->from = narrow || bits < 32 ? VPREC_CC_I32 : bits == 32 ? VPREC_CC_U32 : is_signed ? VPREC_CC_I64 : VPREC_CC_U64;
    return bits <= 64;
}

/* The part of an intrinsic function's name between "llvm." and the types of its operands; "": it is none. */
static const char *intrinsic(LLVMValueRef instruction, size_t *length)
{
    LLVMValueRef function = LLVMGetCalledValue(instruction);
    if (!LLVMIsAFunction(function) || !LLVMGetIntrinsicID(function)) {
        *length = 0;
        return "";
    }
    size_t whole;
    const char *name = LLVMGetValueName2(function, &whole);
    name += 5, whole -= 5;
    for (*length = 0; *length < whole; ++*length) /* .f32, .v4f64 */
        if (name[*length] == '.' && strspn(name + *length + 1, "v0123456789f") == strcspn(name + *length + 1, "."))
            break;
    return name;
}

static bool is(const char *name, size_t length, const char *what)
{
    return strlen(what) == length && !memcmp(name, what, length);
}

bool vprec_cc_calls(LLVMValueRef instruction, const char *what)
{
    size_t length;
    const char *name = intrinsic(instruction, &length);
    return length && is(name, length, what);
}

bool vprec_cc_has(LLVMValueRef function, const char *feature)
{
    static const char key[] = "target-features";
    LLVMAttributeRef features =
        LLVMGetStringAttributeAtIndex(function, LLVMAttributeFunctionIndex, key, sizeof key - 1);
    if (!features)
        return false;
    unsigned length;
    const char *text = LLVMGetStringAttributeValue(features, &length);
    const size_t size = strlen(feature);
    for (unsigned at = 0; at + size <= length; at++)
        if (!memcmp(text + at, feature, size) && (at + size == length || text[at + size] == ','))
            return true;
    return false;
}

bool vprec_cc_has_fma(LLVMValueRef function)
{
    return vprec_cc_has(function, "+fma") || vprec_cc_has(function, "+fma4") || vprec_cc_has(function, "+avx512f");
}

static LLVMValueRef function_of(LLVMValueRef instruction)
{
    return LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
}

static bool takes(LLVMValueRef instruction, unsigned op, unsigned operands, vprec_cc_operation *o)
{
    o->op = op;
    o->operands = operands;
    for (unsigned i = 0; i < operands; i++)
        o->operand[i] = LLVMGetOperand(instruction, i);
    return true;
}

static bool call_of(LLVMValueRef instruction, vprec_cc_operation *o)
{
    static const struct {
        const char *name;
        unsigned op, operands;
    } known[] = {{"sqrt", VPREC_CC_SQRT, 1},
                 {"fma", VPREC_CC_FMA, 3},
                 {"fmuladd", VPREC_CC_FMA, 3},
                 {"powi", VPREC_CC_VALUE, 0},
                 {"experimental.constrained.fadd", VPREC_CC_ADD, 2},
                 {"experimental.constrained.fsub", VPREC_CC_SUB, 2},
                 {"experimental.constrained.fmul", VPREC_CC_MUL, 2},
                 {"experimental.constrained.fdiv", VPREC_CC_DIV, 2},
                 {"experimental.constrained.sqrt", VPREC_CC_SQRT, 1},
                 {"experimental.constrained.fma", VPREC_CC_FMA, 3},
                 {"experimental.constrained.fmuladd", VPREC_CC_FMA, 3},
                 {"experimental.constrained.fptrunc", VPREC_CC_CONVERT, 1},
                 {"experimental.constrained.fpext", VPREC_CC_CONVERT, 1},
                 {"experimental.constrained.sitofp", VPREC_CC_CONVERT, 1},
                 {"experimental.constrained.uitofp", VPREC_CC_CONVERT, 1}};
    size_t length;
    const char *name = intrinsic(instruction, &length);
    for (size_t i = 0; length && i < sizeof known / sizeof *known; i++)
        if (is(name, length, known[i].name)) {
            o->split = is(name, length, "fmuladd") && !vprec_cc_has_fma(function_of(instruction));
            takes(instruction, known[i].op, known[i].operands, o);
            return o->op != VPREC_CC_CONVERT ||
                   from_type(LLVMTypeOf(o->operand[0]), name[length - 6] == 's', o);
        }
    return false;
}

static bool find(LLVMValueRef instruction, vprec_cc_operation *o)
{
    switch (LLVMGetInstructionOpcode(instruction)) {
    case LLVMFAdd: return takes(instruction, VPREC_CC_ADD, 2, o);
    case LLVMFSub: return takes(instruction, VPREC_CC_SUB, 2, o);
    case LLVMFMul: return takes(instruction, VPREC_CC_MUL, 2, o);
    case LLVMFDiv: return takes(instruction, VPREC_CC_DIV, 2, o);
    case LLVMFPTrunc:
    case LLVMFPExt:
    case LLVMUIToFP:
    case LLVMSIToFP:
        takes(instruction, VPREC_CC_CONVERT, 1, o);
        return from_type(LLVMTypeOf(o->operand[0]), LLVMGetInstructionOpcode(instruction) == LLVMSIToFP, o);
    case LLVMCall: return call_of(instruction, o);
    default: return false;
    }
}

static unsigned size_of(LLVMTypeRef type)
{
    LLVMTypeRef element = vprec_cc_element(type);
    unsigned bytes = 8;
    switch (LLVMGetTypeKind(element)) {
    case LLVMHalfTypeKind:
    case LLVMBFloatTypeKind: bytes = 2; break;
    case LLVMFloatTypeKind: bytes = 4; break;
    case LLVMIntegerTypeKind: bytes = LLVMGetIntTypeWidth(element) <= 32 ? 4 : 8; break;
    default: break;
    }
    unsigned whole = bytes * vprec_cc_lanes(type), room = 8;
    while (room < whole)
        room *= 2;
    return room;
}

bool vprec_cc_operation_of(LLVMValueRef instruction, vprec_cc_operation *o)
{
    memset(o, 0, sizeof *o);
    LLVMTypeRef type = LLVMTypeOf(instruction);
    if (!float_type(type, &o->type) || !find(instruction, o))
        return false;
    if (o->op != VPREC_CC_CONVERT)
        o->from = o->type;
    o->bytes = size_of(type);
    for (unsigned i = 0; i < o->operands; i++)
        if (size_of(LLVMTypeOf(o->operand[i])) > o->bytes)
            o->bytes = size_of(LLVMTypeOf(o->operand[i]));
    return true;
}

/* An integer as the runtime gets it. */
static LLVMValueRef extended(LLVMBuilderRef builder, LLVMValueRef value, bool is_signed, unsigned from)
{
    LLVMTypeRef type = LLVMTypeOf(value);
    LLVMContextRef context = LLVMGetTypeContext(type);
    LLVMTypeRef to = from == VPREC_CC_I32 || from == VPREC_CC_U32 ? LLVMInt32TypeInContext(context)
                                                                  : LLVMInt64TypeInContext(context);
    if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
        to = LLVMVectorType(to, LLVMGetVectorSize(type));
    return is_signed ? LLVMBuildSExt(builder, value, to, "") : LLVMBuildZExt(builder, value, to, "");
}

LLVMValueRef vprec_cc_operation_native(LLVMModuleRef module, LLVMBuilderRef builder, LLVMValueRef instruction,
                                       vprec_cc_operation *o)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    LLVMValueRef native;
    size_t length = 0;
    const char *name = opcode == LLVMCall ? intrinsic(instruction, &length) : "";
    if (is(name, length, "fmuladd")) {
        LLVMTypeRef type = LLVMTypeOf(instruction);
        LLVMValueRef fma = LLVMGetIntrinsicDeclaration(module, LLVMLookupIntrinsicID("llvm.fma", 8), &type, 1);
        native = LLVMBuildCall2(builder, LLVMGlobalGetValueType(fma), fma, o->operand, 3, "");
    } else {
        native = vprec_plugin_plain(instruction);
    }
    if (o->wide)
        o->operand[0] = extended(builder, o->operand[0],
                                 opcode == LLVMSIToFP || (opcode == LLVMCall && name[length - 6] == 's'), o->from);
    return native;
}
