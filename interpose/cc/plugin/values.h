/* SPDX-License-Identifier: Apache-2.0
 * values.h: what all parts of the pass ask of LLVM's types and add to its modules. */
#ifndef VPREC_CC_PLUGIN_VALUES_H
#define VPREC_CC_PLUGIN_VALUES_H

#include <llvm-c/Core.h>
#include <stddef.h>

LLVMTypeRef vprec_cc_element(LLVMTypeRef type); /* of a vector; else the type itself */
unsigned vprec_cc_lanes(LLVMTypeRef type);      /* 1: it is none */

/* A constant text of the module, 0 at its end, as a pointer to bytes. */
LLVMValueRef vprec_cc_text(LLVMModuleRef module, const char *text, size_t length);

/* Something stays native: a warning, an error or nothing, as VPREC_CC_PASS wants. */
void vprec_cc_tell(LLVMModuleRef module, const char *message);

#endif
