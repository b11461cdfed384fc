/* SPDX-License-Identifier: Apache-2.0
 * directed.h: a fused operation rounded down and up, where the processor has instructions that do. */
#ifndef VPREC_CC_PLUGIN_DIRECTED_H
#define VPREC_CC_PLUGIN_DIRECTED_H

#include "operation.h"

/* Both results of the operation; false: it is no fused one, or there is no such instruction for as many lanes. The
 * builder stands where they are wanted. */
bool vprec_cc_directed(LLVMModuleRef module, LLVMBuilderRef builder, LLVMValueRef function,
                       const vprec_cc_operation *operation, LLVMValueRef *down, LLVMValueRef *up);

#endif
