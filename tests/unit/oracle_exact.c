/* SPDX-License-Identifier: Apache-2.0
 * oracle_exact.c: what an operation must give, from the definition: the exact
 * value as a ratio of integers (or its square, for roots), the two neighbours
 * in the format, a choice by mode. Slow on purpose; shares nothing with lib/. */
#include "support.h"
#include <gmp.h>
#include <math.h>

/* |value| = n/d * 2^x, or its square is. */
typedef struct exact {
    mpz_t n, d;
    long x;
    bool negative, root;
} exact;

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

/* n*2^x += m*2^y; m is spent */
static void accumulate(mpz_t n, long *x, mpz_t m, long y)
{
    if (*x > y) {
        mpz_mul_2exp(n, n, *x - y);
        *x = y;
    } else {
        mpz_mul_2exp(m, m, y - *x);
    }
    mpz_add(n, n, m);
}

/* The exact value, sign in n; `zero` is the sign of an exactly zero result,
 * -1 where the rounding direction decides. */
static void evaluate(const unit_case *c, exact *v, int *zero)
{
    static mpz_t m;
    static bool ready;
    if (!ready)
        mpz_init(m);
    ready = true;
    bool s0 = signbit(c->x[0]), s1 = signbit(c->x[1]), s2 = signbit(c->x[2]);
    long y;
    mpz_set_ui(v->d, 1);
    v->root = c->op == UNIT_sqrt;
    v->x = 0;
    *zero = s0;
    if (c->op < UNIT_from_i64)
        split(c->x[0], v->n, &v->x);
    switch (c->op) {
    case UNIT_add:
    case UNIT_sub:
        split(c->op == UNIT_sub ? -c->x[1] : c->x[1], m, &y);
        accumulate(v->n, &v->x, m, y);
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
        accumulate(v->n, &v->x, m, y);
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
static int locate(const exact *v, long unit, mpz_t k)
{
    static mpz_t n, d, r;
    static bool ready;
    if (!ready)
        mpz_inits(n, d, r, NULL);
    ready = true;
    long shift = v->x - (v->root ? 2 * unit : unit);
    mpz_set(n, v->n);
    mpz_set(d, v->d);
    if (shift >= 0)
        mpz_mul_2exp(n, n, shift);
    else
        mpz_mul_2exp(d, d, -shift);
    mpz_fdiv_q(k, n, d);
    if (v->root)
        mpz_sqrt(k, k);
    /* 4n against d (2k)^2 and d (2k+1)^2; or 2n against d 2k and d (2k+1) */
    mpz_mul_2exp(n, n, v->root ? 2 : 1);
    mpz_mul_2exp(r, k, 1);
    int relation[2];
    for (int i = 0; i < 2; i++) {
        static mpz_t t;
        static bool t_ready;
        if (!t_ready)
            mpz_init(t);
        t_ready = true;
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
static long magnitude(const exact *v)
{
    static mpz_t k;
    static bool ready;
    if (!ready)
        mpz_init(k);
    ready = true;
    long e = (long)mpz_sizeinbase(v->n, 2) - (long)mpz_sizeinbase(v->d, 2) + v->x;
    if (v->root)
        e = (e - (e & 1)) / 2 + 1;
    for (;; e--) { /* at most a step or two: the first e with value >= 2^e */
        locate(v, e, k);
        if (mpz_sgn(k))
            return e;
    }
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

void unit_exact(const unit_case *c, const unit_format *f, unit_answer *answer)
{
    static exact v;
    static mpz_t k;
    static bool ready;
    if (!ready)
        mpz_inits(v.n, v.d, k, NULL);
    ready = true;
    *answer = (unit_answer){0};
    double result;
    int zero;
    if (special(c, &result)) {
        for (int mode = 0; mode < VPREC_MODES; mode++)
            answer->want[mode] = isnan(result)   ? to_nan(f, signbit(result))
                                 : isinf(result) ? to_inf(f, signbit(result))
                                                 : to_zero(f, signbit(result));
        return;
    }
    evaluate(c, &v, &zero);
    if (!mpz_sgn(v.n)) {
        for (int mode = 0; mode < VPREC_MODES; mode++)
            answer->want[mode] = to_zero(f, zero < 0 ? mode == VPREC_RD : zero);
        return;
    }
    long emin = 1 - f->bias, e = magnitude(&v);
    answer->tiny = e < emin;
    long unit = (answer->tiny && !(f->flags & VPREC_NOSUB) ? emin : e) - f->fbits;
    int where = locate(&v, unit, k);
    answer->inexact = where != 0;
    answer->tie = where == 2;
    for (int mode = 0; mode < VPREC_MODES; mode++) {
        uint64_t chosen = mpz_get_ui(k) + upward(mode, v.negative, mpz_odd_p(k), where);
        long double r = ldexpl(chosen, unit); /* exact: 64 bits, and twice the exponents */
        bool over = r > f->max;
        if (chosen == 0 || ((f->flags & VPREC_NOSUB) && r < ldexpl(1, emin)))
            answer->want[mode] = to_zero(f, v.negative);
        else if (over)
            answer->want[mode] = to_overflow(f, v.negative, mode);
        else
            answer->want[mode] = v.negative ? -(double)r : (double)r;
        answer->overflow |= over;
    }
}
