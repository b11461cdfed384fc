/* SPDX-License-Identifier: Apache-2.0
 * site.h: what compiled code and its runtime agree on: the record of a line of a function, and how an operation is
 * named. The pass lays records out, code reads the masks in them, the runtime fills them. */
#ifndef VPREC_CC_SITE_H
#define VPREC_CC_SITE_H

#include <stdint.h>

/* How code rounds a native result to nearest by itself, where that can be told from its bits:
 *
 *     s = bits + half                    a carry rounds up
 *     in doubt if s & drop is 0          what was dropped is one half (or with half 0, nothing): the native result may
 *                                        have been rounded itself, and this one would be the second time
 *     far unless magnitude - low < limit unsigned: NaN, overflow, and what is subnormal in the format
 *     s & keep                           if neither
 *
 * All zero: every result is far, which is how a record begins: the runtime fills it at the first one. */
typedef struct vprec_cc_mask32 {
    uint32_t half, drop, keep, low, limit, pad;
} vprec_cc_mask32;

typedef struct vprec_cc_mask64 {
    uint64_t half, drop, keep, low, limit;
} vprec_cc_mask64;

/* What is in doubt and not far is clear all the same, where no operand of a sum, product, quotient or root has a bit
 * among `short_`: both have p bits, and the native type at least 2p + 2; then rounding the native result is rounding
 * the exact one to nearest (Figueroa 1995), that of a tie too. It is
 *
 *     bits + less + (bits >> shift & even) & keep */
typedef struct vprec_cc_doubt32 {
    uint32_t short_, less, shift, even;
} vprec_cc_doubt32;

typedef struct vprec_cc_doubt64 {
    uint64_t short_, less, shift, even;
} vprec_cc_doubt64;

enum vprec_cc_state { VPREC_CC_UNKNOWN, VPREC_CC_READY };

/* One for each line of each function, in section VPREC_CC_SECTION of the object, so many bytes apart. */
typedef struct vprec_cc_site {
    vprec_cc_mask32 f32;
    vprec_cc_mask64 f64;
    vprec_cc_doubt32 doubt32;
    vprec_cc_doubt64 doubt64;
    const char *function, *file; /* linkage name; as the compiler was told. "": no line is known */
    uint32_t line;
    uint32_t operations; /* so many in the code, of any number of lanes */
    uint32_t state;      /* enum vprec_cc_state */
    uint32_t singles;    /* so many of the operations have results in float */
    const void *arith;   /* the runtime's: how its operations are rounded */
    const char *given;   /* by an annotation of the function: "e5m10,mode=sr"; NULL: none */
    uint32_t counter;    /* the runtime's: what its operations are counted in; 0: none yet */
    uint32_t pad;
    uint64_t pads[3];
} vprec_cc_site;

_Static_assert(sizeof(vprec_cc_site) == 192, "three lines of the cache, and no gap in the section");

#define VPREC_CC_ANNOTATION "vprec:" /* what an annotation begins with, lib/vprec_cc.h */
#define VPREC_CC_SECTION "vprec_sites"

/* An operation: what it does, on what, and how many at once. */
enum vprec_cc_op {
    VPREC_CC_ADD, /* as enum vprec_basic */
    VPREC_CC_SUB,
    VPREC_CC_MUL,
    VPREC_CC_DIV,
    VPREC_CC_SQRT,
    VPREC_CC_FMA,
    VPREC_CC_CONVERT, /* `a`, of type `from` */
    VPREC_CC_VALUE    /* `out`: the native result itself is rounded */
};

/* As enum vprec_elem. */
enum vprec_cc_type {
    VPREC_CC_F32,
    VPREC_CC_F64,
    VPREC_CC_F16,
    VPREC_CC_BF16,
    VPREC_CC_I32,
    VPREC_CC_I64,
    VPREC_CC_U32,
    VPREC_CC_U64
};

#define VPREC_CC_CODE(op, type, from, lanes) ((op) | (type) << 8 | (from) << 12 | (lanes) << 16)
#define VPREC_CC_CODE_OP(code) ((code) & 255)
#define VPREC_CC_CODE_TYPE(code) ((code) >> 8 & 15)
#define VPREC_CC_CODE_FROM(code) ((code) >> 12 & 15)
#define VPREC_CC_CODE_LANES(code) ((code) >> 16)

/* A function of libm that an object calls. */
typedef struct vprec_cc_call {
    const char *name;
    void *function; /* what the object's linker took for it */
    void *instead;  /* what is called; NULL: the runtime is asked first */
} vprec_cc_call;

#endif
