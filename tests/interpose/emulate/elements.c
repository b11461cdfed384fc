/* SPDX-License-Identifier: Apache-2.0
 * elements.c: the rows of element.h against the compiler's own types:
 * size, significant bits, sign and infinity, extension of integers, and which
 * conversions keep every value. */
#include "x86/site.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int failures;

static void same(const char *name, const char *what, uint64_t got, uint64_t want)
{
    if (got == want)
        return;
    printf("%s: %s: expected %#llx, got %#llx\n", name, what, (unsigned long long)want, (unsigned long long)got);
    failures++;
}

static bool kept(unsigned from, unsigned to)
{
    vprec_site site = {.op = VPREC_OP_CVT, .from = (uint8_t)from, .to = (uint8_t)to};
    return vprec_is_value(&site);
}

/* Whether vprec_is_value says the same of the type as the compiler's conversion of its longest number. */
static void converted(const char *name, unsigned elem, bool in_float, bool in_double)
{
    if (elem != VPREC_E_F32)
        same(name, "kept by float", kept(elem, VPREC_E_F32), in_float);
    if (elem != VPREC_E_F64)
        same(name, "kept by double", kept(elem, VPREC_E_F64), in_double);
}

static void number(const char *name, unsigned elem, size_t size, int bits, uint64_t infinity, uint64_t negative_infinity)
{
    same(name, "size", vprec_elem_size(elem), size);
    same(name, "bits", vprec_elem_bits(elem), (uint64_t)bits);
    same(name, "float", vprec_elem_is_float(elem), true);
    same(name, "signed integer", vprec_elem_is_signed(elem), false);
    same(name, "infinity", vprec_elem_infinity(elem), infinity);
    same(name, "sign", vprec_elem_sign(elem), infinity ^ negative_infinity);
    uint64_t odd = (UINT64_C(1) << bits) - 1;
    converted(name, elem, (uint64_t)(float)odd == odd, (uint64_t)(double)odd == odd);
}

#define FLOAT(TYPE, C, BITS)                                                                                          \
    do {                                                                                                              \
        C plus = (C)INFINITY, minus = -plus;                                                                          \
        uint64_t p = 0, m = 0;                                                                                        \
        memcpy(&p, &plus, sizeof plus);                                                                               \
        memcpy(&m, &minus, sizeof minus);                                                                             \
        number(#TYPE, VPREC_E_##TYPE, sizeof(C), BITS, p, m);                                                         \
    } while (0)

#define INTEGER(TYPE, C, MAX, SIGNED)                                                                                 \
    do {                                                                                                              \
        const unsigned elem = VPREC_E_##TYPE;                                                                         \
        same(#TYPE, "size", vprec_elem_size(elem), sizeof(C));                                                        \
        same(#TYPE, "bits", vprec_elem_bits(elem), 64 - (uint64_t)__builtin_clzll((uint64_t)(MAX)));                  \
        same(#TYPE, "float", vprec_elem_is_float(elem), false);                                                       \
        same(#TYPE, "signed integer", vprec_elem_is_signed(elem), SIGNED);                                            \
        same(#TYPE, "type", vprec_elem_type(elem), VPREC_TYPES);                                                      \
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)                                                     \
            same(#TYPE, "extended", vprec_elem_extend(elem, words[i]), (uint64_t)(int64_t)(C)words[i]);               \
        volatile float f = (float)(MAX);                                                                              \
        volatile double d = (double)(MAX);                                                                            \
        converted(#TYPE, elem, (long double)f == (long double)(MAX), (long double)d == (long double)(MAX));           \
    } while (0)

int main(void)
{
    static const uint64_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(0x123456789abcdef0),
                                     UINT64_C(0x8000000000000000), UINT64_MAX};
    FLOAT(F32, float, FLT_MANT_DIG);
    FLOAT(F64, double, DBL_MANT_DIG);
    FLOAT(F16, _Float16, __FLT16_MANT_DIG__);
    float plus = INFINITY, minus = -plus; /* bfloat16 is the upper half of a binary32 */
    uint32_t p, m;
    memcpy(&p, &plus, 4);
    memcpy(&m, &minus, 4);
    number("BF16", VPREC_E_BF16, 2, FLT_MANT_DIG - 16, p >> 16, m >> 16);
    INTEGER(I32, int32_t, INT32_MAX, true);
    INTEGER(I64, int64_t, INT64_MAX, true);
    INTEGER(U32, uint32_t, UINT32_MAX, false);
    INTEGER(U64, uint64_t, UINT64_MAX, false);

    /* a row more is a check more */
    same("table", "rows", VPREC_ELEMS, 8);
    same("F32", "type", vprec_elem_type(VPREC_E_F32), VPREC_F32);
    same("F64", "type", vprec_elem_type(VPREC_E_F64), VPREC_F64);
    same("F16", "type", vprec_elem_type(VPREC_E_F16), VPREC_TYPES);
    same("BF16", "type", vprec_elem_type(VPREC_E_BF16), VPREC_TYPES);
    return failures != 0;
}
