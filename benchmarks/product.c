/* SPDX-License-Identifier: Apache-2.0
 * product.c: products of square matrices by vprec_gemm on one thread, against a native FMA kernel of the same
 * instruction set in the same process.
 *
 *   product [SIZE [REPEATS]]          VPREC_CPU=avx2|avx512 picks the instruction set
 *
 * A row's time is the best of its repeats; its cycles are for one vector of fused multiply-adds, packing included, at
 * the clock that a chain of additions shows. */
#include <immintrin.h>
#include <string.h>

#include "steady.h"
#include "vprec.h"

/* ---- the native kernel: a register tile of ROWS x 2 vectors over packed operands, in stretches of DEPTH terms ---- */

enum { DEPTH = 256 };

#define NATIVE(name, isa, T, V, LANES, ROWS, LOAD, STORE, SET, FMA)                                                    \
    __attribute__((target(isa), noinline)) static void name##_tile(size_t k, const T *a, const T *b, T *c, size_t ldc) \
    {                                                                                                                  \
        V sum[ROWS][2];                                                                                                \
        for (int i = 0; i < ROWS; i++) {                                                                               \
            sum[i][0] = LOAD(c + i * ldc);                                                                             \
            sum[i][1] = LOAD(c + i * ldc + LANES);                                                                     \
        }                                                                                                              \
        for (size_t p = 0; p < k; p++, a += ROWS, b += 2 * LANES) {                                                    \
            V b0 = LOAD(b), b1 = LOAD(b + LANES);                                                                      \
            _Pragma("GCC unroll 16") for (int i = 0; i < ROWS; i++)                                                    \
            {                                                                                                          \
                V x = SET(a[i]);                                                                                       \
                sum[i][0] = FMA(x, b0, sum[i][0]);                                                                     \
                sum[i][1] = FMA(x, b1, sum[i][1]);                                                                     \
            }                                                                                                          \
        }                                                                                                              \
        for (int i = 0; i < ROWS; i++) {                                                                               \
            STORE(c + i * ldc, sum[i][0]);                                                                             \
            STORE(c + i * ldc + LANES, sum[i][1]);                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    /* n is a multiple of the tile; c has ldc = n and rows to spare */                                                 \
    static void name(size_t n, const void *av, const void *bv, void *cv, void *space)                                  \
    {                                                                                                                  \
        const T *a = av, *b = bv;                                                                                      \
        T *c = cv, *apack = space, *bpack = apack + DEPTH * (n + ROWS);                                                \
        memset(c, 0, n * n * sizeof(T));                                                                               \
        for (size_t p = 0; p < n; p += DEPTH) {                                                                        \
            size_t k = n - p < DEPTH ? n - p : DEPTH;                                                                  \
            for (size_t i = 0; i < n; i += ROWS) {                                                                     \
                for (size_t q = 0; q < k; q++) {                                                                       \
                    for (size_t r = 0; r < ROWS; r++)                                                                  \
                        apack[i * k + q * ROWS + r] = i + r < n ? a[(i + r) * n + p + q] : 0;                          \
                }                                                                                                      \
            }                                                                                                          \
            for (size_t j = 0; j < n; j += 2 * LANES) {                                                                \
                for (size_t q = 0; q < k; q++)                                                                         \
                    memcpy(bpack + q * 2 * LANES, b + (p + q) * n + j, 2 * LANES * sizeof(T));                         \
                for (size_t i = 0; i < n; i += ROWS)                                                                   \
                    name##_tile(k, apack + i * k, bpack, c + i * n + j, n);                                            \
            }                                                                                                          \
        }                                                                                                              \
    }
NATIVE(sgemm_avx2, "avx2,fma", float, __m256, 8, 6, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps)
NATIVE(dgemm_avx2, "avx2,fma", double, __m256d, 4, 6, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd,
       _mm256_fmadd_pd)
NATIVE(sgemm_avx512, "avx512f", float, __m512, 16, 12, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps,
       _mm512_fmadd_ps)
NATIVE(dgemm_avx512, "avx512f", double, __m512d, 8, 12, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd,
       _mm512_fmadd_pd)

typedef void native_gemm(size_t n, const void *a, const void *b, void *c, void *space);

/* ---- measuring ---- */

static size_t size;
static int repeats;
static void *a, *b, *c, *space;

static double timed(void (*run)(const void *), const void *what)
{
    int64_t start = steady_cpu_ns();
    run(what);
    return (double)(steady_cpu_ns() - start);
}

static double ns_per_cycle(void)
{
    double least = 0;
    for (int i = 0; i < 5; i++) {
        enum { STEPS = 20000000 };
        uint64_t x = 0;
        int64_t start = steady_cpu_ns();
        for (int j = 0; j < STEPS; j++)
            __asm__ volatile("add $1, %0" : "+r"(x));
        double time = (double)(steady_cpu_ns() - start) / STEPS;
        if (!i || time < least)
            least = time;
    }
    return least;
}

static void run_native(const void *what)
{
    (*(native_gemm *const *)what)(size, a, b, c, space);
}

typedef struct work {
    vprec_type type;
    vprec_accumulation how;
} work;

static void run_vprec(const void *what)
{
    const work *w = what;
    const vprec_strides rows = {size, 1};
    vprec_status status = w->type == VPREC_F32
                              ? vprec_gemm_f32(size, size, size, a, rows, b, rows, c, rows, false, &w->how)
                              : vprec_gemm_f64(size, size, size, a, rows, b, rows, c, rows, false, &w->how);
    if (status)
        abort();
}

/* Numbers in [-1/2, 1/2) with all the bits of the type. */
static void fill(void *matrix, vprec_type type, uint64_t state)
{
    for (size_t i = 0; i < size * size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double x = (double)(state >> 11) * 0x1p-53 - 0.5;
        if (type == VPREC_F32)
            ((float *)matrix)[i] = (float)x;
        else
            ((double *)matrix)[i] = x;
    }
}

static const struct {
    vprec_type type;
    const char *format;
    vprec_mode mode;
} cases[] = {
    {VPREC_F32, "e8m7", VPREC_RNE},  {VPREC_F32, "e8m10", VPREC_RNE},  {VPREC_F32, "e8m20", VPREC_RNE},
    {VPREC_F32, "e8m22", VPREC_RNE}, {VPREC_F32, "e8m23", VPREC_RNE},  {VPREC_F32, "e5m10", VPREC_RNE},
    {VPREC_F32, "e5m7", VPREC_RNE},  {VPREC_F32, "e4m3fn", VPREC_RNE}, {VPREC_F32, "e4m3fn:sat", VPREC_RNE},
    {VPREC_F32, "e6m9", VPREC_RNE},  {VPREC_F32, "e5m21", VPREC_RNE},  {VPREC_F32, "e5m22", VPREC_RNE},
    {VPREC_F32, "e5m23", VPREC_RNE}, {VPREC_F32, "e4m22", VPREC_RNE},  {VPREC_F32, "e4m23", VPREC_RNE},
    {VPREC_F32, "e4m3fnuz", VPREC_RNE},
    {VPREC_F32, "fp16:nosub", VPREC_RNE},
    {VPREC_F32, "bf16", VPREC_RTZ},  {VPREC_F32, "bf16", VPREC_RU},    {VPREC_F32, "bf16", VPREC_RTO},
    {VPREC_F64, "e11m40", VPREC_RNE}, {VPREC_F64, "e11m51", VPREC_RNE}, {VPREC_F64, "e8m23", VPREC_RNE},
    {VPREC_F64, "e5m10", VPREC_RNE},  {VPREC_F64, "e8m50", VPREC_RNE},  {VPREC_F64, "e10m51", VPREC_RNE},
    {VPREC_F64, "e8m52", VPREC_RNE},
};

int main(int argc, char **argv)
{
    static const char *const modes[VPREC_MODES] = {"", " rna", " rtz", " ru", " rd", " rto", " sr"};
    const char *cpu = getenv("VPREC_CPU");
    __builtin_cpu_init();
    bool wide = __builtin_cpu_supports("avx512f") && (!cpu || !strcmp(cpu, "avx512"));
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || (cpu && !strcmp(cpu, "sse2"))) {
        printf("product: no AVX2 to compare with\n");
        return 77;
    }
    native_gemm *const natives[VPREC_TYPES] = {wide ? sgemm_avx512 : sgemm_avx2, wide ? dgemm_avx512 : dgemm_avx2};
    size = argc > 1 ? (size_t)atoi(argv[1]) : 512;
    size = (size + 31) / 32 * 32;
    repeats = argc > 2 ? atoi(argv[2]) : 5;
    size_t bytes = (size + 16) * size * sizeof(double);
    a = aligned_alloc(64, bytes);
    b = aligned_alloc(64, bytes);
    c = aligned_alloc(64, bytes);
    space = aligned_alloc(64, 2 * DEPTH * (size + 64) * sizeof(double));
    if (!a || !b || !c || !space)
        return 1;
    double clock = ns_per_cycle();
    printf("%s, %zu^3, one thread, %.2f GHz\n", wide ? "AVX-512" : "AVX2", size, 1 / clock);
    printf("%-22s %10s %10s %7s %8s %10s %7s %8s\n", "sum and product", "native ms", "fused ms", "ratio", "cycles",
           "split ms", "ratio", "cycles");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vprec_rounding to = {.mode = cases[i].mode};
        if (vprec_format_parse(cases[i].format, cases[i].type, &to.format, NULL, 0))
            return 1;
        fill(a, cases[i].type, 1);
        fill(b, cases[i].type, 2);
        double vectors = (double)size * size * size / ((wide ? 64 : 32) / (cases[i].type == VPREC_F32 ? 4 : 8));
        const work once = {cases[i].type, {.sum = &to, .threads = 1}};
        const work twice = {cases[i].type, {.product = &to, .sum = &to, .threads = 1}};
        double native = 0, fused = 0, split = 0;
        for (int j = 0; j <= repeats; j++) { /* in turn, so that other work disturbs all three; the first warms up */
            double times[3] = {timed(run_native, &natives[cases[i].type]), timed(run_vprec, &once),
                               timed(run_vprec, &twice)};
            native = j <= 1 || times[0] < native ? times[0] : native;
            fused = j <= 1 || times[1] < fused ? times[1] : fused;
            split = j <= 1 || times[2] < split ? times[2] : split;
        }
        char name[40];
        snprintf(name, sizeof name, "%s %s%s", cases[i].type == VPREC_F32 ? "f32" : "f64", cases[i].format,
                 modes[cases[i].mode]);
        printf("%-22s %10.2f %10.2f %7.2f %8.2f %10.2f %7.2f %8.2f\n", name, native * 1e-6, fused * 1e-6,
               fused / native, fused / vectors / clock, split * 1e-6, split / native, split / vectors / clock);
        fflush(stdout);
    }
    return 0;
}
