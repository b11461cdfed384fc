/* SPDX-License-Identifier: Apache-2.0
 * pool.c: the formats and operands that kernels are checked with. Operands come from
 * the unit tests' boundary-biased draw; NaNs get payloads here. Compares nothing. */
#include "check.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Every width where the distance to the container's changes the sequence, every narrow exponent
 * with wide and small fractions, every flag, and biases at the container's limits. */
#define BOTH "e8m23", "e8m22", "e8m21", "e8m20", "e8m19", "e8m18", "e8m17", "e8m16", "e8m15", "e8m14", "e8m13",        \
    "e8m12", "e8m11", "e8m10", "e8m9", "e8m8", "e8m7", "e8m6", "e8m5", "e8m4", "e8m3", "e8m2", "e8m1",                 \
    "e7m23", "e7m22", "e7m21", "e7m16", "e6m23", "e6m17", "e6m9", "e5m23", "e5m22", "e5m21", "e5m20", "e5m10", "e5m2", \
    "e5m1", "e4m23", "e4m22", "e4m3", "e3m4", "e3m22", "e2m23", "e2m22", "e2m5", "e2m1",                               \
    "e4m3fn", "e4m3fn:sat", "e4m3fn:nosub", "e4m3fn:sat:nosub", "e5m2fnuz", "e5m2fnuz:sat", "e4m3fnuz",                \
    "e4m3fnuz:sat", "e4m3fnuz:nosub", "e3m2fn", "e2m3fn", "e2m1fn", "e2m1fn:nosub", "e2m1:noinf", "e5m10:noinf",       \
    "e5m10:noinf:sat", "e8m7:sat", "e8m7:nosub", "e8m7:sat:nosub", "e8m23:sat", "e8m23:nosub", "e8m22:sat",            \
    "e8m22:nosub", "e8m10:sat:nosub", "e5m10:sat", "e5m10:nosub", "e5m10:sat:nosub", "e5m22:nosub", "e5m22:sat",       \
    "e5m23:nosub", "e5m23:sat:nosub", "e7m22:noinf", "e8m7:noinf:bias=128", "e8m22:noinf:bias=128",                    \
    "e5m10:bias=25", "e5m10:bias=-20", "e5m10:bias=140", "e5m10:bias=139:nosub", "e5m22:bias=128", "e5m22:bias=127",   \
    "e5m23:bias=127", "e4m3:bias=147", "e4m3:bias=-112", "e4m3:bias=-112:sat", "e4m22:bias=128:nosub",                 \
    "e8m7:bias=143", "e8m22:bias=128", "e7m23:bias=-1", "e2m1:bias=149", "e2m1:bias=-125"

static const char *const f32_formats[] = {BOTH};
static const char *const f64_formats[] = {
    BOTH, "e11m52", "e11m51", "e11m50", "e11m49", "e11m48", "e11m45", "e11m40", "e11m36", "e11m32", "e11m31", "e11m30",
    "e11m29", "e11m28", "e11m24", "e11m23", "e11m20", "e11m16", "e11m12", "e11m10", "e11m8", "e11m7", "e11m4",
    "e11m3", "e11m2", "e11m1", "e10m52", "e10m51", "e10m50", "e9m52", "e9m51", "e9m50", "e9m30", "e5m52", "e5m51",
    "e2m52", "e2m51", "e11m52:sat", "e11m52:nosub", "e11m51:sat", "e11m51:nosub", "e11m50:sat:nosub", "e11m20:nosub",
    "e10m50:sat", "e10m50:nosub", "e10m51:nosub", "e10m52:nosub", "e10m50:noinf", "e9m30:noinf:nonegzero",
    "e11m7:noinf:bias=1024", "e5m10:bias=1064", "e5m10:bias=1065:nosub", "e4m3:bias=-1008", "e11m51:bias=1024",
    "e10m51:bias=1024", "e10m50:bias=1025", "e11m30:bias=1045", "e2m1:bias=-1021"};

const char *check_format(vprec_type type, size_t index)
{
    size_t count = type == VPREC_F32 ? sizeof f32_formats / sizeof *f32_formats
                                     : sizeof f64_formats / sizeof *f64_formats;
    if (index >= count)
        return NULL;
    return type == VPREC_F32 ? f32_formats[index] : f64_formats[index];
}

void check_format_random(unit_draw *draw, vprec_type type, char *text, size_t size)
{
    static const char *const suffixes[] = {"", "", "", ":sat", ":nosub", ":sat:nosub", ":noinf", ":noinf:sat",
                                           ":noinf:nonegzero", ":noinf:sat:nonan", ":noinf:nosub"};
    int ebits = type == VPREC_F32 ? 8 : 11, fbits = type == VPREC_F32 ? 23 : 52;
    int top = type == VPREC_F32 ? 127 : 1023, unit = type == VPREC_F32 ? -149 : -1074;
    vprec_format format;
    do {
        uint64_t r = unit_random(draw);
        int e = 2 + (int)(r % (unsigned)(ebits - 1)), m = 1 + (int)((r >> 8) % (unsigned)fbits);
        const char *suffix = suffixes[(r >> 16) % (sizeof suffixes / sizeof *suffixes)];
        int least = (1 << e) - (strstr(suffix, "noinf") ? 1 : 2) - top; /* biases that fit: emax and the smallest */
        int most = 1 - m - unit;                                        /* subnormal are the container's, or inside */
        int bias = (1 << (e - 1)) - 1;
        switch (r >> 32 & 7) {
        case 0: bias = least; break;
        case 1: bias = most; break;
        case 2: bias = most - 1 - (int)((r >> 40) % (unsigned)(m + 2)); break; /* emin about the container's */
        case 3: bias = most > least ? least + (int)((r >> 40) % (unsigned)(most - least + 1)) : least; break;
        default: break;
        }
        snprintf(text, size, "e%dm%d%s:bias=%d", e, m, suffix, bias);
    } while (vprec_format_parse(text, type, &format, NULL, 0));
}

/* A double to the bits of its type; NaNs with any payload, quiet or not. */
static uint64_t to_bits(double x, vprec_type type, unit_draw *draw)
{
    uint64_t r = unit_random(draw), bits;
    if (type == VPREC_F32) {
        float f = (float)x;
        uint32_t narrow;
        memcpy(&narrow, &f, sizeof f);
        bits = isnan(x) ? (narrow & 0xff800000) | (r >> 40 & 0x7fffff) | !(r & 0x7fffff0000000000) : narrow;
    } else {
        memcpy(&bits, &x, sizeof x);
        if (isnan(x))
            bits = (bits & 0xfff0000000000000) | r >> 12 | !(r >> 12);
    }
    return bits;
}

void check_pool_fill(check_pool *pool, unit_draw *draw, const check_case *c)
{
    static const enum unit_op ops[] = {
#define X(name, arity) UNIT_##name,
        VPREC_KERNEL_OPS(X)
#undef X
    };
    const vprec_format *format = c->format;
    const unit_format shape = {c->text,      c->type,     format->ebits, format->fbits,
                               format->bias, format->max, format->flags};
    draw->format = &shape;
    draw->last = 1;
    for (size_t i = 0; i < CHECK_POOL; i++) {
        unit_case drawn;
        unit_draw_case(draw, ops[c->op], &drawn);
        for (int j = 0; j < 3; j++)
            pool->x[j][i] = to_bits(drawn.x[j], c->type, draw);
    }
}
