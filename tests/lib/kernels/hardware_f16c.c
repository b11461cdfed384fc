/* SPDX-License-Identifier: Apache-2.0
 * hardware_f16c.c: binary16 by the instructions of F16C. Compiled for AVX2 and F16C. */
#include "hardware.h"
#include <immintrin.h>

void hardware_round_f16c(vprec_mode mode, float *out, const float *x, size_t n)
{
#define X(MODE, DIRECTION)                                                                                             \
    if (mode == MODE) {                                                                                                \
        for (size_t i = 0; i < n; i += 8)                                                                              \
            _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm256_cvtps_ph(_mm256_loadu_ps(x + i), DIRECTION)));            \
    }
    HARDWARE_DIRECTIONS(X)
#undef X
}

void hardware_widen(float *out, const uint16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
}
