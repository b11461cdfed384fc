/* SPDX-License-Identifier: Apache-2.0
 * clone.h: clones the chosen functions of a unit, which are translated together, with the rounding put in, and leads
 * every way into the originals to the clones.
 *
 *   original                         clone
 *   entry:  jmp stub --------------> stub: jmp [slot] -> clone of entry
 *           ...                            ...
 *   call f  <----------------------- jmp   (the call runs where it always ran)
 *   return: jmp -------------------> clone of return point
 *           addss -> a trap (a stray arrival is led to the clone by the trap map)
 */
#ifndef VPREC_CLONE_H
#define VPREC_CLONE_H

#include "find/code.h"
#include "gate.h"
#include "image.h"
#include "text.h"
#include "x86/round/round.h"

typedef struct vprec_clone_options {
    enum vprec_isa isa;
    bool count; /* every site through the emulator, which counts */
    enum vprec_counting metered; /* else: what is counted inline; sites without inline code by the emulator */
    bool follows; /* with metered: see vprec_scope_metered */
    bool alone; /* the image goes by itself, and keeps what its source was */
    bool apart; /* the originals stay as they are: who comes there is led to the clones */
    bool changes; /* with apart: the originals may write to themselves */
    bool leaves_by_itself; /* calls are made by the clones, not by the originals, which may not run */
    bool others; /* other threads may stand in pages that have X */
    bool quiet;  /* every way in is a jump: a unit where that cannot be is refused (VPREC_REASON_DEBUGGER) */
    bool calls; /* system calls come by vprec_enter_syscall */
    bool audit; /* refused instructions are counted when they execute */
    _Atomic uint32_t *const *entered; /* by function: set on its clone's first entry; NULL: nobody asks */
    vprec_gates *gates;       /* of the functions that have one: sealed once their clones are known */
    const uint32_t *counters; /* to count: site->counter by function index */
    const uint64_t *records;  /* with metered: offsets of the functions' records */
    /* Notes an instruction that is not rounded, and returns the number under which the emulator counts its executions
     * (vprec_executed_counts): with audit a refused one; an addition that is exact (see find/shifters.h). */
    uint32_t (*refused)(void *data, uint64_t address, uint32_t function);
    uint32_t (*exact)(void *data, uint64_t address, uint32_t function, bool asked);
    void *noted_data;
} vprec_clone_options;

/* Clones the functions marked `cloned` and patches the originals, in which no other thread may stand. The image, not
 * yet known to anybody, is filled from the text's heap. Returns VPREC_REASON_NONE, or why nothing was changed. */
enum vprec_reason vprec_clone(vprec_image *image, vprec_text_pages *text, vprec_codemap *map,
                              const vprec_clone_options *options);

#endif
