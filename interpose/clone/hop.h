/* SPDX-License-Identifier: Apache-2.0
 * hop.h: from a clone of generated code to another one without a fault. The originals have no X, and may have been
 * rewritten: in front of an instruction that leaves, a clone asks by vprec_enter for the clone of where it leads. If
 * there is one that is known, and its originals are still what they were, control goes on there, as the instruction
 * would have it; else the instruction is executed, and faults where its target has no X.
 *
 * hop.c writes the questions and keeps the answers, under the instrumentation lock; hop_choose.c gives them. */
#ifndef VPREC_CLONE_HOP_H
#define VPREC_CLONE_HOP_H

#include "cloner.h"
#include "x86/emulate/emulate.h"
#include <stdatomic.h>

/* What is known of one target; it lies in its image's memory. */
typedef struct vprec_hop {
    vprec_site at; /* a question that names the target: the program's state is that of its address */
    uint64_t clone;
    const vprec_image *image;
    struct vprec_hop *next; /* of the image */
} vprec_hop;

enum { VPREC_HOP_BITS = 14 };
extern _Atomic(const vprec_hop *) *vprec_hops; /* so many places; NULL: nothing asks yet */

static inline _Atomic(const vprec_hop *) *vprec_hop_place(uint64_t target)
{
    return &vprec_hops[target * UINT64_C(0x9E3779B97F4A7C15) >> (64 - VPREC_HOP_BITS)];
}

/* In front of an indirect jump or call or a return: the question, if the clone is one of generated code. */
void vprec_hop_emit(vprec_cloner *k, uint64_t at, const vprec_insn *insn);

/* The question in front of a jump to `target`, which follows. */
void vprec_hop_emit_to(vprec_cloner *k, uint64_t target);

/* The image has a clone of the instruction at `target`. */
void vprec_hop_add(vprec_image *image, uint64_t target, uint64_t clone);

/* Whether the originals of an image that is alone are still what was translated. */
bool vprec_hop_is_current(const vprec_image *image);

/* For vprec_enter: see there. */
bool vprec_hop_choose(const vprec_site *site, vprec_cpu *cpu);

#endif
