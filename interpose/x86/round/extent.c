/* SPDX-License-Identifier: Apache-2.0
 * extent.c: see extent.h. With x the bits of a result, all modulo the width less the sign:
 *
 *     x + one in the exponent's place    grows with finite magnitudes; infinite ones are below these, NaN too
 *     -x                                 grows as magnitudes other than zero become smaller
 *
 * and the larger of such a number and the one that is kept is kept. */
#include "extent.h"
#include "runtime/meter.h"

enum { SCRATCH = 2, T = 0, S = 1 };
enum { EVEX, VEX, LEGACY };

typedef struct extent {
    vprec_code *code;
    const vprec_round_context *context;
    int form;          /* EVEX, ... */
    bool f64;
    vprec_type type;
    uint8_t length;    /* 0 128, 1 256, 2 512 bits */
    int reg[SCRATCH];
    vprec_evex how;    /* of instructions under the site's mask */
    int32_t at;        /* from %gs */
} extent;

#define OP(pp, map, w, op) VPREC_OPCODE((uint32_t)(pp), (uint32_t)(map), (uint32_t)(w), (uint32_t)(op))

static unsigned width_of(const vprec_site *site)
{
    unsigned bytes = site->lanes * (unsigned)vprec_elem_size(site->to);
    return bytes <= 16 ? 16 : bytes;
}

uint32_t vprec_extent_bytes(const vprec_site *site, enum vprec_isa isa)
{
    if ((site->encoding == VPREC_EVEX && isa < VPREC_ISA_AVX512) || (site->encoding == VPREC_VEX && isa < VPREC_ISA_AVX2) ||
        (site->mask && site->scalar))
        return 0;
    return site->scalar ? 16 : 2 * width_of(site);
}

/* `reg` = `vvvv` op `rm`; of legacy encodings vvvv is reg, or there is none. */
static void put(extent *e, bool masked, uint32_t op, int reg, int vvvv, vprec_rm rm, int imm)
{
    if (e->form == EVEX)
        vprec_emit_evex(e->code, masked ? e->how : (vprec_evex){.length = e->length}, op, reg, vvvv, rm, imm);
    else if (e->form == VEX)
        vprec_emit_vex(e->code, e->length, op & 0xFFFF, reg, vvvv, rm, imm);
    else
        vprec_emit_legacy(e->code, op & 0xFFFF, reg, rm, imm);
}

static vprec_rm konst(const extent *e, enum vprec_constant k)
{
    return vprec_absolute(e->context->constants->value[e->type][k]);
}

static vprec_rm kept(const extent *e)
{
    return vprec_at((vprec_mem){.base = VPREC_MEM_NONE, .index = VPREC_MEM_NONE, .scale = 1, .segment = 5, .disp = e->at});
}

/* movdqu, of what is aligned. */
static void move(extent *e, bool store, int reg, vprec_rm rm)
{
    unsigned pp = e->form == LEGACY ? 1 : 2;
    put(e, false, OP(pp, 1, e->f64, store ? 0x7F : 0x6F), reg, -1, rm, -1);
}

static void add(extent *e, int to, int from, vprec_rm rm)
{
    put(e, false, OP(1, 1, e->f64, e->f64 ? 0xD4 : 0xFE), to, from, rm, -1);
}

static void subtract(extent *e, int to, int from, vprec_rm rm)
{
    put(e, false, OP(1, 1, e->f64, e->f64 ? 0xFB : 0xFA), to, from, rm, -1);
}

/* What is kept becomes the larger of it and T; both are below the sign. */
static void keep_larger(extent *e)
{
    int t = e->reg[T], s = e->reg[S];
    if (e->form == EVEX || (e->form == VEX && !e->f64)) {
        put(e, false, OP(1, 2, e->f64, 0x3F), t, t, kept(e), -1); /* vpmaxud, vpmaxuq */
        move(e, true, t, kept(e));
        return;
    }
    subtract(e, t, t, kept(e));
    if (e->form == VEX) {
        put(e, false, OP(1, 1, 0, 0xEF), s, s, vprec_reg(s), -1);       /* vpxor */
        put(e, false, OP(1, 3, 0, 0x4B), t, t, vprec_reg(s), t << 4); /* vblendvpd: 0 where it is negative */
        add(e, t, t, kept(e));
        move(e, true, t, kept(e));
        return;
    }
    if (e->f64)
        put(e, false, OP(1, 1, 0, 0x70), s, -1, vprec_reg(t), 0xF5); /* pshufd: upper halves */
    else
        move(e, false, s, vprec_reg(t));
    put(e, false, OP(1, 1, 0, 0x72), 4, -1, vprec_reg(s), 31);  /* psrad: all ones where it is negative */
    put(e, false, OP(1, 1, 0, 0xDF), s, -1, vprec_reg(t), -1); /* pandn */
    add(e, s, -1, kept(e));
    move(e, true, s, kept(e));
}

/* One after the other into every lane of 128 bits: the numbers of a scalar. */
static void note_scalar(extent *e, int result)
{
    int t = e->reg[T];
    if (e->f64 && e->form == LEGACY) {
        put(e, false, OP(1, 1, 0, 0x70), t, -1, vprec_reg(result), 0x44); /* pshufd */
    } else if (e->f64) {
        put(e, false, OP(1, 1, 1, 0x6C), t, result, vprec_reg(result), -1); /* vpunpcklqdq */
    } else {
        put(e, false, OP(1, 1, 0, 0x70), t, -1, vprec_reg(result), 0);
    }
    put(e, false, OP(1, 1, e->f64, 0xEF), t, t, konst(e, VPREC_K_PAIR_FLIP), -1);
    add(e, t, t, konst(e, VPREC_K_PAIR_ADD));
    put(e, false, OP(1, 1, e->f64, 0xDB), t, t, konst(e, VPREC_K_ABS), -1);
    keep_larger(e);
}

static void note_packed(extent *e, int result, int32_t width)
{
    int t = e->reg[T], from = result;
    if (e->form == LEGACY) {
        move(e, false, t, vprec_reg(result));
        from = -1;
    }
    add(e, t, from, konst(e, VPREC_K_LEAST));
    put(e, true, OP(1, 1, e->f64, 0xDB), t, t, konst(e, VPREC_K_ABS), -1);
    keep_larger(e);
    e->at += width;
    if (e->form == LEGACY)
        move(e, false, t, vprec_reg(result));
    add(e, t, from, konst(e, VPREC_K_ALL)); /* ~(x - 1) = -x */
    put(e, true, OP(1, 1, e->f64, 0xDF), t, t, konst(e, VPREC_K_ABS), -1);
    keep_larger(e);
}

/* Free registers, or others, noted in `*spilled`. */
static void choose(extent *e, int result, int highest, uint32_t *spilled)
{
    uint32_t allowed = (highest == 31 ? ~0u : 0xFFFFu) & ~(1u << result);
    for (int n = 0; n < SCRATCH; n++) {
        uint32_t free = e->context->free_vectors & allowed, from = free ? free : allowed;
        int i = 31 - __builtin_clz(from);
        e->reg[n] = i;
        allowed &= ~(1u << i);
        if (!free)
            *spilled |= 1u << i;
        else if (e->context->taken)
            e->context->taken[0] |= 1u << i;
    }
}

static void move_spilled(extent *e, uint32_t spilled, int32_t bytes, bool restore)
{
    int32_t at = 0;
    for (int i = 0; i < 32; i++) {
        if (!(spilled >> i & 1))
            continue;
        uint32_t op = OP(0, 1, 0, restore ? 0x10 : 0x11); /* movups */
        if (bytes == 64)
            vprec_emit_evex(e->code, (vprec_evex){.length = 2}, op, i, -1, vprec_at_stack(at), -1);
        else if (bytes == 32)
            vprec_emit_vex(e->code, 1, op, i, -1, vprec_at_stack(at), -1);
        else
            vprec_emit_legacy(e->code, op, i, vprec_at_stack(at), -1);
        vprec_emit_note(e->code, restore ? VPREC_MOVE_RESTORE : VPREC_MOVE_SAVE,
                        (vprec_spilled){VPREC_SPILL_VECTOR, (uint8_t)i, (uint8_t)bytes}, at);
        at += bytes;
    }
}

void vprec_extent_emit(vprec_code *code, const vprec_site *site, uint32_t at, bool legacy,
                       const vprec_round_context *context, vprec_metered *metered)
{
    enum { RED_ZONE = 128 };
    vprec_type type = vprec_elem_type(site->to);
    unsigned width = width_of(site);
    bool evex = context->isa == VPREC_ISA_AVX512;
    extent e = {.code = code, .context = context, .form = evex ? EVEX : legacy ? LEGACY : VEX, .type = type,
                .f64 = type == VPREC_F64, .length = site->scalar || width == 16 ? 0 : width == 32 ? 1 : 2,
                .at = VPREC_METER_DISPLACEMENT + (int32_t)at};
    e.how = (vprec_evex){.length = e.length, .mask = site->scalar ? 0 : site->mask, .zeroing = !site->scalar && site->mask};
    uint32_t spilled = 0;
    choose(&e, site->dst, evex ? 31 : 15, &spilled);
    bool second = e.form == LEGACY || (e.form == VEX && e.f64);
    if (!second)
        spilled &= ~(1u << e.reg[S]);
    int32_t bytes = evex || (context->zmm && !legacy) ? 64 : legacy ? 16 : 32;
    int32_t frame = spilled ? RED_ZONE + bytes * __builtin_popcount(spilled) : 0;
    if (frame)
        vprec_emit_move_stack(code, -frame);
    move_spilled(&e, spilled, bytes, false);
    if (site->scalar)
        note_scalar(&e, site->dst);
    else
        note_packed(&e, site->dst, (int32_t)width);
    move_spilled(&e, spilled, bytes, true);
    if (frame)
        vprec_emit_move_stack(code, frame);
    *metered = (vprec_metered){.at = at, .lanes = site->scalar ? 16 : width, .type = (uint8_t)type,
                               .kind = site->scalar ? VPREC_METERED_PAIR : VPREC_METERED_WIDE};
}
