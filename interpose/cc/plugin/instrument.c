/* SPDX-License-Identifier: Apache-2.0
 * instrument.c: has every floating-point operation of a module rounded, after all optimisation. Which operation is one
 * is asked of operation.c; here is what code does about it: the native operation, the masks of its line's record, and
 * where they cannot tell, the runtime. */
#include "expand.h"
#include "functions.h"
#include "native.h"
#include "pass.h"
#include "plugin.h"
#include "shifters.h"
#include "values.h"
#include "cc/site.h"
#include <llvm-c/DebugInfo.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *vprec_cc_grown(void *items, size_t count, size_t *space, size_t size)
{
    if (count < *space)
        return items;
    *space = *space ? 2 * *space : 64;
    items = realloc(items, *space * size);
    if (!items)
        abort(); /* as LLVM does */
    return items;
}

void vprec_cc_add_attribute(vprec_cc_pass *p, LLVMValueRef function, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    if (kind)
        LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(p->context, kind, 0));
}

/* Behind the native operation, which is the one in front of `before`: its result rounded. */
static LLVMValueRef rounded(vprec_cc_pass *p, LLVMValueRef before, const vprec_cc_operation *o, LLVMValueRef native)
{
    vprec_cc_line *l = vprec_cc_line_of(p, before);
    l->operations++;
    l->singles += o->type == VPREC_CC_F32;
    vprec_cc_rounding r = {.record = l->record, .native = native, .type = LLVMTypeOf(native)};
    vprec_cc_round_by_masks(p, &r);
    vprec_plugin_fork fork;
    vprec_plugin_split(before, r.unclear, &fork);
    LLVMPositionBuilderBefore(p->b, LLVMGetBasicBlockTerminator(fork.rare));
    LLVMValueRef asked = vprec_cc_doubtful(p, &r, o);
    LLVMPositionBuilderBefore(p->b, before);
    LLVMValueRef result = LLVMBuildPhi(p->b, r.type, "");
    LLVMAddIncoming(result, &r.fast, &fork.from, 1);
    LLVMAddIncoming(result, &asked, &fork.rare, 1);
    return result;
}

static void instrument(vprec_cc_pass *p, LLVMValueRef instruction)
{
    vprec_cc_operation o;
    if (!vprec_cc_operation_of(instruction, &o))
        return;
    LLVMPositionBuilderBefore(p->b, instruction);
    LLVMSetCurrentDebugLocation2(p->b, LLVMInstructionGetDebugLoc(instruction));
    LLVMValueRef result = NULL;
    if (o.split) { /* the processor has no such instruction: a product and a sum */
        vprec_cc_operation product = o, sum = o;
        product.op = VPREC_CC_MUL, product.operands = 2;
        LLVMValueRef native = LLVMBuildFMul(p->b, o.operand[0], o.operand[1], "");
        sum.op = VPREC_CC_ADD, sum.operands = 2;
        sum.operand[0] = rounded(p, instruction, &product, native);
        sum.operand[1] = o.operand[2];
        native = LLVMBuildFAdd(p->b, sum.operand[0], sum.operand[1], "");
        const bool exact = vprec_cc_shifter(instruction, &o);
        result = exact ? native : rounded(p, instruction, &sum, native);
    } else {
        result = rounded(p, instruction, &o, vprec_cc_operation_native(p->module, p->b, instruction, &o));
    }
    LLVMReplaceAllUsesWith(instruction, result);
    LLVMInstructionEraseFromParent(instruction);
}

static void drop_attributes(LLVMValueRef function)
{
    /* What code calls now reads and writes memory. */
    static const char *const known[] = {"readnone", "readonly", "argmemonly", "inaccessiblememonly", "writeonly",
                                        "inaccessiblemem_or_argmemonly", "memory", "speculatable"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        unsigned kind = LLVMGetEnumAttributeKindForName(known[i], strlen(known[i]));
        if (kind)
            LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, kind);
    }
    /* What allows code generation to compute something else than the operation. */
    static const char *const loose[] = {"unsafe-fp-math", "no-nans-fp-math", "no-infs-fp-math", "no-signed-zeros-fp-math",
                                        "approx-func-fp-math", "reciprocal-estimates"};
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++)
        LLVMRemoveStringAttributeAtIndex(function, LLVMAttributeFunctionIndex, loose[i], (unsigned)strlen(loose[i]));
}

/* All instructions of the function that are operations. The caller frees the list. */
static LLVMValueRef *operations_of(vprec_cc_pass *p, size_t *count)
{
    LLVMValueRef *list = NULL;
    size_t space = 0;
    *count = 0;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(p->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            vprec_cc_operation o;
            if (!vprec_cc_operation_of(i, &o) || (vprec_cc_shifter(i, &o) && !o.split))
                continue;
            list = vprec_cc_grown(list, *count, &space, sizeof *list);
            list[(*count)++] = i;
            if (o.bytes > p->room)
                p->room = o.bytes;
        }
    return list;
}

static void instrument_function(vprec_cc_pass *p, LLVMValueRef function)
{
    p->function = function;
    memset(p->buffer, 0, sizeof p->buffer);
    p->room = 8;
    vprec_cc_expand(p->module, function);
    const bool calls = vprec_cc_functions(p->module, function);
    vprec_cc_native_tell(p->module, function);
    size_t count;
    LLVMValueRef *operations = operations_of(p, &count);
    for (size_t i = 0; i < count; i++)
        instrument(p, operations[i]);
    free(operations);
    if (!count && !calls)
        return;
    vprec_cc_lines_end(p);
    drop_attributes(function);
    vprec_cc_add_attribute(p, function, "noredzone");
}

/* The call of the runtime is for one processor. False, having said so: the module is for another. */
static bool is_for_x86_64(LLVMModuleRef module)
{
    const char *target = LLVMGetTarget(module);
    if (!strncmp(target, "x86_64", 6) && !strstr(target, "x32"))
        return true;
    char message[256];
    snprintf(message, sizeof message, "all stays native: vprec-cc rounds code for x86-64, this is for %.100s [-Wuninstrumented]",
             target);
    vprec_cc_tell(module, message);
    return false;
}

bool vprec_cc_instrument(LLVMModuleRef module)
{
    if (!is_for_x86_64(module))
        return false;
    if (LLVMGetNamedMetadata(module, "vprec.rounded", 13))
        return false; /* LTO: it was done before linking */
    LLVMContextRef context = LLVMGetModuleContext(module);
    vprec_cc_pass p = {.module = module,
              .context = context,
              .b = LLVMCreateBuilderInContext(context),
              .byte = LLVMInt8TypeInContext(context),
              .i32 = LLVMInt32TypeInContext(context),
              .i64 = LLVMInt64TypeInContext(context)};
    p.pointer = LLVMPointerType(p.byte, 0);
    p.record = vprec_cc_record_type(&p);
    vprec_cc_slow_call(&p);
    LLVMValueRef last = LLVMGetLastFunction(module), next = LLVMGetFirstFunction(module);
    for (LLVMValueRef f = NULL; f != last; next = LLVMGetNextFunction(f)) { /* what comes behind the last is the pass's */
        f = next;
        if (!LLVMIsDeclaration(f) && LLVMGetLinkage(f) != LLVMAvailableExternallyLinkage)
            instrument_function(&p, f);
    }
    vprec_cc_functions_end(module);
    LLVMGetOrInsertNamedMetadata(module, "vprec.rounded", 13);
    LLVMDisposeBuilder(p.b);
    free(p.lines);
    free(p.files);
    free(p.doubts);
    return true;
}
