/* SPDX-License-Identifier: Apache-2.0
 * product_avx2.c: sums of products with AVX2; see product.inc. */
#include "../plan.h"
#include "mxcsr.h"
#include <math.h>

/* Where a step begins: with a native operation, or with directed ones. */
#define TILE_MXCSR(product_way, sum_way)                                                                               \
    WAY_MXCSR((product_way) == FUSED ? (sum_way) : (product_way))
#define WAY_MXCSR(way) ((way) == NATIVE || (way) == FULL ? VPREC_MXCSR_NEAREST : VPREC_MXCSR_UP)
#define TILE_PICK T(vprec_tile_avx2)
#define KEEP(low) (~(W)(low) << 1 >> 1) /* magnitudes are rounded */
enum { COARSE = 3 };
enum { ROWS = 4 }; /* enough for a turn of MXCSR to hide among them */
#define STEPS "product_steps_avx2.inc"
#define LANES 32
#include "lanes_avx2.h"
#include "product.inc"
#undef LANES
#define LANES 64
#include "lanes_avx2.h"
#include "product.inc"
