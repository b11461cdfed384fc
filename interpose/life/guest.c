/* SPDX-License-Identifier: Apache-2.0
 * guest.c: see guest.h. What the program's registers hold lies on the stack
 * while a clone or the emulator uses them for itself: showing exchanges the two,
 * going back exchanges them again, and so nothing needs a second place. */
#include "guest.h"
#include "trap.h"
#include "x86/emulate/enter.h"
#include <string.h>

enum { XSAVE_MXCSR = 24, XSAVE_XMM = 160, XSAVE_SOFTWARE = 464, XSAVE_HEADER = 512 };
enum { SSE = 1, YMM = 2, OPMASK = 5, ZMM = 6, ZMM16 = 7 };
enum { CARRY = 1, PARITY = 4, ADJUST = 16, ZERO = 64, SIGN = 128, OVERFLOW = 2048 };

static const int register_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static uint64_t load64(uint64_t at)
{
    uint64_t u;
    memcpy(&u, (const void *)at, 8);
    return u;
}

static void exchange(uint8_t *a, uint8_t *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

static void exchange_register(ucontext_t *uc, int reg, uint64_t at)
{
    exchange((uint8_t *)&uc->uc_mcontext.gregs[register_of[reg]], (uint8_t *)at, 8);
}

/* The signal frame's XSAVE area; NULL: it has only the first 512 bytes. */
static uint8_t *area_of(const ucontext_t *uc, uint64_t *components)
{
    enum { MAGIC = 0x46505853 }; /* FP_XSTATE_MAGIC1 */
    uint8_t *area = (uint8_t *)uc->uc_mcontext.fpregs;
    uint32_t magic;
    if (!area)
        return NULL;
    memcpy(&magic, area + XSAVE_SOFTWARE, 4);
    if (magic != MAGIC)
        return NULL;
    memcpy(components, area + XSAVE_SOFTWARE + 8, 8);
    return area;
}

static void exchange_vectors(ucontext_t *uc, uint8_t *with)
{
    const vprec_xsave_layout *x = &vprec_xsave;
    const struct {
        unsigned component, offset, size;
    } parts[] = {{SSE, XSAVE_XMM, 256},        {SSE, XSAVE_MXCSR, 4}, {YMM, x->ymm_high, 256},
                 {OPMASK, x->opmask, 64}, {ZMM, x->zmm_high, 512}, {ZMM16, x->zmm16, 1024}};
    uint64_t in_frame = 0, of_frame, of_cpu;
    uint8_t *area = area_of(uc, &in_frame);
    if (!area)
        return;
    uint64_t common = in_frame & x->components;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        if (common >> parts[i].component & 1)
            exchange(area + parts[i].offset, with + parts[i].offset, parts[i].size);
    memcpy(&of_frame, area + XSAVE_HEADER, 8);
    memcpy(&of_cpu, with + XSAVE_HEADER, 8);
    uint64_t differ = (of_frame ^ of_cpu) & common;
    of_frame ^= differ;
    of_cpu ^= differ;
    of_frame |= 1 << SSE; /* as the kernel has it: a handler may change the registers without it */
    memcpy(area + XSAVE_HEADER, &of_frame, 8);
    memcpy(with + XSAVE_HEADER, &of_cpu, 8);
}

/* `n` bytes of a register at `offset` in the area; an unused component is all zeros and becomes used. */
static void exchange_part(uint8_t *area, unsigned component, unsigned offset, uint64_t at, unsigned n)
{
    area[XSAVE_HEADER] |= (uint8_t)(1u << component);
    exchange(area + offset, (uint8_t *)at, n);
}

static void exchange_vector(ucontext_t *uc, unsigned reg, uint64_t at, unsigned size)
{
    const vprec_xsave_layout *x = &vprec_xsave;
    uint64_t components;
    uint8_t *area = area_of(uc, &components);
    if (!area)
        return;
    if (reg >= 16) {
        exchange_part(area, ZMM16, x->zmm16 + 64 * (reg - 16), at, size);
        return;
    }
    exchange_part(area, SSE, XSAVE_XMM + 16 * reg, at, 16);
    if (size > 16)
        exchange_part(area, YMM, x->ymm_high + 16 * reg, at + 16, 16);
    if (size > 32)
        exchange_part(area, ZMM, x->zmm_high + 32 * reg, at + 32, 32);
}

static void exchange_spills(vprec_guest *g)
{
    uint64_t components;
    uint8_t *area = area_of(g->uc, &components);
    for (unsigned i = 0; i < g->place.spills; i++) {
        const vprec_spill *s = &g->place.spill[i];
        uint64_t at = g->rsp + (uint64_t)(int64_t)g->place.lowered + (uint64_t)(int64_t)s->at;
        if (s->kind == VPREC_SPILL_GENERAL)
            exchange_register(g->uc, s->reg, at);
        else if (s->kind == VPREC_SPILL_VECTOR)
            exchange_vector(g->uc, s->reg, at, s->size);
        else if (s->kind == VPREC_SPILL_MASK && area)
            exchange_part(area, OPMASK, vprec_xsave.opmask + 8u * s->reg, at, 8);
    }
}

/* lahf's AH and seto's AL, if a spill holds them. */
static void show_flags(vprec_guest *g)
{
    enum { LAHF = CARRY | PARITY | ADJUST | ZERO | SIGN };
    greg_t *flags = &g->uc->uc_mcontext.gregs[REG_EFL];
    g->flags = (uint64_t)*flags;
    for (unsigned i = 0; i < g->place.spills; i++) {
        if (g->place.spill[i].kind != VPREC_SPILL_FLAGS)
            continue;
        uint64_t ax = load64(g->rsp + (uint64_t)(int64_t)(g->place.lowered + g->place.spill[i].at));
        *flags = (*flags & ~(greg_t)(LAHF | OVERFLOW)) | (greg_t)(ax >> 8 & LAHF) | (ax & 1 ? OVERFLOW : 0);
    }
}

static bool within(uint64_t rip, const void *from, const void *to)
{
    return rip >= (uint64_t)from && rip < (uint64_t)to;
}

/* The vprec_cpu of the emulator's run that the signal interrupted at `at`, or NULL. */
static vprec_cpu *emulator(const vprec_guest *g, uint64_t at)
{
    if (!within(at, (void *)vprec_enter, vprec_enter_end))
        return (uint64_t)g->frame > g->rsp ? g->frame : NULL;
    uint64_t base = g->rsp;
    if (at == (uint64_t)vprec_enter || within(at, vprec_enter_done, vprec_enter_end))
        base -= VPREC_FRAME_RETURN;
    else if (at < (uint64_t)vprec_enter_based || at >= (uint64_t)vprec_enter_unbased)
        base -= VPREC_FRAME_FLAGS;
    else if (within(at, vprec_enter_framed, vprec_enter_unframed))
        base = (uint64_t)g->uc->uc_mcontext.gregs[REG_RBP];
    return (vprec_cpu *)base;
}

static void exchange_cpu(vprec_guest *g)
{
    if (g->all) {
        for (int i = 0; i < 16; i++)
            if (register_of[i] != REG_RSP)
                exchange_register(g->uc, i, (uint64_t)&g->cpu->gpr[i]);
    }
    if (g->eflags)
        exchange((uint8_t *)&g->uc->uc_mcontext.gregs[REG_EFL], (uint8_t *)g->cpu + VPREC_FRAME_FLAGS, 8);
    if (g->rax)
        exchange_register(g->uc, 0, (uint64_t)&g->cpu->gpr[0]);
    if (g->vectors)
        exchange_vectors(g->uc, g->cpu->xsave);
}

static void show_emulated(vprec_guest *g, uint64_t at, bool fault)
{
    const vprec_site *site = (const vprec_site *)load64((uint64_t)g->cpu + VPREC_FRAME_SITE);
    bool deeper = !within(at, (void *)vprec_enter, vprec_enter_end);
    g->rax = within(at, vprec_enter_rax_kept, vprec_enter_framed);
    g->all = deeper || within(at, vprec_enter_framed, vprec_enter_unbased);
    g->eflags = deeper || within(at, vprec_enter_framed, vprec_enter_done);
    g->vectors = deeper || within(at, vprec_enter_saved, vprec_enter_restored);
    g->shown_rip = site->address;
    g->shown_rsp = (uint64_t)g->cpu + VPREC_FRAME_RSP;
    exchange_cpu(g);
    if (fault && within(at, (void *)vprec_load, vprec_load_end)) {
        /* the instruction's own fault, nothing is done yet: once more from its start */
        const vprec_image *image = vprec_image_of(site->address);
        uint64_t start = image ? vprec_where_clone(&image->where, site->address) : 0;
        g->rip = start ? start : site->address;
        g->rsp = g->shown_rsp;
        g->cpu = g->frame = NULL;
        g->all = g->eflags = g->vectors = false;
    }
}

/* `int3`: the signal is a breakpoint's, and behind one may be another function. */
static void show_clone(vprec_guest *g, const vprec_where *where, uint64_t at, bool int3)
{
    if (!vprec_where_original(where, at - int3, &g->place))
        g->place.lowered = 0, g->place.spills = 0;
    if (!g->place.original)
        return;
    g->shown_rip = g->place.original + int3;
    g->shown_rsp = g->rsp + (uint64_t)(int64_t)g->place.lowered;
    show_flags(g);
    exchange_spills(g);
}

/* Where the jump that patch.c has put at `rip` leads, else `rip`. */
static uint64_t past_patch(uint64_t rip)
{
    const vprec_image *image = vprec_image_of(rip);
    const uint8_t *b = (const uint8_t *)rip;
    int32_t rel;
    if (!image || b[0] != 0xE9)
        return rip;
    memcpy(&rel, b + 1, 4);
    uint64_t to = rip + 5 + (uint64_t)(int64_t)rel;
    return to >= image->code && to < image->code_end ? to : rip;
}

void vprec_guest_show(vprec_guest *g, int number, siginfo_t *info, ucontext_t *uc)
{
    greg_t *r = uc->uc_mcontext.gregs;
    bool fault = (number == SIGSEGV || number == SIGBUS) && info->si_code > 0;
    *g = (vprec_guest){.uc = uc, .rip = (uint64_t)r[REG_RIP], .rsp = (uint64_t)r[REG_RSP],
                       .flags = (uint64_t)r[REG_EFL], .frame = vprec_enter_frame};
    vprec_enter_frame = NULL;
    g->shown_rip = g->rip;
    g->shown_rsp = g->rsp;
    bool fetch = fault && (uint64_t)info->si_addr == g->rip; /* nothing can be read there */
    uint64_t at = fetch ? g->rip : past_patch(g->rip);
    const vprec_image *image = vprec_image_of_clone(at);
    bool stub = image && at == image->code; /* the jump to vprec_enter */
    if (stub)
        at = (uint64_t)vprec_enter;
    bool int3 = number == SIGTRAP && (info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT);
    if (image && !stub)
        show_clone(g, &image->where, at, int3);
    else if ((g->cpu = emulator(g, at)))
        show_emulated(g, at, fault);
    r[REG_RIP] = (greg_t)g->shown_rip;
    r[REG_RSP] = (greg_t)g->shown_rsp;
    if ((number == SIGILL || number == SIGFPE || number == SIGTRAP) && info->si_code > 0 &&
        (uint64_t)info->si_addr == g->rip)
        info->si_addr = (void *)g->shown_rip;
}

void vprec_guest_back(vprec_guest *g)
{
    greg_t *r = g->uc->uc_mcontext.gregs;
    sigdelset(&g->uc->uc_sigmask, SIGTRAP);
    if ((uint64_t)r[REG_RIP] != g->shown_rip || (uint64_t)r[REG_RSP] != g->shown_rsp) {
        const vprec_image *image = vprec_image_of((uint64_t)r[REG_RIP]);
        uint64_t clone = image ? vprec_where_clone(&image->where, (uint64_t)r[REG_RIP]) : 0;
        if (clone)
            r[REG_RIP] = (greg_t)clone;
        return;
    }
    r[REG_RIP] = (greg_t)g->rip;
    r[REG_RSP] = (greg_t)g->rsp;
    if (g->cpu) {
        exchange_cpu(g);
    } else if (g->place.original) {
        exchange_spills(g);
        for (unsigned i = 0; i < g->place.spills; i++)
            if (g->place.spill[i].kind == VPREC_SPILL_FLAGS)
                r[REG_EFL] = (greg_t)g->flags;
    }
    vprec_enter_frame = g->frame;
}
