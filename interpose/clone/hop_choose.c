/* SPDX-License-Identifier: Apache-2.0
 * hop_choose.c: whether a clone of generated code goes on in another one. No vector register may change meanwhile. A
 * record that is found stays where it is until this thread has been seen outside. */
#include "hop.h"
#include "x86/emulate/enter.h"

enum { RSP = 4 };

static uint64_t target_of(const vprec_site *site, const vprec_cpu *cpu)
{
    uint64_t target = (uint64_t)site->mem.disp;
    if (site->rm == VPREC_REG_NONE)
        return target;
    if (site->rm != VPREC_REG_MEM)
        return cpu->gpr[site->rm - VPREC_REG_GPR];
    if (site->mem.base < 16)
        target += cpu->gpr[site->mem.base];
    if (site->mem.index < 16)
        target += cpu->gpr[site->mem.index] * site->mem.scale;
    vprec_load(&target, (const void *)target, sizeof target, cpu, site);
    return target;
}

bool vprec_hop_is_current(const vprec_image *image)
{
    const uint8_t *source = image->source;
    for (size_t i = 0; i < image->spans.count; i++) {
        const vprec_image_span *s = &VPREC_AT(image->spans, vprec_image_span, i);
        if (!vprec_same(source, (const void *)s->start, s->end - s->start))
            return false;
        source += s->end - s->start;
    }
    return true;
}

/* A signal finds the program in front of the instruction, or where it leads: the new stack pointer is what decides, and
 * below either one lies the address of a site that says where the program is. Words are written one by one. */
bool vprec_hop_choose(const vprec_site *site, vprec_cpu *cpu)
{
    const uint64_t target = target_of(site, cpu), rsp = cpu->gpr[RSP] + (uint64_t)(int64_t)site->dst;
    const vprec_hop *h = atomic_load_explicit(vprec_hop_place(target), memory_order_acquire);
    if (!h || h->at.address != target || !vprec_hop_is_current(h->image))
        return false;
    if (site->dst < 0)
        *(volatile uint64_t *)rsp = site->address + site->length;
    *(const vprec_site *volatile *)(rsp - VPREC_BELOW_SITE) = &h->at;
    *(volatile uint64_t *)&cpu->gpr[RSP] = rsp;
    *(volatile uint64_t *)(rsp - VPREC_BELOW_RETURN) = h->clone;
    return true;
}
