/* SPDX-License-Identifier: Apache-2.0
 * draw.c: operands. Level one is a table of the format's boundaries, level two
 * draws around them: ties, near ties, carries, cancellation, every exponent gap.
 * Fixed seeds: every run compares the same cases. */
#include "support.h"
#include <math.h>
#include <stdlib.h>

uint64_t unit_scaled(double count)
{
    const char *text = getenv("VPREC_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : 1;
    return scale > 0 && count * scale >= 1 ? (uint64_t)(count * scale) : 1;
}

/* splitmix64 (G. Steele, D. Lea, C. Flood, 2014) */
uint64_t unit_random(unit_draw *draw)
{
    uint64_t z = draw->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(unit_draw *draw, uint64_t n) { return unit_random(draw) % n; }
static int width(const unit_format *f) { return f->type == VPREC_F32 ? 23 : 52; }
static int unit_exponent(const unit_format *f) { return f->type == VPREC_F32 ? -149 : -1074; }
static int top_exponent(const unit_format *f) { return f->type == VPREC_F32 ? 127 : 1023; }

/* To the operands' type. */
static double contain(double v, const unit_format *f) { return f->type == VPREC_F32 ? (double)(float)v : v; }

/* Exponents where something changes. */
enum { EXPONENTS = 13 };
static int boundary(const unit_format *f, size_t i)
{
    int emin = 1 - f->bias, emax = ilogb(f->max), tiny = emin - f->fbits;
    const int list[EXPONENTS] = {tiny - 1, tiny, emin - 1, emin, emin + 1, -1,       0, 1,
                                 f->fbits, f->fbits + 1, emax - 1, emax, emax + 1};
    return list[i];
}

size_t unit_table(const unit_format *f, double *table)
{
    double ulp = ldexp(1, -f->fbits), least = ldexp(1, -width(f));
    const double significands[] = {1,           1 + ulp,       1 + ulp / 2,   1 + ulp + ulp / 2, 1 + ulp / 2 + least,
                                   2 - ulp / 2, 2 - ulp, 2 - least, 1.5 - least};
    const double specials[] = {0, INFINITY, NAN, ldexp(1, unit_exponent(f)), ldexp(2 - least, top_exponent(f))};
    size_t count = 0;
    for (size_t i = 0; i < EXPONENTS; i++) {
        for (size_t j = 0; j < sizeof significands / sizeof *significands; j++)
            table[count++] = contain(ldexp(significands[j], boundary(f, i)), f);
    }
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        table[count++] = specials[i];
    for (size_t i = 1; i < count; i += 2) /* both signs; pairs of like sign come by sub and by level two */
        table[i] = -table[i];
    return count;
}

/* Fraction bits of the operands' type, in patterns that meet the format's last bit. */
static uint64_t draw_fraction(unit_draw *draw)
{
    const unit_format *f = draw->format;
    int drop = width(f) - f->fbits;
    uint64_t all = (UINT64_C(1) << width(f)) - 1, grid = all & ~((UINT64_C(1) << drop) - 1);
    uint64_t half = drop ? UINT64_C(1) << (drop - 1) : 0, bits = unit_random(draw) & all;
    switch (below(draw, 10)) {
    case 0: return 0;
    case 1: return all;
    case 2: return bits & grid;
    case 3: return (bits & grid) | half;
    case 4: return ((bits & grid) + half + below(draw, 3) - 1) & all;
    case 5: return grid;
    case 6: return all & (all << below(draw, width(f)));      /* leading ones */
    case 7: return bits & (all << below(draw, width(f)));     /* few significant bits: exact ties in products */
    case 8: return UINT64_C(1) << below(draw, width(f));
    default: return bits;
    }
}

static int draw_exponent(unit_draw *draw)
{
    const unit_format *f = draw->format;
    int emin = 1 - f->bias, emax = ilogb(f->max);
    bool near = isfinite(draw->last) && draw->last != 0;
    switch (below(draw, 9)) {
    case 0: return boundary(f, below(draw, EXPONENTS));
    case 1: return unit_exponent(f) + (int)below(draw, top_exponent(f) - unit_exponent(f) + 1);
    case 2: return emin / 2 + (int)below(draw, 7) - 3; /* squares of these are near emin */
    case 3: return emax / 2 + (int)below(draw, 7) - 3;
    case 4: return (near ? ilogb(draw->last) : 0) + (int)below(draw, 7) - 3;
    case 5: return (near ? ilogb(draw->last) : 0) - f->fbits + (int)below(draw, 7) - 3;
    case 6: return (near ? ilogb(draw->last) : 0) - f->fbits - 67 + (int)below(draw, 5); /* SR's last bit */
    case 7: return emin - f->fbits - 2 + (int)below(draw, f->fbits + 6);
    default: return emin + (int)below(draw, emax - emin + 1);
    }
}

double unit_draw_operand(unit_draw *draw)
{
    const unit_format *f = draw->format;
    const double specials[] = {0.0, INFINITY, NAN, f->max, ldexp(1, unit_exponent(f)), 1};
    double v;
    if (below(draw, 24) == 0) {
        v = specials[below(draw, sizeof specials / sizeof *specials)];
    } else {
        uint64_t significand = (UINT64_C(1) << width(f)) | draw_fraction(draw);
        v = contain(ldexp(significand, draw_exponent(draw) - width(f)), f);
    }
    if (below(draw, 2))
        v = -v;
    draw->last = v;
    return v;
}

/* A value of the format, or the middle of two, or one next to those. */
static double draw_target(unit_draw *draw)
{
    const unit_format *f = draw->format;
    int emin = 1 - f->bias, e = draw_exponent(draw), unit = (e > emin ? e : emin) - f->fbits;
    if (below(draw, 8) == 0)
        return f->max + ldexp(below(draw, 3), ilogb(f->max) - f->fbits - 1);
    uint64_t k = unit_random(draw) & ((UINT64_C(2) << f->fbits) - 1);
    return ldexp(2 * k + below(draw, 2), unit - 1);
}

static uint64_t draw_integer(unit_draw *draw)
{
    int bits = 1 + below(draw, 64), drop = bits - 1 - draw->format->fbits;
    uint64_t n = (unit_random(draw) | UINT64_C(1) << 63) >> (64 - bits);
    switch (below(draw, 6)) {
    case 0: n = UINT64_C(1) << (bits - 1); break;
    case 1: n = ~UINT64_C(0) >> (64 - bits); break;
    case 2: return unit_random(draw);
    default: /* a tie, or next to one */
        if (drop > 0)
            n = (n >> drop << drop) + (UINT64_C(1) << (drop - 1)) + below(draw, 3) - 1;
    }
    n += below(draw, 8) == 0;
    return below(draw, 2) ? -n : n;
}

void unit_draw_case(unit_draw *draw, enum unit_op op, unit_case *c)
{
    const unit_format *f = draw->format;
    *c = (unit_case){.op = op};
    if (op >= UNIT_from_i64) {
        c->n = draw_integer(draw);
        return;
    }
    for (int i = 0; i < 3; i++)
        c->x[i] = unit_draw_operand(draw);
    if (below(draw, 3))
        return;
    double t = draw_target(draw), *x = c->x; /* aim: the result is a target, or as close as operands allow */
    switch (op) {
    case UNIT_add: x[0] = contain(t - x[1], f); break;
    case UNIT_sub: x[0] = contain(t + x[1], f); break;
    case UNIT_mul: x[0] = contain(t / x[1], f); break;
    case UNIT_div: x[0] = contain(t * x[1], f); break;
    case UNIT_sqrt: x[0] = contain(t * t, f); break;
    case UNIT_fma: x[2] = contain(fma(-x[0], x[1], t), f); break;
    default: x[0] = nextafter(t, below(draw, 2) ? INFINITY : 0); break;
    }
}
