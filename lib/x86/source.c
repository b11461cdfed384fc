/* SPDX-License-Identifier: Apache-2.0
 * source.c: the random words of vprec_source_words by AES instructions on 128,
 * 256 and 512 bits. Each function names the instructions that it needs: the file
 * takes no flags, and the caller asks vprec_source_usable first. */
#include "../source.h"
#include <immintrin.h>
#include <string.h>

#define W VPREC_SOURCE_W

#define FILL vprec_source_aes128
#define TARGET "avx,aes"
#define VECTOR __m128i
#define SPREAD(x) (x)
#define LOAD _mm_loadu_si128
#define STORE _mm_storeu_si128
#define ADD _mm_add_epi64
#define ROUND _mm_aesenc_si128
#include "source.inc"

#define FILL vprec_source_aes256
#define TARGET "avx2,vaes"
#define VECTOR __m256i
#define SPREAD(x) _mm256_broadcastsi128_si256(x)
#define LOAD _mm256_loadu_si256
#define STORE _mm256_storeu_si256
#define ADD _mm256_add_epi64
#define ROUND _mm256_aesenc_epi128
#include "source.inc"

#define FILL vprec_source_aes512
#define TARGET "avx512f,vaes"
#define VECTOR __m512i
#define SPREAD(x) _mm512_broadcast_i32x4(x)
#define LOAD _mm512_loadu_si512
#define STORE _mm512_storeu_si512
#define ADD _mm512_add_epi64
#define ROUND _mm512_aesenc_epi128
#include "source.inc"
