/* SPDX-License-Identifier: Apache-2.0
 * test_environment.c: the processor as one more oracle in binary32 and binary64,
 * and independence from the floating-point environment in both directions. */
#include "support.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fenv.h>
#include <math.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static const struct {
    vprec_mode mode;
    int direction;
} directions[] = {{VPREC_RNE, FE_TONEAREST},
                  {VPREC_RTZ, FE_TOWARDZERO},
                  {VPREC_RU, FE_UPWARD},
                  {VPREC_RD, FE_DOWNWARD}};
enum { DIRECTIONS = sizeof directions / sizeof *directions };

/* Each volatile, so that the operation happens here and in this direction. */
static double native32(const unit_case *c)
{
    volatile float a = c->x[0], b = c->x[1], z = c->x[2], r;
    switch (c->op) {
    case UNIT_round: r = (float)c->x[0]; break;
    case UNIT_add: r = a + b; break;
    case UNIT_sub: r = a - b; break;
    case UNIT_mul: r = a * b; break;
    case UNIT_div: r = a / b; break;
    case UNIT_sqrt: r = sqrtf(a); break;
    case UNIT_fma: r = fmaf(a, b, z); break;
    case UNIT_from_i64: r = (float)*(volatile const int64_t *)&c->n; break;
    default: r = (float)*(volatile const uint64_t *)&c->n; break;
    }
    return r;
}

static double native64(const unit_case *c)
{
    volatile double a = c->x[0], b = c->x[1], z = c->x[2], r;
    switch (c->op) {
    case UNIT_round: r = a; break;
    case UNIT_add: r = a + b; break;
    case UNIT_sub: r = a - b; break;
    case UNIT_mul: r = a * b; break;
    case UNIT_div: r = a / b; break;
    case UNIT_sqrt: r = sqrt(a); break;
    case UNIT_fma: r = fma(a, b, z); break;
    case UNIT_from_i64: r = (double)*(volatile const int64_t *)&c->n; break;
    default: r = (double)*(volatile const uint64_t *)&c->n; break;
    }
    return r;
}

static void compare(const unit_format *f, double (*native)(const unit_case *))
{
    vprec_format format = unit_parse(f);
    uint64_t compared[UNIT_COUNT][DIRECTIONS] = {0}, mismatches = 0;
    for (int op = 0; op < UNIT_COUNT; op++) {
        unit_draw draw = {.state = 77 + op, .format = f, .last = 1};
        for (uint64_t n = unit_scaled(100000); n; n--) {
            unit_case c;
            unit_draw_case(&draw, op, &c);
            for (int i = 0; i < DIRECTIONS; i++) {
                fesetround(directions[i].direction);
                double want = native(&c);
                fesetround(FE_TONEAREST);
                double got = unit_apply(&c, &format, directions[i].mode);
                compared[op][i]++;
                if (!unit_same(got, want) && mismatches++ < 10)
                    cr_expect(0, "%s(%a, %a, %a, n=%#llx) in %s, mode %s: got %a, the processor says %a",
                              unit_op_names[op], c.x[0], c.x[1], c.x[2], (unsigned long long)c.n, f->text,
                              unit_mode_names[directions[i].mode], got, want);
            }
        }
    }
    for (int op = 0; op < UNIT_COUNT; op++) {
        for (int i = 0; i < DIRECTIONS; i++)
            cr_assert(compared[op][i] > 0, "%s was never compared", unit_op_names[op]);
    }
    cr_assert_eq(mismatches, 0);
}

static const unit_format fp32 = {"fp32", VPREC_F32, 8, 23, 127, 0x1.fffffep127, 0};
static const unit_format fp64 = {"fp64", VPREC_F64, 11, 52, 1023, 0x1.fffffffffffffp1023, 0};

Test(environment, processor_binary32) { compare(&fp32, native32); }
Test(environment, processor_binary64) { compare(&fp64, native64); }

/* The library computes the same whatever MXCSR says, and leaves it and errno as they were. */
Test(environment, independent_of_mxcsr)
{
#if !defined(__x86_64__)
    cr_skip_test("MXCSR is x86's");
#else
    const unsigned controls[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x9fc0, 0x1fc0, 0xffc0};
    static const unit_format narrow = {"fp16", VPREC_F32, 5, 10, 15, 65504, 0};
    const unit_format *formats[] = {&fp32, &fp64, &narrow};
    for (size_t i = 0; i < 3; i++) {
        vprec_format format = unit_parse(formats[i]);
        for (int op = 0; op < UNIT_COUNT; op++) {
            unit_draw draw = {.state = 5 + op, .format = formats[i], .last = 1};
            for (int n = 0; n < 2000; n++) {
                unit_case c;
                unit_draw_case(&draw, op, &c);
                c.bits = 1 + n % 64, c.random = unit_random(&draw);
                for (int mode = 0; mode < VPREC_MODES; mode++) {
                    double want = unit_apply(&c, &format, mode);
                    for (size_t k = 0; k < sizeof controls / sizeof *controls; k++) {
                        errno = 0;
                        _mm_setcsr(controls[k]);
                        double got = unit_apply(&c, &format, mode);
                        unsigned after = _mm_getcsr();
                        _mm_setcsr(0x1f80);
                        cr_assert(unit_same(got, want) && after == controls[k] && !errno,
                                  "%s(%a, %a, %a) in %s, mode %s, MXCSR %#x: got %a, want %a, MXCSR after %#x",
                                  unit_op_names[op], c.x[0], c.x[1], c.x[2], formats[i]->text, unit_mode_names[mode],
                                  controls[k], got, want, after);
                    }
                }
            }
        }
    }
#endif
}

/* Parsing does not use the environment either. */
Test(environment, parsing_is_independent_of_mxcsr)
{
    for (size_t i = 0; i < unit_formats_count; i++) {
        const unit_format *f = &unit_formats[i];
        vprec_format want = unit_parse(f), got;
        fesetround(FE_UPWARD);
        vprec_format_parse(f->text, f->type, &got, NULL, 0);
        fesetround(FE_TONEAREST);
        cr_expect(got.max == want.max && got.min_normal == want.min_normal && got.min_subnormal == want.min_subnormal,
                  "%s", f->text);
    }
}
