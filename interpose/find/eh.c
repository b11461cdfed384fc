/* SPDX-License-Identifier: Apache-2.0
 * eh.c: records of unwind information: the range that an FDE of .eh_frame describes, the landing pads in the exception
 * table (LSDA) it points to, the head of .eh_frame_hdr. Which records are read is frames.c's. Formats: Linux Standard
 * Base 5.0, chapter "Exception Frames"; the LSDA as GCC's personality routines read it. Call-frame programs are found,
 * not read. */
#include "elf.h"

enum { /* DW_EH_PE_*: pointer encodings */
    PE_ABSPTR = 0x00,
    PE_ULEB128 = 0x01,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SLEB128 = 0x09,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_PCREL = 0x10,
    PE_DATAREL = 0x30,
    PE_FUNCREL = 0x40,
    PE_ALIGNED = 0x50,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff
};

/* Reads forward through bytes that lie at `address` (that of `at`). A read past
 * the end sets `bad`, empties the cursor and gives 0, so callers look once, at
 * the end of a group of reads. */
typedef struct cursor {
    const uint8_t *at, *end;
    uint64_t address;
    bool bad;
} cursor;

static uint64_t spoil(cursor *c)
{
    c->bad = true;
    c->at = c->end;
    return 0;
}

static void skip(cursor *c, uint64_t bytes)
{
    if (bytes > (uint64_t)(c->end - c->at)) {
        spoil(c);
        return;
    }
    c->at += bytes;
    c->address += bytes;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static uint64_t take(cursor *c, unsigned bytes)
{
    if (bytes > (uint64_t)(c->end - c->at))
        return spoil(c);
    uint64_t value = 0;
    memcpy(&value, c->at, bytes);
    skip(c, bytes);
    return value;
}

static uint64_t take_leb(cursor *c, bool is_signed)
{
    uint64_t value = 0;
    for (unsigned shift = 0; c->at < c->end && shift < 70; shift += 7) {
        uint8_t byte = *c->at;
        skip(c, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) {
            if (is_signed && byte & 64 && shift + 7 < 64)
                value |= ~UINT64_C(0) << (shift + 7);
            return value;
        }
    }
    return spoil(c);
}

/* A pointer as `encoding` says. A stored 0 means "none" and stays 0 whatever
 * it would be relative to, as in libgcc. `data` and `function`: what PE_DATAREL
 * and PE_FUNCREL are relative to, 0 where there is no such thing. */
static uint64_t take_pointer(const vprec_elf *elf, cursor *c, uint8_t encoding, uint64_t data, uint64_t function)
{
    if (encoding == PE_ALIGNED) {
        skip(c, -c->address & 7);
        return take(c, 8);
    }
    uint64_t base, value, address = c->address;
    switch (encoding & 0x70) {
    case PE_ABSPTR: base = 0; break;
    case PE_PCREL: base = address; break;
    case PE_DATAREL: base = data; break;
    case PE_FUNCREL: base = function; break;
    default: return spoil(c);
    }
    if (encoding & 0x70 && !base)
        return spoil(c);
    switch (encoding & 0x0f) {
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8: value = take(c, 8); break;
    case PE_ULEB128: value = take_leb(c, false); break;
    case PE_SLEB128: value = take_leb(c, true); break;
    case PE_UDATA2: value = take(c, 2); break;
    case PE_SDATA2: value = (uint64_t)(int16_t)take(c, 2); break;
    case PE_UDATA4: value = take(c, 4); break;
    case PE_SDATA4: value = (uint64_t)(int32_t)take(c, 4); break;
    default: return spoil(c);
    }
    if (!value)
        return 0;
    value += base;
    if (encoding & PE_INDIRECT) {
        /* A word that a relocation fills in is 0 in the file: then the table cannot be found from here. */
        const uint8_t *word = vprec_elf_span(elf, value, 8);
        value = word ? vprec_elf_u64(word) : 0;
        return value ? value : spoil(c);
    }
    return value;
}

/* Enters the record at `offset`: `*c` covers what follows the length, `*next` is behind it. */
static enum vprec_elf_record record_open(const vprec_elf_frames *f, uint64_t offset, cursor *c, uint64_t *next)
{
    if (offset > f->size)
        return VPREC_ELF_BAD;
    *c = (cursor){f->bytes + offset, f->bytes + f->size, f->address + offset, false};
    uint64_t length = take(c, 4);
    if (length == UINT32_MAX)
        length = take(c, 8);
    if (c->bad || length > (uint64_t)(c->end - c->at))
        return VPREC_ELF_BAD;
    c->end = c->at + length;
    *next = (uint64_t)(c->end - f->bytes);
    return length ? VPREC_ELF_FDE : VPREC_ELF_TERMINATOR;
}

static bool cie_read(vprec_elf *elf, uint64_t offset)
{
    vprec_elf_frames *f = &elf->frames;
    cursor c;
    uint64_t next;
    if (record_open(f, offset, &c, &next) != VPREC_ELF_FDE || take(&c, 4) != 0)
        return false;
    vprec_elf_cie cie = {f->bytes + offset, PE_ABSPTR, PE_OMIT, false};
    uint8_t version = (uint8_t)take(&c, 1);
    const char *letter = (const char *)c.at;
    size_t letters = strnlen(letter, (size_t)(c.end - c.at));
    if (c.bad || (version != 1 && version != 3 && version != 4) || letters >= 16)
        return false;
    skip(&c, letters + 1);
    if (version == 4)
        skip(&c, 2); /* sizes of addresses and segment selectors */
    if (letters >= 2 && !memcmp(letter, "eh", 2))
        skip(&c, 8);
    take_leb(&c, false);
    take_leb(&c, true);
    if (version == 1)
        skip(&c, 1);
    else
        take_leb(&c, false);
    if (letters && *letter == 'z') {
        cie.augmented = true;
        take_leb(&c, false);
        for (bool known = true; known && *++letter;)
            switch (*letter) {
            case 'L': cie.lsda = (uint8_t)take(&c, 1); break;
            case 'R': cie.pointer = (uint8_t)take(&c, 1); break;
            case 'P': { /* the personality routine: only its size matters */
                uint8_t encoding = (uint8_t)take(&c, 1);
                if (encoding != PE_OMIT)
                    take_pointer(elf, &c, encoding == PE_ALIGNED ? encoding : encoding & 0x0f, 0, 0);
                break;
            }
            case 'S': case 'B': case 'G': break; /* a signal frame, pointer authentication: no data */
            default: known = false; /* the length given with 'z' steps over the rest */
            }
    }
    if (c.bad)
        return false;
    f->cie = cie;
    return true;
}

enum vprec_elf_record vprec_elf_record_read(vprec_elf *elf, uint64_t offset, uint64_t *next, vprec_elf_frame *frame)
{
    vprec_elf_frames *f = &elf->frames;
    cursor c;
    enum vprec_elf_record kind = record_open(f, offset, &c, next);
    *frame = (vprec_elf_frame){0};
    if (kind != VPREC_ELF_FDE)
        return kind;
    uint64_t here = (uint64_t)(c.at - f->bytes), distance = take(&c, 4);
    if (!c.bad && !distance)
        return VPREC_ELF_CIE;
    if (c.bad || distance > here)
        return VPREC_ELF_BAD;
    if (f->cie.at != f->bytes + (here - distance) && !cie_read(elf, here - distance))
        return VPREC_ELF_BAD;
    frame->start = take_pointer(elf, &c, f->cie.pointer, 0, 0);
    frame->length = take_pointer(elf, &c, f->cie.pointer & 0x0f, 0, 0);
    frame->rest = (uint64_t)(c.at - f->bytes);
    frame->end = *next;
    return c.bad ? VPREC_ELF_BAD : VPREC_ELF_FDE;
}

bool vprec_elf_unwind_read(vprec_elf *elf, const vprec_elf_frame *frame, vprec_unwind *u)
{
    const vprec_elf_frames *f = &elf->frames;
    cursor c;
    uint64_t next;
    if (record_open(f, (uint64_t)(f->cie.at - f->bytes), &c, &next) != VPREC_ELF_FDE)
        return false;
    take(&c, 4);
    uint8_t version = (uint8_t)take(&c, 1), letter = (uint8_t)take(&c, 1), first = letter;
    while (!c.bad && letter)
        letter = (uint8_t)take(&c, 1);
    u->code_unit = take_leb(&c, false);
    u->data_unit = (int64_t)take_leb(&c, true);
    u->back = (uint8_t)(version == 1 ? take(&c, 1) : take_leb(&c, false));
    if (first == 'z')
        skip(&c, take_leb(&c, false));
    if (c.bad || (version != 1 && version != 3) || (first && first != 'z'))
        return false;
    u->entry = c.at;
    u->entry_end = c.end;
    c = (cursor){f->bytes + frame->rest, f->bytes + frame->end, 0, false};
    if (first == 'z')
        skip(&c, take_leb(&c, false));
    u->rows = c.at;
    u->rows_end = c.end;
    return !c.bad;
}

/* The call-site table: [start, length, landing pad, action] each, the pad
 * relative to the table's own base or else to the function. */
static bool lsda_read(vprec_elf *elf, uint64_t address, uint64_t function, vprec_vec *pads, uint64_t *budget)
{
    uint64_t room = 0;
    const uint8_t *bytes = vprec_elf_bytes(elf, address, &room);
    if (!bytes)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_EXCEPTIONS);
    cursor c = {bytes, bytes + room, address, false};
    uint64_t base = function;
    uint8_t encoding = (uint8_t)take(&c, 1);
    if (encoding != PE_OMIT)
        base = take_pointer(elf, &c, encoding, 0, function);
    if (take(&c, 1) != PE_OMIT)
        take_leb(&c, false); /* distance to the type table */
    encoding = (uint8_t)take(&c, 1);
    uint64_t length = take_leb(&c, false);
    if (c.bad || length > (uint64_t)(c.end - c.at))
        return vprec_elf_fail(elf, VPREC_REASON_BAD_EXCEPTIONS);
    /* Tables do not overlap in honest files; many FDEs with one huge table would take for ever. */
    if (length > *budget)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_EXCEPTIONS);
    *budget -= length;
    c.end = c.at + length;
    while (c.at < c.end) {
        take_pointer(elf, &c, encoding, 0, function);
        take_pointer(elf, &c, encoding, 0, function);
        uint64_t pad = take_pointer(elf, &c, encoding, 0, function);
        take_leb(&c, false);
        if (c.bad)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_EXCEPTIONS);
        if (pad && vprec_elf_code_at(elf, base + pad) &&
            !vprec_elf_add(elf, pads, base + pad + elf->object->bias))
            return false;
    }
    return true;
}

bool vprec_elf_pads_read(vprec_elf *elf, const vprec_elf_frame *frame, vprec_vec *pads, uint64_t *budget)
{
    const vprec_elf_frames *f = &elf->frames;
    cursor c = {f->bytes + frame->rest, f->bytes + frame->end, f->address + frame->rest, false};
    if (!f->cie.augmented || f->cie.lsda == PE_OMIT || !take_leb(&c, false))
        return !c.bad || vprec_elf_fail(elf, VPREC_REASON_BAD_UNWIND);
    uint64_t lsda = take_pointer(elf, &c, f->cie.lsda, 0, frame->start);
    if (c.bad)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_EXCEPTIONS);
    return !lsda || lsda_read(elf, lsda, frame->start, pads, budget);
}

bool vprec_elf_frames_header_read(vprec_elf *elf)
{
    vprec_elf_frames *f = &elf->frames;
    uint64_t room = 0, base = elf->unwind_header;
    const uint8_t *bytes = vprec_elf_bytes(elf, base, &room);
    if (!bytes)
        return false;
    cursor c = {bytes, bytes + room, base, false};
    uint64_t version = take(&c, 1);
    uint8_t encoding[3];
    for (int i = 0; i < 3; i++)
        encoding[i] = (uint8_t)take(&c, 1);
    if (c.bad || version != 1)
        return false;
    f->size = f->count = 0;
    f->table = NULL;
    if (encoding[0] == PE_OMIT)
        return true;
    f->address = take_pointer(elf, &c, encoding[0], base, 0);
    f->bytes = c.bad ? NULL : vprec_elf_bytes(elf, f->address, &f->size);
    if (!f->bytes)
        return false;
    if (encoding[1] == PE_OMIT || encoding[2] != (PE_DATAREL | PE_SDATA4))
        return true;
    f->count = take_pointer(elf, &c, encoding[1], base, 0);
    f->table = c.at;
    return !c.bad && f->count <= (uint64_t)(c.end - c.at) / 8;
}
