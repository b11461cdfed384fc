/* SPDX-License-Identifier: Apache-2.0
 * check.c: the comparison of the library with the oracles, and the tally that
 * says afterwards whether everything was really compared. */
#include "support.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const unit_mode_names[VPREC_MODES] = {"rne", "rna", "rtz", "ru", "rd", "rto", "sr"};
const char *const unit_op_names[UNIT_COUNT] = {
#define X(name, arity) #name,
    UNIT_OPS(X)
#undef X
};
const int unit_arities[UNIT_COUNT] = {
#define X(name, arity) arity,
    UNIT_OPS(X)
#undef X
};
const char *const unit_event_names[UNIT_EVENTS_COUNT] = {
#define X(name) #name,
    UNIT_EVENTS(X)
#undef X
};

unit_tally unit_seen;
unit_draw unit_dice = {.state = 1};
char unit_complaint[200];

vprec_format unit_parse(const unit_format *f)
{
    vprec_format format;
    char message[160] = "";
    if (vprec_format_parse(f->text, f->type, &format, message, sizeof message)) {
        fprintf(stderr, "%s\n", message);
        abort();
    }
    return format;
}

double unit_apply(const unit_case *c, const vprec_format *format, vprec_mode mode)
{
    const double *x = c->x;
    bool random = mode == VPREC_SR && c->bits;
#define APPLY(name, ...)                                                                                               \
    (random ? vprec_##name##_sr(__VA_ARGS__, format, c->bits, c->random) : vprec_##name(__VA_ARGS__, format, mode))
    switch (c->op) {
    case UNIT_round: return APPLY(round, x[0]);
    case UNIT_add: return APPLY(add, x[0], x[1]);
    case UNIT_sub: return APPLY(sub, x[0], x[1]);
    case UNIT_mul: return APPLY(mul, x[0], x[1]);
    case UNIT_div: return APPLY(div, x[0], x[1]);
    case UNIT_sqrt: return APPLY(sqrt, x[0]);
    case UNIT_fma: return APPLY(fma, x[0], x[1], x[2]);
    case UNIT_from_i64: return APPLY(from_i64, (int64_t)c->n);
    default: return APPLY(from_u64, c->n);
    }
#undef APPLY
}

bool unit_same(double a, double b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

void unit_draw_dice(unit_draw *draw, const unit_answer *answer, unit_case *c)
{
    static const unsigned char widths[] = {1, 2, 8, 23, 24, 31, 32, 33, 53, 63, 64};
    uint64_t word = unit_random(draw), any = unit_random(draw);
    unsigned bits = word & 1 ? widths[(word >> 8) % sizeof widths] : 1 + (word >> 8) % 64;
    uint64_t all = ~UINT64_C(0) >> (64 - bits), q = (uint64_t)unit_threshold(answer, bits); /* modulo 2^64 */
    uint64_t top[] = {q, q - 1, q + 1, 0, all, any, any >> 8, q ^ (UINT64_C(1) << any % bits)};
    c->bits = bits;
    c->random = (top[word >> 1 & 7] & all) << (64 - bits);
    if (bits < 64) /* bits that must not count */
        c->random |= any & ~UINT64_C(0) >> bits;
}

static void mismatch(const unit_case *c, const unit_format *f, vprec_mode mode, const char *oracle, double got,
                     double want)
{
    if (unit_seen.mismatches++ >= 10)
        return;
    fprintf(stderr,
            "%s(%a, %a, %a, n=%#llx) in %s of %s, mode %s (%u bits of %#llx): got %a (%.17g), %s says %a (%.17g)\n",
            unit_op_names[c->op], c->x[0], c->x[1], c->x[2], (unsigned long long)c->n, f->text,
            f->type == VPREC_F32 ? "binary32" : "binary64", unit_mode_names[mode], c->bits,
            (unsigned long long)c->random, got, got, oracle, want, want);
}

static void compare_stochastic(const unit_case *c, const unit_format *f, const vprec_format *format,
                               const unit_answer *answer)
{
    unsigned __int128 q = unit_threshold(answer, c->bits), random = c->random >> (64 - c->bits);
    bool up = random < q;
    double got = unit_apply(c, format, VPREC_SR), want = answer->choice[up];
    uint64_t *events = unit_seen.events[c->op];
    unit_seen.modes[c->op][VPREC_SR]++;
    unit_seen.bits[c->bits]++;
    if (answer->inexact) {
        events[UNIT_down + up]++;
        events[UNIT_threshold_down] += random == q;
        events[UNIT_threshold_up] += random + 1 == q;
        events[UNIT_brim_down + up] += answer->brim;
        events[UNIT_lowest_down + up] += answer->lowest;
    }
    if (!unit_same(got, want))
        mismatch(c, f, VPREC_SR, "the exact value", got, want);
}

static void tally(const unit_answer *answer)
{
    unit_seen.cases++;
    unit_seen.inexact += answer->inexact;
    unit_seen.tie += answer->tie;
    unit_seen.tiny += answer->tiny;
    unit_seen.overflow += answer->overflow;
}

void unit_check(const unit_case *c, const unit_format *f, const vprec_format *format)
{
    unit_answer answer;
    unit_exact(c, f, &answer);
    tally(&answer);
    for (int mode = 0; mode < VPREC_SR; mode++) {
        double got = unit_apply(c, format, mode), want;
        unit_seen.modes[c->op][mode]++;
        if (!unit_same(got, answer.want[mode]))
            mismatch(c, f, mode, "the exact value", got, answer.want[mode]);
        if (!unit_mpfr(c, f, mode, &want))
            continue;
        unit_seen.mpfr[c->op][mode]++;
        if (!unit_same(got, want))
            mismatch(c, f, mode, "MPFR", got, want);
    }
    unit_case diced = *c;
    for (int i = 0; i < 2; i++) {
        unit_draw_dice(&unit_dice, &answer, &diced);
        compare_stochastic(&diced, f, format, &answer);
    }
}

void unit_check_chance(const unit_case *c, const unit_format *f, const vprec_format *format, unsigned bits)
{
    unit_answer answer;
    unit_exact(c, f, &answer);
    tally(&answer);
    unit_case diced = *c;
    for (diced.bits = 1; diced.bits <= bits; diced.bits++) {
        for (uint64_t i = 0; i < UINT64_C(1) << diced.bits; i++) {
            diced.random = i << (64 - diced.bits);
            compare_stochastic(&diced, f, format, &answer);
        }
    }
}

static bool complain(enum unit_op op, const char *what, const char *name)
{
    snprintf(unit_complaint, sizeof unit_complaint, "%s: %s %s", unit_op_names[op], what, name);
    return false;
}

bool unit_complete(enum unit_op op, bool thorough)
{
    bool integer = op == UNIT_from_i64 || op == UNIT_from_u64;
    for (int mode = 0; mode < VPREC_MODES; mode++) {
        bool known = mode == VPREC_RNE || mode == VPREC_RTZ || mode == VPREC_RU || mode == VPREC_RD;
        if (!unit_seen.modes[op][mode])
            return complain(op, "never compared in mode", unit_mode_names[mode]);
        if (known && !unit_seen.mpfr[op][mode])
            return complain(op, "never compared with MPFR in mode", unit_mode_names[mode]);
    }
    for (int event = 0; event < UNIT_EVENTS_COUNT; event++) {
        bool needed = event < UNIT_brim_down || (thorough && !(integer && event >= UNIT_lowest_down));
        if (needed && !unit_seen.events[op][event])
            return complain(op, "stochastic rounding never met", unit_event_names[event]);
    }
    for (int bits = 1; thorough && bits <= 64; bits++) {
        if (!unit_seen.bits[bits])
            return complain(op, "no stochastic rounding for some number of bits", "");
    }
    if (!unit_seen.mismatches)
        return true;
    snprintf(unit_complaint, sizeof unit_complaint, "%s: %llu mismatches in %llu cases", unit_op_names[op],
             (unsigned long long)unit_seen.mismatches, (unsigned long long)unit_seen.cases);
    return false;
}
