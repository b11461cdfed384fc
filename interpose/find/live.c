/* SPDX-License-Identifier: Apache-2.0
 * live.c: see live.h. Where control leaves the function by other ways than a
 * call or return, everything counts as live. */
#include "live.h"

enum { ARGUMENTS = 0xFFFF, RESULTS = 0xFF }; /* vectors that calls may read, that returns may give back */

typedef struct node {
    uint64_t at;
    uint32_t reads, writes, in, out;
    uint8_t mask_reads, mask_writes, mask_in, mask_out;
    int32_t to;       /* node of the target, -1 outside */
    vprec_decoded decoded;
} node;

static int32_t find(const vprec_vec *nodes, uint64_t at)
{
    size_t low = VPREC_BELOW(*nodes, node, at, at);
    return low < nodes->count && VPREC_AT(*nodes, node, low).at == at ? (int32_t)low : -1;
}

static bool read_nodes(const vprec_codemap *map, const vprec_code_function *f, vprec_vec *nodes)
{
    vprec_decoded decoded;
    for (uint64_t at = f->start; at < f->end;) {
        const uint8_t *bytes = (const uint8_t *)at;
        if (!(*vprec_mark(map, at) & VPREC_START) || !vprec_insn_whole(bytes, vprec_room(map, at), at, &decoded)) {
            at++;
            continue;
        }
        node *n = vprec_vec_add(nodes, 1);
        if (!n)
            return false;
        const vprec_registers *r = &decoded.registers;
        *n = (node){.at = at, .reads = r->reads, .writes = r->writes, .mask_reads = r->mask_reads,
                    .mask_writes = r->mask_writes, .to = -1, .decoded = decoded};
        at += decoded.insn.length;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        node *n = &VPREC_AT(*nodes, node, i);
        uint8_t flow = n->decoded.insn.flow;
        if (flow == VPREC_FLOW_JMP || flow == VPREC_FLOW_JCC || flow == VPREC_FLOW_SHORT || flow == VPREC_FLOW_XBEGIN)
            n->to = find(nodes, n->decoded.insn.target);
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

static set in_of(const vprec_vec *nodes, int32_t i)
{
    if (i < 0)
        return everything;
    const node *n = &VPREC_AT(*nodes, node, i);
    return (set){n->in, n->mask_in};
}

/* What is live after node i. `landings`: live at all targets of indirect jumps. */
static set out_of(const vprec_vec *nodes, size_t i, set landings)
{
    const node *n = &VPREC_AT(*nodes, node, i);
    bool has_next = i + 1 < nodes->count && n[1].at == n->at + n->decoded.insn.length;
    set next = has_next ? (set){n[1].in, n[1].mask_in} : everything;
    switch (n->decoded.insn.flow) {
    case VPREC_FLOW_JMP: return in_of(nodes, n->to);
    case VPREC_FLOW_JCC:
    case VPREC_FLOW_SHORT:
    case VPREC_FLOW_XBEGIN: return join(next, in_of(nodes, n->to));
    case VPREC_FLOW_IJMP: return join(landings, (set){ARGUMENTS, 0});
    case VPREC_FLOW_RET: return (set){RESULTS, 0};
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
    vprec_vec nodes = VPREC_VEC(node);
    *written = *masks_written = 0;
    live->count = 0;
    bool done = read_nodes(map, function, &nodes);
    bool changed = done;
    while (changed) {
        changed = false;
        set landings = {0, 0};
        for (size_t i = 0; i < nodes.count && function->indirect_jumps; i++)
            if (*vprec_mark(map, VPREC_AT(nodes, node, i).at) & VPREC_TARGET)
                landings = join(landings, in_of(&nodes, (int32_t)i));
        for (size_t i = nodes.count; i-- > 0;) {
            node *n = &VPREC_AT(nodes, node, i);
            set out = out_of(&nodes, i, landings);
            uint32_t in = n->reads | (out.vectors & ~n->writes);
            uint8_t mask_in = n->mask_reads | (out.masks & ~n->mask_writes);
            changed |= in != n->in || mask_in != n->mask_in;
            n->out = out.vectors, n->mask_out = out.masks;
            n->in = in, n->mask_in = mask_in;
        }
    }
    vprec_live *to = done ? vprec_vec_add(live, nodes.count) : NULL;
    for (size_t i = 0; to && i < nodes.count; i++) {
        const node *n = &VPREC_AT(nodes, node, i);
        to[i] = (vprec_live){
            .at = n->at, .vectors = n->out | n->reads | n->writes, .after = n->out,
            .masks = (uint32_t)(n->mask_out | n->mask_reads | n->mask_writes), .masks_after = n->mask_out,
            .calls = n->decoded.insn.flow == VPREC_FLOW_CALL && vprec_in_code(map, n->decoded.insn.target),
            .decoded = n->decoded,
        };
        *written |= n->writes;
        *masks_written |= n->mask_writes;
    }
    vprec_vec_free(&nodes);
    return to != NULL || (done && !nodes.count);
}
