/* SPDX-License-Identifier: Apache-2.0
 * machine.c: processor states: random ones, their parts, their differences. */
#include "machine.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Static_assert(offsetof(machine, gpr) == 2816 && offsetof(machine, flags) == 2944, "machine_run.S");

uint32_t machine_components, machine_offset[8];

enum { HEADER = 512, XMM = 160, MXCSR = 24 };

bool machine_detect(void)
{
    uint32_t a, b, c, d;
    __cpuid(1, a, b, c, d);
    if (!(c & bit_OSXSAVE))
        return false;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    machine_components = a & 0xE6;
    for (unsigned n = 2; n < 8; n++)
        if (machine_components >> n & 1) {
            __cpuid_count(0xD, n, a, machine_offset[n], c, d);
            if (machine_offset[n] + a > MACHINE_XSAVE)
                return false;
        }
    return true;
}

uint64_t machine_random(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545F4914F6CDD1D;
}

static uint64_t header(const machine *m)
{
    uint64_t h;
    memcpy(&h, m->xsave + HEADER, 8);
    return h;
}

void machine_vector(const machine *m, unsigned reg, uint8_t bytes[64])
{
    uint64_t h = header(m);
    memset(bytes, 0, 64);
    if (reg >= 16) {
        if (h & 0x80)
            memcpy(bytes, m->xsave + machine_offset[7] + 64 * (reg - 16), 64);
        return;
    }
    if (h & 2)
        memcpy(bytes, m->xsave + XMM + 16 * reg, 16);
    if (h & 4)
        memcpy(bytes + 16, m->xsave + machine_offset[2] + 16 * reg, 16);
    if (h & 0x40)
        memcpy(bytes + 32, m->xsave + machine_offset[6] + 32 * reg, 32);
}

uint64_t machine_mask(const machine *m, unsigned k)
{
    uint64_t v = 0;
    if (header(m) & 0x20)
        memcpy(&v, m->xsave + machine_offset[5] + 8 * k, 8);
    return v;
}

uint32_t machine_mxcsr(const machine *m)
{
    uint32_t v;
    memcpy(&v, m->xsave + MXCSR, 4);
    return v;
}

void machine_set_mxcsr(machine *m, uint32_t mxcsr)
{
    memcpy(m->xsave + MXCSR, &mxcsr, 4);
}

/* A floating-point number of the given widths near one of its type's boundaries. */
static uint64_t boundary(unsigned ebits, unsigned fbits)
{
    uint64_t r = machine_random(), emask = (1u << ebits) - 1, fmask = (UINT64_C(1) << fbits) - 1, e, f;
    uint64_t bias = emask / 2;
    switch (r & 15) {
    case 0: e = 0; break;                                     /* zero, subnormal */
    case 1: e = emask; break;                                 /* inf, NaN */
    case 2: e = 1 + (r >> 60); break;
    case 3: e = emask - 1 - (r >> 60); break;
    case 4: e = bias / 2 + (r >> 60); break;                  /* products near underflow */
    case 5: e = bias + bias / 2 + (r >> 60); break;           /* products near overflow */
    case 6: e = r >> 8 & emask; break;
    default: e = bias - 4 + (r >> 61); break;                 /* cancelling sums */
    }
    e &= emask;
    uint64_t s = machine_random();
    switch (r >> 4 & 7) {
    case 0: f = 0; break;
    case 1: f = 1; break;
    case 2: f = fmask; break;
    case 3: f = UINT64_C(1) << s % fbits; break;
    case 4: f = fmask & ~((UINT64_C(1) << s % fbits) - 1); break;
    case 5: f = s & ~((UINT64_C(1) << (fbits / 2)) - 1); break;
    default: f = s; break;
    }
    return (r >> 7 & 1) << (ebits + fbits) | e << fbits | (f & fmask);
}

uint64_t machine_element(unsigned elem)
{
    uint64_t r = machine_random(), s = machine_random();
    if (!(r & 31))
        return s;
    switch (elem) {
    case VPREC_E_F32: return boundary(8, 23);
    case VPREC_E_F64: return r & 32 ? boundary(11, 52) : boundary(11, 52) & ~UINT64_C(0x3ffffff);
    case VPREC_E_F16: return boundary(5, 10);
    default: /* a number of any length, or next to a power of two */
        s >>= r >> 8 & 63;
        s = r & 64 ? s : (UINT64_C(1) << (r >> 8 & 63)) + (r >> 20 & 3) - 1;
        return r & 128 ? s : -s;
    }
}

void machine_fill(uint8_t *bytes, size_t size, unsigned elem)
{
    size_t n = elem == VPREC_E_F16 ? 2
               : elem == VPREC_E_F32 || elem == VPREC_E_I32 || elem == VPREC_E_U32 ? 4 : 8;
    for (size_t i = 0; i + n <= size; i += n) {
        uint64_t x = machine_element(elem);
        memcpy(bytes + i, &x, n);
    }
}

void machine_randomise(machine *m, unsigned elem)
{
    memset(m, 0, sizeof *m);
    uint64_t h = machine_components;
    memcpy(m->xsave + HEADER, &h, 8);
    machine_fill(m->xsave + XMM, 256, elem);
    if (machine_offset[2])
        machine_fill(m->xsave + machine_offset[2], 256, elem);
    if (machine_offset[6])
        machine_fill(m->xsave + machine_offset[6], 512, elem);
    if (machine_offset[7])
        machine_fill(m->xsave + machine_offset[7], 1024, elem);
    if (machine_offset[5])
        for (unsigned k = 0; k < 8; k++) {
            uint64_t x = machine_random();
            memcpy(m->xsave + machine_offset[5] + 8 * k, &x, 8);
        }
    for (unsigned i = 0; i < 16; i++)
        m->gpr[i] = machine_element(VPREC_E_I64);
    m->flags = 0x202 | (machine_random() & 0xcd5); /* CF PF AF ZF SF DF OF at random */
    machine_set_mxcsr(m, 0x1f80);
}

const char *machine_difference(const machine *expected, const machine *got, uint32_t flags_ignored)
{
    static char text[400];
    for (unsigned reg = 0; reg < 32; reg++) {
        uint8_t x[64], y[64];
        machine_vector(expected, reg, x);
        machine_vector(got, reg, y);
        if (!memcmp(x, y, 64))
            continue;
        int n = snprintf(text, sizeof text, "zmm%u expected", reg);
        for (int i = 15; i >= 0; i--)
            n += snprintf(text + n, sizeof text - n, " %08x", ((uint32_t *)x)[i]);
        n += snprintf(text + n, sizeof text - n, "\n    got           ");
        for (int i = 15; i >= 0; i--)
            n += snprintf(text + n, sizeof text - n, " %08x", ((uint32_t *)y)[i]);
        return text;
    }
    for (unsigned k = 0; k < 8; k++)
        if (machine_mask(expected, k) != machine_mask(got, k)) {
            snprintf(text, sizeof text, "k%u expected %#lx got %#lx", k, machine_mask(expected, k), machine_mask(got, k));
            return text;
        }
    for (unsigned i = 0; i < 16; i++)
        if (expected->gpr[i] != got->gpr[i]) {
            snprintf(text, sizeof text, "general register %u expected %#lx got %#lx", i, expected->gpr[i], got->gpr[i]);
            return text;
        }
    if (expected->flags != got->flags) {
        snprintf(text, sizeof text, "flags expected %#lx got %#lx", expected->flags, got->flags);
        return text;
    }
    if ((machine_mxcsr(expected) ^ machine_mxcsr(got)) & ~flags_ignored) {
        snprintf(text, sizeof text, "mxcsr expected %#x got %#x", machine_mxcsr(expected), machine_mxcsr(got));
        return text;
    }
    return NULL;
}

/* In the low 2 GB, where 32-bit displacements reach the tests' data. */
uint8_t *machine_code(void)
{
    static uint8_t *page;
    if (!page) {
        page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        if (page == MAP_FAILED) {
            perror("mmap");
            exit(1);
        }
    }
    return page;
}

void machine_code_open(void)
{
    mprotect(machine_code(), 4096, PROT_READ | PROT_WRITE);
}

void machine_code_seal(void)
{
    mprotect(machine_code(), 4096, PROT_READ | PROT_EXEC);
}
