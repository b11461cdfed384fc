/* SPDX-License-Identifier: Apache-2.0
 * array.c: see array.h. No more is known of a result than the number that the function wrote. */
#include "array.h"
#include "round.h"
#include <math.h>

_Static_assert(offsetof(vprec_gate, inside) == 72, "array.S");

/* As what a vector routine leaves in a register: noise of the size of the number's own rounding error would vanish in
 * it. Then that error is drawn as well, unless so few bits are set that the number looks exact. */
static double with_noise(vprec_type type, double x)
{
    const vprec_arith *arith = vprec_arith_here();
    const unsigned fraction = type == VPREC_F64 ? 52 : 23, unseen = 52 - fraction;
    uint64_t words[8], bits = vprec_bits(x);
    uint64_t key = vprec_once_key(arith, VPREC_KIND_VALUE, type, &bits, 1);
    vprec_once once = vprec_once_draw(arith, type, &arith->format[type], key, words);
    vprec_noise noise = arith->noise[type];
    bool exact = !(bits & ((UINT64_C(1) << (unseen + fraction / 2)) - 1));
    if (noise.what && noise.precision > fraction && !exact && isfinite(x) && x != 0)
        noise.what = VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS;
    once.noise = once.noise ? &noise : NULL;
    return VPREC_ONCE(&once, round, x);
}

static double one(vprec_type type, double x)
{
    return vprec_arith_here()->round & VPREC_ROUND_RESULTS ? with_noise(type, x) : vprec_libm_operand(type, x);
}

/* `lanes` elements each, `stride` elements apart. */
static void round_array(vprec_type type, void *to, uint64_t n, int64_t stride, unsigned lanes)
{
    const vprec_arith *arith = vprec_arith_here();
    const vprec_rounding how = {.format = arith->format[type], .mode = arith->mode};
    bool random = arith->mode == VPREC_SR || arith->noise[type].what;
    if (!random && stride == (int64_t)lanes &&
        (type == VPREC_F64 ? vprec_round_f64(to, to, n * lanes, &how)
                           : vprec_round_f32(to, to, n * lanes, &how)) == VPREC_OK)
        return;
    for (uint64_t i = 0; i < n; i++)
        for (unsigned lane = 0; lane < lanes; lane++) {
            const int64_t at = (int64_t)i * stride + lane;
            if (type == VPREC_F64) {
                double *element = (double *)to + at;
                *element = one(type, *element);
            } else {
                float x, *element = (float *)to + at;
                __builtin_memcpy(&x, element, sizeof x);
                x = (float)one(type, x);
                __builtin_memcpy(element, &x, sizeof x);
            }
        }
}

void vprec_libm_array_round(const vprec_gate *gate, const uint64_t arguments[VPREC_ROUTINE_ARGUMENTS])
{
    const vprec_routine *r = &gate->routine;
    VPREC_LIBM_NEAREST;
    int64_t n = 1, stride = 1;
    if (r->count != VPREC_ROUTINE_NONE)
        n = r->wide ? (int64_t)arguments[r->count] : (int32_t)arguments[r->count];
    if (r->stride != VPREC_ROUTINE_NONE)
        stride = r->wide ? (int64_t)arguments[r->stride] : (int32_t)arguments[r->stride];
    for (unsigned i = 0; i < r->arrays && n > 0; i++)
        if (arguments[r->to[i]])
            round_array((vprec_type)r->type, (void *)arguments[r->to[i]], (uint64_t)n, stride * r->lanes, r->lanes);
}
