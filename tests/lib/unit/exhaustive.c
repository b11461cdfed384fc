/* SPDX-License-Identifier: Apache-2.0
 * exhaustive.c: formats of 4 to 8 bits with all their codes: every input, every
 * pair, every triple up to 6 bits (above, every pair with some thirds), to the same
 * format and to another, in every mode; SR with every random number of 1 to 4 bits,
 * so that its probabilities are verified, not estimated. */
#include "jobs.h"
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FN VPREC_NOINF
#define FNUZ (VPREC_NOINF | VPREC_NONEGZERO)
#define MX (VPREC_SAT | VPREC_NOINF | VPREC_NONAN)
static const struct {
    const char *text;
    unsigned flags;
    int bias; /* added to IEEE's */
} variants[] = {{"", 0, 0},
                {":sat", VPREC_SAT, 0},
                {":nosub", VPREC_NOSUB, 0},
                {":sat:nosub", VPREC_SAT | VPREC_NOSUB, 0},
                {":noinf", FN, 0},
                {":noinf:sat", FN | VPREC_SAT, 0},
                {":noinf:nosub", FN | VPREC_NOSUB, 0},
                {":noinf:nonegzero", FNUZ, 1},
                {":noinf:nonegzero:sat", FNUZ | VPREC_SAT, 1},
                {":noinf:nonegzero:nosub", FNUZ | VPREC_NOSUB, 1},
                {":noinf:sat:nonan", MX, 0},
                {":noinf:sat:nonan:nosub", MX | VPREC_NOSUB, 0},
                {":noinf:sat:nonan:nonegzero", MX | VPREC_NONEGZERO, -2},
                {":nosub", VPREC_NOSUB, 5}};
enum { VARIANTS = sizeof variants / sizeof *variants, SHAPES = 15, FORMATS = SHAPES * VARIANTS, RANDOM_BITS = 4 };

/* The formats of the preset table and plain ones of 8 bits: what a short run compares. */
static const char *const presets[] = {"e4m3", "e5m2", "e3m4", "e2m5", "e4m3:noinf", "e5m2:noinf:nonegzero:bias=16",
                                      "e4m3:noinf:nonegzero:bias=8", "e3m2:noinf:sat:nonan", "e2m3:noinf:sat:nonan",
                                      "e2m1:noinf:sat:nonan", "e2m2", "e3m1"};

static unit_format formats[FORMATS];
static char texts[FORMATS][48];
static unsigned count; /* of formats */
static bool all;

static int width(const unit_format *f) { return 1 + f->ebits + f->fbits; }

static void describe(unit_format *f, int ebits, int fbits, int variant)
{
    int bias = (1 << (ebits - 1)) - 1 + variants[variant].bias;
    int used = snprintf(texts[count], sizeof *texts, "e%dm%d%s", ebits, fbits, variants[variant].text);
    if (variants[variant].bias)
        snprintf(texts[count] + used, sizeof *texts - used, ":bias=%d", bias);
    *f = (unit_format){texts[count], count % 2 ? VPREC_F64 : VPREC_F32, ebits, fbits, bias, 0, variants[variant].flags};
    for (uint64_t code = 0; code < UINT64_C(1) << (ebits + fbits); code++) {
        double v = unit_decode(code, f);
        if (isfinite(v) && v > f->max)
            f->max = v;
    }
}

static bool wanted(const char *text)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (!strcmp(text, presets[i]))
            return true;
    }
    return all;
}

static void list(void)
{
    for (int bits = 4; bits <= 8; bits++) {
        for (int ebits = 2; ebits <= bits - 2; ebits++) {
            for (int variant = 0; variant < VARIANTS; variant++) {
                describe(&formats[count], ebits, bits - 1 - ebits, variant);
                count += wanted(texts[count]);
            }
        }
    }
}

/* Operands are of the first format, results of the second. */
typedef struct task {
    const unit_format *from, *to;
    enum unit_op op;
} task;

static task task_of(uint64_t number)
{
    task t = {.op = number % UNIT_COUNT};
    size_t first = number / UNIT_COUNT % count, other = 0;
    if (number / UNIT_COUNT / count) /* the second half: to another format */
        other = 1 + (first * 11 + 5) % (count - 1);
    t.from = &formats[first];
    t.to = &formats[(first + other) % count];
    return t;
}

/* How many thirds come with each pair of an 8-bit format, how many integers. */
static uint64_t thirds(const task *t)
{
    uint64_t codes = UINT64_C(1) << width(t->from);
    return width(t->from) <= (all ? 6 : 5) ? codes : all ? 8 : 1;
}

static uint64_t integers(void) { return all ? 20000 : 2000; }

static uint64_t cases(const task *t)
{
    uint64_t codes = UINT64_C(1) << width(t->from);
    switch (unit_arities[t->op]) {
    case 1: return codes;
    case 2: return codes * codes;
    case 3: return codes * codes * thirds(t);
    default: return 2 * integers();
    }
}

/* A third that meets the product: random, its negative and what lies near it, by turns. */
static uint64_t third(const task *t, uint64_t number, const double *x)
{
    uint64_t codes = UINT64_C(1) << width(t->from), n = thirds(t);
    if (n == codes)
        return number % n;
    unit_draw draw = {.state = number};
    uint64_t code = unit_random(&draw) % codes;
    double product = fabs(x[0] * x[1]), value = fabs(unit_decode(code, t->from));
    bool near = (number & 1) && isfinite(product) && isfinite(value) && product != 0 && value != 0;
    if (!near)
        return code;
    int steps = ilogb(product) - ilogb(value) + (int)(code & 3) - 2; /* to within a few binades */
    int exponent = (int)(code >> t->from->fbits & ((1 << t->from->ebits) - 1)), top = (1 << t->from->ebits) - 1;
    exponent = exponent + steps < 0 ? 0 : exponent + steps > top ? top : exponent + steps;
    return (code & ~((uint64_t)top << t->from->fbits)) | (uint64_t)exponent << t->from->fbits;
}

static void compare(uint64_t number)
{
    task t = task_of(number);
    vprec_format format = unit_parse(t.to);
    uint64_t codes = UINT64_C(1) << width(t.from), n = cases(&t);
    unit_dice.state = number;
    for (uint64_t i = 0; i < n; i++) {
        unit_case c = {.op = t.op};
        if (unit_arities[t.op] == 0) {
            c.n = i & 1 ? -(i >> 1) : i >> 1;
        } else {
            uint64_t pair = unit_arities[t.op] == 3 ? i / thirds(&t) : i;
            c.x[0] = unit_decode(pair % codes, t.from);
            if (unit_arities[t.op] > 1)
                c.x[1] = unit_decode(pair / codes, t.from);
            if (unit_arities[t.op] > 2)
                c.x[2] = unit_decode(third(&t, i, c.x), t.from);
        }
        unit_check(&c, t.to, &format);
        unit_check_chance(&c, t.to, &format, RANDOM_BITS);
    }
}

/* Every case in every mode, nothing different. */
static bool complete(uint64_t tasks)
{
    uint64_t expected[UNIT_COUNT] = {0};
    bool well = true;
    for (uint64_t i = 0; i < tasks; i++) {
        task t = task_of(i);
        expected[t.op] += cases(&t);
    }
    for (int op = 0; op < UNIT_COUNT; op++) {
        bool ran = unit_complete(op, true);
        for (int mode = 0; ran && mode < VPREC_MODES; mode++) {
            uint64_t want = expected[op] * (mode == VPREC_SR ? 2 + (2 << RANDOM_BITS) - 2 : 1);
            if (unit_seen.modes[op][mode] != want) {
                snprintf(unit_complaint, sizeof unit_complaint, "%s: cases are missing in mode %s", unit_op_names[op],
                         unit_mode_names[mode]);
                ran = false;
            }
        }
        if (!ran)
            fprintf(stderr, "exhaustive: %s\n", unit_complaint);
        well = well && ran;
    }
    return well && unit_seen.inexact && unit_seen.tie && unit_seen.tiny && unit_seen.overflow;
}

int main(int argc, char **argv)
{
    uint64_t processes = unit_processors();
    for (int option; (option = getopt(argc, argv, "aj:")) != -1;) {
        if (option == 'a') {
            all = true;
        } else if (option != 'j' || !unit_number(optarg, UNIT_JOBS, &processes)) {
            fprintf(stderr, "usage: exhaustive [-a] [-j PROCESSES]\n"
                            "-a: every format of 4 to 8 bits, not only presets\n");
            return 2;
        }
    }
    list();
    printf("%u formats of 4 to 8 bits\n", count);
    uint64_t tasks = (uint64_t)UNIT_COUNT * count * 2;
    bool well = unit_jobs(tasks, compare, processes);
    unit_print();
    return complete(tasks) && well && (all ? count == FORMATS : count == sizeof presets / sizeof *presets) ? 0 : 1;
}
