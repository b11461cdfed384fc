/* SPDX-License-Identifier: Apache-2.0
 * gate_choose.c: which way a call through a gate goes. The call's operands lie in the vector registers meanwhile. */
#include "gate.h"
#include "find/callers.h"
#include "runtime/version.h"

const void *vprec_gate_choose(const vprec_gate *gate, const uint64_t *stack, uint64_t mark)
{
    if ((mark ^ VPREC_GATE_MARK) != (uint64_t)stack && !vprec_callers_round(*stack, gate->function))
        return gate->native;
    if (gate->asks && vprec_arith_here()->use[gate->routine.type] != VPREC_USE_FORMAT)
        return gate->native;
    if (gate->called && !atomic_load_explicit(gate->called, memory_order_relaxed) &&
        !atomic_exchange(gate->called, true))
        atomic_fetch_add(gate->functions, 1);
    if (gate->calls)
        atomic_fetch_add_explicit(gate->calls, 1, memory_order_relaxed);
    return gate->rounded;
}
