/* SPDX-License-Identifier: Apache-2.0
 * product_f64.c: sums of products of doubles; the code is product_sums.inc's. */
#include "product.h"
#include "outcomes.h"
#include <string.h>

#define T double
#define U uint64_t
#define N(name) name##_f64
#define INF_BITS UINT64_C(0x7ff0000000000000)
#define NAN_BITS UINT64_C(0xfff8000000000000)
#include "product_sums.inc"
