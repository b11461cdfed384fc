/* SPDX-License-Identifier: Apache-2.0
 * version.h: where a process has several sets of formats, its *versions*, each function has a clone for each of them.
 * Which one a thread works in its GS base tells: it is the address of a table of slots, one slot for each way that
 * leads from originals into clones, which is `jmp gs:[8 * n]`. So a thread changes its version by one instruction, and
 * keeps it in signal handlers.
 *
 *   table of version v:  where the version's clones are, by slot | the same slots, where followers look first
 *                        ^ GS base of who has chosen v             ^ GS base of a follower that was led to v
 *
 * One table more is for followers while it is not known which version they work in: they get on in version 0, which is
 * noted in vprec_version_ambiguous.
 *
 * A follower is a thread that works in the version that others have chosen (vprec_version_lead). Its slots lead to code
 * that looks whether that has changed, and goes on by the first half. What runs keeps its version until control comes
 * to an entry or returns. One version alone has no tables. */
#ifndef VPREC_RUNTIME_VERSION_H
#define VPREC_RUNTIME_VERSION_H

#include "arith.h"
#include "gs.h"
#include "reason.h"
#include <stdatomic.h>
#include <stddef.h>

enum {
    VPREC_VERSION_SLOTS = 1 << 20,
    VPREC_VERSION_HALF = VPREC_VERSION_SLOTS * 8, /* bytes */
    VPREC_VERSION_BYTES = 2 * VPREC_VERSION_HALF
};

/* How many there are, at least 1, and what each one rounds. Version 0 is that of who is in no scope. */
extern unsigned vprec_versions, vprec_version_main; /* the second: that of --format */
extern vprec_arith vprec_version_arith[VPREC_VERSIONS_MAX];

/* --scope, --within and what --layers asks for; NULL: there are none. */
extern vprec_wire_recipe *vprec_version_recipe;

/* Whether some line of it gives code a version of its own; and with that, 1 + the version of the code that has called an
 * operation of ours last, 0: it has none. */
extern bool vprec_version_gives;
extern _Thread_local unsigned vprec_version_called __attribute__((tls_model("initial-exec")));

/* The tables; NULL: one version alone. */
extern uint8_t *vprec_version_tables;

/* The GS base of followers. Asked by their slots' code. */
extern _Atomic uint64_t vprec_version_led;

/* Set when a follower goes on while vprec_version_lead(VPREC_VERSION_AMBIGUOUS) holds. */
extern _Atomic uint32_t *vprec_version_ambiguous;
#define VPREC_VERSION_AMBIGUOUS vprec_versions /* a table, and no version */

/* Sets what is rounded: vprec_arith_current, which with several versions is all that one of them rounds, and those. The
 * calling thread is in version 0. VPREC_REASON_GS: the processor or the kernel does not let a program set its GS base,
 * or it is set already. */
enum vprec_reason vprec_version_begin(const vprec_wire_config *config, vprec_wire_recipe *recipe);

/* What the versions round is what `recipe` says, of as many versions, from now on: nobody has worked in any but the
 * first, and that stays what it is. False: it does not suit. */
bool vprec_version_change(const vprec_wire_config *config, vprec_wire_recipe *recipe);

/* Some type has a format, and one has none, perhaps in another version, and follows the program's direction. */
bool vprec_version_mixed(void);
/* Sets arith->minds_mxcsr and arith->keeps_direction of all versions. */
void vprec_version_direction(bool minds, bool keeps);

/* `count` slots in a row, VPREC_VERSION_SLOTS: there are no more; and back. */
size_t vprec_version_take(size_t count);
void vprec_version_give(size_t first, size_t count);

/* Where the slot leads in the version; where it leads followers. */
void vprec_version_set(unsigned version, size_t slot, uint64_t clone);
void vprec_version_set_check(size_t slot, uint64_t check);

static inline uint64_t vprec_version_table(unsigned version, bool follows)
{
    return (uint64_t)vprec_version_tables + version * (uint64_t)VPREC_VERSION_BYTES + (follows ? VPREC_VERSION_HALF : 0);
}

/* The calling thread chooses the version; or follows, with the one that others lead to now. */
static inline void vprec_version_choose(unsigned version)
{
    vprec_gs_set(vprec_version_table(version, false));
}

static inline void vprec_version_follow(void)
{
    vprec_gs_set(atomic_load_explicit(&vprec_version_led, memory_order_acquire));
}

/* What followers work in from their next entry on. */
static inline void vprec_version_lead(unsigned version)
{
    atomic_store_explicit(&vprec_version_led, vprec_version_table(version, true), memory_order_release);
}

/* The version that the calling thread works in; `enter`: control has come to an entry. Async-signal-safe. */
static inline unsigned vprec_version_here(bool enter)
{
    if (!vprec_version_tables)
        return 0;
    uint64_t offset = vprec_gs() - (uint64_t)vprec_version_tables;
    if (offset >= (vprec_versions + 1) * (uint64_t)VPREC_VERSION_BYTES) /* the program has set it */
        return 0;
    if (enter && offset % VPREC_VERSION_BYTES) {
        vprec_version_follow();
        offset = vprec_gs() - (uint64_t)vprec_version_tables;
    }
    unsigned version = (unsigned)(offset / VPREC_VERSION_BYTES);
    if (version < vprec_versions)
        return version;
    if (enter)
        atomic_store_explicit(vprec_version_ambiguous, 1, memory_order_relaxed);
    return 0;
}

static inline const vprec_arith *vprec_arith_of(unsigned version)
{
    return vprec_version_tables ? &vprec_version_arith[version] : &vprec_arith_current;
}

/* What the calling thread, which does an operation that some code has called, rounds now. */
static inline const vprec_arith *vprec_arith_here(void)
{
    const unsigned called = vprec_version_gives ? vprec_version_called : 0;
    return vprec_arith_of(called ? called - 1 : vprec_version_here(false));
}

/* Whether what code is given by a line holds for a thread of that version: not outside of --within. */
static inline bool vprec_version_takes(unsigned version)
{
    return version || !vprec_version_recipe->within;
}

#endif
