/* SPDX-License-Identifier: Apache-2.0
 * plugin.h: between instrument.c and the little that LLVM's C interface does not have. */
#ifndef VPREC_CC_PLUGIN_H
#define VPREC_CC_PLUGIN_H

#include <llvm-c/Core.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A block that ended before an instruction, and one that is entered where a condition holds, which is seldom, and
 * leads to the instruction. */
typedef struct vprec_plugin_fork {
    LLVMBasicBlockRef from, rare;
} vprec_plugin_fork;

void vprec_plugin_split(LLVMValueRef before, LLVMValueRef condition, vprec_plugin_fork *fork);

/* What fast-math flags allow. */
enum { VPREC_PLUGIN_CONTRACT = 1, VPREC_PLUGIN_REASSOC = 2 };
unsigned vprec_plugin_flags(LLVMValueRef operation);

/* The call, or invoke, is of this function, of which nothing else is known. */
void vprec_plugin_call(LLVMValueRef call, LLVMValueRef callee);

/* A copy in front of the instruction that allows nothing but the operation itself. */
LLVMValueRef vprec_plugin_plain(LLVMValueRef instruction);

/* A warning of the compiler, or an error. */
void vprec_plugin_say(LLVMModuleRef module, const char *text, bool error);

/* Has every operation rounded. Whether it changed anything. */
bool vprec_cc_instrument(LLVMModuleRef module);

#ifdef __cplusplus
}
#endif

#endif
