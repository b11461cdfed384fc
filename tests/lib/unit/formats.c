/* SPDX-License-Identifier: Apache-2.0
 * formats.c: the formats that the tests run over, written out by hand: widths,
 * bias and largest finite from the formats' definitions, not from the parser. */
#include "support.h"
#include <math.h>

#define FN VPREC_NOINF
#define FNUZ (VPREC_NOINF | VPREC_NONEGZERO)
#define MX (VPREC_NOINF | VPREC_NONAN | VPREC_SAT)
#define F32 VPREC_F32
#define F64 VPREC_F64

const unit_format unit_formats[] = {
    /* IEEE 754 shapes in binary32 */
    {"fp32", F32, 8, 23, 127, 0x1.fffffep127, 0},
    {"e8m22", F32, 8, 22, 127, 0x1.fffffcp127, 0},
    {"e8m20", F32, 8, 20, 127, 0x1.fffffp127, 0},
    {"pxr24", F32, 8, 15, 127, 0x1.fffep127, 0},
    {"tf32", F32, 8, 10, 127, 0x1.ffcp127, 0},
    {"bf16", F32, 8, 7, 127, 0x1.fep127, 0},
    {"e8m1", F32, 8, 1, 127, 0x1.8p127, 0},
    {"fp24", F32, 7, 16, 63, 0x1.ffffp63, 0},
    {"e6m9", F32, 6, 9, 31, 0x1.ff8p31, 0},
    {"e5m23", F32, 5, 23, 15, 0x1.fffffep15, 0},
    {"e5m22", F32, 5, 22, 15, 0x1.fffffcp15, 0},
    {"fp16", F32, 5, 10, 15, 65504, 0},
    {"e5m2", F32, 5, 2, 15, 57344, 0},
    {"e4m3", F32, 4, 3, 7, 240, 0},
    {"e3m4", F32, 3, 4, 3, 15.5, 0},
    {"e2m5", F32, 2, 5, 1, 3.9375, 0},
    {"e2m1", F32, 2, 1, 1, 3, 0},
    {"e5m10:bias=25", F32, 5, 10, 25, 0x1.ffcp5, 0},
    {"e5m10:bias=-20", F32, 5, 10, -20, 0x1.ffcp50, 0},
    {"e4m3:bias=147", F32, 4, 3, 147, 0x1.ep-133, 0}, /* smallest subnormal: that of binary32 */
    /* the same in binary64 */
    {"fp64", F64, 11, 52, 1023, 0x1.fffffffffffffp1023, 0},
    {"e11m51", F64, 11, 51, 1023, 0x1.ffffffffffffep1023, 0},
    {"e11m50", F64, 11, 50, 1023, 0x1.ffffffffffffcp1023, 0},
    {"e11m40", F64, 11, 40, 1023, 0x1.ffffffffffp1023, 0},
    {"e11m1", F64, 11, 1, 1023, 0x1.8p1023, 0},
    {"e9m30", F64, 9, 30, 255, 0x1.fffffffcp255, 0},
    {"fp32", F64, 8, 23, 127, 0x1.fffffep127, 0},
    {"bf16", F64, 8, 7, 127, 0x1.fep127, 0},
    {"fp16", F64, 5, 10, 15, 65504, 0},
    {"e2m52", F64, 2, 52, 1, 0x1.fffffffffffffp1, 0},
    {"e5m10:bias=1064", F64, 5, 10, 1064, 0x1.ffcp-1034, 0},
    /* where IEEE 754 is left */
    {"fp16:sat", F32, 5, 10, 15, 65504, VPREC_SAT},
    {"fp16:nosub", F32, 5, 10, 15, 65504, VPREC_NOSUB},
    {"bf16:nosub", F32, 8, 7, 127, 0x1.fep127, VPREC_NOSUB},
    {"fp16:sat:nosub", F64, 5, 10, 15, 65504, VPREC_SAT | VPREC_NOSUB},
    {"fp16:noinf", F32, 5, 10, 15, 130944, FN},
    {"fp64:nosub", F64, 11, 52, 1023, 0x1.fffffffffffffp1023, VPREC_NOSUB},
    {"e5m10:nosub:bias=1065", F64, 5, 10, 1065, 0x1.ffcp-1035, VPREC_NOSUB}, /* all below binary64's normals */
    {"e11m51:sat", F64, 11, 51, 1023, 0x1.ffffffffffffep1023, VPREC_SAT},
    {"e4m3fn", F32, 4, 3, 7, 448, FN},
    {"e4m3fn", F64, 4, 3, 7, 448, FN},
    {"e4m3fn:sat", F32, 4, 3, 7, 448, FN | VPREC_SAT},
    {"e4m3fn:nosub", F32, 4, 3, 7, 448, FN | VPREC_NOSUB},
    {"e5m2fnuz", F32, 5, 2, 16, 57344, FNUZ},
    {"e5m2fnuz:sat", F32, 5, 2, 16, 57344, FNUZ | VPREC_SAT},
    {"e4m3fnuz", F32, 4, 3, 8, 240, FNUZ},
    {"e4m3fnuz:sat", F64, 4, 3, 8, 240, FNUZ | VPREC_SAT},
    {"e4m3fnuz:nosub", F32, 4, 3, 8, 240, FNUZ | VPREC_NOSUB},
    {"e4m3b11fnuz", F32, 4, 3, 11, 30, FNUZ},
    {"e3m2fn", F32, 3, 2, 3, 28, MX},
    {"e2m3fn", F32, 2, 3, 1, 7.5, MX},
    {"e2m1fn", F32, 2, 1, 1, 6, MX},
    {"e2m1fn:nonegzero", F32, 2, 1, 1, 6, MX | VPREC_NONEGZERO},
    {"e2m1:noinf", F32, 2, 1, 1, 4, FN},
    {"e8m7:noinf:bias=128", F32, 8, 7, 128, 0x1.fcp127, FN},
};
const size_t unit_formats_count = sizeof unit_formats / sizeof *unit_formats;

double unit_decode(uint64_t code, const unit_format *f)
{
    uint64_t fraction = code & ((UINT64_C(1) << f->fbits) - 1);
    uint64_t exponent = code >> f->fbits & ((UINT64_C(1) << f->ebits) - 1);
    bool negative = code >> (f->fbits + f->ebits) & 1;
    bool ones = exponent == (UINT64_C(1) << f->ebits) - 1;
    double v;
    if ((f->flags & VPREC_NONEGZERO) && negative && !exponent && !fraction)
        return f->flags & VPREC_NONAN ? 0 : NAN;
    if (ones && !(f->flags & VPREC_NOINF))
        v = fraction ? NAN : INFINITY;
    else if (ones && fraction == (UINT64_C(1) << f->fbits) - 1 && !(f->flags & (VPREC_NONAN | VPREC_NONEGZERO)))
        v = NAN;
    else if (!exponent)
        v = ldexp(fraction, 1 - f->bias - f->fbits);
    else
        v = ldexp(fraction + ldexp(1, f->fbits), (int)exponent - f->bias - f->fbits);
    return negative ? -v : v;
}
