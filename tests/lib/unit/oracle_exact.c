/* SPDX-License-Identifier: Apache-2.0
 * oracle_exact.c: what an operation must give, from the definition: the exact
 * value as a ratio of integers (or its square, for roots), the two neighbours
 * in the format, a choice by mode. Plain on purpose; shares nothing with lib/. */
#include "support.h"
#include <assert.h>
#include <gmp.h>
#include <math.h>

static_assert(GMP_NUMB_BITS == 64, "limbs are 64 bits wide here");

/* |value| = n/d * 2^x, or its square is. */
typedef struct exact {
    mpz_t n, d;
    long x;
    bool negative, root, whole; /* whole: d is 1 */
} exact;

/* The value at hand and scratch numbers, made once. */
static exact v[1];
static mpz_t m, n, d, r, t, k;

__attribute__((constructor)) static void init(void) { mpz_inits(v->n, v->d, m, n, d, r, t, k, NULL); }

static double to_zero(const unit_format *f, bool negative)
{
    return negative && !(f->flags & VPREC_NONEGZERO) ? -0.0 : 0.0;
}

static double to_max(const unit_format *f, bool negative) { return negative ? -f->max : f->max; }

static double to_nan(const unit_format *f, bool negative)
{
    return f->flags & VPREC_NONAN ? to_max(f, negative) : NAN;
}

static double to_inf(const unit_format *f, bool negative)
{
    if (!(f->flags & VPREC_NOINF))
        return negative ? -INFINITY : INFINITY;
    return f->flags & VPREC_SAT ? to_max(f, negative) : to_nan(f, negative);
}

static double to_overflow(const unit_format *f, bool negative, vprec_mode mode)
{
    if (mode == VPREC_RTZ || mode == VPREC_RTO || (mode == VPREC_RU && negative) || (mode == VPREC_RD && !negative))
        return to_max(f, negative);
    return f->flags & VPREC_SAT ? to_max(f, negative) : to_inf(f, negative);
}

/* Operands that are not finite, poles, roots of negative numbers: C's own
 * arithmetic says which of infinity, NaN (with x86's sign) or zero comes out. */
static bool special(const unit_case *c, double *result)
{
    volatile double a = c->x[0], b = c->x[1], z = c->x[2];
    switch (c->op) {
    case UNIT_round: *result = a; return !isfinite(a);
    case UNIT_add: *result = a + b; return !isfinite(a) || !isfinite(b);
    case UNIT_sub: *result = a - b; return !isfinite(a) || !isfinite(b);
    case UNIT_mul: *result = a * b; return !isfinite(a) || !isfinite(b);
    case UNIT_div: *result = a / b; return !isfinite(a) || !isfinite(b) || b == 0;
    case UNIT_sqrt: *result = sqrt(a); return !isfinite(a) || a < 0;
    case UNIT_fma: *result = fma(a, b, z); return !isfinite(a) || !isfinite(b) || !isfinite(z);
    default: return false;
    }
}

static void split(double v, mpz_t n, long *x)
{
    int e;
    mpz_set_d(n, ldexp(frexp(v, &e), 53));
    *x = e - 53;
}

/* sum*2^x += m*2^y; m is spent */
static void accumulate(mpz_t sum, long *x, long y)
{
    if (*x > y) {
        mpz_mul_2exp(sum, sum, *x - y);
        *x = y;
    } else {
        mpz_mul_2exp(m, m, y - *x);
    }
    mpz_add(sum, sum, m);
}

/* The exact value, sign in n; `zero` is the sign of an exactly zero result,
 * -1 where the rounding direction decides. */
static void evaluate(const unit_case *c, int *zero)
{
    bool s0 = signbit(c->x[0]), s1 = signbit(c->x[1]), s2 = signbit(c->x[2]);
    long y;
    mpz_set_ui(v->d, 1);
    v->root = c->op == UNIT_sqrt;
    v->whole = c->op != UNIT_div;
    v->x = 0;
    *zero = s0;
    if (c->op < UNIT_from_i64)
        split(c->x[0], v->n, &v->x);
    switch (c->op) {
    case UNIT_add:
    case UNIT_sub:
        split(c->op == UNIT_sub ? -c->x[1] : c->x[1], m, &y);
        accumulate(v->n, &v->x, y);
        *zero = s0 == (s1 ^ (c->op == UNIT_sub)) ? s0 : -1;
        break;
    case UNIT_mul:
    case UNIT_fma:
        split(c->x[1], m, &y);
        mpz_mul(v->n, v->n, m);
        v->x += y;
        *zero = s0 ^ s1;
        if (c->op == UNIT_mul)
            break;
        split(c->x[2], m, &y);
        accumulate(v->n, &v->x, y);
        *zero = (s0 ^ s1) == s2 ? s2 : -1;
        break;
    case UNIT_div:
        split(c->x[1], v->d, &y);
        v->x -= y;
        if (mpz_sgn(v->d) < 0) {
            mpz_neg(v->d, v->d);
            mpz_neg(v->n, v->n);
        }
        *zero = s0 ^ s1;
        break;
    case UNIT_from_i64: mpz_set_si(v->n, (int64_t)c->n); *zero = 0; break;
    case UNIT_from_u64: mpz_set_ui(v->n, c->n); *zero = 0; break;
    default: break;
    }
    v->negative = mpz_sgn(v->n) < 0;
    mpz_abs(v->n, v->n);
}

/* k = floor(|value| / 2^unit); returns where the value lies between k and k+1:
 * 0 at k, 1 below the middle, 2 in the middle, 3 above. */
static int locate(long unit)
{
    long shift = v->x - (v->root ? 2 * unit : unit);
    if (v->whole && !v->root) { /* the bits below the unit say it */
        if (shift >= 0) {
            mpz_mul_2exp(k, v->n, shift);
            return 0;
        }
        mpz_fdiv_q_2exp(k, v->n, -shift);
        mp_bitcnt_t last = mpz_scan1(v->n, 0), middle = -shift - 1;
        return last > middle ? 0 : !mpz_tstbit(v->n, middle) ? 1 : last == middle ? 2 : 3;
    }
    mpz_mul_2exp(n, v->n, shift > 0 ? shift : 0);
    mpz_mul_2exp(d, v->d, shift < 0 ? -shift : 0);
    mpz_fdiv_q(k, n, d);
    if (v->root)
        mpz_sqrt(k, k);
    /* 4n against d (2k)^2 and d (2k+1)^2; or 2n against d 2k and d (2k+1) */
    mpz_mul_2exp(n, n, v->root ? 2 : 1);
    mpz_mul_2exp(r, k, 1);
    int relation[2];
    for (int i = 0; i < 2; i++) {
        mpz_add_ui(t, r, i);
        if (v->root)
            mpz_mul(t, t, t);
        mpz_mul(t, t, d);
        relation[i] = mpz_cmp(n, t);
    }
    if (relation[0] == 0)
        return 0;
    return relation[1] < 0 ? 1 : relation[1] == 0 ? 2 : 3;
}

/* floor(log2|value|) */
static long magnitude(void)
{
    long e = (long)mpz_sizeinbase(v->n, 2) - (long)mpz_sizeinbase(v->d, 2) + v->x;
    if (v->root)
        return e >> 1; /* arithmetic: the floor */
    if (v->whole)
        return e;
    locate(e); /* e, or e-1 where n/d is below the powers of two that their sizes say */
    return mpz_sgn(k) ? e : e - 1;
}

static bool upward(vprec_mode mode, bool negative, bool odd, int where)
{
    switch (mode) {
    case VPREC_RNE: return where == 3 || (where == 2 && odd);
    case VPREC_RNA: return where >= 2;
    case VPREC_RU: return where && !negative;
    case VPREC_RD: return where && negative;
    case VPREC_RTO: return where && !odd;
    default: return false;
    }
}

/* Where in a unit, as locate() says it, a fraction of it lies whose last bits are `beyond`. */
static int place(uint64_t fraction, int beyond)
{
    const uint64_t half = UINT64_C(1) << 63;
    if (fraction == half)
        return beyond ? 3 : 2;
    return fraction > half ? 3 : fraction || beyond;
}

/* One result for all modes: no rounding. */
static void settle(unit_answer *answer, double result)
{
    for (int mode = 0; mode < VPREC_SR; mode++)
        answer->want[mode] = result;
    answer->choice[0] = answer->choice[1] = result;
}

void unit_exact(const unit_case *c, const unit_format *f, unit_answer *answer)
{
    *answer = (unit_answer){.want[VPREC_SR] = NAN};
    double result;
    int zero;
    if (special(c, &result)) {
        settle(answer, isnan(result)   ? to_nan(f, signbit(result))
                       : isinf(result) ? to_inf(f, signbit(result))
                                       : to_zero(f, signbit(result)));
        return;
    }
    evaluate(c, &zero);
    if (!mpz_sgn(v->n)) {
        settle(answer, to_zero(f, zero > 0));
        answer->want[VPREC_RD] = to_zero(f, zero != 0);
        return;
    }
    long emin = 1 - f->bias, e = magnitude();
    answer->tiny = e < emin;
    long unit = (answer->tiny && !(f->flags & VPREC_NOSUB) ? emin : e) - f->fbits;
    answer->beyond = locate(unit - 64);
    answer->fraction = mpz_getlimbn(k, 0);
    uint64_t whole = mpz_getlimbn(k, 1);
    int where = place(answer->fraction, answer->beyond);
    answer->inexact = where != 0;
    answer->tie = where == 2;

    double value[2];
    bool over[2];
    for (int i = 0; i < 2; i++) {
        long double x = ldexpl(whole + i, unit); /* exact: 64 bits, and twice the exponents */
        bool flushed = !(whole + i) || ((f->flags & VPREC_NOSUB) && x < ldexpl(1, emin));
        over[i] = x > f->max;
        value[i] = flushed ? to_zero(f, v->negative) : v->negative ? -(double)x : (double)x;
    }
    answer->lowest = answer->tiny && e < emin - f->fbits;
    answer->brim = answer->inexact && over[1] && !over[0];
    answer->overflow = answer->brim || over[0];
    for (int mode = 0; mode < VPREC_SR; mode++) {
        bool up = upward(mode, v->negative, whole & 1, where);
        answer->want[mode] = over[up] ? to_overflow(f, v->negative, mode) : value[up];
    }
    for (int i = 0; i < 2; i++)
        answer->choice[i] = over[i] ? to_overflow(f, v->negative, VPREC_SR) : value[i];
}

unsigned __int128 unit_threshold(const unit_answer *answer, unsigned bits)
{
    if (bits == 64)
        return (unsigned __int128)answer->fraction + upward(VPREC_RNE, false, answer->fraction & 1, answer->beyond);
    uint64_t q = answer->fraction >> (64 - bits);
    return q + upward(VPREC_RNE, false, q & 1, place(answer->fraction << bits, answer->beyond));
}

double unit_stochastic(const unit_answer *answer, unsigned bits, uint64_t random)
{
    return answer->choice[random >> (64 - bits) < unit_threshold(answer, bits)];
}
