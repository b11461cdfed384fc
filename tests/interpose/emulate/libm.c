/* SPDX-License-Identifier: Apache-2.0
 * libm.c: the replacements of libm's and libmvec's functions, called directly
 * with the true originals behind them: against MPFR where it has the function (edges.c goes on there),
 * else against the double function rounded once. Patches nothing. */
#include "known.h"
#include "libm/libm.h"
#include "x86/emulate/enter.h"

#include <complex.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 400, FAILURES_SHOWN = 20, ENOUGH = 40 };

static unsigned long failures, checks;
static void *libm, *libmvec;
static mpfr_rnd_t direction;

static uint64_t random64(void)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state * 0x2545F4914F6CDD1D;
}

/* Mostly of moderate size, where functions have something to say; some of any size. */
static double argument(vprec_type type)
{
    uint64_t r = random64();
    double x = ldexp((double)(int64_t)random64(), -63);
    x = (r & 15) == 0 ? ldexp(x, (int)(r >> 8 & 127) - 64) : (r & 3) ? x * 4 : x;
    return type == VPREC_F32 ? (double)(float)x : x;
}

static bool same(double a, double b)
{
    return a != a ? b != b : !memcmp(&a, &b, 8);
}

static void check(const char *name, double x, double y, double want, double got)
{
    checks++;
    if (same(want, got) || failures++ >= FAILURES_SHOWN)
        return;
    const vprec_arith *a = &vprec_arith_current;
    printf("%s(%a, %a): expected %a got %a; formats e%um%u e%um%u mode %d round %u fast %d\n", name, x, y, want, got,
           a->format[0].ebits, a->format[0].fbits, a->format[1].ebits, a->format[1].fbits, a->mode, a->round, a->fast);
}

/* Finds the originals of all entries; returns how many are there. */
static size_t resolve(const vprec_libm_entry *table, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        void *library = table[i].vector ? libmvec : libm;
        *table[i].original = dlsym(library, table[i].name);
        if (!*table[i].original) /* compatibility symbols have no default version */
            *table[i].original = dlvsym(library, table[i].name, "GLIBC_2.15");
        if (!*table[i].original)
            *table[i].original = dlvsym(library, table[i].name, "GLIBC_2.2.5");
        if (*table[i].original)
            found++;
        else
            printf("%s: not in this library\n", table[i].name);
        if (table[i].type == VPREC_F32 && table[i].wide && *table[i].original && !*table[i].wide) {
            printf("%s: no double function\n", table[i].name);
            failures++;
        }
    }
    return found;
}

static const vprec_libm_entry *find(const char *name)
{
    for (int vector = 0; vector < 2; vector++) {
        size_t n;
        const vprec_libm_entry *table = vector ? vprec_libmvec_table(&n) : vprec_libm_table(&n);
        for (size_t i = 0; i < n; i++)
            if (!strcmp(table[i].name, name))
                return &table[i];
    }
    printf("%s: not in the tables\n", name);
    exit(1);
}

static double reference(unary *f1, binary *f2, double x, double y, const vprec_format *f)
{
    mpfr_t a, b, r;
    mpfr_inits2(53, a, b, (mpfr_ptr)NULL);
    mpfr_init2(r, f->fbits + 1);
    mpfr_set_d(a, x, MPFR_RNDN);
    mpfr_set_d(b, y, MPFR_RNDN);
    double result = known_settle(r, f1 ? f1(r, a, direction) : f2(r, a, b, direction), f, direction);
    mpfr_clears(a, b, r, (mpfr_ptr)NULL);
    return result;
}

typedef double call_d(double, double);
typedef float call_f(float, float);

/* Scalar functions that MPFR has. */
static void check_known(void)
{
    vprec_arith *a = &vprec_arith_current;
    for (size_t k = 0; k < KNOWN; k++) {
        char name[32];
        for (int type = 0; type < VPREC_TYPES; type++) {
            snprintf(name, sizeof name, "%s%s", known[k].name, type == VPREC_F32 ? "f" : "");
            const vprec_libm_entry *e = find(name);
            for (int i = 0; i < CASES; i++) {
                double x = argument((vprec_type)type), y = argument((vprec_type)type), got, want, tx = x, ty = y;
                if (a->round & VPREC_ROUND_OPERANDS) {
                    tx = vprec_round(x, &a->format[type], a->mode);
                    ty = vprec_round(y, &a->format[type], a->mode);
                }
                got = type == VPREC_F32 ? ((call_f *)e->replacement)((float)x, (float)y) : ((call_d *)e->replacement)(x, y);
                want = reference(known[k].f1, known[k].f2, tx, ty, &a->format[type]);
                double native = vprec_round(((call_d *)*find(known[k].name)->original)(tx, ty), &a->format[type], a->mode);
                if (a->format[type].fbits >= ENOUGH && same(native, got))
                    want = native; /* the double function's result, rounded: its error shows in so many bits */
                check(name, x, known[k].f2 ? y : 0, want, got);
            }
        }
    }
}

/* Vector variants hold the scalar ones' results, lane by lane. */
typedef float f4 __attribute__((vector_size(16)));
typedef float f8 __attribute__((vector_size(32)));
typedef float f16 __attribute__((vector_size(64)));
typedef double d2 __attribute__((vector_size(16)));
typedef double d4 __attribute__((vector_size(32)));
typedef double d8 __attribute__((vector_size(64)));
typedef long long q2 __attribute__((vector_size(16)));
typedef long long q4 __attribute__((vector_size(32)));
typedef long long q8 __attribute__((vector_size(64)));

#define CALL(name, isa, T, V, N)                                                                                      \
    static __attribute__((target(isa), noinline)) void name(void *f, const T *x, const T *y, T *r)                    \
    {                                                                                                                 \
        V a, b;                                                                                                       \
        memcpy(&a, x, sizeof a);                                                                                      \
        memcpy(&b, y, sizeof b);                                                                                      \
        a = ((V(*)(V, V))f)(a, b);                                                                                    \
        memcpy(r, &a, sizeof a);                                                                                      \
    }
CALL(call_b32, "sse2", float, f4, 4)
CALL(call_c32, "avx", float, f8, 8)
CALL(call_e32, "avx512f", float, f16, 16)
CALL(call_b64, "sse2", double, d2, 2)
CALL(call_c64, "avx", double, d4, 4)
CALL(call_e64, "avx512f", double, d8, 8)

#define SINCOS1(name, isa, T, V, P, K, FIRST, SECOND, TYPES)                                                          \
    static __attribute__((target(isa), noinline)) void name(void *f, const T *x, T *s, T *c)                          \
    {                                                                                                                 \
        enum { N = sizeof(V) / sizeof(T) };                                                                           \
        V a;                                                                                                          \
        union {                                                                                                       \
            T *at[N];                                                                                                 \
            P v[K];                                                                                                   \
        } p, q;                                                                                                       \
        memcpy(&a, x, sizeof a);                                                                                      \
        for (int i = 0; i < N; i++)                                                                                   \
            p.at[i] = s + i, q.at[i] = c + i;                                                                         \
        ((void (*)TYPES)f)(a, FIRST, SECOND);                                                                         \
    }
#define ONE(x) x.v[0]
#define TWO(x) x.v[0], x.v[1]
#define FOUR(x) x.v[0], x.v[1], x.v[2], x.v[3]
SINCOS1(sincos_b32, "sse2", float, f4, q2, 2, TWO(p), TWO(q), (f4, q2, q2, q2, q2))
SINCOS1(sincos_c32, "avx", float, f8, q2, 4, FOUR(p), FOUR(q), (f8, q2, q2, q2, q2, q2, q2, q2, q2))
SINCOS1(sincos_d32, "avx2", float, f8, q4, 2, TWO(p), TWO(q), (f8, q4, q4, q4, q4))
SINCOS1(sincos_e32, "avx512f", float, f16, q8, 2, TWO(p), TWO(q), (f16, q8, q8, q8, q8))
SINCOS1(sincos_b64, "sse2", double, d2, q2, 1, ONE(p), ONE(q), (d2, q2, q2))
SINCOS1(sincos_c64, "avx", double, d4, q2, 2, TWO(p), TWO(q), (d4, q2, q2, q2, q2))
SINCOS1(sincos_d64, "avx2", double, d4, q4, 1, ONE(p), ONE(q), (d4, q4, q4))
SINCOS1(sincos_e64, "avx512f", double, d8, q8, 1, ONE(p), ONE(q), (d8, q8, q8))

static const struct {
    char letter;
    int bytes;
    void (*f32)(void *, const float *, const float *, float *);
    void (*f64)(void *, const double *, const double *, double *);
    void (*sincos32)(void *, const float *, float *, float *);
    void (*sincos64)(void *, const double *, double *, double *);
} shape[] = {{'b', 16, call_b32, call_b64, sincos_b32, sincos_b64},
             {'c', 32, call_c32, call_c64, sincos_c32, sincos_c64},
             {'d', 32, call_c32, call_c64, sincos_d32, sincos_d64},
             {'e', 64, call_e32, call_e64, sincos_e32, sincos_e64}};

static bool usable(char letter)
{
    switch (letter) {
    case 'b': return true;
    case 'c': return __builtin_cpu_supports("avx");
    case 'd': return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    default: return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    }
}

static void check_vectors(void)
{
    const vprec_arith *a = &vprec_arith_current;
    size_t n;
    const vprec_libm_entry *table = vprec_libmvec_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (!*table[i].original)
            continue;
        const char *name = table[i].name, *function = strchr(name, '_') + 1;
        size_t s = (size_t)(name[4] - 'b');
        function = strchr(function, '_') + 1;
        bool two = strstr(name, "vv_"), pointers = strstr(name, "vvv_");
        if (!usable(shape[s].letter))
            continue;
        const vprec_libm_entry *scalar = find(function);
        for (int t = 0; t < CASES / 16; t++) {
            if (table[i].type == VPREC_F32) {
                float x[16], y[16], r[16], c[16];
                int lanes = shape[s].bytes / 4;
                for (int k = 0; k < lanes; k++)
                    x[k] = (float)argument(VPREC_F32), y[k] = (float)argument(VPREC_F32);
                if (pointers)
                    shape[s].sincos32(table[i].replacement, x, r, c);
                else
                    shape[s].f32(table[i].replacement, x, y, r);
                for (int k = 0; k < lanes; k++) {
                    float sine, cosine;
                    if (pointers) {
                        ((void (*)(float, float *, float *))scalar->replacement)(x[k], &sine, &cosine);
                        check(name, x[k], 0, sine, r[k]);
                        check(name, x[k], 0, cosine, c[k]);
                    } else {
                        check(name, x[k], two ? y[k] : 0, ((call_f *)scalar->replacement)(x[k], y[k]), r[k]);
                    }
                }
            } else {
                double x[8], y[8], r[8], c[8], native[8], native_c[8];
                int lanes = shape[s].bytes / 8;
                for (int k = 0; k < lanes; k++) {
                    x[k] = argument(VPREC_F64), y[k] = argument(VPREC_F64);
                    if (a->round & VPREC_ROUND_OPERANDS)
                        x[k] = vprec_round(x[k], &a->format[1], a->mode), y[k] = vprec_round(y[k], &a->format[1], a->mode);
                }
                if (pointers) {
                    shape[s].sincos64(table[i].replacement, x, r, c);
                    shape[s].sincos64(*table[i].original, x, native, native_c);
                } else {
                    shape[s].f64(table[i].replacement, x, y, r);
                    shape[s].f64(*table[i].original, x, y, native);
                }
                for (int k = 0; k < lanes; k++) { /* the library's own result, rounded, or as the scalar function has it */
                    double want = vprec_round(native[k], &a->format[1], a->mode), sine, cosine;
                    if (pointers) {
                        ((void (*)(double, double *, double *))scalar->replacement)(x[k], &sine, &cosine);
                        double want_c = vprec_round(native_c[k], &a->format[1], a->mode);
                        check(name, x[k], 0, same(cosine, c[k]) ? cosine : want_c, c[k]);
                    } else {
                        sine = ((call_d *)scalar->replacement)(x[k], y[k]);
                    }
                    check(name, x[k], two ? y[k] : 0, same(sine, r[k]) ? sine : want, r[k]);
                }
            }
        }
    }
}

/* A part of a complex result for operands that are no zeros, rounded: infinite or zero it is beyond double's range. */
static double delivered(double v, const vprec_format *f)
{
    bool up = direction == MPFR_RNDU && !signbit(v);
    if (isinf(v))
        return direction == MPFR_RNDN || up ? v : copysign(f->max, v);
    return v == 0 ? up ? f->min_subnormal : v : vprec_round(v, f, vprec_arith_current.mode);
}

/* One of each of the other kinds. */
static void check_kinds(void)
{
    const vprec_format *f = &vprec_arith_current.format[0], *g = &vprec_arith_current.format[1];
    vprec_mode mode = vprec_arith_current.mode;
    for (int i = 0; i < CASES; i++) {
        double x = argument(VPREC_F32), y = argument(VPREC_F32), z = argument(VPREC_F32), s;
        float fs, fc;
        int n = (int)(random64() % 3000) - 1500, q, fq;
        check("fmaf", x, y, vprec_fma(x, y, z, f, mode),
              ((float (*)(float, float, float))find("fmaf")->replacement)((float)x, (float)y, (float)z));
        check("fma", x, y, vprec_fma(x, y, z, g, mode),
              ((double (*)(double, double, double))find("fma")->replacement)(x, y, z));
        double third = vprec_round(x / 3, g, VPREC_RNE); /* an operand that float does not hold */
        check("ffma", third, y, vprec_fma(third, y, z, f, mode),
              ((float (*)(double, double, double))find("ffma")->replacement)(third, y, z));
        check("fdiv", third, y, vprec_div(third, y, f, mode),
              ((float (*)(double, double))find("fdiv")->replacement)(third, y));
        mpfr_t exact, r;
        mpfr_init2(exact, 53);
        mpfr_init2(r, f->fbits + 1);
        mpfr_set_d(exact, x, MPFR_RNDN);
        double want = known_settle(r, mpfr_mul_2si(r, exact, n, direction), f, direction);
        check("ldexpf", x, n, want, ((float (*)(float, int))find("ldexpf")->replacement)((float)x, n));
        check("scalblnf", x, n, want, ((float (*)(float, long))find("scalblnf")->replacement)((float)x, n));
        mpfr_clear(r);
        mpfr_init2(r, g->fbits + 1);
        want = known_settle(r, mpfr_mul_2si(r, exact, n, direction), g, direction);
        check("scalbn", x, n, want, ((double (*)(double, int))find("scalbn")->replacement)(x, n));
        mpfr_clears(r, exact, (mpfr_ptr)NULL);

        ((void (*)(float, float *, float *))find("sincosf")->replacement)((float)x, &fs, &fc);
        check("sincosf", x, 0, reference(mpfr_sin, 0, x, 0, f), fs);
        check("sincosf", x, 1, reference(mpfr_cos, 0, x, 0, f), fc);
        double part = modf(x, &s);
        check("modff", x, 0, vprec_round(part, f, mode), ((float (*)(float, float *))find("modff")->replacement)((float)x, &fs));
        check("modff", x, 1, vprec_round(s, f, mode), fs);
        part = frexp(x, &q);
        check("frexpf", x, 0, vprec_round(part, f, mode), ((float (*)(float, int *))find("frexpf")->replacement)((float)x, &fq));
        check("frexpf", x, 1, q, fq);
        part = remquo(x, y, &q);
        check("remquof", x, y, vprec_round(part, f, mode),
              ((float (*)(float, float, int *))find("remquof")->replacement)((float)x, (float)y, &fq));
        check("remquof", x, y, q, fq);
        check("jnf", x, 2, vprec_round(jn(2, x), f, mode), ((float (*)(int, float))find("jnf")->replacement)(2, (float)x));
        check("lgammaf_r", x, 0, vprec_round(lgamma_r(x, &q), f, mode),
              ((float (*)(float, int *))find("lgammaf_r")->replacement)((float)x, &fq));
        check("lgammaf_r", x, 1, q, fq);
        double complex u = CMPLX(x, y), w = CMPLX(y, z);
        float complex got = ((float complex(*)(float complex))find("cexpf")->replacement)((float complex)u);
        check("cexpf", x, y, delivered(creal(cexp(u)), f), crealf(got));
        check("cexpf", x, y, delivered(cimag(cexp(u)), f), cimagf(got));
        got = ((float complex(*)(float complex, float complex))find("cpowf")->replacement)((float complex)u, (float complex)w);
        check("cpowf", x, y, delivered(creal(cpow(u, w)), f), crealf(got));
        check("cabsf", x, y, reference(0, mpfr_hypot, x, y, f), ((float (*)(float complex))find("cabsf")->replacement)((float complex)u));
        double complex wide = ((double complex(*)(double complex))find("csin")->replacement)(u);
        check("csin", x, y, delivered(cimag(csin(u)), g), cimag(wide));
        check("__expf_finite", x, 0, reference(mpfr_exp, 0, x, 0, f), ((float (*)(float))find("__expf_finite")->replacement)((float)x));
    }
}

int main(void)
{
    libm = dlopen("libm.so.6", RTLD_NOW);
    libmvec = dlopen("libmvec.so.1", RTLD_NOW);
    if (!libm || !libmvec) {
        printf("%s\n", dlerror());
        return 77;
    }
    size_t n, m;
    const vprec_libm_entry *table = vprec_libm_table(&n), *vector = vprec_libmvec_table(&m);
    size_t found = resolve(table, n), found_vector = resolve(vector, m);
    printf("libm: %zu of %zu functions, libmvec: %zu of %zu\n", found, n, found_vector, m);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());

    static const char *const formats[][2] = {{"e8m10", "e11m40"}, {"e5m10", "e8m23"}, {"e8m7", "e11m51"}, {"e8m22", "e6m9"}};
    static const struct {
        vprec_mode mode;
        mpfr_rnd_t rnd;
    } modes[] = {{VPREC_RNE, MPFR_RNDN}, {VPREC_RTZ, MPFR_RNDZ}, {VPREC_RNE, MPFR_RNDN}, {VPREC_RU, MPFR_RNDU}};
    for (int i = 0; i < 4; i++) {
        vprec_arith_current = (vprec_arith){.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT}, .mode = modes[i].mode,
                                            .ops = VPREC_OPS_ALL};
        direction = modes[i].rnd;
        if (vprec_format_parse(formats[i][0], VPREC_F32, &vprec_arith_current.format[0], NULL, 0) ||
            vprec_format_parse(formats[i][1], VPREC_F64, &vprec_arith_current.format[1], NULL, 0))
            return 1;
        vprec_arith_current.round = VPREC_ROUND_RESULTS;
        check_known();
        check_vectors();
        check_kinds();
        vprec_arith_current.round |= VPREC_ROUND_OPERANDS;
        check_known();
    }
    printf("%lu checks, %lu failed\n", checks, failures);
    return failures != 0;
}
