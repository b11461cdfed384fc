/* SPDX-License-Identifier: Apache-2.0
 * product_avx512.c: sums of products with AVX-512; see product.inc. */
#include "../plan.h"
#include "mxcsr.h"
#include <math.h>

#define TILE_MXCSR(product_way, sum_way) VPREC_MXCSR_NEAREST /* directions are in the instructions */
#define KEEP(low) (~(low)) /* values with their signs are rounded */
#define TILE_PICK T(vprec_tile_avx512)
enum { COARSE = 2 };
enum { ROWS = 2 }; /* sums enough to hide the latency of a step, and one row wastes little */
#define STEPS "product_steps_avx512.inc"
#define LANES 32
#include "lanes_avx512.h"
#include "product.inc"
#undef LANES
#define LANES 64
#include "lanes_avx512.h"
#include "product.inc"
