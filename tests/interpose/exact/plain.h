/* SPDX-License-Identifier: Apache-2.0
 * plain.h: the kernels' arithmetic as C operators: what the victims run. The
 * reference gives the same names through the oracle (oracle_types.h). */
#ifndef VPREC_TESTS_PLAIN_H
#define VPREC_TESTS_PLAIN_H

#include <stdint.h>

typedef float F;
typedef double D;

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define SQRT(a) __builtin_sqrtf(a)
#define ADDD(a, b) ((a) + (b))
#define SUBD(a, b) ((a) - (b))
#define MULD(a, b) ((a) * (b))
#define DIVD(a, b) ((a) / (b))
#define SQRTD(a) __builtin_sqrt(a)

/* a*b+c, a*b-c and c-a*b as the compiler likes: one operation where the variant is contracted. */
#define MULADD(a, b, c) ((a) * (b) + (c))
#define MULSUB(a, b, c) ((a) * (b) - (c))
#define NMULADD(a, b, c) ((c) - (a) * (b))
#define MULADDD(a, b, c) ((a) * (b) + (c))
#define NMULADDD(a, b, c) ((c) - (a) * (b))

/* Always one operation. */
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#define FMAD(a, b, c) __builtin_fma(a, b, c)

/* What rounds to an integer, and stays exact; MAY_...: where the second operand is a shifter. */
#define LEFT_ADD(a, b) ((a) + (b))
#define LEFT_SUB(a, b) ((a) - (b))
#define LEFT_ADDD(a, b) ((a) + (b))
#define LEFT_SUBD(a, b) ((a) - (b))
#define LEFT_MULADD(a, b, c) ((a) * (b) + (c))
#define MAY_ADD(a, b) ((a) + (b))
#define MAY_SUB(a, b) ((a) - (b))

static inline uint32_t bits_of_f(float x)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}

static inline uint64_t bits_of_d(double x)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &x, 8);
    return bits;
}

static inline float f_of_bits(uint32_t bits)
{
    float x;
    __builtin_memcpy(&x, &bits, 4);
    return x;
}

static inline double d_of_bits(uint64_t bits)
{
    double x;
    __builtin_memcpy(&x, &bits, 8);
    return x;
}

#define BITS_OF_F(a) bits_of_f(a)
#define BITS_OF_D(a) bits_of_d(a)
#define F_OF_BITS(a) f_of_bits(a)
#define D_OF_BITS(a) d_of_bits(a)
#define CONSTANT(x) (x)

#define LT(a, b) ((a) < (b))
#define LTD(a, b) ((a) < (b))
#define NEG(a) (-(a))
#define NEGD(a) (-(a))
#define K(x) (x##f)
#define KD(x) (x)

#define F_OF_D(a) ((float)(a))
#define D_OF_F(a) ((double)(a))
#define F_OF_I(a) ((float)(int32_t)(a))
#define F_OF_U(a) ((float)(uint32_t)(a))
#define F_OF_L(a) ((float)(int64_t)(a))
#define F_OF_UL(a) ((float)(uint64_t)(a))
#define D_OF_I(a) ((double)(int32_t)(a))
#define D_OF_U(a) ((double)(uint32_t)(a))
#define D_OF_L(a) ((double)(int64_t)(a))
#define D_OF_UL(a) ((double)(uint64_t)(a))

#endif
