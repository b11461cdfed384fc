/* SPDX-License-Identifier: Apache-2.0
 * expect.c: the architectural meaning of every instruction of the matrix, lane
 * by lane, in the oracle's operations. Written from the processor manual. */
#include "expect.h"
#include <string.h>

static const oracle_format *formats;
static int rounding;
static bool daz, ftz; /* subnormal operands, subnormal results of the container are zero */
static bool edge;     /* a result lies where flushing depends on when tininess is detected */

static int size_of(int type) { return type == ORACLE_F32 || type == ORACLE_I32 || type == ORACLE_U32 ? 4 : 8; }
static bool is_float(int type) { return type == ORACLE_F32 || type == ORACLE_F64; }

static uint64_t negate(int type, uint64_t a) { return a ^ UINT64_C(1) << (8 * size_of(type) - 1); }

/* The format of results: without --round results they are only the container's. */
static const oracle_format *outbound(int type)
{
    static const oracle_format native = {.native = true};
    return rounding & MATRIX_ROUND_RESULTS ? &formats[type] : &native;
}

static uint64_t flush(int type, uint64_t a)
{
    uint64_t sign = negate(type, 0), least = UINT64_C(1) << (type == ORACLE_F32 ? 23 : 52);

    edge |= ftz && (a & ~sign) == least;
    return (a & ~sign) < least ? a & sign : a;
}

static uint64_t inbound(int type, uint64_t a)
{
    if (rounding & MATRIX_ROUND_OPERANDS && is_float(type) && !formats[type].native)
        a = oracle_convert(type, type, a, &formats[type]);
    return daz && is_float(type) ? flush(type, a) : a;
}

static uint64_t result(int type, uint64_t a) { return ftz ? flush(type, a) : a; }

static uint64_t operate(enum oracle_op op, int type, uint64_t a, uint64_t b, uint64_t c)
{
    return result(type, oracle_do(op, type, inbound(type, a), inbound(type, b), inbound(type, c), outbound(type)));
}

static uint64_t element(const matrix_case *c, const matrix_state *in, const uint8_t *memory, uint8_t where, int lane)
{
    size_t size = (size_t)size_of(c->from);
    const uint8_t *bytes = where < MATRIX_GPR   ? in->vector[where]
                           : where < MATRIX_MEM ? (const uint8_t *)&in->gpr[where - MATRIX_GPR]
                                                : memory;
    uint64_t v = 0;

    if (where == MATRIX_MEM && c->broadcast)
        lane = 0;
    memcpy(&v, bytes + (size_t)lane * size, size);
    return v;
}

/* dpps and dppd, one 128-bit part: products, pairs, sum of pairs. The operands
 * of --round operands are the instruction's own, not its earlier steps' results. */
static uint64_t dot(const matrix_case *c, const uint64_t *a, const uint64_t *b)
{
    int n = c->to == ORACLE_F32 ? 4 : 2;
    uint64_t t[4];

    for (int k = 0; k < n; k++)
        t[k] = c->imm >> (4 + k) & 1 ? operate(ORACLE_MUL, c->to, a[k], b[k], 0) : 0;
    t[0] = result(c->to, oracle_do(ORACLE_ADD, c->to, t[0], t[1], 0, outbound(c->to)));
    if (n == 2)
        return t[0];
    t[2] = result(c->to, oracle_do(ORACLE_ADD, c->to, t[2], t[3], 0, outbound(c->to)));
    return result(c->to, oracle_do(ORACLE_ADD, c->to, t[0], t[2], 0, outbound(c->to)));
}

static uint64_t lane_value(const matrix_case *c, const matrix_state *in, const uint8_t *memory, int lane,
                           uint64_t native)
{
    int type = c->to, part = lane & -(16 / size_of(type)), within = lane - part, half = 8 / size_of(type);
    uint64_t a = element(c, in, memory, c->a, lane), b = 0, addend = 0, va[4], vb[4];
    bool flip;

    switch ((enum matrix_op)c->op) {
    case MATRIX_ADD: case MATRIX_SUB: case MATRIX_MUL: case MATRIX_DIV:
        b = element(c, in, memory, c->b, lane);
        return operate((enum oracle_op)c->op, type, a, b, 0);
    case MATRIX_SQRT: return operate(ORACLE_SQRT, type, a, 0, 0);
    case MATRIX_FMA:
        b = element(c, in, memory, c->b, lane);
        addend = element(c, in, memory, c->c, lane);
        flip = c->negate_addend || (c->alternate > 0 && lane % 2 == 0) || (c->alternate < 0 && lane % 2 == 1);
        a = c->negate_product ? negate(type, a) : a;
        return operate(ORACLE_FMA, type, a, b, flip ? negate(type, addend) : addend);
    case MATRIX_ADDSUB:
        b = element(c, in, memory, c->b, lane);
        return operate(lane % 2 ? ORACLE_ADD : ORACLE_SUB, type, a, b, 0);
    case MATRIX_HADD: case MATRIX_HSUB: {
        /* The low half of each 128-bit part comes from the first source's pairs, the high half from the second's. */
        uint8_t from = within < half ? c->a : c->b;
        int pair = part + 2 * (within % half);
        return operate(c->op == MATRIX_HADD ? ORACLE_ADD : ORACLE_SUB, type, element(c, in, memory, from, pair),
                       element(c, in, memory, from, pair + 1), 0);
    }
    case MATRIX_DP:
        if (!(c->imm >> within & 1))
            return 0;
        for (int k = 0; k < 16 / size_of(type); k++) {
            va[k] = element(c, in, memory, c->a, part + k);
            vb[k] = element(c, in, memory, c->b, part + k);
        }
        return dot(c, va, vb);
    case MATRIX_CVT: return result(type, oracle_convert(c->from, type, inbound(c->from, a), outbound(type)));
    case MATRIX_APPROX: return result(type, oracle_convert(type, type, native, outbound(type)));
    }
    return 0;
}

void expect_round_operand(const matrix_case *c, uint8_t *bytes, size_t room, const oracle_format format[2])
{
    size_t size = (size_t)size_of(c->from);

    for (size_t k = 0; k + size <= room; k += size) {
        uint64_t v = 0;
        memcpy(&v, bytes + k, size);
        if (!format[c->from].native && !oracle_is_nan(c->from, v)) {
            v = oracle_convert(c->from, c->from, v, &format[c->from]);
            memcpy(bytes + k, &v, size);
        }
    }
}

uint64_t expect(const matrix_case *c, const matrix_state *in, const uint8_t *memory, const oracle_format format[2],
                int round, matrix_state *state, uint64_t *edges)
{
    uint64_t done = 0;
    size_t size = (size_t)size_of(c->to);

    formats = format;
    rounding = round;
    daz = in->mxcsr & 0x40;
    ftz = in->mxcsr & 0x8000;
    *edges = 0;
    /* A type that is not named stays native, also where the other type's operands are rounded. */
    if (format[c->to].native)
        return 0;
    for (int lane = 0; lane < c->lanes; lane++) {
        uint8_t *at = state->vector[c->dst] + (size_t)lane * size;
        uint64_t v = 0;

        if (c->mask && !(in->mask[c->mask] >> lane & 1))
            continue;
        memcpy(&v, at, size);
        edge = false;
        v = lane_value(c, in, memory, lane, v);
        memcpy(at, &v, size);
        done |= UINT64_C(1) << lane;
        *edges |= (uint64_t)edge << lane;
    }
    return done;
}
