/* SPDX-License-Identifier: Apache-2.0
 * clone.c: see clone.h. Writes clones; originals are patch.c's. */
#include "clone.h"
#include "find/live.h"
#include "patch.h"
#include "reach.h"
#include "runtime/share.h"
#include "runtime/sys.h"
#include "x86/emulate/enter.h"
#include <cpuid.h>
#include <sys/mman.h>

/* clang's __builtin_cpu_supports does not know the name. */
static bool has_vaes(void)
{
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_VAES);
}

/* A rel32 in a clone that awaits its target's address. */
typedef struct fixup {
    uint8_t *at;
    uint64_t target;   /* original address */
    uint32_t function; /* whose clone it is in */
} fixup;

typedef struct cloner {
    vprec_image *image;
    vprec_codemap *map;
    const vprec_clone_options *options;
    vprec_code code;
    uint32_t *clone_at; /* by code byte: clone's offset in the arena, 0 none */
    vprec_vec fixups;
    uint64_t *slots;    /* by function: where its entry stub jumps; behind them those of the doors */
    size_t slot_count, slot_room;
    vprec_vec doors;    /* vprec_door: see emit_doors */
    vprec_constants *constants;
    vprec_site *sites;  /* of the emulated sites */
    size_t site_count;
    uint8_t *entered_view;
    uint64_t enter_stub; /* jmp [&vprec_enter] */
    uint32_t function;
    uint64_t low, high;   /* of the function: first and last address an indirect jump may lead to */
    vprec_vec tables;     /* uint8_t *: displacements in it that await its table of landings */
    vprec_vec live;       /* vprec_live, of the function */
    const vprec_decoded *here; /* the instruction that is being cloned */
    vprec_vec ties;       /* of the function: code to be put out of the way */
    vprec_vec moves;      /* vprec_move: what the code since `code.from` has moved */
    int halves;           /* see round.h */
    vprec_round_context round;
} cloner;

static void place(cloner *k, uint64_t original)
{
    k->clone_at[original - k->map->lo] = (uint32_t)(k->code.at - k->image->arena);
}

static uint64_t clone_of(const cloner *k, uint64_t original)
{
    if (!vprec_in_code(k->map, original) || !k->clone_at[original - k->map->lo])
        return 0;
    return (uint64_t)k->image->arena + k->clone_at[original - k->map->lo];
}

/* A displacement to where `original` lives in the end: in a clone or where it is. */
static void displacement(cloner *k, uint64_t original)
{
    fixup *f = vprec_vec_add(&k->fixups, 1);
    if (f)
        *f = (fixup){k->code.at, original, k->function};
    else
        k->code.full = true;
    vprec_emit_u32(&k->code, 0);
}

static void jump(cloner *k, uint64_t original)
{
    vprec_emit_u8(&k->code, 0xE9);
    displacement(k, original);
}

/* The moves noted from here on belong to what begins here. */
static void note(cloner *k)
{
    k->moves.count = 0;
    k->code.from = k->code.at;
}

/* The code since `before` belongs to an original instruction of `length` bytes; 0: to the range that has begun. */
static void step(cloner *k, unsigned length, const uint8_t *before)
{
    if (!vprec_where_step(&k->image->where, length, (size_t)(k->code.at - before), &k->moves))
        k->code.full = true;
    note(k);
}

/* From here on the code belongs to `original`: see where.h. */
static void begin(cloner *k, enum vprec_where_kind kind, uint64_t original)
{
    if (!vprec_where_add(&k->image->where, kind, (uint64_t)k->code.at, original))
        k->code.full = true;
    note(k);
}

/* The end of a range without original instructions, if one is open: its moves are those of one step. */
static void end(cloner *k)
{
    if (k->code.from != k->code.at)
        step(k, 0, k->code.from);
}

static const uint8_t *bytes_at(uint64_t address)
{
    return (const uint8_t *)address;
}

/* Calls the emulator for `site`; see enter.h for the protocol. */
static void emit_enter(cloner *k, const vprec_site *site)
{
    vprec_site *kept = &k->sites[k->site_count++];
    *kept = *site;
    uint64_t pointer = (uint64_t)kept;
    vprec_emit_move_stack(&k->code, -128);
    vprec_emit_push_u32(&k->code, (uint32_t)pointer);
    vprec_emit_bytes(&k->code, "\xC7\x44\x24\x04", 4); /* mov dword ptr [rsp+4], imm32 */
    vprec_emit_u32(&k->code, (uint32_t)(pointer >> 32));
    vprec_emit_branch(&k->code, -2, k->enter_stub);
    vprec_emit_move_stack(&k->code, 136);
}

static void tie_site(void *data, const vprec_site *site)
{
    end(data);
    begin(data, VPREC_WHERE_TIE, site->address);
}

static void enter_site(void *data, const vprec_site *site)
{
    emit_enter(data, site);
}

static bool active(const cloner *k, const vprec_insn *insn)
{
    const vprec_arith *arith = k->options->arith;
    if (VPREC_AT(k->map->functions, vprec_code_function, k->function).routine.results)
        return false;
    return insn->cls == VPREC_SITE && arith->use[insn->type] != VPREC_USE_NONE &&
           arith->ops & vprec_ops_of((enum vprec_op)insn->op);
}

/* Where only selected code enters the clone, and the original stays as it is. */
static vprec_gate *gate_of(const cloner *k)
{
    return VPREC_AT(k->map->functions, vprec_code_function, k->function).gate;
}

/* The site's code where there is an inline form, else a call of the emulator. */
static void put_site(cloner *k, vprec_site *site)
{
    if (k->options->counters)
        site->counter = k->options->counters[k->function];
    if (site->op == VPREC_OP_MXCSR || k->options->count || !vprec_round_emit(&k->code, site, &k->round))
        emit_enter(k, site);
    else
        k->image->inlined++;
}

static void emit_site(cloner *k, uint64_t at)
{
    vprec_site site = k->here->site;
    if (!gate_of(k))
        *vprec_mark(k->map, at) |= VPREC_ARITH;
    put_site(k, &site);
}

/* A routine's return: a result in a vector register is rounded, inline as its product with 1. */
static void emit_routine_result(cloner *k, uint64_t at, const vprec_routine *routine, int8_t result)
{
    vprec_type type = (vprec_type)routine->type;
    bool f64 = type == VPREC_F64;
    vprec_site site = {
        .address = at, .op = VPREC_OP_MUL, .from = f64 ? VPREC_E_F64 : VPREC_E_F32, .to = f64 ? VPREC_E_F64 : VPREC_E_F32,
        .lanes = routine->lanes, .encoding = VPREC_EVEX, .width = (uint8_t)(routine->lanes * (f64 ? 8 : 4)), .map = 1, .opcode = 0x59, .pp = f64, .w = f64,
        .dst = result, .vvvv = result, .rm = VPREC_REG_MEM, .broadcast = true,
        .mem = {.base = VPREC_MEM_RIP, .index = VPREC_MEM_NONE, .scale = 1, .size = f64 ? 8 : 4,
                .disp = (int64_t)k->constants->value[type][VPREC_K_UNIT]},
    };
    if (k->options->counters)
        site.counter = k->options->counters[k->function];
    /* noise is not that of a product with an exact number */
    if (!k->options->count && !k->options->arith->noise[type].what && vprec_round_emit(&k->code, &site, &k->round)) {
        k->image->inlined++;
        return;
    }
    site.op = VPREC_OP_VALUE;
    site.map = VPREC_MAP_RESULT;
    site.opcode = 0;
    site.rm = result;
    site.vvvv = VPREC_REG_NONE;
    site.broadcast = false;
    emit_enter(k, &site);
}

/* Counts that control comes to `at`, which runs as it is. */
static void emit_audit(cloner *k, uint64_t at)
{
    vprec_site site = {.address = at, .op = VPREC_OP_REFUSED,
                       .counter = k->options->refused(k->options->refused_data, at, k->function)};
    emit_enter(k, &site);
}

static void emit_refused(cloner *k, uint64_t at)
{
    if (k->options->audit) {
        if (!gate_of(k))
            *vprec_mark(k->map, at) |= VPREC_ARITH;
        emit_audit(k, at);
    }
    vprec_round_copy_insn(&k->code, at, &k->here->insn);
}

/* jrcxz, loop: they reach 127 bytes at most, so they jump over a jump. */
static void emit_short(cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_emit_bytes(&k->code, bytes_at(at), insn->length - 1u);
    vprec_emit_u8(&k->code, 2);
    vprec_emit_bytes(&k->code, "\xEB\x05", 2);
    jump(k, insn->target);
}

enum { RAX, RCX, RDX, RBX, RSP };
enum { ABOVE = 7, ZERO = 4 }; /* ja, jz */

static void load_address(vprec_code *c, int reg, uint64_t address)
{
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8D), reg, vprec_absolute((void *)address), -1);
}

/* The arithmetic flags, by way of rax, which must have been saved. */
static void push_flags(vprec_code *c)
{
    vprec_emit_bytes(c, "\x9F\x0F\x90\xC0\x50", 5); /* lahf; seto al; push rax */
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, -8);
    vprec_emit_note(c, VPREC_MOVE_SAVE, (vprec_spilled){.kind = VPREC_SPILL_FLAGS, .size = 8}, 0);
}

static void pop_flags(vprec_code *c)
{
    vprec_emit_u8(c, 0x58); /* pop rax */
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, 8);
    vprec_emit_bytes(c, "\x04\x7F\x9E", 3); /* add al, 0x7f; sahf */
    vprec_emit_note(c, VPREC_MOVE_RESTORE, (vprec_spilled){.kind = VPREC_SPILL_FLAGS, .size = 8}, -8);
}

static bool may_land(const cloner *k, uint64_t at)
{
    uint32_t mark = *vprec_mark(k->map, at);
    return mark & VPREC_START && mark & VPREC_TARGET;
}

/* An indirect jump: its target, an original address, is looked up in a table
 * of the function's own branch targets (emit_landings). What is not there is
 * left to the original: another function, or code that ends in a trap. */
static void emit_indirect(cloner *k, uint64_t at)
{
    vprec_code *c = &k->code;
    vprec_mem mem = k->here->mem;
    int reg = k->here->reg;
    bool memory = reg == VPREC_REG_NONE;
    if (!k->low || (!memory && reg == RSP)) {
        vprec_round_copy_insn(c, at, &k->here->insn);
        return;
    }
    enum { SAVED = 128 + 24 };
    vprec_emit_move_stack(c, -128);
    vprec_emit_push(c, RAX);
    vprec_emit_push(c, RCX);
    push_flags(c);
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8B), RAX, vprec_at_stack(16), -1);
    if (memory) {
        if (mem.base == RSP)
            mem.disp += SAVED;
        vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8B), RCX, vprec_at(mem), -1);
    } else if (reg != RCX) {
        vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8B), RCX, vprec_reg(reg), -1);
    }
    load_address(c, RAX, k->low);
    vprec_emit_bytes(c, "\x48\x29\xC1\x48\x81\xF9", 6); /* sub rcx, rax; cmp rcx, imm32 */
    vprec_emit_u32(c, (uint32_t)(k->high - k->low));
    vprec_emit_branch(c, ABOVE, (uint64_t)c->at);
    uint8_t *beyond = c->at;
    load_address(c, RAX, (uint64_t)c->at); /* the table */
    uint8_t **ref = vprec_vec_add(&k->tables, 1);
    if (!ref) {
        c->full = true;
        return;
    }
    *ref = c->at - 4;
    vprec_emit_bytes(c, "\x48\x63\x0C\x88\x48\x85\xC9", 7); /* movsxd rcx, dword ptr [rax+rcx*4]; test rcx, rcx */
    vprec_emit_branch(c, ZERO, (uint64_t)c->at);
    uint8_t *no_landing = c->at;
    vprec_emit_bytes(c, "\x48\x01\xC1", 3); /* add rcx, rax */
    int32_t noted = vprec_emit_noted(c);
    pop_flags(c);
    vprec_emit_bytes(c, "\xFF\xE1", 2); /* jmp rcx */
    if (c->full)
        return;
    int32_t rel = (int32_t)(c->at - beyond);
    memcpy(beyond - 4, &rel, 4);
    rel = (int32_t)(c->at - no_landing);
    memcpy(no_landing - 4, &rel, 4);
    vprec_emit_again(c, noted);
    pop_flags(c);
    vprec_emit_pop(c, RCX);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, 128);
    vprec_round_copy_insn(c, at, &k->here->insn);
}

/* The function's table, and the landings: they give back the two registers and
 * the stack, then go on in the clone. */
static void emit_landings(cloner *k)
{
    vprec_code *c = &k->code;
    while ((uint64_t)c->at & 3)
        vprec_emit_u8(c, 0xCC);
    uint8_t *table = c->at;
    begin(k, VPREC_WHERE_LANDINGS, k->low);
    size_t bytes = (k->high - k->low + 1) * 4;
    if (c->full || (size_t)(c->end - c->at) < bytes) {
        c->full = true;
        return;
    }
    memset(table, 0, bytes);
    c->at += bytes;
    note(k); /* every landing is as the first */
    for (uint64_t a = k->low; a <= k->high; a++) {
        if (!may_land(k, a))
            continue;
        int32_t landing = (int32_t)(c->at - table);
        memcpy(table + (a - k->low) * 4, &landing, 4);
        vprec_vec *moves = c->moves;
        if (c->at != c->from)
            c->moves = NULL;
        vprec_emit_pop(c, RCX);
        vprec_emit_pop(c, RAX);
        vprec_emit_move_stack(c, 128);
        c->moves = moves;
        jump(k, a);
    }
    end(k);
    for (size_t i = 0; i < k->tables.count; i++) {
        uint8_t *ref = VPREC_AT(k->tables, uint8_t *, i);
        int32_t rel = (int32_t)(table - (ref + 4));
        memcpy(ref, &rel, 4);
    }
}

/* A call is made by the original instruction, so that the return address is an
 * original one; the return point leads back (patch.c). Behind a gate the
 * original's return points are its own: the clone calls. */
static void emit_call(cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_codemap *map = k->map;
    if (gate_of(k)) {
        if (insn->flow == VPREC_FLOW_ICALL) {
            vprec_round_copy_insn(&k->code, at, insn);
            return;
        }
        vprec_emit_u8(&k->code, 0xE8);
        displacement(k, insn->target);
        return;
    }
    for (unsigned i = 0; i < insn->length; i++)
        vprec_mark(map, at)[i] |= VPREC_KEEP;
    uint64_t back = at + insn->length;
    const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, k->function);
    if (back < f->end && *vprec_mark(map, back) & VPREC_START)
        *vprec_mark(map, back) |= VPREC_RETURN;
    vprec_emit_branch(&k->code, -1, at);
}

/* A jump to what may have a gate, which is told that it comes from selected code. */
static void emit_tail(cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_code *c = &k->code;
    uint8_t *over = NULL;
    if (insn->flow == VPREC_FLOW_JCC) {
        uint8_t condition = bytes_at(at)[insn->length - (insn->length >= 6 ? 5 : 2)] & 15;
        vprec_emit_u8(c, 0x70 | (condition ^ 1));
        vprec_emit_u8(c, 0);
        over = c->at;
    }
    vprec_gate_mark(c);
    if (insn->flow == VPREC_FLOW_IJMP)
        vprec_round_copy_insn(c, at, insn);
    else
        jump(k, insn->target);
    if (over && !c->full)
        over[-1] = (uint8_t)(c->at - over);
}

static void emit_instruction(cloner *k, uint64_t at, const vprec_insn *insn)
{
    if (*vprec_mark(k->map, at) & VPREC_TAIL) {
        emit_tail(k, at, insn);
        return;
    }
    switch (insn->flow) {
    case VPREC_FLOW_JCC: /* 7x rel8 or 0F 8x rel32, perhaps behind a prefix */
        vprec_emit_u8(&k->code, 0x0F);
        vprec_emit_u8(&k->code, 0x80 | (bytes_at(at)[insn->length - (insn->length >= 6 ? 5 : 2)] & 15));
        displacement(k, insn->target);
        break;
    case VPREC_FLOW_JMP: jump(k, insn->target); break;
    case VPREC_FLOW_SHORT: emit_short(k, at, insn); break;
    case VPREC_FLOW_XBEGIN:
        vprec_emit_bytes(&k->code, "\xC7\xF8", 2);
        displacement(k, insn->target);
        break;
    case VPREC_FLOW_IJMP: emit_indirect(k, at); break;
    case VPREC_FLOW_CALL:
    case VPREC_FLOW_ICALL: emit_call(k, at, insn); break;
    case VPREC_FLOW_RET: {
        const vprec_code_function *f = &VPREC_AT(k->map->functions, vprec_code_function, k->function);
        for (int8_t result = 0; result < f->routine.results; result++)
            emit_routine_result(k, at, &f->routine, result);
        vprec_round_copy_insn(&k->code, at, insn);
        break;
    }
    default:
        if (active(k, insn) || (insn->cls == VPREC_CONTROL && vprec_arith_rounds(k->options->arith)))
            emit_site(k, at);
        else if (insn->cls == VPREC_REFUSED)
            emit_refused(k, at);
        else
            vprec_round_copy_insn(&k->code, at, insn);
        break;
    }
}

static vprec_code_function *function_at(const cloner *k, size_t i)
{
    return &VPREC_AT(k->map->functions, vprec_code_function, i);
}

/* What is set when a function is entered; NULL: there was no room to record it. */
static uint8_t *entered_of(const cloner *k, size_t function)
{
    const char *flag = k->entered_view ? (const char *)k->options->entered[function] : NULL;
    return flag ? k->entered_view + (flag - k->options->entered_start) : NULL;
}

/* jmp [slot], and what that leads to once: it notes that the function was entered. Returns where the low half of the
 * address belongs that [slot] leads to ever after; NULL: nothing is noted. */
static uint8_t *emit_noting(cloner *k, uint32_t function, uint64_t *slot)
{
    vprec_code *c = &k->code;
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(slot), -1);
    *slot = (uint64_t)c->at;
    uint8_t *flag = entered_of(k, function);
    if (!flag)
        return NULL;
    vprec_emit_u8(c, 0xC6); /* mov byte ptr [flag], 1 */
    vprec_emit_u8(c, 0x05);
    vprec_emit_u32(c, (uint32_t)((int64_t)flag - (int64_t)(c->at + 5)));
    vprec_emit_u8(c, 1);
    uint8_t *low = c->at + 6; /* mov dword ptr [slot], low half of the clone's address */
    vprec_emit_u8(c, 0xC7);
    vprec_emit_u8(c, 0x05);
    vprec_emit_u32(c, (uint32_t)((int64_t)slot - (int64_t)(c->at + 8)));
    vprec_emit_u32(c, 0);
    return low;
}

static void lead_slot(cloner *k, uint8_t *low, const uint64_t *slot, uint64_t to)
{
    if (k->code.full || !low)
        return;
    uint32_t half = (uint32_t)to;
    memcpy(low, &half, 4);
    if (to >> 32 != *slot >> 32)
        k->code.full = true; /* cannot be: reach.c keeps the arena off 4 GB borders */
}

/* The stub at a function's entry: [slot] leads behind itself once, and to the clone ever after. */
static void emit_entry(cloner *k)
{
    vprec_code *c = &k->code;
    while ((uint64_t)c->at & 15)
        vprec_emit_u8(c, 0xCC);
    begin(k, VPREC_WHERE_STUB, function_at(k, k->function)->start);
    if (k->entered_view) {
        vprec_entered *entered = vprec_vec_add(&k->image->entered, 1);
        if (entered)
            *entered = (vprec_entered){(uint64_t)c->at, entered_of(k, k->function)};
        else
            c->full = true;
    }
    uint64_t *slot = &k->slots[k->function];
    uint8_t *low = emit_noting(k, k->function, slot);
    lead_slot(k, low, slot, (uint64_t)c->at);
}

/* A way into a clone behind the function's start notes the entry as the stub does. */
static void emit_door(cloner *k, uint64_t original, uint32_t function)
{
    vprec_door *door = k->slot_count < k->slot_room ? vprec_vec_add(&k->doors, 1) : NULL;
    if (!door) {
        k->code.full = true;
        return;
    }
    begin(k, VPREC_WHERE_STUB, original);
    *door = (vprec_door){original, (uint64_t)k->code.at};
    uint64_t *slot = &k->slots[k->slot_count++], to = clone_of(k, original);
    uint8_t *low = emit_noting(k, function, slot);
    lead_slot(k, low, slot, to);
    vprec_emit_branch(&k->code, -1, to);
}

/* The function of a place whose clone others jump to; -1: the function's own, or none that is cloned. */
static long foreign(const cloner *k, const fixup *f)
{
    const vprec_code_function *own = function_at(k, f->function);
    if ((f->target >= own->start && f->target < own->end) || !clone_of(k, f->target))
        return -1;
    return vprec_code_function_at(k->map, f->target);
}

/* Doors: where addresses that are taken, landing pads, and jumps of other functions lead to behind a function's start.
 * A return is none: what returns has entered before; but who knows where code is entered that nothing names. */
static void emit_doors(cloner *k)
{
    vprec_vec targets = VPREC_VEC(uint64_t);
    vprec_entered *end = k->entered_view ? vprec_vec_add(&k->image->entered, 1) : NULL;
    if (end)
        *end = (vprec_entered){(uint64_t)k->code.at, NULL};
    for (size_t i = 0; i < k->map->functions.count && k->entered_view; i++) {
        const vprec_code_function *f = function_at(k, i);
        uint32_t door = VPREC_ENTRY | (f->gap ? VPREC_RETURN : 0);
        for (uint64_t at = f->start + 1; f->cloned && at < f->end; at++) {
            uint32_t mark = *vprec_mark(k->map, at);
            uint64_t *target = mark & VPREC_START && mark & door && clone_of(k, at) ? vprec_vec_add(&targets, 1) : NULL;
            if (target)
                *target = at;
        }
    }
    for (size_t i = 0; i < k->fixups.count && k->entered_view; i++) {
        const fixup *f = &VPREC_AT(k->fixups, fixup, i);
        long function = foreign(k, f);
        uint64_t *target = function >= 0 && f->target != function_at(k, (size_t)function)->start
                               ? vprec_vec_add(&targets, 1)
                               : NULL;
        if (target)
            *target = f->target;
    }
    vprec_vec_sort_u64(&targets);
    for (size_t i = 0; i < targets.count && !k->code.full; i++) {
        uint64_t target = VPREC_AT(targets, uint64_t, i);
        emit_door(k, target, (uint32_t)vprec_code_function_at(k->map, target));
    }
    vprec_vec_free(&targets);
}

/* At most so many doors. */
static size_t door_bound(const vprec_codemap *map)
{
    size_t bound = map->edges.count + map->functions.count; /* jumps, and what falls through an end */
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        for (uint64_t at = f->start + 1; f->cloned && at < f->end; at++) {
            uint32_t mark = *vprec_mark(map, at);
            bound += mark & VPREC_START && (mark & VPREC_ENTRY || f->gap);
        }
    }
    return bound;
}

/* What stays native jumps into what is cloned. */
static void mark_entries(const vprec_codemap *map)
{
    for (size_t i = 0; i < map->edges.count; i++) {
        vprec_edge e = VPREC_AT(map->edges, vprec_edge, i);
        long from = vprec_code_function_at(map, e.from), to = vprec_code_function_at(map, e.to);
        if (to >= 0 && VPREC_AT(map->functions, vprec_code_function, to).cloned &&
            (from < 0 || !VPREC_AT(map->functions, vprec_code_function, from).cloned))
            *vprec_mark(map, e.to) |= VPREC_ENTRY;
    }
}

static void clone_function(cloner *k)
{
    vprec_codemap *map = k->map;
    const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, k->function);
    /* Registers nobody here names are free unless a caller may keep values in
     * them; those that the function itself overwrites are free where dead. */
    uint32_t unnamed = ~(f->vectors | map->live_vectors) & 0xFFFF0000u, written;
    uint32_t unnamed_masks = ~(f->masks | map->live_masks) & 0xFE, masks_written;
    if (!vprec_live_read(map, f, &k->live, &written, &masks_written)) {
        k->code.full = true;
        return;
    }
    size_t next = 0;
    k->round.clear_upper = !f->vex;
    k->low = k->high = 0;
    k->tables.count = 0;
    for (uint64_t at = f->start; at < f->end && f->indirect_jumps; at++)
        if (may_land(k, at)) {
            k->low = k->low ? k->low : at;
            k->high = at;
        }
    emit_entry(k);
    begin(k, VPREC_WHERE_BODY, f->start);
    vprec_insn insn = {0};
    bool open = false; /* control can fall through to here */
    for (uint64_t at = f->start; at < f->end && !k->code.full;) {
        const uint8_t *before = k->code.at;
        const vprec_live *live = next < k->live.count ? &VPREC_AT(k->live, vprec_live, next) : NULL;
        if (!live || live->at != at) {
            if (open) { /* into what is no known code: the original decides */
                if (at == f->unknown && k->options->audit)
                    emit_audit(k, at);
                jump(k, at);
                open = false;
            }
            step(k, 1, before);
            at++;
            continue;
        }
        place(k, at);
        if (*vprec_mark(map, at) & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN))
            k->halves = 0;
        next++;
        k->here = &live->decoded;
        insn = live->decoded.insn;
        k->round.free_vectors = unnamed | (written & ~live->vectors);
        k->round.free_masks = unnamed_masks | (masks_written & ~live->masks & 0xFE);
        emit_instruction(k, at, &insn);
        if (insn.flow)
            k->halves = 0;
        step(k, insn.length, before);
        open = insn.flow != VPREC_FLOW_JMP && insn.flow != VPREC_FLOW_IJMP && insn.flow != VPREC_FLOW_RET &&
               insn.flow != VPREC_FLOW_STOP && insn.flow != VPREC_FLOW_CALL && insn.flow != VPREC_FLOW_ICALL;
        at += insn.length;
    }
    if (open)
        jump(k, f->end);
    note(k);
    vprec_round_emit_ties(&k->code, &k->round);
    end(k);
    if (k->tables.count)
        emit_landings(k);
}

static void resolve(cloner *k)
{
    for (size_t i = 0; i < k->fixups.count && !k->code.full; i++) {
        fixup f = VPREC_AT(k->fixups, fixup, i);
        long function = k->entered_view ? foreign(k, &f) : -1;
        uint64_t to = clone_of(k, f.target);
        if (function >= 0)
            to = f.target == function_at(k, (size_t)function)->start ? k->slots[function] - 6
                                                                     : vprec_door_find(&k->doors, f.target);
        int64_t rel = (int64_t)(to ? to : f.target) - (int64_t)(f.at + 4);
        if (rel != (int32_t)rel)
            k->code.full = true;
        int32_t rel32 = (int32_t)rel;
        memcpy(f.at, &rel32, 4);
    }
}

/* Upper bound of the clones' size. */
static size_t estimate(const vprec_codemap *map, const vprec_clone_options *options, size_t doors, size_t *sites)
{
    enum { DOOR_BYTES = 32 };
    size_t bytes = (1 << 16) + doors * DOOR_BYTES, site_bytes = options->count ? 64 : options->isa == VPREC_ISA_AVX512 ? 640 : 1152;
    *sites = 0;
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->cloned)
            continue;
        size_t n = f->refused + f->controls + f->tails, length = f->end - f->start;
        for (int t = 0; t < VPREC_TYPES; t++)
            n += options->arith->use[t] != VPREC_USE_NONE ? f->sites[t] : 0;
        if (f->routine.results) /* sites at each return */
            n += (length / 16 + 1) * f->routine.results;
        *sites += n;
        bytes += length * 4 + n * site_bytes + 128;
        if (f->indirect_jumps) /* a table entry and a landing, and the longer jumps */
            bytes += length * 64;
    }
    return bytes;
}

static size_t pages(size_t bytes)
{
    return (bytes + 4095) & ~(size_t)4095;
}

enum vprec_reason vprec_clone(vprec_image *image, vprec_codemap *map, const vprec_clone_options *options)
{
    *image = (vprec_image){.lo = map->object->lo, .hi = map->object->hi, .traps = VPREC_VEC(vprec_trap),
                           .where = VPREC_WHERE, .entered = VPREC_VEC(vprec_entered)};
    mark_entries(map);
    size_t doors = options->entered_start ? door_bound(map) : 0;
    size_t site_room, code_bytes = pages(estimate(map, options, doors, &site_room));
    size_t entered_bytes = options->entered_start ? pages(options->entered_bytes) : 0;
    size_t slot_bytes = pages((map->functions.count + doors) * sizeof(uint64_t));
    size_t constant_bytes = pages(sizeof(vprec_constants) + 64), site_bytes = pages(site_room * sizeof(vprec_site));
    size_t data_bytes = entered_bytes + slot_bytes + constant_bytes + site_bytes, total = 0;
    for (int attempt = 0; attempt < 4 && !image->arena; attempt++) { /* the bound is seldom half used */
        if (attempt)
            code_bytes = pages(code_bytes / 4 * 3);
        total = data_bytes + code_bytes;
        image->arena = vprec_reach_reserve(image->lo, image->hi, total);
    }
    if (!image->arena)
        return VPREC_REASON_NO_REACH;
    image->arena_size = total;
    uint8_t *at = image->arena;
    cloner k = {.image = image, .map = map, .options = options, .fixups = VPREC_VEC(fixup), .doors = VPREC_VEC(vprec_door),
                .slot_count = map->functions.count, .slot_room = map->functions.count + doors,
                .tables = VPREC_VEC(uint8_t *), .live = VPREC_VEC(vprec_live), .ties = {.size = vprec_round_tie_size(options->isa)},
                .moves = VPREC_VEC(vprec_move)};
    bool mapped = true;
    if (entered_bytes) {
        k.entered_view = at;
        mapped = vprec_share_again(options->entered_start, entered_bytes, at);
        at += entered_bytes;
    }
    uint8_t *data = at;
    k.slots = (uint64_t *)at;
    at += slot_bytes;
    k.constants = (vprec_constants *)at;
    at += constant_bytes;
    k.sites = (vprec_site *)at;
    at += site_bytes;
    k.code = (vprec_code){.at = at, .end = at + code_bytes, .moves = &k.moves, .from = at};
    size_t clone_at_bytes = (map->hi - map->lo) * sizeof(uint32_t);
    k.clone_at = vprec_pages(clone_at_bytes);
    if (!mapped || !k.clone_at || vprec_sys_mprotect(data, total - entered_bytes, PROT_READ | PROT_WRITE)) {
        vprec_sys_munmap(image->arena, total);
        vprec_pages_free(k.clone_at, clone_at_bytes);
        return VPREC_REASON_NO_MEMORY;
    }
    vprec_round_constants(k.constants, options->arith);
    uint64_t *enter = (uint64_t *)(k.constants + 1);
    *enter = (uint64_t)vprec_enter;
    k.round = (vprec_round_context){.arith = options->arith, .isa = options->isa, .constants = k.constants,
                                    .aes = has_vaes(), .halves = &k.halves,
                                    .zmm = vprec_xsave.zmm_high, .ties = &k.ties, .enter = enter_site, .tie = tie_site,
                                    .enter_data = &k};
    image->code = (uint64_t)at;
    k.enter_stub = (uint64_t)k.code.at;
    vprec_emit_legacy(&k.code, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(enter), -1);
    for (size_t i = 0; i < map->functions.count && !k.code.full; i++) {
        k.function = (uint32_t)i;
        if (VPREC_AT(map->functions, vprec_code_function, i).cloned)
            clone_function(&k);
    }
    emit_doors(&k);
    resolve(&k);
    enum vprec_reason why = k.code.full ? VPREC_REASON_TOO_FAR : VPREC_REASON_NONE;
    if (!why) {
        image->code_end = (uint64_t)k.code.at;
        uint8_t *end = image->arena + pages((size_t)(k.code.at - image->arena));
        vprec_sys_munmap(end, (size_t)(image->arena + total - end));
        image->arena_size = (size_t)(end - image->arena);
        vprec_sys_mprotect((uint8_t *)k.constants, constant_bytes + site_bytes, PROT_READ);
        why = vprec_sys_mprotect((uint8_t *)image->code, (size_t)(end - (uint8_t *)image->code), PROT_READ | PROT_EXEC)
                  ? VPREC_REASON_NOT_EXECUTABLE
                  : vprec_patch(image, map, k.clone_at, k.slots, &k.doors, options->gates);
    }
    vprec_where_seal(&image->where);
    if (why) {
        vprec_sys_munmap(image->arena, image->arena_size);
        vprec_where_free(&image->where);
        vprec_vec_free(&image->traps);
        vprec_vec_free(&image->entered);
    }
    vprec_vec_free(&k.fixups);
    vprec_vec_free(&k.doors);
    vprec_vec_free(&k.tables);
    vprec_vec_free(&k.live);
    vprec_vec_free(&k.ties);
    vprec_vec_free(&k.moves);
    vprec_pages_free(k.clone_at, clone_at_bytes);
    return why;
}
