/* SPDX-License-Identifier: Apache-2.0
 * oracle.h: what an elementary function must give: its value by MPFR, and
 * rounding from the definition, in integers. Shares no code with lib/, not with
 * lib/mpfr either; of a format it reads the numbers. */
#ifndef LIBM_ORACLE_H
#define LIBM_ORACLE_H

#include "vprec.h"
#include <gmp.h>

typedef struct oracle_value {
    enum { ORACLE_NAN_X, ORACLE_NAN_Y, ORACLE_INVALID, ORACLE_ZERO, ORACLE_INF, ORACLE_NUMBER } what;
    bool sign;
    mpz_t n; /* the magnitude lies at n * 2^exp, or strictly between it and (n+1) * 2^exp */
    long exp;
    bool between;
} oracle_value;

/* `value->n` must have been initialised. */
void oracle_evaluate(oracle_value *value, vprec_function function, double x, double y);

/* Any mode; `bits` and `random` count in VPREC_SR. */
double oracle_round(const oracle_value *value, double x, double y, const vprec_format *format, vprec_mode mode,
                    unsigned bits, uint64_t random);

/* A second opinion on oracle_round: MPFR rounds at the format's own precision. False where
 * MPFR has no such mode, format or function. */
bool oracle_mpfr(double *result, vprec_function function, double x, double y, const vprec_format *format,
                 vprec_mode mode);

/* |approximation - value| in units of 2^(exponent of value - places): how far sig * 2^exp is off. */
double oracle_error(const oracle_value *value, bool sign, const mpz_t sig, long exp, int places);

#endif
