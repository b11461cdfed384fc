/* SPDX-License-Identifier: Apache-2.0
 * host.h: what the preload library tells the runtime of compiled code in the same process. */
#ifndef VPREC_CC_HOST_H
#define VPREC_CC_HOST_H

#include "runtime/arith.h"
#include "runtime/wire.h"
#include "site.h"

/* The preload library has one, by the name vprec_cc_host; found by the name alone. */
typedef struct vprec_cc_host {
    uint32_t size;                        /* of a vprec_arith: another vprec's is none of ours */
    const vprec_arith *arith;             /* the run's; its `ops` 0: this process is not instrumented */
    bool (*scoped)(void);                 /* what a thread rounds to may change: `here` is asked each time */
    const vprec_arith *(*here)(const vprec_arith *own); /* ...by the calling thread, on a line that has its own, or NULL */
    const vprec_arith *(*line)(const char *file, uint32_t line); /* what such a line has of its own, NULL: nothing */
    uint64_t (*seed)(void);
    /* With --count: what the line's operations, of which one is at `code`, are counted in, 0: nothing for now; those
     * counts, NULL: there is no room; and where what comes first gets its number. */
    uint32_t (*counter)(const vprec_cc_site *site, const void *code);
    vprec_counts *(*counts)(uint32_t counter, vprec_type type);
    _Atomic uint64_t *(*firsts)(void);
} vprec_cc_host;

/* In the preload library: who keeps counters; NULL: nobody. */
extern uint32_t (*vprec_cc_counter)(const vprec_cc_site *site, const void *code);

#define VPREC_CC_HOST "vprec_cc_host"

#endif
