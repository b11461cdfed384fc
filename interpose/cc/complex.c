/* SPDX-License-Identifier: Apache-2.0
 * complex.c: see complex.h. The steps are those of libgcc since GCC 12, in its order: a quotient of float numbers in
 * double; of double ones by the larger part of the denominator (Smith 1962), scaled against overflow and underflow
 * (Baudin and Smith 2012); where both parts come out as NaN, what ISO C, annex G wants. */
#include "complex.h"
#include "evaluate.h"
#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* All of them: on no line of the program. */
static vprec_cc_site site = {.function = "complex", .file = ""};

static double f64(enum vprec_cc_op op, double a, double b)
{
    double r = op == VPREC_CC_ADD ? a + b : op == VPREC_CC_SUB ? a - b : op == VPREC_CC_MUL ? a * b : a / b;
    vprec_cc_evaluate(&site, VPREC_CC_CODE(op, VPREC_CC_F64, VPREC_CC_F64, 1u), &r, &a, &b, NULL, NULL);
    return r;
}

static float f32(enum vprec_cc_op op, float a, float b)
{
    float r = op == VPREC_CC_ADD ? a + b : op == VPREC_CC_SUB ? a - b : op == VPREC_CC_MUL ? a * b : a / b;
    vprec_cc_evaluate(&site, VPREC_CC_CODE(op, VPREC_CC_F32, VPREC_CC_F32, 1u), &r, &a, &b, NULL, NULL);
    return r;
}

static double widened(float a)
{
    double r = a;
    vprec_cc_evaluate(&site, VPREC_CC_CODE(VPREC_CC_CONVERT, VPREC_CC_F64, VPREC_CC_F32, 1u), &r, &a, NULL, NULL, NULL);
    return r;
}

static float narrowed(double a)
{
    float r = (float)a;
    vprec_cc_evaluate(&site, VPREC_CC_CODE(VPREC_CC_CONVERT, VPREC_CC_F32, VPREC_CC_F64, 1u), &r, &a, NULL, NULL, NULL);
    return r;
}


/* 1 or 0 with the sign: what an infinity stands for, and what a finite number next to one. */
#define BOXED(number, x) ((number)copysign(isinf(x) ? 1.0 : 0.0, (double)(x)))
#define ZERO_FOR_NAN(number, x) (isnan(x) ? (number)copysign(0.0, (double)(x)) : (x))

#define COMPLEX(number, f, make, mul, recover)                                                                         \
    static number complex mul(number a, number b, number c, number d)                                                  \
    {                                                                                                                  \
        const number ac = f(VPREC_CC_MUL, a, c), bd = f(VPREC_CC_MUL, b, d), ad = f(VPREC_CC_MUL, a, d),               \
                     bc = f(VPREC_CC_MUL, b, c);                                                                       \
        number x = f(VPREC_CC_SUB, ac, bd), y = f(VPREC_CC_ADD, ad, bc);                                               \
        if (!isnan(x) || !isnan(y))                                                                                    \
            return make(x, y);                                                                                         \
        bool infinite = false;                                                                                         \
        if (isinf(a) || isinf(b)) {                                                                                    \
            a = BOXED(number, a), b = BOXED(number, b);                                                                \
            c = ZERO_FOR_NAN(number, c), d = ZERO_FOR_NAN(number, d);                                                  \
            infinite = true;                                                                                           \
        }                                                                                                              \
        if (isinf(c) || isinf(d)) {                                                                                    \
            c = BOXED(number, c), d = BOXED(number, d);                                                                \
            a = ZERO_FOR_NAN(number, a), b = ZERO_FOR_NAN(number, b);                                                  \
            infinite = true;                                                                                           \
        }                                                                                                              \
        if (!infinite && (isinf(ac) || isinf(bd) || isinf(ad) || isinf(bc))) {                                         \
            a = ZERO_FOR_NAN(number, a), b = ZERO_FOR_NAN(number, b);                                                  \
            c = ZERO_FOR_NAN(number, c), d = ZERO_FOR_NAN(number, d);                                                  \
            infinite = true;                                                                                           \
        }                                                                                                              \
        if (infinite) {                                                                                                \
            x = f(VPREC_CC_MUL, (number)INFINITY,                                                                      \
                  f(VPREC_CC_SUB, f(VPREC_CC_MUL, a, c), f(VPREC_CC_MUL, b, d)));                                      \
            y = f(VPREC_CC_MUL, (number)INFINITY,                                                                      \
                  f(VPREC_CC_ADD, f(VPREC_CC_MUL, a, d), f(VPREC_CC_MUL, b, c)));                                      \
        }                                                                                                              \
        return make(x, y);                                                                                             \
    }                                                                                                                  \
                                                                                                                       \
    /* Of a quotient both parts are NaN. */                                                                            \
    static number complex recover(number a, number b, number c, number d, number complex nans)                         \
    {                                                                                                                  \
        number factor = 0;                                                                                             \
        if (c == 0 && d == 0 && (!isnan(a) || !isnan(b)))                                                              \
            return make(f(VPREC_CC_MUL, (number)copysign(INFINITY, (double)(c)), a),                                   \
                        f(VPREC_CC_MUL, (number)copysign(INFINITY, (double)(c)), b));                                  \
        if ((isinf(a) || isinf(b)) && isfinite(c) && isfinite(d)) {                                                    \
            a = BOXED(number, a), b = BOXED(number, b);                                                                \
            factor = (number)INFINITY;                                                                                 \
        } else if ((isinf(c) || isinf(d)) && isfinite(a) && isfinite(b)) {                                             \
            c = BOXED(number, c), d = BOXED(number, d);                                                                \
        } else {                                                                                                       \
            return nans;                                                                                               \
        }                                                                                                              \
        return make(f(VPREC_CC_MUL, factor, f(VPREC_CC_ADD, f(VPREC_CC_MUL, a, c), f(VPREC_CC_MUL, b, d))),            \
                    f(VPREC_CC_MUL, factor, f(VPREC_CC_SUB, f(VPREC_CC_MUL, b, c), f(VPREC_CC_MUL, a, d))));           \
    }

COMPLEX(float, f32, CMPLXF, mul_f32, recover_f32)
COMPLEX(double, f64, CMPLX, mul_f64, recover_f64)

static double dot(double a, double b, double c, double d)
{
    return f64(VPREC_CC_ADD, f64(VPREC_CC_MUL, a, b), f64(VPREC_CC_MUL, c, d));
}

static float complex div_f32(float a, float b, float c, float d)
{
    const double a_ = widened(a), b_ = widened(b), c_ = widened(c), d_ = widened(d);
    const double norm = dot(c_, c_, d_, d_);
    const double re = f64(VPREC_CC_DIV, dot(a_, c_, b_, d_), norm);
    const double difference = f64(VPREC_CC_SUB, f64(VPREC_CC_MUL, b_, c_), f64(VPREC_CC_MUL, a_, d_));
    const double im = f64(VPREC_CC_DIV, difference, norm);
    const float x = narrowed(re), y = narrowed(im);
    return isnan(x) && isnan(y) ? recover_f32(a, b, c, d, CMPLXF(x, y)) : CMPLXF(x, y);
}

/* A quotient's numbers; `large`, `small`: the denominator's parts by magnitude. */
typedef struct quotient {
    double a, b, large, small;
} quotient;

static void scale(quotient *q, double by)
{
    q->a = f64(VPREC_CC_MUL, q->a, by), q->b = f64(VPREC_CC_MUL, q->b, by);
    q->large = f64(VPREC_CC_MUL, q->large, by), q->small = f64(VPREC_CC_MUL, q->small, by);
}

/* Against overflow, and against underflow; the second looks at what the first has made. */
static void scale_both_ways(quotient *q)
{
    const double big = DBL_MAX / 2, most = big * DBL_EPSILON;
    if (fabs(q->large) >= big)
        scale(q, 0.5);
    const double a = fabs(q->a), b = fabs(q->b), large = fabs(q->large);
    if (large < DBL_EPSILON || (large < most && ((a < DBL_MIN && b < most) || (b < DBL_MIN && a < most))))
        scale(q, 1 / DBL_EPSILON);
}

static double complex div_f64(double a, double b, double c, double d)
{
    const bool second = fabs(c) < fabs(d);
    quotient q = {a, b, second ? d : c, second ? c : d};
    scale_both_ways(&q);
    const double large = q.large, small = q.small, a_ = q.a, b_ = q.b;
    double x, y;
    const double ratio = f64(VPREC_CC_DIV, small, large);
    const double norm = f64(VPREC_CC_ADD, f64(VPREC_CC_MUL, small, ratio), large);
    const bool plain = fabs(ratio) > DBL_MIN;
    /* Times ratio; where that is subnormal, the division comes first. */
#define TIMES(v) (plain ? f64(VPREC_CC_MUL, v, ratio) : f64(VPREC_CC_MUL, small, f64(VPREC_CC_DIV, v, large)))
    if (second) {
        x = f64(VPREC_CC_ADD, TIMES(a_), b_);
        y = f64(VPREC_CC_SUB, TIMES(b_), a_);
    } else {
        x = f64(VPREC_CC_ADD, TIMES(b_), a_);
        y = f64(VPREC_CC_SUB, b_, TIMES(a_));
    }
    x = f64(VPREC_CC_DIV, x, norm), y = f64(VPREC_CC_DIV, y, norm);
    return isnan(x) && isnan(y) ? recover_f64(a_, b_, second ? small : large, second ? large : small, CMPLX(x, y))
                                : CMPLX(x, y);
}

void *vprec_cc_complex(const char *name)
{
    static const struct {
        const char *name;
        void *function;
    } all[] = {{"__mulsc3", (void *)mul_f32},
               {"__divsc3", (void *)div_f32},
               {"__muldc3", (void *)mul_f64},
               {"__divdc3", (void *)div_f64}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i].name, name))
            return all[i].function;
    return NULL;
}
