/* SPDX-License-Identifier: Apache-2.0
 * frames.c: which records of unwind information are read: all of them, or those that the search table of .eh_frame_hdr
 * leads to. The unwinder believes that table; here a table that is not sorted or names what is no FDE gives way to a
 * list of all records, and records that cannot be read to none. */
#include "elf.h"

/* All records in order, as the section holds them, or from what .eh_frame_hdr names up to a terminator. */
static bool walk(vprec_elf *elf, bool (*each)(vprec_elf *, const vprec_elf_frame *, uint64_t, void *), void *data)
{
    uint64_t next;
    for (uint64_t offset = 0; offset < elf->frames.size; offset = next) {
        vprec_elf_frame frame;
        enum vprec_elf_record kind = vprec_elf_record_read(elf, offset, &next, &frame);
        if (kind == VPREC_ELF_BAD)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_UNWIND);
        if (kind == VPREC_ELF_TERMINATOR && !elf->unwind_size)
            break; /* of a section it need not be the last: start-up files bring their own */
        /* Linkers leave the FDEs of dropped sections behind, with start 0 and a meaningless table. */
        if (kind == VPREC_ELF_FDE && frame.length && vprec_elf_code_at(elf, frame.start) &&
            !each(elf, &frame, offset, data))
            return false;
    }
    return true;
}

/* Where the section says that records lie. */
static bool section_use(vprec_elf *elf)
{
    vprec_elf_frames *f = &elf->frames;
    f->address = elf->unwind;
    f->size = elf->unwind_size;
    f->bytes = vprec_elf_span(elf, f->address, f->size);
    f->table = NULL;
    f->cie.at = NULL;
    return f->bytes || vprec_elf_fail(elf, VPREC_REASON_BAD_UNWIND);
}

static int32_t pair(const vprec_elf *elf, uint64_t i, unsigned half)
{
    return (int32_t)vprec_elf_u32(elf->frames.table + 8 * i + 4 * half);
}

bool vprec_elf_frames_read(vprec_elf *elf, bool (*each)(vprec_elf *elf, const vprec_elf_frame *frame, uint64_t record,
                                                        void *data), void *data)
{
    if (elf->unwind_size)
        return section_use(elf) && walk(elf, each, data);
    if (!elf->unwind_header)
        return true;
    if (!vprec_elf_frames_header_read(elf))
        return vprec_elf_fail(elf, VPREC_REASON_BAD_UNWIND);
    if (!elf->frames.table)
        return walk(elf, each, data);
    /* Without a section nobody says where the records end; the search table names every FDE. */
    for (uint64_t i = 0; i < elf->frames.count; i++) {
        uint64_t next, record = elf->unwind_header + (uint64_t)(int64_t)pair(elf, i, 1) - elf->frames.address;
        vprec_elf_frame frame;
        enum vprec_elf_record kind = vprec_elf_record_read(elf, record, &next, &frame);
        if (kind == VPREC_ELF_BAD)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_UNWIND);
        if (kind == VPREC_ELF_FDE && frame.length && vprec_elf_code_at(elf, frame.start) &&
            !each(elf, &frame, record, data))
            return false;
    }
    return true;
}

static bool list_add(vprec_elf *elf, const vprec_elf_frame *frame, uint64_t record, void *data)
{
    (void)data;
    uint64_t offset = frame->start + elf->object->bias - VPREC_AT(elf->object->code, vprec_extent, 0).start;
    return record > UINT32_MAX || vprec_elf_add(elf, &elf->frames.list, offset << 32 | record);
}

/* Goes over to a list of all records; without memory for one, to none for this time. */
static void list_use(vprec_elf *elf)
{
    vprec_elf_frames *f = &elf->frames;
    f->how = VPREC_ELF_FRAMES_LIST;
    f->list = VPREC_VEC(uint64_t);
    elf->why = VPREC_REASON_NONE;
    if (elf->unwind_size ? section_use(elf) && walk(elf, list_add, NULL)
                         : vprec_elf_frames_header_read(elf) && walk(elf, list_add, NULL)) {
        vprec_vec_sort_u64(&f->list);
        f->count = f->list.count;
        return;
    }
    vprec_vec_free(&f->list);
    f->count = 0;
    f->how = elf->why == VPREC_REASON_NO_MEMORY ? VPREC_ELF_FRAMES_NEW : VPREC_ELF_FRAMES_NONE;
}

static bool is_sorted(const vprec_elf *elf)
{
    for (uint64_t i = 1; i < elf->frames.count; i++)
        if (pair(elf, i - 1, 0) > pair(elf, i, 0))
            return false;
    return true;
}

/* Where records are looked up from now on. */
static void prepare(vprec_elf *elf)
{
    vprec_elf_frames *f = &elf->frames;
    if (f->how != VPREC_ELF_FRAMES_NEW)
        return;
    if (!elf->unwind_size && !elf->unwind_header) {
        f->how = VPREC_ELF_FRAMES_NONE;
        return;
    }
    bool sound = elf->unwind_header && vprec_elf_frames_header_read(elf) && f->table && f->count;
    f->cie.at = NULL;
    if (sound && elf->unwind_size) { /* both must mean the same records */
        sound = f->address == elf->unwind && elf->unwind_size <= f->size;
        f->size = elf->unwind_size;
    }
    sound = sound && is_sorted(elf);
    if (!sound) {
        list_use(elf);
        return;
    }
    vprec_elf_forget(elf, f->table, 8 * f->count);
    f->how = VPREC_ELF_FRAMES_TABLE;
}

/* What was found does not hold. */
static void distrust(vprec_elf *elf)
{
    if (elf->frames.how == VPREC_ELF_FRAMES_TABLE) {
        list_use(elf);
        return;
    }
    elf->frames.how = VPREC_ELF_FRAMES_NONE;
    elf->frames.count = 0;
}

/* Where the code of the i-th frame starts. */
static uint64_t start_of(const vprec_elf *elf, uint64_t i)
{
    if (elf->frames.how == VPREC_ELF_FRAMES_TABLE)
        return elf->unwind_header + (uint64_t)(int64_t)pair(elf, i, 0);
    return VPREC_AT(elf->object->code, vprec_extent, 0).start - elf->object->bias +
           (VPREC_AT(elf->frames.list, uint64_t, i) >> 32);
}

/* The i-th frame; false: it is none, or not where it should be. */
static bool frame_of(vprec_elf *elf, uint64_t i, vprec_elf_frame *frame)
{
    uint64_t next, record;
    if (elf->frames.how == VPREC_ELF_FRAMES_TABLE)
        record = elf->unwind_header + (uint64_t)(int64_t)pair(elf, i, 1) - elf->frames.address;
    else
        record = (uint32_t)VPREC_AT(elf->frames.list, uint64_t, i);
    return vprec_elf_record_read(elf, record, &next, frame) == VPREC_ELF_FDE && frame->start == start_of(elf, i);
}

/* How many frames start below the address. */
static uint64_t frames_below(const vprec_elf *elf, uint64_t address)
{
    uint64_t low = 0, high = elf->frames.count;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (start_of(elf, mid) < address)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_code(const vprec_elf *elf, const vprec_elf_frame *frame)
{
    return frame->length && vprec_elf_code_at(elf, frame->start);
}

/* The largest length of the frames that start there; 0: none does, or, with `sound` cleared, one is not what it should
 * be. */
static uint64_t longest_of(vprec_elf *elf, uint64_t start, bool *sound)
{
    uint64_t length = 0;
    for (uint64_t i = frames_below(elf, start); i < elf->frames.count && start_of(elf, i) == start; i++) {
        vprec_elf_frame frame;
        *sound = frame_of(elf, i, &frame);
        if (!*sound)
            return 0;
        length = frame.length > length ? frame.length : length;
    }
    return length;
}

bool vprec_elf_frame_around(vprec_elf *elf, uint64_t address, uint64_t *start)
{
    const vprec_extent *code = vprec_elf_code_at(elf, address);
    prepare(elf);
    for (; code; distrust(elf)) {
        uint64_t next = frames_below(elf, address + 1), i = next;
        vprec_elf_frame frame = {0};
        bool sound = true;
        while (sound && i && !is_code(elf, &frame))
            sound = frame_of(elf, --i, &frame);
        if (sound && is_code(elf, &frame) && frame.start + elf->object->bias >= code->start &&
            longest_of(elf, frame.start, &sound) > address - frame.start) {
            *start = frame.start;
            return true;
        }
        /* None does; unless the table says that the next starts later than it does. */
        if (sound && (next == elf->frames.count || frame_of(elf, next, &frame)))
            return false;
    }
    return false;
}

bool vprec_elf_frame_behind(vprec_elf *elf, uint64_t address, uint64_t *start)
{
    prepare(elf);
    for (;; distrust(elf)) {
        uint64_t i = frames_below(elf, address);
        vprec_elf_frame frame;
        bool sound = true;
        for (; i < elf->frames.count && (sound = frame_of(elf, i, &frame)); i++)
            if (is_code(elf, &frame)) {
                *start = frame.start;
                return true;
            }
        if (sound)
            return false;
    }
}

uint64_t vprec_elf_frame_length(vprec_elf *elf, uint64_t start)
{
    prepare(elf);
    for (;; distrust(elf)) {
        bool sound = true;
        uint64_t length = longest_of(elf, start, &sound);
        if (sound)
            return length;
    }
}

bool vprec_elf_frame_pads(vprec_elf *elf, uint64_t start, vprec_vec *pads)
{
    size_t before = pads->count;
    prepare(elf);
    for (;; distrust(elf)) {
        uint64_t i = frames_below(elf, start), budget = elf->size;
        vprec_elf_frame frame;
        bool sound = true;
        elf->why = VPREC_REASON_NONE;
        for (; i < elf->frames.count && start_of(elf, i) == start && (sound = frame_of(elf, i, &frame)); i++)
            if (is_code(elf, &frame) && !vprec_elf_pads_read(elf, &frame, pads, &budget)) {
                pads->count = before;
                return elf->why != VPREC_REASON_NO_MEMORY;
            }
        if (sound)
            return true;
        pads->count = before;
    }
}

bool vprec_elf_frame_unwind(vprec_elf *elf, uint64_t start, vprec_unwind *unwind)
{
    vprec_elf_frame frame;
    prepare(elf);
    uint64_t i = frames_below(elf, start);
    return i < elf->frames.count && start_of(elf, i) == start && frame_of(elf, i, &frame) && is_code(elf, &frame) &&
           vprec_elf_unwind_read(elf, &frame, unwind);
}
