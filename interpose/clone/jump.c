/* SPDX-License-Identifier: Apache-2.0
 * jump.c: see jump.h. Writes into the clones only; that the originals lead here is patch.c's. */
#include "jump.h"
#include "follow.h"
#include "hop.h"
#include "patch.h"
#include "runtime/version.h"

static uint64_t clone_of(const vprec_cloner *k, uint64_t original)
{
    uint32_t offset = vprec_in_code(k->map, original) ? k->now->clone_at[vprec_mark_index(k->map, original)] : 0;
    return offset ? (uint64_t)k->base + offset : 0;
}

/* A displacement to where `original` lives in the end: in a clone or where it is. */
static void displacement(vprec_cloner *k, uint64_t original)
{
    vprec_fixup *f = vprec_vec_add(&k->fixups, 1);
    if (f)
        *f = (vprec_fixup){k->code.at, original, k->function};
    else
        k->code.full = true;
    vprec_emit_u32(&k->code, 0);
}

void vprec_jump_to(vprec_cloner *k, uint64_t original)
{
    vprec_emit_u8(&k->code, 0xE9);
    displacement(k, original);
}

/* jrcxz, loop: they reach 127 bytes at most, so they jump over a jump. */
static void emit_short(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_emit_bytes(&k->code, vprec_bytes(k->map, at), insn->length - 1u);
    vprec_emit_u8(&k->code, 2);
    vprec_emit_bytes(&k->code, "\xEB\x05", 2);
    vprec_jump_to(k, insn->target);
}

enum { RAX, RCX, RDX, RBX, RSP };
enum { ABOVE = 7, ZERO = 4 }; /* ja, jz */

static void load_address(vprec_code *c, int reg, uint64_t address)
{
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8D), reg, vprec_absolute((void *)address), -1);
}

void vprec_jump_push_flags(vprec_code *c)
{
    vprec_emit_bytes(c, "\x9F\x0F\x90\xC0\x50", 5); /* lahf; seto al; push rax */
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, -8);
    vprec_emit_note(c, VPREC_MOVE_SAVE, (vprec_spilled){.kind = VPREC_SPILL_FLAGS, .size = 8}, 0);
}

void vprec_jump_pop_flags(vprec_code *c)
{
    vprec_emit_u8(c, 0x58); /* pop rax */
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, 8);
    vprec_emit_bytes(c, "\x04\x7F\x9E", 3); /* add al, 0x7f; sahf */
    vprec_emit_note(c, VPREC_MOVE_RESTORE, (vprec_spilled){.kind = VPREC_SPILL_FLAGS, .size = 8}, -8);
}

static bool may_land(const vprec_cloner *k, uint64_t at)
{
    uint32_t mark = *vprec_mark(k->map, at);
    return mark & VPREC_START && mark & VPREC_TARGET;
}

/* An indirect jump: its target, an original address, is looked up in a table
 * of the function's own branch targets (emit_landings). What is not there is
 * left to the original: another function, or code that ends in a trap. */
static void emit_indirect(vprec_cloner *k, uint64_t at)
{
    vprec_code *c = &k->code;
    vprec_mem mem = k->here->decoded.mem;
    int reg = k->here->decoded.reg;
    bool memory = reg == VPREC_REG_NONE;
    if (!k->low || (!memory && reg == RSP)) {
        vprec_hop_emit(k, at, &k->here->decoded.insn);
        vprec_round_copy_insn(c, at, &k->here->decoded.insn);
        return;
    }
    enum { SAVED = 128 + 24 };
    vprec_emit_move_stack(c, -128);
    vprec_emit_push(c, RAX);
    vprec_emit_push(c, RCX);
    vprec_jump_push_flags(c);
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
    vprec_jump_pop_flags(c);
    vprec_emit_bytes(c, "\xFF\xE1", 2); /* jmp rcx */
    if (c->full)
        return;
    int32_t rel = (int32_t)(c->at - beyond);
    memcpy(beyond - 4, &rel, 4);
    rel = (int32_t)(c->at - no_landing);
    memcpy(no_landing - 4, &rel, 4);
    vprec_emit_again(c, noted);
    vprec_jump_pop_flags(c);
    vprec_emit_pop(c, RCX);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, 128);
    vprec_hop_emit(k, at, &k->here->decoded.insn);
    vprec_round_copy_insn(c, at, &k->here->decoded.insn);
}

/* The function's table, and the landings: they give back the two registers and
 * the stack, then go on in the clone. */
static void emit_landings(vprec_cloner *k)
{
    vprec_code *c = &k->code;
    while ((uint64_t)c->at & 3)
        vprec_emit_u8(c, 0xCC);
    uint8_t *table = c->at;
    vprec_cloner_begin(k, VPREC_WHERE_LANDINGS, k->low);
    size_t bytes = (k->high - k->low + 1) * 4;
    if (c->full || (size_t)(c->end - c->at) < bytes) {
        c->full = true;
        return;
    }
    memset(table, 0, bytes);
    c->at += bytes;
    vprec_cloner_note(k); /* every landing is as the first */
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
        vprec_jump_to(k, a);
    }
    vprec_cloner_end(k);
    for (size_t i = 0; i < k->tables.count; i++) {
        uint8_t *ref = VPREC_AT(k->tables, uint8_t *, i);
        int32_t rel = (int32_t)(table - (ref + 4));
        memcpy(ref, &rel, 4);
    }
}

/* Where the ModRM byte of FF /2 lies in the instruction; 0: nowhere. */
static unsigned modrm_of(const uint8_t *bytes, const vprec_insn *insn)
{
    for (unsigned i = 0; i + 1 < insn->length; i++)
        if (bytes[i] == 0xFF)
            return i + 1;
    return 0;
}

/* mov dword ptr [rsp+4], imm32: the upper half of what was pushed. */
static const uint8_t push_upper[4] = {0xC7, 0x44, 0x24, 4};

/* jmp [slot], to the original at first. Who meets a trap there finds the slot by vprec_jump_call_slot, and leads it to
 * the clone. */
static void emit_linked(vprec_cloner *k, uint64_t target)
{
    uint64_t *slot = &k->now->slots[k->link_slot++];
    *slot = target;
    vprec_emit_legacy(&k->code, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(slot), -1);
}

uint64_t *vprec_jump_call_slot(const vprec_image *image, uint64_t back)
{
    enum { CALL = 5, PUSH = 5, UPPER = 8, JUMP = 6 };
    uint64_t clone = vprec_image_clone(image, back - CALL);
    const uint8_t *at = (const uint8_t *)clone;
    int32_t rel;
    if (!clone || clone + PUSH + UPPER + JUMP > image->code_end || at[0] != 0x68 || memcmp(at + 1, &back, 4) ||
        memcmp(at + PUSH, push_upper, sizeof push_upper) || at[PUSH + UPPER] != 0xFF || at[PUSH + UPPER + 1] != 0x25)
        return NULL;
    memcpy(&rel, at + PUSH + UPPER + 2, sizeof rel);
    uint64_t *slot = (uint64_t *)(clone + PUSH + UPPER + JUMP + (uint64_t)(int64_t)rel);
    return slot >= image->slots && slot < image->slots + image->slot_count ? slot : NULL;
}

/* A call where the original cannot make it: its return address is pushed, and the callee jumped to. What returns there
 * finds a way to the clone as what arrives there otherwise does. */
static void emit_pushed_call(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    enum { SIB = 4, BY_RSP = 4, CALL = 2, JUMP = 4 };
    vprec_code *c = &k->code;
    const uint8_t *bytes = vprec_bytes(k->map, at);
    unsigned modrm = insn->flow == VPREC_FLOW_ICALL ? modrm_of(bytes, insn) : 0;
    bool stack = modrm && bytes[modrm] >> 6 != 3 && (bytes[modrm] & 7) == SIB && (bytes[modrm + 1] & 7) == BY_RSP;
    bool rsp = modrm && bytes[modrm] >> 6 == 3 && (bytes[modrm] & 7) == BY_RSP;
    if (insn->flow == VPREC_FLOW_ICALL && (!modrm || stack || rsp)) { /* the push would change what is called */
        vprec_round_copy_insn(c, at, insn);
        return;
    }
    uint64_t back = at + insn->length;
    const vprec_code_function *f = vprec_cloner_function(k, k->function);
    if (back < f->end && *vprec_mark(k->map, back) & VPREC_START)
        *vprec_mark(k->map, back) |= VPREC_RETURN;
    if (insn->flow == VPREC_FLOW_ICALL)
        vprec_hop_emit(k, at, insn);
    vprec_emit_push_u32(c, (uint32_t)back);
    vprec_emit_bytes(c, push_upper, sizeof push_upper);
    vprec_emit_u32(c, (uint32_t)(back >> 32));
    if (insn->flow == VPREC_FLOW_CALL) {
        long callee = vprec_code_function_at(k->map, insn->target);
        bool here = callee >= 0 && vprec_cloner_function(k, (size_t)callee)->cloned;
        if (!here && k->link_slot < k->link_end)
            emit_linked(k, insn->target);
        else
            vprec_jump_to(k, insn->target);
        return;
    }
    vprec_round_copy_insn(c, at, insn);
    if (!c->full)
        c->at[(int)modrm - (int)insn->length] ^= (CALL ^ JUMP) << 3;
}

/* A call is made by the original instruction, so that the return address is an
 * original one; the return point leads back (patch.c). Behind a gate the
 * original's return points are its own: the clone calls. */
static void emit_call(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_codemap *map = k->map;
    if (k->options->leaves_by_itself) {
        emit_pushed_call(k, at, insn);
        return;
    }
    if (vprec_cloner_gate(k)) {
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

uint8_t *vprec_jump_leave(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    enum { CALL = 2, JUMP = 4 };
    vprec_code *c = &k->code;
    const uint8_t *bytes = vprec_bytes(k->map, at);
    unsigned modrm = insn->flow == VPREC_FLOW_IJMP ? modrm_of(bytes, insn) : 0;
    uint8_t *over = NULL;
    if (insn->flow == VPREC_FLOW_JCC) {
        vprec_emit_branch(c, vprec_insn_condition(bytes, insn) ^ 1, (uint64_t)c->at);
        over = c->at;
    }
    vprec_emit_move_stack(c, -8);
    if (insn->flow == VPREC_FLOW_IJMP) {
        vprec_round_copy_insn(c, at, insn);
        if (!c->full && modrm)
            c->at[(int)modrm - (int)insn->length] ^= (CALL ^ JUMP) << 3;
    } else {
        vprec_emit_u8(c, 0xE8);
        displacement(k, insn->target);
    }
    vprec_emit_move_stack(c, 8);
    return over;
}

void vprec_jump_stay(const vprec_cloner *k, uint8_t *over)
{
    const vprec_code *c = &k->code;
    if (!over || c->full)
        return;
    int32_t rel = (int32_t)(c->at - over);
    memcpy(over - 4, &rel, 4);
}

/* A jump to what may have a gate, which is told that it comes from selected code. */
static void emit_tail(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_code *c = &k->code;
    uint8_t *over = NULL;
    if (insn->flow == VPREC_FLOW_JCC) {
        uint8_t condition = vprec_insn_condition(vprec_bytes(k->map, at), insn);
        vprec_emit_u8(c, 0x70 | (condition ^ 1));
        vprec_emit_u8(c, 0);
        over = c->at;
    }
    vprec_gate_mark(c, vprec_cloner_function(k, k->function)->given);
    if (insn->flow == VPREC_FLOW_IJMP)
        vprec_round_copy_insn(c, at, insn);
    else
        vprec_jump_to(k, insn->target);
    if (over && !c->full)
        over[-1] = (uint8_t)(c->at - over);
}

bool vprec_jump_emit(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    if (*vprec_mark(k->map, at) & VPREC_TAIL && !vprec_cloner_function(k, k->function)->only_calls) {
        emit_tail(k, at, insn);
        return true;
    }
    switch (insn->flow) {
    case VPREC_FLOW_JCC:
        vprec_emit_u8(&k->code, 0x0F);
        vprec_emit_u8(&k->code, 0x80 | vprec_insn_condition(vprec_bytes(k->map, at), insn));
        displacement(k, insn->target);
        break;
    case VPREC_FLOW_JMP: vprec_jump_to(k, insn->target); break;
    case VPREC_FLOW_SHORT: emit_short(k, at, insn); break;
    case VPREC_FLOW_XBEGIN:
        vprec_emit_bytes(&k->code, "\xC7\xF8", 2);
        displacement(k, insn->target);
        break;
    case VPREC_FLOW_IJMP: emit_indirect(k, at); break;
    case VPREC_FLOW_CALL:
    case VPREC_FLOW_ICALL: emit_call(k, at, insn); break;
    default: return false;
    }
    return true;
}

/* What is set when a function is entered; NULL: nobody asks, or it is known. */
static _Atomic uint32_t *entered_of(const vprec_cloner *k, size_t function)
{
    return k->options->entered ? k->options->entered[function] : NULL;
}

static void load_constant(vprec_code *c, const void *value)
{
    vprec_emit_bytes(c, "\x48\xB8", 2); /* mov rax, imm64 */
    vprec_emit_bytes(c, &value, sizeof value);
}

/* Sets the flag; below the red zone lies rax by then. */
static void emit_set(vprec_code *c, const _Atomic uint32_t *flag)
{
    vprec_emit_move_stack(c, -128);
    vprec_emit_push(c, RAX);
    load_constant(c, flag);
    vprec_emit_bytes(c, "\xC6\x00\x01", 3); /* mov byte ptr [rax], 1 */
}

/* jmp [slot], and what that leads to once: it notes that the function was entered. Returns where the address belongs
 * that [slot] leads to ever after; NULL: nothing is noted. */
static uint8_t *emit_noting(vprec_cloner *k, uint32_t function, uint64_t *slot)
{
    vprec_code *c = &k->code;
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(slot), -1);
    *slot = (uint64_t)c->at;
    _Atomic uint32_t *flag = entered_of(k, function);
    if (!flag)
        return NULL;
    emit_set(c, flag);
    uint8_t *to = c->at + 2;
    load_constant(c, NULL);
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x89), RAX, vprec_absolute(slot), -1);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, 128);
    return to;
}

static void lead_slot(const vprec_cloner *k, uint8_t *at, uint64_t to)
{
    if (!k->code.full && at)
        memcpy(at, &to, sizeof to);
}

/* jmp gs:[disp] */
static void emit_version_jump(vprec_code *c, int64_t disp)
{
    vprec_emit_bytes(c, "\x65\xFF\x24\x25", 4);
    vprec_emit_u32(c, (uint32_t)disp);
}

/* In front of the entry stub of a function that is a scope: it is opened, whatever version the thread was in, and goes
 * on in the one that is right then. What the function itself jumps to is behind it. */
static void emit_hall(vprec_cloner *k, const vprec_code_function *f)
{
    vprec_hall *hall = k->version ? NULL : vprec_vec_add(&k->image->halls, 1);
    vprec_site site = {.address = f->start, .op = VPREC_OP_SCOPE, .mem.disp = (int64_t)f->scope};
    vprec_door *door = vprec_vec_add(&k->now->halls, 1);
    if (!door || (!k->version && !hall)) {
        k->code.full = true;
        return;
    }
    *door = (vprec_door){f->start, (uint64_t)k->code.at};
    if (hall)
        *hall = (vprec_hall){f->start, door->code, vprec_versions > 1 ? k->way++ : 0};
    vprec_cloner_enter(k, &site);
    if (vprec_versions > 1)
        emit_version_jump(&k->code, (int64_t)vprec_image_hall(k->image, f->start)->slot * 8);
    vprec_cloner_end(k);
    vprec_cloner_begin(k, VPREC_WHERE_STUB, f->start);
}

/* The stub at a function's entry: [slot] leads behind itself once, and to the clone ever after. */
static void emit_entry(vprec_cloner *k)
{
    const vprec_code_function *f = vprec_cloner_function(k, k->function);
    vprec_code *c = &k->code;
    while ((uint64_t)c->at & 15)
        vprec_emit_u8(c, 0xCC);
    vprec_cloner_begin(k, VPREC_WHERE_STUB, f->start);
    vprec_entered *entered = vprec_vec_add(&k->image->entered, 1);
    if (entered)
        *entered = (vprec_entered){(uint64_t)c->at, entered_of(k, k->function)};
    else
        c->full = true;
    if (f->scope)
        emit_hall(k, f);
    uint8_t *to = emit_noting(k, k->function, &k->now->slots[k->function]);
    lead_slot(k, to, (uint64_t)c->at);
    if (k->options->follows && k->options->metered)
        vprec_follow_emit(c);
    vprec_cloner_end(k);
}

/* A way into a clone behind the function's start notes the entry as the stub does. */
static void emit_door(vprec_cloner *k, uint64_t original, uint32_t function)
{
    vprec_door *door = k->now->slot_count < k->slot_room ? vprec_vec_add(&k->now->doors, 1) : NULL;
    if (!door) {
        k->code.full = true;
        return;
    }
    vprec_cloner_begin(k, VPREC_WHERE_STUB, original);
    *door = (vprec_door){original, (uint64_t)k->code.at};
    uint64_t to = clone_of(k, original);
    lead_slot(k, emit_noting(k, function, &k->now->slots[k->now->slot_count++]), to);
    vprec_emit_branch(&k->code, -1, to);
    vprec_cloner_end(k);
}

/* The function of a place whose clone others jump to; -1: the function's own, or none that is cloned. */
static long foreign(const vprec_cloner *k, const vprec_fixup *f)
{
    const vprec_code_function *own = vprec_cloner_function(k, f->function);
    if ((f->target >= own->start && f->target < own->end) || !clone_of(k, f->target))
        return -1;
    return vprec_code_function_at(k->map, f->target);
}

/* Doors: where addresses that are taken, landing pads, and jumps of other functions lead to behind a function's start.
 * A return is none: what returns has entered before; but who knows where code is entered that nothing names. */
static void emit_doors(vprec_cloner *k)
{
    vprec_vec targets = VPREC_VEC(uint64_t);
    vprec_entered *end = vprec_vec_add(&k->image->entered, 1);
    if (end)
        *end = (vprec_entered){(uint64_t)k->code.at, NULL};
    else
        k->code.full = true;
    for (size_t i = 0; i < k->map->functions.count; i++) {
        const vprec_code_function *f = vprec_cloner_function(k, i);
        uint32_t door = VPREC_ENTRY | (f->gap ? VPREC_RETURN : 0);
        for (uint64_t at = f->start + 1; f->cloned && entered_of(k, i) && at < f->end; at++) {
            uint32_t mark = *vprec_mark(k->map, at);
            if (mark & VPREC_START && mark & door && clone_of(k, at))
                vprec_vec_add_u64(&targets, at);
        }
    }
    for (size_t i = 0; i < k->fixups.count; i++) {
        const vprec_fixup *f = &VPREC_AT(k->fixups, vprec_fixup, i);
        long function = foreign(k, f);
        if (function >= 0 && entered_of(k, (size_t)function) &&
            f->target != vprec_cloner_function(k, (size_t)function)->start)
            vprec_vec_add_u64(&targets, f->target);
    }
    vprec_vec_sort_u64(&targets);
    for (size_t i = 0; i < targets.count && !k->code.full; i++) {
        uint64_t target = VPREC_AT(targets, uint64_t, i);
        emit_door(k, target, (uint32_t)vprec_code_function_at(k->map, target));
    }
    vprec_vec_free(&targets);
}

void vprec_jump_begin(vprec_cloner *k)
{
    const vprec_code_function *f = vprec_cloner_function(k, k->function);
    k->low = k->high = 0;
    k->tables.count = 0;
    for (uint64_t at = f->start; at < f->end && f->indirect_jumps; at++)
        if (may_land(k, at)) {
            k->low = k->low ? k->low : at;
            k->high = at;
        }
    emit_entry(k);
}

void vprec_jump_end(vprec_cloner *k)
{
    if (k->tables.count)
        emit_landings(k);
}

/* The clone, in the version, of an instruction in another unit, in reach of the displacement at `at`; 0: none. A
 * function's start leads to its clone by itself, and notes the entry; what may be translated anew is left by its
 * original. */
static uint64_t clone_elsewhere(unsigned version, uint64_t original, const uint8_t *at)
{
    const vprec_image *image = vprec_image_of(original);
    uint64_t clone = 0;
    if (image && (image->borrowed_vectors || image->borrowed_masks))
        return 0;
    for (size_t i = 0; image && i < image->spans.count; i++)
        if (VPREC_AT(image->spans, vprec_image_span, i).start == original)
            image = NULL;
    if (image)
        clone = vprec_where_clone(&image->where, version, original);
    int64_t rel = (int64_t)clone - (int64_t)(at + 4);
    return clone && rel == (int32_t)rel ? clone : 0;
}

/* A jump to what 32 bits do not reach, or perhaps to another image's clone. */
static uint64_t emit_far_jump(vprec_cloner *k, uint64_t to)
{
    vprec_code *c = &k->code;
    uint64_t at = (uint64_t)c->at;
    vprec_cloner_begin(k, VPREC_WHERE_STUB, to);
    vprec_hop_emit_to(k, to);
    vprec_emit_bytes(c, "\xFF\x25\0\0\0\0", 6); /* jmp qword ptr [rip] */
    vprec_emit_bytes(c, &to, sizeof to);
    vprec_cloner_end(k);
    return at;
}

static void resolve(vprec_cloner *k)
{
    for (size_t i = 0; i < k->fixups.count && !k->code.full; i++) {
        vprec_fixup f = VPREC_AT(k->fixups, vprec_fixup, i);
        long function = foreign(k, &f);
        uint64_t to = clone_of(k, f.target);
        const uint64_t hall = function >= 0 ? vprec_door_find(&k->now->halls, f.target) : 0;
        if (!to && !k->options->apart)
            to = clone_elsewhere(k->version, f.target, f.at);
        if (hall)
            to = hall;
        else if (function >= 0 && entered_of(k, (size_t)function))
            to = f.target == vprec_cloner_function(k, (size_t)function)->start
                     ? k->now->slots[function] - 6
                     : vprec_door_find(&k->now->doors, f.target);
        int64_t rel = (int64_t)(to ? to : f.target) - (int64_t)(f.at + 4);
        if (rel != (int32_t)rel || (!to && k->options->apart))
            rel = (int64_t)emit_far_jump(k, f.target) - (int64_t)(f.at + 4);
        int32_t rel32 = (int32_t)rel;
        memcpy(f.at, &rel32, 4);
    }
}

void vprec_jump_link(vprec_cloner *k)
{
    emit_doors(k);
    resolve(k);
}

uint64_t vprec_jump_destination(const vprec_cloner *k, unsigned version, uint64_t original, uint32_t function)
{
    enum { JUMP = 6 }; /* an entry stub's slot has led behind its first jump since it was written */
    const vprec_cloner_version *v = &k->versions[version];
    if (original == vprec_cloner_function(k, function)->start)
        return v->slots[function] - JUMP;
    uint64_t door = vprec_door_find(&v->doors, original);
    return door ? door : (uint64_t)k->base + v->clone_at[vprec_mark_index(k->map, original)];
}

/* For followers: where they are led now, and on by the way's own slot. Flags and registers stay. */
static void emit_check(vprec_code *c, size_t slot)
{
    vprec_emit_move_stack(c, -128);
    vprec_emit_push(c, RAX);
    vprec_emit_push(c, RCX);
    load_constant(c, (const void *)&vprec_version_led);
    vprec_emit_bytes(c, "\x48\x8B\x00", 3);         /* mov rax, [rax] */
    vprec_emit_bytes(c, "\xF3\x48\x0F\xAE\xC9", 5); /* rdgsbase rcx */
    vprec_emit_bytes(c, "\x48\xF7\xD1", 3);         /* not rcx */
    vprec_emit_bytes(c, "\x48\x8D\x4C\x08\x01", 5); /* lea rcx, [rax+rcx+1] */
    vprec_emit_bytes(c, "\xE3\x05", 2);             /* jrcxz */
    vprec_emit_bytes(c, "\xF3\x48\x0F\xAE\xD8", 5); /* wrgsbase rax */
    vprec_emit_pop(c, RCX);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, 128);
    emit_version_jump(c, (int64_t)slot * 8 - VPREC_VERSION_HALF);
}

/* For followers while nobody knows whose work they do: noted; and on in version 0. */
static void emit_ambiguous(vprec_code *c, size_t slot)
{
    emit_set(c, vprec_version_ambiguous);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, 128);
    const int64_t base = (int64_t)VPREC_VERSION_AMBIGUOUS * VPREC_VERSION_BYTES + VPREC_VERSION_HALF;
    emit_version_jump(c, (int64_t)slot * 8 - base);
}

/* The slot of the way to `original`; those of halls were taken before. */
static size_t slot_of(vprec_cloner *k, uint64_t original)
{
    const vprec_hall *hall = vprec_image_hall(k->image, original);
    return hall ? hall->slot : k->way++;
}

uint64_t vprec_jump_way(vprec_cloner *k, uint64_t original, uint32_t function)
{
    uint32_t *known = &k->way_at[vprec_mark_index(k->map, original)];
    if (*known)
        return (uint64_t)k->base + *known;
    const size_t slot = slot_of(k, original);
    if (slot >= k->image->ways + k->image->way_count) {
        k->code.full = true;
        return 0;
    }
    vprec_cloner_begin(k, VPREC_WHERE_STUB, original);
    vprec_version_set_check(slot, (uint64_t)k->code.at);
    emit_check(&k->code, slot);
    vprec_cloner_end(k);
    vprec_cloner_begin(k, VPREC_WHERE_STUB, original);
    *known = (uint32_t)(k->code.at - k->base);
    for (unsigned v = 0; v < vprec_versions; v++)
        vprec_version_set(v, slot, vprec_jump_destination(k, v, original, function));
    emit_version_jump(&k->code, (int64_t)slot * 8);
    vprec_cloner_note(k);
    vprec_cloner_begin(k, VPREC_WHERE_STUB, original);
    vprec_version_set(VPREC_VERSION_AMBIGUOUS, slot, (uint64_t)k->code.at);
    emit_ambiguous(&k->code, slot);
    vprec_cloner_end(k);
    return (uint64_t)k->base + *known;
}

size_t vprec_jump_ways(const vprec_codemap *map)
{
    size_t bound = 0;
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        bound += f->cloned ? 1 + f->syscalls : 0;
        for (uint64_t at = f->start; f->cloned && at < f->end; at++)
            bound += (*vprec_mark(map, at) & (VPREC_ENTRY | VPREC_RETURN | VPREC_RETURNS)) != 0;
    }
    return bound;
}

size_t vprec_jump_doors(const vprec_codemap *map)
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

void vprec_jump_mark(const vprec_codemap *map)
{
    for (size_t i = 0; i < map->edges.count; i++) {
        vprec_edge e = VPREC_AT(map->edges, vprec_edge, i);
        long from = vprec_code_function_at(map, e.from), to = vprec_code_function_at(map, e.to);
        if (to >= 0 && VPREC_AT(map->functions, vprec_code_function, to).cloned &&
            (from < 0 || !VPREC_AT(map->functions, vprec_code_function, from).cloned))
            *vprec_mark(map, e.to) |= VPREC_ENTRY;
    }
}
