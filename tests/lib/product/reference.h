/* SPDX-License-Identifier: Apache-2.0
 * reference.h: sums of products from their definition in vprec.h: one output
 * at a time, one step at a time, by the exact-value oracle or the scalar
 * functions. Shares no code with lib/product*. */
#ifndef PRODUCT_REFERENCE_H
#define PRODUCT_REFERENCE_H

#include "support.h"

typedef struct reference_rounding {
    const unit_format *format;
    vprec_mode mode;
    unsigned bits; /* these two: SR */
    uint64_t seed;
} reference_rounding;

typedef struct reference_method {
    vprec_type type;
    bool oracle; /* else the scalar functions */
    const reference_rounding *input, *product, *sum;
    vprec_order order;
    size_t block;
} reference_method;

/* The random words of tests: any function of (seed, index, draw). context: the seed. */
const uint32_t *reference_words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space);

/* x as element `index` of an operand. */
double reference_input(const reference_method *method, double x, uint64_t index);

/* The sum of a[p]*b[p], p < k, for output e of `outputs`. */
double reference_sum(const reference_method *method, size_t k, const double *a, const double *b, double start,
                     uint64_t e, uint64_t outputs);

/* The same for the library. `roundings` keeps what `how` points to. */
void reference_how(const reference_method *method, vprec_rounding roundings[3], vprec_accumulation *how);

/* A drawn method: formats of the type, modes, order. `roundings` keeps what it points to. */
void reference_draw(unit_draw *draw, vprec_type type, size_t k, reference_rounding roundings[3],
                    reference_method *method);

/* The same numbers as the type, and room for one more; free it. */
void *reference_narrow(vprec_type type, const double *x, size_t n);

/* What was drawn, in one line. */
const char *reference_print(const reference_method *method);

/* The same bits; a NaN is the NaN of an invalid operation. */
bool reference_same(vprec_type type, double got, double want);

/* Bits of `got` as the type. */
bool reference_plain_nan(vprec_type type, const void *element);

extern uint64_t reference_modes[3][VPREC_MODES], reference_orders[VPREC_ORDERS]; /* drawn so far */

#endif
