/* SPDX-License-Identifier: Apache-2.0
 * step.h: one arithmetic operation on elements, rounded once, with
 * x86's rules for NaN, DAZ and FTZ. Knows no registers and no lanes. */
#ifndef VPREC_X86_EMULATE_STEP_H
#define VPREC_X86_EMULATE_STEP_H

#include "emulate.h"
#include "runtime/once.h"
#include "runtime/profile.h"

enum { VPREC_NEGATE_PRODUCT = 1, VPREC_NEGATE_ADDEND = 2 }; /* of vprec_step's `negate` */

/* What all steps of one instruction share. Elements travel as the bits of
 * their container (low 32 or all 64). */
typedef struct vprec_stepper {
    const vprec_arith *arith;
    const vprec_site *site; /* the instruction, */
    const vprec_cpu *cpu;   /* and the registers before it; NULL: not known */
    vprec_tally tally;    /* for the counters of the result's type */
    vprec_format format;  /* of the result; NOSUB added where FTZ amounts to it */
    uint32_t mxcsr;       /* the program's; embedded rounding in place of its direction */
    uint32_t raised;      /* exception flags of operations that stayed native */
    uint8_t type;         /* vprec_type of the result */
    bool plain;           /* MXCSR is VPREC_MXCSR_PLAIN while the instruction is executed */
    uint8_t lane;         /* of the result, the element's: the words it draws; by the caller */
    bool fresh;           /* an instruction of many steps: each draws words of its own */
    uint32_t words[16];   /* in mode VPREC_SR: of all lanes */
    uint64_t noise[8];    /* with noise, or --noise operands: of one result */
} vprec_stepper;

void vprec_stepper_start(vprec_stepper *s, const vprec_site *site, uint32_t mxcsr, const vprec_arith *arith,
                         vprec_counts *counts);

/* The operation on elements of the result's type. `sources`: the operands are
 * the instruction's own, not results of its earlier steps, so VPREC_ROUND_OPERANDS applies. */
uint64_t vprec_step(vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c, unsigned negate,
                    bool sources);

/* Converts an element (of `from`, an enum vprec_elem) to the result's type. */
uint64_t vprec_step_convert(vprec_stepper *s, unsigned from, uint64_t a);

/* RCP, RSQRT and VALUE: the processor's result, rounded. SCALEF: rounded once. */
uint64_t vprec_step_value(vprec_stepper *s, const vprec_site *site, uint64_t a);
uint64_t vprec_step_scalef(vprec_stepper *s, uint64_t a, uint64_t b);

/* native.c: the processor's own operation under *mxcsr, which receives the flags. */
uint64_t vprec_native(enum vprec_basic op, bool f64, uint64_t a, uint64_t b, uint64_t c, unsigned negate,
                      uint32_t *mxcsr);
/* The same under an MXCSR that all operations of an instruction share: switching costs more than an operation. The
 * second sets it and returns the old one, the last sets that again and returns the flags raised in between: by native
 * operations alone, since all else computes with integers. */
enum { VPREC_MXCSR_PLAIN = 0x1f80 };
uint64_t vprec_native_plain(enum vprec_basic op, bool f64, uint64_t a, uint64_t b, uint64_t c, unsigned negate);
uint32_t vprec_native_begin(void);
uint32_t vprec_native_end(uint32_t old);
uint64_t vprec_native_convert(unsigned from, bool to_f64, uint64_t a, uint32_t *mxcsr);
uint64_t vprec_native_value(const vprec_site *site, uint64_t a, uint32_t *mxcsr);
uint64_t vprec_native_scalef(bool f64, uint64_t a, uint64_t b, uint32_t *mxcsr);
/* The NaNs that dppd or dpps gives in each lane of its sum, where one of the products is NaN; else nothing is done.
 * Which NaN comes through differs between processors (AMD: the first, Intel: by lanes), so the instruction itself is
 * asked: it has the products as operands, and what is no NaN has no say. */
void vprec_native_dot_nan(bool f64, const uint64_t products[4], uint64_t sums[4]);

/* Bits of a container <-> binary64, by integers alone. Narrowing is exact for
 * values that the container holds; a NaN keeps its leading payload bits. */
double vprec_widen(bool f64, uint64_t bits);
uint64_t vprec_narrow(bool f64, double x);

#endif
