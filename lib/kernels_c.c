/* SPDX-License-Identifier: Apache-2.0
 * kernels_c.c: the portable kernels: the scalar functions, element by element;
 * and the table that the instruction sets override upward. */
#include "plan.h"
#include <pthread.h>

#if defined(__x86_64__)
#include "x86/mxcsr.h"
#else /* no environment is known here that changes a conversion between float and double */
enum { VPREC_MXCSR_NEAREST };
static unsigned vprec_mxcsr_set(unsigned value) { return value; }
static void vprec_mxcsr_restore(unsigned old) { (void)old; }
#define VPREC_WORKER static __attribute__((noinline))
#endif

#define KERNEL(name, terms, type, T)                                                                                   \
    VPREC_WORKER void name##_worker_##type(T *out, const T *a, const T *b, const T *c, size_t n,                       \
                                           const vprec_plan *plan, const vprec_dice *dice)                             \
    {                                                                                                                  \
        enum { arity = terms };                                                                                        \
        for (size_t i = 0; i < n; i++)                                                                                 \
            out[i] = (T)vprec_plan_apply(plan, VPREC_OP_##name, a[i], arity > 1 ? b[i] : 0, arity > 2 ? c[i] : 0,      \
                                         dice, i);                                                                     \
    }                                                                                                                  \
    static void name##_##type(T *out, const T *a, const T *b, const T *c, size_t n, const vprec_plan *plan,            \
                              const vprec_dice *dice)                                                                  \
    {                                                                                                                  \
        unsigned control = vprec_mxcsr_set(VPREC_MXCSR_NEAREST);                                                       \
        name##_worker_##type(out, a, b, c, n, plan, dice);                                                             \
        vprec_mxcsr_restore(control);                                                                                  \
    }
#define KERNELS(name, arity) KERNEL(name, arity, f32, float) KERNEL(name, arity, f64, double)
VPREC_KERNEL_OPS(KERNELS)

void vprec_kernels_c(vprec_kernels *kernels)
{
#define X(name, arity)                                                                                                 \
    kernels->f32[VPREC_OP_##name] = name##_f32;                                                                        \
    kernels->f64[VPREC_OP_##name] = name##_f64;
    VPREC_KERNEL_OPS(X)
#undef X
}

static vprec_kernels tables[VPREC_LEVELS];

/* What fills a level's table is compiled for that level, and may not run on a processor below it. */
static void fill(void)
{
    for (int level = 0; level <= (int)vprec_cpu_detect(); level++) {
        vprec_kernels *kernels = &tables[level];
        vprec_kernels_c(kernels);
#if defined(__x86_64__)
        if (level < VPREC_LEVEL_AVX2)
            continue;
        vprec_kernels_avx2(kernels);
        if (level < VPREC_LEVEL_AVX512)
            continue;
        vprec_kernels_avx512(kernels);
#endif
    }
}

const vprec_kernels *vprec_kernels_at(vprec_level level)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill);
    return &tables[level];
}
