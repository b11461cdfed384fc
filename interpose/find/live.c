/* SPDX-License-Identifier: Apache-2.0
 * live.c: see live.h. Where control leaves the function by other ways than a
 * call or return, everything counts as live. */
#include "live.h"

enum { ARGUMENTS = 0xFFFF, RESULTS = 0xFF, ALL_RESULTS = 0xFFFF }; /* vectors that calls may read, returns give back */

static int32_t find(const vprec_vec *live, uint64_t at)
{
    size_t low = VPREC_BELOW(*live, vprec_live, at, at);
    return low < live->count && VPREC_AT(*live, vprec_live, low).at == at ? (int32_t)low : -1;
}

static bool read_nodes(const vprec_codemap *map, const vprec_code_function *f, vprec_vec *live)
{
    vprec_decoded decoded;
    for (uint64_t at = f->start; at < f->end;) {
        const uint8_t *bytes = vprec_bytes(map, at);
        if (!(*vprec_mark(map, at) & VPREC_START) || !vprec_insn_whole(bytes, vprec_room(map, at), at, &decoded)) {
            at++;
            continue;
        }
        vprec_live *n = vprec_vec_add(live, 1);
        if (!n)
            return false;
        n->at = at;
        n->to = -1;
        n->decoded = decoded;
        at += decoded.insn.length;
    }
    for (size_t i = 0; i < live->count; i++) {
        vprec_live *n = &VPREC_AT(*live, vprec_live, i);
        uint8_t flow = n->decoded.insn.flow;
        if (flow == VPREC_FLOW_JMP || flow == VPREC_FLOW_JCC || flow == VPREC_FLOW_SHORT || flow == VPREC_FLOW_XBEGIN)
            n->to = find(live, n->decoded.insn.target);
    }
    return true;
}

typedef struct set {
    uint32_t vectors;
    uint8_t masks;
} set;

static set join(set a, set b)
{
    return (set){a.vectors | b.vectors, a.masks | b.masks};
}

static const set everything = {~0u, 0xFF};

static set in_of(const vprec_vec *live, int32_t i)
{
    if (i < 0)
        return everything;
    const vprec_live *n = &VPREC_AT(*live, vprec_live, i);
    return (set){n->in, n->masks_in};
}

/* What is live after node i. `landings`: live at all targets of indirect jumps; `results`: behind returns. */
static set out_of(const vprec_vec *live, size_t i, set landings, uint32_t results)
{
    const vprec_live *n = &VPREC_AT(*live, vprec_live, i);
    bool has_next = i + 1 < live->count && n[1].at == n->at + n->decoded.insn.length;
    set next = has_next ? (set){n[1].in, n[1].masks_in} : everything;
    switch (n->decoded.insn.flow) {
    case VPREC_FLOW_JMP: return in_of(live, n->to);
    case VPREC_FLOW_JCC:
    case VPREC_FLOW_SHORT:
    case VPREC_FLOW_XBEGIN: return join(next, in_of(live, n->to));
    case VPREC_FLOW_IJMP: return join(landings, (set){ARGUMENTS, 0});
    case VPREC_FLOW_RET: return (set){results, 0};
    case VPREC_FLOW_STOP: return (set){0, 0};
    case VPREC_FLOW_CALL:
    case VPREC_FLOW_ICALL: /* perhaps one that never returns */
        return join(has_next ? next : (set){0, 0}, (set){ARGUMENTS, 0});
    default: return next;
    }
}

bool vprec_live_read(const vprec_codemap *map, const vprec_code_function *function, vprec_vec *live, uint32_t *written,
                     uint32_t *masks_written)
{
    *written = *masks_written = 0;
    live->count = 0;
    if (!read_nodes(map, function, live))
        return false;
    bool changed = true;
    while (changed) {
        changed = false;
        set landings = {0, 0};
        for (size_t i = 0; i < live->count && function->indirect_jumps; i++)
            if (*vprec_mark(map, VPREC_AT(*live, vprec_live, i).at) & VPREC_TARGET)
                landings = join(landings, in_of(live, (int32_t)i));
        for (size_t i = live->count; i-- > 0;) {
            vprec_live *n = &VPREC_AT(*live, vprec_live, i);
            const vprec_registers *r = &n->decoded.registers;
            set out = out_of(live, i, landings, map->object->go ? ALL_RESULTS : RESULTS);
            uint32_t in = r->reads | (out.vectors & ~r->writes);
            uint8_t masks_in = r->mask_reads | (out.masks & ~r->mask_writes);
            changed |= in != n->in || masks_in != n->masks_in;
            n->after = out.vectors, n->masks_after = out.masks;
            n->in = in, n->masks_in = masks_in;
        }
    }
    for (size_t i = 0; i < live->count; i++) {
        vprec_live *n = &VPREC_AT(*live, vprec_live, i);
        const vprec_registers *r = &n->decoded.registers;
        n->vectors = n->after | r->reads | r->writes;
        n->masks = n->masks_after | r->mask_reads | r->mask_writes;
        n->calls = n->decoded.insn.flow == VPREC_FLOW_CALL && vprec_object_code_at(map->object, n->decoded.insn.target);
        *written |= r->writes;
        *masks_written |= r->mask_writes;
    }
    return true;
}

static uint8_t flags_behind(const vprec_vec *live, size_t i, uint8_t across)
{
    const vprec_live *n = &VPREC_AT(*live, vprec_live, i);
    const bool has_next = i + 1 < live->count && n[1].at == n->at + n->decoded.insn.length;
    const uint8_t next = has_next ? n[1].flags_in : VPREC_FLAGS_ALL;
    const uint8_t to = n->to >= 0 ? VPREC_AT(*live, vprec_live, n->to).flags_in : VPREC_FLAGS_ALL;
    switch (n->decoded.insn.flow) {
    case VPREC_FLOW_NEXT: return next;
    case VPREC_FLOW_JMP: return to;
    case VPREC_FLOW_JCC:
    case VPREC_FLOW_SHORT:
    case VPREC_FLOW_XBEGIN: return next | to;
    case VPREC_FLOW_STOP: return 0;
    case VPREC_FLOW_IJMP: return VPREC_FLAGS_ALL;
    default: return across; /* calls, returns */
    }
}

void vprec_live_flags(const vprec_codemap *map, vprec_vec *live, bool kept)
{
    for (size_t i = 0; i < live->count; i++) {
        vprec_live *n = &VPREC_AT(*live, vprec_live, i);
        n->flags_in = 0;
        n->flags = (vprec_flag_use){0, 0};
        if (n->decoded.insn.cls != VPREC_SITE)
            n->flags = vprec_insn_flag_use(vprec_bytes(map, n->at), vprec_room(map, n->at));
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = live->count; i-- > 0;) {
            vprec_live *n = &VPREC_AT(*live, vprec_live, i);
            n->flags_after = flags_behind(live, i, kept ? VPREC_FLAGS_ALL : 0);
            const uint8_t in = (uint8_t)(n->flags.reads | (n->flags_after & ~n->flags.writes));
            changed |= in != n->flags_in;
            n->flags_in = in;
        }
    }
}
