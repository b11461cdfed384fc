/* SPDX-License-Identifier: Apache-2.0
 * expand.c: see expand.h. */
#include "expand.h"
#include "operation.h"
#include "plugin.h"
#include <llvm-c/DebugInfo.h>
#include <string.h>

typedef struct expansion {
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMTypeRef i32;
} expansion;

static LLVMValueRef lane(const expansion *e, LLVMValueRef vector, unsigned i)
{
    return LLVMBuildExtractElement(e->b, vector, LLVMConstInt(e->i32, i, false), "");
}

static LLVMValueRef combine(const expansion *e, bool product, LLVMValueRef a, LLVMValueRef b)
{
    return product ? LLVMBuildFMul(e->b, a, b, "") : LLVMBuildFAdd(e->b, a, b, "");
}

/* The upper half onto the lower one, as code generation does it for x86, until one is left. */
static LLVMValueRef in_a_tree(const expansion *e, bool product, LLVMValueRef vector, unsigned lanes)
{
    LLVMValueRef undefined = LLVMGetUndef(LLVMTypeOf(vector)), places[64];
    for (unsigned n = lanes / 2; n; n /= 2) {
        for (unsigned i = 0; i < lanes; i++)
            places[i] = i < n ? LLVMConstInt(e->i32, n + i, false) : LLVMGetUndef(e->i32);
        LLVMValueRef moved = LLVMBuildShuffleVector(e->b, vector, undefined, LLVMConstVector(places, lanes), "");
        vector = combine(e, product, vector, moved);
    }
    return lane(e, vector, 0);
}

/* What a sum or product of none is: it changes nothing. */
static bool is_neutral(LLVMValueRef value, bool product)
{
    if (!LLVMIsAConstantFP(value))
        return false;
    LLVMBool lossy;
    const double number = LLVMConstRealGetDouble(value, &lossy);
    return product ? number == 1 : number == 0; /* of either sign: who allows another order asks for no sign of zero */
}

static void reduce(const expansion *e, LLVMValueRef call, bool product)
{
    LLVMValueRef result = LLVMGetOperand(call, 0), vector = LLVMGetOperand(call, 1);
    const unsigned lanes = LLVMGetVectorSize(LLVMTypeOf(vector));
    LLVMPositionBuilderBefore(e->b, call);
    LLVMSetCurrentDebugLocation2(e->b, LLVMInstructionGetDebugLoc(call));
    if (vprec_plugin_flags(call) & VPREC_PLUGIN_REASSOC && lanes <= 64 && !(lanes & (lanes - 1))) {
        LLVMValueRef whole = in_a_tree(e, product, vector, lanes);
        result = is_neutral(result, product) ? whole : combine(e, product, result, whole);
    } else {
        for (unsigned i = 0; i < lanes; i++)
            result = combine(e, product, result, lane(e, vector, i));
    }
    LLVMReplaceAllUsesWith(call, result);
    LLVMInstructionEraseFromParent(call);
}

static LLVMValueRef negated(const expansion *e, LLVMValueRef value)
{
    return LLVMBuildFNeg(e->b, value, "");
}

/* A product that may become part of the sum that alone uses it. */
static bool may_fuse(LLVMValueRef value)
{
    if (!LLVMIsAInstruction(value) || LLVMGetInstructionOpcode(value) != LLVMFMul ||
        !(vprec_plugin_flags(value) & VPREC_PLUGIN_CONTRACT))
        return false;
    LLVMUseRef use = LLVMGetFirstUse(value);
    return use && !LLVMGetNextUse(use);
}

/* a * b + c, a * b - c, c - a * b. */
static void fuse(const expansion *e, LLVMValueRef sum)
{
    const bool difference = LLVMGetInstructionOpcode(sum) == LLVMFSub;
    LLVMValueRef left = LLVMGetOperand(sum, 0), right = LLVMGetOperand(sum, 1);
    const bool first = may_fuse(left);
    if (!(vprec_plugin_flags(sum) & VPREC_PLUGIN_CONTRACT) || (!first && !may_fuse(right)))
        return;
    LLVMValueRef product = first ? left : right, rest = first ? right : left;
    LLVMPositionBuilderBefore(e->b, sum);
    LLVMSetCurrentDebugLocation2(e->b, LLVMInstructionGetDebugLoc(sum));
    LLVMValueRef operand[] = {LLVMGetOperand(product, 0), LLVMGetOperand(product, 1), rest};
    if (difference && first)
        operand[2] = negated(e, rest);
    else if (difference)
        operand[0] = negated(e, operand[0]);
    LLVMTypeRef type = LLVMTypeOf(sum);
    LLVMValueRef fma = LLVMGetIntrinsicDeclaration(e->module, LLVMLookupIntrinsicID("llvm.fma", 8), &type, 1);
    LLVMValueRef fused = LLVMBuildCall2(e->b, LLVMGlobalGetValueType(fma), fma, operand, 3, "");
    LLVMReplaceAllUsesWith(sum, fused);
    LLVMInstructionEraseFromParent(sum);
    LLVMInstructionEraseFromParent(product);
}

static void expand(const expansion *e, LLVMValueRef instruction, bool fma)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    vprec_cc_operation o;
    if (opcode == LLVMCall && vprec_cc_calls(instruction, "vector.reduce.fadd"))
        reduce(e, instruction, false);
    else if (opcode == LLVMCall && vprec_cc_calls(instruction, "vector.reduce.fmul"))
        reduce(e, instruction, true);
    else if ((opcode == LLVMFAdd || opcode == LLVMFSub) && fma && vprec_cc_operation_of(instruction, &o))
        fuse(e, instruction);
}

void vprec_cc_expand(LLVMModuleRef module, LLVMValueRef function)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    const expansion e = {module, LLVMCreateBuilderInContext(context), LLVMInt32TypeInContext(context)};
    const bool fma = vprec_cc_has_fma(function);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef next, i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            expand(&e, i, fma);
        }
    LLVMDisposeBuilder(e.b);
}
