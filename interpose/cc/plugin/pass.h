/* SPDX-License-Identifier: Apache-2.0
 * pass.h: what the parts of the pass have in common: the module at work, and a result on its way to the rounded one. */
#ifndef VPREC_CC_PLUGIN_PASS_H
#define VPREC_CC_PLUGIN_PASS_H

#include "cc/site.h"
#include "operation.h"
#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stddef.h>

enum { VPREC_CC_OPERANDS = 3 };

/* A line of the function. */
typedef struct vprec_cc_line {
    LLVMValueRef record;
    unsigned line, operations, singles;
    const char *file; /* by address: LLVM has each name once */
    unsigned length;
} vprec_cc_line;

/* A file's name in the module. */
typedef struct vprec_cc_named {
    const char *file;
    LLVMValueRef text;
} vprec_cc_named;

/* A function of this module for results in doubt. */
typedef struct vprec_cc_doubt {
    unsigned op, from;
    LLVMTypeRef type, operand;
    LLVMAttributeRef features; /* of the processor: also how numbers are handed over */
    LLVMValueRef function;
} vprec_cc_doubt;

typedef struct vprec_cc_pass {
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMBuilderRef b;
    LLVMTypeRef byte, i32, i64, pointer, record;
    LLVMValueRef slow; /* how the runtime is called: inline assembly, since it spares the registers */
    LLVMTypeRef slow_type;
    LLVMValueRef function;
    LLVMValueRef buffer[VPREC_CC_OPERANDS + 1]; /* of the function: the result, the operands; NULL: none yet */
    unsigned room;                     /* bytes of each */
    vprec_cc_line *lines;
    size_t count, space;
    vprec_cc_named *files;
    size_t file_count, file_space;
    vprec_cc_doubt *doubts;
    size_t doubt_count, doubt_space;
} vprec_cc_pass;

/* A native result on its way to the rounded one. */
typedef struct vprec_cc_rounding {
    LLVMValueRef record;       /* of its line */
    LLVMValueRef native, bits; /* integers as many as numbers */
    LLVMTypeRef type, lanes;
    LLVMValueRef fast, unclear, far; /* the result by the masks; whether it is not clear, since something is far */
} vprec_cc_rounding;

/* Room for one item more; as LLVM does, it aborts without memory. */
void *vprec_cc_grown(void *items, size_t count, size_t *space, size_t size);

static inline LLVMValueRef vprec_cc_number(LLVMTypeRef type, uint64_t value)
{
    return LLVMConstInt(type, value, false);
}

/* lines.c: the type of records; the record of the instruction's line in the present function; and all of that function
 * are written. */
LLVMTypeRef vprec_cc_record_type(vprec_cc_pass *p);
vprec_cc_line *vprec_cc_line_of(vprec_cc_pass *p, LLVMValueRef instruction);
void vprec_cc_lines_end(vprec_cc_pass *p);

/* round.c: the scalar in all lanes of `type`; one of the numbers in a record, for integers in these lanes: where those of
 * 32 bits are, and of 64; whether any lane has it. */
LLVMValueRef vprec_cc_splat(vprec_cc_pass *p, LLVMTypeRef type, LLVMValueRef scalar);
LLVMValueRef vprec_cc_mask(vprec_cc_pass *p, LLVMValueRef record, LLVMTypeRef lanes, size_t narrow, size_t wide);
LLVMValueRef vprec_cc_any_lane(vprec_cc_pass *p, LLVMValueRef condition);
#define VPREC_CC_MASK(lanes, name)                                                                                              \
    vprec_cc_mask(p, r->record, lanes, offsetof(vprec_cc_site, f32.name), offsetof(vprec_cc_site, f64.name))
#define VPREC_CC_DOUBT(lanes, name)                                                                                             \
    vprec_cc_mask(p, r->record, lanes, offsetof(vprec_cc_site, doubt32.name), offsetof(vprec_cc_site, doubt64.name))

/* From the native result: `lanes`, `bits` and `far`; also `fast` and `unclear`. */
void vprec_cc_round_far(vprec_cc_pass *p, vprec_cc_rounding *r);
void vprec_cc_round_by_masks(vprec_cc_pass *p, vprec_cc_rounding *r);
/* Bits rounded to nearest, ties to even or as the record has it; what has its last bit set in `more`, unless that is
 * NULL, is above them. */
LLVMValueRef vprec_cc_round_to_even(vprec_cc_pass *p, const vprec_cc_rounding *r, LLVMValueRef bits, LLVMValueRef more);

/* doubt.c: how the runtime is called. */
void vprec_cc_slow_call(vprec_cc_pass *p);
/* What the result is where masks cannot tell it: the builder is in the block for that. */
LLVMValueRef vprec_cc_doubtful(vprec_cc_pass *p, const vprec_cc_rounding *r, const vprec_cc_operation *o);

/* instrument.c */
void vprec_cc_add_attribute(vprec_cc_pass *p, LLVMValueRef function, const char *name);

#endif
