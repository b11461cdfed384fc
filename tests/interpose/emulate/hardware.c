/* SPDX-License-Identifier: Apache-2.0
 * hardware.c: the emulator against the processor, bit for bit in the whole
 * state: types left native (MXCSR flags too), types rounded to their own format
 * in every direction, and the processor's result rounded once more (--fast). */
#include "cases.h"
#include "x86/emulate/emulate.h"

#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIALS = 24, FAILURES_SHOWN = 20 };

static uint8_t *data; /* 128 bytes before an inaccessible page, in the low 2 GB */
static unsigned long failures, runs, sites, kinds[3];
static unsigned long directions[VPREC_MODES];
static vprec_format own[VPREC_TYPES];

static uint64_t fs_base(void)
{
    uint64_t base;
    syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
    return base;
}

static void check(const instruction *i, const vprec_site *s, const machine *in, const machine *want, vprec_arith *arith,
                  const char *what, uint32_t flags_ignored)
{
    static machine got;
    got = *in;
    got.gpr[4] = want->gpr[4];
    vprec_cpu cpu = {.rflags = got.flags, .xsave = got.xsave};
    memcpy(cpu.gpr, got.gpr, sizeof cpu.gpr);
    vprec_emulate(s, &cpu, arith, NULL);
    memcpy(got.gpr, cpu.gpr, sizeof cpu.gpr);
    got.flags = cpu.rflags;
    runs++;
    const char *difference = machine_difference(want, &got, flags_ignored);
    if (!difference)
        return;
    if (failures++ >= FAILURES_SHOWN)
        return;
    printf("%s: mxcsr %#x mode %d k %#lx\n", what, machine_mxcsr(in), arith->mode, machine_mask(in, s->mask));
    cases_print(i, s);
    for (int n = 0; n < 3; n++) {
        int reg = n == 0 ? s->dst : n == 1 ? s->vvvv : s->rm;
        uint8_t x[64];
        if (reg < 0 || reg > 31)
            continue;
        machine_vector(in, (unsigned)reg, x);
        printf("    zmm%-2d was      ", reg);
        for (int j = 15; j >= 0; j--)
            printf(" %08x", ((uint32_t *)x)[j]);
        printf("\n");
    }
    printf("    %s\n", difference);
}

/* The active lanes of a masked memory operand in front of the inaccessible page, the others behind it. */
static void shift_behind_page(const vprec_site *s, machine *in, unsigned element)
{
    unsigned readable = machine_random() % (s->lanes + 1u);
    in->gpr[3] += (s->lanes - readable) * element; /* only base forms are shifted */
    uint64_t k = machine_random() & ((UINT64_C(1) << readable) - 1);
    memcpy(in->xsave + machine_offset[5] + 8 * s->mask, &k, 8);
}

/* Operands that meet in NaNs, of which one comes through: NaNs told apart by sign and payload, infinities, zeros. */
static void fill_specials(uint8_t *bytes, size_t size, unsigned elem)
{
    for (size_t at = 0, n = elem == VPREC_E_F64 ? 8 : 4; at + n <= size; at += n) {
        uint64_t r = machine_random(), top = n == 8 ? 52 : 23, exponents = (UINT64_C(1) << (8 * n - 1 - top)) - 1;
        uint64_t x = (r & 7) < 4   ? exponents << top | (r >> 32 & 0xffff) << (top - 17) | (r & 1) << (top - 1) | 1
                     : (r & 7) < 6 ? exponents << top
                     : (r & 7) < 7 ? 0
                                   : exponents >> 1 << top;
        x |= (r >> 8 & 1) << (8 * n - 1);
        memcpy(bytes + at, &x, n);
    }
}

static void visit(const instruction *i, const vprec_site *site)
{
    static const vprec_mode mode_of[4] = {VPREC_RNE, VPREC_RD, VPREC_RU, VPREC_RTZ};
    static machine in, want;
    uint8_t *code = machine_code();
    machine_code_open();
    size_t n = machine_encode(site, (uint64_t)code, code);
    code[n] = 0xC3;
    machine_code_seal();
    sites++;
    unsigned element = i->from == VPREC_E_F16 ? 2
                       : i->from == VPREC_E_F32 || i->from == VPREC_E_I32 || i->from == VPREC_E_U32 ? 4 : 8;
    for (int t = 0; t < TRIALS; t++) {
        machine_randomise(&in, i->from);
        machine_fill(data, 128, i->from);
        uint64_t r = machine_random();
        if ((r & 7) == 0) { /* operands of scale factors of a moderate size; equal operands */
            for (unsigned reg = 0; reg < 16; reg++)
                memcpy(in.xsave + 160 + 16 * reg, in.xsave + 160, 16);
        } else if ((r & 7) == 1) { /* components in their initial state, with stale bytes in their place */
            uint64_t h = machine_components & (0xE0 | 6) & ~(machine_random() & 0xE6);
            memcpy(in.xsave + 512, &h, 8);
        } else if ((r & 7) == 2 && i->from <= VPREC_E_F64) {
            fill_specials(in.xsave + 160, 256, i->from);
            fill_specials(data, 128, i->from);
            static const struct {
                uint8_t component;
                size_t size;
            } upper[] = {{2, 256}, {6, 512}, {7, 1024}};
            for (size_t n = 0; n < 3; n++)
                if (machine_offset[upper[n].component])
                    fill_specials(in.xsave + machine_offset[upper[n].component], upper[n].size, i->from);
        }
        if (i->op == VPREC_OP_SCALEF && (r & 8)) {
            for (unsigned reg = 0; reg < 16; reg++) {
                double d = (double)(int)(machine_random() % 4400) / 8 - 275;
                float f = (float)d;
                if (i->from == VPREC_E_F64)
                    d *= 8, memcpy(in.xsave + 160 + 16 * reg, &d, 8);
                else
                    memcpy(in.xsave + 160 + 16 * reg, &f, 4);
            }
        }
        uint32_t mxcsr = 0x1f80 | ((uint32_t)(r >> 8) & 0x3f);
        mxcsr |= r >> 16 & 1 ? 0x40 : 0;
        mxcsr |= r >> 17 & 1 ? 0x8000 : 0;
        mxcsr |= r >> 18 & 1 ? ((uint32_t)(r >> 19) & 3) << 13 : 0;
        machine_set_mxcsr(&in, mxcsr);
        in.gpr[3] = in.gpr[12] = (uint64_t)data;
        in.gpr[9] = 0;
        in.gpr[13] = (uint64_t)data - fs_base();
        if (site->rm == VPREC_REG_MEM && site->mem.address32)
            in.gpr[3] |= machine_random() << 32;
        if (site->rm == VPREC_REG_MEM && site->mask && !site->broadcast && !site->scalar && site->mem.base == 3)
            shift_behind_page(site, &in, element);
        machine_run(&in, &want, code);

        unsigned direction = site->er && i->op != VPREC_OP_VALUE ? site->rc : mxcsr >> 13 & 3;
        vprec_arith arith = {.use = {VPREC_USE_NATIVE, VPREC_USE_NATIVE}, .mode = VPREC_RNA,
                             .round = VPREC_ROUND_RESULTS, .ops = VPREC_OPS_ALL};
        memcpy(arith.format, own, sizeof own);
        check(i, site, &in, &want, &arith, "native", 0);
        kinds[0]++;
        arith.use[0] = arith.use[1] = VPREC_USE_FORMAT;
        arith.mode = mode_of[direction];
        arith.round = r >> 32 & 1 ? VPREC_ROUND_RESULTS : VPREC_ROUND_RESULTS | VPREC_ROUND_OPERANDS;
        directions[arith.mode]++;
        check(i, site, &in, &want, &arith, "own format", 0x3f);
        kinds[1]++;
        if (direction == 0) {
            arith.fast = true;
            check(i, site, &in, &want, &arith, "fast", 0x3f);
            kinds[2]++;
        }
    }
}

int main(void)
{
    if (!machine_detect()) {
        printf("the processor has no XSAVE: nothing to compare with\n");
        return 77;
    }
    vprec_xsave_detect();
    uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE)) {
        perror("mmap");
        return 1;
    }
    data = pages + 4096 - 128;
    if (vprec_format_parse("e8m23", VPREC_F32, &own[0], NULL, 0) || vprec_format_parse("e11m52", VPREC_F64, &own[1], NULL, 0)) {
        printf("formats not parsed\n");
        return 1;
    }
    cases_each(data, visit);
    printf("%lu sites, %lu comparisons (native %lu, own format %lu, fast %lu), %lu failed\n", sites, runs, kinds[0],
           kinds[1], kinds[2], failures);
    if (!directions[VPREC_RNE] || !directions[VPREC_RD] || !directions[VPREC_RU] || !directions[VPREC_RTZ] || !kinds[2]) {
        printf("a rounding direction was never drawn\n");
        return 1;
    }
    return failures != 0;
}
