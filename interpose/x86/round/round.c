/* SPDX-License-Identifier: Apache-2.0
 * round.c: which inline form a format allows, and its constants. The code
 * itself is in avx512.c and avx.c. */
#include "round.h"
#include "runtime/draws.h"
#include "x86/decode.h"
#include <string.h>

typedef struct container {
    int fbits, emax, field_max; /* fraction bits, largest exponent, exponent field of inf */
} container;

static container container_of(vprec_type type)
{
    return type == VPREC_F32 ? (container){23, 127, 255} : (container){52, 1023, 2047};
}

/* Stochastic rounding inline: the native result, rounded to nearest, holds as many bits below the format's last one
 * as are drawn. */
static bool draws_dropped_bits(const vprec_arith *arith, vprec_type type)
{
    const vprec_format *f = &arith->format[type];
    return arith->bits[type] == container_of(type).fbits - f->fbits;
}

enum vprec_site_shape vprec_round_shape(const vprec_arith *arith, vprec_type type)
{
    const vprec_format *f = &arith->format[type];
    container c = container_of(type);
    if (arith->use[type] == VPREC_USE_NATIVE)
        return VPREC_SHAPE_NATIVE;
    if (!(arith->round & VPREC_ROUND_RESULTS))
        return VPREC_SHAPE_NONE;
    bool random = arith->mode == VPREC_SR || arith->noise[type].what;
    if (random && arith->keyed) /* inline code draws by thread and count */
        return VPREC_SHAPE_NONE;
    bool full_range = !f->flags && f->emax == c.emax && f->emin == 1 - c.emax;
    if (arith->noise[type].what) {
        bool simple = !arith->fast && !arith->silent && arith->noise[type].error == VPREC_ERROR_RELATIVE;
        return full_range && f->fbits == c.fbits && simple ? VPREC_SHAPE_NOISE : VPREC_SHAPE_NONE;
    }
    if (full_range && f->fbits == c.fbits) /* the processor has no such rounding to odd, nor with ties away */
        return arith->mode >= VPREC_RTO || arith->mode == VPREC_RNA ? VPREC_SHAPE_NONE : VPREC_SHAPE_CONTAINER;
    if (full_range)
        return arith->mode != VPREC_SR || draws_dropped_bits(arith, type) ? VPREC_SHAPE_WIDE : VPREC_SHAPE_NONE;
    if (arith->mode == VPREC_SR)
        return VPREC_SHAPE_NONE;
    /* narrow: round to odd needs two spare bits; the quantum must stay a normal number of the container, and the
     * magic constant finite */
    int dropped = c.fbits - f->fbits;
    if (f->flags & VPREC_SAT && !(f->flags & VPREC_NOINF))
        return VPREC_SHAPE_NONE; /* infinite operands stay infinite, overflow does not: the result alone cannot tell */
    if (dropped >= 2 && f->emin - 1 - f->fbits >= 1 - c.emax && f->emax + 1 + dropped < c.emax)
        return VPREC_SHAPE_NARROW;
    return VPREC_SHAPE_NONE;
}

static void fill(vprec_constants *constants, vprec_type type, enum vprec_constant k, uint64_t value)
{
    uint8_t *to = constants->value[type][k];
    size_t size = type == VPREC_F32 ? 4 : 8;
    for (size_t i = 0; i < 64; i += size)
        memcpy(to + i, &value, size);
}

static uint64_t bits_of(vprec_type type, double x)
{
    uint64_t b = 0;
    if (type == VPREC_F32) {
        float f = (float)x;
        memcpy(&b, &f, 4);
    } else {
        memcpy(&b, &x, 8);
    }
    return b;
}

void vprec_round_constants(vprec_constants *constants, const vprec_arith *arith)
{
    for (int t = 0; t < VPREC_TYPES; t++) {
        const vprec_format *f = &arith->format[t];
        container c = container_of(t);
        int total = t == VPREC_F32 ? 32 : 64, dropped = c.fbits - f->fbits;
        uint64_t sign = UINT64_C(1) << (total - 1), all = sign | (sign - 1);
        fill(constants, t, VPREC_K_ONE, 1);
        fill(constants, t, VPREC_K_QUIET, UINT64_C(1) << (c.fbits - 1));
        fill(constants, t, VPREC_K_UNIT, bits_of((vprec_type)t, 1.0));
        fill(constants, t, VPREC_K_ABS, sign - 1);
        fill(constants, t, VPREC_K_SIGN, sign);
        fill(constants, t, VPREC_K_ZERO, 0);
        fill(constants, t, VPREC_K_LEAST, UINT64_C(1) << c.fbits);
        fill(constants, t, VPREC_K_LEAST_MINUS, sign | UINT64_C(1) << c.fbits);
        fill(constants, t, VPREC_K_DIRECTION, UINT64_C(0x600000006000));
        fill(constants, t, VPREC_K_RR_CENTRE, bits_of(t, 1.5) - 1);
        fill(constants, t, VPREC_K_RR_BITS, (UINT64_C(1) << c.fbits) - 2);
        for (size_t i = 0; i < 64; i += 8)
            memcpy(constants->value[t][VPREC_K_STEP] + i, &vprec_noise_step, 8);
        fill(constants, t, VPREC_K_SAFE_LOW, bits_of(t, t == VPREC_F32 ? 0x1p-70 : 0x1p-900));
        fill(constants, t, VPREC_K_SAFE_HIGH, bits_of(t, t == VPREC_F32 ? 0x1p120 : 0x1p1000));
        fill(constants, t, VPREC_K_NOISE_LOW, bits_of(t, t == VPREC_F32 ? 0x1p-100 : 0x1p-960));
        fill(constants, t, VPREC_K_EXPONENT, (uint64_t)c.field_max << c.fbits);
        for (size_t i = 0; i < 64; i += 2 * (size_t)total / 8)
            memcpy(constants->value[t][VPREC_K_ALTERNATE] + i, &sign, (size_t)total / 8);
        fill(constants, t, VPREC_K_ALL, all);
        fill(constants, t, VPREC_K_PAIR_ADD, UINT64_C(1) << c.fbits);
        const uint64_t one = 1;
        for (size_t i = (size_t)total / 8; i < 64; i += 2 * (size_t)total / 8) {
            memcpy(constants->value[t][VPREC_K_PAIR_FLIP] + i, &all, (size_t)total / 8);
            memcpy(constants->value[t][VPREC_K_PAIR_ADD] + i, &one, (size_t)total / 8);
        }
        if (arith->noise[t].what) {
            unsigned cut = (unsigned)c.fbits + 1 - arith->noise[t].precision;
            fill(constants, t, VPREC_K_BEYOND, (UINT64_C(1) << cut) - 1);
            /* 2^(1-t-32), 2^(1-t-64): bits of a power of two */
            fill(constants, t, VPREC_K_NOISE, (uint64_t)((unsigned)(c.emax + 1 - total) - arith->noise[t].precision) << c.fbits);
        }
        if (arith->use[t] != VPREC_USE_FORMAT || dropped <= 0)
            continue;
        uint64_t half = UINT64_C(1) << (dropped - 1), drop = 2 * half - 1;
        fill(constants, t, VPREC_K_HALF1, half - 1);
        fill(constants, t, VPREC_K_HALF, half);
        fill(constants, t, VPREC_K_DROP, drop);
        fill(constants, t, VPREC_K_KEEP, all & ~drop);
        fill(constants, t, VPREC_K_KEEP_LOW, all);
        fill(constants, t, VPREC_K_HALF_LOW, 0);
        memcpy(constants->value[t][VPREC_K_HALF_LOW], constants->value[t][VPREC_K_HALF], (size_t)total / 8);
        memcpy(constants->value[t][VPREC_K_KEEP_LOW], constants->value[t][VPREC_K_KEEP], (size_t)total / 8);
        fill(constants, t, VPREC_K_LAST, 2 * half);
        /* without subnormals a value one binade below the smallest normal is rounded to its own quantum first */
        int low = f->emin - (f->flags & VPREC_NOSUB ? 1 : 0) + c.emax, high = f->emax + 1 + c.emax;
        fill(constants, t, VPREC_K_EXP_LOW, (uint64_t)low << c.fbits);
        fill(constants, t, VPREC_K_EXP_HIGH, (uint64_t)high << c.fbits);
        uint64_t magic = ((uint64_t)dropped << c.fbits) + (UINT64_C(1) << (c.fbits - 1));
        fill(constants, t, VPREC_K_MAGIC, magic);
        fill(constants, t, VPREC_K_TIE, -magic - ((uint64_t)(f->fbits + 1) << c.fbits));
        fill(constants, t, VPREC_K_MAX, bits_of(t, f->max));
        fill(constants, t, VPREC_K_MIN_NORMAL, bits_of(t, f->min_normal));
        uint64_t least = bits_of(t, f->min_normal);
        fill(constants, t, VPREC_K_PLAIN_LOW, 2 * least);
        fill(constants, t, VPREC_K_PLAIN_SPAN, 2 * (bits_of(t, f->max) - least));
        double beyond = f->flags & VPREC_SAT ? f->max : f->flags & VPREC_NOINF ? __builtin_nan("") : __builtin_inf();
        fill(constants, t, VPREC_K_OVERFLOW, bits_of(t, beyond));
    }
}

void vprec_round_copy_insn(vprec_code *code, uint64_t address, const vprec_insn *insn)
{
    const uint8_t *bytes = (const uint8_t *)(address + code->shadow);
    if (!insn->disp_offset) {
        vprec_emit_bytes(code, bytes, insn->length);
        return;
    }
    int64_t rel = (int64_t)insn->target - (int64_t)(code->at + insn->length);
    if (rel != (int32_t)rel)
        code->full = true;
    vprec_emit_bytes(code, bytes, insn->disp_offset);
    vprec_emit_u32(code, (uint32_t)rel);
    vprec_emit_bytes(code, bytes + insn->disp_offset + 4, insn->length - insn->disp_offset - 4u);
}

void vprec_round_copy_site(vprec_code *code, const vprec_site *site)
{
    const vprec_insn insn = {.length = site->length, .disp_offset = site->disp_offset, .target = (uint64_t)site->mem.disp};
    vprec_round_copy_insn(code, site->address, &insn);
}

void vprec_round_emit_ties(vprec_code *code, const vprec_round_context *context)
{
    if (context->isa == VPREC_ISA_AVX512)
        vprec_round_emit_ties_avx512(code, context);
    else
        vprec_round_emit_ties_avx(code, context);
}

size_t vprec_round_room(const vprec_arith *arith, enum vprec_isa isa)
{
    if (isa < VPREC_ISA_AVX512)
        return 1152;
    bool noise = false;
    for (int t = 0; t < VPREC_TYPES; t++)
        noise |= arith->noise[t].what != 0;
    return noise ? 1536 : 768;
}

size_t vprec_round_tie_size(enum vprec_isa isa)
{
    return isa == VPREC_ISA_AVX512 ? vprec_round_tie_size_avx512 : vprec_round_tie_size_avx;
}

bool vprec_round_emit(vprec_code *code, const vprec_site *site, const vprec_round_context *context)
{
    if (context->isa == VPREC_ISA_AVX512)
        return vprec_round_emit_avx512(code, site, context);
    if (context->arith->round & VPREC_ROUND_OPERANDS)
        return false;
    return vprec_round_emit_avx(code, site, context);
}
