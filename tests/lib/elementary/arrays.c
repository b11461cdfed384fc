/* SPDX-License-Identifier: Apache-2.0
 * arrays.c: arrays give what the scalar functions give, keep the array
 * contract, and neither they nor the scalars see or touch the environment. */
#include "compare.h"
#include "draws.h"
#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition) && failures++ < 20) {                                                                         \
            fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                            \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fputc('\n', stderr);                                                                                       \
        }                                                                                                              \
    } while (0)

enum { N = 700 }; /* two blocks and a part */

/* A source with memory of none: the word of an element and draw. */
static uint32_t word(uint64_t index, unsigned draw)
{
    uint64_t state = index * 2 + draw;
    return compare_random(&state) >> (index % 5 == 0 ? 60 : 32);
}

static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    (*(uint64_t *)context)++;
    for (size_t i = 0; i < n; i++)
        space[i] = word(index + i, draw);
    return space;
}

static double scalar(vprec_function function, double x, double y, const vprec_rounding *to, size_t i, bool *unproven)
{
    uint64_t random = (uint64_t)word(i, 0) << 32 | word(i, 1);
    if (to->mode == VPREC_SR)
        return vprec_libm_sr(function, x, y, &to->format, to->random.bits, random, unproven);
    return vprec_libm(function, x, y, &to->format, to->mode, unproven);
}

/* Same, and in the array of either operand, and from a start that is aligned to the element only. */
#define AGREE(type, T)                                                                                                 \
    static void agree_##type(vprec_function function, const vprec_rounding *to)                                        \
    {                                                                                                                  \
        static T x[N], y[N], plain[N], over_x[N + 1], over_y[N];                                                       \
        uint64_t state = function + 77 * to->mode;                                                                     \
        for (int i = 0; i < N; i++) {                                                                                  \
            double a, b;                                                                                               \
            draw_place(&state, function, &to->format, &a, &b);                                                         \
            x[i] = over_x[i + 1] = (T)a;                                                                               \
            y[i] = over_y[i] = (T)b;                                                                                   \
        }                                                                                                              \
        size_t counts[3], expected = 0;                                                                                \
        vprec_status status = vprec_libm_##type(function, plain, x, y, N, to, &counts[0]);                             \
        status |= vprec_libm_##type(function, over_x + 1, over_x + 1, y, N, to, &counts[1]);                           \
        status |= vprec_libm_##type(function, over_y, x, over_y, N, to, &counts[2]);                                   \
        EXPECT(status == VPREC_OK, "%s: status %d", vprec_function_name(function), status);                            \
        for (int i = 0; i < N; i++) {                                                                                  \
            bool unproven;                                                                                             \
            T want = (T)scalar(function, x[i], y[i], to, i, &unproven);                                                \
            expected += unproven;                                                                                      \
            EXPECT(!memcmp(&plain[i], &want, sizeof want) && !memcmp(&over_x[i + 1], &want, sizeof want) &&            \
                       !memcmp(&over_y[i], &want, sizeof want),                                                        \
                   "%s(%a, %a) " #type " mode %d m%d: %a, %a, %a, scalar %a", vprec_function_name(function),           \
                   (double)x[i], (double)y[i], to->mode, to->format.fbits, (double)plain[i], (double)over_x[i + 1],    \
                   (double)over_y[i], (double)want);                                                                   \
        }                                                                                                              \
        for (int i = 0; i < 3; i++)                                                                                    \
            EXPECT(counts[i] == expected, "%zu unproven, scalar %zu", counts[i], expected);                            \
    }
AGREE(f32, float)
AGREE(f64, double)

static void agree(void)
{
    static const char *const texts[] = {"bf16", "fp16", "e4m3fn", "e4m3fnuz", "e2m1fn", "fp32", "fp16:nosub:sat"};
    static const char *const wide[] = {"e11m40", "fp64"};
    uint64_t asked = 0;
    for (int function = 0; function < VPREC_FUNCTIONS_COUNT; function++) {
        for (int mode = 0; mode < VPREC_MODES; mode++) {
            static const unsigned bits[] = {8, 32, 33, 64};
            for (int k = 0; k < (mode == VPREC_SR ? 4 : 1); k++) {
                vprec_rounding to = {.mode = mode, .random = {bits[k], words, &asked}};
                for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                    to.format = compare_format(texts[i]);
                    agree_f32(function, &to);
                    if (i % 3 == 0)
                        agree_f64(function, &to);
                }
                for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
                    to.format = compare_format(wide[i]);
                    agree_f64(function, &to);
                }
            }
        }
    }
    EXPECT(asked > 0, "no random word was ever asked for");
}

static void contract(void)
{
    float a[8] = {1, 2, 3, 4}, b[8] = {1}, out[8];
    double d[8] = {1, 2, 3, 4}, d_out[8];
    uint64_t asked = 0;
    vprec_rounding to = {.format = compare_format("bf16")}, bad = to, none = to;
    size_t count = 77;
#define REFUSED(call, why) EXPECT((call) == (why), "%s", #call)
    REFUSED(vprec_libm_f32(VPREC_FUNCTIONS_COUNT, out, a, b, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, NULL, a, NULL, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, NULL, NULL, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_pow, out, a, NULL, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, a, NULL, 4, NULL, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, a + 1, a, NULL, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_pow, a + 1, b, a, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, (float *)((char *)out + 1), a, NULL, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, (float *)((char *)a + 2), NULL, 4, &to, NULL), VPREC_EINVAL);
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, a, NULL, SIZE_MAX / 2, &to, NULL), VPREC_EINVAL);
    bad.mode = VPREC_MODES;
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, a, NULL, 4, &bad, NULL), VPREC_EINVAL);
    bad.mode = VPREC_SR;
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, a, NULL, 4, &bad, NULL), VPREC_EINVAL);
    none.format.max = 3;
    REFUSED(vprec_libm_f64(VPREC_FN_exp, d_out, d, NULL, 4, &none, NULL), VPREC_EINVAL);
    to.format = compare_format("fp64");
    REFUSED(vprec_libm_f32(VPREC_FN_exp, out, a, NULL, 4, &to, NULL), VPREC_ERANGE);
    REFUSED(vprec_libm_f64(VPREC_FN_exp, d_out, d, NULL, 4, &to, &count), VPREC_OK);
    EXPECT(count == 0 && d_out[0] == M_E, "exp(1) = %a", d_out[0]);
    count = 77;
    REFUSED(vprec_libm_f64(VPREC_FN_pow, NULL, NULL, NULL, 0, &to, &count), VPREC_OK);
    EXPECT(count == 0, "n = 0");
    bad = (vprec_rounding){to.format, VPREC_SR, {65, words, &asked}, NULL};
    REFUSED(vprec_libm_f64(VPREC_FN_exp, d_out, d, NULL, 4, &bad, NULL), VPREC_EINVAL);

    vprec_function function;
    for (int f = 0; f < VPREC_FUNCTIONS_COUNT; f++)
        EXPECT(vprec_function_find(vprec_function_name(f), &function) == VPREC_OK && (int)function == f, "name %d", f);
    EXPECT(vprec_function_find("sqr", &function) == VPREC_EINVAL, "sqr");
    EXPECT(vprec_function_find(NULL, &function) == VPREC_EINVAL, "NULL");
    EXPECT(!vprec_function_name(VPREC_FUNCTIONS_COUNT) && !vprec_function_arity(-1), "no such function");
    EXPECT(isnan(vprec_libm(VPREC_FUNCTIONS_COUNT, 1, 1, &to.format, VPREC_RNE, NULL)), "no such function");
    EXPECT(isnan(vprec_libm(VPREC_FN_exp, 1, 1, &to.format, VPREC_SR, NULL)), "SR without bits");
    EXPECT(isnan(vprec_libm_sr(VPREC_FN_exp, 1, 1, &to.format, 0, 1, NULL)), "no bits");
    EXPECT(isnan(vprec_libm_sr(VPREC_FN_exp, 1, 1, &to.format, 65, 1, NULL)), "65 bits");
}

/* What a program may have set, and what must be found again. */
typedef struct environment {
    unsigned short control, status;
    unsigned mxcsr;
    int direction, raised, error;
} environment;

static environment look(void)
{
    environment e = {.direction = fegetround(), .raised = fetestexcept(FE_ALL_EXCEPT), .error = errno};
#if defined(__x86_64__)
    __asm__ volatile("fnstcw %0\n\tfnstsw %1\n\tstmxcsr %2" : "=m"(e.control), "=m"(e.status), "=m"(e.mxcsr));
    e.status &= 0xbf; /* the flags, not the codes of comparisons */
#endif
    return e;
}

static bool same(environment a, environment b)
{
    return a.control == b.control && a.status == b.status && a.mxcsr == b.mxcsr && a.direction == b.direction &&
           a.raised == b.raised && a.error == b.error;
}

static void enter(int which)
{
    static const int directions[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    fesetenv(FE_DFL_ENV);
    fesetround(directions[which % 4]);
    if (which & 4)
        feraiseexcept(FE_INEXACT | FE_OVERFLOW);
#if defined(__x86_64__)
    if (which & 8) {
        unsigned mxcsr;
        __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
        mxcsr |= 0x8040;                     /* FTZ, DAZ */
        unsigned short control = 0x007f;     /* x87 in single precision */
        __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(control));
    }
    if (which & 16) {
        feclearexcept(FE_ALL_EXCEPT);
        feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT); /* would kill us */
    }
#endif
    errno = 4711;
}

/* Every function, at places that take every step, in every environment. */
static void independent(void)
{
    static const char *const texts[] = {"bf16", "fp64"};
    for (int t = 0; t < 2; t++) {
        vprec_format format = compare_format(texts[t]);
        for (int function = 0; function < VPREC_FUNCTIONS_COUNT; function++) {
            enum { PLACES = 60 };
            double x[PLACES], y[PLACES], want[PLACES], out[PLACES];
            uint64_t state = function;
            for (int i = 0; i < PLACES; i++) {
                draw_place(&state, function, &format, &x[i], &y[i]);
                want[i] = vprec_libm(function, x[i], y[i], &format, i % VPREC_SR, NULL);
            }
            for (int which = 0; which < 32; which++) {
                for (int i = 0; i < PLACES; i++) {
                    enter(which);
                    environment before = look();
                    double got = vprec_libm(function, x[i], y[i], &format, i % VPREC_SR, NULL);
                    environment after = look();
                    fesetenv(FE_DFL_ENV);
                    EXPECT(compare_same(got, want[i]) && same(before, after),
                           "%s(%a, %a) to %s in environment %d: %a, want %a; before and after: mxcsr %#x %#x, "
                           "x87 %#x %#x, %#x %#x, errno %d",
                           vprec_function_name(function), x[i], y[i], texts[t], which, got, want[i], before.mxcsr,
                           after.mxcsr, before.control, after.control, before.status, after.status, after.error);
                }
                vprec_rounding to = {.format = format, .mode = VPREC_RU};
                enter(which);
                environment before = look();
                vprec_status status = vprec_libm_f64(function, out, x, y, PLACES, &to, NULL);
                environment after = look();
                fesetenv(FE_DFL_ENV);
                EXPECT(!status && same(before, after), "%s array in environment %d", vprec_function_name(function),
                       which);
                for (int i = VPREC_RU; i < PLACES; i += VPREC_SR)
                    EXPECT(compare_same(out[i], want[i]), "%s array in environment %d", vprec_function_name(function),
                           which);
            }
        }
    }
    errno = 0;
}

int main(void)
{
    contract();
    independent();
    agree();
    printf("%d failures\n", failures);
    return failures > 0;
}
