/* SPDX-License-Identifier: Apache-2.0
 * routine.h: where a function that is one operation leaves its results, for who rounds them. What it computes nobody
 * asks. */
#ifndef VPREC_RUNTIME_ROUTINE_H
#define VPREC_RUNTIME_ROUTINE_H

#include <stdbool.h>
#include <stdint.h>

enum { VPREC_ROUTINE_NONE = 0xFF, VPREC_ROUTINE_ARGUMENTS = 6 };

/* Its results come back in registers, or it writes them to arrays; neither: it is an inner part of such a function, or
 * what it returns is no number to round, and its inside stays as it is all the same. */
typedef struct vprec_routine {
    uint8_t type;           /* vprec_type */
    uint8_t lanes, results; /* in vector registers 0 and 1, `lanes` each */
    bool stored;            /* or one behind the other where rax points */
    uint8_t arrays, to[2];  /* so many arrays, whose addresses are its integer arguments of these numbers, from 0 */
    uint8_t count, stride;  /* likewise: of so many times `lanes` elements, so many elements apart; NONE: 1 */
    bool wide;              /* those have 64 bits, else 32 */
    bool lost;              /* its results are numbers to round, and nobody knows where they are */
} vprec_routine;

static inline bool vprec_routine_rounds(const vprec_routine *routine)
{
    return routine->results || routine->arrays;
}

#endif
