/* SPDX-License-Identifier: Apache-2.0
 * sample.c: boundary-biased operands from a fixed seed. Two levels: which kind
 * of number, then which of its kind. */
#include "sample.h"
#include <string.h>

static uint64_t state;

void sample_seed(uint64_t seed) { state = seed * UINT64_C(0xd1342543de82ef95) + 1; }

uint64_t sample_next(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A fraction whose first `kept` bits are anything and whose tail sits on, beside or far from a tie. */
static uint64_t fraction(int fbits, int kept)
{
    uint64_t r = sample_next() & ((UINT64_C(1) << fbits) - 1), tail, half;

    if (kept >= fbits)
        return r;
    tail = (UINT64_C(1) << (fbits - kept)) - 1;
    half = (tail + 1) / 2;
    switch (sample_next() % 8) {
    case 0: return r & ~tail;
    case 1: return (r & ~tail) | half;
    case 2: return (r & ~tail) | (half - 1);
    case 3: return ((r & ~tail) | half) + (half > 1);
    case 4: return r | tail;
    case 5: return sample_next() % 2 ? 0 : (UINT64_C(1) << fbits) - 1;
    default: return r;
    }
}

static uint64_t real(int ebits, int fbits, const oracle_format *format)
{
    uint64_t top = (UINT64_C(1) << ebits) - 1, bias = top >> 1, exponent, r = sample_next();
    uint64_t sign = r >> 63 << (ebits + fbits);
    uint64_t narrow = format->native ? bias : (UINT64_C(1) << (format->ebits - 1)) - 1; /* bias of the format */
    int kept = format->native ? fbits : format->fbits;
    uint64_t f = fraction(fbits, kept);

    switch (r % 16) {
    case 0: /* zero, infinity, NaN quiet and not, one */
        switch (r >> 8 & 7) {
        case 0: case 1: return sign;
        case 2: return sign | top << fbits;
        case 3: return sign | top << fbits | UINT64_C(1) << (fbits - 1) | f;
        case 4: return sign | top << fbits | ((f & ~(UINT64_C(1) << (fbits - 1))) | 1);
        default: return sign | bias << fbits;
        }
    case 1: /* the container's edges */
        exponent = r >> 8 & 1 ? (r >> 9) % 3 : top - 1 - (r >> 9) % 2;
        break;
    case 2: /* the format's upper edge */
        exponent = bias + narrow + 2 - (r >> 8) % 4;
        break;
    case 3: /* its lower edge and the subnormals below */
        exponent = bias - narrow + 3 - (r >> 8) % (uint64_t)(kept + 5);
        break;
    case 4: /* half way to an edge, for products */
        if (r >> 8 & 1)
            exponent = bias + narrow / 2 + (r >> 9) % 3;
        else
            exponent = bias - narrow / 2 - (r >> 9) % (uint64_t)(kept / 2 + 2);
        break;
    case 5: return sample_next() & ((UINT64_C(2) << (ebits + fbits)) - 1);
    case 6: /* far apart */
        exponent = bias - fbits - 3 + (r >> 8) % (uint64_t)(2 * fbits + 6);
        break;
    default:
        exponent = bias - 3 + (r >> 8) % 7;
        break;
    }
    if (exponent > top - 1) /* a wrapped or too large exponent field */
        exponent = exponent > 2 * top ? 0 : top - 1;
    return sign | exponent << fbits | f;
}

static uint64_t integer(int bits, const oracle_format *format)
{
    uint64_t r = sample_next(), v;
    int length = 1 + (int)(sample_next() % (unsigned)bits), kept = format->native ? 23 : format->fbits;

    if (r % 16 == 0)
        return r >> 8 & 1 ? 0 : UINT64_C(1) << (bits - 1);
    v = UINT64_C(1) << (length - 1);
    v |= length > 1 ? fraction(length - 1, kept) : 0;
    v = r >> 8 & 1 ? ~v + 1 : v;
    return bits == 32 ? (uint32_t)v : v;
}

void sample_fill(uint8_t *bytes, size_t count, int type, const oracle_format *format)
{
    const oracle_format native = {.native = true};
    size_t size = type == ORACLE_F64 || type == ORACLE_I64 || type == ORACLE_U64 ? 8 : 4;

    for (size_t k = 0; k + size <= count; k += size) {
        uint64_t v;
        switch (type) {
        case ORACLE_F32: v = real(8, 23, format->ebits <= 8 && format->fbits <= 23 ? format : &native); break;
        case ORACLE_F64: v = real(11, 52, format); break;
        default: v = integer((int)size * 8, format); break;
        }
        memcpy(bytes + k, &v, size);
    }
}

void sample_relate(const matrix_case *c, matrix_state *in)
{
    if (c->a >= MATRIX_GPR || c->b >= MATRIX_GPR || c->c >= MATRIX_GPR)
        return;
    for (int lane = 0; lane < 64 / (c->from == ORACLE_F32 ? 4 : 8); lane++) {
        uint8_t *a = in->vector[c->a], *b = in->vector[c->b], *sum = in->vector[c->c];
        uint64_t r = sample_next();

        if (r % 4)
            continue;
        if (c->from == ORACLE_F32) {
            float x, y, s;
            memcpy(&x, a + 4 * lane, 4), memcpy(&y, b + 4 * lane, 4);
            s = r >> 8 & 1 ? x * y : -(x * y);
            memcpy(sum + 4 * lane, &s, 4);
            sum[4 * lane] ^= (uint8_t)(r >> 9 & r >> 12 & 3);
        } else {
            double x, y, s;
            memcpy(&x, a + 8 * lane, 8), memcpy(&y, b + 8 * lane, 8);
            s = r >> 8 & 1 ? x * y : -(x * y);
            memcpy(sum + 8 * lane, &s, 8);
            sum[8 * lane] ^= (uint8_t)(r >> 9 & r >> 12 & 3);
        }
    }
}
