/* SPDX-License-Identifier: Apache-2.0
 * bounds.c: bounds COUNT: what Ziv's test rests on: libm's largest error at
 * each step, in ulps, over COUNT (times VPREC_TEST_SCALE) draws a function, against the
 * stated bound. More than half of the bound is a failure: the bound must have room. */
#include "compare.h"
#include "draws.h"
#include "elementary.h"
#include <stdio.h>
#include <stdlib.h>

static const int places[VPREC_STEPS] = {52, 63, 112}; /* bits after the first */

static void set_u128(mpz_t n, vprec_u128 v)
{
    mpz_set_ui(n, (unsigned long)(v >> 64));
    mpz_mul_2exp(n, n, 64);
    mpz_add_ui(n, n, (unsigned long)v);
}

int main(int argc, char **argv)
{
    const char *text = getenv("VPREC_TEST_SCALE");
    double count = argc > 1 ? strtod(argv[1], NULL) * (text ? strtod(text, NULL) : 1) : 0;
    static const char *const texts[] = {"bf16", "fp16", "fp32", "fp64"};
    oracle_value value;
    mpz_t sig;
    int status = 0;
    mpz_inits(value.n, sig, NULL);
    printf("%-10s%12s%12s%12s%20s\n", "ulps", "binary64", "80 bits", "binary128", "bounds");
    for (int function = 0; function < VPREC_FUNCTIONS_COUNT; function++) {
        double worst[VPREC_STEPS] = {0};
        uint64_t state = function, seen = 0;
        for (double n = 0; n < count || n < 1; n++) {
            double x, y;
            vprec_format format = compare_format(texts[(int)n % 4]);
            draw_place(&state, function, &format, &x, &y);
            if (vprec_libm_known(function, x, y).what != VPREC_REGULAR)
                continue;
            oracle_evaluate(&value, function, x, y);
            for (int step = 0; step < VPREC_STEPS; step++) {
                vprec_interval i;
                if (!vprec_libm_evaluate(&i, function, step, x, y) || i.low == i.high)
                    continue;
                set_u128(sig, i.low + (i.high - i.low) / 2);
                double error = oracle_error(&value, i.sign, sig, i.exp, places[step]);
                worst[step] = error > worst[step] ? error : worst[step];
                seen++;
                int bound = vprec_libm_ulps(function, step);
                if (error > bound / 2.0 && status++ < 20)
                    fprintf(stderr, "%s(%a, %a), step %d: %.3g ulps, the bound is %d\n",
                            vprec_function_name(function), x, y, step, error, bound);
            }
        }
        printf("%-10s%12.3f%12.3f%12.3f%10d%10d\n", vprec_function_name(function), worst[0], worst[1], worst[2],
               vprec_libm_ulps(function, VPREC_STEP_F64), vprec_libm_ulps(function, VPREC_STEP_F128));
        if (!seen && status++ >= 0)
            fprintf(stderr, "%s was never measured\n", vprec_function_name(function));
    }
    mpz_clears(value.n, sig, NULL);
    return status != 0;
}
