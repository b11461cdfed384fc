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

/* The number of this interface: raised by one with each release that adds a declaration or changes one. A program needs
 * the library to have its number at least: `pkg-config --variable=api vprec`, or vprec_api_version() as it runs. */
#define VPREC_API_VERSION 1

/* The version of the library, "0.1.0", as pkg-config and the commands' --version have it; and its interface's number. */
VPREC_API const char *vprec_version(void);
VPREC_API int vprec_api_version(void);

/* Every function that can fail returns one of these; none aborts or sets errno. */
typedef enum vprec_status {
    VPREC_OK = 0,
    VPREC_EINVAL,  /* an argument breaks the documented contract */
    VPREC_EFORMAT, /* the text is no format */
    VPREC_ERANGE,  /* a width or bias that the container cannot hold */
    VPREC_ENOMEM   /* no memory for the work */
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
    VPREC_SR,  /* stochastic: up with probability (x-lo)/ulp; needs random bits, see vprec_round_sr */
    VPREC_MODES
} vprec_mode;

/* What a format does where it departs from IEEE 754. */
enum {
    VPREC_SAT = 1 << 0,     /* finite overflow gives the largest finite */
    VPREC_NOINF = 1 << 1,   /* no infinities: inf and overflow give NaN, or the largest finite with SAT */
    VPREC_NOSUB = 1 << 2,   /* no subnormals: flushed to zero after rounding with unbounded exponent */
    VPREC_NONAN = 1 << 3,   /* no NaN: NaN gives the largest finite with its sign; with NOINF and SAT only */
    VPREC_NONEGZERO = 1 << 4 /* no -0: it gives +0, its code is the NaN (with NONAN +0); with NOINF only */
};

typedef enum vprec_format_kind {
    VPREC_BINARY /* sign, exponent, fraction */
} vprec_format_kind;

/* A binary format of `ebits` exponent and `fbits` fraction bits (one hidden
 * bit more): zero and the multiples of 2^(max(floor(log2|x|), emin) - fbits) up
 * to `max`. With NOINF the all-ones exponent counts; its all-ones fraction is
 * the NaN, unless NONAN or NONEGZERO (then it is a number too).
 * A plain value: copy it freely. Fill it with vprec_format_parse. Its size stays as it is when other kinds come:
 * `more` is where their parameters go. What a function does not know, in `kind` or `more`, it refuses. */
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
    uint32_t kind;    /* vprec_format_kind */
    uint32_t more[5]; /* zeros */
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

/* What others call that preset ("bfloat16 bfloat", "" for none), with blanks between; NULL past the last.
 * vprec_format_parse takes these in any case, with or without '_', and with "torch." and the like in front. */
VPREC_API const char *vprec_format_aliases(size_t index);

/* A line for the user if the format's name means another one elsewhere: a bare e4m3, e3m2, e2m3 or e2m1 is the
 * IEEE-like one here. NULL if there is nothing to say. */
VPREC_API const char *vprec_format_remark(const vprec_format *format);

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
/* a * 2^n, rounded once */
VPREC_API double vprec_scale(double a, int n, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_from_i64(int64_t x, const vprec_format *format, vprec_mode mode);
VPREC_API double vprec_from_u64(uint64_t x, const vprec_format *format, vprec_mode mode);

/* The same with stochastic rounding by the `bits` (1..64) topmost bits of
 * `random`. The exact result x lies between neighbours lo <= |x| < hi = lo + ulp
 * (below emin the unit of the subnormals, or with NOSUB that of |x|'s binade; above
 * `max` as if the exponent were unbounded). With f = (|x|-lo)/ulp and
 * q = f * 2^bits rounded to nearest even, hi is taken iff the integer random >> (64-bits)
 * is below q: with probability q/2^bits, so the bias is at most 2^-(bits+1) ulp
 * (M. Croci, M. Fasi, N. Higham, T. Mary, M. Mikaitis, 2022, section 2). What was
 * taken then meets overflow and NOSUB as in RNE; zeros, infinities and NaN are
 * those of RNE too. A result that the format holds does not depend on `random`.
 *
 * VPREC_SR (or no mode at all) given to the functions above, or `bits` out of
 * range here, returns NaN whatever the operands and the format. */
VPREC_API double vprec_round_sr(double x, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_add_sr(double a, double b, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_sub_sr(double a, double b, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_mul_sr(double a, double b, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_div_sr(double a, double b, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_sqrt_sr(double a, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_fma_sr(double a, double b, double c, const vprec_format *format, unsigned bits,
                              uint64_t random);
VPREC_API double vprec_scale_sr(double a, int n, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_from_i64_sr(int64_t x, const vprec_format *format, unsigned bits, uint64_t random);
VPREC_API double vprec_from_u64_sr(uint64_t x, const vprec_format *format, unsigned bits, uint64_t random);

/* Monte Carlo arithmetic (D. S. Parker, 1997). inexact(x) = x + 2^(e-t) xi for x != 0, e =
 * floor(log2|x|)+1, xi uniform on (-1/2, 1/2): relative noise at t bits of virtual
 * precision; absolute noise is 2^exponent xi; both together draw two xi. Zeros,
 * infinities and NaN are left alone. */
enum {
    VPREC_NOISE_RESULTS = 1,  /* inexact(result): random rounding, mode rr. An exact result of at most t
                                 significant bits is left alone, unless noise is absolute */
    VPREC_NOISE_OPERANDS = 2, /* inexact(operand) each: precision bounding, mode pb. Both: mode mca */
};
enum { VPREC_ERROR_RELATIVE = 1, VPREC_ERROR_ABSOLUTE = 2 };
typedef struct vprec_noise {
    unsigned what;      /* VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS */
    unsigned precision; /* t, 1..53 bits */
    unsigned error;     /* VPREC_ERROR_RELATIVE | VPREC_ERROR_ABSOLUTE */
    int exponent;       /* of absolute noise, -1200..1200 */
} vprec_noise;

/* The same with noise, the exact sum of result and noise rounded once to nearest even: words[0] makes the result's
 * xi = (2w+1)/2^65, w the word as a signed number, words[1], ... the operands'. Perturbed factors, divisors
 * and radicands keep 64 significant bits; a power of two in vprec_scale_mca is exact. The caller keeps the noise
 * within its bounds. */
VPREC_API double vprec_round_mca(double x, const vprec_format *format, const vprec_noise *noise, const uint64_t *words);
VPREC_API double vprec_add_mca(double a, double b, const vprec_format *format, const vprec_noise *noise,
                               const uint64_t *words);
VPREC_API double vprec_sub_mca(double a, double b, const vprec_format *format, const vprec_noise *noise,
                               const uint64_t *words);
VPREC_API double vprec_mul_mca(double a, double b, const vprec_format *format, const vprec_noise *noise,
                               const uint64_t *words);
VPREC_API double vprec_div_mca(double a, double b, const vprec_format *format, const vprec_noise *noise,
                               const uint64_t *words);
VPREC_API double vprec_sqrt_mca(double a, const vprec_format *format, const vprec_noise *noise, const uint64_t *words);
VPREC_API double vprec_fma_mca(double a, double b, double c, const vprec_format *format, const vprec_noise *noise,
                               const uint64_t *words);
VPREC_API double vprec_scale_mca(double a, int n, const vprec_format *format, const vprec_noise *noise,
                                 const uint64_t *words);
VPREC_API double vprec_from_i64_mca(int64_t x, const vprec_format *format, const vprec_noise *noise,
                                    const uint64_t *words);
VPREC_API double vprec_from_u64_mca(uint64_t x, const vprec_format *format, const vprec_noise *noise,
                                    const uint64_t *words);

/* ---- arrays ---- */

/* Where arrays take their random bits from. words() returns `n` words for the
 * elements index, index+1, ...: either memory of its own or `space` (room for n),
 * filled. Draw 0 is each element's topmost 32 bits. Draw 1, the next 32, is
 * asked for lazily, one element at a time, only where draw 0 does not decide (probability
 * 2^-32 an inexact result) and `bits` is above 32. The same arguments must always give the
 * same words; it may be called from several threads at once. */
typedef struct vprec_random {
    unsigned bits; /* 1..64 of vprec_round_sr */
    const uint32_t *(*words)(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space);
    void *context;
} vprec_random;

/* What happened to results, each counted once. Exact: known from the exact value of the operation, not guessed from
 * what came out. All zero before the first; array functions add to it, from several threads at once too.
 * (IEEE 754-2019, sections 7.2 to 7.5; of underflow what is called tininess before rounding.) */
typedef struct vprec_outcomes {
    uint64_t operations; /* results: of sums of products, each product and each sum that is rounded */
    uint64_t overflows;  /* passed the largest finite when rounded with unbounded exponent, whatever came out then */
    uint64_t underflows; /* exact value not zero and below min_normal in magnitude, and changed by the rounding */
    uint64_t zeros;      /* those underflows that gave zero */
    uint64_t invalids;   /* NaN by definition, of operands none of which is NaN: 0/0, inf-inf, sqrt(-1), ... */
    uint64_t poles;      /* exact infinities of finite operands: 1/0, log(0), ... */
    double least, most;  /* smallest and largest magnitude of results but zero, infinity and NaN; 0: there was none */
} vprec_outcomes;

/* How results are rounded. `random` is read in mode VPREC_SR and with noise only. `outcomes`, unless NULL, is added to
 * by every array function and sum of products that is given the rounding; the results are the same, and take several
 * times as long. `noise`, unless NULL: Monte Carlo arithmetic, in mode VPREC_RNE and without outcomes; element by
 * element what the _mca functions give, whose words[w] is draws 2w (its topmost 32 bits) and 2w+1 of the element;
 * `bits` of the random source are not read. */
typedef struct vprec_rounding {
    vprec_format format;
    vprec_mode mode;
    vprec_random random;
    vprec_outcomes *outcomes;
    const vprec_noise *noise;
} vprec_rounding;

/* ---- random words ---- */

/* A 128-bit number. */
typedef struct vprec_wide {
    uint64_t low, high;
} vprec_wide;

/* Sequential streams of the PCG family (M. E. O'Neill, 2014): PCG32 is XSH-RR
 * 64/32, PCG64 is XSL-RR 128/64, word for word those of the author's library
 * (pcg32, pcg64). Plain values: copy them freely, give each thread its own. The same seed and
 * stream (its topmost bit counts for nothing) give the same words; the period is 2^64, 2^128.
 * _advance goes `steps` words on in time log(steps), modulo the period: -steps goes back.
 * Limits: streams of one seed and seeds close together are sequences of the same
 * linear recurrence, not independent in any provable sense: seed with vprec_key_child. */
typedef struct vprec_pcg32 {
    uint64_t state, increment;
} vprec_pcg32;
typedef struct vprec_pcg64 {
    vprec_wide state, increment;
} vprec_pcg64;
VPREC_API void vprec_pcg32_seed(vprec_pcg32 *pcg, uint64_t seed, uint64_t stream);
VPREC_API uint32_t vprec_pcg32_next(vprec_pcg32 *pcg);
VPREC_API void vprec_pcg32_advance(vprec_pcg32 *pcg, uint64_t steps);
VPREC_API void vprec_pcg64_seed(vprec_pcg64 *pcg, vprec_wide seed, vprec_wide stream);
VPREC_API uint64_t vprec_pcg64_next(vprec_pcg64 *pcg);
VPREC_API void vprec_pcg64_advance(vprec_pcg64 *pcg, vprec_wide steps);

/* The key of child number `rank` of `key`: a thread's from its parent thread's, a
 * sample's seed from the run's (rank: the number among the parent's children, the sample's number). Children of one
 * key never collide, nor do children of one rank; any other two are equal with
 * probability 2^-64. Every bit of key and rank changes about half of the result. */
VPREC_API uint64_t vprec_key_child(uint64_t key, uint64_t rank);

/* Random words as a function of (key, index, draw): the same in any order, on
 * any number of threads, on every processor. Element-wise noise that repeats:
 *     vprec_source source;
 *     vprec_source_init(&source, seed);
 *     to.random = vprec_source_random(&source, 32);
 * Words 4b..4b+3 of a draw are a 128-bit counter that b and the draw step, through
 * three AES rounds; counter start and round keys are PCG64's words for the key.
 * Keys, indices (modulo 2^64) and draws count in full. Read-only after init: any thread may use it.
 *
 * Guaranteed: under one key no two blocks of four words are equal, whatever index
 * and draw (independent words would repeat one after some 2^64 blocks). All else is statistical: words over
 * indices, strides, draws, neighbouring keys and children's keys pass dieharder, and no single trail
 * through the rounds shows before some 2^54 blocks (source.c). Each key has rounds
 * of its own: two keys' words are no parts of one sequence. Not for secrets: whoever sees words can find the key. */
typedef struct vprec_source {
    vprec_wide start, keys[3];
} vprec_source;
VPREC_API void vprec_source_init(vprec_source *source, uint64_t key);

/* words[i] = word index + i, for i < n. */
VPREC_API void vprec_source_words(const vprec_source *source, uint64_t index, size_t n, unsigned draw,
                                  uint32_t *words);

/* The source for vprec_rounding, with `bits` of vprec_round_sr. `*source` must live as long as it is used. */
VPREC_API vprec_random vprec_source_random(const vprec_source *source, unsigned bits);

/* ---- element-wise ---- */

/* Element-wise: out[i] = the exact result of the operation on element i, rounded
 * once, for i < n: bit for bit what the scalar functions above give (with SR:
 * what the _sr functions give for the element's words). f32 arrays need a format
 * that fits binary32, f64 arrays one that fits binary64.
 *
 * `out` may be the very same array as an operand; any other overlap is refused.
 * n = 0 is allowed and looks at no pointer. The caller's MXCSR does not matter
 * and is left as it was, flags included.
 * VPREC_EINVAL: NULL, a pointer not aligned to its element, partial overlap, n
 * elements beyond the address space, no such mode, a format that vprec_format_parse
 * did not make, SR without bits or words.
 * VPREC_ERANGE: the format does not fit the element type. On an error nothing was written. */
VPREC_API vprec_status vprec_round_f32(float *out, const float *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_add_f32(float *out, const float *a, const float *b, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_sub_f32(float *out, const float *a, const float *b, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_mul_f32(float *out, const float *a, const float *b, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_div_f32(float *out, const float *a, const float *b, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_sqrt_f32(float *out, const float *a, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_fma_f32(float *out, const float *a, const float *b, const float *c, size_t n,
                                     const vprec_rounding *to);
VPREC_API vprec_status vprec_round_f64(double *out, const double *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_add_f64(double *out, const double *a, const double *b, size_t n,
                                     const vprec_rounding *to);
VPREC_API vprec_status vprec_sub_f64(double *out, const double *a, const double *b, size_t n,
                                     const vprec_rounding *to);
VPREC_API vprec_status vprec_mul_f64(double *out, const double *a, const double *b, size_t n,
                                     const vprec_rounding *to);
VPREC_API vprec_status vprec_div_f64(double *out, const double *a, const double *b, size_t n,
                                     const vprec_rounding *to);
VPREC_API vprec_status vprec_sqrt_f64(double *out, const double *a, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_fma_f64(double *out, const double *a, const double *b, const double *c, size_t n,
                                     const vprec_rounding *to);

/* ---- conversions ---- */

/* Between element types, vprec_convert_FROM_TO: out[i] = x[i] rounded once to the
 * format, which must fit the type of `out`: a double goes to a narrow format at
 * once, never by way of float. Bit for bit what vprec_round, vprec_from_i64 and
 * vprec_from_u64 give (with SR: their _sr forms for the element's words).
 * The contract of the array functions, but `out` must not overlap `x` at all. */
VPREC_API vprec_status vprec_convert_f64_f32(float *out, const double *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_f32_f64(double *out, const float *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_i32_f32(float *out, const int32_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_i32_f64(double *out, const int32_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_u32_f32(float *out, const uint32_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_u32_f64(double *out, const uint32_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_i64_f32(float *out, const int64_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_i64_f64(double *out, const int64_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_u64_f32(float *out, const uint64_t *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_convert_u64_f64(double *out, const uint64_t *x, size_t n, const vprec_rounding *to);

/* Codes: a value's bit pattern in a format, from the top 1 sign bit, `ebits`
 * exponent bits, `fbits` fraction bits, in the low 1+ebits+fbits bits of an integer.
 * OCP 8-bit Floating Point (OFP8) 1.0, table 1, and Microscaling (MX) 1.0, section 5.3.
 *
 * vprec_encode writes the code of `value` to `*code`. A NaN keeps its sign and the
 * topmost bits of its payload, as far as the format's NaN codes go.
 * VPREC_EINVAL: NULL; a value that is not one of the format's: round it first.
 * `*code` then is untouched. */
VPREC_API vprec_status vprec_encode(double value, const vprec_format *format, uint64_t *code);

/* The value of a code; bits above the format's width are ignored. NaN comes back
 * quiet; with NOSUB the codes of subnormals are zeros. Any code decodes to a value of the format. */
VPREC_API double vprec_decode(uint64_t code, const vprec_format *format);

/* out[i] = the code of x[i] rounded once to the format, which must fit binary32
 * and have codes of at most 8 (16) bits: VPREC_ERANGE. The rest of the contract as of vprec_convert_. */
VPREC_API vprec_status vprec_encode_f32_u8(uint8_t *out, const float *x, size_t n, const vprec_rounding *to);
VPREC_API vprec_status vprec_encode_f32_u16(uint16_t *out, const float *x, size_t n, const vprec_rounding *to);

/* out[i] = the value of codes[i] as vprec_decode gives it. Errors as of the encoding functions. */
VPREC_API vprec_status vprec_decode_u8_f32(float *out, const uint8_t *codes, size_t n, const vprec_format *format);
VPREC_API vprec_status vprec_decode_u16_f32(float *out, const uint16_t *codes, size_t n, const vprec_format *format);

/* ---- elementary functions ---- */

/* Name and number of operands. rsqrt is 1/sqrt(x); sigmoid 1/(1+exp(-x)); silu x*sigmoid(x); softplus
 * log(1+exp(x)); gelu x*(1+erf(x/sqrt(2)))/2; lgamma log|gamma(x)|; atan2 takes (y, x), pow (base, exponent). */
#define VPREC_FUNCTIONS(X)                                                                                             \
    X(exp, 1) X(exp2, 1) X(exp10, 1) X(expm1, 1) X(log, 1) X(log2, 1) X(log10, 1) X(log1p, 1) X(sin, 1) X(cos, 1)      \
    X(tan, 1) X(asin, 1) X(acos, 1) X(atan, 1) X(sinh, 1) X(cosh, 1) X(tanh, 1) X(asinh, 1) X(acosh, 1) X(atanh, 1)    \
    X(erf, 1) X(erfc, 1) X(tgamma, 1) X(lgamma, 1) X(cbrt, 1) X(rsqrt, 1) X(sigmoid, 1) X(silu, 1) X(softplus, 1)      \
    X(gelu, 1) X(pow, 2) X(atan2, 2) X(hypot, 2)
typedef enum vprec_function {
#define VPREC_FUNCTION_ENTRY(name, arity) VPREC_FN_##name,
    VPREC_FUNCTIONS(VPREC_FUNCTION_ENTRY)
#undef VPREC_FUNCTION_ENTRY
        VPREC_FUNCTIONS_COUNT
} vprec_function;

/* "exp" for VPREC_FN_exp; NULL: no such function. */
VPREC_API const char *vprec_function_name(vprec_function function);
/* 1 or 2 operands; 0: no such function. */
VPREC_API int vprec_function_arity(vprec_function function);
/* VPREC_EINVAL: NULL, or no function of that name. */
VPREC_API vprec_status vprec_function_find(const char *name, vprec_function *function);

/* The exact value of `function` at (x, y), rounded once to `format` in `mode`; y counts only where there are
 * two operands. Proven by Ziv's test (A. Ziv, 1991): libm computes the value in binary64 with a bound on its error,
 * both ends of the interval in which the exact value then lies are rounded, and where they agree the
 * result is right. Where not: the same in 80 bits (x86), then in binary128. Exact results (log2(8),
 * pow(4, 1.5), hypot(3, 4), tgamma(5), ...) are recognised by integer arithmetic, results next to a number
 * (exp(1e-300), tanh(50), sin(1e-200)) by the side of it on which they lie.
 *
 * What the proof rests on: libm's error is at most 16 ulps in binary64 and 8 in the wider precisions, 128 for tgamma
 * and lgamma, 65536 for gelu as it is composed here. glibc knows of at most 5, and 10 for the gamma functions (its
 * manual, "Errors in Math Functions"); tests/lib/elementary/bounds.c measures it, as it should for another libm.
 * `*unproven` (may be NULL) becomes true where no step decided; the result is then the rounded middle of the last
 * interval, right or a neighbour of it. To be expected about once in 2^45 operands of a binary64 format, hardly
 * ever of a narrower one. libvprec-mpfr (vprec-mpfr.h) has the same functions, certain for every operand.
 *
 * NaN, invalid operations and infinities are as of the operations above. A pole (log(0), tgamma(0), lgamma(-1),
 * atanh(1), pow(0, -1)) is an exact infinity, tgamma of a negative integer invalid. pow, atan2 and hypot treat special
 * operands as C's annex F does: pow(x, 0), pow(1, y) are 1 and hypot(inf, y) is inf even where the other is NaN.
 * log(1), acos(1), acosh(1), lgamma(1), lgamma(2) are +0 in every mode; silu(-inf), gelu(-inf) are -0.
 *
 * The caller's floating-point environment (direction, FTZ, DAZ, masks, precision) does not matter and is left as it
 * was, flags and errno included. Nothing is shared between threads. */
VPREC_API double vprec_libm(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode,
                            bool *unproven);
/* The same with stochastic rounding as of vprec_round_sr, proven in the same way: bit for bit what the exact value
 * and `random` give, so that the bias is at most 2^-(bits+1) ulp, and no more than that of the operations above. */
VPREC_API double vprec_libm_sr(vprec_function function, double x, double y, const vprec_format *format, unsigned bits,
                               uint64_t random, bool *unproven);

/* Element-wise, under the rules of the array functions above; y is not looked at where there is one operand.
 * `*unproven` (may be NULL) becomes the number of elements that are not proven. Draw 1 is asked for also where
 * binary64 does not decide. With noise the exact value is treated as an operand (words[1]) and as a result (words[0]).
 * VPREC_EINVAL: also no such function. */
VPREC_API vprec_status vprec_libm_f32(vprec_function function, float *out, const float *x, const float *y, size_t n,
                                      const vprec_rounding *to, size_t *unproven);
VPREC_API vprec_status vprec_libm_f64(vprec_function function, double *out, const double *x, const double *y, size_t n,
                                      const vprec_rounding *to, size_t *unproven);

/* ---- sums of products ---- */

/* The order in which a sum of k terms is taken. The terms are cut into blocks of
 * `block` (the last may be shorter); each block is summed from its first term to
 * its last, then the blocks' sums are combined. */
typedef enum vprec_order {
    VPREC_SEQUENTIAL, /* one block */
    VPREC_BLOCKED,    /* block sums are added from first to last, as a tensor core does */
    VPREC_PAIRWISE,   /* a binary tree of block sums: of q > 1, the left branch has the largest power of two below q */
    VPREC_ORDERS
} vprec_order;

/* Formats and order of a sum of products; every step is rounded once.
 * A block starts from +0; each term in turn makes it sum + round(a*b), the product
 * rounded to `product`, the addition to `sum`; with `product` NULL it is fused, a*b + sum
 * rounded once to `sum`. The first block starts instead from what the output array
 * held, or from the bias, where the call says so (taken as it is, not rounded). Block
 * sums are combined by additions rounded to `sum`. A sum of no terms is its start.
 * Each step gives what the scalar function does, vprec_fma(a, b, sum), vprec_mul(a, b) and
 * vprec_add(sum, product), vprec_add(left, right), except that a NaN in the output
 * is always that of an invalid operation (sign set, no payload).
 *
 * SR: step p of output element e (counted over the whole output, E elements) has
 * index p*E + e in the random source of `product` and of `sum`, where a term's step is its
 * position 0..k-1, and the i-th combination of an element's block sums, i = 0, 1, ..., is step
 * k+i (pairwise: all of the left branch, then of the right, then the two). Element j of the
 * first operand has index j in the source of `input`, of the second operand j plus the first's size. */
typedef struct vprec_accumulation {
    const vprec_rounding *input;   /* both operands first, each element once; NULL: as they are */
    const vprec_rounding *product; /* NULL: fused multiply-add */
    const vprec_rounding *sum;     /* required */
    vprec_order order;
    size_t block;     /* terms in a block, > 0; ignored by VPREC_SEQUENTIAL */
    unsigned threads; /* 0: one for each processor this process may use. The result is the same for any number. */
} vprec_accumulation;

/* out[0] = the sum of a[i] * b[i] over i < n; with `add`, out[0] is its start. `out` must
 * not lie in a or b. With n = 0 these are not looked at. Errors as of vprec_gemm_. */
VPREC_API vprec_status vprec_dot_f32(float *out, const float *a, const float *b, size_t n, bool add,
                                     const vprec_accumulation *how);
VPREC_API vprec_status vprec_dot_f64(double *out, const double *a, const double *b, size_t n, bool add,
                                     const vprec_accumulation *how);

/* Where the elements of a matrix lie: element (i, j) at data[i * row + j * column].
 * Row-major: {leading dimension, 1}; its transpose: {1, leading dimension}. */
typedef struct vprec_strides {
    size_t row, column; /* in elements */
} vprec_strides;

/* C (m x n) = A (m x k) * B (k x n), element (i, j) the sum over p = 0..k-1 of
 * A(i, p) * B(p, j); with `add`, what C held is the start. Output element (i, j) is
 * number i*n + j, operand elements count by rows too. C's strides must keep its elements
 * apart: one of them passes all that the other reaches (row > (n-1)*column, or the other way
 * round). Those of A and B may be anything, 0 too. C's memory, from its first element to its
 * last, must not overlap A's or B's. m = 0 or n = 0 looks at no pointer, k = 0 not at A and B.
 * VPREC_EINVAL, VPREC_ERANGE: as for arrays, and no such order, block = 0, a size that
 * overflows (2*k*m*n too). VPREC_ENOMEM: no memory for the packed operands. On an error
 * nothing was written. Where threads cannot be started, fewer do the work. */
VPREC_API vprec_status vprec_gemm_f32(size_t m, size_t n, size_t k, const float *a, vprec_strides as, const float *b,
                                      vprec_strides bs, float *c, vprec_strides cs, bool add,
                                      const vprec_accumulation *how);
VPREC_API vprec_status vprec_gemm_f64(size_t m, size_t n, size_t k, const double *a, vprec_strides as,
                                      const double *b, vprec_strides bs, double *c, vprec_strides cs, bool add,
                                      const vprec_accumulation *how);

/* A convolution as networks mean it (no kernel is flipped): x is batch x channels x
 * height x width, the kernels filters x channels/groups x kernel height x kernel
 * width, the output batch x filters x out_height x out_width, all contiguous, width innermost;
 * out_height = floor((height + 2*pad[0] - dilation[0]*(kernel[0]-1) - 1) / stride[0]) + 1, the width alike. */
typedef struct vprec_conv {
    size_t batch, channels, filters, groups; /* groups divides channels and filters */
    size_t size[2], kernel[2];               /* height, width */
    size_t stride[2], pad[2], dilation[2];   /* strides and dilations are at least 1 */
} vprec_conv;

/* Height and width of the output, both 0 where the kernel is larger than the padded
 * input. VPREC_EINVAL: NULL, a zero size, stride, dilation or group, groups that do not divide, an overflow. */
VPREC_API vprec_status vprec_conv_output(const vprec_conv *shape, size_t size[2]);

/* 2-D convolution. A term is kernel * input; its position runs over channels, kernel rows,
 * kernel columns, innermost last; outside the input, terms are kernel * +0, ordinary terms of the
 * sum. `bias` (one value a filter, or NULL: +0) is the start of each sum. x is the first operand,
 * the kernels the second. 1-D: height and kernel height 1. `out` must not overlap
 * another array. An empty output looks at no pointer. Errors as of vprec_gemm_. */
VPREC_API vprec_status vprec_conv_f32(float *out, const float *x, const float *kernels, const float *bias,
                                      const vprec_conv *shape, const vprec_accumulation *how);
VPREC_API vprec_status vprec_conv_f64(double *out, const double *x, const double *kernels, const double *bias,
                                      const vprec_conv *shape, const vprec_accumulation *how);

/* ---- statistics: significant digits of samples ---- */

/* Quantiles: the x below which a share p (0..1) of the distribution lies: normal (mean 0, variance 1), chi-square and
 * Student's with `df` > 0 degrees of freedom. Relative error below 1e-13 for p that are no closer to 1 than their
 * last bits tell. NaN: an argument out of range. */
VPREC_API double vprec_normal_quantile(double p);
VPREC_API double vprec_chi2_quantile(double p, double df);
VPREC_API double vprec_student_quantile(double p, double df);

/* Estimators of D. Sohier, P. de Oliveira Castro, F. Fevotte, B. Lathuiliere, E. Petit and O. Jamond (2021). Z is
 * X/y-1 (relative error) or X-y (absolute) of a sample X and a reference y. Both probability and
 * confidence lie between 0 and 1; NaN: they do not, or n < 2.
 *
 * Where Z is normal and centred (centred normality hypothesis), bits are
 *     -log2(standard deviation of Z) + (absolute error: floor(log2|y|)) - shift
 * significant: with the confidence, a share `probability` of all samples has |Z| <= 2^-bits (theorem 2 there);
 * contributing: the bit of weight 2^-bits rounds in the right direction with the probability, 0.5 < p <= 0.7 (theorem
 * 3). Blind to a bias: look at the mean's beside it. */
VPREC_API double vprec_cnh_shift(size_t n, double probability, double confidence);
VPREC_API double vprec_cnh_shift_contributing(size_t n, double probability, double confidence);

/* Whatever the distribution (Bernoulli trials): `error` is the largest |Z| of all samples. Significant: the largest k
 * with error <= 2^-k. Contributing: the largest k such that floor(2^j |Z|) is even for every sample and every j <= k.
 * Zero gives infinity, a negative error or NaN gives NaN. */
VPREC_API double vprec_bernoulli_bits(double error);
VPREC_API double vprec_bernoulli_bits_contributing(double error);

/* The number of samples, none of which may fail, from which follows that a share `probability` of all
 * does not fail: ceil(ln(1-confidence) / ln(probability)). */
VPREC_API double vprec_samples_needed(double probability, double confidence);

/* Of n samples `successes` did not fail: the probability of that, from below at the confidence, by the adjusted
 * Wald interval (A. Agresti and B. A. Coull, 1998). Not below 0. */
VPREC_API double vprec_success_bound(size_t successes, size_t n, double confidence);

/* CESTAC (J. Vignes, 1993): decimal digits of the mean of n samples, log10(sqrt(n) |mean| / (tau sd)), tau
 * Student's quantile with n-1 degrees of freedom, two-sided (4.303 for n = 3 and 0.95). */
VPREC_API double vprec_cestac_digits(double mean, double sd, size_t n, double confidence);

/* Jarque and Bera's test of normality (1987) on the sums m2, m3, m4 of the second, third and fourth powers of n
 * deviations from their mean: n/6 (skewness^2 + excess^2/4). `*chance` (may be NULL): how likely a value as large
 * is for normal samples, by the limit for large n (chi-square with two degrees of freedom); small n reject less. */
VPREC_API double vprec_jarque_bera(double n, double m2, double m3, double m4, double *chance);

#ifdef __cplusplus
}
#endif
#endif
