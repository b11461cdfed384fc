/* SPDX-License-Identifier: Apache-2.0
 * enter.c: finds what a site is rounded to and counted in, and the layout of
 * the processor's XSAVE area. Saves and restores nothing: that is enter.S. */
#include "enter.h"
#include "runtime/version.h"
#include "stack.h"

#include <cpuid.h>

_Static_assert(offsetof(vprec_cpu, stage) == VPREC_SLOT_CPU - VPREC_SLOT_STAGE &&
                   sizeof(vprec_cpu) <= VPREC_SLOT_CPU - 32,
               "stack.h");

_Static_assert(offsetof(vprec_site, op) == 10 && VPREC_OP_HOP == 18, "enter.S");

vprec_xsave_layout vprec_xsave;
vprec_counts *(*vprec_counters)(uint32_t counter, vprec_type type);
_Atomic uint64_t **vprec_executed_counts;
uint8_t vprec_enter_calls[256];
bool (*vprec_enter_hop)(const vprec_site *site, vprec_cpu *cpu);
void (*vprec_enter_syscall)(const vprec_site *site, vprec_cpu *cpu);
void (*vprec_enter_scope)(const vprec_site *site, vprec_cpu *cpu);

/* ldmxcsr, but for the direction where inline code counts on rounding to nearest. */
static void load_mxcsr(const vprec_site *site, vprec_cpu *cpu)
{
    enum { MXCSR = 24, DIRECTION = 3 << 13 };
    uint32_t value;
    vprec_load(&value, (const void *)vprec_emulate_address(site, cpu), sizeof value, cpu, site);
    if (value & DIRECTION && vprec_on_direction)
        vprec_on_direction();
    if (!vprec_arith_current.keeps_direction)
        value &= ~(uint32_t)DIRECTION;
    __builtin_memcpy(cpu->xsave + MXCSR, &value, sizeof value);
}

void vprec_enter_c(const vprec_site *site, vprec_cpu *cpu)
{
    if (site->op == VPREC_OP_REFUSED) {
        atomic_fetch_add_explicit(vprec_executed_counts[site->counter], 1, memory_order_relaxed);
        return;
    }
    if (site->op == VPREC_OP_MXCSR) {
        load_mxcsr(site, cpu);
        return;
    }
    if (site->op == VPREC_OP_SYSCALL) {
        vprec_enter_syscall(site, cpu);
        return;
    }
    if (site->op == VPREC_OP_SCOPE) {
        vprec_enter_scope(site, cpu);
        return;
    }
    if (site->addend && vprec_executed_counts && vprec_emulate_exact(site, cpu))
        atomic_fetch_add_explicit(vprec_executed_counts[site->executed], 1, memory_order_relaxed);
    vprec_emulate(site, cpu, vprec_arith_of(site->version),
                  vprec_counters ? vprec_counters(site->counter, vprec_elem_type(site->to)) : 0);
}

/* Offset of state component `n`; the area grows to hold it. */
static uint32_t component(unsigned n, uint64_t components)
{
    uint32_t size, offset, c, d;
    if (!(components >> n & 1))
        return 0;
    __cpuid_count(0xD, n, size, offset, c, d);
    if (offset + size > vprec_xsave.size)
        vprec_xsave.size = offset + size;
    return offset;
}

void vprec_xsave_detect(void)
{
    uint32_t a, b, c, d;
    __cpuid(1, a, b, c, d);
    if (!(c & bit_OSXSAVE))
        return;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    uint64_t components = a & 0xE6;
    vprec_xsave.size = 576; /* legacy region and header */
    vprec_xsave.ymm_high = component(2, components);
    vprec_xsave.opmask = component(5, components);
    vprec_xsave.zmm_high = component(6, components);
    vprec_xsave.zmm16 = component(7, components);
    vprec_xsave.components = components;
}
