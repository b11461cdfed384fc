/* SPDX-License-Identifier: Apache-2.0
 * cpu.c: owns the choice of instruction set: what there is, and what the
 * environment lets us use. Knows no kernel. */
#include "cpu.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>

/* clang's __builtin_cpu_supports does not know the name. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

vprec_level vprec_cpu_detect(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c())
        return VPREC_LEVEL_C;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512cd"))
        return VPREC_LEVEL_AVX2;
    return VPREC_LEVEL_AVX512;
#else
    return VPREC_LEVEL_C;
#endif
}

vprec_level vprec_cpu_level(void)
{
    static atomic_int known; /* level + 1; threads that meet here all find the same */
    int level = atomic_load_explicit(&known, memory_order_relaxed) - 1;
    if (level >= 0)
        return level;
    level = vprec_cpu_detect();
    const char *mask = getenv("VPREC_CPU");
    if (mask && !strcmp(mask, "sse2"))
        level = VPREC_LEVEL_C;
    if (mask && !strcmp(mask, "avx2") && level > VPREC_LEVEL_AVX2)
        level = VPREC_LEVEL_AVX2;
    atomic_store_explicit(&known, level + 1, memory_order_relaxed);
    return level;
}
