/* SPDX-License-Identifier: Apache-2.0
 * kernels.h: the one declaration of every kernel. The portable versions, those
 * of lib/x86, the checks and the benchmarks of tests/kernels all use it.
 * Internal to lib/ and its tests. */
#ifndef VPREC_KERNELS_H
#define VPREC_KERNELS_H

#include "cpu.h"
#include "vprec.h"

/* What a kernel needs to know of a rounding: constants, made once a call. */
typedef struct vprec_plan vprec_plan;

/* The random words of one call in mode VPREC_SR: words[i] is draw 0 of element index + i. */
typedef struct vprec_dice {
    const uint32_t *words;
    uint64_t index;
} vprec_dice;

/* Element-wise, n > 0; operands past the operation's arity are NULL. `out` may be
 * an operand's array. Without SR `dice` is NULL. A kernel sets the MXCSR it needs
 * and restores the caller's. */
typedef void vprec_kernel_f32(float *out, const float *a, const float *b, const float *c, size_t n,
                              const vprec_plan *plan, const vprec_dice *dice);
typedef void vprec_kernel_f64(double *out, const double *a, const double *b, const double *c, size_t n,
                              const vprec_plan *plan, const vprec_dice *dice);

/* Name and arity of the element-wise operations. */
#define VPREC_KERNEL_OPS(X) X(round, 1) X(add, 2) X(sub, 2) X(mul, 2) X(div, 2) X(sqrt, 1) X(fma, 3)
enum vprec_kernel_op {
#define X(name, arity) VPREC_OP_##name,
    VPREC_KERNEL_OPS(X)
#undef X
        VPREC_KERNEL_OPS_COUNT
};

typedef struct vprec_kernels {
    vprec_kernel_f32 *f32[VPREC_KERNEL_OPS_COUNT];
    vprec_kernel_f64 *f64[VPREC_KERNEL_OPS_COUNT];
} vprec_kernels;

/* Each fills what its instruction set has and leaves the rest: C first, then upward. */
void vprec_kernels_c(vprec_kernels *kernels);
#if defined(__x86_64__)
void vprec_kernels_avx2(vprec_kernels *kernels);
void vprec_kernels_avx512(vprec_kernels *kernels);
#endif

/* A tile of sums of products: for p = 0..k-1 in turn and every i < rows, j < columns,
 *     sums[i * columns + j] = sums[i * columns + j] + a[p * rows + i] * b[p * columns + j],
 * rounded once to `sum`, or with `product` not NULL the product rounded first.
 * A NaN goes out as any NaN. False: met what it does not round (the kernels say
 * what); nothing was done. `norms` are those of a and b, or of more terms.
 * norm: no less than the euclidean norm of any row of a, or column of b, over k terms; inf with a NaN. */
#define VPREC_TILE(type, T)                                                                                            \
    typedef bool vprec_tile_kernel_##type(T *sums, const T *a, const T *b, size_t k, const T norms[2],                 \
                                          const vprec_plan *product, const vprec_plan *sum);                           \
    typedef struct vprec_tile_##type {                                                                                 \
        size_t rows, columns;                                                                                          \
        vprec_tile_kernel_##type *run;                                                                                 \
        T (*norm)(const T *a_or_b, size_t k, bool is_b);                                                               \
        bool plain; /* its NaNs must have no payload */                                                                \
    } vprec_tile_##type;
VPREC_TILE(f32, float)
VPREC_TILE(f64, double)
#undef VPREC_TILE

/* Each sets *tile where it has a kernel for these roundings. */
#if defined(__x86_64__)
void vprec_tile_avx2_f32(vprec_tile_f32 *tile, const vprec_plan *product, const vprec_plan *sum);
void vprec_tile_avx2_f64(vprec_tile_f64 *tile, const vprec_plan *product, const vprec_plan *sum);
void vprec_tile_avx512_f32(vprec_tile_f32 *tile, const vprec_plan *product, const vprec_plan *sum);
void vprec_tile_avx512_f64(vprec_tile_f64 *tile, const vprec_plan *product, const vprec_plan *sum);
#endif

/* The table for a level no higher than the processor's; the one in use is
 * vprec_kernels_at(vprec_cpu_level()). Shared, never written after it was returned. */
const vprec_kernels *vprec_kernels_at(vprec_level level);

#endif
