/* SPDX-License-Identifier: Apache-2.0
 * avx2.c: the kernels of this instruction set. Compiled with its flags: runs
 * nothing before vprec_kernels_at has been asked for the level. */
#define LANES_HEADER "lanes_avx2.h"
#define COMMON_NARROW VPREC_SHAPE_NARROW /* INNER needs two directions at once */
#define CONTROL VPREC_MXCSR_DOWN
#include "kernels.inc"

void vprec_kernels_avx2(vprec_kernels *kernels) { fill(kernels); }
