/* SPDX-License-Identifier: Apache-2.0
 * leads.c: see leads.h. The code is read in the file, as it was loaded, whose pages are given back. */
#include "leads.h"
#include "find/elf.h"
#include "find/scan.h"
#include <elf.h>

/* Where the file has what is loaded at `address`; its part goes on up to `*end`. NULL: nowhere. */
static const uint8_t *in_file(const vprec_object *o, uint64_t address, uint32_t without, uint64_t *end)
{
    const Elf64_Ehdr *eh = (const void *)o->file;
    const Elf64_Phdr *ph = (const void *)(o->file + eh->e_phoff);
    for (int i = 0; i < eh->e_phnum; i++) {
        uint64_t start = o->bias + ph[i].p_vaddr;
        if (ph[i].p_type != PT_LOAD || ph[i].p_flags & without || address - start >= ph[i].p_filesz ||
            ph[i].p_offset > o->file_size || ph[i].p_filesz > o->file_size - ph[i].p_offset)
            continue;
        *end = start + ph[i].p_filesz;
        return o->file + ph[i].p_offset + (address - start);
    }
    return NULL;
}

static bool read_extent(vprec_loaded *l, vprec_extent e, vprec_vec *offsets)
{
    enum { PIECE = 1 << 20, BEHIND = 15 };
    vprec_vec targets = VPREC_VEC(uint64_t);
    bool done = true;
    for (uint64_t at = e.start; at < e.end && done; at += PIECE) {
        uint64_t stop = e.end - at < PIECE ? e.end : at + PIECE, end;
        const uint8_t *bytes = in_file(&l->object, at, 0, &end);
        if (!bytes || end < stop)
            continue;
        targets.count = 0;
        done = vprec_scan_jumps(bytes, stop - at, end - stop < BEHIND ? end - stop : BEHIND, at, l->text.lo, l->text.hi,
                                &targets);
        uint32_t *to = done && targets.count ? vprec_vec_add(offsets, targets.count) : NULL;
        done = done && (to || !targets.count);
        for (size_t i = 0; i < targets.count && to; i++)
            to[i] = (uint32_t)(VPREC_AT(targets, uint64_t, i) - l->text.lo);
        vprec_elf_forget(l->object.elf, bytes, stop - at);
    }
    vprec_vec_free(&targets);
    return done;
}

static void read_all(vprec_loaded *l)
{
    vprec_vec offsets = VPREC_VEC(uint32_t);
    bool done = l->object.file && l->text.hi - l->text.lo <= UINT32_MAX;
    l->leads_read = true;
    for (size_t i = 0; i < l->object.code.count && done; i++)
        done = read_extent(l, VPREC_AT(l->object.code, vprec_extent, i), &offsets);
    if (done)
        vprec_offsets_build(&l->leads, l->text.hi - l->text.lo, &offsets);
    vprec_vec_free(&offsets);
}

bool vprec_leads_to(vprec_loaded *l, uint64_t address)
{
    if (!l->leads_read)
        read_all(l);
    const uint64_t offset = address - l->text.lo;
    const size_t place = vprec_offsets_below(&l->leads, offset);
    return place < l->leads.count && vprec_offsets_at(&l->leads, place) == offset;
}

bool vprec_leads_table(vprec_loaded *l, uint64_t from, uint64_t table, vprec_vec *targets)
{
    enum { FAR = 1 << 20, WORD = 4 };
    uint64_t end;
    const uint8_t *words = table & (WORD - 1) ? NULL : in_file(&l->object, table, PF_X | PF_W, &end);
    if (!words)
        return true;
    for (uint64_t at = table; at + WORD <= end; at += WORD, words += WORD) {
        int32_t by;
        __builtin_memcpy(&by, words, sizeof by);
        uint64_t target = table + (uint64_t)(int64_t)by;
        if (!vprec_text_has(&l->text, target) || target + FAR < from || target > from + FAR)
            break;
        if (!vprec_vec_add_u64(targets, target))
            return false;
    }
    return true;
}
