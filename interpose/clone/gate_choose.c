/* SPDX-License-Identifier: Apache-2.0
 * gate_choose.c: which way a call through a gate goes. The call's operands lie in the vector registers meanwhile. */
#include "gate.h"
#include "find/callers.h"
#include "runtime/version.h"
#include <string.h>

/* Where a call by code that has a version of its own goes on: not by the thread's. */
static const void *rounded_for(const vprec_gate *gate, unsigned given)
{
    static const uint8_t by_slot[] = {0x65, 0xFF, 0x24, 0x25}; /* jmp gs:[slot] */
    const uint8_t *way = gate->rounded;
    uint32_t slot;
    vprec_version_called = given && vprec_version_takes(vprec_version_here(false)) ? given : 0;
    if (!vprec_version_called || memcmp(way, by_slot, sizeof by_slot))
        return way;
    memcpy(&slot, way + sizeof by_slot, sizeof slot);
    return *(const void *const *)(vprec_version_table(given - 1, false) + slot);
}

const void *vprec_gate_choose(const vprec_gate *gate, const uint64_t *stack, uint64_t mark)
{
    const uint64_t given = (mark ^ (uint64_t)stack) - VPREC_GATE_MARK;
    const enum vprec_caller who = given <= VPREC_VERSIONS_MAX
                                      ? vprec_caller_gives(VPREC_CALLER_SELECTED, (unsigned)given)
                                      : vprec_callers_of(*stack, gate->function);
    if (vprec_caller_of(who) != VPREC_CALLER_SELECTED)
        return gate->native;
    const void *rounded = vprec_version_gives ? rounded_for(gate, vprec_caller_given(who)) : gate->rounded;
    if (gate->asks && vprec_arith_here()->use[gate->routine.type] != VPREC_USE_FORMAT)
        return gate->native;
    if (gate->called && !atomic_load_explicit(gate->called, memory_order_relaxed) &&
        !atomic_exchange(gate->called, true))
        atomic_fetch_add(gate->functions, 1);
    if (gate->calls)
        atomic_fetch_add_explicit(gate->calls, 1, memory_order_relaxed);
    return rounded;
}
