/* SPDX-License-Identifier: Apache-2.0
 * functions.h: calls of the functions of libm, each of which is one operation. */
#ifndef VPREC_CC_PLUGIN_FUNCTIONS_H
#define VPREC_CC_PLUGIN_FUNCTIONS_H

#include <llvm-c/Core.h>
#include <stdbool.h>

/* In all of the function: what stands for such calls is made one, and each goes where the runtime says. */
bool vprec_cc_functions(LLVMModuleRef module, LLVMValueRef function);

/* One of them has the name. */
bool vprec_cc_function_known(const char *name);

/* After that: what else uses them, of which only the address is taken. */
void vprec_cc_functions_end(LLVMModuleRef module);

#endif
