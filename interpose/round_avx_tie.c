/* SPDX-License-Identifier: Apache-2.0
 * round_avx_tie.c: where round_avx.c's code goes when a result is a midpoint of
 * the format: the whole instruction once more, in the emulator. Lies behind the
 * function's code. */
#include "round_avx.h"

const size_t vprec_round_tie_size = sizeof(vprec_avx);

static void emulate(vprec_avx *e)
{
    vprec_avx_move_rcx(e, true);
    vprec_avx_move_spilled(e, 0, 0, true);
    vprec_emit_move_stack(e->code, e->frame);
    e->context->enter(e->context->enter_data, &e->site);
    vprec_emit_branch(e->code, -1, (uint64_t)e->end);
}

void vprec_round_emit_ties(vprec_code *code, const vprec_round_context *context)
{
    for (size_t i = 0; i < context->ties->count && !code->full; i++) {
        vprec_avx e = VPREC_AT(*context->ties, vprec_avx, i);
        int32_t distance = (int32_t)(code->at - e.leave);
        memcpy(e.leave - 4, &distance, 4);
        e.code = code;
        e.context = context;
        emulate(&e);
    }
    context->ties->count = 0;
}
