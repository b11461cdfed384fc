/* SPDX-License-Identifier: Apache-2.0
 * doubt.c: see pass.h. A result that masks cannot tell is made elsewhere, so that most of what there is to compile of an
 * operation is there once: in the runtime where the processor has AVX-512 (doubt.S), else in a function of the module. */
#include "directed.h"
#include "pass.h"
#include "values.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the pass is at work, while it is at another function. */
typedef struct place {
    LLVMValueRef function;
    LLVMMetadataRef location;
    LLVMValueRef buffer[VPREC_CC_OPERANDS + 1];
} place;

void vprec_cc_slow_call(vprec_cc_pass *p)
{
    LLVMTypeRef arguments[] = {p->pointer, p->i32, p->pointer, p->pointer, p->pointer, p->pointer, p->pointer};
    p->slow_type = LLVMFunctionType(LLVMVoidTypeInContext(p->context), arguments, 7, false);
    const char *call = "call vprec_cc_slow@PLT";
    const char *registers = "{rdi},{esi},{rdx},{rcx},{r8},{r9},{rax},~{r10},~{r11},~{memory},~{dirflag},~{fpsr},~{flags}";
    p->slow = LLVMGetInlineAsm(p->slow_type, (char *)call, strlen(call), (char *)registers, strlen(registers), true, false,
                               LLVMInlineAsmDialectATT, false);
}

/* The result where operands are so short that it is not in doubt, and in *unclear whether they are not. */
static LLVMValueRef round_short(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o, LLVMValueRef *unclear)
{
    LLVMValueRef all = LLVMBuildBitCast(p->b, o->operand[0], r->lanes, "");
    for (unsigned i = 1; i < o->operands; i++)
        all = LLVMBuildOr(p->b, all, LLVMBuildBitCast(p->b, o->operand[i], r->lanes, ""), "");
    all = LLVMBuildAnd(p->b, all, VPREC_CC_DOUBT(r->lanes, short_), "");
    LLVMValueRef bad = LLVMBuildICmp(p->b, LLVMIntNE, all, LLVMConstNull(r->lanes), "");
    bad = LLVMBuildOr(p->b, bad, r->far, "");
    if (o->op != VPREC_CC_ADD && o->op != VPREC_CC_SUB) { /* what is tiny has been rounded; zero is clear */
        LLVMTypeRef element = vprec_cc_element(r->lanes);
        const bool narrow = element == p->i32;
        LLVMValueRef least = vprec_cc_number(element, narrow ? UINT64_C(0xff) << 23 : UINT64_C(0x7ff) << 52);
        LLVMValueRef exponent = LLVMBuildAnd(p->b, r->bits, vprec_cc_splat(p, r->lanes, least), "");
        LLVMValueRef tiny = LLVMBuildICmp(p->b, LLVMIntEQ, exponent, LLVMConstNull(r->lanes), "");
        LLVMValueRef twice = LLVMBuildAdd(p->b, r->bits, r->bits, "");
        LLVMValueRef some = LLVMBuildICmp(p->b, LLVMIntNE, twice, LLVMConstNull(r->lanes), "");
        bad = LLVMBuildOr(p->b, bad, LLVMBuildAnd(p->b, tiny, some, ""), "");
    }
    *unclear = vprec_cc_any_lane(p, bad);
    return vprec_cc_round_to_even(p, r, r->bits, NULL);
}

/* A fused operation's result from what it gives rounded down and up; in *unclear whether it is far. NULL: the processor
 * cannot. */
static LLVMValueRef round_directed(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o, LLVMValueRef *unclear)
{
    LLVMValueRef down, up;
    if (!vprec_cc_directed(p->module, p->b, p->function, o, &down, &up))
        return NULL;
    down = LLVMBuildBitCast(p->b, down, r->lanes, "");
    up = LLVMBuildBitCast(p->b, up, r->lanes, "");
    LLVMValueRef less = LLVMBuildICmp(p->b, LLVMIntULT, down, up, "");
    *unclear = vprec_cc_any_lane(p, r->far);
    /* The lesser magnitude: both have one sign. Neighbours differ in the last bit: then something is left. */
    return vprec_cc_round_to_even(p, r, LLVMBuildSelect(p->b, less, down, up, ""), LLVMBuildXor(p->b, down, up, ""));
}

/* Room on the function's stack for results and operands on their way to the runtime. */
static LLVMValueRef buffer(vprec_cc_pass *p, unsigned which, LLVMTypeRef type)
{
    if (!p->buffer[which]) {
        LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(p->function);
        LLVMBuilderRef b = LLVMCreateBuilderInContext(p->context);
        LLVMPositionBuilderBefore(b, LLVMGetFirstInstruction(entry));
        p->buffer[which] = LLVMBuildAlloca(b, LLVMArrayType(p->byte, p->room), "");
        LLVMSetAlignment(p->buffer[which], p->room < 16 ? 8 : p->room < 64 ? p->room : 64);
        LLVMDisposeBuilder(b);
    }
    return LLVMBuildBitCast(p->b, p->buffer[which], LLVMPointerType(type, 0), "");
}

static void store(vprec_cc_pass *p, unsigned which, LLVMValueRef value)
{
    LLVMValueRef stored = LLVMBuildStore(p->b, value, buffer(p, which, LLVMTypeOf(value)));
    LLVMSetAlignment(stored, 8);
}

static LLVMValueRef address(vprec_cc_pass *p, unsigned which)
{
    return p->buffer[which] ? LLVMBuildBitCast(p->b, p->buffer[which], p->pointer, "") : LLVMConstNull(p->pointer);
}

/* The runtime's answer. It gets the native result where the answer goes, and is told which code asks. */
static LLVMValueRef ask_runtime(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o, LLVMValueRef code_of_asker)
{
    const unsigned code = VPREC_CC_CODE(o->op, o->type, o->from, vprec_cc_lanes(r->type));
    store(p, 0, r->native);
    for (unsigned i = 0; i < o->operands; i++)
        store(p, i + 1, o->operand[i]);
    LLVMValueRef arguments[] = {LLVMBuildBitCast(p->b, r->record, p->pointer, ""),
                                vprec_cc_number(p->i32, code),
                                address(p, 0),
                                address(p, 1),
                                o->operands > 1 ? address(p, 2) : LLVMConstNull(p->pointer),
                                o->operands > 2 ? address(p, 3) : LLVMConstNull(p->pointer),
                                code_of_asker};
    LLVMBuildCall2(p->b, p->slow_type, p->slow, arguments, 7, "");
    LLVMValueRef result = LLVMBuildLoad2(p->b, r->type, buffer(p, 0, r->type), "");
    LLVMSetAlignment(result, 8);
    return result;
}

/* Operations to which the theorem of the records applies. */
static bool may_be_short(const vprec_cc_operation *o)
{
    return o->op == VPREC_CC_ADD || o->op == VPREC_CC_SUB || o->op == VPREC_CC_MUL || o->op == VPREC_CC_DIV ||
           o->op == VPREC_CC_SQRT;
}

static LLVMAttributeRef features_of(LLVMValueRef function)
{
    return LLVMGetStringAttributeAtIndex(function, LLVMAttributeFunctionIndex, "target-features", 15);
}

/* Makes it a function of this module's that is compiled for the same processor as the present one. */
static void prepare_function(vprec_cc_pass *p, LLVMValueRef function)
{
    static const char *const same[] = {"target-cpu", "tune-cpu", "frame-pointer",
                                       "min-legal-vector-width", "prefer-vector-width"};
    static const char *const its[] = {"noinline", "nounwind", "cold", "noredzone", "uwtable"};
    LLVMSetLinkage(function, LLVMInternalLinkage);
    LLVMSetFunctionCallConv(function, LLVMPreserveAllCallConv);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        LLVMAttributeRef attribute = LLVMGetStringAttributeAtIndex(p->function, LLVMAttributeFunctionIndex, same[i],
                                                                   (unsigned)strlen(same[i]));
        if (attribute)
            LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, attribute);
    }
    for (size_t i = 0; i < sizeof its / sizeof *its; i++)
        vprec_cc_add_attribute(p, function, its[i]);
    /* The same features; but upper halves of registers that it has not touched are not to be cleared. */
    static const char not_cleared[] = ",-vzeroupper";
    unsigned length = 0;
    LLVMAttributeRef features = features_of(p->function);
    const char *text = features ? LLVMGetStringAttributeValue(features, &length) : "";
    char *all = malloc(length + sizeof not_cleared);
    if (!all)
        abort();
    memcpy(all, text, length);
    memcpy(all + length, not_cleared, sizeof not_cleared);
    const unsigned skipped = !length;
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                            LLVMCreateStringAttribute(p->context, "target-features", 15, all + skipped,
                                                      length + (unsigned)sizeof not_cleared - 1 - skipped));
    free(all);
}

/* Where the present function returns to. */
static LLVMValueRef return_address(vprec_cc_pass *p)
{
    LLVMValueRef zero = vprec_cc_number(p->i32, 0);
    LLVMValueRef intrinsic = LLVMGetIntrinsicDeclaration(p->module, LLVMLookupIntrinsicID("llvm.returnaddress", 18), NULL, 0);
    return LLVMBuildCall2(p->b, LLVMGlobalGetValueType(intrinsic), intrinsic, &zero, 1, "");
}

static void return_by(vprec_cc_pass *p, LLVMValueRef result, LLVMValueRef place)
{
    LLVMTypeRef pointer = LLVMPointerType(LLVMTypeOf(result), 0);
    LLVMSetAlignment(LLVMBuildStore(p->b, result, LLVMBuildBitCast(p->b, place, pointer, "")), 8);
    LLVMBuildRetVoid(p->b);
}

/* The pass goes on in another function of the module, and comes back. */
static void begin_elsewhere(vprec_cc_pass *p, place *kept, LLVMValueRef function)
{
    *kept = (place){p->function, LLVMGetCurrentDebugLocation2(p->b)};
    memcpy(kept->buffer, p->buffer, sizeof p->buffer);
    memset(p->buffer, 0, sizeof p->buffer);
    p->function = function;
    LLVMSetCurrentDebugLocation2(p->b, NULL);
}

static void end_elsewhere(vprec_cc_pass *p, const place *kept)
{
    p->function = kept->function;
    memcpy(p->buffer, kept->buffer, sizeof p->buffer);
    LLVMSetCurrentDebugLocation2(p->b, kept->location);
}

/* The function (native, operands, record, place) that puts the result of such an operation at a place where the masks
 * cannot tell it: by short operands, by two directions, or of the runtime. One in the module for all that are alike,
 * since most of what there is to compile of an operation is that; it spares all registers but those of AVX-512, in
 * some versions of LLVM that of a result, too. */
static LLVMValueRef function_of(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o)
{
    for (size_t i = 0; i < p->doubt_count; i++) {
        const vprec_cc_doubt *d = &p->doubts[i];
        if (d->op == o->op && d->from == o->from && d->type == r->type && d->features == features_of(p->function) &&
            (!o->operands || d->operand == LLVMTypeOf(o->operand[0])))
            return d->function;
    }
    LLVMTypeRef types[VPREC_CC_OPERANDS + 3] = {r->type};
    for (unsigned i = 0; i < o->operands; i++)
        types[i + 1] = LLVMTypeOf(o->operand[i]);
    types[o->operands + 1] = types[o->operands + 2] = p->pointer;
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(p->context), types, o->operands + 3, false);
    LLVMValueRef function = LLVMAddFunction(p->module, "vprec.doubt", type);
    prepare_function(p, function);
    p->doubts = vprec_cc_grown(p->doubts, p->doubt_count, &p->doubt_space, sizeof *p->doubts);
    p->doubts[p->doubt_count++] =
        (vprec_cc_doubt){o->op, o->from, r->type, o->operands ? LLVMTypeOf(o->operand[0]) : NULL, features_of(p->function), function};
    place kept;
    begin_elsewhere(p, &kept, function);
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(p->context, function, "");
    LLVMBasicBlockRef ask = LLVMAppendBasicBlockInContext(p->context, function, "");
    LLVMPositionBuilderAtEnd(p->b, entry);
    vprec_cc_rounding there = {.record = LLVMGetParam(function, o->operands + 1), .native = LLVMGetParam(function, 0), .type = r->type};
    vprec_cc_operation operation = *o;
    for (unsigned i = 0; i < o->operands; i++)
        operation.operand[i] = LLVMGetParam(function, i + 1);
    vprec_cc_round_far(p, &there);
    LLVMValueRef unclear, result = may_be_short(o)        ? round_short(p, &there, &operation, &unclear)
                                   : o->op == VPREC_CC_FMA ? round_directed(p, &there, &operation, &unclear)
                                                           : NULL;
    if (result) {
        LLVMBasicBlockRef clear = LLVMAppendBasicBlockInContext(p->context, function, "");
        LLVMBuildCondBr(p->b, unclear, ask, clear);
        LLVMPositionBuilderAtEnd(p->b, clear);
        return_by(p, result, LLVMGetParam(function, o->operands + 2));
    } else {
        LLVMBuildBr(p->b, ask);
    }
    LLVMPositionBuilderAtEnd(p->b, ask);
    return_by(p, ask_runtime(p, &there, &operation, return_address(p)), LLVMGetParam(function, o->operands + 2));
    end_elsewhere(p, &kept);
    return function;
}

/* The name in the runtime of what does the same where the processor has AVX-512; false: there is none for the type. */
static bool name_of_doubt(vprec_cc_pass *p, LLVMTypeRef type, const vprec_cc_operation *o, char *name, size_t size)
{
    static const char *const whats[] = {[VPREC_CC_ADD] = "sum",     [VPREC_CC_SUB] = "sum",   [VPREC_CC_MUL] = "product",
                                        [VPREC_CC_DIV] = "product", [VPREC_CC_SQRT] = "root", [VPREC_CC_FMA] = "fused"};
    if ((!may_be_short(o) && o->op != VPREC_CC_FMA) || !vprec_cc_has(p->function, "+avx512vl") ||
        !vprec_cc_has(p->function, "+avx512bw"))
        return false;
    const unsigned bits = LLVMGetTypeKind(type) == LLVMVectorTypeKind
                              ? LLVMGetVectorSize(type) * (o->type == VPREC_CC_F32 ? 32 : 64) : 0;
    const char letter = o->type == VPREC_CC_F32 ? 's' : 'd';
    if (!bits)
        snprintf(name, size, "%s_s%c", whats[o->op], letter);
    else
        snprintf(name, size, "%s_p%c%u", whats[o->op], letter, bits);
    return !bits || bits == 512 || ((bits == 128 || bits == 256) && o->op != VPREC_CC_FMA);
}

static LLVMValueRef by_runtime(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o, const char *name)
{
    static const char legal[] = "min-legal-vector-width";
    char call[64], registers[160];
    LLVMTypeRef types[VPREC_CC_OPERANDS + 3] = {p->pointer, p->i32, r->type};
    LLVMValueRef arguments[VPREC_CC_OPERANDS + 3] = {LLVMBuildBitCast(p->b, r->record, p->pointer, ""),
                                            vprec_cc_number(p->i32, VPREC_CC_CODE(o->op, o->type, o->from, vprec_cc_lanes(r->type))),
                                            r->native};
    for (unsigned i = 0; i < o->operands; i++)
        types[i + 3] = r->type, arguments[i + 3] = o->operand[i];
    snprintf(call, sizeof call, "call vprec_cc_doubt_%s@PLT", name);
    const char which = strstr(name, "512") ? 'z' : strstr(name, "256") ? 'y' : 'x';
    size_t length = (size_t)snprintf(registers, sizeof registers, "={%cmm0},{rdi},{esi},0", which);
    for (unsigned i = 1; i <= o->operands; i++)
        length += (size_t)snprintf(registers + length, sizeof registers - length, ",{%cmm%u}", which, i);
    snprintf(registers + length, sizeof registers - length, "%s",
             ",~{rax},~{r10},~{r11},~{zmm30},~{zmm31},~{k6},~{k7},~{memory},~{dirflag},~{fpsr},~{flags}");
    LLVMTypeRef type = LLVMFunctionType(r->type, types, o->operands + 3, false);
    LLVMValueRef assembly = LLVMGetInlineAsm(type, call, strlen(call), registers, strlen(registers), true, false,
                                             LLVMInlineAsmDialectATT, false);
    if (which == 'z') /* registers that a processor may have, and not like */
        LLVMAddAttributeAtIndex(p->function, LLVMAttributeFunctionIndex,
                                LLVMCreateStringAttribute(p->context, legal, sizeof legal - 1, "512", 3));
    return LLVMBuildCall2(p->b, type, assembly, arguments, o->operands + 3, "");
}

static LLVMValueRef by_function(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(p->b);
    LLVMValueRef function = function_of(p, r, o), arguments[VPREC_CC_OPERANDS + 3] = {r->native};
    LLVMPositionBuilderBefore(p->b, LLVMGetBasicBlockTerminator(here));
    memcpy(arguments + 1, o->operand, o->operands * sizeof *arguments);
    LLVMValueRef place = buffer(p, 0, r->type);
    arguments[o->operands + 1] = LLVMBuildBitCast(p->b, r->record, p->pointer, "");
    arguments[o->operands + 2] = address(p, 0);
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    LLVMSetInstructionCallConv(LLVMBuildCall2(p->b, type, function, arguments, o->operands + 3, ""), LLVMPreserveAllCallConv);
    LLVMValueRef result = LLVMBuildLoad2(p->b, r->type, place, "");
    LLVMSetAlignment(result, 8);
    return result;
}

LLVMValueRef vprec_cc_doubtful(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o)
{
    char name[32];
    return name_of_doubt(p, r->type, o, name, sizeof name) ? by_runtime(p, r, o, name) : by_function(p, r, o);
}
