/* SPDX-License-Identifier: Apache-2.0
 * oracle.h: what the tests believe: single operations on binary32 and binary64
 * bit patterns, computed exactly and rounded once by MPFR. Shares no code with
 * vprec. Nearest even only; knows the IEEE-like formats eXmY and e4m3fn. */
#ifndef VPREC_TESTS_ORACLE_H
#define VPREC_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum oracle_type { ORACLE_F32, ORACLE_F64, ORACLE_I32, ORACLE_U32, ORACLE_I64, ORACLE_U64 };
enum oracle_op { ORACLE_ADD, ORACLE_SUB, ORACLE_MUL, ORACLE_DIV, ORACLE_SQRT, ORACLE_FMA };

typedef struct oracle_format {
    bool native; /* nothing is rounded but to the container itself */
    bool fn;     /* e4m3fn: the top binade holds numbers up to 448, no infinities */
    int ebits, fbits;
} oracle_format;

/* Reads what vprec-run's --format takes ("e5m10", "f32=e8m7,f64=e11m40",
 * "native") into format[ORACLE_F32], format[ORACLE_F64]; false if it cannot. */
bool oracle_parse(const char *text, oracle_format format[2]);

/* The operation on bit patterns of `type`, rounded once to `format`. Every NaN
 * comes back as the positive quiet one. ORACLE_FMA is a*b+c. */
uint64_t oracle_do(enum oracle_op op, enum oracle_type type, uint64_t a, uint64_t b, uint64_t c,
                   const oracle_format *format);

/* The value of `a`, a pattern of `from`, rounded once to `format` in the container `to`. */
uint64_t oracle_convert(enum oracle_type from, enum oracle_type to, uint64_t a, const oracle_format *format);

static inline bool oracle_is_nan(enum oracle_type type, uint64_t a)
{
    return type == ORACLE_F32 ? (a & 0x7fffffff) > 0x7f800000 : (a & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

static inline bool oracle_is_quiet(enum oracle_type type, uint64_t a)
{
    return oracle_is_nan(type, a) && (a >> (type == ORACLE_F32 ? 22 : 51) & 1);
}

#endif
