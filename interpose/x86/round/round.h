/* SPDX-License-Identifier: Apache-2.0
 * round.h: code for one site: load operands once, operate, round, masked write.
 * A site that has no inline form is left to the emulator by the caller. */
#ifndef VPREC_X86_ROUND_H
#define VPREC_X86_ROUND_H

#include "runtime/arith.h"
#include "runtime/memory.h"
#include "x86/decode.h"
#include "x86/emit.h"

/* What vprec itself may use; VPREC_CPU lowers it. */
enum vprec_isa {
    VPREC_ISA_SSE2,
    VPREC_ISA_AVX2,  /* with FMA */
    VPREC_ISA_AVX512 /* F, VL, DQ, BW */
};

/* Constants of one type, each repeated over 64 bytes. */
enum vprec_constant {
    VPREC_K_ONE,       /* last bit */
    VPREC_K_HALF1,     /* 2^(s-1)-1, s bits dropped */
    VPREC_K_HALF,      /* 2^(s-1): the dropped bits of a tie */
    VPREC_K_KEEP,      /* all bits but the dropped ones */
    VPREC_K_DROP,      /* the dropped ones */
    VPREC_K_LAST,      /* the last kept one */
    VPREC_K_ABS,
    VPREC_K_SIGN,
    VPREC_K_EXPONENT,  /* exponent field */
    VPREC_K_EXP_LOW,   /* exponent fields between which the quantum follows the value */
    VPREC_K_EXP_HIGH,
    VPREC_K_MAGIC,     /* exponent field + this = constant whose ulp is the quantum */
    VPREC_K_MAX,       /* largest finite */
    VPREC_K_OVERFLOW,  /* what lies beyond it becomes */
    VPREC_K_MIN_NORMAL,
    VPREC_K_UNIT,      /* 1.0 */
    VPREC_K_QUIET,     /* a NaN's quiet bit */
    VPREC_K_ALTERNATE, /* sign bits of even lanes */
    VPREC_K_ZERO,
    VPREC_K_TIE,       /* the constant of VPREC_K_MAGIC + this = half its quantum */
    VPREC_K_SAFE_LOW,  /* between these residuals neither underflow nor overflow */
    VPREC_K_SAFE_HIGH,
    VPREC_K_NOISE_LOW, /* a result below this may have noise or a residual that underflows */
    VPREC_K_NOISE,     /* 2^(1-t) over the words' range */
    VPREC_K_BEYOND,    /* fraction bits beyond the virtual precision */
    VPREC_K_RR_CENTRE, /* 3/2 less one ulp: what is taken from 1 + f to make it noise */
    VPREC_K_RR_BITS,   /* the random bits of f: all fraction bits but the last */
    VPREC_K_STEP,      /* what a vector of random words adds to the thread's counter */
    VPREC_K_DIRECTION, /* MXCSR's field, in 32-bit elements */
    VPREC_K_LEAST,     /* the container's least normal number */
    VPREC_K_LEAST_MINUS, /* and with the other sign */
    VPREC_K_ALL,       /* all bits */
    VPREC_K_PAIR_FLIP, /* of two elements none, then all bits */
    VPREC_K_PAIR_ADD,  /* VPREC_K_LEAST, then VPREC_K_ONE */
    VPREC_K_HALF_LOW,  /* VPREC_K_HALF in the first element, 0 in the others */
    VPREC_K_KEEP_LOW,  /* VPREC_K_KEEP in the first element, all bits in the others */
    VPREC_K_PLAIN_LOW, /* twice the magnitudes of which s = n + half, cut off, is the rounding but for ties: at least */
    VPREC_K_PLAIN_SPAN, /* so far */
    VPREC_CONSTANTS
};

typedef struct vprec_constants {
    uint8_t value[VPREC_TYPES][VPREC_CONSTANTS][64];
} __attribute__((aligned(64))) vprec_constants;

/* How results of a type are rounded by inline code. */
enum vprec_site_shape {
    VPREC_SHAPE_NONE,   /* no inline form: emulate */
    VPREC_SHAPE_NATIVE, /* the instruction as it is */
    VPREC_SHAPE_CONTAINER, /* the format is the container itself */
    VPREC_SHAPE_NOISE,  /* the container, with Monte Carlo arithmetic's noise */
    VPREC_SHAPE_WIDE,   /* the container's exponent range, fewer fraction bits */
    VPREC_SHAPE_NARROW  /* a narrower range, at most 21 (50) fraction bits */
};

enum vprec_site_shape vprec_round_shape(const vprec_arith *arith, vprec_type type);
void vprec_round_constants(vprec_constants *constants, const vprec_arith *arith);

typedef struct vprec_round_context {
    const vprec_arith *arith;
    enum vprec_isa isa;
    const vprec_constants *constants; /* in reach of the code */
    uint32_t free_vectors; /* registers that may be overwritten (bit n) */
    uint32_t free_masks;   /* opmasks that may be overwritten */
    uint32_t *taken;       /* those of them that were, in two words; NULL: nobody asks */
    bool aes;              /* the processor has vector AES: random words inline */
    int *halves;           /* 1 + type where the last site of that type left its random words, half used, in
                              vprec_noise_here.words, else 0: the emitter sets and reads it, the caller clears it where
                              control can come from elsewhere */
    int *turn;             /* two numbers of the emitter's: which vector register and opmask it saves next */
    bool clear_upper;      /* a legacy destination's bits above 128 may be cleared: the function has no VEX code */
    bool flags_free;       /* nobody needs the flags behind the site */
    uint8_t *often;        /* the site's, in reach of the code: negative where its results were ties so often that it
                              does better to suppose one at once; NULL: it always does */
    bool zmm;              /* a processor with AVX-512 on which it is not used: what is saved is saved whole */
    vprec_vec *ties;       /* what vprec_round_emit_ties is to emit */
    void (*enter)(void *data, const vprec_site *site); /* emits the call of the emulator, as for any site */
    void (*tie)(void *data, const vprec_site *site); /* a site's code for ties, or what noise leaves to the emulator,
                                                        begins here; may be NULL */
    void *enter_data;
} vprec_round_context;

/* Appends the code for `site`. False: nothing was emitted, emulate it. */
bool vprec_round_emit(vprec_code *code, const vprec_site *site, const vprec_round_context *context);
bool vprec_round_emit_avx512(vprec_code *code, const vprec_site *site, const vprec_round_context *context);
bool vprec_round_emit_avx(vprec_code *code, const vprec_site *site, const vprec_round_context *context);

/* The most bytes that a site takes, with what it leaves to be put out of the way. */
size_t vprec_round_room(const vprec_arith *arith, enum vprec_isa isa);

/* Appends what the sites emitted so far left to be put out of the way; empties context->ties. */
void vprec_round_emit_ties(vprec_code *code, const vprec_round_context *context);
void vprec_round_emit_ties_avx512(vprec_code *code, const vprec_round_context *context);
void vprec_round_emit_ties_avx(vprec_code *code, const vprec_round_context *context);

/* Bytes of an element of context->ties. */
size_t vprec_round_tie_size(enum vprec_isa isa);
extern const size_t vprec_round_tie_size_avx512, vprec_round_tie_size_avx;

/* The original instruction at its new place, rip-relative operands adjusted. */
void vprec_round_copy_insn(vprec_code *code, uint64_t address, const vprec_insn *insn);
void vprec_round_copy_site(vprec_code *code, const vprec_site *site);

#endif
