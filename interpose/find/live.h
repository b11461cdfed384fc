/* SPDX-License-Identifier: Apache-2.0
 * live.h: which vector registers, opmasks and flags hold values that are still needed,
 * by a backward data-flow analysis of one function. */
#ifndef VPREC_FIND_LIVE_H
#define VPREC_FIND_LIVE_H

#include "code.h"

/* One instruction, and what must not be overwritten around it: registers that
 * it names or that are live after it. */
typedef struct vprec_live {
    uint64_t at;
    uint32_t vectors; /* bit n: register n */
    uint32_t masks;
    uint32_t after;   /* vectors live after it */
    uint32_t masks_after;
    bool calls;       /* a call of the object's own code */
    uint8_t exact;    /* shifters.h's: enum vprec_exact, and which operand is the addend: 0 dst, 1 vvvv, 2 rm */
    uint8_t addend;
    uint16_t lanes;   /* and in which elements it can be one */
    vprec_decoded decoded;
    uint32_t in;      /* live.c's: live before it */
    uint8_t masks_in;
    uint8_t flags_in, flags_after; /* VPREC_FLAG_CARRY | ...: live before and behind it, once they are asked for */
    vprec_flag_use flags;
    int32_t to;       /* and the index of the instruction that it branches to, -1 outside */
} vprec_live;

/* Fills `live` (vprec_live, in the order of instructions). `*written`: vector
 * registers that the function itself overwrites; a caller cannot keep values
 * there whatever it knows of its callee. False: no memory. */
bool vprec_live_read(const vprec_codemap *map, const vprec_code_function *function, vprec_vec *live, uint32_t *written,
                     uint32_t *masks_written);

/* Which flags are live. `kept`: calls and returns may hand them on, as no compiler's do. */
void vprec_live_flags(const vprec_codemap *map, vprec_vec *live, bool kept);

#endif
