/* SPDX-License-Identifier: Apache-2.0
 * visits.h: the functions of an object that were looked at, by address. */
#ifndef VPREC_LIFE_VISITS_H
#define VPREC_LIFE_VISITS_H

#include "runtime/memory.h"

enum vprec_visit_state {
    VPREC_VISIT_IDLE,    /* nothing to round */
    VPREC_VISIT_PENDING, /* it has a trap where it must not run as it is */
    VPREC_VISIT_CLONED,
    VPREC_VISIT_GATED    /* selected code that calls it goes to the clone; everything else runs it as it was */
};

typedef struct vprec_visit {
    uint64_t start, end;
    uint64_t state; /* enum vprec_visit_state */
} vprec_visit;

/* Disjoint. In pieces of a page: in one array every new function would move all that lie behind it. */
typedef struct vprec_visits {
    vprec_vec pieces;
} vprec_visits;

/* The function that contains `address`, NULL none. Functions that are added move it. */
vprec_visit *vprec_visit_at(const vprec_visits *visits, uint64_t address);
/* The first that ends behind `address`, NULL none. */
vprec_visit *vprec_visit_next(const vprec_visits *visits, uint64_t address);
/* What is known there goes on to hold: the function ends where the next begins, and one that it begins in ends there.
 * False: no memory. */
bool vprec_visit_set(vprec_visits *visits, uint64_t start, uint64_t end, enum vprec_visit_state state);
/* Those that overlap [start, end) are not known any more. */
void vprec_visits_drop(vprec_visits *visits, uint64_t start, uint64_t end);
void vprec_visits_free(vprec_visits *visits);

/* Whether it has a clone: with a trap or a jump at its start, or behind gates. */
static inline bool vprec_visit_is_cloned(const vprec_visit *v)
{
    return v && (v->state == VPREC_VISIT_CLONED || v->state == VPREC_VISIT_GATED);
}

#endif
