/* SPDX-License-Identifier: Apache-2.0
 * functions.c: see functions.h. A call of expf becomes, with a record of this module for expf:
 *
 *     instead = record.instead, or if there is none yet, vprec_cc_function(&record)
 *     call instead */
#include "functions.h"
#include "operation.h"
#include "plugin.h"
#include "values.h"
#include "cc/site.h"
#include <llvm-c/DebugInfo.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct calls {
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMBuilderRef b;
    LLVMTypeRef pointer, i32;
} calls;

#define X(kind, id, function, double_name, float_name) double_name, float_name,
static const char *const names[] = {
#include "libm/functions.h"
    "__mulsc3", "__divsc3", "__muldc3", "__divdc3" /* libgcc's, of complex numbers */
};
#undef X

bool vprec_cc_function_known(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* The module's record of a function. */
static LLVMValueRef record_of(const calls *c, LLVMValueRef function)
{
    size_t length;
    char name[128];
    snprintf(name, sizeof name, "vprec.call.%s", LLVMGetValueName2(function, &length));
    LLVMValueRef record = LLVMGetNamedGlobal(c->module, name);
    if (record)
        return record;
    LLVMTypeRef fields[] = {c->pointer, c->pointer, c->pointer};
    record = LLVMAddGlobal(c->module, LLVMStructTypeInContext(c->context, fields, 3, false), name);
    LLVMSetLinkage(record, LLVMPrivateLinkage);
    return record;
}

/* Whom the record is for, and its name. */
static void fill_record(const calls *c, LLVMValueRef record, LLVMValueRef function, const char *name)
{
    LLVMValueRef fields[] = {vprec_cc_text(c->module, name, strlen(name)), LLVMConstBitCast(function, c->pointer),
                             LLVMConstNull(c->pointer)};
    LLVMSetInitializer(record, LLVMConstStructInContext(c->context, fields, 3, false));
}

/* What is to be called, in front of `call`, where the builder is left. */
static LLVMValueRef instead_of(const calls *c, LLVMValueRef function, LLVMValueRef call)
{
    LLVMTypeRef finds = LLVMFunctionType(c->pointer, (LLVMTypeRef[]){c->pointer}, 1, false);
    LLVMValueRef find = LLVMGetNamedFunction(c->module, "vprec_cc_function");
    if (!find)
        find = LLVMAddFunction(c->module, "vprec_cc_function", finds);
    LLVMValueRef record = LLVMConstBitCast(record_of(c, function), c->pointer);
    LLVMValueRef at = LLVMConstInt(LLVMInt64TypeInContext(c->context), offsetof(vprec_cc_call, instead), false);
    LLVMValueRef place = LLVMConstGEP2(LLVMInt8TypeInContext(c->context), record, &at, 1);
    LLVMPositionBuilderBefore(c->b, call);
    LLVMSetCurrentDebugLocation2(c->b, LLVMInstructionGetDebugLoc(call));
    LLVMValueRef known = LLVMBuildLoad2(c->b, c->pointer, LLVMConstBitCast(place, LLVMPointerType(c->pointer, 0)), "");
    LLVMValueRef missing = LLVMBuildICmp(c->b, LLVMIntEQ, known, LLVMConstNull(c->pointer), "");
    vprec_plugin_fork fork;
    vprec_plugin_split(call, missing, &fork);
    LLVMPositionBuilderBefore(c->b, LLVMGetBasicBlockTerminator(fork.rare));
    LLVMValueRef found = LLVMBuildCall2(c->b, finds, find, &record, 1, "");
    LLVMPositionBuilderBefore(c->b, call);
    LLVMValueRef chosen = LLVMBuildPhi(c->b, c->pointer, "");
    LLVMAddIncoming(chosen, &known, &fork.from, 1);
    LLVMAddIncoming(chosen, &found, &fork.rare, 1);
    return LLVMBuildBitCast(c->b, chosen, LLVMTypeOf(function), "");
}

static void redirect(const calls *c, LLVMValueRef call)
{
    vprec_plugin_call(call, instead_of(c, LLVMGetCalledValue(call), call));
}

/* libm's function that returns this type. */
static LLVMValueRef library(const calls *c, const char *base, LLVMTypeRef type, LLVMTypeRef whole)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", base, LLVMGetTypeKind(type) == LLVMFloatTypeKind ? "f" : "");
    LLVMValueRef function = LLVMGetNamedFunction(c->module, name);
    return function ? function : LLVMAddFunction(c->module, name, whole);
}

static LLVMValueRef call_library(const calls *c, const char *base, LLVMTypeRef type, LLVMValueRef *operand, unsigned n)
{
    LLVMTypeRef types[2];
    for (unsigned i = 0; i < n; i++)
        types[i] = LLVMTypeOf(operand[i]);
    LLVMTypeRef whole = LLVMFunctionType(type, types, n, false);
    return LLVMBuildCall2(c->b, whole, library(c, base, type, whole), operand, n, "");
}

/* An instruction that computes libm's function, of one number or lane by lane, becomes calls of it. */
static LLVMValueRef spell_out(const calls *c, LLVMValueRef instruction, const char *base, unsigned n)
{
    LLVMTypeRef type = LLVMTypeOf(instruction);
    LLVMPositionBuilderBefore(c->b, instruction);
    LLVMSetCurrentDebugLocation2(c->b, LLVMInstructionGetDebugLoc(instruction));
    LLVMValueRef operand[2], result;
    for (unsigned i = 0; i < n; i++)
        operand[i] = LLVMGetOperand(instruction, i);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
        result = call_library(c, base, type, operand, n);
    } else {
        result = LLVMGetUndef(type);
        for (unsigned l = 0; l < LLVMGetVectorSize(type); l++) {
            LLVMValueRef lane = LLVMConstInt(c->i32, l, false), number[2];
            for (unsigned i = 0; i < n; i++)
                number[i] = LLVMBuildExtractElement(c->b, operand[i], lane, "");
            LLVMValueRef value = call_library(c, base, LLVMGetElementType(type), number, n);
            result = LLVMBuildInsertElement(c->b, result, value, lane, "");
        }
    }
    LLVMReplaceAllUsesWith(instruction, result);
    LLVMInstructionEraseFromParent(instruction);
    return result;
}

/* The name in libm of what the instruction computes, of *n operands; NULL: none. */
static const char *computes(LLVMValueRef instruction, unsigned *n)
{
    static const char *const one[] = {"acos", "asin", "atan", "cos", "cosh", "exp", "exp10", "exp2", "log", "log10",
                                      "log2", "sin", "sinh", "tan", "tanh"};
    *n = 2;
    if (LLVMGetInstructionOpcode(instruction) == LLVMFRem)
        return "fmod";
    if (LLVMGetInstructionOpcode(instruction) != LLVMCall)
        return NULL;
    if (vprec_cc_calls(instruction, "pow"))
        return "pow";
    if (vprec_cc_calls(instruction, "atan2"))
        return "atan2";
    if (vprec_cc_calls(instruction, "ldexp"))
        return "ldexp";
    *n = 1;
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if (vprec_cc_calls(instruction, one[i]))
            return one[i];
    return NULL;
}

static bool is_float(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(vprec_cc_element(type));
    return kind == LLVMFloatTypeKind || kind == LLVMDoubleTypeKind;
}

static bool calls_library(LLVMValueRef instruction)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    if (opcode != LLVMCall && opcode != LLVMInvoke)
        return false;
    LLVMValueRef function = LLVMGetCalledValue(instruction);
    size_t length;
    return LLVMIsAFunction(function) && LLVMIsDeclaration(function) && vprec_cc_function_known(LLVMGetValueName2(function, &length));
}

static calls begin(LLVMModuleRef module)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    return (calls){module, context, LLVMCreateBuilderInContext(context),
                   LLVMPointerType(LLVMInt8TypeInContext(context), 0), LLVMInt32TypeInContext(context)};
}

bool vprec_cc_functions(LLVMModuleRef module, LLVMValueRef function)
{
    const calls c = begin(module);
    bool changed = false;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef next, i = LLVMGetFirstInstruction(block); i; i = next) {
            unsigned n;
            next = LLVMGetNextInstruction(i);
            const char *base = is_float(LLVMTypeOf(i)) ? computes(i, &n) : NULL;
            if (base)
                spell_out(&c, i, base, n), changed = true;
        }
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            if (!calls_library(i))
                continue;
            redirect(&c, i);
            changed = true;
            block = LLVMGetInstructionParent(i); /* a block ends in front of the call now */
        }
    LLVMDisposeBuilder(c.b);
    return changed;
}

/* A function of this module that calls the library's: for who takes its address. */
static LLVMValueRef stand_in(const calls *c, LLVMValueRef function)
{
    size_t length;
    char name[128];
    snprintf(name, sizeof name, "vprec.%s", LLVMGetValueName2(function, &length));
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    LLVMValueRef made = LLVMAddFunction(c->module, name, type);
    LLVMSetLinkage(made, LLVMInternalLinkage);
    LLVMReplaceAllUsesWith(function, made);
    LLVMPositionBuilderAtEnd(c->b, LLVMAppendBasicBlockInContext(c->context, made, ""));
    LLVMSetCurrentDebugLocation2(c->b, NULL);
    LLVMValueRef operand[8] = {0};
    const unsigned n = LLVMCountParams(made);
    for (unsigned i = 0; i < n && i < 8; i++)
        operand[i] = LLVMGetParam(made, i);
    LLVMValueRef call = LLVMBuildCall2(c->b, type, function, operand, n, "");
    if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind)
        LLVMBuildRetVoid(c->b);
    else
        LLVMBuildRet(c->b, call);
    redirect(c, call);
    return made;
}

void vprec_cc_functions_end(LLVMModuleRef module)
{
    calls c = begin(module);
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        size_t length;
        const char *name = LLVMGetValueName2(f, &length);
        if (LLVMIsDeclaration(f) && vprec_cc_function_known(name) && LLVMGetFirstUse(f) && LLVMCountParams(f) < 8)
            stand_in(&c, f);
    }
    for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
        size_t length;
        const char *name = LLVMGetValueName2(g, &length);
        if (!strncmp(name, "vprec.call.", 11))
            fill_record(&c, g, LLVMGetNamedFunction(module, name + 11), name + 11);
    }
    LLVMDisposeBuilder(c.b);
}
