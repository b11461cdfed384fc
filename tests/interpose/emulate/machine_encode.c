/* SPDX-License-Identifier: Apache-2.0
 * machine_encode.c: the bytes of a site's instruction, by the manual's tables
 * for legacy, VEX and EVEX prefixes. */
#include "machine.h"

#include <string.h>

typedef struct writer {
    uint8_t *at;
} writer;

static void byte(writer *w, unsigned x)
{
    *w->at++ = (uint8_t)x;
}

static void word(writer *w, int64_t x)
{
    int32_t v = (int32_t)x;
    memcpy(w->at, &v, 4);
    w->at += 4;
}

/* ModRM, SIB and displacement (32 bits always: nothing is scaled). */
static void operands(writer *w, const vprec_site *s, uint64_t address, const uint8_t *start, unsigned imm_bytes)
{
    unsigned reg = (s->dst & 7) << 3;
    const vprec_mem *m = &s->mem;
    if (s->rm != VPREC_REG_MEM) {
        byte(w, 0xC0 | reg | (s->rm & 7));
    } else if (m->base == VPREC_MEM_RIP) {
        byte(w, reg | 5);
        word(w, m->disp - (int64_t)(address + (uint64_t)(w->at - start) + 4 + imm_bytes));
    } else if (m->base == VPREC_MEM_NONE || m->index != VPREC_MEM_NONE || (m->base & 7) == 4) {
        unsigned scale = m->scale == 8 ? 3 : m->scale == 4 ? 2 : m->scale == 2 ? 1 : 0;
        unsigned index = m->index == VPREC_MEM_NONE ? 4 : m->index & 7;
        byte(w, (m->base == VPREC_MEM_NONE ? 0 : 0x80) | reg | 4);
        byte(w, scale << 6 | index << 3 | (m->base == VPREC_MEM_NONE ? 5 : m->base & 7));
        word(w, m->disp);
    } else {
        byte(w, 0x80 | reg | (m->base & 7));
        word(w, m->disp);
    }
}

size_t machine_encode(const vprec_site *s, uint64_t address, uint8_t *bytes)
{
    writer w = {bytes};
    unsigned vvvv = s->vvvv == VPREC_REG_NONE ? 0 : (unsigned)s->vvvv;
    unsigned b = 0, x = 0, rm4 = 0;
    if (s->rm == VPREC_REG_MEM) {
        b = s->mem.base < 16 ? s->mem.base >> 3 : 0;
        x = s->mem.index < 16 ? s->mem.index >> 3 : 0;
    } else {
        b = s->rm >> 3 & 1;
        rm4 = s->rm < VPREC_REG_GPR ? s->rm >> 4 : 0;
    }
    unsigned r = s->dst >> 3 & 1;
    if (s->mem.segment && s->rm == VPREC_REG_MEM)
        byte(&w, s->mem.segment == 4 ? 0x64 : 0x65);
    if (s->mem.address32 && s->rm == VPREC_REG_MEM)
        byte(&w, 0x67);
    if (s->encoding == VPREC_LEGACY) {
        static const uint8_t prefix[4] = {0, 0x66, 0xF3, 0xF2};
        if (s->pp)
            byte(&w, prefix[s->pp]);
        unsigned rex = (unsigned)s->w << 3 | r << 2 | x << 1 | b;
        if (rex)
            byte(&w, 0x40 | rex);
        byte(&w, 0x0F);
        if (s->map > 1)
            byte(&w, s->map == 2 ? 0x38 : 0x3A);
    } else if (s->encoding == VPREC_VEX) {
        byte(&w, 0xC4);
        byte(&w, (r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | s->map);
        byte(&w, (unsigned)s->w << 7 | (~vvvv & 15) << 3 | (s->width == 32) << 2 | s->pp);
    } else {
        unsigned length = s->er ? s->rc : s->width == 64 ? 2 : s->width == 32 ? 1 : 0;
        byte(&w, 0x62);
        byte(&w, (r ^ 1) << 7 | ((x | rm4) ^ 1) << 6 | (b ^ 1) << 5 | ((unsigned)(s->dst >> 4 & 1) ^ 1) << 4 | s->map);
        byte(&w, (unsigned)s->w << 7 | (~vvvv & 15) << 3 | 4 | s->pp);
        byte(&w, (unsigned)s->zeroing << 7 | length << 5 | (unsigned)(s->broadcast || s->er) << 4 |
                     ((vvvv >> 4 & 1) ^ 1) << 3 | s->mask);
    }
    byte(&w, s->opcode);
    bool imm = s->map == 3;
    operands(&w, s, address, bytes, imm);
    if (imm)
        byte(&w, s->imm);
    return (size_t)(w.at - bytes);
}

void machine_place(vprec_site *s, uint64_t address, uint8_t *bytes)
{
    bool relative = s->rm == VPREC_REG_MEM && s->mem.base == VPREC_MEM_RIP;
    s->address = address;
    s->length = (uint8_t)machine_encode(s, address, bytes);
    s->disp_offset = relative ? (uint8_t)(s->length - 4 - (s->map == 3)) : 0; /* an immediate follows it */
}
