/* SPDX-License-Identifier: Apache-2.0
 * noise.c: see noise.h. The arithmetic is the scalar functions', one element after the other: there is no form for an
 * instruction set, so that all are the same. */
#include "noise.h"
#include "exact.h"

static const unsigned operands_of[VPREC_KERNEL_OPS_COUNT] = {
#define X(name, arity) arity,
    VPREC_KERNEL_OPS(X)
#undef X
};

void vprec_noise_draw(uint64_t words[][VPREC_NOISE_WORDS], const vprec_plan *plan, unsigned operands, uint64_t index,
                      size_t n)
{
    uint32_t space[VPREC_NOISE_BLOCK];
    for (unsigned w = 0; w < VPREC_NOISE_WORDS; w++) {
        const bool wanted = plan->noise.what & (w ? VPREC_NOISE_OPERANDS : VPREC_NOISE_RESULTS) && w <= operands;
        for (size_t i = 0; i < n; i++)
            words[i][w] = 0;
        for (unsigned half = 0; wanted && half < 2; half++) {
            const uint32_t *drawn = plan->random.words(plan->random.context, index, n, 2 * w + half, space);
            for (size_t i = 0; i < n; i++)
                words[i][w] = words[i][w] << 32 | drawn[i];
        }
    }
}

static double apply(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c,
                    const uint64_t words[VPREC_NOISE_WORDS])
{
    const vprec_format *format = &plan->format;
    const vprec_noise *noise = &plan->noise;
    switch (op) {
    case VPREC_OP_round: return vprec_round_mca(a, format, noise, words);
    case VPREC_OP_add: return vprec_add_mca(a, b, format, noise, words);
    case VPREC_OP_sub: return vprec_sub_mca(a, b, format, noise, words);
    case VPREC_OP_mul: return vprec_mul_mca(a, b, format, noise, words);
    case VPREC_OP_div: return vprec_div_mca(a, b, format, noise, words);
    case VPREC_OP_sqrt: return vprec_sqrt_mca(a, format, noise, words);
    default: return vprec_fma_mca(a, b, c, format, noise, words);
    }
}

/* The results fit the arrays' type, so that no MXCSR changes what a conversion between the two gives but for DAZ. */
#define WIDE_f32(x) vprec_float_widen(x)
#define WIDE_f64(x) (x)
#define NARROW_f32(x) vprec_float_narrow(x)
#define NARROW_f64(x) (x)
#define RUN(type, T)                                                                                                   \
    void vprec_noise_run_##type(enum vprec_kernel_op op, T *out, const T *a, const T *b, const T *c, size_t n,         \
                                const vprec_plan *plan, uint64_t index)                                                \
    {                                                                                                                  \
        uint64_t words[VPREC_NOISE_BLOCK][VPREC_NOISE_WORDS];                                                          \
        for (size_t i = 0, m; i < n; i += m) {                                                                         \
            m = n - i < VPREC_NOISE_BLOCK ? n - i : VPREC_NOISE_BLOCK;                                                 \
            vprec_noise_draw(words, plan, operands_of[op], index + i, m);                                              \
            for (size_t j = 0; j < m; j++)                                                                             \
                out[i + j] = NARROW_##type(apply(plan, op, WIDE_##type(a[i + j]), b ? WIDE_##type(b[i + j]) : 0,       \
                                                 c ? WIDE_##type(c[i + j]) : 0, words[j]));                            \
        }                                                                                                              \
    }
RUN(f32, float)
RUN(f64, double)
