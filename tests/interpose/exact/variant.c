/* SPDX-License-Identifier: Apache-2.0
 * variant.c: the kernels as a victim library, compiled once per instruction
 * set. The build defines VARIANT (its name), LEVEL and CONTRACTED. */
#include "exact.h"
#include "plain.h"
#include <immintrin.h>

#define NOIPA __attribute__((noipa))
#ifdef __AVX512F__
#define ONE_BY_ONE
#else
#define ONE_BY_ONE __attribute__((optimize("no-tree-vectorize")))
#endif
#if CONTRACTED
#define FUSABLE __attribute__((optimize("no-tree-vectorize")))
#else
#define FUSABLE
#endif

#include "loops.inc"
#include "doubles.inc"
#include "calls.inc"
#include "vector.inc"
#include "integers.inc"

#define ENTRY(name) {#name, name},
static const exact_kernel kernels[] = {
    LOOP_KERNELS(ENTRY) DOUBLE_KERNELS(ENTRY) CALL_KERNELS(ENTRY) BASE_VECTOR_KERNELS(ENTRY)
    INTEGER_KERNELS(ENTRY) ENTRY(integer_built) ENTRY(integer_mixed)
    SSE42_KERNELS(ENTRY) AVX_KERNELS(ENTRY) FMA_KERNELS(ENTRY) AVX512_KERNELS(ENTRY) INTEGER_512_KERNELS(ENTRY) {0},
};

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
const exact_variant JOIN(exact_, VARIANT) = {TEXT(VARIANT), LEVEL, CONTRACTED, kernels};
