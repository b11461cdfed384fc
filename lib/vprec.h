/* SPDX-License-Identifier: Apache-2.0
 * vprec.h: the public interface of libvprec: floating-point formats and
 * correctly rounded arithmetic in them. Knows nothing of processes. */
#ifndef VPREC_H
#define VPREC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VPREC_API __attribute__((visibility("default")))
#else
#define VPREC_API
#endif

/* Every function that can fail returns one of these; none aborts or sets errno. */
typedef enum vprec_status {
    VPREC_OK = 0,
    VPREC_EINVAL,  /* an argument breaks the documented contract */
    VPREC_EFORMAT, /* the text is no format */
    VPREC_ERANGE   /* a width or bias that the container cannot hold */
} vprec_status;

/* Rounding modes (IEEE 754-2019 section 4.3, and round to odd: S. Boldo and
 * G. Melquiond, 2008). A finite result is overflow where rounding with unbounded
 * exponent passes the largest finite. RTZ and RTO then give the largest finite,
 * RU and RD too on the side they turn away from; else the format's flags decide. */
typedef enum vprec_mode {
    VPREC_RNE, /* to nearest, ties to even */
    VPREC_RNA, /* to nearest, ties away from zero */
    VPREC_RTZ, /* toward zero */
    VPREC_RU,  /* toward +infinity */
    VPREC_RD,  /* toward -infinity */
    VPREC_RTO, /* to odd: truncate, then set the last bit if inexact */
    VPREC_MODES
} vprec_mode;

/* What a format does where it departs from IEEE 754. */
enum {
    VPREC_SAT = 1 << 0,     /* finite overflow gives the largest finite */
    VPREC_NOINF = 1 << 1,   /* no infinities: inf and overflow give NaN, or the largest finite with SAT */
    VPREC_NOSUB = 1 << 2,   /* no subnormals: flushed to zero after rounding with unbounded exponent */
    VPREC_NONAN = 1 << 3,   /* no NaN: NaN gives the largest finite with its sign; with NOINF and SAT only */
    VPREC_NONEGZERO = 1 << 4 /* no -0: it gives +0, its code is the NaN; with NOINF only */
};

/* A binary format of `ebits` exponent and `fbits` fraction bits (one hidden
 * bit more): zero and the multiples of 2^(max(floor(log2|x|), emin) - fbits) up
 * to `max`. With NOINF the all-ones exponent counts; its all-ones fraction is
 * the NaN, unless NONAN or NONEGZERO (then it is a number too).
 * A plain value: copy it freely. Fill it with vprec_format_parse. */
typedef struct vprec_format {
    uint8_t ebits;  /* 2..11 */
    uint8_t fbits;  /* 1..52 */
    uint16_t flags; /* VPREC_SAT | ... */
    int32_t bias;   /* 2^(ebits-1)-1 unless given */
    int32_t emin;   /* exponent of the smallest normal number: 1-bias */
    int32_t emax;   /* exponent of the largest finite number */
    double max;     /* largest finite number */
    double min_normal;    /* 2^emin */
    double min_subnormal; /* 2^(emin-fbits), also with NOSUB */
} vprec_format;

/* The container that holds the format's values. */
typedef enum vprec_type { VPREC_F32, VPREC_F64, VPREC_TYPES } vprec_type;

/* Parses `text` ("e5m10", "bf16", "e4m3fn:sat", "e5m2:bias=16"; vprec-formats(7))
 * for container `type`, which must hold every finite value, subnormals included.
 * On failure `*format` is untouched and `message` (may be NULL, of `size` bytes;
 * 160 hold any) says in one line which part is at fault and what is allowed.
 * VPREC_EFORMAT: no format, a suffix unknown, twice, or without one it needs;
 * VPREC_ERANGE: a width or bias that does not fit; VPREC_EINVAL: NULL, or no such type. */
VPREC_API vprec_status vprec_format_parse(const char *text, vprec_type type, vprec_format *format, char *message,
                                          size_t size);

/* Writes the shortest text that vprec_format_parse reads back as the same
 * format (a preset's name where there is one) to `text` of `size` bytes, always
 * terminated. Returns the length it needs without the terminator. */
VPREC_API size_t vprec_format_print(const vprec_format *format, char *text, size_t size);

/* Preset number `index` (0, 1, ...): its name, NULL past the last. `spelling`
 * (may be NULL) receives its eXmY text with suffixes. */
VPREC_API const char *vprec_format_preset(size_t index, const char **spelling);

/* Whether every value of `type`, infinities, NaN and -0 included, is one of the
 * format's: then rounding a `type` to it changes nothing in any mode. */
VPREC_API bool vprec_format_is_native(const vprec_format *format, vprec_type type);

/* Each returns the exact result of the operation on its operands, rounded once
 * to `format` in `mode`. Operands are any doubles, not only the format's.
 * `format` must fit binary64. For binary32 arithmetic pass the floats widened:
 * the result is exact in float whenever the format fits binary32.
 *
 * The first NaN operand comes back quiet, its payload whole; an invalid operation
 * gives the NaN of x86 (sign set, no payload); formats without NaN give their
 * largest finite with that sign. An exact infinity (inf operand, x/0) is no
 * overflow: it stays one unless NOINF. A sum that is exactly zero is -0 in RD,
 * +0 in the other modes, unless both summands are zeros of one sign.
 *
 * Integer arithmetic only: the results do not depend on MXCSR, no exception flag
 * is raised, errno is not set, nothing is shared: async-signal-safe. */
VPREC_API double vprec_round(double x, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_add(double a, double b, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_sub(double a, double b, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_mul(double a, double b, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_div(double a, double b, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_sqrt(double a, const vprec_format *format, vprec_mode mode);
/* a*b+c, rounded once. */
VPREC_API double vprec_fma(double a, double b, double c, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_from_i64(int64_t x, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_from_u64(uint64_t x, const vprec_format *format, vprec_mode mode);

#ifdef __cplusplus
}
#endif
#endif
