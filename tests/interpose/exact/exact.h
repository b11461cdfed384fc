/* SPDX-License-Identifier: Apache-2.0
 * exact.h: what the victim libraries, the victim program and the reference
 * share: the data that kernels work on and the table of kernels. */
#ifndef VPREC_TESTS_EXACT_H
#define VPREC_TESTS_EXACT_H

#include <stdint.h>

enum { EXACT_N = 67, EXACT_ROOM = 1088 }; /* odd: every vector loop has a tail */

/* The numbers are bit patterns here; a kernel sees them as float and double
 * (or, in the reference, as the oracle's types), which have the same layout. */
typedef struct exact_data {
    uint32_t x[EXACT_N], y[EXACT_N], z[EXACT_N];
    int32_t i[EXACT_N];
    uint32_t u[EXACT_N];
    uint64_t xd[EXACT_N], yd[EXACT_N], zd[EXACT_N];
    int64_t l[EXACT_N];
    uint64_t ul[EXACT_N];
    uint32_t nf, nd; /* how many results a kernel left in: */
    uint32_t f[EXACT_ROOM];
    uint64_t d[EXACT_ROOM];
} __attribute__((aligned(64))) exact_data;

/* `n` <= EXACT_N: how many elements the kernel works on. */
typedef struct exact_kernel {
    const char *name;
    void (*run)(exact_data *data, int n);
} exact_kernel;

/* A build of the kernels: one shared library per instruction set. */
typedef struct exact_variant {
    const char *name;
    int level;                   /* enum exact_level: which kernels it has */
    int contracted;              /* a*b+c of the source is one operation */
    const exact_kernel *kernels; /* ends with a NULL name */
} exact_variant;

enum exact_level { EXACT_SSE2, EXACT_SSE42, EXACT_AVX, EXACT_AVX2, EXACT_AVX512 };

/* Fills the inputs of a zeroed structure from `seed`, by integer arithmetic alone. Kernels leave them as they are. */
void exact_fill(exact_data *data, uint64_t seed);
/* Forgets the results. */
void exact_clear(exact_data *data);

#endif
