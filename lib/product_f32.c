/* SPDX-License-Identifier: Apache-2.0
 * product_f32.c: sums of products of floats; the code is product_sums.inc's. */
#include "product.h"
#include "outcomes.h"
#include <string.h>

#define T float
#define U uint32_t
#define N(name) name##_f32
#define INF_BITS UINT32_C(0x7f800000)
#define NAN_BITS UINT32_C(0xffc00000)
#include "product_sums.inc"
