/* SPDX-License-Identifier: Apache-2.0
 * emulate.c: executes one site on a saved state: registers, memory operand,
 * masks, lanes. The arithmetic of one element is step.c's. */
#include "enter.h"
#include "step.h"
#include "x86/shifter.h"

#include <asm/prctl.h>
#include <sys/syscall.h>

/* A loop over a buffer stays a loop: no calls into libc from here. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef union vector {
    uint64_t u64[8];
    uint32_t u32[16];
    uint16_t u16[32];
} __attribute__((aligned(64))) vector;

enum { XSTATE_SSE = 1, XSTATE_YMM = 2, XSTATE_OPMASK = 5, XSTATE_ZMM = 6, XSTATE_ZMM16 = 7 };
enum { XSAVE_MXCSR = 24, XSAVE_XMM = 160, XSAVE_HEADER = 512 };

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t u;
    __builtin_memcpy(&u, p, 8);
    return u;
}

static inline void store64(uint8_t *p, uint64_t u)
{
    __builtin_memcpy(p, &u, 8);
}

static inline bool has_component(const vprec_cpu *cpu, unsigned n)
{
    return load64(cpu->xsave + XSAVE_HEADER) >> n & 1;
}

/* Reads `words` 64-bit words of a component; one that the area lacks is zero. */
static inline void read_component(const vprec_cpu *cpu, unsigned n, uint32_t offset, uint64_t *to, unsigned words)
{
    bool valid = has_component(cpu, n);
    for (unsigned i = 0; i < words; i++)
        to[i] = valid ? load64(cpu->xsave + offset + 8 * i) : 0;
}

/* Writes words of a component whose whole is `size` bytes at `start`. Zeros stay unwritten where the component is
 * zero anyway: a state that is not in use remains so. */
static void write_component(vprec_cpu *cpu, unsigned n, uint32_t start, uint32_t size, uint32_t offset,
                            const uint64_t *from, unsigned words)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < words; i++)
        any |= from[i];
    if (!has_component(cpu, n)) {
        if (!any)
            return;
        for (uint32_t i = 0; i < size; i += 8)
            store64(cpu->xsave + start + i, 0);
        store64(cpu->xsave + XSAVE_HEADER, load64(cpu->xsave + XSAVE_HEADER) | UINT64_C(1) << n);
    }
    for (unsigned i = 0; i < words; i++)
        store64(cpu->xsave + offset + 8 * i, from[i]);
}

static void read_register(const vprec_cpu *cpu, unsigned reg, unsigned bytes, vector *v)
{
    if (reg >= 16) {
        read_component(cpu, XSTATE_ZMM16, vprec_xsave.zmm16 + 64 * (reg - 16), v->u64, bytes / 8);
        return;
    }
    read_component(cpu, XSTATE_SSE, XSAVE_XMM + 16 * reg, v->u64, 2);
    if (bytes > 16)
        read_component(cpu, XSTATE_YMM, vprec_xsave.ymm_high + 16 * reg, v->u64 + 2, 2);
    if (bytes > 32)
        read_component(cpu, XSTATE_ZMM, vprec_xsave.zmm_high + 32 * reg, v->u64 + 4, 4);
}

/* Legacy instructions write 128 bits and keep the rest, the others define the whole register. */
static void write_register(vprec_cpu *cpu, unsigned reg, bool legacy, const vector *v)
{
    if (reg >= 16) {
        write_component(cpu, XSTATE_ZMM16, vprec_xsave.zmm16, 1024, vprec_xsave.zmm16 + 64 * (reg - 16), v->u64, 8);
        return;
    }
    write_component(cpu, XSTATE_SSE, XSAVE_XMM, 256, XSAVE_XMM + 16 * reg, v->u64, 2);
    if (legacy)
        return;
    if (vprec_xsave.ymm_high)
        write_component(cpu, XSTATE_YMM, vprec_xsave.ymm_high, 256, vprec_xsave.ymm_high + 16 * reg, v->u64 + 2, 2);
    if (vprec_xsave.zmm_high)
        write_component(cpu, XSTATE_ZMM, vprec_xsave.zmm_high, 512, vprec_xsave.zmm_high + 32 * reg, v->u64 + 4, 4);
}

static inline uint64_t get(const vector *v, unsigned size, unsigned i)
{
    return size == 8 ? v->u64[i] : size == 4 ? v->u32[i] : v->u16[i];
}

static inline void set(vector *v, unsigned size, unsigned i, uint64_t bits)
{
    if (size == 8)
        v->u64[i] = bits;
    else
        v->u32[i] = (uint32_t)bits;
}

static uint64_t segment_base(unsigned segment)
{
    uint64_t base = 0;
    if (segment == 4) { /* glibc keeps fs:0 pointing to itself */
        __asm__("movq %%fs:0, %0" : "=r"(base));
    } else {
        uint64_t result = SYS_arch_prctl;
        __asm__ volatile("syscall"
                         : "+a"(result)
                         : "D"((uint64_t)ARCH_GET_GS), "S"(&base)
                         : "rcx", "r11", "memory");
    }
    return base;
}

uint64_t vprec_emulate_address(const vprec_site *site, const vprec_cpu *cpu)
{
    const vprec_mem *mem = &site->mem;
    uint64_t address = (uint64_t)mem->disp;
    if (mem->base < 16)
        address += cpu->gpr[mem->base];
    if (mem->index < 16)
        address += cpu->gpr[mem->index] * mem->scale;
    if (mem->address32)
        address = (uint32_t)address;
    return mem->segment ? address + segment_base(mem->segment) : address;
}

/* The memory operand: what the active lanes need, and nothing else. */
static void read_memory(const vprec_site *site, const vprec_cpu *cpu, uint64_t active, unsigned size, vector *v)
{
    if (!active)
        return;
    const uint8_t *from = (const uint8_t *)vprec_emulate_address(site, cpu);
    if (site->broadcast) {
        uint64_t element = 0;
        vprec_load(&element, from, size, cpu, site);
        for (unsigned i = 0; i < site->lanes; i++)
            set(v, size, i, element);
    } else if (site->scalar || !site->mask) {
        vprec_load(v, from, site->scalar ? size : site->mem.size, cpu, site);
    } else {
        for (unsigned i = 0; i < site->lanes; i++)
            if (active >> i & 1)
                vprec_load((uint8_t *)v + i * size, from + i * size, size, cpu, site);
    }
}

static void read_last_source(const vprec_site *site, const vprec_cpu *cpu, uint64_t active, vector *v)
{
    unsigned size = vprec_elem_size(site->from);
    if (site->rm == VPREC_REG_MEM)
        read_memory(site, cpu, active, size, v);
    else if (site->rm >= VPREC_REG_GPR)
        set(v, size, 0, cpu->gpr[site->rm - VPREC_REG_GPR]);
    else
        read_register(cpu, (unsigned)site->rm, 64, v);
}

/* dpps, dppd: one 128-bit lane, in the order of the architecture: products, neighbours' sums, their sum. Every lane of
 * the result is that sum; but of several NaNs the processor may take another one in each. */
static void dot_product(vprec_stepper *s, const vprec_site *site, unsigned size, unsigned first, const vector *a,
                        const vector *b, vector *r)
{
    unsigned n = 16 / size;
    uint64_t p[4] = {0}, pair[2] = {0};
    for (unsigned i = 0; i < n; i++)
        if (site->imm >> (4 + i) & 1)
            p[i] = vprec_step(s, VPREC_BASIC_MUL, get(a, size, first + i), get(b, size, first + i), 0, 0, true);
    for (unsigned i = 0; i < n; i += 2)
        pair[i / 2] = vprec_step(s, VPREC_BASIC_ADD, p[i], p[i + 1], 0, 0, false);
    uint64_t sum = n == 2 ? pair[0] : vprec_step(s, VPREC_BASIC_ADD, pair[0], pair[1], 0, 0, false);
    uint64_t sums[4] = {sum, sum, sum, sum};
    vprec_native_dot_nan(s->type, p, sums);
    for (unsigned i = 0; i < n; i++)
        set(r, size, first + i, site->imm >> i & 1 ? sums[i] : 0);
}

/* Lane `i` of haddps and its kin: neighbours of the first source fill the low half of each 128 bits, neighbours of
 * the second the high half. */
static uint64_t horizontal(vprec_stepper *s, enum vprec_basic op, unsigned size, unsigned i, const vector *a,
                           const vector *b)
{
    unsigned n = 16 / size, first = i & ~(n - 1), pair = i & (n - 1);
    const vector *v = pair < n / 2 ? a : b;
    unsigned at = first + 2 * (pair & (n / 2 - 1));
    return vprec_step(s, op, get(v, size, at), get(v, size, at + 1), 0, 0, true);
}

static uint64_t fused(vprec_stepper *s, vprec_fma_form form, unsigned size, unsigned i, const vector *const v[3])
{
    unsigned negate = (form.negate_product ? VPREC_NEGATE_PRODUCT : 0) | (form.negate_addend ? VPREC_NEGATE_ADDEND : 0);
    if (form.alternate)
        negate = (i & 1) == (form.alternate > 0) ? 0 : VPREC_NEGATE_ADDEND;
    return vprec_step(s, VPREC_BASIC_FMA, get(v[form.a], size, i), get(v[form.b], size, i), get(v[form.c], size, i),
                      negate, true);
}

/* All active lanes of the result. `v`: destination, first source, last source. */
static void compute(vprec_stepper *s, const vprec_site *site, uint64_t active, const vector *const v[3], vector *r)
{
    unsigned size = vprec_elem_size(site->to), source = vprec_elem_size(site->from);
    const vector *a = v[1], *b = v[2];
    if (site->op == VPREC_OP_DP) {
        for (unsigned i = 0; i < site->lanes; i += 16 / size)
            dot_product(s, site, size, i, a, b, r);
        return;
    }
    vprec_fma_form form = vprec_site_fma(site);
    for (unsigned i = 0; i < site->lanes; i++) {
        if (!(active >> i & 1))
            continue;
        uint64_t x = get(a, size, i), y = get(b, size, i), z;
        s->lane = (uint8_t)i;
        switch (site->op) {
        case VPREC_OP_ADD: z = vprec_step(s, VPREC_BASIC_ADD, x, y, 0, 0, true); break;
        case VPREC_OP_SUB: z = vprec_step(s, VPREC_BASIC_SUB, x, y, 0, 0, true); break;
        case VPREC_OP_MUL: z = vprec_step(s, VPREC_BASIC_MUL, x, y, 0, 0, true); break;
        case VPREC_OP_DIV: z = vprec_step(s, VPREC_BASIC_DIV, x, y, 0, 0, true); break;
        case VPREC_OP_SQRT: z = vprec_step(s, VPREC_BASIC_SQRT, y, 0, 0, 0, true); break;
        case VPREC_OP_FMA: z = fused(s, form, size, i, v); break;
        case VPREC_OP_ADDSUB:
            z = vprec_step(s, i & 1 ? VPREC_BASIC_ADD : VPREC_BASIC_SUB, x, y, 0, 0, true);
            break;
        case VPREC_OP_HADD: z = horizontal(s, VPREC_BASIC_ADD, size, i, a, b); break;
        case VPREC_OP_HSUB: z = horizontal(s, VPREC_BASIC_SUB, size, i, a, b); break;
        case VPREC_OP_CVT: z = vprec_step_convert(s, site->from, get(b, source, i)); break;
        case VPREC_OP_SCALEF: z = vprec_step_scalef(s, x, y); break;
        default: z = vprec_step_value(s, site, y); break;
        }
        set(r, size, i, z);
    }
}

/* In order, for a signal handler of this thread. */
static void set_stage(vprec_cpu *cpu, enum vprec_emulate_stage stage)
{
    __asm__ volatile("" ::: "memory");
    cpu->stage = stage;
    __asm__ volatile("" ::: "memory");
}

void vprec_emulate_commit(const vprec_site *site, vprec_cpu *cpu)
{
    if (site->op == VPREC_OP_SYSCALL) {
        cpu->gpr[0] = *(const uint64_t *)cpu->result;
        cpu->gpr[1] = 0; /* VPREC_CALL_MADE */
        return;
    }
    write_register(cpu, (unsigned)site->dst, site->encoding == VPREC_LEGACY, cpu->result);
}

/* The active lanes of the result. Returns the exception flags of what stayed native. */
static uint32_t execute(const vprec_site *site, const vprec_cpu *cpu, uint32_t mxcsr, const vprec_arith *arith, vprec_counts *counts,
                        uint64_t active, const vector *const sources[3], vector *r)
{
    vprec_stepper stepper;
    vprec_stepper_start(&stepper, site, mxcsr, arith, counts);
    stepper.cpu = cpu;
    uint32_t ambient = stepper.plain ? vprec_native_begin() : 0;
    compute(&stepper, site, active, sources, r);
    if (stepper.plain)
        stepper.raised |= vprec_native_end(ambient);
    if (stepper.tally.counts)
        vprec_tally_end(&stepper.tally, site->op, (unsigned)__builtin_popcountll(active));
    return stepper.raised;
}

/* The lanes that are exact: of those that can be, where the addend is a shifter. */
static uint64_t shifters(const vprec_site *site, const vector *addend)
{
    unsigned size = vprec_elem_size(site->to);
    uint64_t lanes = 0;
    for (unsigned i = 0; i < site->lanes; i++)
        lanes |= (uint64_t)(site->exact >> i & 1 && vprec_shifter_of(size == 8, get(addend, size, i)) != VPREC_SHIFTER_NONE) << i;
    return lanes;
}

bool vprec_emulate_exact(const vprec_site *site, const vprec_cpu *cpu)
{
    vector addend;
    uint64_t all = (UINT64_C(1) << site->lanes) - 1;
    if (site->addend == 3)
        read_last_source(site, cpu, all, &addend);
    else
        read_register(cpu, (unsigned)(site->addend == 1 ? site->dst : site->vvvv), 64, &addend);
    return shifters(site, &addend);
}

void vprec_emulate(const vprec_site *site, vprec_cpu *cpu, const vprec_arith *arith, vprec_counts *counts)
{
    unsigned size = vprec_elem_size(site->to);
    uint64_t active = (UINT64_C(1) << site->lanes) - 1;
    if (site->mask) {
        uint64_t k;
        read_component(cpu, XSTATE_OPMASK, vprec_xsave.opmask + 8 * site->mask, &k, 1);
        active &= k;
    }

    /* A legacy instruction concerns 128 bits: wider state is not even read. */
    unsigned bytes = site->encoding == VPREC_LEGACY ? 16 : 64;
    vector dst, first, last, r;
    read_register(cpu, (unsigned)site->dst, bytes, &dst);
    const vector *from_first = &dst;
    if (site->vvvv != VPREC_REG_NONE && site->vvvv != site->dst) {
        read_register(cpu, (unsigned)site->vvvv, bytes, &first);
        from_first = &first;
    }
    read_last_source(site, cpu, active, &last);

    /* Everything that no active lane writes: the destination's own elements or zeros, the first source's above a
     * scalar, zeros above the result. */
    unsigned result = site->lanes * size;
    for (unsigned i = 0; i < 8; i++)
        r.u64[i] = 8 * i < result && !site->zeroing ? dst.u64[i] : 0;
    if (site->scalar) {
        const vector *rest = site->op == VPREC_OP_FMA ? &dst : from_first; /* FMA has three sources, dst keeps its own */
        r.u64[1] = rest->u64[1];
        if (size == 4)
            r.u32[1] = rest->u32[1];
        if (size == 4 && site->zeroing)
            r.u32[0] = 0;
    }

    const vector *const sources[3] = {&dst, from_first, &last};
    uint32_t mxcsr, raised = 0;
    __builtin_memcpy(&mxcsr, cpu->xsave + XSAVE_MXCSR, 4);
    uint64_t exact = site->addend ? active & shifters(site, sources[site->addend - 1]) : 0;
    if (exact) {
        vprec_arith native = *arith;
        native.use[vprec_elem_type(site->to)] = VPREC_USE_NATIVE;
        raised |= execute(site, cpu, mxcsr, &native, NULL, exact, sources, &r);
    }
    if (active & ~exact || !exact)
        raised |= execute(site, cpu, mxcsr, arith, counts, active & ~exact, sources, &r);
    if (raised && !site->er) {
        mxcsr |= raised;
        __builtin_memcpy(cpu->xsave + XSAVE_MXCSR, &mxcsr, 4);
        uint32_t unmasked = raised & ~(mxcsr >> 7);
        if (unmasked)
            vprec_raise(mxcsr, unmasked & -unmasked);
    }
    cpu->result = &r; /* cppcheck-suppress autoVariables ; read at stage RESULT only, which ends below */
    set_stage(cpu, VPREC_EMULATE_RESULT);
    vprec_emulate_commit(site, cpu);
    set_stage(cpu, VPREC_EMULATE_DONE);
}
