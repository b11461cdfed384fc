/* SPDX-License-Identifier: Apache-2.0
 * check.h: what the checks of the array kernels share: one call of a kernel with all
 * that was drawn for it, its operands and formats, and the tally. The kernels' own
 * declaration is lib/kernels.h; the reference is the scalar functions of vprec.h. */
#ifndef KERNELS_CHECK_H
#define KERNELS_CHECK_H

#include "plan.h"
#include "support.h"

enum {
#define X(name) +1
    CHECK_SHAPES = 0 VPREC_PLAN_SHAPES(X)
#undef X
};

/* A mode, and for SR its number of random bits. */
typedef struct check_mode {
    vprec_mode mode;
    unsigned bits;
} check_mode;
extern const check_mode check_modes[];
extern const size_t check_modes_count;

extern const char *const check_level_names[VPREC_LEVELS]; /* as in VPREC_CPU; "c" */
extern const char *const check_op_names[VPREC_KERNEL_OPS_COUNT];
extern const int check_arities[VPREC_KERNEL_OPS_COUNT];
extern const char *const check_mode_names[VPREC_MODES];
extern const char *const check_type_names[VPREC_TYPES];
extern const char *const check_shape_names[];

/* Which arrays are one and the same: the room of the result and of each operand. */
typedef struct check_alias {
    const char *name;
    int arity; /* for operations of at least so many operands */
    int rooms[4];
} check_alias;
extern const check_alias check_aliases[];
extern const size_t check_aliases_count;

/* What MXCSR a kernel is called with. */
extern const unsigned check_controls[];
extern const size_t check_controls_count;

/* Operands as bits of their type, `CHECK_POOL` of each, biased to the format's boundaries. */
enum { CHECK_POOL = 4096, CHECK_LONGEST = 700 };
typedef struct check_pool {
    uint64_t x[3][CHECK_POOL];
} check_pool;

/* A format of the list, number `index` for `type`; NULL past the last. */
const char *check_format(vprec_type type, size_t index);

/* A random format that `type` holds. */
void check_format_random(unit_draw *draw, vprec_type type, char *text, size_t size);

/* One kernel and one rounding. */
typedef struct check_case {
    vprec_level level;
    enum vprec_kernel_op op;
    vprec_type type;
    const char *text; /* of the format */
    const vprec_format *format;
    check_mode mode;
} check_case;

/* Operands for the operation, format and type of `c`. */
void check_pool_fill(check_pool *pool, unit_draw *draw, const check_case *c);

/* What the scalar function makes of the operands `x`; bits of the type in and out. */
uint64_t check_reference(const check_case *c, const uint64_t x[3], uint64_t random);

/* Calls the kernel on elements of `pool` until `count` were compared, each call with other
 * lengths, places, aliases and MXCSR. Returns the number of differences. */
uint64_t check_run(const check_case *c, const check_pool *pool, size_t count, unit_draw *draw);

/* What was compared since the process started, elements or calls. */
typedef struct check_tally {
    uint64_t elements[VPREC_KERNEL_OPS_COUNT][VPREC_TYPES][VPREC_MODES];
    uint64_t differences[VPREC_KERNEL_OPS_COUNT][VPREC_TYPES][VPREC_MODES];
    uint64_t shapes[VPREC_KERNEL_OPS_COUNT][VPREC_TYPES][CHECK_SHAPES], bits[65];
    uint64_t aliases[8], controls[16], lengths[CHECK_LONGEST + 1];
    uint64_t aimed, second; /* words drawn at the threshold; draws 1 that were needed and asked for */
    uint64_t calls;
} check_tally;
extern check_tally check_seen;

#endif
