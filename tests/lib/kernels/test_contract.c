/* SPDX-License-Identifier: Apache-2.0
 * test_contract.c: the contract of the array functions in vprec.h: what is refused,
 * that then nothing was written, and what is the same whatever the caller does. The
 * values are checkkernels' business. */
#include "cpu.h"
#include "vprec.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPS(X) X(round, 1) X(add, 2) X(sub, 2) X(mul, 2) X(div, 2) X(sqrt, 1) X(fma, 3)
enum op {
#define X(op, arity) OP_##op,
    OPS(X)
#undef X
        OPS_COUNT
};
enum { LONG = 5000 };
#define OPERANDS_1 a
#define OPERANDS_2 a, b
#define OPERANDS_3 a, b, c

static const struct {
    const char *name;
    int arity;
} ops[] = {
#define X(op, arity) {#op, arity},
    OPS(X)
#undef X
};

/* Any of the fourteen functions; operands past the operation's arity are not looked at. */
static vprec_status apply(int op, vprec_type type, void *out, const void *a, const void *b, const void *c, size_t n,
                          const vprec_rounding *to)
{
    switch (op) {
#define X(op, arity)                                                                                                   \
    case OP_##op:                                                                                                      \
        return type == VPREC_F32 ? vprec_##op##_f32(out, OPERANDS_##arity, n, to)                                      \
                                 : vprec_##op##_f64(out, OPERANDS_##arity, n, to);
        OPS(X)
#undef X
    default: return VPREC_EINVAL;
    }
}

static double scalar_sr(int op, double a, double b, double c, const vprec_format *format, unsigned bits,
                        uint64_t random)
{
    switch (op) {
#define X(op, arity)                                                                                                   \
    case OP_##op: return vprec_##op##_sr(OPERANDS_##arity, format, bits, random);
        OPS(X)
#undef X
    default: return 0;
    }
}

static size_t size_of(vprec_type type) { return type == VPREC_F32 ? sizeof(float) : sizeof(double); }

static uint32_t word(uint64_t index, unsigned draw)
{
    uint64_t z = (index * 2 + draw + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(z >> 32);
}

/* How words() was called in draw 0. */
typedef struct asked {
    uint64_t next; /* index that must come */
    bool broken;
} asked;

static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    asked *seen = context;
    if (seen && draw == 0) {
        seen->broken |= index != seen->next || !n;
        seen->next = index + n;
    }
    if (seen && draw)
        seen->broken |= draw != 1 || n != 1;
    for (size_t i = 0; i < n; i++)
        space[i] = word(index + i, draw);
    return space;
}

static vprec_rounding rounding(const char *text, vprec_type type, vprec_mode mode, unsigned bits)
{
    vprec_rounding to = {.mode = mode, .random = {bits, words, NULL}};
    char message[160] = "";
    cr_assert(!vprec_format_parse(text, type, &to.format, message, sizeof message), "%s", message);
    return to;
}

static double element(const void *array, vprec_type type, size_t i)
{
    const float *narrow = array;
    const double *wide = array;
    return type == VPREC_F32 ? narrow[i] : wide[i];
}

static void set_element(void *array, vprec_type type, size_t i, double x)
{
    float *narrow = array;
    double *wide = array;
    if (type == VPREC_F32)
        narrow[i] = (float)x;
    else
        wide[i] = x;
}

/* An array of `type` filled with ordinary values, the same at each call. */
static void *array(vprec_type type, size_t n)
{
    void *memory = aligned_alloc(64, (n * size_of(type) + 63) / 64 * 64);
    cr_assert(memory);
    for (size_t i = 0; i < n; i++)
        set_element(memory, type, i, 1 + word(i, 7) * 0x1p-32);
    return memory;
}

/* What every case here begins with; the tests bend one thing at a time. */
typedef struct fixture {
    vprec_type type;
    unsigned char *out, *x[3], *before;
    size_t n;
    vprec_rounding to;
} fixture;

static fixture set_up(vprec_type type, size_t n)
{
    fixture f = {.type = type, .n = n, .to = rounding("e5m10", type, VPREC_RNE, 0)};
    f.out = array(type, n);
    f.before = array(type, n);
    for (int j = 0; j < 3; j++)
        f.x[j] = array(type, n);
    return f;
}

static void tear_down(fixture *f)
{
    free(f->out), free(f->before);
    for (int j = 0; j < 3; j++)
        free(f->x[j]);
}

/* The call must be refused with `want` and leave all of `out` as it was. */
static void refused(const fixture *f, int op, const char *what, vprec_status want, vprec_status got)
{
    cr_expect(got == want, "%s_%s, %s: status %d, want %d", ops[op].name, f->type == VPREC_F32 ? "f32" : "f64", what,
              got, want);
    cr_expect(!memcmp(f->out, f->before, f->n * size_of(f->type)), "%s_%s, %s: something was written", ops[op].name,
              f->type == VPREC_F32 ? "f32" : "f64", what);
}

static void each(void (*test)(fixture *f, int op), size_t n)
{
    for (int type = 0; type < VPREC_TYPES; type++) {
        for (int op = 0; op < OPS_COUNT; op++) {
            fixture f = set_up((vprec_type)type, n);
            test(&f, op);
            tear_down(&f);
        }
    }
}

/* The call with pointer `which` (0: out, 1..3 operands) replaced. */
static vprec_status with(const fixture *f, int op, int which, const void *pointer)
{
    const void *p[4] = {f->out, f->x[0], f->x[1], f->x[2]};
    p[which] = pointer;
    return apply(op, f->type, (void *)p[0], p[1], p[2], p[3], f->n, &f->to);
}

static void null_pointers(fixture *f, int op)
{
    refused(f, op, "out NULL", VPREC_EINVAL, with(f, op, 0, NULL));
    for (int j = 1; j <= ops[op].arity; j++)
        refused(f, op, "operand NULL", VPREC_EINVAL, with(f, op, j, NULL));
    refused(f, op, "rounding NULL", VPREC_EINVAL, apply(op, f->type, f->out, f->x[0], f->x[1], f->x[2], f->n, NULL));
}
Test(contract, null) { each(null_pointers, 40); }

static void misaligned(fixture *f, int op)
{
    f->n -= 1; /* room for the shift */
    for (size_t shift = 1; shift < size_of(f->type); shift++) {
        refused(f, op, "out misaligned", VPREC_EINVAL, with(f, op, 0, f->out + shift));
        for (int j = 1; j <= ops[op].arity; j++)
            refused(f, op, "operand misaligned", VPREC_EINVAL, with(f, op, j, f->x[j - 1] + shift));
    }
}
Test(contract, alignment) { each(misaligned, 41); }

/* `out` lies one element to either side of the operand's array; one element of `out` meets one of the operand. */
static void overlapping(fixture *f, int op)
{
    size_t size = size_of(f->type), n = f->n / 3;
    unsigned char *middle = f->out + n * size;
    for (int j = 1; j <= ops[op].arity; j++) {
        const ptrdiff_t shifts[] = {1, -1, (ptrdiff_t)n - 1, 1 - (ptrdiff_t)n};
        for (size_t i = 0; i < 4; i++) {
            const void *p[4] = {middle, f->x[0], f->x[1], f->x[2]};
            p[j] = middle + shifts[i] * (ptrdiff_t)size;
            refused(f, op, "partial overlap", VPREC_EINVAL,
                    apply(op, f->type, middle, p[1], p[2], p[3], n, &f->to));
        }
        for (int side = -1; side <= 1; side += 2) { /* next to each other is no overlap */
            const void *p[4] = {middle, f->x[0], f->x[1], f->x[2]};
            p[j] = middle + side * (ptrdiff_t)(n * size);
            cr_expect(!apply(op, f->type, middle, p[1], p[2], p[3], n, &f->to), "%s: adjacent", ops[op].name);
            memcpy(f->out, f->before, f->n * size);
        }
    }
}
Test(contract, overlap) { each(overlapping, 90); }

/* `out` may be any operand, or all of them; operands may overlap one another as they like. */
static void in_place(fixture *f, int op)
{
    size_t bytes = f->n * size_of(f->type);
    void *want = array(f->type, f->n);
    cr_assert(!apply(op, f->type, want, f->x[0], f->x[1], f->x[2], f->n, &f->to));
    for (int j = 0; j <= 3; j++) {
        unsigned char *all[3] = {f->x[0], f->x[1], f->x[2]};
        memcpy(f->out, f->before, bytes); /* the same values as every operand's */
        for (int k = 0; k < 3; k++)
            all[k] = j == 3 || j == k ? f->out : all[k];
        cr_expect(!apply(op, f->type, f->out, all[0], all[1], all[2], f->n, &f->to));
        cr_expect(!memcmp(f->out, want, bytes), "%s in place of operand %d", ops[op].name, j);
    }
    size_t n = f->n - 1;
    cr_expect(!apply(op, f->type, f->out, f->x[0], f->x[0] + size_of(f->type), f->x[0], n, &f->to));
    free(want);
}
Test(contract, in_place) { each(in_place, 1100); }

static void empty(fixture *f, int op)
{
    size_t n = f->n;
    refused(f, op, "n = 0", VPREC_OK, apply(op, f->type, f->out, f->x[0], f->x[1], f->x[2], 0, &f->to));
    refused(f, op, "n = 0 and NULL", VPREC_OK, apply(op, f->type, NULL, NULL, NULL, NULL, 0, &f->to));
    refused(f, op, "n = 0, misaligned", VPREC_OK,
            apply(op, f->type, f->out + 1, f->x[0] + 1, f->x[1] + 3, f->out, 0, &f->to));
    f->n = n;
}
Test(contract, nothing_to_do) { each(empty, 40); }

static void absurd(fixture *f, int op)
{
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4, SIZE_MAX / 8 + 1,
                            (SIZE_MAX - (uintptr_t)f->out) / size_of(f->type) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        refused(f, op, "absurd n", VPREC_EINVAL,
                apply(op, f->type, f->out, f->x[0], f->x[1], f->x[2], sizes[i], &f->to));
    for (int j = 1; j <= ops[op].arity; j++) { /* only the operand's array would pass the end of memory */
        const void *high = (const void *)(UINTPTR_MAX - 7);
        refused(f, op, "operand beyond memory", VPREC_EINVAL, with(f, op, j, high));
    }
}
Test(contract, absurd_sizes) { each(absurd, 40); }

static void bad_modes(fixture *f, int op)
{
    const int modes[] = {VPREC_MODES, -1, 1000};
    for (size_t i = 0; i < 3; i++) {
        f->to.mode = (vprec_mode)modes[i];
        refused(f, op, "no such mode", VPREC_EINVAL, with(f, op, 0, f->out));
    }
    f->to.mode = VPREC_SR;
    const unsigned bits[] = {0, 65, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        f->to.random.bits = bits[i];
        refused(f, op, "SR of no such number of bits", VPREC_EINVAL, with(f, op, 0, f->out));
    }
    f->to.random = (vprec_random){32, NULL, NULL};
    refused(f, op, "SR without words", VPREC_EINVAL, with(f, op, 0, f->out));
    f->to.mode = VPREC_RTO; /* the other modes do not read it */
    cr_expect(!with(f, op, 0, f->out));
}
Test(contract, modes) { each(bad_modes, 40); }

/* A format that no text makes: each field bent alone. */
static void bad_formats(fixture *f, int op)
{
    const vprec_format good = f->to.format;
#define BENT(what, statement)                                                                                          \
    do {                                                                                                               \
        vprec_format *bent = &f->to.format;                                                                            \
        *bent = good;                                                                                                  \
        statement;                                                                                                     \
        vprec_status got = with(f, op, 0, f->out);                                                                     \
        refused(f, op, what, got == VPREC_ERANGE ? VPREC_ERANGE : VPREC_EINVAL, got);                                  \
    } while (0)
    BENT("zeros", memset(bent, 0, sizeof *bent));
    BENT("ones", memset(bent, 0xff, sizeof *bent));
    BENT("ebits 0", bent->ebits = 0);
    BENT("ebits 12", bent->ebits = 12);
    BENT("ebits 6", bent->ebits = 6);
    BENT("fbits 0", bent->fbits = 0);
    BENT("fbits 53", bent->fbits = 53);
    BENT("fbits 9", bent->fbits = 9);
    BENT("an unknown flag", bent->flags = 1 << 9);
    BENT("every flag", bent->flags = 0xffff);
    BENT("nonan alone", bent->flags = VPREC_NONAN);
    BENT("nonegzero alone", bent->flags = VPREC_NONEGZERO);
    BENT("noinf, emax as with", bent->flags = VPREC_NOINF);
    BENT("bias", bent->bias = 16);
    BENT("bias of another world", bent->bias = INT32_MIN);
    BENT("bias of another world", bent->bias = INT32_MAX);
    BENT("emin", bent->emin--);
    BENT("emax", bent->emax++);
    BENT("max", bent->max = 65536);
    BENT("max NaN", bent->max = NAN);
    BENT("min_normal", bent->min_normal *= 2);
    BENT("min_normal 0", bent->min_normal = 0);
    BENT("min_subnormal", bent->min_subnormal /= 2);
    BENT("min_subnormal negative", bent->min_subnormal = -bent->min_subnormal);
    BENT("a kind of another day", bent->kind = 1);
    BENT("parameters of another day", bent->more[0] = 1);
    BENT("parameters of another day", bent->more[4] = UINT32_MAX);
#undef BENT
    vprec_format wide;
    const char *const texts[] = {"e9m7", "e11m52", "e8m24", "e2m30", "e5m10:bias=141", "e4m3:bias=-200"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts && f->type == VPREC_F32; i++) {
        cr_assert(!vprec_format_parse(texts[i], VPREC_F64, &wide, NULL, 0), "%s", texts[i]);
        f->to.format = wide;
        refused(f, op, texts[i], VPREC_ERANGE, with(f, op, 0, f->out));
    }
}
Test(contract, formats) { each(bad_formats, 40); }

/* Errors come before n = 0 is looked at, or not at all: either way a bad rounding is told for any n. */
Test(contract, errors_do_not_depend_on_n)
{
    float x = 1;
    vprec_rounding to = rounding("e5m10", VPREC_F32, VPREC_RNE, 0);
    to.mode = VPREC_MODES;
    cr_expect(vprec_round_f32(&x, &x, 0, &to) == vprec_round_f32(&x, &x, 1, &to));
    cr_expect(vprec_round_f32(&x, &x, 0, NULL) == VPREC_EINVAL);
}

Test(contract, errno_is_left_alone)
{
    float x[3] = {-1, 0, INFINITY}, out[3];
    vprec_rounding to = rounding("e5m10", VPREC_F32, VPREC_RNE, 0);
    errno = 77;
    cr_expect(!vprec_sqrt_f32(out, x, 3, &to) && errno == 77);
    cr_expect(vprec_sqrt_f32(out, NULL, 3, &to) && errno == 77);
}

/* Blocks of random words show nowhere: one call gives what calls of one element each give, and
 * words() hears every index once, in order. */
static void stochastic_blocks(fixture *f, int op)
{
    const size_t lengths[] = {1, 1023, 1024, 1025, 2047, 2048, 2049, 4097};
    const unsigned bits[] = {5, 32, 40};
    size_t size = size_of(f->type);
    for (size_t b = 0; b < 3; b++) {
        unsigned char *want = f->before;
        f->to = rounding("e5m3", f->type, VPREC_SR, bits[b]);
        for (size_t i = 0; i < f->n; i++) { /* the scalar function of the element's words */
            uint64_t random = (uint64_t)word(i, 0) << 32 | word(i, 1);
            double x[3];
            for (int j = 0; j < 3; j++)
                x[j] = element(f->x[j], f->type, i);
            set_element(want, f->type, i, scalar_sr(op, x[0], x[1], x[2], &f->to.format, bits[b], random));
        }
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            asked seen = {0};
            f->to.random.context = &seen;
            memset(f->out, 0, f->n * size);
            cr_assert(!apply(op, f->type, f->out, f->x[0], f->x[1], f->x[2], lengths[i], &f->to));
            cr_expect(!memcmp(f->out, want, lengths[i] * size), "%s, %zu elements, %u bits", ops[op].name, lengths[i],
                      bits[b]);
            cr_expect(!seen.broken && seen.next == lengths[i], "%s: words() was called out of order", ops[op].name);
        }
    }
}
Test(contract, stochastic_blocks) { each(stochastic_blocks, LONG); }

/* VPREC_CPU as a child process sees it: the level that it reports is its exit status. */
static int level_with(const char *value)
{
    pid_t pid = fork();
    if (!pid) {
        if (value)
            setenv("VPREC_CPU", value, 1);
        else
            unsetenv("VPREC_CPU");
        float x = 1.0009765625f, out;
        vprec_rounding to = {.mode = VPREC_RNE};
        vprec_format_parse("e5m2", VPREC_F32, &to.format, NULL, 0);
        bool right = !vprec_round_f32(&out, &x, 1, &to) && out == 1; /* and works there */
        _exit(right ? (int)vprec_cpu_level() : 99);
    }
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

#if defined(__x86_64__)
Test(contract, level_is_what_the_compiler_finds)
{
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512cd");
    cr_expect_eq(vprec_cpu_detect(), avx512 ? VPREC_LEVEL_AVX512 : avx2 ? VPREC_LEVEL_AVX2 : VPREC_LEVEL_C);
}
#endif

Test(contract, environment_lowers_the_level)
{
    int best = (int)vprec_cpu_detect();
    cr_expect_eq(level_with(NULL), best);
    cr_expect_eq(level_with(""), best);
    cr_expect_eq(level_with("nonsense"), best);
    cr_expect_eq(level_with("avx512"), best);
    cr_expect_eq(level_with("avx2"), best < VPREC_LEVEL_AVX2 ? best : VPREC_LEVEL_AVX2);
    cr_expect_eq(level_with("sse2"), VPREC_LEVEL_C);
}

/* Threads on arrays of their own, one rounding shared by all, the first calls of the process at once. */
enum { THREADS = 8, ROUNDS = 20 };
static vprec_rounding shared;
static unsigned char results[THREADS][LONG * sizeof(double)];

static void *work(void *argument)
{
    unsigned char *result = argument;
    fixture f = set_up(VPREC_F64, LONG);
    for (int round = 0; round < ROUNDS; round++) {
        if (apply(OP_fma, VPREC_F64, f.out, f.x[0], f.x[1], f.x[2], LONG, &shared))
            return "refused";
    }
    memcpy(result, f.out, LONG * sizeof(double));
    tear_down(&f);
    return NULL;
}

static void in_threads(const char *format, vprec_mode mode, unsigned bits)
{
    pthread_t threads[THREADS];
    shared = rounding(format, VPREC_F64, mode, bits);
    for (int i = 0; i < THREADS; i++)
        cr_assert(!pthread_create(&threads[i], NULL, work, results[i]));
    for (int i = 0; i < THREADS; i++) {
        void *failure;
        pthread_join(threads[i], &failure);
        cr_expect(!failure, "%s", (char *)failure);
        cr_expect(!memcmp(results[i], results[0], sizeof results[0]), "thread %d differs", i);
    }
}
Test(contract, threads) { in_threads("e8m10", VPREC_RNE, 0); }
Test(contract, threads_stochastic) { in_threads("e5m10", VPREC_SR, 48); }
