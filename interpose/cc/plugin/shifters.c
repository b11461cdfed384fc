/* SPDX-License-Identifier: Apache-2.0
 * shifters.c: see shifters.h. */
#include "shifters.h"
#include "x86/shifter.h"
#include <llvm/Config/llvm-config.h>
#include <string.h>

static LLVMValueRef element(LLVMValueRef constant, unsigned i)
{
#if LLVM_VERSION_MAJOR >= 15
    return LLVMGetAggregateElement(constant, i);
#else
    return LLVMGetElementAsConstant(constant, i);
#endif
}

/* The bits of a constant, the same shifter in all of its lanes; 0: it is none. */
static uint64_t shifter(LLVMValueRef value, bool f64)
{
    if (!LLVMIsConstant(value))
        return 0;
    LLVMTypeRef type = LLVMTypeOf(value);
    if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) {
        if (!LLVMIsAConstantDataVector(value))
            return 0;
        const uint64_t first = shifter(element(value, 0), f64);
        for (unsigned i = 1; first && i < LLVMGetVectorSize(type); i++)
            if (!vprec_shifter_same(f64, first, shifter(element(value, i), f64)))
                return 0;
        return first;
    }
    if (!LLVMIsAConstantFP(value))
        return 0;
    LLVMBool lossy;
    const double number = LLVMConstRealGetDouble(value, &lossy);
    uint64_t bits = 0;
    if (f64) {
        memcpy(&bits, &number, sizeof number);
    } else {
        const float narrow = (float)number;
        memcpy(&bits, &narrow, sizeof narrow);
    }
    return vprec_shifter_of(f64, bits) == VPREC_SHIFTER_NONE ? 0 : bits;
}

/* Of a sum, difference or fma: the shifter that it adds; 0: none. */
static uint64_t addend_of(const vprec_cc_operation *o)
{
    const bool f64 = o->type == VPREC_CC_F64;
    if (o->op == VPREC_CC_FMA)
        return shifter(o->operand[2], f64);
    if (o->op != VPREC_CC_ADD && o->op != VPREC_CC_SUB)
        return 0;
    const uint64_t first = shifter(o->operand[0], f64);
    return first ? first : shifter(o->operand[1], f64);
}

static bool is_instruction(LLVMValueRef value, LLVMOpcode opcode)
{
    return LLVMIsAInstruction(value) && LLVMGetInstructionOpcode(value) == opcode;
}

/* What is written to a variable of the function's, without optimisation on its stack; NULL: that is not one thing. */
static LLVMValueRef only_store(LLVMValueRef variable)
{
    LLVMValueRef found = NULL;
    if (!is_instruction(variable, LLVMAlloca))
        return NULL;
    for (LLVMUseRef use = LLVMGetFirstUse(variable); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!is_instruction(user, LLVMStore))
            continue;
        if (found || LLVMGetOperand(user, 0) == variable)
            return NULL;
        found = user;
    }
    return found;
}

static bool used_as_such(LLVMValueRef sum, uint64_t added, bool f64);

/* The same of a sum in a variable. */
static bool read_as_such(LLVMValueRef variable, uint64_t added, bool f64)
{
    for (LLVMUseRef use = LLVMGetFirstUse(variable); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (is_instruction(user, LLVMCall) && LLVMGetNumOperands(user) > 1 && LLVMGetOperand(user, 1) == variable)
            return true; /* memcpy, to an integer */
        if (is_instruction(user, LLVMLoad)) {
            LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(user));
            if (kind == LLVMIntegerTypeKind || used_as_such(user, added, f64))
                return true;
        }
    }
    return false;
}

/* Some use of the sum takes the same shifter off, or takes its bits. */
static bool used_as_such(LLVMValueRef sum, uint64_t added, bool f64)
{
    for (LLVMUseRef use = LLVMGetFirstUse(sum); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        vprec_cc_operation o;
        if (is_instruction(user, LLVMBitCast))
            return true;
        if (is_instruction(user, LLVMStore) && only_store(LLVMGetOperand(user, 1)) == user &&
            read_as_such(LLVMGetOperand(user, 1), added, f64))
            return true;
        if (LLVMIsAInstruction(user) && vprec_cc_operation_of(user, &o) && addend_of(&o) &&
            vprec_shifter_same(f64, added, addend_of(&o)))
            return true;
    }
    return false;
}

/* The sum that the operation takes a shifter off, or NULL. */
static LLVMValueRef summed_before(const vprec_cc_operation *o)
{
    if (o->op == VPREC_CC_FMA)
        return NULL;
    LLVMValueRef other = o->operand[shifter(o->operand[0], o->type == VPREC_CC_F64) ? 1 : 0];
    LLVMValueRef stored = is_instruction(other, LLVMLoad) ? only_store(LLVMGetOperand(other, 0)) : NULL;
    if (stored)
        other = LLVMGetOperand(stored, 0);
    return LLVMIsAInstruction(other) ? other : NULL;
}

bool vprec_cc_shifter(LLVMValueRef instruction, const vprec_cc_operation *operation)
{
    const bool f64 = operation->type == VPREC_CC_F64;
    const uint64_t added = addend_of(operation);
    if (!added)
        return false;
    if (used_as_such(instruction, added, f64))
        return true;
    LLVMValueRef before = summed_before(operation);
    vprec_cc_operation sum;
    return before && vprec_cc_operation_of(before, &sum) && addend_of(&sum) &&
           vprec_shifter_same(f64, added, addend_of(&sum));
}
