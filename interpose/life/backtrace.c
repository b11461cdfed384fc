/* SPDX-License-Identifier: Apache-2.0
 * backtrace.c: see backtrace.h. The stack is unwound as the unwinder does it, by .eh_frame (Linux Standard Base 5.0,
 * "Exception Frames"; DWARF 4, section 6.4), from the state of the program that the emulator has: return addresses are
 * the program's own. Nothing is believed: memory is read where that may fault, and what is not in the tables, or is of
 * a kind that is not known here, ends the list: rather fewer callers than wrong ones. Takes no lock and no memory but
 * the record, since it runs in the middle of anything. */
#include "backtrace.h"
#include "libm/library.h"
#include "runtime/names.h"
#include "runtime/profile.h"
#include "runtime/record.h"
#include "x86/emulate/enter.h"
#include <stdatomic.h>
#include <string.h>

enum { RBX = 3, RSP = 4, RBP = 5, R12 = 12, RETURN = 16, COLUMNS = 17 }; /* by the numbers of vprec_cpu, but RETURN */

/* DWARF numbers some registers in another order. */
static const uint8_t by_dwarf[COLUMNS] = {0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15, RETURN};

/* As <dlfcn.h> of glibc 2.35 has it. */
typedef struct found {
    unsigned long long flags;
    void *start, *end;
    struct link_map *map;
    const uint8_t *header; /* .eh_frame_hdr */
    unsigned long long reserved[7];
} found;

/* The C library's _dl_find_object. */
static int (*find_object)(void *address, found *result);

typedef struct state {
    uint64_t of[COLUMNS];
    uint32_t known; /* bit n: of[n] is */
} state;

static bool read_at(uint64_t address, void *to, size_t bytes)
{
    return vprec_try_copy(to, (const void *)address, bytes);
}

/* Of a record that was copied. */
typedef struct reader {
    const uint8_t *at, *end;
    uint64_t address; /* less `at`: where it lies */
    bool bad;
} reader;

static uint64_t take(reader *r, unsigned bytes)
{
    uint64_t value = 0;
    if (bytes > (uint64_t)(r->end - r->at)) {
        r->bad = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&value, r->at, bytes);
    r->at += bytes;
    return value;
}

static uint64_t take_leb(reader *r, bool is_signed)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const uint8_t byte = (uint8_t)take(r, 1);
        value |= shift < 64 ? (uint64_t)(byte & 127) << shift : 0;
        if (byte & 128)
            continue;
        return is_signed && byte & 64 && shift + 7 < 64 ? value | ~UINT64_C(0) << (shift + 7) : value;
    }
    r->bad = true;
    return 0;
}

enum { PE_ABSPTR = 0, PE_UDATA4 = 3, PE_UDATA8 = 4, PE_SDATA4 = 0x0B, PE_SDATA8 = 0x0C, PE_PCREL = 0x10 };

/* A pointer of the kinds that compilers write in code that is loaded. */
static uint64_t take_pointer(reader *r, uint8_t encoding)
{
    const uint64_t here = r->address + (uint64_t)r->at, base = encoding & 0x70 ? here : 0;
    r->bad |= (encoding & 0x70) && (encoding & 0x70) != PE_PCREL;
    switch (encoding & 0x0F) {
    case PE_SDATA4: return base + (uint64_t)(int64_t)(int32_t)take(r, 4);
    case PE_UDATA4: return base + take(r, 4);
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8: return base + take(r, 8);
    default: r->bad = true; return 0;
    }
}

/* What is copied of a record; longer ones are not read. */
enum { LONGEST = 2048 };

static bool open_record(uint64_t address, uint8_t bytes[LONGEST], reader *r)
{
    uint32_t length;
    if (!read_at(address, &length, sizeof length) || !length || length > LONGEST ||
        !read_at(address + 4, bytes, length))
        return false;
    *r = (reader){bytes, bytes + length, address + 4 - (uint64_t)bytes, false};
    return true;
}

/* The FDE that .eh_frame_hdr has for the code at `pc`; 0: none. */
static uint64_t fde_of(uint64_t header, uint64_t pc)
{
    struct {
        uint8_t version, frame, count_kind, table;
        int32_t distance;
        uint32_t count;
    } head;
    enum { TABLE = 0x3B }; /* relative to the header, 4 bytes */
    if (!read_at(header, &head, sizeof head) || head.version != 1 || (head.frame & 0x0F) != PE_SDATA4 ||
        head.count_kind != PE_UDATA4 || head.table != TABLE)
        return 0;
    int32_t pair[2];
    uint32_t low = 0, high = head.count;
    while (low < high) { /* the first one that begins behind it */
        const uint32_t middle = low + (high - low) / 2;
        if (!read_at(header + sizeof head + 8 * (uint64_t)middle, pair, sizeof pair))
            return 0;
        if (header + (uint64_t)(int64_t)pair[0] <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low || !read_at(header + sizeof head + 8 * (uint64_t)(low - 1), pair, sizeof pair))
        return 0;
    return header + (uint64_t)(int64_t)pair[1];
}

/* Of a register: AT, or itself (IS), so far from the frame; IN another one. */
enum kind { SAME, UNDEFINED, AT, IS, IN, UNKNOWN };

typedef struct rule {
    uint8_t kind;
    int64_t value;
} rule;

typedef struct row {
    rule of[COLUMNS], frame; /* frame: IN `base`, and `value` more; or UNKNOWN */
    uint8_t base;
} row;

/* One function's unwind information. */
typedef struct program {
    uint8_t bytes[2][LONGEST]; /* CIE, FDE */
    reader entry, rows;
    uint64_t start, code_unit;
    int64_t data_unit;
    row at_entry, now, kept[4];
    unsigned depth;
} program;

static bool open_common(program *p, uint64_t cie, uint8_t *encoding, bool *augmented)
{
    reader r;
    char letters[8];
    size_t n = 0;
    if (!open_record(cie, p->bytes[0], &r) || take(&r, 4))
        return false;
    const uint64_t version = take(&r, 1);
    while (n < sizeof letters && (letters[n] = (char)take(&r, 1)))
        n++;
    if ((version != 1 && version != 3) || n == sizeof letters || (n && *letters != 'z'))
        return false;
    p->code_unit = take_leb(&r, false);
    p->data_unit = (int64_t)take_leb(&r, true);
    if ((version == 1 ? take(&r, 1) : take_leb(&r, false)) != RETURN)
        return false;
    *encoding = PE_ABSPTR;
    *augmented = n;
    const uint64_t length = n ? take_leb(&r, false) : 0;
    if (r.bad || length > (uint64_t)(r.end - r.at))
        return false;
    const uint8_t *behind = r.at + length;
    for (size_t i = 1; i < n; i++)
        switch (letters[i]) {
        case 'R': *encoding = (uint8_t)take(&r, 1); break;
        case 'L': take(&r, 1); break;
        case 'P': take_pointer(&r, (uint8_t)take(&r, 1) & 0x0F); break;
        default: return false; /* a signal's frame (S) among them */
        }
    r.at = behind;
    p->entry = r;
    return !r.bad;
}

/* Of the function at `pc`; false: there is none, or none that is known here. */
static bool open_program(program *p, uint64_t header, uint64_t pc)
{
    uint8_t encoding;
    bool augmented;
    const uint64_t fde = fde_of(header, pc);
    reader r;
    if (!fde || !open_record(fde, p->bytes[1], &r))
        return false;
    const uint64_t distance = take(&r, 4);
    if (!distance || !open_common(p, fde + 4 - distance, &encoding, &augmented))
        return false;
    p->start = take_pointer(&r, encoding);
    const uint64_t length = take_pointer(&r, encoding & 0x0F);
    const uint64_t more = augmented ? take_leb(&r, false) : 0;
    if (r.bad || more > (uint64_t)(r.end - r.at) || pc - p->start >= length)
        return false;
    r.at += more;
    p->rows = r;
    return true;
}

static void set(program *p, uint64_t column, uint8_t kind, int64_t value)
{
    if (column < COLUMNS) /* others are vector registers */
        p->now.of[by_dwarf[column]] = (rule){kind, value};
}

static void set_base(reader *r, program *p, uint64_t column)
{
    r->bad |= column >= RETURN;
    p->now.base = r->bad ? 0 : by_dwarf[column];
}

static void skip_block(reader *r)
{
    const uint64_t length = take_leb(r, false);
    r->bad |= length > (uint64_t)(r->end - r->at);
    r->at = r->bad ? r->end : r->at + length;
}

/* The instructions up to the row of `pc`. */
static bool run_program(program *p, reader *r, uint64_t pc)
{
    uint64_t here = p->start, column;
    while (!r->bad && r->at < r->end) {
        const uint8_t code = (uint8_t)take(r, 1);
        uint64_t forward = 0;
        switch (code >> 6 ? code & 0xC0 : code) {
        case 0x40: forward = code & 63; break;                                             /* advance_loc */
        case 0x80: set(p, code & 63, AT, (int64_t)take_leb(r, false) * p->data_unit); break; /* offset */
        case 0xC0:                                                                           /* restore */
            if ((code & 63) < COLUMNS)
                p->now.of[by_dwarf[code & 63]] = p->at_entry.of[by_dwarf[code & 63]];
            break;
        case 0x00: break;
        case 0x02: forward = take(r, 1); break;
        case 0x03: forward = take(r, 2); break;
        case 0x04: forward = take(r, 4); break;
        case 0x05: /* offset_extended */
        case 0x11: /* _sf */
            column = take_leb(r, false);
            set(p, column, AT, (int64_t)take_leb(r, code == 0x11) * p->data_unit);
            break;
        case 0x06: /* restore_extended */
            column = take_leb(r, false);
            if (column < COLUMNS)
                p->now.of[by_dwarf[column]] = p->at_entry.of[by_dwarf[column]];
            break;
        case 0x07: set(p, take_leb(r, false), UNDEFINED, 0); break;
        case 0x08: set(p, take_leb(r, false), SAME, 0); break;
        case 0x09: /* register */
            column = take_leb(r, false);
            set(p, column, UNKNOWN, (int64_t)take_leb(r, false));
            break;
        case 0x0A: /* remember_state */
            if (p->depth == sizeof p->kept / sizeof *p->kept)
                return false;
            p->kept[p->depth++] = p->now;
            break;
        case 0x0B: /* restore_state */
            if (!p->depth)
                return false;
            p->now = p->kept[--p->depth];
            break;
        case 0x0C: /* def_cfa */
        case 0x12: /* _sf */
            set_base(r, p, take_leb(r, false));
            p->now.frame = (rule){IN, (int64_t)take_leb(r, code == 0x12) * (code == 0x12 ? p->data_unit : 1)};
            break;
        case 0x0D: /* def_cfa_register */
            set_base(r, p, take_leb(r, false));
            break;
        case 0x0E: /* def_cfa_offset */
        case 0x13: /* _sf */
            p->now.frame.value = (int64_t)take_leb(r, code == 0x13) * (code == 0x13 ? p->data_unit : 1);
            break;
        case 0x0F: /* def_cfa_expression */
            p->now.frame.kind = UNKNOWN;
            skip_block(r);
            break;
        case 0x10: /* expression */
        case 0x16: /* val_expression */
            set(p, take_leb(r, false), UNKNOWN, 0);
            skip_block(r);
            break;
        case 0x14: /* val_offset */
        case 0x15: /* _sf */
            column = take_leb(r, false);
            set(p, column, IS, (int64_t)take_leb(r, code == 0x15) * p->data_unit);
            break;
        case 0x2E: take_leb(r, false); break; /* GNU_args_size */
        default: return false;
        }
        if (forward * p->code_unit > pc - here)
            return !r->bad;
        here += forward * p->code_unit;
    }
    return !r->bad;
}

static bool is_kept_by_calls(unsigned i)
{
    return i == RBX || i == RBP || (i >= R12 && i < RETURN);
}

/* From the function at `pc` to its caller. False: it is not known, or there is none. `ours`: it may have changed stacks
 * (gate_enter.S); else callers lie above. */
static bool step(state *s, const program *p, bool ours)
{
    const row *row = &p->now;
    state next = {0};
    if (row->frame.kind != IN || !(s->known >> row->base & 1) || row->of[RETURN].kind != AT)
        return false;
    const uint64_t frame = s->of[row->base] + (uint64_t)row->frame.value;
    if (frame <= s->of[RSP] && !ours)
        return false;
    for (unsigned i = 0; i < COLUMNS; i++) {
        const rule *r = &row->of[i];
        bool known = false;
        if (r->kind == AT) {
            known = read_at(frame + (uint64_t)r->value, &next.of[i], sizeof next.of[i]);
        } else if (r->kind == IS) {
            known = true;
            next.of[i] = frame + (uint64_t)r->value;
        } else if (r->kind == SAME && is_kept_by_calls(i)) {
            known = s->known >> i & 1;
            next.of[i] = s->of[i];
        }
        next.known |= (uint32_t)known << i;
    }
    next.of[RSP] = frame;
    next.known |= 1 << RSP;
    *s = next;
    return next.known >> RETURN & 1 && next.of[RETURN];
}

/* Unwinds by the row of the code at `pc`, which `of` holds. */
static bool unwind(state *s, const found *of, uint64_t pc, bool ours)
{
    program p;
    p.depth = 0;
    p.now = (row){.frame = {UNKNOWN, 0}};
    if (!of->header || !open_program(&p, (uint64_t)of->header, pc))
        return false;
    reader entry = p.entry, rows = p.rows;
    if (!run_program(&p, &entry, p.start))
        return false;
    p.at_entry = p.now;
    return run_program(&p, &rows, pc) && step(s, &p, ours);
}

/* An object that frames lie in. Entries stay. */
typedef struct known_object {
    const struct link_map *map;
    uint64_t base, hash;
    _Atomic uint64_t record; /* written last */
} known_object;

enum { OBJECTS = 512, PATH = 1024 };
static known_object objects[OBJECTS];
static _Atomic uint32_t objects_used;

/* What begins <link.h>'s link_map. */
typedef struct beginning {
    uint64_t base;
    const char *name;
} beginning;

static bool read_name(const char *name, char path[PATH])
{
    for (size_t i = 0; i < PATH; i++) {
        if (!vprec_try_copy(&path[i], name + i, 1))
            return false;
        if (!path[i])
            return true;
    }
    return false;
}

/* The offset of the object's record; 0: none. */
static uint64_t record_of(const found *of, uint64_t *base)
{
    beginning map;
    char path[PATH];
    if (!read_at((uint64_t)of->map, &map, sizeof map) || !read_name(map.name, path))
        return 0;
    const char *name = *path || !vprec_record_process ? path : vprec_record_process->path; /* the program itself */
    const uint64_t hash = vprec_name_hash(VPREC_NAME_HASH, name);
    *base = map.base;
    uint32_t used = atomic_load(&objects_used);
    for (uint32_t i = 0; i < used && i < OBJECTS; i++)
        if (atomic_load(&objects[i].record) && objects[i].map == of->map && objects[i].base == map.base &&
            objects[i].hash == hash)
            return objects[i].record;
    vprec_loaded_record *record = vprec_record_text(VPREC_RECORD_LOADED, sizeof *record, name);
    if (!record)
        return 0;
    const uint64_t offset = vprec_record_offset(record);
    used = atomic_load(&objects_used) < OBJECTS ? atomic_fetch_add(&objects_used, 1) : OBJECTS;
    if (used < OBJECTS) {
        objects[used].map = of->map;
        objects[used].base = map.base;
        objects[used].hash = hash;
        atomic_store(&objects[used].record, offset);
    }
    return offset;
}

static bool find(uint64_t pc, found *of)
{
    return !find_object((void *)pc, of) && of->map;
}

static uint64_t trace(const void *where, const void *registers)
{
    enum { STEPS_MOST = 64 }; /* those through our own functions among them */
    const vprec_site *site = where;
    const vprec_cpu *cpu = registers;
    vprec_called frames[VPREC_CALLED_MOST];
    uint32_t count = 0;
    found of, own;
    state s;
    uint64_t pc;
    if (!find((uint64_t)(uintptr_t)trace, &own))
        return 0;
    if (cpu) {
        s.known = 0xFFFF;
        memcpy(s.of, cpu->gpr, sizeof cpu->gpr);
        pc = site->address;
    } else { /* from here on, through what stands for a function of libm, to who called that */
        s.known = 1 << RBX | 1 << RSP | 1 << RBP | 0xF000;
        __asm__ volatile("movq %%rbx, 24(%1)\n\tmovq %%rsp, 32(%1)\n\tmovq %%rbp, 40(%1)\n\tmovq %%r12, 96(%1)\n\t"
                         "movq %%r13, 104(%1)\n\tmovq %%r14, 112(%1)\n\tmovq %%r15, 120(%1)\n\tleaq 1f(%%rip), %0\n1:"
                         : "=&r"(pc)
                         : "r"(s.of)
                         : "memory");
    }
    /* Of a caller the code before its return address counts: the call may be the last thing that it does. */
    for (int i = 0; i < STEPS_MOST && count < VPREC_CALLED_MOST && find(pc, &of); i++, pc = s.of[RETURN] - 1) {
        const bool ours = of.map == own.map;
        if (!ours) {
            uint64_t base, object = record_of(&of, &base);
            if (!object)
                break;
            frames[count++] = (vprec_called){object, pc - base};
        }
        if (!unwind(&s, &of, pc, ours))
            break;
    }
    const size_t bytes = count * sizeof *frames;
    vprec_stack_record *record = count ? vprec_record_room(sizeof *record + bytes) : NULL;
    if (!record)
        return 0;
    record->count = count;
    memcpy(record->frame, frames, bytes);
    const uint64_t offset = vprec_record_offset(record);
    vprec_record_done(record, VPREC_RECORD_STACK, sizeof *record + bytes);
    return offset;
}

void vprec_backtrace_begin(void)
{
    static bool asked;
    vprec_library libc;
    uint32_t symbol;
    /* By name: were it linked to, vprec would need a C library that has it. */
    for (const struct link_map *map = asked ? NULL : _r_debug.r_map; map && !find_object; map = map->l_next) {
        if (strcmp(vprec_name_base(map->l_name), "libc.so.6") || !vprec_library_read(&libc, map) ||
            !(symbol = vprec_library_find(&libc, "_dl_find_object", 0)))
            continue;
        const uint64_t address = vprec_library_address(&libc, symbol);
        memcpy(&find_object, &address, sizeof find_object);
    }
    asked = true;
    if (find_object)
        vprec_first_trace = trace;
}
