/* SPDX-License-Identifier: Apache-2.0
 * native.c: one element through the processor's own instruction, under
 * the program's MXCSR: types and operations that are not rounded, and
 * approximations. Rounds nothing to a format.
 *
 * Each block switches MXCSR, executes, and switches back, so that no code of
 * the compiler's runs under the program's settings. An instruction that needs
 * more than SSE2 is reached only for a site that has it itself. */
#include "step.h"

#define UNDER_MXCSR(insn) "stmxcsr %[old]\n\tldmxcsr %[m]\n\t" insn "\n\tstmxcsr %[m]\n\tldmxcsr %[old]"

#define BINARY(insn, x, y)                                                                                            \
    __asm__ volatile(UNDER_MXCSR(insn " %[b], %[a]") : [a] "+x"(x), [m] "+m"(m), [old] "=m"(old) : [b] "x"(y))
#define FUSED(insn, x, y, z)                                                                                          \
    __asm__ volatile(UNDER_MXCSR(insn " %[c], %[b], %[a]")                                                            \
                     : [a] "+x"(x), [m] "+m"(m), [old] "=m"(old)                                                      \
                     : [b] "x"(y), [c] "x"(z))
/* The same under the MXCSR of the moment. */
#define PLAIN_BINARY(insn, x, y) __asm__ volatile(insn " %[b], %[a]" : [a] "+x"(x) : [b] "x"(y))
#define PLAIN_FUSED(insn, x, y, z) __asm__ volatile(insn " %[c], %[b], %[a]" : [a] "+x"(x) : [b] "x"(y), [c] "x"(z))
/* A scalar EVEX instruction with a first source, which supplies the upper lanes. */
#define EVEX1(insn, x)                                                                                                \
    __asm__ volatile(UNDER_MXCSR(insn " %[a], %[a], %[a]") : [a] "+x"(x), [m] "+m"(m), [old] "=m"(old))
#define EVEX2(insn, x, y)                                                                                             \
    __asm__ volatile(UNDER_MXCSR(insn " %[b], %[a], %[a]") : [a] "+x"(x), [m] "+m"(m), [old] "=m"(old) : [b] "x"(y))
#define CONVERT(insn, x, source)                                                                                      \
    __asm__ volatile(UNDER_MXCSR(insn " %[b], %[a]") : [a] "+x"(x), [m] "+m"(m), [old] "=m"(old) : [b] source)

static inline float float_of(uint64_t u)
{
    uint32_t v = (uint32_t)u;
    float x;
    __builtin_memcpy(&x, &v, 4);
    return x;
}

static inline uint64_t float_bits(float x)
{
    uint32_t u;
    __builtin_memcpy(&u, &x, 4);
    return u;
}

/* The guest's settings with every exception masked and no flag set. */
static inline uint32_t masked(uint32_t mxcsr)
{
    return (mxcsr & ~0x3fu) | 0x1f80;
}

/* In: a, b, c bits; the statement sees x, y, z as elements and the suffix of
 * the scalar instructions; `binary` and `fused` execute one. */
#define ELEMENT(suffix, type, of, bits, binary, fused)                                                                \
    {                                                                                                                 \
        type x = of(a), y = of(b), z = of(c);                                                                         \
        switch (op) {                                                                                                 \
        case VPREC_BASIC_ADD: binary("add" suffix, x, y); break;                                                      \
        case VPREC_BASIC_SUB: binary("sub" suffix, x, y); break;                                                      \
        case VPREC_BASIC_MUL: binary("mul" suffix, x, y); break;                                                      \
        case VPREC_BASIC_DIV: binary("div" suffix, x, y); break;                                                      \
        case VPREC_BASIC_SQRT: binary("sqrt" suffix, x, x); break;                                                    \
        default:                                                                                                      \
            switch (negate) {                                                                                         \
            case 0: fused("vfmadd231" suffix, z, x, y); break;                                                        \
            case VPREC_NEGATE_PRODUCT: fused("vfnmadd231" suffix, z, x, y); break;                                    \
            case VPREC_NEGATE_ADDEND: fused("vfmsub231" suffix, z, x, y); break;                                      \
            default: fused("vfnmsub231" suffix, z, x, y); break;                                                      \
            }                                                                                                         \
            x = z;                                                                                                    \
        }                                                                                                             \
        result = bits(x);                                                                                             \
    }

uint64_t vprec_native(enum vprec_basic op, bool f64, uint64_t a, uint64_t b, uint64_t c, unsigned negate,
                      uint32_t *mxcsr)
{
    uint32_t m = masked(*mxcsr), old;
    uint64_t result;
    if (f64)
        ELEMENT("sd", double, vprec_from_bits, vprec_bits, BINARY, FUSED)
    else
        ELEMENT("ss", float, float_of, float_bits, BINARY, FUSED)
    *mxcsr = m;
    return result;
}

uint64_t vprec_native_plain(enum vprec_basic op, bool f64, uint64_t a, uint64_t b, uint64_t c, unsigned negate)
{
    uint64_t result;
    if (f64)
        ELEMENT("sd", double, vprec_from_bits, vprec_bits, PLAIN_BINARY, PLAIN_FUSED)
    else
        ELEMENT("ss", float, float_of, float_bits, PLAIN_BINARY, PLAIN_FUSED)
    return result;
}

uint32_t vprec_native_begin(void)
{
    const uint32_t plain = VPREC_MXCSR_PLAIN;
    uint32_t old;
    __asm__ volatile("stmxcsr %0" : "=m"(old));
    if (old != plain)
        __asm__ volatile("ldmxcsr %0" : : "m"(plain));
    return old;
}

uint32_t vprec_native_end(uint32_t old)
{
    uint32_t now;
    __asm__ volatile("stmxcsr %0" : "=m"(now));
    if (now != old)
        __asm__ volatile("ldmxcsr %0" : : "m"(old));
    return now & 0x3f;
}

/* binary16 to binary32: exact, and no MXCSR bit has a say. */
static uint64_t half_expand(uint64_t h)
{
    uint64_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
    if (exponent == 31)
        return sign | 0x7f800000 | (fraction ? 0x400000 | fraction << 13 : 0);
    if (exponent)
        return sign | (exponent + 112) << 23 | fraction << 13;
    if (!fraction)
        return sign;
    unsigned shift = __builtin_clzll(fraction) - 53; /* brings the leading one to bit 10 */
    return sign | (uint64_t)(113 - shift) << 23 | (fraction << shift & 0x3ff) << 13;
}

uint64_t vprec_native_convert(unsigned from, bool to_f64, uint64_t a, uint32_t *mxcsr)
{
    uint32_t m = masked(*mxcsr), old;
    float x = 0;
    double y = 0;
    switch (from) {
    case VPREC_E_F16:
        m |= (a & 0x7c00) == 0x7c00 && (a & 0x3ff) && !(a & 0x200); /* signalling: invalid */
        *mxcsr = m;
        return half_expand(a & 0xffff);
    case VPREC_E_F32:
        CONVERT("cvtss2sd", y, "x"(float_of(a)));
        break;
    case VPREC_E_F64:
        CONVERT("cvtsd2ss", x, "x"(vprec_from_bits(a)));
        break;
    case VPREC_E_U64:
        if (a >> 63) {
            if (to_f64)
                __asm__ volatile(UNDER_MXCSR("vcvtusi2sdq %[b], %[a], %[a]")
                                 : [a] "+x"(y), [m] "+m"(m), [old] "=m"(old)
                                 : [b] "r"(a));
            else
                __asm__ volatile(UNDER_MXCSR("vcvtusi2ssq %[b], %[a], %[a]")
                                 : [a] "+x"(x), [m] "+m"(m), [old] "=m"(old)
                                 : [b] "r"(a));
            break;
        }
        /* fall through */
    default:
        a = vprec_elem_extend(from, a);
        if (to_f64)
            CONVERT("cvtsi2sdq", y, "r"(a));
        else
            CONVERT("cvtsi2ssq", x, "r"(a));
    }
    *mxcsr = m;
    return to_f64 ? vprec_bits(y) : float_bits(x);
}

/* enter.S: the immediate is part of the instruction. */
float vprec_reduce_f32(float x, uint32_t imm);
double vprec_reduce_f64(double x, uint32_t imm);

/* `x` is touched between the switches only, so the call cannot move out. */
#define IMMEDIATE(function, x)                                                                                        \
    do {                                                                                                              \
        __asm__ volatile("stmxcsr %[old]\n\tldmxcsr %[m]" : "+x"(x), [old] "=m"(old) : [m] "m"(m));                   \
        x = function(x, site->imm);                                                                                   \
        __asm__ volatile("stmxcsr %[m]\n\tldmxcsr %[old]" : "+x"(x), [m] "=m"(m) : [old] "m"(old));                   \
    } while (0)

/* map and opcode; packed and scalar opcodes differ in the last bit, cleared here */
#define VALUE(suffix, x, reduce)                                                                                      \
    switch (site->map << 8 | (site->opcode & 0xfe)) {                                                                 \
    case 0x24C: EVEX1("vrcp14" suffix, x); break;                                                                     \
    case 0x24E: EVEX1("vrsqrt14" suffix, x); break;                                                                   \
    case 0x242: EVEX1("vgetexp" suffix, x); break;                                                                    \
    default: IMMEDIATE(reduce, x); break;                                                                             \
    }

uint64_t vprec_native_value(const vprec_site *site, uint64_t a, uint32_t *mxcsr)
{
    uint32_t m = masked(*mxcsr), old;
    uint64_t result;
    if (site->to == VPREC_E_F64) {
        double x = vprec_from_bits(a);
        VALUE("sd", x, vprec_reduce_f64)
        result = vprec_bits(x);
    } else {
        float x = float_of(a);
        if (site->map == 1 && site->opcode == 0x53)
            BINARY("rcpss", x, x);
        else if (site->map == 1)
            BINARY("rsqrtss", x, x);
        else
            VALUE("ss", x, vprec_reduce_f32)
        result = float_bits(x);
    }
    *mxcsr = m;
    return result;
}

uint64_t vprec_native_scalef(bool f64, uint64_t a, uint64_t b, uint32_t *mxcsr)
{
    uint32_t m = masked(*mxcsr), old;
    uint64_t result;
    if (f64) {
        double x = vprec_from_bits(a), y = vprec_from_bits(b);
        EVEX2("vscalefsd", x, y);
        result = vprec_bits(x);
    } else {
        float x = float_of(a), y = float_of(b);
        EVEX2("vscalefss", x, y);
        result = float_bits(x);
    }
    *mxcsr = m;
    return result;
}

/* One of the numbers is NaN. */
static bool any_nan(bool f64, const uint64_t x[4])
{
    bool nan = false;
    for (unsigned i = 0; i < (f64 ? 2 : 4); i++)
        nan |= f64 ? vprec_bits_nan(x[i]) : (x[i] & 0x7fffffff) > 0x7f800000;
    return nan;
}

void vprec_native_dot_nan(bool f64, const uint64_t products[4], uint64_t sums[4])
{
    uint32_t m = VPREC_MXCSR_PLAIN, old;
    if (!any_nan(f64, products))
        return;
    if (f64) {
        __attribute__((vector_size(16))) uint64_t p = {products[0], products[1]};
        __attribute__((vector_size(16))) double one = {1, 1};
        BINARY("dppd $0x33,", p, one);
        for (unsigned i = 0; i < 2; i++)
            sums[i] = p[i];
    } else {
        __attribute__((vector_size(16))) uint32_t p = {(uint32_t)products[0], (uint32_t)products[1],
                                                       (uint32_t)products[2], (uint32_t)products[3]};
        __attribute__((vector_size(16))) float one = {1, 1, 1, 1};
        BINARY("dpps $0xff,", p, one);
        for (unsigned i = 0; i < 4; i++)
            sums[i] = p[i];
    }
}
