/* SPDX-License-Identifier: Apache-2.0
 * expand.h: what stands for several operations, or for one that code generation would make of several, is written as
 * the operations that will be executed. */
#ifndef VPREC_CC_PLUGIN_EXPAND_H
#define VPREC_CC_PLUGIN_EXPAND_H

#include <llvm-c/Core.h>

/* In all of the function. */
void vprec_cc_expand(LLVMModuleRef module, LLVMValueRef function);

#endif
