/* SPDX-License-Identifier: Apache-2.0
 * hop.c: see hop.h. */
#include "hop.h"
#include "cross.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "x86/emulate/enter.h"

enum { RSP = 4, WORD = 8 };

_Atomic(const vprec_hop *) *vprec_hops;

static void ask(vprec_cloner *k, const vprec_site *site)
{
    if (!k->options->apart || vprec_versions > 1 || vprec_sys_shadow_stack()) /* with more, the thread's is asked for */
        return;
    if (!vprec_hops && !(vprec_hops = vprec_pages(sizeof *vprec_hops << VPREC_HOP_BITS)))
        return;
    vprec_enter_hop = vprec_hop_choose;
    vprec_cloner_enter(k, site);
}

void vprec_hop_emit_to(vprec_cloner *k, uint64_t target)
{
    vprec_site site = {.address = target, .op = VPREC_OP_HOP, .rm = VPREC_REG_NONE};
    site.mem.disp = (int64_t)target;
    ask(k, &site);
}

/* `ret` without a number of bytes to be dropped. */
static bool is_plain(const uint8_t *bytes, unsigned length)
{
    enum { RET = 0xC3, REP = 0xF3, BND = 0xF2 };
    return (length == 1 && bytes[0] == RET) ||
           (length == 2 && (bytes[0] == REP || bytes[0] == BND) && bytes[1] == RET);
}

void vprec_hop_emit(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_site site = {.address = at, .length = insn->length, .op = VPREC_OP_HOP, .rm = VPREC_REG_MEM};
    if (insn->flow == VPREC_FLOW_RET) {
        if (!is_plain(vprec_bytes(k->map, at), insn->length))
            return;
        site.mem = (vprec_mem){.base = RSP, .index = VPREC_MEM_NONE, .scale = 1, .size = WORD};
        site.dst = WORD;
    } else {
        const vprec_decoded *d = &k->here->decoded;
        if (d->reg != VPREC_REG_NONE)
            site.rm = (int8_t)(VPREC_REG_GPR + d->reg);
        else if (d->mem.segment || d->mem.address32)
            return;
        site.mem = d->mem;
        site.dst = insn->flow == VPREC_FLOW_ICALL ? -WORD : 0;
    }
    ask(k, &site);
}

/* In the middle of what is counted together nobody arrives unseen: see cross.h. */
static bool is_counted(const vprec_image *image, uint64_t target)
{
    const vprec_counted_run *run = vprec_runs_at(image, target);
    return run && target > run->start;
}

void vprec_hop_add(vprec_image *image, uint64_t target, uint64_t clone)
{
    if (!vprec_hops || is_counted(image, target))
        return;
    vprec_hop *h = image->hops;
    while (h && h->at.address != target)
        h = h->next;
    if (!h && (h = vprec_heap_take(&image->heap, sizeof *h))) {
        *h = (vprec_hop){{.address = target, .op = VPREC_OP_HOP}, clone, image, image->hops};
        image->hops = h;
    }
    if (h)
        atomic_store_explicit(vprec_hop_place(target), h, memory_order_release);
}
