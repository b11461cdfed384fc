/* SPDX-License-Identifier: Apache-2.0
 * avx_tie.c: where avx.c's code goes when a result n is a midpoint
 * of the format: the sign of the residual, exact result - n, says on which side
 * of it the exact result lies. n moves by its last bit to that side, and is
 * rounded as any other. Where the residual's sign is not certain (it might
 * underflow or overflow) the whole instruction is left to the emulator. Lanes
 * that are not tied are made zeros: they shall raise no exception. The code lies
 * behind the function's. */
#include "avx.h"

const size_t vprec_round_tie_size_avx = sizeof(vprec_avx);

enum { TEMPORARIES = 8 };

static vprec_rm konst64(const vprec_avx *e, enum vprec_constant k)
{
    return vprec_absolute(e->context->constants->value[VPREC_F64][k]);
}

/* dst = a FMA of map 2, by the opcode of its packed form. */
static void fused(vprec_avx *e, uint32_t opcode, int dst, int x, int y)
{
    vprec_avx_op(e, e->l, OP(1, 2, (uint32_t)e->w, opcode + e->site.scalar), dst, x, vprec_reg(y), -1);
}

enum { FMSUB213 = 0xAA, FNMADD231 = 0xBC };

/* Leaves for the emulator if a tied lane of `bad` is set. Returns the place behind the jump. */
static uint8_t *bail(vprec_avx *e, int bad)
{
    vprec_avx_bits(e, AND, bad, bad, vprec_reg(e->reg[D]));
    vprec_avx_test(e, e->l, e->w, bad);
    vprec_emit_bytes(e->code, "\xE3\x05", 2); /* jrcxz over the jump */
    vprec_emit_branch(e->code, -1, (uint64_t)e->code->at);
    return e->code->at;
}

static uint8_t *bail_below(vprec_avx *e, int magnitude, int t)
{
    vprec_avx_cmp(e, CMP_LT, t, magnitude, vprec_avx_konst(e, VPREC_K_SAFE_LOW));
    return bail(e, t);
}

/* dst = what `src` holds in tied lanes. */
static void tied(vprec_avx *e, int dst, int src)
{
    vprec_avx_bits(e, AND, dst, src, vprec_reg(e->reg[D]));
}

static void tied_magnitude(vprec_avx *e, int dst, int src)
{
    tied(e, dst, src);
    vprec_avx_bits(e, AND, dst, dst, vprec_avx_konst(e, VPREC_K_ABS));
}

/* t = the magnitude of n, s = its sign bit. */
static void split(vprec_avx *e, int t, int s)
{
    tied(e, t, e->reg[N]);
    vprec_avx_bits(e, AND, s, t, vprec_avx_konst(e, VPREC_K_SIGN));
    vprec_avx_bits(e, XOR, t, t, vprec_reg(s));
}

static void negate_if(vprec_avx *e, bool negate, int t, enum vprec_constant k)
{
    if (negate)
        vprec_avx_bits(e, XOR, t, t, vprec_avx_konst(e, k));
}

/* Moves tied lanes of n: away from zero where `up` is set, toward it where `down` is. */
static void move(vprec_avx *e, int up, int down)
{
    int n = e->reg[N], d = e->reg[D];
    vprec_avx_bits(e, AND, up, up, vprec_reg(d));
    vprec_avx_bits(e, AND, down, down, vprec_reg(d));
    vprec_avx_int(e, e->w ? 0xFB : 0xFA, n, n, vprec_reg(up)); /* psub: masks are -1 */
    vprec_avx_add(e, n, n, vprec_reg(down));
}

/* The same by the sign of `residual`, that of the magnitudes. */
static void move_by_sign(vprec_avx *e, int residual, int t)
{
    vprec_avx_bits(e, XOR, t, t, vprec_reg(t));
    vprec_avx_cmp(e, CMP_LT, t, t, vprec_reg(residual));
    vprec_avx_cmp(e, CMP_LT, residual, residual, vprec_avx_konst(e, VPREC_K_ZERO));
    move(e, t, residual);
}

/* n - a against b and n - b against a: rounding keeps their order, and that of
 * the larger operand is exact. Comparing needs no small differences, so FTZ and
 * DAZ do not matter. */
static uint8_t *resolve_sum(vprec_avx *e, const int t[TEMPORARIES])
{
    bool subtract = e->site.op == VPREC_OP_SUB || e->site.op == VPREC_OP_HSUB;
    int x = e->reg[X];
    split(e, t[0], t[3]);
    uint8_t *out = bail_below(e, t[0], x);
    tied(e, t[1], e->a);
    vprec_avx_bits(e, XOR, t[1], t[1], vprec_reg(t[3]));
    tied(e, t[2], e->b);
    vprec_avx_bits(e, XOR, t[2], t[2], vprec_reg(t[3]));
    negate_if(e, subtract, t[2], VPREC_K_SIGN);
    vprec_avx_fp(e, FP_SUB, t[3], t[0], vprec_reg(t[1]));
    vprec_avx_fp(e, FP_SUB, t[4], t[0], vprec_reg(t[2]));
    vprec_avx_cmp(e, CMP_LT, x, t[3], vprec_reg(t[2]));
    vprec_avx_cmp(e, CMP_LT, t[5], t[4], vprec_reg(t[1]));
    vprec_avx_bits(e, OR, x, x, vprec_reg(t[5]));
    vprec_avx_cmp(e, CMP_LT, t[2], t[2], vprec_reg(t[3]));
    vprec_avx_cmp(e, CMP_LT, t[1], t[1], vprec_reg(t[4]));
    vprec_avx_bits(e, OR, t[2], t[2], vprec_reg(t[1]));
    move(e, x, t[2]);
    return out;
}

/* Product, quotient and root: one FMA gives the residual, or one of its sign. */
static uint8_t *resolve_fused(vprec_avx *e, const int t[TEMPORARIES])
{
    uint8_t *out;
    switch (e->site.op) {
    case VPREC_OP_MUL:
        split(e, t[0], t[1]);
        out = bail_below(e, t[0], t[2]);
        vprec_avx_bits(e, XOR, t[1], e->a, vprec_reg(t[1]));
        tied(e, t[1], t[1]);
        tied(e, t[2], e->b);
        fused(e, FMSUB213, t[1], t[2], t[0]);
        break;
    case VPREC_OP_DIV:
        tied_magnitude(e, t[0], e->reg[N]);
        tied_magnitude(e, t[1], e->a);
        vprec_avx_fp(e, FP_MIN, t[2], t[0], vprec_reg(t[1]));
        out = bail_below(e, t[2], t[2]);
        tied_magnitude(e, t[2], e->b);
        fused(e, FNMADD231, t[1], t[0], t[2]);
        break;
    default:
        tied(e, t[0], e->reg[N]);
        tied(e, t[1], e->b);
        out = bail_below(e, t[1], t[2]);
        fused(e, FNMADD231, t[1], t[0], t[0]);
        break;
    }
    move_by_sign(e, t[1], t[2]);
    return out;
}

/* sum = x + y, y = its error (Knuth's TwoSum); x and t are lost. */
static void two_sum(vprec_avx *e, int sum, int x, int y, int t1, int t2)
{
    vprec_avx_fp(e, FP_ADD, sum, x, vprec_reg(y));
    vprec_avx_fp(e, FP_SUB, t1, sum, vprec_reg(x));
    vprec_avx_fp(e, FP_SUB, t2, sum, vprec_reg(t1));
    vprec_avx_fp(e, FP_SUB, x, x, vprec_reg(t2));
    vprec_avx_fp(e, FP_SUB, y, y, vprec_reg(t1));
    vprec_avx_fp(e, FP_ADD, y, y, vprec_reg(x));
}

/* The error of a fused sum (S. Boldo and J.-M. Muller, "Exact and approximated
 * error of the FMA", 2011, algorithm ErrFmaNearest); its last sum is left
 * rounded, which keeps the sign. */
static uint8_t *resolve_fma(vprec_avx *e, const int t[TEMPORARIES])
{
    vprec_fma_form form = vprec_site_fma(&e->site);
    int n = t[0], v = t[1], c = t[2], u = t[3], b = t[7];
    split(e, n, t[4]);
    vprec_avx_bits(e, XOR, v, e->a, vprec_reg(t[4]));
    negate_if(e, form.negate_product, v, VPREC_K_SIGN);
    tied(e, v, v);
    tied(e, b, e->b);
    vprec_avx_bits(e, XOR, c, e->c, vprec_reg(t[4]));
    negate_if(e, form.negate_addend != (form.alternate < 0), c, VPREC_K_SIGN);
    negate_if(e, form.alternate, c, VPREC_K_ALTERNATE);
    tied(e, c, c);
    vprec_avx_fp(e, FP_MUL, u, v, vprec_reg(b));
    fused(e, FMSUB213, v, b, u); /* a * b = u + v */
    vprec_avx_bits(e, AND, t[4], u, vprec_avx_konst(e, VPREC_K_ABS));
    vprec_avx_fp(e, FP_MAX, t[5], t[4], vprec_reg(n));
    vprec_avx_fp(e, FP_MIN, t[4], t[4], vprec_reg(n));
    vprec_avx_cmp(e, CMP_LT, t[4], t[4], vprec_avx_konst(e, VPREC_K_SAFE_LOW));
    vprec_avx_cmp(e, CMP_GT_QUIET, t[5], t[5], vprec_avx_konst(e, VPREC_K_SAFE_HIGH));
    vprec_avx_bits(e, OR, t[4], t[4], vprec_reg(t[5]));
    vprec_avx_bits(e, AND, t[5], c, vprec_avx_konst(e, VPREC_K_ABS)); /* under FTZ a subnormal addend would be lost */
    vprec_avx_cmp(e, CMP_LT, t[6], t[5], vprec_avx_konst(e, VPREC_K_SAFE_LOW));
    vprec_avx_cmp(e, CMP_NEQ, t[5], t[5], vprec_avx_konst(e, VPREC_K_ZERO));
    vprec_avx_bits(e, AND, t[5], t[5], vprec_reg(t[6]));
    vprec_avx_bits(e, OR, t[4], t[4], vprec_reg(t[5]));
    uint8_t *out = bail(e, t[4]);
    int alpha = t[4], beta = c;
    two_sum(e, alpha, c, v, t[5], t[6]);  /* c + v = alpha + v */
    two_sum(e, beta, u, alpha, t[5], t[6]); /* u + alpha = beta + alpha */
    vprec_avx_fp(e, FP_SUB, beta, beta, vprec_reg(n));
    vprec_avx_fp(e, FP_ADD, beta, beta, vprec_reg(alpha));
    vprec_avx_fp(e, FP_ADD, beta, beta, vprec_reg(v));
    move_by_sign(e, beta, t[5]);
    return out;
}

/* Operations on `wide` doubles. */
static void pd(vprec_avx *e, int wide, int op, int dst, int a, vprec_rm rm, int imm)
{
    vprec_avx_op(e, wide, OP(op >= AND && op <= XOR ? 1 : e->site.scalar ? 3 : 1, 1, 0, (uint32_t)op), dst, a, rm, imm);
}

/* up: |x| < |y|, down: |y| < |x|, as lanes of doubles; x and y become magnitudes. */
static void compare_doubles(vprec_avx *e, int wide, int x, int y, int up, int down)
{
    pd(e, wide, AND, x, x, konst64(e, VPREC_K_ABS), -1);
    pd(e, wide, AND, y, y, konst64(e, VPREC_K_ABS), -1);
    pd(e, wide, 0xC2, up, x, vprec_reg(y), e->vex ? CMP_LT_QUIET : CMP_LT);
    pd(e, wide, 0xC2, down, y, vprec_reg(x), e->vex ? CMP_LT_QUIET : CMP_LT);
}

static uint8_t *check_magnitude(vprec_avx *e, int t)
{
    tied_magnitude(e, t, e->reg[N]);
    return bail_below(e, t, t);
}

/* double to float: the source is the exact result. */
static uint8_t *resolve_narrowing(vprec_avx *e, const int t[TEMPORARIES])
{
    int wide = e->site.width == 32, n = e->reg[N], up = t[2], down = t[3];
    uint8_t *out = check_magnitude(e, t[0]);
    uint32_t widen = OP(e->site.scalar ? 2 : 0, 1, 0, 0x5A);
    tied(e, t[0], n);
    vprec_avx_op(e, wide, widen, t[0], e->vex && e->site.scalar ? n : -1, vprec_reg(t[0]), -1);
    vprec_avx_op(e, wide, OP(0, 1, 0, 0x28), t[1], -1, vprec_reg(e->b), -1);
    if (!e->vex) { /* unpcklps: D as lanes of doubles */
        vprec_avx_copy(e, t[4], e->reg[D]);
        vprec_avx_op(e, 0, OP(0, 1, 0, 0x14), t[4], t[4], vprec_reg(e->reg[D]), -1);
        vprec_avx_bits(e, AND, t[1], t[1], vprec_reg(t[4]));
    }
    compare_doubles(e, wide, t[0], t[1], up, down);
    for (int i = 2; i < 4 && !e->site.scalar; i++) { /* lanes of doubles become lanes of floats */
        if (wide)
            vprec_emit_vex(e->code, 1, OP(1, 3, 0, 0x19), t[i], -1, vprec_reg(t[4]), 1); /* vextractf128 */
        vprec_avx_op(e, 0, OP(0, 1, 0, 0xC6), t[i], t[i], vprec_reg(wide ? t[4] : t[i]), 0x88); /* shufps */
    }
    move(e, up, down);
    return out;
}

/* Floats without FMA: products of two are exact in double. */
static uint8_t *resolve_in_double(vprec_avx *e, const int t[TEMPORARIES])
{
    bool scalar = e->site.scalar;
    uint8_t *out = check_magnitude(e, t[0]);
    for (int half = 0; half < (scalar ? 1 : 2); half++) {
        int source[3] = {e->reg[N], e->site.op == VPREC_OP_SQRT ? e->b : e->a, e->b}, to[3] = {t[0], t[1], t[6]};
        for (int i = 0; i < 3; i++) {
            tied(e, to[i], source[i]);
            if (half)
                vprec_avx_op(e, 0, OP(0, 1, 0, 0x12), to[i], -1, vprec_reg(to[i]), -1); /* movhlps */
            vprec_avx_op(e, 0, OP(scalar ? 2 : 0, 1, 0, 0x5A), to[i], -1, vprec_reg(to[i]), -1);
        }
        int exact = t[1];
        switch (e->site.op) {
        case VPREC_OP_MUL: pd(e, 0, FP_MUL, t[1], t[1], vprec_reg(t[6]), -1); break; /* a b against n */
        case VPREC_OP_DIV: pd(e, 0, FP_MUL, t[0], t[0], vprec_reg(t[6]), -1); break; /* a against n b */
        default:
            pd(e, 0, FP_MUL, t[0], t[0], vprec_reg(t[0]), -1); /* b against n n */
            exact = t[6];
            break;
        }
        compare_doubles(e, 0, t[0], exact, half ? t[4] : t[2], half ? t[5] : t[3]);
    }
    if (!scalar) {
        vprec_avx_op(e, 0, OP(0, 1, 0, 0xC6), t[2], t[2], vprec_reg(t[4]), 0x88); /* shufps */
        vprec_avx_op(e, 0, OP(0, 1, 0, 0xC6), t[3], t[3], vprec_reg(t[5]), 0x88);
    }
    move(e, t[2], t[3]);
    return out;
}

typedef uint8_t *(*resolver)(vprec_avx *e, const int t[TEMPORARIES]);

/* NULL: the emulator's affair, because it is rare. */
static resolver resolver_of(const vprec_avx *e)
{
    enum { MANY = 12 };
    int dropped = vprec_elem_bits(e->site.to) - 1 - e->context->arith->format[e->type].fbits;
    bool rare = dropped >= MANY && e->site.op != VPREC_OP_FMA && e->site.op != VPREC_OP_MUL;
    if (rare || e->context->arith->keeps_direction) /* it may be here because of that */
        return NULL;
    switch (e->site.op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
    case VPREC_OP_ADDSUB:
    case VPREC_OP_HADD:
    case VPREC_OP_HSUB: return resolve_sum;
    case VPREC_OP_MUL:
    case VPREC_OP_DIV:
    case VPREC_OP_SQRT: return e->vex ? resolve_fused : e->w ? NULL : resolve_in_double;
    case VPREC_OP_FMA: return resolve_fma;
    default: return e->site.from == VPREC_E_F64 ? resolve_narrowing : NULL; /* so are integers of so many bits */
    }
}

static void patch(uint8_t *behind, const uint8_t *target)
{
    int32_t distance = (int32_t)(target - behind);
    memcpy(behind - 4, &distance, 4);
}

static void emulate(vprec_avx *e)
{
    vprec_avx_move_rcx(e, true);
    vprec_avx_move_spilled(e, 0, 0, true);
    vprec_emit_move_stack(e->code, e->frame);
    e->context->enter(e->context->enter_data, &e->site);
    vprec_emit_branch(e->code, -1, (uint64_t)e->end);
}

static void give_back(vprec_avx *e, int first)
{
    if (e->spills == first)
        return;
    vprec_avx_move_spilled(e, first, 0, true);
    vprec_emit_move_stack(e->code, e->slot * (e->spills - first));
}

static void emit_ties(vprec_avx *e)
{
    resolver resolve = resolver_of(e);
    if (resolve) {
        int t[TEMPORARIES], first = e->spills;
        for (int i = 0; i < (resolve == resolve_fused ? 3 : resolve == resolve_sum ? 6 : TEMPORARIES); i++)
            t[i] = vprec_avx_take(e);
        if (e->spills > first) {
            vprec_emit_move_stack(e->code, -e->slot * (e->spills - first));
            vprec_avx_move_spilled(e, first, 0, false);
        }
        vprec_avx_cmp(e, CMP_ORD, t[0], e->reg[N], vprec_reg(e->reg[N])); /* a NaN's payload may look like a tie */
        vprec_avx_bits(e, AND, e->reg[D], e->reg[D], vprec_reg(t[0]));
        uint8_t *tiny = NULL;
        if (vprec_avx_minds_least(e)) {
            vprec_avx_bits(e, AND, t[0], e->reg[N], vprec_avx_konst(e, VPREC_K_ABS));
            vprec_avx_equal(e, t[0], VPREC_K_LEAST, t[1]);
            tiny = bail(e, t[0]);
        }
        uint8_t *bailed = resolve(e, t);
        int32_t noted = vprec_emit_noted(e->code);
        give_back(e, first);
        if (e->shape == VPREC_SHAPE_NARROW)
            vprec_avx_quantise(e, false);
        vprec_emit_branch(e->code, -1, (uint64_t)e->leave);
        if (e->code->full)
            return;
        patch(bailed, e->code->at);
        if (tiny)
            patch(tiny, e->code->at);
        vprec_emit_again(e->code, noted);
        give_back(e, first);
        e->spills = first;
    }
    emulate(e);
}

void vprec_round_emit_ties_avx(vprec_code *code, const vprec_round_context *context)
{
    for (size_t i = 0; i < context->ties->count && !code->full; i++) {
        vprec_avx e = VPREC_AT(*context->ties, vprec_avx, i);
        e.code = code;
        e.context = context;
        patch(e.leave, code->at);
        if (context->tie)
            context->tie(context->enter_data, &e.site);
        emit_ties(&e);
    }
    context->ties->count = 0;
}
