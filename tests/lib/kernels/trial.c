/* SPDX-License-Identifier: Apache-2.0
 * trial.c: calls one kernel on arrays between guards and compares what it did, to the
 * last bit, with the scalar functions: results, NaN payloads, inputs, surroundings,
 * MXCSR, random words asked for. Chooses no kernel, format or mode. */
#include "check.h"
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROOMS = 4, ROOM = 16384, PAGE = 4096, ZONE = 192, REPORTS = 3, ZONE_BYTE = 0xa5 };

check_tally check_seen;

const check_alias check_aliases[] = {
    {"apart", 1, {0, 1, 2, 3}}, {"out = a", 1, {1, 1, 2, 3}}, {"out = b", 2, {2, 1, 2, 3}}, {"a = b", 2, {0, 1, 1, 3}},
    {"all one", 2, {1, 1, 1, 1}}, {"out = c", 3, {3, 1, 2, 3}}, {"b = c", 3, {0, 1, 2, 2}},
};
const size_t check_aliases_count = sizeof check_aliases / sizeof *check_aliases;

/* Directions, DAZ 0x40, FTZ 0x8000, flags 0x3f; without 0x1f80 every exception traps. */
const unsigned check_controls[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x9f80, 0x1fc0,
                                   0xffc0, 0x1fbf, 0x0000, 0x603f, 0xa040, 0x1f00};
const size_t check_controls_count = sizeof check_controls / sizeof *check_controls;

/* Where draw 1 comes from, and who asked. */
typedef struct source {
    uint64_t index;
    size_t n;
    const uint32_t *low;
    unsigned asked[CHECK_LONGEST];
    bool broken; /* a call that the contract of vprec_random rules out */
} source;

/* One call of a kernel. */
typedef struct call {
    const check_case *c;
    const check_alias *alias;
    size_t n;
    unsigned control, control_after;
    unsigned char *room[ROOMS]; /* where each room's array begins */
    uint64_t x[3][CHECK_LONGEST], want[CHECK_LONGEST];
    uint64_t threshold[CHECK_LONGEST];
    bool known[CHECK_LONGEST]; /* the threshold is */
    uint32_t high[CHECK_LONGEST], low[CHECK_LONGEST];
    source source;
} call;

/* Memory whose neighbouring pages cannot be touched. */
static unsigned char *rooms[ROOMS];
static sigjmp_buf fault;
static volatile sig_atomic_t armed, signalled;

static void on_fault(int number)
{
    if (!armed) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    signalled = number;
    siglongjmp(fault, 1);
}

static void prepare(void)
{
    if (rooms[0])
        return;
    for (int i = 0; i < ROOMS; i++) {
        unsigned char *base = mmap(NULL, ROOM + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED || mprotect(base + PAGE, ROOM, PROT_READ | PROT_WRITE)) {
            perror("checkkernels: no memory between guard pages");
            exit(1);
        }
        rooms[i] = base + PAGE;
    }
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

static size_t size_of(vprec_type type) { return type == VPREC_F32 ? 4 : 8; }

static uint64_t load(const unsigned char *at, vprec_type type)
{
    uint64_t bits = 0; /* little endian, as everything with these kernels */
    memcpy(&bits, at, size_of(type));
    return bits;
}

static double widen(uint64_t bits, vprec_type type)
{
    if (type == VPREC_F64) {
        double x;
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    uint32_t narrow = (uint32_t)bits;
    float x;
    memcpy(&x, &narrow, sizeof x);
    return x;
}

uint64_t check_reference(const check_case *c, const uint64_t x[3], uint64_t random)
{
    double a = widen(x[0], c->type), b = widen(x[1], c->type), z = widen(x[2], c->type), r = 0;
    const vprec_format *format = c->format;
    vprec_mode mode = c->mode.mode;
    unsigned bits = c->mode.bits;
#define OPERANDS_1 a
#define OPERANDS_2 a, b
#define OPERANDS_3 a, b, z
#define X(name, arity)                                                                                                 \
    case VPREC_OP_##name:                                                                                              \
        r = mode == VPREC_SR ? vprec_##name##_sr(OPERANDS_##arity, format, bits, random)                               \
                             : vprec_##name(OPERANDS_##arity, format, mode);                                           \
        break;
    switch (c->op) {
        VPREC_KERNEL_OPS(X)
    default: break;
    }
#undef X
    uint64_t result = 0;
    float narrow = (float)r;
    if (c->type == VPREC_F32)
        memcpy(&result, &narrow, sizeof narrow);
    else
        memcpy(&result, &r, sizeof r);
    return result;
}

/* The least random number that leaves the smaller neighbour, found by bisection; false where
 * all numbers give one result. */
static bool find_threshold(const check_case *c, const uint64_t x[3], uint64_t *threshold)
{
    uint64_t last = check_reference(c, x, UINT64_MAX), low = 0, high = UINT64_MAX;
    if (check_reference(c, x, 0) == last)
        return false;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (check_reference(c, x, middle) == last)
            high = middle;
        else
            low = middle;
    }
    *threshold = high;
    return true;
}

/* Whether the topmost 32 bits of the random number leave open which neighbour is taken. */
static bool undecided(const check_case *c, uint64_t threshold, uint32_t high)
{
    return c->mode.bits > 32 && high == threshold >> 32 && (threshold & UINT32_MAX);
}

/* Random words of element i; with `aim` on, beside or near the threshold. */
static void draw_words(call *k, size_t i, bool aim, unit_draw *draw)
{
    const uint64_t x[3] = {k->x[0][i], k->x[1][i], k->x[2][i]}, unit = UINT64_C(1) << (64 - k->c->mode.bits);
    uint64_t random = unit_random(draw), r = unit_random(draw), junk = unit_random(draw) & (unit - 1);
    k->known[i] = aim && find_threshold(k->c, x, &k->threshold[i]);
    if (k->known[i]) {
        uint64_t t = k->threshold[i];
        switch (r % 8) {
        case 0: random = t | junk; break;
        case 1: case 2: random = (t - unit) | junk; break;
        case 3: random = (t + unit) | junk; break;
        case 4: random = (t & ~(uint64_t)UINT32_MAX) | (random & UINT32_MAX); break;
        case 5: random = (t - (UINT64_C(1) << 32) * (r >> 8 & 1)) | UINT32_MAX; break;
        case 6: random = t & ~(uint64_t)UINT32_MAX; break;
        default: break;
        }
        check_seen.aimed++;
    } else if (r % 16 < 2) {
        random = r % 2 ? UINT64_MAX : junk;
    }
    k->high[i] = random >> 32;
    k->low[i] = (uint32_t)random;
}

static const uint32_t *second_word(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    static const uint32_t none[CHECK_LONGEST];
    source *s = context;
    uint64_t i = index - s->index;
    if (draw != 1 || n != 1 || i >= s->n || !space) {
        s->broken = true;
        return none;
    }
    s->asked[i]++;
    if (i & 1) /* both ways that the contract allows */
        return &s->low[i];
    *space = s->low[i];
    return space;
}

/* Draws length, places, alias, MXCSR; copies the operands there; fills the zones around. */
static void set_up(call *k, const check_pool *pool, unit_draw *draw)
{
    size_t size = size_of(k->c->type);
    uint64_t r = unit_random(draw);
    k->n = r % 8 ? 1 + (r >> 8) % 80 : 81 + (r >> 8) % (CHECK_LONGEST - 80);
    do
        k->alias = &check_aliases[unit_random(draw) % check_aliases_count];
    while (k->alias->arity > check_arities[k->c->op]);
    k->control = check_controls[unit_random(draw) % check_controls_count];
    size_t start = unit_random(draw) % CHECK_POOL;
    for (int i = 0; i < ROOMS; i++) {
        uint64_t at = unit_random(draw);
        size_t free = ROOM - k->n * size;
        size_t offset = at % 4 == 0 ? 0 : at % 4 == 1 ? free : PAGE / 2 + (at >> 8) % 16 * size;
        k->room[i] = rooms[i] + offset;
        size_t before = offset < ZONE ? offset : ZONE, after = free - offset < ZONE ? free - offset : ZONE;
        memset(k->room[i] - before, ZONE_BYTE, before + k->n * size + after);
    }
    for (int j = 2; j >= 0; j--) { /* the first operand of a room says what is in it */
        for (size_t i = 0; i < k->n; i++)
            memcpy(k->room[k->alias->rooms[1 + j]] + i * size, &pool->x[j][(start + i) % CHECK_POOL], size);
    }
    for (int j = 0; j < 3; j++) {
        for (size_t i = 0; i < k->n; i++)
            k->x[j][i] = load(k->room[k->alias->rooms[1 + j]] + i * size, k->c->type);
    }
}

static void set_words(call *k, unit_draw *draw)
{
    static const uint64_t starts[] = {0, UINT32_MAX - 20, UINT64_C(1) << 40};
    bool aim = unit_random(draw) % 3 == 0;
    k->source = (source){.index = starts[unit_random(draw) % 3], .n = k->n, .low = k->low};
    for (size_t i = 0; i < k->n; i++)
        draw_words(k, i, aim && k->n <= 200, draw);
}

static bool zone_intact(const call *k, int room)
{
    size_t used = k->n * size_of(k->c->type), offset = k->room[room] - rooms[room], free = ROOM - used;
    size_t before = offset < ZONE ? offset : ZONE, after = free - offset < ZONE ? free - offset : ZONE;
    for (size_t i = 0; i < before; i++) {
        if (k->room[room][-1 - (ptrdiff_t)i] != ZONE_BYTE)
            return false;
    }
    for (size_t i = 0; i < after; i++) {
        if (k->room[room][used + i] != ZONE_BYTE)
            return false;
    }
    return true;
}

/* The call itself, in the drawn MXCSR. False: it raised a signal. */
static bool run(call *k, const vprec_plan *plan)
{
    const vprec_dice dice = {k->high, k->source.index}, *given = k->c->mode.mode == VPREC_SR ? &dice : NULL;
    const int *room = k->alias->rooms, arity = check_arities[k->c->op];
    void *out = k->room[room[0]];
    const void *a = k->room[room[1]];
    const void *b = arity > 1 ? k->room[room[2]] : NULL, *c = arity > 2 ? k->room[room[3]] : NULL;
    const vprec_kernels *kernels = vprec_kernels_at(k->c->level);
    signalled = 0;
    if (!sigsetjmp(fault, 0)) {
        armed = 1;
#if defined(__x86_64__)
        _mm_setcsr(k->control);
#endif
        if (k->c->type == VPREC_F32)
            kernels->f32[k->c->op](out, a, b, c, k->n, plan, given);
        else
            kernels->f64[k->c->op](out, a, b, c, k->n, plan, given);
    }
#if defined(__x86_64__)
    k->control_after = signalled ? k->control : _mm_getcsr();
    _mm_setcsr(0x1f80);
#else
    k->control_after = k->control;
#endif
    armed = 0;
    return !signalled;
}

/* Prints the call's parameters and what went wrong, REPORTS times a kernel. */
static void report(const call *k, const char *what, size_t i, uint64_t got)
{
    static unsigned char reports[VPREC_LEVELS][VPREC_KERNEL_OPS_COUNT][VPREC_TYPES];
    const check_case *c = k->c;
    if (reports[c->level][c->op][c->type] >= REPORTS)
        return;
    reports[c->level][c->op][c->type]++;
    printf("%s_%s at level %s: %s\n  format %s, mode %s", check_op_names[c->op], check_type_names[c->type],
           check_level_names[c->level], what, c->text, check_mode_names[c->mode.mode]);
    if (c->mode.mode == VPREC_SR)
        printf(":%u", c->mode.bits);
    printf(", n %zu, index %zu, %s, MXCSR %#x, addresses modulo 64:", k->n, i, k->alias->name, k->control);
    for (int j = 0; j <= check_arities[c->op]; j++)
        printf(" %zu", (size_t)k->room[k->alias->rooms[j]] % 64);
    printf("\n ");
    for (int j = 0; j < check_arities[c->op]; j++)
        printf(" %c %a (%#llx)", 'a' + j, widen(k->x[j][i], c->type), (unsigned long long)k->x[j][i]);
    if (c->mode.mode == VPREC_SR)
        printf(", random %#llx, draw 1 asked %u times",
               (unsigned long long)k->high[i] << 32 | k->low[i], k->source.asked[i]);
    printf("\n  got %a (%#llx), want %a (%#llx)\n", widen(got, c->type), (unsigned long long)got,
           widen(k->want[i], c->type), (unsigned long long)k->want[i]);
    fflush(stdout);
}

/* Whether draw 1 was asked for where, and only where, it decides. */
static uint64_t compare_words(call *k)
{
    const check_case *c = k->c;
    uint64_t wrong = 0;
    if (k->source.broken && !wrong++)
        report(k, "words() was called against its contract", 0, k->want[0]);
    for (size_t i = 0; i < k->n; i++) {
        const uint64_t x[3] = {k->x[0][i], k->x[1][i], k->x[2][i]};
        unsigned asked = k->source.asked[i];
        bool known = k->known[i] || (asked && find_threshold(c, x, &k->threshold[i]));
        bool open = known && undecided(c, k->threshold[i], k->high[i]);
        /* Both neighbours may end as one value, 0 or the largest: whether draw 1 decides between them shows nowhere. */
        double r = fabs(widen(k->want[i], c->type));
        bool hidden = !known && c->mode.bits > 32 && asked == 1 && (r == 0 || r == c->format->max);
        if (asked != open && !hidden && !wrong++)
            report(k, open ? "draw 1 decides and was not asked for" : "draw 1 was asked for and does not decide", i,
                   k->want[i]);
        check_seen.second += open && asked;
    }
    return wrong;
}

static uint64_t compare(call *k)
{
    const int *room = k->alias->rooms, arity = check_arities[k->c->op];
    size_t size = size_of(k->c->type), first = SIZE_MAX;
    uint64_t wrong = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (load(k->room[room[0]] + i * size, k->c->type) == k->want[i])
            continue;
        if (!wrong++)
            first = i;
    }
    if (wrong)
        report(k, "the result differs", first, load(k->room[room[0]] + first * size, k->c->type));
    for (int j = 0; j <= arity; j++) {
        if (!zone_intact(k, room[j]) && ++wrong)
            report(k, j ? "an operand's surroundings were written" : "the surroundings of out were written", 0, 0);
        for (size_t i = 0; j && room[j] != room[0] && i < k->n; i++) {
            if (load(k->room[room[j]] + i * size, k->c->type) != k->x[j - 1][i] && ++wrong)
                report(k, "an operand was written", i, load(k->room[room[j]] + i * size, k->c->type));
        }
    }
    if (k->control_after != k->control) {
        char text[80];
        wrong++;
        snprintf(text, sizeof text, "MXCSR is %#x after the call", k->control_after);
        report(k, text, 0, k->want[0]);
    }
    return wrong + (k->c->mode.mode == VPREC_SR ? compare_words(k) : 0);
}

static void tally(const call *k, const vprec_plan *plan)
{
    const check_case *c = k->c;
    check_seen.calls++;
    check_seen.elements[c->op][c->type][c->mode.mode] += k->n;
    check_seen.shapes[c->op][c->type][vprec_plan_shape(plan, c->type, c->op == VPREC_OP_round)] += k->n;
    check_seen.bits[c->mode.bits] += k->n;
    check_seen.lengths[k->n]++;
    check_seen.aliases[k->alias - check_aliases]++;
    for (size_t i = 0; i < check_controls_count; i++)
        check_seen.controls[i] += check_controls[i] == k->control;
}

uint64_t check_run(const check_case *c, const check_pool *pool, size_t count, unit_draw *draw)
{
    static call k;
    uint64_t wrong = 0;
    prepare();
    for (size_t done = 0; done < count; done += k.n) {
        memset(&k, 0, offsetof(call, x));
        k.c = c;
        set_up(&k, pool, draw);
        const vprec_rounding to = {*c->format, c->mode.mode, {c->mode.bits, second_word, &k.source}, NULL};
        vprec_plan plan;
        if (vprec_plan_make(&plan, &to, c->type)) {
            printf("%s in %s: no plan\n", c->text, check_type_names[c->type]);
            return wrong + 1;
        }
        if (c->mode.mode == VPREC_SR)
            set_words(&k, draw);
        for (size_t i = 0; i < k.n; i++) {
            const uint64_t x[3] = {k.x[0][i], k.x[1][i], k.x[2][i]};
            k.want[i] = check_reference(c, x, (uint64_t)k.high[i] << 32 | k.low[i]);
        }
        if (run(&k, &plan)) {
            wrong += compare(&k);
        } else {
            wrong++;
            report(&k, strsignal(signalled), 0, k.want[0]);
        }
        tally(&k, &plan);
    }
    return wrong;
}
