/* SPDX-License-Identifier: Apache-2.0
 * values.c: see values.h. */
#include "values.h"
#include "plugin.h"
#include <stdlib.h>
#include <string.h>

LLVMTypeRef vprec_cc_element(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    return kind == LLVMVectorTypeKind || kind == LLVMScalableVectorTypeKind ? LLVMGetElementType(type) : type;
}

unsigned vprec_cc_lanes(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetVectorSize(type) : 1;
}

LLVMValueRef vprec_cc_text(LLVMModuleRef module, const char *text, size_t length)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMValueRef string = LLVMConstStringInContext(context, text, (unsigned)length, false);
    LLVMValueRef global = LLVMAddGlobal(module, LLVMTypeOf(string), "vprec.text");
    LLVMSetInitializer(global, string);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr); /* the linker has each text once */
    LLVMSetAlignment(global, 1);
    return LLVMConstBitCast(global, LLVMPointerType(LLVMInt8TypeInContext(context), 0));
}

void vprec_cc_tell(LLVMModuleRef module, const char *message)
{
    const char *wanted = getenv("VPREC_CC_PASS");
    if (!wanted || strcmp(wanted, "uninstrumented=silent"))
        vprec_plugin_say(module, message, wanted && !strcmp(wanted, "uninstrumented=error"));
}
