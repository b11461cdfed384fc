/* SPDX-License-Identifier: Apache-2.0
 * operation.h: which instructions of LLVM's are floating-point operations, and what they are given. */
#ifndef VPREC_CC_PLUGIN_OPERATION_H
#define VPREC_CC_PLUGIN_OPERATION_H

#include "cc/site.h"
#include <llvm-c/Core.h>
#include <stdbool.h>

typedef struct vprec_cc_operation {
    unsigned op;         /* enum vprec_cc_op */
    unsigned type, from; /* enum vprec_cc_type: of the result, of the operands */
    unsigned operands;
    LLVMValueRef operand[3]; /* as the runtime gets them: numbers, integers of 32 or 64 bits */
    unsigned bytes;          /* of the largest of them and the result */
    bool split;              /* an FMA that the processor does not have, and that need not be one */
    bool wide;               /* the operand is an integer that has to be extended to `from` */
} vprec_cc_operation;

/* False: it is none, or one that stays native. */
bool vprec_cc_operation_of(LLVMValueRef instruction, vprec_cc_operation *operation);

/* The operation as the processor does it, without leave to do anything else; operands are extended. */
LLVMValueRef vprec_cc_operation_native(LLVMModuleRef module, LLVMBuilderRef builder, LLVMValueRef instruction,
                                       vprec_cc_operation *operation);

/* The instruction, a call, is of the intrinsic function llvm.NAME of some types. */
bool vprec_cc_calls(LLVMValueRef instruction, const char *name);

/* The function may use a feature of the processor, "+avx512f". */
bool vprec_cc_has(LLVMValueRef function, const char *feature);

/* The processor has instructions for fused multiplication and addition, as far as the function may use it. */
bool vprec_cc_has_fma(LLVMValueRef function);

#endif
