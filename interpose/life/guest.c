/* SPDX-License-Identifier: Apache-2.0
 * guest.c: see guest.h. What the program's registers hold lies on the stack
 * while a clone or the emulator uses them for itself: showing exchanges the two,
 * going back exchanges them again, and so nothing needs a second place. */
#include "guest.h"
#include "clone/cross.h"
#include "runtime/version.h"
#include "trap.h"
#include "x86/emulate/enter.h"
#include "x86/emulate/stack.h"
#include <string.h>

enum { XSAVE_MXCSR = 24, XSAVE_XMM = 160, XSAVE_SOFTWARE = 464, XSAVE_HEADER = 512 };
enum { SSE = 1, YMM = 2, OPMASK = 5, ZMM = 6, ZMM16 = 7 };
enum { CARRY = 1, PARITY = 4, ADJUST = 16, ZERO = 64, SIGN = 128, OVERFLOW = 2048 };

_Atomic uint32_t vprec_guests_inside;

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

/* Words that vprec_enter has pushed below its return address at `at`, where the registers are not in its frame. */
static unsigned pushed(uint64_t at)
{
    const struct {
        const void *from;
        unsigned words;
    } steps[] = {{(void *)vprec_enter, 0}, {vprec_enter_pushed1, 1},  {vprec_enter_pushed2, 2},
                 {vprec_enter_pushed3, 3}, {vprec_enter_pushed4, 4},  {vprec_enter_popped3, 3},
                 {vprec_enter_popped2, 2}, {vprec_enter_popped1, 1},  {vprec_enter_done, 0},
                 {vprec_enter_hopped, 4},  {vprec_enter_hopped3, 3},  {vprec_enter_hopped2, 2},
                 {vprec_enter_hopped1, 1}, {vprec_enter_gone, 0},     {vprec_enter_making, 4},
                 {vprec_enter_lowered, 12}, {vprec_enter_raised, 4}};
    unsigned words = 0;
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
        if (at >= (uint64_t)steps[i].from)
            words = steps[i].words;
    return words;
}

/* The first four words that vprec_enter pushes. */
static void exchange_pushed(vprec_guest *g)
{
    static const int registers[] = {REG_EFL, REG_RAX, REG_RCX, REG_RDX};
    for (unsigned i = 0; i < 4 && i < g->pushed; i++)
        exchange((uint8_t *)&g->uc->uc_mcontext.gregs[registers[i]],
                 (uint8_t *)(g->rsp + 8 * (uint64_t)(g->pushed - 1 - i)), 8);
}

static void exchange_cpu(vprec_guest *g)
{
    for (int i = 0; i < 16; i++)
        if (register_of[i] != REG_RSP)
            exchange_register(g->uc, i, (uint64_t)&g->cpu->gpr[i]);
    exchange((uint8_t *)&g->uc->uc_mcontext.gregs[REG_EFL], (uint8_t *)&g->cpu->rflags, 8);
    if (g->vectors)
        exchange_vectors(g->uc, g->cpu->xsave);
}

/* Whether rbp has the vprec_cpu. */
static bool framed(uint64_t at)
{
    return within(at, vprec_enter_framed, vprec_enter_unframed) || within(at, vprec_enter_hopping, vprec_enter_hopped);
}

/* The vprec_cpu of the emulator's run that the signal interrupted at `at`, or NULL. */
static vprec_cpu *emulator(const vprec_guest *g, uint64_t at)
{
    if (framed(at))
        return (vprec_cpu *)g->uc->uc_mcontext.gregs[REG_RBP];
    uint64_t slot = vprec_stack_slot(g->rsp);
    return slot && load64(slot - VPREC_SLOT_STAGE) != VPREC_SLOT_CALL ? (vprec_cpu *)(slot - VPREC_SLOT_CPU) : NULL;
}

/* The instruction behind the site's, whose clone called the emulator and is returned to at `back`. */
static uint64_t behind(const vprec_site *site, uint64_t back)
{
    const vprec_image *image = vprec_image_of_clone(back);
    vprec_place place;
    bool known = image && vprec_where_original(&image->where, back, &place) && place.original == site->address;
    return known ? site->address + place.length : site->address;
}

/* Whether the emulator has done what the site is for, when it returns with `rcx`. */
static bool is_done(const vprec_site *site, uint64_t rcx)
{
    return site->op == VPREC_OP_SYSCALL ? rcx == VPREC_CALL_MADE
                                        : site->op != VPREC_OP_REFUSED && site->op != VPREC_OP_HOP &&
                                              site->op != VPREC_OP_SCOPE;
}

static void show_door(vprec_guest *g, uint64_t at)
{
    enum { FLAGS_RAX_RCX = 3 };
    g->pushed = pushed(at);
    g->shown_rsp = g->rsp + 8 * (uint64_t)g->pushed + VPREC_BELOW_RETURN;
    const vprec_site *site = g->site = (const vprec_site *)load64(g->shown_rsp - VPREC_BELOW_SITE);
    uint64_t rcx = g->pushed < FLAGS_RAX_RCX ? (uint64_t)g->uc->uc_mcontext.gregs[REG_RCX]
                                             : load64(g->rsp + 8 * (uint64_t)(g->pushed - FLAGS_RAX_RCX));
    bool done = within(at, vprec_enter_unframed, vprec_enter_making) && is_done(site, rcx);
    g->shown_rip = done ? behind(site, load64(g->shown_rsp - VPREC_BELOW_RETURN)) : site->address;
    exchange_pushed(g);
}

static void show_emulated(vprec_guest *g, uint64_t at, bool fault)
{
    g->shown_rsp = g->cpu->gpr[4];
    const vprec_site *site = g->site = (const vprec_site *)load64(g->shown_rsp - VPREC_BELOW_SITE);
    bool deeper = !within(at, (void *)vprec_enter, vprec_enter_end);
    g->vectors = g->cpu->xsave && (deeper || within(at, vprec_enter_saved, vprec_enter_restored));
    g->shown_rip = site->address;
    if (g->cpu->stage == VPREC_EMULATE_RESULT)
        vprec_emulate_commit(site, g->cpu);
    if (g->cpu->stage != VPREC_EMULATE_NOTHING)
        g->shown_rip = behind(site, load64(g->shown_rsp - VPREC_BELOW_RETURN));
    exchange_cpu(g);
    if (fault && (within(at, (void *)vprec_load, vprec_load_end) || within(at, (void *)vprec_raise, vprec_raise_end))) {
        /* the instruction's own fault, nothing is done yet: once more from its start */
        const vprec_image *image = vprec_image_of(site->address);
        uint64_t start = image ? vprec_image_clone(image, site->address) : 0;
        g->rip = start ? start : site->address;
        g->again = true;
        g->rsp = g->shown_rsp;
        g->cpu = NULL;
    }
}

/* Whether the clone is about to take the site off the stack, or, of a system call, to jump behind it: the emulator has
 * been there. */
static bool emulated(const vprec_guest *g, uint64_t at)
{
    static const uint8_t raise[] = {0x48, 0x8D, 0xA4, 0x24, 136, 0, 0, 0}; /* lea 136(%rsp), %rsp */
    enum { JRCXZ = 0xE3 };
    uint64_t rcx = (uint64_t)g->uc->uc_mcontext.gregs[REG_RCX];
    if (!g->place.lowered)
        return *(const uint8_t *)at == JRCXZ && at >= g->place.start + sizeof raise && rcx == VPREC_CALL_MADE &&
               !memcmp((const void *)(at - sizeof raise), raise, sizeof raise);
    if (g->place.lowered != 136 || memcmp((const void *)at, raise, sizeof raise))
        return false;
    const vprec_site *site = (const vprec_site *)load64(g->rsp);
    return site->address == g->place.original && is_done(site, rcx);
}

/* `int3`: the signal is a breakpoint's, and behind one may be another function. */
static void show_clone(vprec_guest *g, const vprec_where *where, uint64_t at, bool int3)
{
    if (!vprec_where_original(where, at - int3, &g->place))
        g->place.lowered = 0, g->place.spills = 0;
    if (!g->place.original)
        return;
    g->shown_rip = g->place.original + int3 + (emulated(g, at) ? g->place.length : 0);
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

/* The program is shown in the middle of what its clone counts together: see runs.h. `in`: the clone's image; NULL: in the
 * emulator, or on the way there. */
static void depart(vprec_guest *g, const vprec_image *in, uint64_t at)
{
    g->image = in ? in : vprec_image_of(g->shown_rip);
    g->past = in ? g->place.kind == VPREC_WHERE_TIE || at != g->place.start
                 : g->site && g->shown_rip == g->site->address;
    if (g->image)
        vprec_runs_cross(g->image, g->shown_rip, g->past, false);
}

static void come_back(const vprec_guest *g)
{
    if (g->image)
        vprec_runs_cross(g->image, g->shown_rip, g->past && !g->again, true);
}

void vprec_guest_show(vprec_guest *g, int number, siginfo_t *info, ucontext_t *uc)
{
    greg_t *r = uc->uc_mcontext.gregs;
    bool fault = (number == SIGSEGV || number == SIGBUS || number == SIGFPE) && info->si_code > 0;
    *g = (vprec_guest){.uc = uc, .rip = (uint64_t)r[REG_RIP], .rsp = (uint64_t)r[REG_RSP],
                       .flags = (uint64_t)r[REG_EFL], .called = vprec_version_called};
    const uint64_t arrived = g->shown_rip = g->rip;
    g->shown_rsp = g->rsp;
    bool fetch = fault && number != SIGFPE && (uint64_t)info->si_addr == g->rip; /* nothing can be read there */
    uint64_t at = fetch ? g->rip : past_patch(g->rip);
    const vprec_image *image = vprec_image_of_clone(at);
    bool stub = image && at == image->code; /* the jump to vprec_enter */
    if (stub)
        at = (uint64_t)vprec_enter;
    bool int3 = number == SIGTRAP && (info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT);
    if (image && !stub) {
        show_clone(g, &image->where, at, int3);
        if (g->place.original && !int3)
            depart(g, image, at);
    } else if (within(at, (void *)vprec_enter, vprec_enter_end) && !framed(at)) {
        show_door(g, at);
        depart(g, NULL, at);
    } else if ((g->cpu = emulator(g, at))) {
        show_emulated(g, at, fault);
        depart(g, NULL, at);
    } else if (vprec_stack_slot(g->rsp)) /* a gate's call */
        g->shown_rsp = load64(vprec_stack_slot(g->rsp) - VPREC_SLOT_RSP);
    r[REG_RIP] = (greg_t)g->shown_rip;
    r[REG_RSP] = (greg_t)g->shown_rsp;
    if (g->rip != g->shown_rip)
        atomic_fetch_add(&vprec_guests_inside, 1);
    if ((number == SIGILL || number == SIGFPE || number == SIGTRAP) && info->si_code > 0 &&
        (uint64_t)info->si_addr == arrived)
        info->si_addr = (void *)g->shown_rip;
}

void vprec_guest_back(vprec_guest *g)
{
    greg_t *r = g->uc->uc_mcontext.gregs;
    vprec_version_called = g->called;
    if (g->rip != g->shown_rip)
        atomic_fetch_sub(&vprec_guests_inside, 1);
    if ((uint64_t)r[REG_RIP] != g->shown_rip || (uint64_t)r[REG_RSP] != g->shown_rsp) {
        uint64_t arrived = (uint64_t)r[REG_RIP];
        const vprec_image *image = vprec_image_of(arrived);
        uint64_t clone = image && !image->apart ? vprec_image_clone(image, arrived) : 0;
        if (clone) {
            r[REG_RIP] = (greg_t)clone;
            vprec_image_enter(image, clone);
            vprec_runs_cross(image, arrived, false, true);
        }
        return;
    }
    come_back(g);
    uint64_t out = g->rip == g->shown_rip ? vprec_image_out_of_patch(g->rip) : 0; /* it was written meanwhile */
    r[REG_RIP] = (greg_t)(out ? out : g->rip);
    r[REG_RSP] = (greg_t)g->rsp;
    if (g->cpu) {
        exchange_cpu(g);
    } else if (g->pushed) {
        exchange_pushed(g);
    } else if (g->place.original) {
        exchange_spills(g);
        for (unsigned i = 0; i < g->place.spills; i++)
            if (g->place.spill[i].kind == VPREC_SPILL_FLAGS)
                r[REG_EFL] = (greg_t)g->flags;
    }
}
