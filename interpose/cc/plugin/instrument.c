/* SPDX-License-Identifier: Apache-2.0
 * instrument.c: has every floating-point operation of a module rounded, after all optimisation. Which operation is one
 * is asked of operation.c; here is what code does about it: the native operation, the masks of its line's record, and
 * where they cannot tell, the runtime. */
#include "directed.h"
#include "expand.h"
#include "functions.h"
#include "native.h"
#include "operation.h"
#include "plugin.h"
#include "shifters.h"
#include "values.h"
#include "cc/site.h"
#include <llvm-c/DebugInfo.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPERANDS = 3, FIELDS = 10 };

/* A line of the function. */
typedef struct line {
    LLVMValueRef record;
    unsigned line, operations, singles;
    const char *file; /* by address: LLVM has each name once */
    unsigned length;
} line;

/* A file's name in the module. */
typedef struct named {
    const char *file;
    LLVMValueRef text;
} named;

typedef struct pass {
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMBuilderRef b;
    LLVMTypeRef byte, i32, i64, pointer, record;
    LLVMValueRef slow; /* as inline assembly, since it spares the registers */
    LLVMTypeRef slow_type;
    LLVMValueRef function;
    LLVMValueRef buffer[OPERANDS + 1]; /* of the function: the result, the operands; NULL: none yet */
    unsigned room;                     /* bytes of each */
    line *lines;
    size_t count, space;
    named *files;
    size_t file_count, file_space;
} pass;

static void *grown(void *items, size_t count, size_t *space, size_t size)
{
    if (count < *space)
        return items;
    *space = *space ? 2 * *space : 64;
    items = realloc(items, *space * size);
    if (!items)
        abort(); /* as LLVM does */
    return items;
}

static LLVMValueRef number(LLVMTypeRef type, uint64_t value)
{
    return LLVMConstInt(type, value, false);
}

static LLVMValueRef file_of(pass *p, const line *l)
{
    for (size_t i = p->file_count; i-- > 0;)
        if (p->files[i].file == l->file)
            return p->files[i].text;
    p->files = grown(p->files, p->file_count, &p->file_space, sizeof *p->files);
    named *n = &p->files[p->file_count++];
    *n = (named){l->file, vprec_cc_text(p->module, l->file, l->length)};
    return n->text;
}

static LLVMTypeRef record_type(pass *p)
{
    LLVMTypeRef fields[] = {LLVMArrayType(p->byte, offsetof(vprec_cc_site, function)),
                            p->pointer,
                            p->pointer,
                            p->i32,
                            p->i32,
                            p->i32,
                            p->i32,
                            p->pointer,
                            p->pointer,
                            LLVMArrayType(p->byte, sizeof(vprec_cc_site) - offsetof(vprec_cc_site, counter))};
    return LLVMStructTypeInContext(p->context, fields, sizeof fields / sizeof *fields, false);
}

/* The record of the instruction's line in this function. */
static line *line_of(pass *p, LLVMValueRef instruction)
{
    unsigned number_ = 0, length = 0;
    const char *file = "";
    if (LLVMGetMetadata(instruction, 0)) { /* !dbg */
        number_ = LLVMGetDebugLocLine(instruction);
        file = LLVMGetDebugLocFilename(instruction, &length);
        if (!file)
            file = "";
    }
    for (size_t i = p->count; i-- > 0;)
        if (p->lines[i].line == number_ && p->lines[i].file == file)
            return &p->lines[i];
    p->lines = grown(p->lines, p->count, &p->space, sizeof *p->lines);
    line *l = &p->lines[p->count++];
    *l = (line){.record = LLVMAddGlobal(p->module, p->record, "vprec.site"), number_, 0, 0, file, length};
    LLVMSetSection(l->record, VPREC_CC_SECTION);
    LLVMSetLinkage(l->record, LLVMPrivateLinkage);
    LLVMSetAlignment(l->record, 64);
    return l;
}

/* The text of a constant that is one; NULL: it is none. */
static const char *string_of(LLVMValueRef value, size_t *length)
{
    while (LLVMIsAConstantExpr(value))
        value = LLVMGetOperand(value, 0);
    LLVMValueRef text = LLVMIsAGlobalVariable(value) ? LLVMGetInitializer(value) : NULL;
    return text && LLVMIsAConstantDataArray(text) && LLVMIsConstantString(text) ? LLVMGetAsString(text, length) : NULL;
}

/* What the function's annotation says of its operations; a null pointer: it has none. */
static LLVMValueRef given_to(pass *p, LLVMValueRef function)
{
    LLVMValueRef all = LLVMGetNamedGlobal(p->module, "llvm.global.annotations"), list = all ? LLVMGetInitializer(all) : NULL;
    for (int i = 0; list && i < LLVMGetNumOperands(list); i++) {
        LLVMValueRef entry = LLVMGetOperand(list, (unsigned)i), of = LLVMGetOperand(entry, 0);
        while (LLVMIsAConstantExpr(of))
            of = LLVMGetOperand(of, 0);
        size_t length;
        const char *text = of == function ? string_of(LLVMGetOperand(entry, 1), &length) : NULL;
        const size_t begins = strlen(VPREC_CC_ANNOTATION);
        if (text && length > begins && !memcmp(text, VPREC_CC_ANNOTATION, begins))
            return vprec_cc_text(p->module, text + begins, strnlen(text + begins, length - begins));
    }
    return LLVMConstNull(p->pointer);
}

static void finish_lines(pass *p)
{
    size_t length;
    const char *name = LLVMGetValueName2(p->function, &length);
    LLVMValueRef function = p->count ? vprec_cc_text(p->module, name, length) : NULL, given = given_to(p, p->function);
    for (size_t i = 0; i < p->count; i++) {
        const line *l = &p->lines[i];
        LLVMTypeRef types[FIELDS];
        LLVMGetStructElementTypes(p->record, types);
        LLVMValueRef fields[FIELDS] = {LLVMConstNull(types[0]),
                                       function,
                                       file_of(p, l),
                                       number(p->i32, l->line),
                                       number(p->i32, l->operations),
                                       number(p->i32, VPREC_CC_UNKNOWN),
                                       number(p->i32, l->singles),
                                       LLVMConstNull(types[7]),
                                       given,
                                       LLVMConstNull(types[9])};
        LLVMSetInitializer(l->record, LLVMConstStructInContext(p->context, fields, FIELDS, false));
    }
    p->count = 0;
}

static LLVMValueRef field(pass *p, const line *l, LLVMTypeRef type, size_t offset)
{
    LLVMValueRef at = number(p->i64, offset);
    LLVMValueRef where = LLVMConstGEP2(p->byte, LLVMConstBitCast(l->record, p->pointer), &at, 1);
    return LLVMBuildLoad2(p->b, type, LLVMConstBitCast(where, LLVMPointerType(type, 0)), "");
}

/* The scalar in all lanes of `type`. */
static LLVMValueRef splat(pass *p, LLVMTypeRef type, LLVMValueRef scalar)
{
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
        return scalar;
    LLVMValueRef first = LLVMBuildInsertElement(p->b, LLVMGetUndef(type), scalar, number(p->i32, 0), "");
    LLVMTypeRef places = LLVMVectorType(p->i32, LLVMGetVectorSize(type));
    return LLVMBuildShuffleVector(p->b, first, LLVMGetUndef(type), LLVMConstNull(places), "");
}

/* One of the numbers in a record, for integers in these lanes; where they are of 32 bits, and where of 64. */
static LLVMValueRef mask(pass *p, const line *l, LLVMTypeRef lanes, size_t narrow, size_t wide)
{
    LLVMTypeRef integer = vprec_cc_element(lanes);
    return splat(p, lanes, field(p, l, integer, integer == p->i32 ? narrow : wide));
}
#define MASK(lanes, name)                                                                                              \
    mask(p, l, lanes, offsetof(vprec_cc_site, f32.name), offsetof(vprec_cc_site, f64.name))
#define DOUBT(lanes, name)                                                                                             \
    mask(p, l, lanes, offsetof(vprec_cc_site, doubt32.name), offsetof(vprec_cc_site, doubt64.name))

/* A native result on its way to the rounded one. */
typedef struct rounding {
    LLVMValueRef native, bits; /* integers as many as numbers */
    LLVMTypeRef type, lanes;
    LLVMValueRef fast, unclear, far; /* the result by the masks; whether it is not clear, since something is far */
} rounding;

/* Whether any lane has it. */
static LLVMValueRef any(pass *p, LLVMValueRef condition)
{
    LLVMTypeRef type = LLVMTypeOf(condition);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
        return condition;
    LLVMTypeRef flags = LLVMIntTypeInContext(p->context, LLVMGetVectorSize(type));
    return LLVMBuildICmp(p->b, LLVMIntNE, LLVMBuildBitCast(p->b, condition, flags, ""), LLVMConstNull(flags), "");
}

static LLVMValueRef first_lane(pass *p, LLVMTypeRef vector, LLVMValueRef scalar, bool zeros)
{
    LLVMValueRef rest = zeros ? LLVMConstNull(vector) : LLVMGetUndef(vector);
    return LLVMBuildInsertElement(p->b, rest, scalar, number(p->i32, 0), "");
}

static void round_by_masks(pass *p, const line *l, rounding *r)
{
    const bool vector = LLVMGetTypeKind(r->type) == LLVMVectorTypeKind;
    LLVMTypeRef integer = LLVMGetTypeKind(vprec_cc_element(r->type)) == LLVMFloatTypeKind ? p->i32 : p->i64;
    r->lanes = vector ? LLVMVectorType(integer, LLVMGetVectorSize(r->type)) : integer;
    r->bits = LLVMBuildBitCast(p->b, r->native, r->lanes, "");
    const uint64_t most = integer == p->i32 ? INT32_MAX : INT64_MAX;
    LLVMValueRef magnitude = LLVMBuildAnd(p->b, r->bits, splat(p, r->lanes, number(integer, most)), "");
    LLVMValueRef distance = LLVMBuildSub(p->b, magnitude, MASK(r->lanes, low), "");
    r->far = LLVMBuildICmp(p->b, LLVMIntUGE, distance, MASK(r->lanes, limit), "");
    LLVMValueRef sum;
    if (vector) {
        sum = LLVMBuildAdd(p->b, r->bits, MASK(r->lanes, half), "");
        r->fast = LLVMBuildBitCast(p->b, LLVMBuildAnd(p->b, sum, MASK(r->lanes, keep), ""), r->type, "");
    } else { /* in the vector register in which the number is */
        const unsigned room = integer == p->i32 ? 4 : 2;
        LLVMTypeRef wide = LLVMVectorType(integer, room), floats = LLVMVectorType(r->type, room);
        LLVMValueRef there = LLVMBuildBitCast(p->b, first_lane(p, floats, r->native, false), wide, "");
        LLVMValueRef sums = LLVMBuildAdd(p->b, there, first_lane(p, wide, MASK(integer, half), true), "");
        LLVMValueRef kept = LLVMBuildAnd(p->b, sums, first_lane(p, wide, MASK(integer, keep), true), "");
        sum = LLVMBuildExtractElement(p->b, sums, number(p->i32, 0), "");
        r->fast = LLVMBuildExtractElement(p->b, LLVMBuildBitCast(p->b, kept, floats, ""), number(p->i32, 0), "");
    }
    LLVMValueRef dropped = LLVMBuildAnd(p->b, sum, MASK(r->lanes, drop), "");
    LLVMValueRef doubt = LLVMBuildICmp(p->b, LLVMIntEQ, dropped, LLVMConstNull(r->lanes), "");
    r->unclear = any(p, LLVMBuildOr(p->b, doubt, r->far, ""));
}

/* Bits rounded to nearest, ties to even or as the record has it; what has its last bit set in `more` is above them. */
static LLVMValueRef to_even(pass *p, const line *l, const rounding *r, LLVMValueRef bits, LLVMValueRef more)
{
    LLVMValueRef last = LLVMBuildOr(p->b, LLVMBuildLShr(p->b, bits, DOUBT(r->lanes, shift), ""), more, "");
    LLVMValueRef up = LLVMBuildAdd(p->b, DOUBT(r->lanes, less), LLVMBuildAnd(p->b, last, DOUBT(r->lanes, even), ""), "");
    LLVMValueRef sum = LLVMBuildAdd(p->b, bits, up, "");
    return LLVMBuildBitCast(p->b, LLVMBuildAnd(p->b, sum, MASK(r->lanes, keep), ""), r->type, "");
}

/* The result where operands are so short that it is not in doubt, and in *unclear whether they are not. */
static LLVMValueRef round_short(pass *p, const line *l, const rounding *r, const vprec_cc_operation *o,
                                LLVMValueRef *unclear)
{
    LLVMValueRef all = LLVMConstNull(r->lanes);
    for (unsigned i = 0; i < o->operands; i++)
        all = LLVMBuildOr(p->b, all, LLVMBuildBitCast(p->b, o->operand[i], r->lanes, ""), "");
    all = LLVMBuildAnd(p->b, all, DOUBT(r->lanes, short_), "");
    LLVMValueRef bad = LLVMBuildICmp(p->b, LLVMIntNE, all, LLVMConstNull(r->lanes), "");
    bad = LLVMBuildOr(p->b, bad, r->far, "");
    if (o->op != VPREC_CC_ADD && o->op != VPREC_CC_SUB) { /* what is tiny has been rounded; zero is clear */
        LLVMTypeRef element = vprec_cc_element(r->lanes);
        const bool narrow = element == p->i32;
        LLVMValueRef least = number(element, narrow ? UINT64_C(0xff) << 23 : UINT64_C(0x7ff) << 52);
        LLVMValueRef exponent = LLVMBuildAnd(p->b, r->bits, splat(p, r->lanes, least), "");
        LLVMValueRef tiny = LLVMBuildICmp(p->b, LLVMIntEQ, exponent, LLVMConstNull(r->lanes), "");
        LLVMValueRef twice = LLVMBuildAdd(p->b, r->bits, r->bits, "");
        LLVMValueRef some = LLVMBuildICmp(p->b, LLVMIntNE, twice, LLVMConstNull(r->lanes), "");
        bad = LLVMBuildOr(p->b, bad, LLVMBuildAnd(p->b, tiny, some, ""), "");
    }
    *unclear = any(p, bad);
    return to_even(p, l, r, r->bits, LLVMConstNull(r->lanes));
}

/* A fused operation's result from what it gives rounded down and up; in *unclear whether it is far. NULL: the processor
 * cannot. */
static LLVMValueRef round_directed(pass *p, const line *l, const rounding *r, const vprec_cc_operation *o,
                                   LLVMValueRef *unclear)
{
    LLVMValueRef down, up;
    if (!vprec_cc_directed(p->module, p->b, p->function, o, &down, &up))
        return NULL;
    down = LLVMBuildBitCast(p->b, down, r->lanes, "");
    up = LLVMBuildBitCast(p->b, up, r->lanes, "");
    LLVMValueRef less = LLVMBuildICmp(p->b, LLVMIntULT, down, up, "");
    *unclear = any(p, r->far);
    /* The lesser magnitude: both have one sign. Neighbours differ in the last bit: then something is left. */
    return to_even(p, l, r, LLVMBuildSelect(p->b, less, down, up, ""), LLVMBuildXor(p->b, down, up, ""));
}

/* Room on the function's stack for results and operands on their way to the runtime. */
static LLVMValueRef buffer(pass *p, unsigned which, LLVMTypeRef type)
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

static void store(pass *p, unsigned which, LLVMValueRef value)
{
    LLVMValueRef stored = LLVMBuildStore(p->b, value, buffer(p, which, LLVMTypeOf(value)));
    LLVMSetAlignment(stored, 8);
}

static LLVMValueRef address(pass *p, unsigned which)
{
    return p->buffer[which] ? LLVMBuildBitCast(p->b, p->buffer[which], p->pointer, "") : LLVMConstNull(p->pointer);
}

/* The runtime's answer. It gets the native result where the answer goes. */
static LLVMValueRef ask_runtime(pass *p, const line *l, unsigned code, LLVMValueRef native, const vprec_cc_operation *o)
{
    store(p, 0, native);
    for (unsigned i = 0; i < o->operands; i++)
        store(p, i + 1, o->operand[i]);
    LLVMValueRef arguments[] = {LLVMConstBitCast(l->record, p->pointer),
                                number(p->i32, code),
                                address(p, 0),
                                address(p, 1),
                                o->operands > 1 ? address(p, 2) : LLVMConstNull(p->pointer),
                                o->operands > 2 ? address(p, 3) : LLVMConstNull(p->pointer)};
    LLVMBuildCall2(p->b, p->slow_type, p->slow, arguments, 6, "");
    LLVMValueRef result = LLVMBuildLoad2(p->b, LLVMTypeOf(native), buffer(p, 0, LLVMTypeOf(native)), "");
    LLVMSetAlignment(result, 8);
    return result;
}

/* Operations to which the theorem of the records applies. */
static bool may_be_short(const vprec_cc_operation *o)
{
    return o->op == VPREC_CC_ADD || o->op == VPREC_CC_SUB || o->op == VPREC_CC_MUL || o->op == VPREC_CC_DIV ||
           o->op == VPREC_CC_SQRT;
}

/* Behind the native operation, which is the one in front of `before`: its result rounded. */
static LLVMValueRef rounded(pass *p, LLVMValueRef before, const vprec_cc_operation *o, LLVMValueRef native)
{
    line *l = line_of(p, before);
    l->operations++;
    l->singles += o->type == VPREC_CC_F32;
    rounding r = {.native = native, .type = LLVMTypeOf(native)};
    round_by_masks(p, l, &r);
    vprec_plugin_fork fork, inner = {0};
    vprec_plugin_split(before, r.unclear, &fork);
    LLVMValueRef end = LLVMGetBasicBlockTerminator(fork.rare), clear = NULL, unclear;
    LLVMPositionBuilderBefore(p->b, end);
    clear = may_be_short(o) ? round_short(p, l, &r, o, &unclear) : round_directed(p, l, &r, o, &unclear);
    if (clear) {
        vprec_plugin_split(end, unclear, &inner);
        LLVMPositionBuilderBefore(p->b, LLVMGetBasicBlockTerminator(inner.rare));
    }
    LLVMValueRef asked = ask_runtime(p, l, VPREC_CC_CODE(o->op, o->type, o->from, vprec_cc_lanes(r.type)), native, o);
    LLVMBasicBlockRef last = fork.rare;
    if (clear) {
        LLVMPositionBuilderBefore(p->b, end);
        LLVMValueRef either = LLVMBuildPhi(p->b, r.type, "");
        LLVMAddIncoming(either, &clear, &inner.from, 1);
        LLVMAddIncoming(either, &asked, &inner.rare, 1);
        asked = either;
        last = inner.join;
    }
    LLVMPositionBuilderBefore(p->b, before);
    LLVMValueRef result = LLVMBuildPhi(p->b, r.type, "");
    LLVMAddIncoming(result, &r.fast, &fork.from, 1);
    LLVMAddIncoming(result, &asked, &last, 1);
    return result;
}

static void instrument(pass *p, LLVMValueRef instruction)
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

static void add_attribute(pass *p, LLVMValueRef function, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    if (kind)
        LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(p->context, kind, 0));
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
static LLVMValueRef *operations_of(pass *p, size_t *count)
{
    LLVMValueRef *list = NULL;
    size_t space = 0;
    *count = 0;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(p->function); block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            vprec_cc_operation o;
            if (!vprec_cc_operation_of(i, &o) || (vprec_cc_shifter(i, &o) && !o.split))
                continue;
            list = grown(list, *count, &space, sizeof *list);
            list[(*count)++] = i;
            if (o.bytes > p->room)
                p->room = o.bytes;
        }
    return list;
}

static void instrument_function(pass *p, LLVMValueRef function)
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
    finish_lines(p);
    drop_attributes(function);
    add_attribute(p, function, "noredzone");
}

static LLVMValueRef slow_call(pass *p)
{
    LLVMTypeRef arguments[] = {p->pointer, p->i32, p->pointer, p->pointer, p->pointer, p->pointer};
    p->slow_type = LLVMFunctionType(LLVMVoidTypeInContext(p->context), arguments, 6, false);
    const char *call = "call vprec_cc_slow@PLT";
    const char *registers = "{rdi},{esi},{rdx},{rcx},{r8},{r9},~{rax},~{r10},~{r11},~{memory},~{dirflag},~{fpsr},~{flags}";
    return LLVMGetInlineAsm(p->slow_type, (char *)call, strlen(call), (char *)registers, strlen(registers), true, false,
                            LLVMInlineAsmDialectATT, false);
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
    pass p = {.module = module,
              .context = context,
              .b = LLVMCreateBuilderInContext(context),
              .byte = LLVMInt8TypeInContext(context),
              .i32 = LLVMInt32TypeInContext(context),
              .i64 = LLVMInt64TypeInContext(context)};
    p.pointer = LLVMPointerType(p.byte, 0);
    p.record = record_type(&p);
    p.slow = slow_call(&p);
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f) && LLVMGetLinkage(f) != LLVMAvailableExternallyLinkage)
            instrument_function(&p, f);
    vprec_cc_functions_end(module);
    LLVMGetOrInsertNamedMetadata(module, "vprec.rounded", 13);
    LLVMDisposeBuilder(p.b);
    free(p.lines);
    free(p.files);
    return true;
}
