/* SPDX-License-Identifier: Apache-2.0
 * avx512.c: the kernels of this instruction set. Compiled with its flags: runs
 * nothing before vprec_kernels_at has been asked for the level. */
#define LANES_HEADER "lanes_avx512.h"
#define COMMON_NARROW VPREC_SHAPE_INNER
#define CONTROL VPREC_MXCSR_NEAREST
#include "kernels.inc"

void vprec_kernels_avx512(vprec_kernels *kernels) { fill(kernels); }
