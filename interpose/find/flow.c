/* SPDX-License-Identifier: Apache-2.0
 * flow.c: how far a function goes of which a file tells where it starts only: as far as control goes on from there.
 * What lies behind that, in front of the next function, may be data. */
#include "elf.h"
#include "x86/decode.h"

enum { MOST = 64 << 10, WAITING = 1024 };

typedef struct flow {
    const uint8_t *bytes;
    uint64_t start;
    size_t size;
    uint8_t known[MOST / 8]; /* a bit for each byte of an instruction */
    uint32_t waiting[WAITING];
    size_t count;
} flow;

static bool is_known(const flow *f, size_t at)
{
    return f->known[at / 8] >> at % 8 & 1;
}

static bool decode(const flow *f, size_t at, vprec_insn *insn)
{
    return vprec_insn_decode(f->bytes + at, f->size - at < 15 ? f->size - at : 15, f->start + at, insn);
}

static bool jumps(uint8_t flow)
{
    return flow == VPREC_FLOW_JMP || flow == VPREC_FLOW_JCC || flow == VPREC_FLOW_SHORT || flow == VPREC_FLOW_XBEGIN;
}

/* In a straight line; where it jumps to waits. */
static void follow(flow *f, size_t at)
{
    vprec_insn insn;
    for (; at < f->size && !is_known(f, at) && decode(f, at, &insn); at += insn.length) {
        for (size_t i = at; i < at + insn.length; i++)
            f->known[i / 8] |= (uint8_t)(1u << i % 8);
        if (jumps(insn.flow) && insn.target - f->start < f->size && f->count < WAITING)
            f->waiting[f->count++] = (uint32_t)(insn.target - f->start);
        if (vprec_flow_ends(insn.flow))
            return;
    }
}

/* Behind what compilers put between two parts of a function; `at`, if none of it follows. */
static size_t behind_padding(const flow *f, size_t at)
{
    vprec_insn insn;
    size_t next = at;
    while (next < f->size && !is_known(f, next) && decode(f, next, &insn) && insn.padding)
        next += insn.length;
    return next < f->size && is_known(f, next) ? next : at;
}

uint64_t vprec_elf_flow_end(const vprec_elf *elf, uint64_t start, uint64_t limit)
{
    static flow f; /* the caller holds the lock */
    uint64_t room = 0;
    f = (flow){.start = start, .bytes = vprec_elf_bytes(elf, start, &room)};
    room = room < limit - start ? room : limit - start;
    f.size = room < MOST ? room : MOST;
    if (!f.bytes || !f.size)
        return limit;
    f.waiting[f.count++] = 0;
    while (f.count)
        follow(&f, f.waiting[--f.count]);
    size_t end = 0;
    for (size_t next = 0; next < f.size && is_known(&f, next); next = behind_padding(&f, end))
        for (end = next; end < f.size && is_known(&f, end);)
            end++;
    return start + (end ? end : 1);
}
