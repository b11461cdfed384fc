/* SPDX-License-Identifier: Apache-2.0
 * code.c: see code.h. Functions that symbols or FDEs name are swept linearly;
 * what lies between them is decoded only where something refers to it, so that
 * data in text is not taken for code. */
#include "code.h"
#include "live.h"
#include "plt.h"
#include <elf.h>

/* An address that code computes (lea) or holds as an immediate. */
typedef struct reference {
    uint64_t from, to;
} reference;

typedef struct reader {
    vprec_codemap *map;
    vprec_vec todo;       /* uint64_t: addresses to decode that no function covers */
    vprec_vec references; /* reference: lea of addresses outside of code: perhaps jump tables */
    vprec_vec branches;   /* vprec_edge: every relative branch */
    vprec_vec loads;      /* vprec_extent: readable segments */
    vprec_vec ranges;     /* vprec_extent: code in the windows */
    vprec_vec gated;      /* uint64_t: words of the GOT that lead to functions with gates; sorted */
    const vprec_vec *gates; /* those, or somebody else's */
    const vprec_vec *tails; /* uint64_t: starts of functions in the object that may have gates; sorted. NULL: none */
    uint64_t entry;       /* where control has come to; 0 nowhere */
    vprec_vec *outside;   /* uint64_t: where jumps lead outside of the windows; NULL: nobody asks */
    vprec_vec *tabled;    /* likewise what may be jump tables */
    vprec_vec *called;    /* likewise calls, and addresses that are computed */
    uint32_t ops;
    bool failed;          /* no memory */
} reader;

static bool add_u64(reader *r, vprec_vec *vec, uint64_t value)
{
    bool added = vprec_vec_add_u64(vec, value);
    r->failed |= !added;
    return added;
}

static void add_pair(reader *r, vprec_vec *vec, uint64_t from, uint64_t to)
{
    reference *p = vprec_vec_add(vec, 1);
    if (p)
        *p = (reference){from, to};
    else
        r->failed = true;
}

static bool in_ranges(const vprec_vec *ranges, uint64_t address, uint64_t *end)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const vprec_extent *range = &VPREC_AT(*ranges, vprec_extent, i);
        if (address >= range->start && address < range->end) {
            if (end)
                *end = range->end;
            return true;
        }
    }
    return false;
}

static bool is_code(const reader *r, uint64_t address)
{
    return in_ranges(&r->ranges, address, NULL);
}

/* Code refers to `address`: a new place to decode if nothing covers it yet. */
static void refer(reader *r, uint64_t address, uint32_t mark)
{
    if (!is_code(r, address))
        return;
    uint32_t *m = vprec_mark(r->map, address);
    *m |= mark;
    if (!(*m & (VPREC_START | VPREC_INSIDE)))
        add_u64(r, &r->todo, address);
}

/* What reads as a jump table names `address`. Where control has come to code that no function tells of this is no
 * proof: tables are read further than they go. */
static void suspect(reader *r, uint64_t address)
{
    if (!r->entry)
        refer(r, address, VPREC_TARGET);
    else if (is_code(r, address))
        *vprec_mark(r->map, address) |= VPREC_TARGET;
}

/* Something leads to `address`, perhaps out of the windows. */
static void note_outside(reader *r, vprec_vec *outside, uint64_t address)
{
    if (outside && !vprec_in_code(r->map, address) && in_ranges(&r->map->object->code, address, NULL))
        add_u64(r, outside, address);
}

/* Notes what the instruction at `address` refers to. */
static void note(reader *r, uint64_t address, const vprec_insn *insn)
{
    switch (insn->flow) {
    case VPREC_FLOW_CALL:
        refer(r, insn->target, VPREC_TARGET | VPREC_ENTRY | VPREC_CALLED);
        note_outside(r, r->called, insn->target);
        break;
    case VPREC_FLOW_JMP:
    case VPREC_FLOW_JCC:
    case VPREC_FLOW_SHORT:
    case VPREC_FLOW_XBEGIN:
        add_pair(r, &r->branches, address, insn->target);
        refer(r, insn->target, VPREC_TARGET);
        note_outside(r, r->outside, insn->target);
        break;
    default:
        if (insn->loads_address && insn->disp_offset) {
            if (is_code(r, insn->target))
                refer(r, insn->target, VPREC_TARGET | VPREC_ENTRY);
            else
                add_pair(r, &r->references, address, insn->target);
            note_outside(r, r->called, insn->target);
        }
        if (insn->has_imm32 && !r->map->object->pie) {
            if (is_code(r, insn->imm32))
                refer(r, insn->imm32, VPREC_TARGET | VPREC_ENTRY);
            else
                add_pair(r, &r->references, address, insn->imm32);
        }
        break;
    }
}

static void read_gated(reader *r, bool (*gated)(const char *name))
{
    const vprec_vec *imports = &r->map->object->imports;
    for (size_t i = 0; i < imports->count && gated; i++)
        if (gated(VPREC_AT(*imports, vprec_import, i).name))
            add_u64(r, &r->gated, VPREC_AT(*imports, vprec_import, i).slot);
}

static bool is_gated(const reader *r, uint64_t slot)
{
    return vprec_sorted_has(r->gates, slot);
}

/* What is in the same windows needs no mark: whoever clones it knows where it leads. */
static bool is_gated_function(const reader *r, uint64_t at)
{
    return r->tails && vprec_sorted_has(r->tails, at) && !vprec_in_code(r->map, at);
}

/* VPREC_TAIL or VPREC_HAS_GATED: a jump or a call leads, perhaps by the PLT, through a word of the GOT to a function
 * that may have a gate. */
static uint32_t leads_to_gate(const reader *r, const vprec_insn *insn)
{
    uint64_t at = insn->target, end;
    switch (insn->flow) {
    case VPREC_FLOW_IJMP: return insn->disp_offset && is_gated(r, at) ? VPREC_TAIL : 0;
    case VPREC_FLOW_ICALL: return insn->disp_offset && is_gated(r, at) ? VPREC_HAS_GATED : 0;
    case VPREC_FLOW_JMP:
    case VPREC_FLOW_JCC:
    case VPREC_FLOW_CALL:
        if (!in_ranges(&r->map->object->plt, at, &end) && !in_ranges(&r->map->object->code, at, &end))
            return 0;
        if (!is_gated_function(r, at) && (end - at < VPREC_PLT_BYTES || !is_gated(r, vprec_plt_slot(at))))
            return 0;
        return insn->flow == VPREC_FLOW_CALL ? VPREC_HAS_GATED : VPREC_TAIL;
    default: return 0;
    }
}

static void set_marks(const reader *r, uint64_t address, const vprec_insn *insn)
{
    uint32_t *m = vprec_mark(r->map, address), what = VPREC_START;
    if (insn->cls == VPREC_SITE && r->ops & vprec_ops_of((enum vprec_op)insn->op))
        what |= insn->type == VPREC_F32 ? VPREC_HAS_F32 : VPREC_HAS_F64;
    else if (insn->cls == VPREC_REFUSED)
        what |= VPREC_HAS_REFUSED;
    else if (insn->cls == VPREC_CONTROL)
        what |= VPREC_HAS_CONTROL;
    else if (insn->cls == VPREC_SYSCALL)
        what |= VPREC_HAS_SYSCALL;
    /* only a callee in the same object can be known to keep registers */
    if (insn->flow == VPREC_FLOW_CALL && in_ranges(&r->map->object->code, insn->target, NULL))
        what |= VPREC_HAS_CALL;
    if (insn->flow == VPREC_FLOW_CALL || insn->flow == VPREC_FLOW_ICALL)
        what |= VPREC_RETURNS;
    if (insn->flow == VPREC_FLOW_IJMP)
        what |= VPREC_HAS_INDIRECT;
    if (insn->extended)
        what |= VPREC_HAS_EXTENDED;
    if (insn->vex)
        what |= VPREC_HAS_VEX;
    if (vprec_flow_ends(insn->flow))
        what |= VPREC_ENDS;
    if (r->gates->count || (r->tails && r->tails->count))
        what |= leads_to_gate(r, insn);
    *m |= what;
    for (unsigned i = 1; i < insn->length; i++)
        m[i] |= VPREC_INSIDE;
}

/* Linear sweep of a named function. Stops at what is no instruction. */
static void sweep(reader *r, uint64_t start, uint64_t end)
{
    vprec_codemap *map = r->map;
    vprec_insn insn;
    for (uint64_t at = start; at < end; at += insn.length) {
        if (!vprec_insn_decode(vprec_bytes(map, at), end - at < 15 ? end - at : 15, at, &insn)) {
            map->undecoded += end - at;
            return;
        }
        set_marks(r, at, &insn);
        note(r, at, &insn);
    }
}

/* Straight-line code from a referenced address in a gap, to its end or to
 * known code. Two passes: nothing is marked unless all of it is valid. */
static void decode_gap(reader *r, uint64_t start)
{
    vprec_codemap *map = r->map;
    uint64_t limit;
    if (!in_ranges(&r->ranges, start, &limit))
        return;
    for (int pass = 0; pass < 2; pass++) {
        vprec_insn insn;
        for (uint64_t at = start;; at += insn.length) {
            if (at >= limit || *vprec_mark(map, at) & VPREC_START) {
                if (at >= limit)
                    return; /* runs off the section: data */
                break;
            }
            if (*vprec_mark(map, at) & VPREC_INSIDE ||
                !vprec_insn_decode(vprec_bytes(map, at), limit - at < 15 ? limit - at : 15, at, &insn))
                return;
            bool relative = insn.flow == VPREC_FLOW_JMP || insn.flow == VPREC_FLOW_JCC || insn.flow == VPREC_FLOW_CALL;
            if (relative && !in_ranges(&map->object->code, insn.target, NULL) &&
                !in_ranges(&map->object->plt, insn.target, NULL))
                return; /* a branch out of the object: data */
            if (pass) {
                set_marks(r, at, &insn);
                note(r, at, &insn);
            }
            if (vprec_flow_ends(insn.flow))
                break;
        }
    }
}

/* Whether an instruction that is known starts behind the first byte. */
static bool is_entered(const vprec_codemap *map, uint64_t at, unsigned length)
{
    for (unsigned i = 1; i < length; i++)
        if (*vprec_mark(map, at + i) & VPREC_START)
            return true;
    return false;
}

/* Of generated code, which nothing leads to but what was executed: it is code as far as it can be decoded, goes where
 * it likes, and may run into what was read before. Not over it, however: what comes to such a place is read from there
 * when it does. Likewise behind int3, where a Lisp has numbers for its handler, which goes on elsewhere. */
static void decode_executed(reader *r, uint64_t start)
{
    enum { INT3 = 0xCC };
    vprec_codemap *map = r->map;
    uint64_t limit;
    vprec_insn insn;
    if (!in_ranges(&r->ranges, start, &limit))
        return;
    for (uint64_t at = start; at < limit; at += insn.length) {
        if (*vprec_mark(map, at) & (VPREC_START | VPREC_INSIDE) ||
            !vprec_insn_decode(vprec_bytes(map, at), limit - at < 15 ? limit - at : 15, at, &insn) ||
            is_entered(map, at, insn.length))
            return;
        set_marks(r, at, &insn);
        note(r, at, &insn);
        if (vprec_flow_ends(insn.flow) || *vprec_bytes(map, at) == INT3)
            return;
    }
}

static void drain(reader *r)
{
    while (r->todo.count && !r->failed) {
        uint64_t address = VPREC_AT(r->todo, uint64_t, --r->todo.count);
        if (!(*vprec_mark(r->map, address) & (VPREC_START | VPREC_INSIDE)))
            (r->map->object->file ? decode_gap : decode_executed)(r, address);
    }
}

/* Readable segments, from the file's program headers. */
static void read_loads(reader *r)
{
    const vprec_object *o = r->map->object;
    if (!o->file) /* generated code */
        return;
    const Elf64_Ehdr *eh = (const void *)o->file;
    const Elf64_Phdr *ph = (const void *)(o->file + eh->e_phoff);
    for (int i = 0; i < eh->e_phnum; i++) {
        if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_R))
            continue;
        uint64_t start = o->bias + ph[i].p_vaddr;
        add_pair(r, &r->loads, start, start + ph[i].p_filesz);
    }
}

bool vprec_code_is_constant(const vprec_codemap *map, uint64_t address)
{
    const vprec_object *o = map->object;
    if (!o->file)
        return false;
    const Elf64_Ehdr *eh = (const void *)o->file;
    const Elf64_Phdr *ph = (const void *)(o->file + eh->e_phoff);
    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && address - o->bias - ph[i].p_vaddr < ph[i].p_memsz)
            return !(ph[i].p_flags & PF_W);
    return false;
}

long vprec_code_function_at(const vprec_codemap *map, uint64_t address)
{
    size_t low = VPREC_UP_TO(map->functions, vprec_code_function, end, address);
    if (low < map->functions.count && VPREC_AT(map->functions, vprec_code_function, low).start <= address)
        return (long)low;
    return -1;
}

/* A jump table is a run of 32-bit offsets from its own start to instruction
 * starts near the code that loads its address. Reading too far only adds marks. */
static void read_table(reader *r, uint64_t from, uint64_t table)
{
    uint64_t end;
    if (table & 3 || !in_ranges(&r->loads, table, &end))
        return;
    for (uint64_t at = table; at + 4 <= end; at += 4) {
        uint64_t target = table + (uint64_t)(int64_t)*(const int32_t *)at;
        if (!in_ranges(&r->map->object->code, target, NULL) || target + (1 << 20) < from || target > from + (1 << 20))
            break;
        note_outside(r, r->tabled, target);
        if (!is_code(r, target))
            continue;
        uint32_t mark = *vprec_mark(r->map, target);
        if (mark & VPREC_INSIDE && !(mark & VPREC_START))
            break;
        suspect(r, target);
    }
}

static void read_tables(reader *r)
{
    /* tables can reveal code that refers to more tables */
    for (size_t i = 0; i < r->references.count && !r->failed; i++) {
        reference ref = VPREC_AT(r->references, reference, i);
        read_table(r, ref.from, ref.to);
        drain(r);
    }
}

/* Where code of a gap is entered, as far as it tells itself; 0: it does not. */
static uint64_t entry_in(const reader *r, uint64_t start, uint64_t end)
{
    return *vprec_mark(r->map, start) & VPREC_CALLED ? start : r->entry >= start && r->entry < end ? r->entry : 0;
}

/* Functions: symbol ranges, and what was decoded between them. */
static void list_functions(reader *r)
{
    vprec_codemap *map = r->map;
    const vprec_vec *symbols = &map->object->symbols;
    size_t next = 0;
    for (size_t i = 0; i < r->ranges.count; i++) {
        vprec_extent range = VPREC_AT(r->ranges, vprec_extent, i);
        uint64_t at = range.start;
        while (at < range.end) {
            while (next < symbols->count && VPREC_AT(*symbols, vprec_symbol, next).start < at)
                next++;
            const vprec_symbol *s = next < symbols->count ? &VPREC_AT(*symbols, vprec_symbol, next) : NULL;
            uint64_t stop = s && s->start < range.end ? s->start : range.end;
            if (at == stop) { /* a symbol: to its end, the next symbol or the end of the section */
                const vprec_symbol *after = next + 1 < symbols->count ? s + 1 : NULL;
                uint64_t end = after && after->start < range.end ? after->start : range.end;
                if (s->end > s->start && s->end < end)
                    end = s->end;
                vprec_code_function *f = vprec_vec_add(&map->functions, 1);
                if (!f) {
                    r->failed = true;
                    return;
                }
                *f = (vprec_code_function){.start = at, .end = end, .name = s->name, .entry = at};
                at = end;
                continue;
            }
            /* a gap: runs of decoded bytes; what is called, or entered, and not fallen into begins a run of its own */
            uint64_t start = 0, last = 0;
            bool ended = false;
            for (uint64_t a = at; a <= stop; a++) {
                uint32_t mark = a < stop ? *vprec_mark(map, a) : 0;
                bool known = mark & (VPREC_START | VPREC_INSIDE);
                bool begins = mark & VPREC_START && (mark & VPREC_CALLED || a == r->entry) && ended;
                if (start && (a == stop || !known || begins)) {
                    vprec_code_function *f = vprec_vec_add(&map->functions, 1);
                    if (!f) {
                        r->failed = true;
                        return;
                    }
                    *f = (vprec_code_function){.start = start, .end = last, .gap = true, .entry = entry_in(r, start, last)};
                    start = 0;
                }
                if (known && !start)
                    start = a;
                if (known)
                    last = a + 1;
                if (mark & VPREC_START)
                    ended = mark & VPREC_ENDS;
            }
            at = stop;
        }
    }
}

/* What nothing enters but jumps from others belongs to these. */
static void find_entries(const reader *r)
{
    const vprec_codemap *map = r->map;
    vprec_code_function *f = map->functions.data;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < r->branches.count; i++) {
            vprec_edge edge = VPREC_AT(r->branches, vprec_edge, i);
            long to = vprec_code_function_at(map, edge.to), from = to >= 0 && !f[to].entry
                                                                       ? vprec_code_function_at(map, edge.from)
                                                                       : -1;
            if (from >= 0 && f[from].entry) {
                f[to].entry = f[from].entry;
                more = true;
            }
        }
    }
    for (size_t i = 0; i < map->functions.count; i++)
        f[i].entry = f[i].entry ? f[i].entry : f[i].start;
}

/* Runs of a gap with one entry, and no more than an alignment between them, are one function; not what lies around code
 * that was translated before. */
static void join_runs(vprec_codemap *map)
{
    enum { FILLER = 32 };
    vprec_code_function *f = map->functions.data;
    size_t kept = 0;
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *last = kept ? &f[kept - 1] : NULL;
        if (last && last->gap && f[i].gap && last->entry == f[i].entry && f[i].start < last->end + FILLER &&
            vprec_window_at(map, last->start) == vprec_window_at(map, f[i].start))
            last->end = f[i].end;
        else
            f[kept++] = f[i];
    }
    map->functions.count = kept;
}

/* What assemblers put between functions: decoded, so that data is not taken for it. */
static void mark_filler(const reader *r)
{
    const vprec_codemap *map = r->map;
    for (size_t i = 0; i < map->functions.count; i++) {
        uint64_t at = VPREC_AT(map->functions, vprec_code_function, i).end, limit;
        vprec_insn insn;
        while (in_ranges(&r->ranges, at, &limit) && !*vprec_mark(map, at) &&
               vprec_insn_decode(vprec_bytes(map, at), limit - at < 15 ? limit - at : 15, at, &insn) && insn.padding) {
            for (unsigned b = 0; b < insn.length; b++)
                vprec_mark(map, at)[b] |= VPREC_FILLER;
            at += insn.length;
        }
    }
}

static void sweep_symbols(reader *r)
{
    const vprec_vec *symbols = &r->map->object->symbols;
    for (size_t i = 0; i < symbols->count; i++) {
        const vprec_symbol *s = &VPREC_AT(*symbols, vprec_symbol, i);
        uint64_t end;
        if (!in_ranges(&r->ranges, s->start, &end))
            continue;
        if (i + 1 < symbols->count && s[1].start < end)
            end = s[1].start;
        if (s->end > s->start && s->end < end)
            end = s->end;
        *vprec_mark(r->map, s->start) |= VPREC_ENTRY;
        sweep(r, s->start, end);
    }
}

static uint32_t root(vprec_codemap *map, uint32_t i)
{
    vprec_code_function *f = map->functions.data;
    while (f[i].joined != i) {
        f[i].joined = f[f[i].joined].joined;
        i = f[i].joined;
    }
    return i;
}

static void join(vprec_codemap *map, long a, long b)
{
    if (a < 0 || b < 0)
        return;
    uint32_t ra = root(map, (uint32_t)a), rb = root(map, (uint32_t)b);
    if (ra != rb)
        VPREC_AT(map->functions, vprec_code_function, rb).joined = ra;
}

/* Whether the instruction goes on behind itself; a call that data follow does not come back. */
static bool falls_through(const vprec_codemap *map, uint64_t at)
{
    vprec_insn insn;
    return vprec_insn_decode(vprec_bytes(map, at), vprec_room(map, at), at, &insn) && !vprec_flow_ends(insn.flow) &&
           insn.flow != VPREC_FLOW_CALL && insn.flow != VPREC_FLOW_ICALL && !insn.padding;
}

/* Counts each function's arithmetic, collects its extended registers. */
static void describe_functions(reader *r)
{
    enum { BESIDE = 32 }; /* hand-written kernels keep registers by conventions of their own, also by pointer */
    vprec_codemap *map = r->map;
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        f->joined = (uint32_t)i;
        uint64_t last = f->start; /* instruction */
        for (uint64_t at = f->start; at < f->end; at++) {
            uint32_t mark = *vprec_mark(map, at);
            if (!(mark & VPREC_START)) {
                if (!(mark & VPREC_INSIDE)) {
                    if (f->runs_on && !f->unknown && !(mark & VPREC_FILLER) && falls_through(map, last)) {
                        f->unknown = at;
                        f->refused++;
                    }
                    f->runs_on = false;
                }
                continue;
            }
            last = at;
            f->sites[VPREC_F32] += !!(mark & VPREC_HAS_F32);
            f->sites[VPREC_F64] += !!(mark & VPREC_HAS_F64);
            f->refused += !!(mark & VPREC_HAS_REFUSED);
            f->controls += !!(mark & VPREC_HAS_CONTROL);
            f->tails += !!(mark & VPREC_TAIL);
            f->syscalls += !!(mark & VPREC_HAS_SYSCALL);
            f->gated_calls += !!(mark & VPREC_HAS_GATED);
            f->calls |= !!(mark & VPREC_HAS_CALL);
            f->indirect_jumps |= !!(mark & VPREC_HAS_INDIRECT);
            f->vex |= !!(mark & VPREC_HAS_VEX);
            f->runs_on = !(mark & VPREC_ENDS);
            if (mark & VPREC_HAS_EXTENDED) {
                vprec_decoded decoded;
                vprec_insn_whole(vprec_bytes(map, at), vprec_room(map, at), at, &decoded);
                f->vectors |= (decoded.registers.reads | decoded.registers.writes) & 0xFFFF0000u;
                f->masks |= decoded.registers.mask_reads | decoded.registers.mask_writes;
                f->extended = true;
            }
        }
    }
    for (size_t i = 0; i < r->branches.count; i++) {
        vprec_edge edge = VPREC_AT(r->branches, vprec_edge, i);
        if (!vprec_in_code(map, edge.to))
            continue;
        long from = vprec_code_function_at(map, edge.from), to = vprec_code_function_at(map, edge.to);
        if (from == to || to < 0)
            continue;
        join(map, from, to);
        add_pair(r, &map->edges, edge.from, edge.to);
    }
    for (size_t i = 0; i + 1 < map->functions.count; i++) {
        vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        bool beside = f->gap && f[1].gap && f[1].start < f->end + BESIDE;
        if ((f->runs_on && f->end == f[1].start) || beside)
            join(map, (long)i, (long)i + 1);
    }
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        vprec_code_function *top = &VPREC_AT(map->functions, vprec_code_function, root(map, (uint32_t)i));
        top->vectors |= f->vectors;
        top->masks |= f->masks;
        top->vex |= f->vex;
    }
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        const vprec_code_function *top = &VPREC_AT(map->functions, vprec_code_function, root(map, (uint32_t)i));
        f->vectors = top->vectors;
        f->masks = top->masks;
        f->vex = top->vex;
    }
}

/* Marks the instructions of [start, end) that follow one which ends the flow
 * and that nobody is known to lead to; with `all`, those behind a conditional
 * jump as well. */
static bool mark_followers(vprec_codemap *map, uint64_t start, uint64_t end, bool all)
{
    bool found = false, open = true; /* control can arrive from the instruction before */
    vprec_insn insn;
    for (uint64_t at = start; at < end; at++) {
        uint32_t *mark = vprec_mark(map, at);
        if (!(*mark & VPREC_START)) {
            open |= !(*mark & VPREC_INSIDE); /* behind what is no code, nothing is known */
            continue;
        }
        if (!open && !(*mark & VPREC_TARGET)) {
            if (!vprec_insn_decode(vprec_bytes(map, at), vprec_room(map, at), at, &insn) || insn.padding)
                continue;
            *mark |= VPREC_TARGET;
            found = true;
        }
        const uint8_t *bytes = vprec_bytes(map, at);
        bool conditional = bytes[0] >> 4 == 7 || (bytes[0] == 0x0F && mark[1] & VPREC_INSIDE && bytes[1] >> 4 == 8);
        open = !(*mark & VPREC_ENDS) && !(all && conditional);
    }
    return found;
}

/* In a function that jumps indirectly, what follows an unconditional jump or a
 * return and is nobody's target must be reached through a table that was not
 * recognized: an interpreter's dispatch by 16-bit offsets, say. Such a table
 * can also name places that the code before them falls into. */
static void mark_unlisted(vprec_codemap *map)
{
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (f->indirect_jumps && (f->sites[0] || f->sites[1] || f->refused) &&
            mark_followers(map, f->start, f->end, false))
            mark_followers(map, f->start, f->end, true);
    }
}

/* A compiler that knows its own callees may keep extended registers, which
 * every caller saves by convention, across a call. */
static void find_live_across_calls(reader *r)
{
    vprec_codemap *map = r->map;
    vprec_vec live = VPREC_VEC(vprec_live);
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->calls || !f->extended)
            continue;
        uint32_t written, masks_written;
        if (!vprec_live_read(map, f, &live, &written, &masks_written)) {
            r->failed = true;
            break;
        }
        for (size_t j = 0; j < live.count; j++) {
            const vprec_live *l = &VPREC_AT(live, vprec_live, j);
            if (l->calls) {
                map->live_vectors |= l->after & f->vectors;
                map->live_masks |= l->masks_after & f->masks;
            }
        }
    }
    vprec_vec_free(&live);
}

/* The code in the windows. */
static void read_ranges(reader *r)
{
    const vprec_vec *code = &r->map->object->code;
    for (size_t w = 0; w < r->map->windows.count; w++) {
        const vprec_window *window = &VPREC_AT(r->map->windows, vprec_window, w);
        for (size_t i = 0; i < code->count; i++) {
            vprec_extent e = VPREC_AT(*code, vprec_extent, i);
            uint64_t start = e.start > window->start ? e.start : window->start;
            uint64_t end = e.end < window->end ? e.end : window->end;
            if (start < end)
                add_pair(r, &r->ranges, start, end);
        }
    }
}

static void read_all(reader *r)
{
    vprec_codemap *map = r->map;
    const vprec_object *object = map->object;
    read_loads(r);
    sweep_symbols(r);
    for (size_t i = 0; i < object->pointers.count; i++)
        refer(r, VPREC_AT(object->pointers, uint64_t, i), VPREC_TARGET | VPREC_ENTRY | VPREC_CALLED);
    for (size_t i = 0; i < object->pads.count; i++)
        refer(r, VPREC_AT(object->pads, uint64_t, i), VPREC_TARGET | VPREC_ENTRY);
    drain(r);
    read_tables(r);
    list_functions(r);
    find_entries(r);
    join_runs(map);
    mark_filler(r);
    describe_functions(r);
    mark_unlisted(map);
    find_live_across_calls(r);
    vprec_vec_free(&r->todo);
    vprec_vec_free(&r->references);
    vprec_vec_free(&r->branches);
    vprec_vec_free(&r->loads);
    vprec_vec_free(&r->gated);
    vprec_vec_free(&r->ranges);
}

enum { SLACK = 16 }; /* marks behind a window: an instruction's last bytes may lie there */

static reader begin(vprec_codemap *map, const vprec_object *object, uint32_t ops)
{
    *map = (vprec_codemap){.object = object, .functions = VPREC_VEC(vprec_code_function),
                           .edges = VPREC_VEC(vprec_edge), .windows = VPREC_VEC(vprec_window)};
    return (reader){.map = map, .ops = ops, .todo = VPREC_VEC(uint64_t), .references = VPREC_VEC(reference),
                    .branches = VPREC_VEC(vprec_edge), .loads = VPREC_VEC(vprec_extent),
                    .ranges = VPREC_VEC(vprec_extent), .gated = VPREC_VEC(uint64_t)};
}

/* Room for the windows' marks. False: no memory. */
static bool make_marks(vprec_codemap *map)
{
    vprec_window *windows = map->windows.data;
    for (size_t i = 0; i < map->windows.count; i++) {
        windows[i].index = map->mark_count;
        map->mark_count += windows[i].end - windows[i].start + SLACK;
    }
    map->lo = windows[0].start;
    map->hi = windows[map->windows.count - 1].end;
    map->marks = vprec_pages(map->mark_count * sizeof *map->marks);
    return map->marks;
}

bool vprec_code_read(vprec_codemap *map, const vprec_object *object, uint32_t ops, bool (*gated)(const char *name))
{
    reader r = begin(map, object, ops);
    r.gates = &r.gated;
    if (!object->code.count)
        return true;
    vprec_window *all = vprec_vec_add(&map->windows, 1);
    if (!all)
        return false;
    *all = (vprec_window){.start = VPREC_AT(object->code, vprec_extent, 0).start,
                          .end = VPREC_AT(object->code, vprec_extent, object->code.count - 1).end};
    if (!make_marks(map))
        return false;
    read_gated(&r, gated);
    read_ranges(&r);
    read_all(&r);
    return !r.failed;
}

bool vprec_code_read_part(vprec_codemap *map, const vprec_object *object, uint32_t ops, vprec_code_part *part)
{
    reader r = begin(map, object, ops);
    r.gates = part->gates;
    r.tails = part->tails;
    r.entry = part->entry;
    r.outside = &part->outside;
    r.tabled = &part->tabled;
    r.called = part->references;
    vprec_window *windows = vprec_vec_add(&map->windows, part->windows.count);
    if (!windows)
        return false;
    for (size_t i = 0; i < part->windows.count; i++) {
        vprec_extent e = VPREC_AT(part->windows, vprec_extent, i);
        windows[i] = (vprec_window){.start = e.start, .end = e.end};
    }
    if (!make_marks(map))
        return false;
    map->copy_bytes = map->mark_count;
    map->copy = vprec_pages(map->copy_bytes);
    if (!map->copy)
        return false;
    for (size_t i = 0; i < map->windows.count; i++) {
        vprec_window *w = &windows[i];
        uint8_t *to = map->copy + w->index;
        part->read(part->data, w->start, to, w->end - w->start);
        w->shadow = (uint64_t)to - w->start;
    }
    read_ranges(&r);
    if (part->entry)
        refer(&r, part->entry, VPREC_TARGET | VPREC_ENTRY);
    read_all(&r);
    return !r.failed;
}

void vprec_code_release(vprec_codemap *map)
{
    vprec_pages_free(map->marks, map->mark_count * sizeof *map->marks);
    map->marks = NULL;
    vprec_pages_free(map->copy, map->copy_bytes);
    map->copy = NULL;
    vprec_vec_free(&map->windows);
    vprec_vec_free(&map->functions);
    vprec_vec_free(&map->edges);
}
