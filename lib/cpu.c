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
#endif

/* Three questions, and only where somebody asks: __builtin_cpu_supports has a constructor that asks a dozen in every
 * process, and each takes 5 us on a virtual machine. */
vprec_level vprec_cpu_detect(void)
{
#if defined(__x86_64__)
    enum { YMM = 0x6, ZMM = 0xE6 }; /* state that the operating system saves, in XCR0 */
    const unsigned wanted = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    const unsigned wide = bit_AVX512F | bit_AVX512VL | bit_AVX512BW | bit_AVX512DQ | bit_AVX512CD;
    unsigned most, a, b, c, d, saved;
    __cpuid(0, most, b, c, d);
    if (most < 7)
        return VPREC_LEVEL_C;
    __cpuid(1, a, b, c, d);
    if ((c & wanted) != wanted)
        return VPREC_LEVEL_C;
    __asm__("xgetbv" : "=a"(saved), "=d"(d) : "c"(0));
    __cpuid_count(7, 0, a, b, c, d);
    if ((saved & YMM) != YMM || !(b & bit_AVX2))
        return VPREC_LEVEL_C;
    return (saved & ZMM) == ZMM && (b & wide) == wide ? VPREC_LEVEL_AVX512 : VPREC_LEVEL_AVX2;
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
