/* SPDX-License-Identifier: Apache-2.0
 * problems.c: problems with known answers, many samples in one process, as the
 * bits of the results. Compiled plainly it links nothing of vprec's: scalar or
 * (-DVECTOR) sixteen floats or eight doubles at once. With -DLIBRARY every
 * operation is one of the library's.
 * Usage: problems NAME SAMPLES [PARAMETER] [rr|pb|mca PRECISION] */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FLOAT
typedef float element;
#define NATIVE_ROOT sqrtf
#define BITS uint32_t
#else
typedef double element;
#define NATIVE_ROOT sqrt
#define BITS uint64_t
#endif

#ifdef LIBRARY
#include "vprec.h"
typedef element real;
static vprec_format format;
static vprec_noise noise;
static vprec_source source;
static uint64_t drawn;

static const uint64_t *words(void)
{
    static uint64_t w[8];
    vprec_source_words(&source, drawn, 16, 0, (uint32_t *)w);
    drawn += 16;
    return w;
}

static real plus(real a, real b)
{
    return (real)vprec_add_mca(a, b, &format, &noise, words());
}
static real minus(real a, real b)
{
    return (real)vprec_sub_mca(a, b, &format, &noise, words());
}
static real times(real a, real b)
{
    return (real)vprec_mul_mca(a, b, &format, &noise, words());
}
static real over(real a, real b)
{
    return (real)vprec_div_mca(a, b, &format, &noise, words());
}
static real root(real a)
{
    return (real)vprec_sqrt_mca(a, &format, &noise, words());
}
#else
#ifdef VECTOR
typedef element real __attribute__((vector_size(64)));
#ifdef FLOAT
#define ROOT(x) __builtin_ia32_sqrtps512_mask(x, x, -1, 4)
#else
#define ROOT(x) __builtin_ia32_sqrtpd512_mask(x, x, -1, 4)
#endif
#else
typedef element real;
#define ROOT(x) NATIVE_ROOT(x)
#endif
static real plus(real a, real b)
{
    return a + b;
}
static real minus(real a, real b)
{
    return a - b;
}
static real times(real a, real b)
{
    return a * b;
}
static real over(real a, real b)
{
    return a / b;
}
static real root(real a)
{
    return ROOT(a);
}
#endif

enum { LANES = sizeof(real) / sizeof(element) };

/* A number that the compiler does not know. */
static real number(element x)
{
    volatile element v[LANES];
    real r;
    for (int i = 0; i < LANES; i++)
        v[i] = x;
    memcpy(&r, (const void *)v, sizeof r);
    return r;
}

/* 1.25 + 2^-k: how often it is 1.25 */
static real boundary(element k)
{
    union {
        float f;
        uint32_t u;
    } power = {.u = (uint32_t)(127 - (int)k) << 23};
    volatile element p = power.f;
    return plus(number(1.25), number(p));
}

/* x of .2161 x + .1441 y = .1440, 1.2969 x + .8648 y = .8642, which is 2 */
static real cramer(element unused)
{
    (void)unused;
    real a = number((element).2161), b = number((element).1441), c = number((element)1.2969),
         d = number((element).8648);
    real p = number((element).1440), q = number((element).8642);
    real determinant = minus(times(a, d), times(b, c));
    return over(minus(times(p, d), times(b, q)), determinant);
}

/* The small root of 7x^2 - 8686x + 2 */
static real kahan(element unused)
{
    (void)unused;
    real a = number(7), b = number(8686), c = number(2);
    real discriminant = minus(times(b, b), times(times(number(4), a), c));
    return over(minus(b, root(discriminant)), times(number(2), a));
}

/* T20(z) by its powers */
static real chebyshev(element z)
{
    static const element coefficients[] = {1,       -200,     6600,    -84480,   549120, -2050048,
                                           4659200, -6553600, 5570560, -2621440, 524288};
    real sum = number(1), x = number(z), power = number(1);
    for (int i = 1; i <= 10; i++) {
        power = times(times(power, x), x);
        sum = plus(sum, times(number(coefficients[i]), power));
    }
    return sum;
}

/* u(n) of u = 111 - 1130/u + 3000/(u v), which goes to 6 and is drawn to 100 */
static real muller(element n)
{
    real v = number(5.5), u = over(number(61), number(11));
    for (int i = 1; i < (int)n; i++) {
        real next = plus(minus(number(111), over(number(1130), u)), over(number(3000), times(u, v)));
        v = u;
        u = next;
    }
    return u;
}

/* (11111113 - 11111111) + 7.5111111, and the other order */
static real absorption(element right)
{
    real a = number(11111113), b = number(-11111111), c = number((element)7.5111111);
    return right ? plus(a, plus(b, c)) : plus(plus(a, b), c);
}

/* 1 + 1/2 + ... + 1/n */
static real harmonic(element n)
{
    real sum = number(0), one = number(1);
    for (int i = 1; i <= (int)n; i++)
        sum = plus(sum, over(one, number((element)i)));
    return sum;
}

/* 9x^4 - y^4 + 2y^2 at (10864, 18817), which is 1 */
static real rump(element unused)
{
    (void)unused;
    real x = number(10864), y = number(18817), xx = times(x, x), yy = times(y, y);
    return plus(minus(times(number(9), times(xx, xx)), times(yy, yy)), times(number(2), yy));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        real (*run)(element);
    } problems[] = {{"boundary", boundary},   {"cramer", cramer}, {"kahan", kahan},
                    {"chebyshev", chebyshev}, {"muller", muller}, {"absorption", absorption},
                    {"harmonic", harmonic},   {"rump", rump}};
    if (argc < 3)
        return 2;
    static const element tenths[] = {0,
                                     (element).1,
                                     (element).2,
                                     (element).3,
                                     (element).4,
                                     (element).5,
                                     (element).6,
                                     (element).7,
                                     (element).8,
                                     (element).9,
                                     1};
    int parameter = argc > 3 ? atoi(argv[3]) : 0;
    element value = (element)parameter;
    if (!strcmp(argv[1], "chebyshev")) /* in tenths: no conversion that could have noise */
        value = tenths[parameter];
#ifdef LIBRARY
    char message[160];
    noise = (vprec_noise){argc > 4 && !strcmp(argv[4], "pb")    ? 2
                          : argc > 4 && !strcmp(argv[4], "mca") ? 3
                                                                : 1,
                          argc > 5                    ? (unsigned)atoi(argv[5])
                          : 8 * sizeof(element) == 32 ? 24
                                                      : 53,
                          VPREC_ERROR_RELATIVE, 0};
    vprec_source_init(&source, 1);
    if (vprec_format_parse(sizeof(element) == 4 ? "e8m23" : "e11m52", sizeof(element) == 4 ? VPREC_F32 : VPREC_F64,
                           &format, message, sizeof message))
        return 2;
#endif
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (!strcmp(problems[i].name, argv[1]))
            for (int n = atoi(argv[2]); n > 0; n -= LANES) {
                real r = problems[i].run(value);
                BITS bits[LANES];
                memcpy(bits, &r, sizeof bits);
                for (int l = 0; l < LANES; l++)
                    printf("%llx\n", (unsigned long long)bits[l]);
            }
    return 0;
}
