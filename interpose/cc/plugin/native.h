/* SPDX-License-Identifier: Apache-2.0
 * native.h: what of floating-point arithmetic is not rounded, in words. */
#ifndef VPREC_CC_PLUGIN_NATIVE_H
#define VPREC_CC_PLUGIN_NATIVE_H

#include <llvm-c/Core.h>

/* Says of the function what stays native in it, as often as VPREC_CC_PASS wants. */
void vprec_cc_native_tell(LLVMModuleRef module, LLVMValueRef function);

#endif
