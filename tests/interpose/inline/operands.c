/* SPDX-License-Identifier: Apache-2.0
 * operands.c: see operands.h. */
#include "operands.h"

#include <math.h>
#include <string.h>

static uint64_t below(uint64_t n)
{
    return machine_random() % n;
}

static int between(int low, int high)
{
    return low + (int)below((uint64_t)(high - low + 1));
}

/* An exponent near an end of the format's range, the middle of one (for products), or 0. */
static int exponent(const vprec_format *f)
{
    switch (below(8)) {
    case 0: return f->emin + between(-f->fbits - 2, 3);
    case 1: return f->emax + between(-3, 1);
    case 2: return (f->emin - f->fbits / 2) / 2 + between(-2, 2);
    case 3: return f->emax / 2 + between(-2, 2);
    default: return between(-3, 3);
    }
}

/* A number of `bits` bits, the last of which is 1. */
static double number(int bits, int e)
{
    uint64_t significand = (machine_random() & ((UINT64_C(1) << bits) - 1)) | UINT64_C(1) << (bits - 1) | 1;
    return ldexp((double)significand, e - bits + 1);
}

static double signed_at_random(double x)
{
    return below(2) ? x : -x;
}

/* In the format, or one bit beyond it (a tie), or of few or of all bits. */
static double any(const vprec_format *f, int precision)
{
    int e = exponent(f);
    switch (below(6)) {
    case 0: return signed_at_random(number(1 + (int)below(3), e));
    case 1: return signed_at_random(number(precision, e));
    case 2: return signed_at_random(number(f->fbits + 2 <= precision ? f->fbits + 2 : precision, e));
    case 3: return signed_at_random(ldexp(1, e));
    default: return signed_at_random(number(f->fbits + 1 <= precision ? 1 + (int)below(f->fbits + 1u) : precision, e));
    }
}

static void related(const vprec_format *f, int precision, double v[3])
{
    int tie_bits = f->fbits + 2 <= precision ? f->fbits + 2 : precision;
    double tie = signed_at_random(number(tie_bits, exponent(f)));
    double tiny = below(2) ? 0 : signed_at_random(ldexp(tie, -between(precision - 3, 3 * precision)));
    double few = signed_at_random(number(1 + (int)below((uint64_t)(precision - tie_bits + 1 < 5 ? 2 : 4)), between(-3, 3)));
    switch (below(6)) {
    case 0: /* tie = x + y, or misses it: tiny */
        v[0] = signed_at_random(number(tie_bits, ilogb(tie) - between(0, 3)));
        v[1] = tie - v[0];
        v[2] = tiny;
        break;
    case 1:
        v[0] = tie;
        v[1] = tiny;
        v[2] = any(f, precision);
        break;
    case 2: /* tie = x * y [+ tiny]; x / y */
        v[0] = tie / few;
        v[1] = few;
        v[2] = below(2) ? tiny : tie * few;
        break;
    case 3: /* quotient and root */
        v[0] = tie * few;
        v[1] = few;
        v[2] = tie * tie;
        break;
    case 4: /* a fused sum */
        v[0] = any(f, precision);
        v[1] = any(f, precision);
        v[2] = below(2) ? tie - v[0] * v[1] : -v[0] * v[1];
        break;
    default:
        v[0] = any(f, precision);
        v[1] = below(2) ? v[0] : -v[0];
        v[2] = any(f, precision);
        break;
    }
}

static uint64_t bits_of(unsigned elem, double x)
{
    uint64_t u = 0;
    if (elem == VPREC_E_F32) {
        float y = (float)x;
        memcpy(&u, &y, 4);
    } else {
        memcpy(&u, &x, 8);
    }
    return u;
}

void operands_fill(unsigned elem, const vprec_format *format, uint8_t *operand[3], unsigned n)
{
    bool floating = elem == VPREC_E_F32 || elem == VPREC_E_F64;
    unsigned size = elem == VPREC_E_F16 ? 2 : elem == VPREC_E_F32 || elem == VPREC_E_I32 || elem == VPREC_E_U32 ? 4 : 8;
    int precision = elem == VPREC_E_F32 ? 24 : 53;
    for (unsigned i = 0; i < n; i++) {
        uint64_t x[3] = {0};
        double v[3];
        if (floating && below(8)) {
            related(format, precision, v);
            unsigned turn = (unsigned)below(6);
            for (unsigned j = 0; j < 3; j++)
                x[j] = bits_of(elem, v[turn < 3 ? (j + turn) % 3 : (5 - j + turn) % 3]);
            if (!below(4)) /* next to it */
                x[below(3)] += below(2) ? 1 : -1ul;
        } else if (!floating && elem != VPREC_E_F16 && below(2)) {
            for (unsigned j = 0; j < 3; j++) {
                unsigned bits = format->fbits + 2u < 8 * size ? format->fbits + 2u : 8 * size - 1;
                uint64_t m = (machine_random() & ((UINT64_C(1) << bits) - 1)) | 1 | UINT64_C(1) << (bits - 1);
                x[j] = m << below(8 * size - bits);
                if (!below(3))
                    x[j] += below(2) ? 1 : -1ul;
                if (!below(2))
                    x[j] = -x[j];
            }
        } else {
            for (unsigned j = 0; j < 3; j++)
                x[j] = machine_element(elem);
            if (floating && !below(4)) /* a NaN of many ones */
                x[below(3)] |= elem == VPREC_E_F32 ? 0x7fffff80 : 0x7fffffffffff0000;
        }
        for (unsigned j = 0; j < 3; j++)
            if (operand[j])
                memcpy(operand[j] + i * size, &x[j], size);
    }
}
