/* SPDX-License-Identifier: Apache-2.0
 * once.h: one operation on numbers, rounded once as the run says: which random words it gets and which of libvprec's
 * functions evaluates it. For instructions and calls of libm alike. Knows no NaN rules of the processor, no lanes. */
#ifndef VPREC_RUNTIME_ONCE_H
#define VPREC_RUNTIME_ONCE_H

#include "arith.h"
#include "exact.h"

enum vprec_basic {
    VPREC_BASIC_ADD,
    VPREC_BASIC_SUB,
    VPREC_BASIC_MUL,
    VPREC_BASIC_DIV,
    VPREC_BASIC_SQRT,
    VPREC_BASIC_FMA
};

/* a op b, with VPREC_BASIC_FMA a * b + c; what the operation has no use for is 0. */
typedef struct vprec_operation {
    enum vprec_basic op;
    double a, b, c;
} vprec_operation;

/* What --noise operands tells apart: the operations above (a difference is a sum), and these. */
enum vprec_kind {
    VPREC_KIND_NUMBER = VPREC_BASIC_FMA + 1, /* a number rounded, of either sign: conversions, --round operands */
    VPREC_KIND_INTEGER,                      /* an integer converted */
    VPREC_KIND_SCALE,                        /* a * 2^n */
    VPREC_KIND_VALUE,                        /* + the instruction's opcode: the processor's result rounded */
    VPREC_KIND_LIBM = 1 << 30                /* + number of the function: its result rounded */
};

/* The key of one result's random words under --noise operands: a hash of the operation's kind, the type of its result
 * and the bits of its operands. Without --noise operands 0: nobody looks at it. */
uint64_t vprec_once_key(const vprec_arith *arith, uint32_t kind, vprec_type type, const uint64_t *operands, size_t n);
uint64_t vprec_once_number_key(const vprec_arith *arith, vprec_type type, double x);
uint64_t vprec_once_scale_key(const vprec_arith *arith, vprec_type type, double x, int n);

/* The same of a basic operation on numbers. What are different spellings of one operation, with operands exchanged or
 * signs moved, get one key, and `*operation` one form, so that each operand gets the same noise. */
uint64_t vprec_once_settle(const vprec_arith *arith, vprec_type type, vprec_operation *operation);

/* How one result is rounded. */
typedef struct vprec_once {
    const vprec_format *format;
    vprec_mode mode;
    const vprec_noise *noise; /* NULL: it has none */
    const uint64_t *words;    /* of the noise */
    uint8_t bits;             /* in mode VPREC_SR, of `random` */
    uint64_t random;
} vprec_once;

/* As the run says: draws the words into `words` where it is random, under --noise operands those of `key`. */
vprec_once vprec_once_draw(const vprec_arith *arith, vprec_type type, const vprec_format *format, uint64_t key,
                           uint64_t words[8]);

/* libvprec's vprec_<op>, vprec_<op>_sr or vprec_<op>_mca of the operands. */
#define VPREC_ONCE(once, op, ...)                                                                                     \
    ((once)->noise               ? vprec_##op##_mca(__VA_ARGS__, (once)->format, (once)->noise, (once)->words)        \
     : (once)->mode == VPREC_SR ? vprec_##op##_sr(__VA_ARGS__, (once)->format, (once)->bits, (once)->random)          \
                                 : vprec_##op(__VA_ARGS__, (once)->format, (once)->mode))
/* --round operands: a number as the operation is given it. Noise is the operation's business. */
double vprec_once_operand(const vprec_arith *arith, vprec_type type, double x);

double vprec_once_evaluate(const vprec_operation *operation, const vprec_once *once);

/* x or -x, by its sign bit. */
static inline double vprec_double_negated(double x, bool negate)
{
    return vprec_from_bits(vprec_bits(x) ^ (uint64_t)negate << 63);
}

#endif
