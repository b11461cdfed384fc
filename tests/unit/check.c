/* SPDX-License-Identifier: Apache-2.0
 * check.c: the comparison of the library with the oracles, and the tally that
 * says afterwards whether everything was really compared. */
#include "support.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const unit_mode_names[VPREC_MODES] = {"rne", "rna", "rtz", "ru", "rd", "rto"};
const char *const unit_op_names[UNIT_COUNT] = {
#define X(name, arity) #name,
    UNIT_OPS(X)
#undef X
};

unit_tally unit_seen;

vprec_format unit_parse(const unit_format *f)
{
    vprec_format format;
    char message[160] = "";
    vprec_status status = vprec_format_parse(f->text, f->type, &format, message, sizeof message);
    cr_assert(status == VPREC_OK, "%s: %s", f->text, message);
    return format;
}

double unit_apply(const unit_case *c, const vprec_format *format, vprec_mode mode)
{
    const double *x = c->x;
    switch (c->op) {
    case UNIT_round: return vprec_round(x[0], format, mode);
    case UNIT_add: return vprec_add(x[0], x[1], format, mode);
    case UNIT_sub: return vprec_sub(x[0], x[1], format, mode);
    case UNIT_mul: return vprec_mul(x[0], x[1], format, mode);
    case UNIT_div: return vprec_div(x[0], x[1], format, mode);
    case UNIT_sqrt: return vprec_sqrt(x[0], format, mode);
    case UNIT_fma: return vprec_fma(x[0], x[1], x[2], format, mode);
    case UNIT_from_i64: return vprec_from_i64((int64_t)c->n, format, mode);
    default: return vprec_from_u64(c->n, format, mode);
    }
}

bool unit_same(double a, double b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

static void mismatch(const unit_case *c, const unit_format *f, vprec_mode mode, const char *oracle, double got,
                     double want)
{
    if (unit_seen.mismatches++ >= 10)
        return;
    cr_expect(0, "%s(%a, %a, %a, n=%#llx) in %s of %s, mode %s: got %a (%.17g), %s says %a (%.17g)",
              unit_op_names[c->op], c->x[0], c->x[1], c->x[2], (unsigned long long)c->n, f->text,
              f->type == VPREC_F32 ? "binary32" : "binary64", unit_mode_names[mode], got, got, oracle, want, want);
}

void unit_check(const unit_case *c, const unit_format *f, const vprec_format *format)
{
    unit_answer answer;
    unit_exact(c, f, &answer);
    unit_seen.cases++;
    unit_seen.inexact += answer.inexact;
    unit_seen.tie += answer.tie;
    unit_seen.tiny += answer.tiny;
    unit_seen.overflow += answer.overflow;
    for (int mode = 0; mode < VPREC_MODES; mode++) {
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
}

void unit_finish(enum unit_op op)
{
    for (int mode = 0; mode < VPREC_MODES; mode++) {
        bool known = mode != VPREC_RNA && mode != VPREC_RTO;
        cr_assert(unit_seen.modes[op][mode] > 0, "%s was never compared in mode %s", unit_op_names[op],
                  unit_mode_names[mode]);
        cr_assert(!known || unit_seen.mpfr[op][mode] > 0, "%s was never compared with MPFR in mode %s",
                  unit_op_names[op], unit_mode_names[mode]);
    }
    cr_assert(unit_seen.mismatches == 0, "%s: %llu mismatches in %llu cases", unit_op_names[op],
              (unsigned long long)unit_seen.mismatches, (unsigned long long)unit_seen.cases);
}
