/* SPDX-License-Identifier: Apache-2.0
 * shifters.c: see shifters.h. A forward data-flow analysis: what each register and stack slot holds, as far as it is of
 * interest. Few functions have the constants that make it worth the time. */
#include "shifters.h"
#include "live.h"
#include "x86/data.h"
#include "x86/shifter.h"
#include <string.h>

enum { RAX = 0, RCX = 1, RDX = 2, RSP = 4, VECTORS = 32, GENERALS = 16, SLOTS = 48, WIDEST = 64, EVERY_LANE = 0xFFFF };

enum kind {
    UNKNOWN,
    CONSTANT, /* `bytes` of `data`, zeros above them */
    STACK,    /* an address: `at` from where rsp was at `base` */
    POINTER,  /* an address: `at` from `base`, a register on entry, or GENERALS + the value that is a place */
    PLACE,    /* whatever lies where the value `base` points to */
    SUM,      /* of the addition `node` with the addend `base` */
    BUILT,    /* bits of an integer below a constant's exponent */
    RAISED,   /* what is left when `node` has taken that constant off */
    CONVERTED, /* by `node` from a 32-bit integer */
    SCALED    /* one that `node` has multiplied by 2^16 or 2^32; `base` has converted it */
};

typedef struct value {
    uint8_t kind, bytes;
    bool unsure; /* it was where others may have written */
    bool minus;  /* of a SUM: its addend is subtracted */
    int32_t node;
    uint32_t base;
    int64_t at;
    uint8_t data[WIDEST];
} value;

typedef struct slot {
    uint32_t base, id; /* as of a STACK; the value */
    int64_t at;
    uint32_t bytes;
} slot;

/* Before an instruction: ids of values, 0 UNKNOWN. */
typedef struct state {
    uint32_t vectors[VECTORS], generals[GENERALS];
    uint32_t slot_count;
    bool reached;
    slot slots[SLOTS];
} state;

typedef struct note {
    vprec_data data;  /* of what is no site */
    int32_t state;    /* at what is jumped to: its index among the states, else -1 */
    uint8_t exact, addend; /* for vprec_live, if `used` */
    uint16_t lanes;   /* of them, those that are */
    bool used;
    int32_t sum;      /* of what takes a shifter off: the addition; else -1 */
} note;

typedef struct analysis {
    const vprec_codemap *map;
    const vprec_code_function *function;
    vprec_vec *live;
    uint32_t types;
    note *notes;
    vprec_vec values, states;
    vprec_vec written; /* uint64_t: addresses, as values, that the function writes to: what lies there is no constant */
    uint32_t *table; /* of values, by hash; 0: free */
    size_t table_size;
    bool escaped;    /* others have an address in the stack */
    bool changed, final;
    state now, landings; /* what is so here; at all targets of indirect jumps */
} analysis;

static value *value_at(const analysis *a, uint32_t id)
{
    return &VPREC_AT(a->values, value, id);
}

static uint8_t kind_of(const analysis *a, uint32_t id)
{
    return value_at(a, id)->kind;
}

static bool is_same(const value *v, const value *w)
{
    return v->kind == w->kind && v->bytes == w->bytes && v->unsure == w->unsure && v->minus == w->minus &&
           v->node == w->node && v->base == w->base && v->at == w->at && !memcmp(v->data, w->data, WIDEST);
}

/* The id of an equal value. UNKNOWN's where there is no more room. */
static uint32_t intern(analysis *a, const value *v)
{
    uint64_t hash = v->kind + 8u * v->bytes + ((uint64_t)v->base << 20) + ((uint64_t)(uint32_t)v->node << 9) +
                    (uint64_t)v->at * 31;
    for (unsigned i = 0; i < WIDEST; i += 8) {
        uint64_t word;
        memcpy(&word, v->data + i, 8);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    size_t mask = a->table_size - 1, i = hash & mask;
    for (; a->table[i]; i = (i + 1) & mask)
        if (is_same(value_at(a, a->table[i]), v))
            return a->table[i];
    if (a->values.count >= a->table_size / 2)
        return UNKNOWN;
    value *to = vprec_vec_add(&a->values, 1);
    if (!to)
        return UNKNOWN;
    *to = *v;
    return a->table[i] = (uint32_t)a->values.count - 1;
}

static value blank(enum kind kind)
{
    return (value){.kind = (uint8_t)kind};
}

static uint32_t constant(analysis *a, const void *data, unsigned bytes, bool unsure)
{
    value v = blank(CONSTANT);
    v.bytes = (uint8_t)(bytes < WIDEST ? bytes : WIDEST);
    v.unsure = unsure;
    memcpy(v.data, data, v.bytes);
    return intern(a, &v);
}

/* `at` from the address that the value is. */
static uint32_t offset(analysis *a, uint32_t id, int64_t at)
{
    value v = *value_at(a, id);
    uint64_t address;
    switch (v.kind) {
    case CONSTANT:
        if (v.bytes > 8)
            return UNKNOWN;
        memcpy(&address, v.data, 8);
        address += (uint64_t)at;
        return constant(a, &address, 8, v.unsure);
    case STACK:
    case POINTER:
        v.at += at;
        return intern(a, &v);
    case PLACE:
        v = blank(POINTER);
        v.base = GENERALS + id;
        v.at = at;
        return intern(a, &v);
    default:
        return UNKNOWN;
    }
}

/* Where an operand in memory lies; UNKNOWN: nobody knows. */
static uint32_t address_of(analysis *a, const vprec_mem *mem)
{
    if (mem->index != VPREC_MEM_NONE || mem->segment || mem->address32)
        return UNKNOWN;
    if (mem->base < GENERALS)
        return offset(a, a->now.generals[mem->base], mem->disp);
    return constant(a, &mem->disp, sizeof mem->disp, false);
}

static slot *slot_at(analysis *a, const value *address, unsigned bytes)
{
    for (unsigned i = 0; i < a->now.slot_count; i++) {
        slot *s = &a->now.slots[i];
        if (s->base == address->base && s->at == address->at && s->bytes >= bytes)
            return s;
    }
    return NULL;
}

/* The first `bytes` of a value. */
static uint32_t cut(analysis *a, uint32_t id, unsigned bytes)
{
    const value *v = value_at(a, id);
    return v->kind == CONSTANT && v->bytes > bytes ? constant(a, v->data, bytes, v->unsure) : id;
}

static bool lies_in_constants(const analysis *a, uint64_t address, unsigned bytes)
{
    return vprec_code_is_constant(a->map, address) && vprec_code_is_constant(a->map, address + bytes - 1);
}

static uint32_t load(analysis *a, const vprec_mem *mem, unsigned bytes)
{
    uint32_t id = address_of(a, mem);
    const value *at = value_at(a, id);
    if (!bytes || at->kind == UNKNOWN)
        return UNKNOWN;
    if (at->kind == STACK) {
        const slot *s = slot_at(a, at, bytes);
        return s ? cut(a, s->id, bytes) : UNKNOWN;
    }
    uint64_t address = 0;
    memcpy(&address, at->data, at->kind == CONSTANT ? 8 : 0);
    if (at->kind == CONSTANT && !at->unsure && lies_in_constants(a, address, bytes))
        return constant(a, (const void *)address, bytes, false);
    for (size_t i = 0; i < a->written.count; i++)
        if (VPREC_AT(a->written, uint64_t, i) == id)
            return UNKNOWN;
    value v = blank(PLACE);
    v.base = id;
    return intern(a, &v);
}

static void note_written(analysis *a, uint32_t id)
{
    for (size_t i = 0; i < a->written.count; i++)
        if (VPREC_AT(a->written, uint64_t, i) == id)
            return;
    vprec_vec_add_u64(&a->written, id);
    a->changed = true;
}

static void drop_slot(analysis *a, unsigned i)
{
    a->now.slots[i] = a->now.slots[--a->now.slot_count];
}

/* Perhaps another value, in some of its elements. */
static uint32_t doubted(analysis *a, uint32_t id)
{
    value v = *value_at(a, id);
    v.unsure = true;
    return v.kind == UNKNOWN ? UNKNOWN : intern(a, &v);
}

/* What others may have written to is not sure any more. */
static void doubt_slots(analysis *a)
{
    for (unsigned i = 0; i < a->now.slot_count; i++)
        a->now.slots[i].id = doubted(a, a->now.slots[i].id);
}

static void store(analysis *a, const vprec_mem *mem, unsigned bytes, uint32_t id)
{
    uint32_t address = mem->size ? address_of(a, mem) : UNKNOWN;
    const value at = *value_at(a, address);
    if (at.kind != STACK) {
        if (at.kind != UNKNOWN)
            note_written(a, address);
        bool through_stack = mem->base < GENERALS && kind_of(a, a->now.generals[mem->base]) == STACK;
        if (a->escaped || through_stack || !mem->size)
            doubt_slots(a);
        return;
    }
    for (unsigned i = 0; i < a->now.slot_count;) {
        const slot *s = &a->now.slots[i];
        if (s->base == at.base && s->at < at.at + (int64_t)bytes && at.at < s->at + (int64_t)s->bytes)
            drop_slot(a, i);
        else
            i++;
    }
    if (id == UNKNOWN)
        return;
    if (a->now.slot_count == SLOTS)
        drop_slot(a, 0);
    a->now.slots[a->now.slot_count++] = (slot){at.base, id, at.at, bytes};
}

static uint32_t operand(analysis *a, int8_t reg, const vprec_mem *mem, unsigned bytes)
{
    if (reg == VPREC_REG_MEM)
        return load(a, mem, bytes);
    if (reg >= VPREC_REG_GPR)
        return a->now.generals[reg - VPREC_REG_GPR];
    return reg >= 0 ? a->now.vectors[reg] : UNKNOWN;
}

/* The first `element` bytes of a constant all over a register; others are the same anywhere in it. */
static uint32_t repeat(analysis *a, uint32_t id, unsigned element)
{
    const value *v = value_at(a, id);
    uint8_t data[WIDEST];
    if (v->kind != CONSTANT)
        return id;
    for (unsigned i = 0; i < WIDEST; i++)
        data[i] = v->data[i % element];
    return constant(a, data, WIDEST, v->unsure);
}

/* Whether all elements are the same, so that no shuffle changes them. */
static bool is_uniform(const value *v)
{
    return v->bytes >= 16 && (!memcmp(v->data, v->data + 4, v->bytes - 4u) ||
                              !memcmp(v->data, v->data + 8, v->bytes - 8u));
}

/* A constant of which elements go elsewhere. Of a single one it is asked where it has come to. */
static uint32_t shuffled(analysis *a, uint32_t id)
{
    const value *v = value_at(a, id);
    if (v->bytes <= 8)
        return doubted(a, repeat(a, id, v->bytes));
    return is_uniform(v) ? repeat(a, id, 8) : UNKNOWN;
}

/* Bits of numbers, or the upper half of them, whose last one is worth 1 or more. */
static bool is_exponent(uint32_t word)
{
    return (word >= 0x4B000000 && word < 0x5F000000) || (word >= 0x43300000 && word < 0x45A00000);
}

/* Whether the constant has the upper half of a number's bits whose last one is worth 1 or more. */
static bool has_exponent(const value *v)
{
    for (unsigned i = 0; i + 4 <= v->bytes; i += 4) {
        uint32_t word;
        memcpy(&word, v->data + i, 4);
        if (is_exponent(word))
            return true;
    }
    return false;
}

static uint32_t mix(analysis *a, const vprec_data *d, uint32_t x, uint32_t y)
{
    const value *v = value_at(a, x), *w = value_at(a, y);
    bool builds = (v->kind == CONSTANT && has_exponent(v)) || (w->kind == CONSTANT && has_exponent(w));
    value built = blank(BUILT);
    if (v->kind == CONSTANT && w->kind == CONSTANT)
        return x == y && !d->logic ? shuffled(a, x) : UNKNOWN;
    if (builds || v->kind == BUILT || w->kind == BUILT)
        return intern(a, &built);
    return x == y && !d->logic ? x : UNKNOWN;
}

/* A SUM's bits are taken for an integer. `shifted`: by more than logic, which compilers use for signs as well. */
static void use_bits(analysis *a, uint32_t id, bool shifted)
{
    const value *v = value_at(a, id);
    if (v->kind != SUM || !a->final)
        return;
    note *n = &a->notes[v->node];
    const vprec_site *site = &VPREC_AT(*a->live, vprec_live, v->node).decoded.site;
    const value *addend = value_at(a, v->base);
    uint64_t bits = 0;
    memcpy(&bits, addend->data, vprec_elem_size(site->to));
    bool halved = addend->kind == CONSTANT && vprec_shifter_of(site->to == VPREC_E_F64, bits) == VPREC_SHIFTER_HALVED;
    if (shifted || halved)
        n->used = true, n->lanes = EVERY_LANE;
}

static void use_data(analysis *a, const vprec_data *d)
{
    for (unsigned r = 0; r < VECTORS; r++)
        if (d->bits >> r & 1)
            use_bits(a, a->now.vectors[r], true);
    bool to_general = d->kind == VPREC_DATA_MOVE && d->to >= VPREC_REG_GPR && d->to < VPREC_REG_MEM;
    if ((d->bits_memory || (to_general && d->from == VPREC_REG_MEM)) && d->mem.size)
        use_bits(a, load(a, &d->mem, d->kind == VPREC_DATA_MOVE ? d->bytes : d->mem.size), true);
    if (d->kind == VPREC_DATA_MIX && d->logic) {
        use_bits(a, operand(a, d->from, &d->mem, d->mem.size), false);
        use_bits(a, operand(a, d->second, &d->mem, d->mem.size), false);
    }
}

/* What the instruction writes to its destination. */
static uint32_t result_of(analysis *a, const vprec_data *d)
{
    unsigned bytes = d->kind == VPREC_DATA_MIX ? d->mem.size : d->bytes;
    uint32_t x = operand(a, d->from, &d->mem, bytes);
    switch (d->kind) {
    case VPREC_DATA_MOVE:
        return cut(a, x, d->bytes);
    case VPREC_DATA_REPEAT:
        return repeat(a, x, d->bytes);
    case VPREC_DATA_OFFSET:
        return d->from == VPREC_REG_NONE ? constant(a, &d->imm, sizeof d->imm, false) : offset(a, x, d->imm);
    case VPREC_DATA_MIX:
        return mix(a, d, x, d->second == VPREC_REG_NONE ? x : operand(a, d->second, &d->mem, bytes));
    default:
        return UNKNOWN;
    }
}

static uint32_t stack_from(analysis *a, uint32_t base)
{
    value v = blank(STACK);
    v.base = base;
    return intern(a, &v);
}

static void step_data(analysis *a, const note *n, size_t i)
{
    const vprec_data *d = &n->data;
    use_data(a, d);
    uint32_t result = result_of(a, d);
    if (d->zeroed)
        result = doubted(a, result);
    bool copies_stack = d->kind == VPREC_DATA_MOVE && d->from >= VPREC_REG_GPR && d->from < VPREC_REG_MEM &&
                        kind_of(a, result) == STACK;
    if (d->stores) {
        a->escaped |= copies_stack;
        bool whole = d->kind == VPREC_DATA_MOVE && d->to == VPREC_REG_MEM && !d->masked;
        store(a, &d->mem, d->mem.size, whole ? result : UNKNOWN);
    }
    for (unsigned r = 0; r < VECTORS; r++)
        if (d->vectors >> r & 1)
            a->now.vectors[r] = r == (unsigned)d->to && (!d->masked || a->now.vectors[r] == result) ? result : UNKNOWN;
    for (unsigned r = 0; r < GENERALS; r++)
        if (d->general >> r & 1)
            a->now.generals[r] = (int)r == d->to - VPREC_REG_GPR ? result : UNKNOWN;
    if (d->pushed) {
        vprec_mem top = {.base = RSP, .index = VPREC_MEM_NONE, .scale = 1, .size = 8};
        a->now.generals[RSP] = offset(a, a->now.generals[RSP], -d->pushed);
        if (d->pushed > 0)
            store(a, &top, 8, UNKNOWN);
    }
    if (kind_of(a, a->now.generals[RSP]) != STACK)
        a->now.generals[RSP] = stack_from(a, (uint32_t)i + 1);
}

static void step_call(analysis *a)
{
    static const uint8_t arguments[] = {7, 6, RDX, RCX, 8, 9}, scratch[] = {RAX, RCX, RDX, 6, 7, 8, 9, 10, 11};
    for (unsigned i = 0; i < sizeof arguments; i++)
        a->escaped |= kind_of(a, a->now.generals[arguments[i]]) == STACK;
    if (a->escaped)
        doubt_slots(a);
    memset(a->now.vectors, 0, sizeof a->now.vectors);
    for (unsigned i = 0; i < sizeof scratch; i++)
        a->now.generals[scratch[i]] = UNKNOWN;
}

typedef struct lanes {
    unsigned shifters, all;
} lanes;

static uint64_t lane_of(const value *v, const vprec_site *site, unsigned i)
{
    unsigned size = vprec_elem_size(site->to);
    uint64_t bits = 0;
    if ((i + 1) * size <= v->bytes)
        memcpy(&bits, v->data + i * size, size);
    return bits;
}

static lanes lanes_of(const value *v, const vprec_site *site)
{
    lanes l = {0, site->lanes};
    for (unsigned i = 0; i < l.all; i++)
        l.shifters += vprec_shifter_of(site->to == VPREC_E_F64, lane_of(v, site, i)) != VPREC_SHIFTER_NONE;
    return l;
}

/* How exact a site with this addend is, if it is one of the kind. */
static enum vprec_exact exactness(const value *v, const vprec_site *site)
{
    if (v->kind == PLACE)
        return VPREC_EXACT_ASKED;
    if (v->kind != CONSTANT)
        return VPREC_EXACT_NOT;
    lanes l = lanes_of(v, site);
    return !l.shifters ? VPREC_EXACT_NOT : l.shifters == l.all && !v->unsure ? VPREC_EXACT_ALWAYS : VPREC_EXACT_ASKED;
}

/* In which lanes the value, subtracted (`minus`) or added, undoes the addition of the sum's addend. */
static uint16_t undoes(const analysis *a, const value *sum, uint32_t id, bool minus, const vprec_site *site)
{
    const value *v = value_at(a, id), *addend = value_at(a, sum->base);
    bool f64 = site->to == VPREC_E_F64;
    uint16_t lanes = 0;
    if (addend->kind == PLACE || v->kind != CONSTANT)
        return sum->base == id && sum->minus != minus ? EVERY_LANE : 0;
    for (unsigned i = 0; i < site->lanes; i++) {
        uint64_t x = lane_of(addend, site, i), y = lane_of(v, site, i), sign = vprec_elem_sign(site->to);
        bool added = !(x & sign) != sum->minus, taken = !(y & sign) == minus; /* a positive one */
        if (added == taken && vprec_shifter_of(f64, x) && vprec_shifter_of(f64, y) && vprec_shifter_same(f64, x, y))
            lanes |= (uint16_t)(1u << i);
    }
    return lanes;
}

/* Whether a built number's constant can be what is taken off: all of its last bits are worth 1 or more. */
static bool raises(const value *v, const vprec_site *site)
{
    uint64_t least = site->to == VPREC_E_F64 ? UINT64_C(0x4330000000000000) : 0x4B000000u; /* 2^52, 2^23 */
    for (unsigned i = 0; v->kind == CONSTANT && i < site->lanes; i++)
        if ((lane_of(v, site, i) & (vprec_elem_sign(site->to) - 1)) < least)
            return false;
    return v->kind == CONSTANT;
}

enum { FROM_DST, FROM_VVVV, FROM_RM, OPERANDS };

static void set_note(analysis *a, size_t i, enum vprec_exact exact, unsigned addend)
{
    a->notes[i].exact = (uint8_t)exact;
    a->notes[i].addend = (uint8_t)addend;
}

/* x - c, c - x, x + c: takes a shifter off, or the constant of a built number. */
static uint32_t step_difference(analysis *a, size_t i, const vprec_site *site, const uint32_t ids[OPERANDS], bool *done)
{
    bool subtracts = site->op == VPREC_OP_SUB;
    for (unsigned c = FROM_VVVV; c <= FROM_RM; c++) {
        unsigned x = c == FROM_VVVV ? FROM_RM : FROM_VVVV;
        const value *sum = value_at(a, ids[x]), *addend = value_at(a, ids[c]);
        /* c - x takes off as x - c does, but for the sign of what is left */
        uint16_t lanes = sum->kind == SUM ? undoes(a, sum, ids[c], subtracts, site) : 0;
        if (lanes) {
            a->notes[i].sum = sum->node;
            set_note(a, i, exactness(addend, site), c);
            a->notes[i].lanes = lanes;
            *done = true;
            return UNKNOWN;
        }
        if (sum->kind == BUILT && raises(addend, site)) {
            value v = blank(RAISED);
            v.node = (int32_t)i;
            set_note(a, i, VPREC_EXACT_ALWAYS, c);
            *done = true;
            return intern(a, &v);
        }
    }
    return UNKNOWN;
}

static void use_whole(analysis *a, int32_t node)
{
    a->notes[node].used = true;
    a->notes[node].lanes = EVERY_LANE;
}

/* The parts of a conversion are put together: their inner steps were exact. */
static void use_raised(analysis *a, uint32_t x, uint32_t y)
{
    uint8_t k = kind_of(a, x), l = kind_of(a, y);
    if (!a->final || (k != RAISED && k != BUILT) || (l != RAISED && l != BUILT))
        return;
    if (k == RAISED)
        use_whole(a, value_at(a, x)->node);
    if (l == RAISED)
        use_whole(a, value_at(a, y)->node);
}

/* Half of a wide integer, times the other half's range, plus that: a conversion as compilers write it for vectors. */
static void use_halves(analysis *a, uint32_t x, uint32_t y)
{
    bool first = kind_of(a, x) == SCALED;
    const value *high = value_at(a, first ? x : y), *low = value_at(a, first ? y : x);
    if (!a->final || high->kind != SCALED || low->kind != CONVERTED)
        return;
    use_whole(a, (int32_t)high->base);
    use_whole(a, low->node);
    if (VPREC_AT(*a->live, vprec_live, high->node).decoded.site.op == VPREC_OP_MUL) /* no FMA, which gives the sum */
        use_whole(a, high->node);
}

static bool is_range(const value *v, const vprec_site *site)
{
    uint64_t range = site->to == VPREC_E_F64 ? UINT64_C(0x41F0000000000000) : 0x47800000u;
    for (unsigned i = 0; v->kind == CONSTANT && i < site->lanes; i++)
        if (lane_of(v, site, i) != range)
            return false;
    return v->kind == CONSTANT;
}

static uint32_t scaled(analysis *a, size_t i, const vprec_site *site, uint32_t x, uint32_t range)
{
    if (kind_of(a, x) != CONVERTED || !is_range(value_at(a, range), site))
        return UNKNOWN;
    value v = blank(SCALED);
    v.node = (int32_t)i;
    v.base = (uint32_t)value_at(a, x)->node;
    return intern(a, &v);
}

/* Of one half by the range; of anything else UNKNOWN. */
static uint32_t product(analysis *a, size_t i, const vprec_site *site, uint32_t x, uint32_t y)
{
    uint32_t result = scaled(a, i, site, x, y);
    return result ? result : scaled(a, i, site, y, x);
}

static uint32_t step_conversion(analysis *a, size_t i, const vprec_site *site)
{
    if (site->from != VPREC_E_I32 || site->scalar)
        return UNKNOWN;
    set_note(a, i, VPREC_EXACT_ALWAYS, 0);
    value v = blank(CONVERTED);
    v.node = (int32_t)i;
    return intern(a, &v);
}

/* The sum, where the addend `c` may be a shifter. */
static uint32_t step_sum(analysis *a, size_t i, const vprec_site *site, const uint32_t ids[OPERANDS], unsigned c,
                         bool minus)
{
    enum vprec_exact exact = exactness(value_at(a, ids[c]), site);
    if (!exact)
        return UNKNOWN;
    set_note(a, i, exact, c);
    value v = blank(SUM);
    v.node = (int32_t)i;
    v.base = ids[c];
    v.minus = minus;
    return intern(a, &v);
}

/* Of two addends the one that is known to be a shifter, or else one that may be. */
static unsigned choose_addend(const analysis *a, const vprec_site *site, const uint32_t ids[OPERANDS])
{
    bool first = exactness(value_at(a, ids[FROM_VVVV]), site), last = exactness(value_at(a, ids[FROM_RM]), site);
    bool known = kind_of(a, ids[FROM_VVVV]) == CONSTANT;
    return first && (!last || known) ? FROM_VVVV : FROM_RM;
}

static void step_site(analysis *a, size_t i, const vprec_decoded *decoded)
{
    const vprec_site *site = &decoded->site;
    uint32_t ids[OPERANDS] = {a->now.vectors[site->dst], UNKNOWN, UNKNOWN}, result = UNKNOWN;
    unsigned size = vprec_elem_size(site->from);
    if (site->vvvv >= 0)
        ids[FROM_VVVV] = a->now.vectors[site->vvvv];
    ids[FROM_RM] = operand(a, site->rm, &site->mem, site->broadcast || site->scalar ? size : site->mem.size);
    if (site->broadcast)
        ids[FROM_RM] = repeat(a, ids[FROM_RM], size);
    bool done = false, of_type = decoded->insn.cls == VPREC_SITE && a->types >> decoded->insn.type & 1;
    if (site->op == VPREC_OP_CVT && !vprec_elem_is_float(site->from))
        use_bits(a, ids[FROM_RM], true);
    if (of_type && (site->op == VPREC_OP_ADD || site->op == VPREC_OP_SUB)) {
        use_raised(a, ids[FROM_VVVV], ids[FROM_RM]);
        if (site->op == VPREC_OP_ADD)
            use_halves(a, ids[FROM_VVVV], ids[FROM_RM]);
        result = step_difference(a, i, site, ids, &done);
        unsigned c = choose_addend(a, site, ids);
        if (!done)
            result = step_sum(a, i, site, ids, c, site->op == VPREC_OP_SUB && c == FROM_RM);
    } else if (of_type && site->op == VPREC_OP_MUL) {
        set_note(a, i, VPREC_EXACT_ALWAYS, 0);
        result = product(a, i, site, ids[FROM_VVVV], ids[FROM_RM]);
    } else if (of_type && site->op == VPREC_OP_CVT) {
        result = step_conversion(a, i, site);
    } else if (of_type && site->op == VPREC_OP_HADD) {
        use_raised(a, ids[FROM_VVVV], ids[FROM_RM]);
    } else if (of_type && site->op == VPREC_OP_FMA) {
        vprec_fma_form form = vprec_site_fma(site);
        if (!form.negate_product && !form.negate_addend && !form.alternate)
            use_halves(a, product(a, i, site, ids[form.a], ids[form.b]), ids[form.c]);
        if (!form.alternate)
            result = step_sum(a, i, site, ids, form.c, form.negate_addend);
    }
    bool keeps = site->mask && !site->zeroing && a->now.vectors[site->dst] != result;
    a->now.vectors[site->dst] = keeps && kind_of(a, result) != SUM ? UNKNOWN : result;
}

static bool is_same_slot(const slot *s, const slot *t)
{
    return s->base == t->base && s->id == t->id && s->at == t->at && s->bytes == t->bytes;
}

static void copy_state(state *to, const state *from)
{
    memcpy(to, from, offsetof(state, slots) + from->slot_count * sizeof *from->slots);
}

/* Control comes with what is known in `from` to where `s` holds. */
static void join(analysis *a, state *s, const state *from)
{
    if (!s->reached) {
        copy_state(s, from);
        s->reached = true;
        a->changed = true;
        return;
    }
    for (unsigned r = 0; r < VECTORS; r++)
        if (s->vectors[r] && s->vectors[r] != from->vectors[r]) {
            s->vectors[r] = UNKNOWN;
            a->changed = true;
        }
    for (unsigned r = 0; r < GENERALS; r++)
        if (s->generals[r] && s->generals[r] != from->generals[r]) {
            s->generals[r] = UNKNOWN;
            a->changed = true;
        }
    for (unsigned i = 0; i < s->slot_count;) {
        const slot *mine = &s->slots[i];
        bool same = false;
        for (unsigned j = 0; j < from->slot_count && !same; j++)
            same = is_same_slot(mine, &from->slots[j]);
        if (same) {
            i++;
            continue;
        }
        s->slots[i] = s->slots[--s->slot_count];
        a->changed = true;
    }
}

/* Control comes to an instruction with what is known now. */
static void meet(analysis *a, int32_t node)
{
    if (node >= 0 && a->notes[node].state >= 0)
        join(a, &VPREC_AT(a->states, state, a->notes[node].state), &a->now);
}

/* Nothing is known but that the registers hold what they hold. */
static void forget(analysis *a, bool entry)
{
    memset(&a->now, 0, sizeof a->now);
    for (unsigned r = 0; r < GENERALS && entry; r++) {
        value v = blank(r == RSP ? STACK : POINTER);
        v.base = r == RSP ? 0 : r;
        a->now.generals[r] = intern(a, &v);
    }
    if (!entry)
        a->now.generals[RSP] = stack_from(a, UINT32_MAX);
    a->now.reached = true;
}

/* Once through the function. */
static void walk(analysis *a)
{
    uint64_t next = 0;
    bool open = true;
    forget(a, true);
    for (size_t i = 0; i < a->live->count; i++) {
        const vprec_live *l = &VPREC_AT(*a->live, vprec_live, i);
        note *n = &a->notes[i];
        if (i && l->at != next)
            open = false;
        if (n->state >= 0) {
            state *s = &VPREC_AT(a->states, state, n->state);
            if (open)
                join(a, s, &a->now);
            if (a->landings.reached)
                join(a, s, &a->landings);
            copy_state(&a->now, s);
            open = s->reached;
        }
        next = l->at + l->decoded.insn.length;
        if (!open) /* nobody has come here yet, or ever */
            continue;
        uint8_t flow = l->decoded.insn.flow;
        if (flow == VPREC_FLOW_CALL || flow == VPREC_FLOW_ICALL)
            step_call(a);
        else if (l->decoded.insn.cls == VPREC_SITE)
            step_site(a, i, &l->decoded);
        else
            step_data(a, n, i);
        if (flow == VPREC_FLOW_JMP || flow == VPREC_FLOW_JCC || flow == VPREC_FLOW_SHORT || flow == VPREC_FLOW_XBEGIN)
            meet(a, l->to);
        if (flow == VPREC_FLOW_IJMP)
            join(a, &a->landings, &a->now);
        open = !vprec_flow_ends(flow);
    }
}

/* A state for each instruction that is jumped to. What is entered from elsewhere begins with nothing known. */
static bool make_states(analysis *a)
{
    enum { FROM_ELSEWHERE = VPREC_ENTRY | VPREC_CALLED };
    const vprec_code_function *f = a->function;
    for (size_t i = 0; i < a->live->count; i++) {
        const vprec_live *l = &VPREC_AT(*a->live, vprec_live, i);
        uint32_t mark = *vprec_mark(a->map, l->at);
        a->notes[i].state = a->notes[i].sum = -1;
        if (i && (mark & (VPREC_TARGET | FROM_ELSEWHERE) || l->at == f->entry)) {
            a->notes[i].state = (int32_t)a->states.count;
            if (!vprec_vec_add(&a->states, 1))
                return false;
        }
    }
    forget(a, false);
    for (size_t i = 1; i < a->live->count; i++) {
        const vprec_live *l = &VPREC_AT(*a->live, vprec_live, i);
        if (*vprec_mark(a->map, l->at) & FROM_ELSEWHERE || l->at == f->entry)
            meet(a, (int32_t)i);
    }
    for (size_t e = 0; e < a->map->edges.count; e++) {
        const vprec_edge *edge = &VPREC_AT(a->map->edges, vprec_edge, e);
        if (edge->to <= f->start || edge->to >= f->end || (edge->from >= f->start && edge->from < f->end))
            continue;
        size_t i = VPREC_BELOW(*a->live, vprec_live, at, edge->to);
        if (i < a->live->count && VPREC_AT(*a->live, vprec_live, i).at == edge->to)
            meet(a, (int32_t)i);
    }
    return true;
}

static uint32_t read32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static bool is_shifter_at(const analysis *a, uint64_t address)
{
    uint64_t bits;
    if (!lies_in_constants(a, address, sizeof bits))
        return false;
    memcpy(&bits, (const void *)address, sizeof bits);
    uint32_t low = (uint32_t)bits, high = (uint32_t)(bits >> 32);
    return vprec_shifter_of(false, low) || vprec_shifter_of(true, bits) || is_exponent(low) || is_exponent(high) ||
           low == 0x47800000 || high == 0x41F00000; /* 2^16, 2^32 */
}

static bool is_sum(uint8_t op)
{
    return op == VPREC_OP_ADD || op == VPREC_OP_SUB || op == VPREC_OP_FMA;
}

static uint64_t operand_bit(int8_t operand)
{
    if (operand == VPREC_REG_MEM)
        return UINT64_C(1) << VECTORS;
    return operand >= 0 && operand < VPREC_REG_GPR ? UINT64_C(1) << operand : 0;
}

/* Whether the function may have what is looked for: a sum, and a shifter, or what is added and subtracted in turn:
 * such a one may come from behind a pointer. */
static bool is_worth_it(const analysis *a)
{
    bool sums = false, found = false;
    uint64_t added = 0, subtracted = 0; /* operands, bit n: register n */
    for (size_t i = 0; i < a->live->count; i++) {
        const vprec_live *l = &VPREC_AT(*a->live, vprec_live, i);
        const vprec_insn *insn = &l->decoded.insn;
        const vprec_site *site = &l->decoded.site;
        bool is_site = insn->cls == VPREC_SITE && a->types >> insn->type & 1;
        sums |= is_site && is_sum(site->op);
        if (is_site && site->op == VPREC_OP_SUB)
            subtracted |= operand_bit(site->rm);
        else if (is_site && site->op == VPREC_OP_ADD)
            added |= operand_bit(site->rm) | operand_bit(site->vvvv);
        else if (is_site && site->op == VPREC_OP_FMA)
            added |= operand_bit((const int8_t[]){site->dst, site->vvvv, site->rm}[vprec_site_fma(site).c]);
        if (insn->vector && insn->disp_offset)
            found = found || is_shifter_at(a, insn->target);
        else if (insn->has_imm32)
            found = found || vprec_shifter_of(false, insn->imm32);
        else if (insn->length == 10 && insn->flow == VPREC_FLOW_NEXT) /* mov with eight bytes */
            found = found || vprec_shifter_of(true, (uint64_t)read32(vprec_bytes(a->map, l->at) + 6) << 32);
    }
    return sums && (found || (added & subtracted));
}

static void tell(analysis *a)
{
    for (size_t i = 0; i < a->live->count; i++)
        if (a->notes[i].sum >= 0) {
            note *sum = &a->notes[a->notes[i].sum];
            a->notes[i].used = sum->used = true;
            sum->lanes |= a->notes[i].lanes;
        }
    for (size_t i = 0; i < a->live->count; i++) {
        vprec_live *l = &VPREC_AT(*a->live, vprec_live, i);
        l->exact = a->notes[i].used ? a->notes[i].exact : VPREC_EXACT_NOT;
        l->addend = a->notes[i].addend;
        l->lanes = a->notes[i].lanes;
        uint32_t all = (1u << l->decoded.site.lanes) - 1;
        if (l->exact == VPREC_EXACT_ALWAYS && is_sum(l->decoded.site.op) && (l->lanes & all) != all)
            l->exact = VPREC_EXACT_ASKED;
    }
}

static bool analyse(analysis *a)
{
    enum { PASSES = 24 };
    value unknown = blank(UNKNOWN);
    value *first = vprec_vec_add(&a->values, 1);
    if (!first)
        return false;
    *first = unknown;
    for (size_t i = 0; i < a->live->count; i++) {
        const vprec_live *l = &VPREC_AT(*a->live, vprec_live, i);
        const uint8_t *bytes = vprec_bytes(a->map, l->at);
        if (l->decoded.insn.cls != VPREC_SITE &&
            !vprec_data_decode(bytes, vprec_room(a->map, l->at), l->at, &a->notes[i].data))
            return false;
    }
    if (!make_states(a))
        return false;
    a->changed = true;
    for (unsigned pass = 0; a->changed && pass < PASSES; pass++) {
        a->changed = false;
        walk(a);
    }
    if (a->changed)
        return false;
    for (size_t i = 0; i < a->live->count; i++)
        a->notes[i].exact = VPREC_EXACT_NOT, a->notes[i].sum = -1;
    a->final = true;
    walk(a);
    tell(a);
    return true;
}

bool vprec_shifters_find(const vprec_codemap *map, const vprec_code_function *function, vprec_vec *live, uint32_t types)
{
    analysis a = {.map = map, .function = function, .live = live, .types = types,
                  .values = VPREC_VEC(value), .states = VPREC_VEC(state), .written = VPREC_VEC(uint64_t)};
    if (!live->count || !is_worth_it(&a))
        return true;
    size_t notes = live->count * sizeof *a.notes;
    for (a.table_size = 256; a.table_size < 8 * live->count; a.table_size *= 2)
        ;
    a.notes = vprec_pages(notes);
    a.table = vprec_pages(a.table_size * sizeof *a.table);
    bool done = a.notes && a.table && analyse(&a);
    vprec_vec_free(&a.values);
    vprec_vec_free(&a.states);
    vprec_vec_free(&a.written);
    if (a.notes)
        vprec_pages_free(a.notes, notes);
    if (a.table)
        vprec_pages_free(a.table, a.table_size * sizeof *a.table);
    return done;
}
