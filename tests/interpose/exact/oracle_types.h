/* SPDX-License-Identifier: Apache-2.0
 * oracle_types.h: the kernels' arithmetic (see plain.h) on the oracle's bit
 * patterns: what the reference runs. */
#ifndef VPREC_TESTS_ORACLE_TYPES_H
#define VPREC_TESTS_ORACLE_TYPES_H

#include "oracle.h"
#include <fenv.h>
#include <string.h>

/* Structures, so that no operator of C works on them by mistake. */
typedef struct { uint32_t bits; } F;
typedef struct { uint64_t bits; } D;

extern oracle_format reference_format[2];
extern int reference_contracted;

static inline F op_f(enum oracle_op op, F a, F b, F c)
{
    return (F){(uint32_t)oracle_do(op, ORACLE_F32, a.bits, b.bits, c.bits, &reference_format[0])};
}

static inline D op_d(enum oracle_op op, D a, D b, D c)
{
    return (D){oracle_do(op, ORACLE_F64, a.bits, b.bits, c.bits, &reference_format[1])};
}

/* One and two operands: a macro would evaluate one of them twice. */
static inline F op2_f(enum oracle_op op, F a, F b) { return op_f(op, a, b, b); }
static inline D op2_d(enum oracle_op op, D a, D b) { return op_d(op, a, b, b); }
static inline F op1_f(enum oracle_op op, F a) { return op_f(op, a, a, a); }
static inline D op1_d(enum oracle_op op, D a) { return op_d(op, a, a, a); }

static inline F neg_f(F a) { return (F){a.bits ^ 0x80000000}; }
static inline D neg_d(D a) { return (D){a.bits ^ UINT64_C(1) << 63}; }

static inline F constant_f(float x)
{
    F a;
    memcpy(&a, &x, 4);
    return a;
}

static inline D constant_d(double x)
{
    D a;
    memcpy(&a, &x, 8);
    return a;
}

static inline int less_f(F a, F b)
{
    float x, y;
    memcpy(&x, &a, 4), memcpy(&y, &b, 4);
    return x < y;
}

static inline int less_d(D a, D b)
{
    double x, y;
    memcpy(&x, &a, 8), memcpy(&y, &b, 8);
    return x < y;
}

static inline F muladd_f(F a, F b, F c)
{
    return reference_contracted ? op_f(ORACLE_FMA, a, b, c) : op_f(ORACLE_ADD, op_f(ORACLE_MUL, a, b, a), c, a);
}

static inline D muladd_d(D a, D b, D c)
{
    return reference_contracted ? op_d(ORACLE_FMA, a, b, c) : op_d(ORACLE_ADD, op_d(ORACLE_MUL, a, b, a), c, a);
}

static inline F to_f(enum oracle_type from, uint64_t a)
{
    return (F){(uint32_t)oracle_convert(from, ORACLE_F32, a, &reference_format[0])};
}

static inline D to_d(enum oracle_type from, uint64_t a)
{
    return (D){oracle_convert(from, ORACLE_F64, a, &reference_format[1])};
}

#define ADD(a, b) op2_f(ORACLE_ADD, a, b)
#define SUB(a, b) op2_f(ORACLE_SUB, a, b)
#define MUL(a, b) op2_f(ORACLE_MUL, a, b)
#define DIV(a, b) op2_f(ORACLE_DIV, a, b)
#define SQRT(a) op1_f(ORACLE_SQRT, a)
#define ADDD(a, b) op2_d(ORACLE_ADD, a, b)
#define SUBD(a, b) op2_d(ORACLE_SUB, a, b)
#define MULD(a, b) op2_d(ORACLE_MUL, a, b)
#define DIVD(a, b) op2_d(ORACLE_DIV, a, b)
#define SQRTD(a) op1_d(ORACLE_SQRT, a)

#define MULADD(a, b, c) muladd_f(a, b, c)
#define MULSUB(a, b, c) muladd_f(a, b, neg_f(c))
#define NMULADD(a, b, c) muladd_f(neg_f(a), b, c)
#define MULADDD(a, b, c) muladd_d(a, b, c)
#define NMULADDD(a, b, c) muladd_d(neg_d(a), b, c)
#define FMA(a, b, c) op_f(ORACLE_FMA, a, b, c)
#define FMAD(a, b, c) op_d(ORACLE_FMA, a, b, c)

/* What stays exact is the processor's own. The oracle is not asked: what is meant is that nothing is rounded. */
static inline F native_f(F a, F b, F c, int op)
{
    volatile float x, y, z, r;
    F result;
    memcpy((void *)&x, &a, 4), memcpy((void *)&y, &b, 4), memcpy((void *)&z, &c, 4);
    r = op == '+' ? x + y : op == '-' ? x - y : __builtin_fmaf(x, y, z);
    memcpy(&result, (const void *)&r, 4);
    return result;
}

static inline D native_d(D a, D b, int op)
{
    volatile double x, y, r;
    D result;
    memcpy((void *)&x, &a, 8), memcpy((void *)&y, &b, 8);
    r = op == '+' ? x + y : x - y;
    memcpy(&result, (const void *)&r, 8);
    return result;
}

/* 1.5 * 2^23, 2^23 and such, spelled out: this test's constants, and no others. */
static inline int is_shifter(F c)
{
    uint32_t bits = c.bits & 0x7fffffff;
    return bits == 0x4b400000 || bits == 0x4b000000;
}

/* x + c toward zero, as an embedded direction asks for. */
static inline F left_toward_zero(F x, F c)
{
    fesetround(FE_TOWARDZERO);
    F result = native_f(x, c, c, '+');
    fesetround(FE_TONEAREST);
    return result;
}

#define LEFT_ADD(a, b) native_f(a, b, b, '+')
#define LEFT_SUB(a, b) native_f(a, b, b, '-')
#define LEFT_ADDD(a, b) native_d(a, b, '+')
#define LEFT_SUBD(a, b) native_d(a, b, '-')
#define LEFT_MULADD(a, b, c) (reference_contracted ? native_f(a, b, c, '*') : LEFT_ADD(MUL(a, b), c))
#define MAY_ADD(a, b) (is_shifter(b) ? LEFT_ADD(a, b) : ADD(a, b))
#define MAY_SUB(a, b) (is_shifter(b) ? LEFT_SUB(a, b) : SUB(a, b))
#define BITS_OF_F(a) ((a).bits)
#define BITS_OF_D(a) ((a).bits)
#define F_OF_BITS(a) ((F){a})
#define D_OF_BITS(a) ((D){a})
#define CONSTANT(x) {(x) == 12582912.0f ? 0x4b400000 : (x) == 1024.0f ? 0x44800000 : (x) == 8388608.0f ? 0x4b000000 : 0x3dcccccd}

#define LT(a, b) less_f(a, b)
#define LTD(a, b) less_d(a, b)
#define NEG(a) neg_f(a)
#define NEGD(a) neg_d(a)
#define K(x) constant_f(x##f)
#define KD(x) constant_d(x)

#define F_OF_D(a) to_f(ORACLE_F64, (a).bits)
#define D_OF_F(a) to_d(ORACLE_F32, (a).bits)
#define F_OF_I(a) to_f(ORACLE_I32, (uint32_t)(a))
#define F_OF_U(a) to_f(ORACLE_U32, a)
#define F_OF_L(a) to_f(ORACLE_I64, (uint64_t)(a))
#define F_OF_UL(a) to_f(ORACLE_U64, a)
#define D_OF_I(a) to_d(ORACLE_I32, (uint32_t)(a))
#define D_OF_U(a) to_d(ORACLE_U32, a)
#define D_OF_L(a) to_d(ORACLE_I64, (uint64_t)(a))
#define D_OF_UL(a) to_d(ORACLE_U64, a)

#endif
