/* SPDX-License-Identifier: Apache-2.0
 * cpu.h: which instruction sets the kernels may use. Internal to lib/. */
#ifndef VPREC_CPU_H
#define VPREC_CPU_H

typedef enum vprec_level {
    VPREC_LEVEL_C,      /* portable C */
    VPREC_LEVEL_AVX2,   /* AVX2, FMA, F16C */
    VPREC_LEVEL_AVX512, /* AVX-512 F, VL, BW, DQ, CD too */
    VPREC_LEVELS
} vprec_level;

/* What the processor and the operating system offer. */
vprec_level vprec_cpu_detect(void);

/* What is used: what is detected, lowered by the environment variable VPREC_CPU
 * (sse2: portable C; avx2; avx512) as it stood at the first call. */
vprec_level vprec_cpu_level(void);

#endif
