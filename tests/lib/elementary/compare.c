/* SPDX-License-Identifier: Apache-2.0
 * compare.c: see compare.h. */
#include "compare.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

compare_tally compare_seen;

static const char *const mode_names[VPREC_MODES] = {"rne", "rna", "rtz", "ru", "rd", "rto", "sr"};

vprec_format compare_format(const char *text)
{
    vprec_format format;
    char message[160] = "";
    if (vprec_format_parse(text, VPREC_F64, &format, message, sizeof message) != VPREC_OK) {
        fprintf(stderr, "%s\n", message);
        exit(2);
    }
    return format;
}

double compare_decode(uint64_t code, const vprec_format *f)
{
    uint64_t ones = (UINT64_C(1) << f->ebits) - 1, last = (UINT64_C(1) << f->fbits) - 1;
    uint64_t fraction = code & last, exponent = code >> f->fbits & ones;
    double sign = code >> (f->fbits + f->ebits) & 1 ? -1 : 1;
    if (exponent == ones && !(f->flags & VPREC_NOINF))
        return fraction ? copysign(NAN, sign) : sign * INFINITY;
    if (exponent == ones && fraction == last && !(f->flags & (VPREC_NONAN | VPREC_NONEGZERO)))
        return copysign(NAN, sign);
    if ((f->flags & VPREC_NONEGZERO) && sign < 0 && !exponent && !fraction)
        return NAN;
    if (!exponent)
        return sign * ldexp(fraction, f->emin - f->fbits);
    return sign * ldexp(fraction + ldexp(1, f->fbits), (int)exponent - f->bias - f->fbits);
}

/* splitmix64 (G. Steele, D. Lea, C. Flood, 2014) */
uint64_t compare_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

bool compare_same(double a, double b) { return !memcmp(&a, &b, sizeof a); }

void compare_complain(const char *who, vprec_function function, double x, double y, const vprec_format *format,
                      vprec_mode mode, unsigned bits, uint64_t random, double got, double want)
{
    char text[96];
    if (compare_seen.mismatches++ >= 20)
        return;
    vprec_format_print(format, text, sizeof text);
    fprintf(stderr, "%s: %s(%a, %a) to %s, %s:%u, random %#llx: got %a, want %a\n", who,
            vprec_function_name(function), x, y, text, mode_names[mode], bits, (unsigned long long)random, got, want);
}

static void compare_mpfr(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode,
                         double want)
{
    double second;
    if (!oracle_mpfr(&second, function, x, y, format, mode))
        return;
    compare_seen.mpfr[mode]++;
    if (!compare_same(second, want))
        compare_complain("the oracles differ", function, x, y, format, mode, 0, 0, want, second);
}

void compare_place(const compare_subject *subject, vprec_function function, double x, double y,
                   const vprec_format *formats, size_t count, uint64_t seed)
{
    static oracle_value value;
    static bool ready;
    if (!ready)
        mpz_init(value.n);
    ready = true;
    oracle_evaluate(&value, function, x, y);
    compare_seen.cases[function]++;
    for (size_t i = 0; i < count; i++) {
        const vprec_format *format = &formats[i];
        for (int mode = 0; mode < VPREC_MODES; mode++) {
            static const unsigned widths[] = {1, 8, 32, 33, 64};
            unsigned bits = mode == VPREC_SR ? widths[compare_random(&seed) % 5] : 0;
            uint64_t random = mode == VPREC_SR ? compare_random(&seed) : 0;
            if (mode == VPREC_SR && compare_random(&seed) % 4 == 0)
                random >>= compare_random(&seed) % 64; /* probabilities far below 2^-1 too */
            bool unproven;
            double got = mode == VPREC_SR ? subject->sr(function, x, y, format, bits, random, &unproven)
                                          : subject->mode(function, x, y, format, mode, &unproven);
            double want = oracle_round(&value, x, y, format, mode, bits, random);
            compare_seen.modes[mode]++;
            if (compare_seen.modes[mode] % 7 == 0)
                compare_mpfr(function, x, y, format, mode, want);
            if (unproven) {
                compare_seen.unproven++;
                compare_seen.wrong += !compare_same(got, want);
                if (compare_seen.unproven <= 20)
                    fprintf(stderr, "unproven: %s(%a, %a), m%d, %s:%u, random %#llx: %a, %s\n",
                            vprec_function_name(function), x, y, format->fbits, mode_names[mode], bits,
                            (unsigned long long)random, got, compare_same(got, want) ? "right" : "wrong");
            } else if (!compare_same(got, want)) {
                compare_complain(subject->name, function, x, y, format, mode, bits, random, got, want);
            }
        }
    }
}

int compare_finish(const bool functions[VPREC_FUNCTIONS_COUNT])
{
    int status = 0;
    uint64_t places = 0, results = 0, mpfr = 0;
    for (int f = 0; f < VPREC_FUNCTIONS_COUNT; f++) {
        places += compare_seen.cases[f];
        if (!functions[f] || compare_seen.cases[f])
            continue;
        fprintf(stderr, "%s was never compared\n", vprec_function_name(f));
        status = 1;
    }
    for (int mode = 0; mode < VPREC_MODES; mode++) {
        bool known = mode == VPREC_RNE || mode == VPREC_RTZ || mode == VPREC_RU || mode == VPREC_RD;
        results += compare_seen.modes[mode];
        mpfr += compare_seen.mpfr[mode];
        if (compare_seen.modes[mode] && (!known || compare_seen.mpfr[mode]))
            continue;
        fprintf(stderr, "mode %s was never compared%s\n", mode_names[mode], known ? " with MPFR's own rounding" : "");
        status = 1;
    }
    printf("%llu places, %llu results, %llu of them against MPFR's own rounding: %llu mismatches; %llu unproven, %llu "
           "of them wrong\n",
           (unsigned long long)places, (unsigned long long)results, (unsigned long long)mpfr,
           (unsigned long long)compare_seen.mismatches, (unsigned long long)compare_seen.unproven,
           (unsigned long long)compare_seen.wrong);
    return status || compare_seen.mismatches ? 1 : 0;
}
