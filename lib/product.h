/* SPDX-License-Identifier: Apache-2.0
 * product.h: a sum of products made ready for the engine: what product.c has
 * checked and product_sums.inc computes. Internal to lib/. */
#ifndef VPREC_PRODUCT_H
#define VPREC_PRODUCT_H

#include "plan.h"

/* `parts` products C = A * B of one shape that differ in where their matrices lie
 * (a convolution has one for each image and group, else there is one part).
 * The output is cut into items of tall x wide elements; an item is computed by one
 * thread, and what comes out does not depend on how the items are cut. */
typedef struct vprec_sums {
    size_t m, n, k, parts;
    const void *a, *b, *start; /* start NULL: +0 */
    void *c;
    vprec_strides as, bs, cs, ss;
    const vprec_conv *conv; /* then b is an image, and B is gathered from it */
    size_t out[2];          /* height and width of a convolution's output */
    const vprec_plan *product, *sum; /* product NULL: fused */
    vprec_order order;
    size_t block;     /* terms, at most k */
    uint64_t outputs; /* elements of the whole output: the stride of the steps' random indices */
    size_t tall, wide;
} vprec_sums;

/* Fixes tall and wide so that there are items enough for `threads` where the shape allows it; returns the number of
 * items. Then the bytes that one thread needs, and the items first <= i < last. */
#define VPREC_SUMS_ENGINE(type)                                                                                        \
    size_t vprec_sums_cut_##type(vprec_sums *sums, unsigned threads);                                                  \
    size_t vprec_sums_space_##type(const vprec_sums *sums);                                                            \
    void vprec_sums_run_##type(const vprec_sums *sums, size_t first, size_t last, void *space);
VPREC_SUMS_ENGINE(f32)
VPREC_SUMS_ENGINE(f64)

#endif
