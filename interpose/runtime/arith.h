/* SPDX-License-Identifier: Apache-2.0
 * arith.h: what is rounded in this process and how: the run's configuration in
 * the form that sites, functions of libm and inline code use. Rounds nothing. */
#ifndef VPREC_RUNTIME_ARITH_H
#define VPREC_RUNTIME_ARITH_H

#include "wire.h"
#include <stdbool.h>

/* What is rounded and how: the run's configuration in the form that sites use. */
typedef struct vprec_arith {
    uint32_t use[VPREC_TYPES]; /* enum vprec_type_use */
    vprec_format format[VPREC_TYPES];
    vprec_mode mode;
    uint8_t bits[VPREC_TYPES]; /* random bits of VPREC_SR */
    vprec_noise noise[VPREC_TYPES]; /* Monte Carlo arithmetic, in mode VPREC_RNE; none: what = 0 */
    uint32_t silent; /* of 2^32 results so many have no noise */
    uint32_t round; /* VPREC_ROUND_RESULTS | VPREC_ROUND_OPERANDS */
    uint32_t ops;   /* VPREC_OPS_ADD | ... */
    bool fast;
    bool rounds_shifters; /* additions that round to an integer are rounded like others: see find/shifters.h */
    uint32_t counting; /* enum vprec_counting */
    bool keyed; /* random words by the operation and its operands, not by thread and count */
    bool keeps_direction; /* the program's rounding direction stays in MXCSR, for what is native; what is rounded does
                             not mind. Else MXCSR stays at nearest, on which inline code then counts */
    bool minds_mxcsr; /* the program has the means to set a direction or flush-to-zero: inline code looks out for it */
} vprec_arith;

/* Some type has a format: then results do not follow the program's rounding direction. */
static inline bool vprec_arith_rounds(const vprec_arith *arith)
{
    return arith->use[VPREC_F32] == VPREC_USE_FORMAT || arith->use[VPREC_F64] == VPREC_USE_FORMAT;
}

/* The process' own. Set before the first clone runs. */
extern vprec_arith vprec_arith_current;

/* Called when the program sets a rounding direction other than to nearest, which results in a format do not obey; may
 * be NULL. */
extern void (*vprec_on_direction)(void);
/* Where libm came by dlopen: `find` gives the functions that fenv.c wraps; NULL: it goes. */
void vprec_fenv_late(void *(*find)(const char *name));

#endif
