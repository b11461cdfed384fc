/* SPDX-License-Identifier: Apache-2.0
 * oracle_mpfr.c: what an operation must give, by MPFR: IEEE 754 formats in the
 * modes that MPFR has. The order of the steps matters: the operation in the
 * widest exponent range, then the format's range, check_range, subnormalize. */
#define MPFR_USE_INTMAX_T
#include "support.h"
#include <mpfr.h>

bool unit_mpfr(const unit_case *c, const unit_format *f, vprec_mode mode, double *want)
{
    static const mpfr_rnd_t directions[VPREC_MODES] = {[VPREC_RNE] = MPFR_RNDN,
                                                       [VPREC_RNA] = MPFR_RNDNA,
                                                       [VPREC_RTZ] = MPFR_RNDZ,
                                                       [VPREC_RU] = MPFR_RNDU,
                                                       [VPREC_RD] = MPFR_RNDD,
                                                       [VPREC_RTO] = MPFR_RNDNA,
                                                       [VPREC_SR] = MPFR_RNDNA};
    static mpfr_t x[3], r;
    static bool ready;
    mpfr_rnd_t rnd = directions[mode];
    if (f->flags || rnd == MPFR_RNDNA)
        return false;
    if (!ready) {
        mpfr_inits2(53, x[0], x[1], x[2], (mpfr_ptr)NULL);
        mpfr_init(r);
    }
    ready = true;
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    for (int i = 0; i < 3; i++)
        mpfr_set_d(x[i], c->x[i], MPFR_RNDN);
    mpfr_set_prec(r, f->fbits + 1);
    int t = 0;
    switch (c->op) {
    case UNIT_round: t = mpfr_set(r, x[0], rnd); break;
    case UNIT_add: t = mpfr_add(r, x[0], x[1], rnd); break;
    case UNIT_sub: t = mpfr_sub(r, x[0], x[1], rnd); break;
    case UNIT_mul: t = mpfr_mul(r, x[0], x[1], rnd); break;
    case UNIT_div: t = mpfr_div(r, x[0], x[1], rnd); break;
    case UNIT_sqrt: t = mpfr_sqrt(r, x[0], rnd); break;
    case UNIT_fma: t = mpfr_fma(r, x[0], x[1], x[2], rnd); break;
    case UNIT_from_i64: t = mpfr_set_sj(r, (int64_t)c->n, rnd); break;
    case UNIT_from_u64: t = mpfr_set_uj(r, c->n, rnd); break;
    default: return false;
    }
    mpfr_set_emin(2 - f->bias - f->fbits);
    mpfr_set_emax((1 << f->ebits) - 2 - f->bias + 1);
    t = mpfr_check_range(r, t, rnd);
    mpfr_subnormalize(r, t, rnd);
    *want = mpfr_get_d(r, MPFR_RNDN);
    return true;
}
