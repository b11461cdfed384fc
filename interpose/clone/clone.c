/* SPDX-License-Identifier: Apache-2.0
 * clone.c: see clone.h. Writes clones; their jumps are jump.c's, the originals patch.c's. */
#include "clone.h"
#include "cloner.h"
#include "cpu.h"
#include "find/shifters.h"
#include "hop.h"
#include "jump.h"
#include "patch.h"
#include "runs.h"
#include "runtime/version.h"
#include "stores.h"
#include "x86/emulate/enter.h"
#include <cpuid.h>
#include <stdatomic.h>

/* Asked once, and not for each clone: an instruction that asks takes 5 us on a virtual machine. */
static bool has_vaes(void)
{
    enum { UNKNOWN, NO, YES };
    static atomic_int known;
    int found = atomic_load_explicit(&known, memory_order_relaxed);
    if (found == UNKNOWN) {
        unsigned a, b, c = 0, d;
        const bool asks = vprec_cpu_detect() >= VPREC_LEVEL_AVX2 && __get_cpuid_count(7, 0, &a, &b, &c, &d);
        found = asks && c & bit_VAES ? YES : NO;
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return found == YES;
}

static void place(vprec_cloner *k, uint64_t original)
{
    k->now->clone_at[vprec_mark_index(k->map, original)] = (uint32_t)(k->code.at - k->base);
}

vprec_site *vprec_cloner_enter(vprec_cloner *k, const vprec_site *site)
{
    vprec_site *kept = vprec_heap_take(k->heap, sizeof *kept);
    if (!kept) {
        k->code.full = true;
        return NULL;
    }
    *kept = *site;
    kept->version = (uint8_t)k->works;
    uint64_t pointer = (uint64_t)kept;
    vprec_emit_move_stack(&k->code, -128);
    vprec_emit_push_u32(&k->code, (uint32_t)pointer);
    vprec_emit_bytes(&k->code, "\xC7\x44\x24\x04", 4); /* mov dword ptr [rsp+4], imm32 */
    vprec_emit_u32(&k->code, (uint32_t)(pointer >> 32));
    vprec_emit_branch(&k->code, -2, k->enter_stub);
    vprec_emit_move_stack(&k->code, 136);
    return kept;
}

static void tie_site(void *data, const vprec_site *site)
{
    vprec_cloner_end(data);
    vprec_cloner_begin(data, VPREC_WHERE_TIE, site->address);
}

/* For what its inline code leaves over; it is counted there. */
static void enter_site(void *data, const vprec_site *site)
{
    const vprec_cloner *k = data;
    vprec_site copy = *site;
    if (k->options->metered)
        copy.counter = 0;
    vprec_cloner_enter(data, &copy);
}

bool vprec_cloner_rounds(const vprec_cloner *k, const vprec_insn *insn)
{
    const vprec_arith *arith = k->arith;
    if (vprec_routine_rounds(&vprec_cloner_function(k, k->function)->routine))
        return false;
    return insn->cls == VPREC_SITE && arith->use[insn->type] != VPREC_USE_NONE &&
           arith->ops & vprec_ops_of((enum vprec_op)insn->op);
}

/* The site's code where there is an inline form, else a call of the emulator. */
static void put_site(vprec_cloner *k, vprec_site *site)
{
    const bool metered = k->options->metered;
    if (k->options->counters)
        site->counter = k->options->counters[k->function];
    if (site->op == VPREC_OP_MXCSR || site->addend || k->options->count || (metered && !vprec_runs_ready(k, site)) ||
        !vprec_round_emit(&k->code, site, &k->round)) {
        vprec_cloner_enter(k, site);
        return;
    }
    k->image->inlined += k->version == vprec_version_main;
    if (metered)
        vprec_runs_count(k, site);
}

/* Notes the instruction once for all versions: see vprec_clone_options. */
static uint32_t note(vprec_cloner *k, uint64_t at, bool refused, bool asked)
{
    const vprec_clone_options *o = k->options;
    size_t place = VPREC_BELOW(k->noted, vprec_cloner_noted, at, at);
    if (place < k->noted.count && VPREC_AT(k->noted, vprec_cloner_noted, place).at == at)
        return VPREC_AT(k->noted, vprec_cloner_noted, place).number;
    uint32_t number = refused ? o->refused(o->noted_data, at, k->function)
                              : o->exact(o->noted_data, at, k->function, asked);
    vprec_cloner_noted *n = vprec_vec_insert(&k->noted, place);
    if (n)
        *n = (vprec_cloner_noted){at, number};
    else
        k->code.full = true;
    return number;
}

/* Counts that control comes to `at`, which runs as it is. */
static void emit_executed(vprec_cloner *k, uint64_t at, uint32_t number)
{
    vprec_site site = {.address = at, .op = VPREC_OP_REFUSED, .counter = number};
    vprec_cloner_enter(k, &site);
}

/* An addition that rounds to an integer. Only to be counted it must not run where it is. */
static void emit_exact(vprec_cloner *k, uint64_t at)
{
    uint32_t number = note(k, at, false, false);
    bool counts = k->options->count || k->options->metered;
    if (counts && !vprec_cloner_gate(k))
        *vprec_mark(k->map, at) |= VPREC_ARITH;
    if (counts && (k->options->count || !vprec_runs_note(k, at, vprec_executed_counts[number])))
        emit_executed(k, at, number);
    vprec_round_copy_insn(&k->code, at, &k->here->decoded.insn);
}

static void emit_site(vprec_cloner *k, uint64_t at)
{
    vprec_site site = k->here->decoded.site;
    if (k->here->exact == VPREC_EXACT_ALWAYS) {
        emit_exact(k, at);
        return;
    }
    if (k->here->exact == VPREC_EXACT_ASKED) {
        site.addend = 1 + k->here->addend;
        site.exact = k->here->lanes;
        site.executed = note(k, at, false, true);
    }
    if (!vprec_cloner_gate(k))
        *vprec_mark(k->map, at) |= VPREC_ARITH;
    put_site(k, &site);
}

/* vmovups between the register and [rax + offset]; the offset is the register's size, or 0. */
static void emit_stored(vprec_cloner *k, const vprec_routine *routine, int8_t reg, bool store, bool second)
{
    vprec_code *c = &k->code;
    const unsigned width = routine->lanes * (routine->type == VPREC_F64 ? 8u : 4u);
    const uint8_t opcode = store ? 0x11 : 0x10, modrm = (uint8_t)((second ? 0x40 : 0) | reg << 3);
    if (width == 64)
        vprec_emit_bytes(c, "\x62\xF1\x7C\x48", 4);
    else
        vprec_emit_bytes(c, width == 32 ? "\xC5\xFC" : "\x0F", width == 32 ? 2 : 1);
    vprec_emit_u8(c, opcode);
    vprec_emit_u8(c, modrm);
    if (second)
        vprec_emit_u8(c, width == 64 ? 1 : (uint8_t)width);
}

/* A routine's return: a result in a vector register is rounded, inline as its product with 1. */
static void emit_routine_result(vprec_cloner *k, uint64_t at, const vprec_routine *routine, int8_t result)
{
    vprec_type type = (vprec_type)routine->type;
    bool f64 = type == VPREC_F64, scalar = routine->lanes == 1;
    vprec_site site = {
        .address = at, .op = VPREC_OP_MUL,
        .from = f64 ? VPREC_E_F64 : VPREC_E_F32, .to = f64 ? VPREC_E_F64 : VPREC_E_F32,
        .lanes = routine->lanes, .width = (uint8_t)(routine->lanes * (f64 ? 8 : 4)),
        .encoding = VPREC_EVEX, .map = 1, .opcode = 0x59,
        .pp = (uint8_t)(scalar ? 2 + f64 : f64), .w = f64,
        .dst = result, .vvvv = result, .rm = VPREC_REG_MEM, .broadcast = !scalar,
        .mem = {.base = VPREC_MEM_RIP, .index = VPREC_MEM_NONE, .scale = 1, .size = f64 ? 8 : 4,
                .disp = (int64_t)k->room.constants[k->works].value[type][VPREC_K_UNIT]},
    };
    if (k->options->counters)
        site.counter = k->options->counters[k->function];
    /* noise is not that of a product with an exact number */
    const bool metered = k->options->metered;
    if (!k->options->count && !k->arith->noise[type].what && (!metered || vprec_runs_ready_alone(k, &site)) &&
        vprec_round_emit(&k->code, &site, &k->round)) {
        if (metered)
            vprec_runs_count_alone(k, &site, VPREC_OP_VALUE);
        k->image->inlined += k->version == vprec_version_main;
        return;
    }
    site.op = VPREC_OP_VALUE;
    site.map = VPREC_MAP_RESULT;
    site.opcode = 0;
    site.rm = result;
    site.vvvv = VPREC_REG_NONE;
    site.broadcast = false;
    vprec_cloner_enter(k, &site);
}

static void emit_routine_results(vprec_cloner *k, uint64_t at, const vprec_routine *routine)
{
    const bool native = k->arith->use[routine->type] == VPREC_USE_NONE; /* in this version */
    for (int8_t result = 0; result < routine->results && !native; result++) {
        if (routine->stored)
            emit_stored(k, routine, result, false, result);
        emit_routine_result(k, at, routine, result);
        if (routine->stored)
            emit_stored(k, routine, result, true, result);
    }
}

/* Whether a routine goes on, by a jump, in what does not round its results. One that never returns is all such jumps,
 * to the version for this processor. */
static bool leaves_routine(const vprec_cloner *k, const vprec_insn *insn)
{
    const vprec_code_function *f = vprec_cloner_function(k, k->function);
    if (!f->gate || !f->routine.results)
        return false;
    bool leaves = insn->flow == VPREC_FLOW_IJMP;
    for (size_t i = 0; i < k->live.count && leaves; i++)
        leaves = VPREC_AT(k->live, vprec_live, i).decoded.insn.flow != VPREC_FLOW_RET;
    return leaves || ((insn->flow == VPREC_FLOW_JMP || insn->flow == VPREC_FLOW_JCC) &&
                      insn->target - f->start >= f->end - f->start);
}

static void emit_audit(vprec_cloner *k, uint64_t at)
{
    emit_executed(k, at, note(k, at, true, false));
}

static void emit_refused(vprec_cloner *k, uint64_t at)
{
    if (k->options->audit) {
        if (!vprec_cloner_gate(k))
            *vprec_mark(k->map, at) |= VPREC_ARITH;
        emit_audit(k, at);
    }
    vprec_round_copy_insn(&k->code, at, &k->here->decoded.insn);
}

/* A jump over the code that follows, by rcx; short_end says how far. */
static uint8_t *emit_if_zero(vprec_code *c)
{
    vprec_emit_bytes(c, "\xE3\x00", 2); /* jrcxz */
    return c->at;
}

static void short_end(const vprec_code *c, uint8_t *from)
{
    if (!c->full)
        from[-1] = (uint8_t)(c->at - from);
}

/* A system call. Most are none of ours, which the low byte of their number tells; rcx and r11 are free, which the
 * instruction itself changes, and the flags stay:
 *
 *         movzx ecx, al
 *         mov r11, vprec_enter_calls
 *         movzx ecx, byte [r11 + rcx]
 *         jrcxz here
 *         ... vprec_enter: rcx is 0 (it is made), 1 (to be made here) or 2 (by the original instruction)
 *         jrcxz behind
 *         lea rcx, [rcx - 1]
 *         jrcxz here
 *         jmp the original, which returns behind it
 *   here: syscall
 *   behind: */
static void emit_syscall(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_code *c = &k->code;
    const void *kinds = vprec_enter_calls;
    vprec_site site = {.address = at, .length = insn->length, .op = VPREC_OP_SYSCALL};
    const vprec_code_function *f = vprec_cloner_function(k, k->function);
    uint64_t back = at + insn->length;
    bool leads = !vprec_cloner_gate(k) && !k->options->alone;
    if (leads)
        *vprec_mark(k->map, at) |= VPREC_ARITH;
    if (leads && back < f->end && *vprec_mark(k->map, back) & VPREC_START)
        *vprec_mark(k->map, back) |= VPREC_RETURN;
    vprec_emit_bytes(c, "\x0F\xB6\xC8\x49\xBB", 5);
    vprec_emit_bytes(c, &kinds, sizeof kinds);
    vprec_emit_bytes(c, "\x41\x0F\xB6\x0C\x0B", 5);
    uint8_t *ordinary = emit_if_zero(c);
    vprec_site *kept = vprec_cloner_enter(k, &site), **call = leads ? vprec_vec_add(&k->image->calls, 1) : NULL;
    c->full |= leads && !call;
    if (call)
        *call = kept;
    uint8_t *made = emit_if_zero(c);
    vprec_emit_bytes(c, "\x48\x8D\x49\xFF", 4);
    uint8_t *here = emit_if_zero(c);
    vprec_emit_branch(c, -1, at);
    short_end(c, ordinary);
    short_end(c, here);
    vprec_round_copy_insn(c, at, insn);
    short_end(c, made);
}

static void emit_instruction(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    const vprec_code_function *f = vprec_cloner_function(k, k->function);
    if (leaves_routine(k, insn)) {
        uint8_t *over = vprec_jump_leave(k, at, insn);
        emit_routine_results(k, at, &f->routine);
        vprec_emit_u8(&k->code, 0xC3);
        vprec_jump_stay(k, over);
        return;
    }
    if (vprec_jump_emit(k, at, insn))
        return;
    if (insn->flow == VPREC_FLOW_RET)
        vprec_hop_emit(k, at, insn);
    if (insn->cls == VPREC_SYSCALL && k->options->calls) {
        emit_syscall(k, at, insn);
    } else if (f->only_calls) {
        vprec_round_copy_insn(&k->code, at, insn);
    } else if (insn->flow == VPREC_FLOW_RET) {
        emit_routine_results(k, at, &f->routine);
        vprec_round_copy_insn(&k->code, at, insn);
    } else if (vprec_cloner_rounds(k, insn) || (insn->cls == VPREC_CONTROL && vprec_arith_rounds(&vprec_arith_current) &&
                                   !vprec_routine_rounds(&f->routine))) {
        emit_site(k, at);
    } else if (insn->cls == VPREC_REFUSED) {
        emit_refused(k, at);
    } else if (!k->options->changes || !vprec_stores_emit(k, at, insn)) {
        vprec_round_copy_insn(&k->code, at, insn);
    }
}

/* Those with a format, or with noise: 1 << VPREC_F32 | ... */
static uint32_t rounded_types(const vprec_arith *arith)
{
    uint32_t types = 0;
    for (int t = 0; t < VPREC_TYPES; t++)
        types |= (uint32_t)(arith->use[t] == VPREC_USE_FORMAT) << t;
    return types;
}

/* The version whose arithmetic a function has in the clones of `version`. */
static unsigned works_of(const vprec_code_function *f, unsigned version)
{
    return f->given && vprec_version_takes(version) ? f->given - 1u : version;
}

static size_t site_count(const vprec_codemap *map)
{
    size_t sites = 0;
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        sites += f->cloned ? f->sites[VPREC_F32] + f->sites[VPREC_F64] : 0;
    }
    return sites;
}

/* Of the next site. */
static uint8_t *tie_byte(vprec_cloner *k)
{
    uint8_t *byte = (uint8_t *)(k->now->slots + k->tie_slot) + k->tie_bytes;
    if (byte >= (uint8_t *)(k->now->slots + k->slot_end))
        return NULL;
    k->tie_bytes++;
    return byte;
}

static void work_as(vprec_cloner *k, unsigned works)
{
    k->works = works;
    k->arith = k->round.arith = vprec_arith_of(works);
    k->round.constants = &k->room.constants[works];
}

static void clone_function(vprec_cloner *k)
{
    vprec_codemap *map = k->map;
    const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, k->function);
    work_as(k, works_of(f, k->version));
    /* Registers nobody here names are free unless a caller may keep values in
     * them; those that the function itself overwrites are free where dead. */
    uint32_t unnamed = ~(f->vectors | map->live_vectors) & 0xFFFF0000u, written;
    uint32_t unnamed_masks = ~(f->masks | map->live_masks) & 0xFE, masks_written, taken[2] = {0, 0};
    if (f->gate || vprec_routine_rounds(&f->routine)) /* who calls it may know it, as compilers know SVML's */
        unnamed = unnamed_masks = 0;
    if (!vprec_live_read(map, f, &k->live, &written, &masks_written)) {
        k->code.full = true;
        return;
    }
    if (!f->only_calls && !f->routine.results && !k->arith->rounds_shifters &&
        !vprec_shifters_find(map, f, &k->live, rounded_types(k->arith))) {
        k->code.full = true;
        return;
    }
    const bool asks_flags = k->options->isa == VPREC_ISA_AVX512 && f->sites[VPREC_F32] + f->sites[VPREC_F64];
    if (asks_flags)
        vprec_live_flags(map, &k->live, k->options->alone || map->object->go);
    size_t next = 0;
    k->round.clear_upper = !f->vex;
    k->round.taken = taken;
    k->code.shadow = vprec_window_at(map, f->start)->shadow;
    vprec_runs_begin(k);
    vprec_jump_begin(k);
    vprec_cloner_begin(k, VPREC_WHERE_BODY, f->start);
    bool open = false; /* control can fall through to here */
    for (uint64_t at = f->start; at < f->end && !k->code.full;) {
        const uint8_t *before = k->code.at;
        const vprec_live *live = next < k->live.count ? &VPREC_AT(k->live, vprec_live, next) : NULL;
        if (!live || live->at != at) {
            if (open) { /* into what is no known code: the original decides */
                if (at == f->unknown && k->options->audit && !f->only_calls)
                    emit_audit(k, at);
                vprec_jump_to(k, at);
                open = false;
            }
            vprec_cloner_step(k, 1, before);
            at++;
            continue;
        }
        place(k, at);
        if (*vprec_mark(map, at) & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN))
            k->halves = 0;
        next++;
        k->here = live;
        const vprec_insn *insn = &live->decoded.insn;
        k->round.free_vectors = unnamed | (written & ~live->vectors);
        k->round.free_masks = unnamed_masks | (masks_written & ~live->masks & 0xFE);
        k->round.often = insn->cls == VPREC_SITE ? tie_byte(k) : NULL;
        k->round.flags_free = asks_flags && insn->cls == VPREC_SITE && !live->flags_after;
        if (k->options->metered && !f->only_calls)
            vprec_runs_step(k, next - 1);
        emit_instruction(k, at, insn);
        if (insn->flow)
            k->halves = 0;
        vprec_cloner_step(k, insn->length, before);
        open = insn->flow != VPREC_FLOW_JMP && insn->flow != VPREC_FLOW_IJMP && insn->flow != VPREC_FLOW_RET &&
               insn->flow != VPREC_FLOW_STOP && insn->flow != VPREC_FLOW_CALL && insn->flow != VPREC_FLOW_ICALL;
        at += insn->length;
    }
    if (open)
        vprec_jump_to(k, f->end);
    if (k->options->metered && !k->code.full)
        vprec_runs_end(k);
    vprec_cloner_note(k);
    vprec_round_emit_ties(&k->code, &k->round);
    vprec_cloner_end(k);
    vprec_jump_end(k);
    k->round.taken = NULL;
    k->image->borrowed_vectors |= taken[0] & unnamed;
    k->image->borrowed_masks |= taken[1] & unnamed_masks;
}

/* Upper bound of the size of one version's clones. */
static size_t estimate(const vprec_codemap *map, const vprec_clone_options *options, unsigned version, size_t doors)
{
    enum { DOOR_BYTES = 64, CALL_BYTES = 96, HALL_BYTES = 64, METER_BYTES = 512,
           APART_BYTES = 48 /* a question or a comparison for each byte */ };
    size_t bytes = 256 + doors * DOOR_BYTES;
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->cloned)
            continue;
        const vprec_arith *arith = vprec_arith_of(works_of(f, version));
        size_t n = f->refused + f->controls + f->tails, length = f->end - f->start;
        for (int t = 0; t < VPREC_TYPES; t++)
            n += arith->use[t] != VPREC_USE_NONE ? f->sites[t] : 0;
        size_t inline_bytes = vprec_round_room(arith, options->isa) + (options->metered ? METER_BYTES : 0);
        size_t site_bytes = options->count ? 64 : inline_bytes;
        if (f->routine.results) /* sites at each return, and at jumps that take its place */
            n += (length / (f->gate ? 4 : 16) + 1) * f->routine.results;
        bytes += length * (options->apart ? APART_BYTES : 4) + n * site_bytes + f->syscalls * CALL_BYTES + 128;
        bytes += f->scope ? HALL_BYTES : 0;
        if (f->indirect_jumps) /* a table entry and a landing, and the longer jumps */
            bytes += length * 64;
    }
    return bytes;
}

/* The vector's elements go where they stay; its own memory, while there is room, is used for the next unit's. */
static bool settle(vprec_heap *heap, vprec_vec *vec)
{
    size_t bytes = vec->count * vec->size;
    void *to = bytes ? vprec_heap_take(heap, bytes) : NULL;
    if (bytes && !to)
        return false;
    if (bytes)
        memcpy(to, vec->data, bytes);
    vprec_vec settled = {.data = to, .count = vec->count, .room = vec->count, .size = vec->size};
    vprec_vec_free(vec);
    *vec = settled;
    return true;
}

static bool settle_image(vprec_heap *heap, vprec_image *image)
{
    vprec_vec *all[] = {&image->spans,       &image->traps,       &image->patches,    &image->entered,    &image->calls,
                        &image->runs,         &image->run_sites,  &image->halls,
                        &image->where.ranges, &image->where.steps, &image->where.moved, &image->where.moves};
    bool settled = true;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        settled = settled && settle(heap, all[i]);
    for (unsigned i = 0; i < sizeof all / sizeof *all && !settled; i++)
        if (all[i]->room > all[i]->count) /* not settled yet: a vector's own memory has room */
            vprec_vec_free(all[i]);
    return settled;
}

/* The functions that are cloned, as the image is to know them; and the jumps that were written between functions: what
 * was loaded there is nobody's code. */
static bool list_spans(vprec_image *image, const vprec_codemap *map)
{
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->cloned)
            continue;
        vprec_image_span *last = image->spans.count ? &VPREC_AT(image->spans, vprec_image_span, image->spans.count - 1) : NULL;
        if (last && last->end == f->start) {
            last->end = f->end;
            continue;
        }
        vprec_image_span *s = vprec_vec_add(&image->spans, 1);
        if (!s)
            return false;
        *s = (vprec_image_span){f->start, f->end};
    }
    for (size_t i = 0; i < image->patches.count; i++) {
        const vprec_patch *p = &VPREC_AT(image->patches, vprec_patch, i);
        size_t place = VPREC_UP_TO(image->spans, vprec_image_span, end, p->at);
        if (place < image->spans.count && VPREC_AT(image->spans, vprec_image_span, place).start <= p->at)
            continue;
        vprec_image_span *s = vprec_vec_insert(&image->spans, place);
        if (!s)
            return false;
        *s = (vprec_image_span){p->at, p->at + p->bytes};
    }
    return true;
}

/* What the originals were, so that who comes there can tell whether they still are. */
static bool keep_source(vprec_image *image, const vprec_codemap *map, vprec_heap *heap)
{
    size_t bytes = 0;
    const vprec_image_span *spans = image->spans.data;
    for (size_t i = 0; i < image->spans.count; i++)
        bytes += spans[i].end - spans[i].start;
    uint8_t *to = vprec_heap_take(heap, bytes + 1);
    if (!to)
        return false;
    image->source = to;
    for (size_t i = 0; i < image->spans.count; i++)
        for (uint64_t at = spans[i].start; at < spans[i].end; at++) /* spans may join windows */
            *to++ = vprec_in_code(map, at) ? *vprec_bytes(map, at) : *(const uint8_t *)at;
    return true;
}

static void write_version(vprec_cloner *k, unsigned version)
{
    const vprec_clone_options *options = k->options;
    k->version = version;
    k->now = &k->versions[version];
    k->halves = 0;
    k->tie_bytes = 0;
    k->fixups.count = 0;
    k->link_slot = k->extent_slot + 1;
    k->round = (vprec_round_context){.isa = options->isa, .aes = has_vaes(), .halves = &k->halves, .turn = k->turn,
                                     .zmm = vprec_xsave.zmm_high, .ties = &k->ties, .enter = enter_site,
                                     .tie = tie_site, .enter_data = k};
    if (version)
        vprec_where_version(&k->image->where);
    for (size_t i = 0; i < k->map->functions.count && !k->code.full; i++) {
        k->function = (uint32_t)i;
        if (VPREC_AT(k->map->functions, vprec_code_function, i).cloned)
            clone_function(k);
    }
    vprec_jump_link(k);
}

static enum vprec_reason write_clones(vprec_cloner *k)
{
    k->base = k->room.code - 16;
    k->code = (vprec_code){.at = k->room.code, .end = k->room.code_end, .moves = &k->moves, .from = k->room.code};
    k->image->code = k->enter_stub = (uint64_t)k->code.at;
    vprec_emit_legacy(&k->code, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(k->room.enter), -1);
    for (unsigned v = 0; v < vprec_versions; v++)
        write_version(k, v);
    k->image->ways_start = k->image->code_end = (uint64_t)k->code.at;
    return k->code.full ? VPREC_REASON_TOO_FAR : VPREC_REASON_NONE;
}

/* Calls that clones may make themselves, and that are to be led to the callee's clone once there is one. Those of code
 * that may go, and whose clones are then freed, are not. */
static size_t count_links(const vprec_codemap *map, const vprec_clone_options *options)
{
    size_t links = 0;
    for (size_t i = 0; i < map->mark_count && options->leaves_by_itself && !options->alone; i++)
        links += (map->marks[i] & VPREC_HAS_CALL) != 0;
    return links;
}

/* By vprec_mark_index: one for each version's clones, and one for the ways to them. */
static size_t table_count(void)
{
    return vprec_versions + (vprec_versions > 1);
}

/* Memory for what is known of each version, and slots of ways. False: there is none. */
static bool prepare_versions(vprec_cloner *k, size_t ways)
{
    const size_t marks = k->map->mark_count;
    uint32_t *tables = vprec_pages(table_count() * marks * sizeof *tables);
    k->way_at = tables ? tables + vprec_versions * marks : NULL;
    k->tables_at = tables;
    k->image->ways = k->way = vprec_version_take(ways);
    k->image->way_count = k->way < VPREC_VERSION_SLOTS ? ways : 0;
    for (unsigned v = 0; v < vprec_versions && tables; v++)
        k->versions[v] = (vprec_cloner_version){.clone_at = tables + v * marks, .slot_count = k->map->functions.count,
                                                .doors = VPREC_VEC(vprec_door), .halls = VPREC_VEC(vprec_door)};
    return tables && k->way < VPREC_VERSION_SLOTS;
}

static void free_versions(vprec_cloner *k)
{
    vprec_pages_free(k->tables_at, table_count() * k->map->mark_count * sizeof *k->tables_at);
    for (unsigned v = 0; v < vprec_versions; v++) {
        vprec_vec_free(&k->versions[v].doors);
        vprec_vec_free(&k->versions[v].halls);
    }
}

/* Memory for the clones of all versions, and for the ways to them. False: none in reach. */
static bool take_room(vprec_cloner *k, vprec_arena *arena, size_t doors)
{
    enum { WAY_BYTES = 144 };
    const vprec_clone_options *options = k->options;
    size_t bytes = k->image->way_count * WAY_BYTES;
    for (unsigned v = 0; v < vprec_versions; v++)
        bytes += estimate(k->map, options, v, doors);
    if (!vprec_arena_take(arena, vprec_page_end(bytes), vprec_versions * k->slot_end, &k->room))
        return false;
    for (unsigned v = 0; v < vprec_versions; v++)
        k->versions[v].slots = k->room.slots + v * k->slot_end;
    return true;
}

enum vprec_reason vprec_clone(vprec_image *image, vprec_text_pages *text, vprec_codemap *map,
                              const vprec_clone_options *options)
{
    *image = (vprec_image){.spans = VPREC_VEC(vprec_image_span), .traps = VPREC_VEC(vprec_trap), .patches = VPREC_VEC(vprec_patch),
                           .where = VPREC_WHERE, .entered = VPREC_VEC(vprec_entered), .calls = VPREC_VEC(vprec_site *),
                           .halls = VPREC_VEC(vprec_hall),
                           .runs = VPREC_VEC(vprec_counted_run),
                           .run_sites = VPREC_VEC(vprec_counted_site)};
    vprec_jump_mark(map);
    vprec_heap *heap = options->alone ? &image->heap : &text->heap;
    vprec_cloner k = {.image = image, .map = map, .options = options, .fixups = VPREC_VEC(vprec_fixup),
                      .noted = VPREC_VEC(vprec_cloner_noted),
                      .tables = VPREC_VEC(uint8_t *), .live = VPREC_VEC(vprec_live), .heap = heap,
                      .ties = {.size = vprec_round_tie_size(options->isa)}, .moves = VPREC_VEC(vprec_move),
                      .metered = VPREC_VEC(vprec_metered)};
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    size_t doors = vprec_jump_doors(map);
    k.slot_room = k.extent_slot = map->functions.count + doors;
    k.tie_slot = k.link_end = k.extent_slot + 1 + count_links(map, options);
    k.slot_end = k.tie_slot + (site_count(map) + sizeof(uint64_t) - 1) / sizeof(uint64_t);
    const size_t ways = vprec_versions > 1 && !options->apart ? vprec_jump_ways(map) : 0;
    enum vprec_reason why = prepare_versions(&k, ways) ? VPREC_REASON_NONE : VPREC_REASON_NO_MEMORY;
    bool taken = !why && take_room(&k, text->arena, doors);
    if (!why && !taken)
        why = VPREC_REASON_NO_REACH;
    if (!why)
        why = write_clones(&k);
    if (!why && !options->apart)
        why = vprec_patch_plan(&k, text, &pokes);
    vprec_where_seal(&image->where);
    image->apart = options->apart;
    image->slots = k.room.slots;
    image->slot_count = (size_t)(k.room.slots_end - k.room.slots);
    if (!why && (!list_spans(image, map) || !settle_image(heap, image)))
        why = VPREC_REASON_NO_MEMORY;
    if (!why && options->alone && !keep_source(image, map, heap))
        why = VPREC_REASON_NO_MEMORY;
    size_t used = why ? 0 : (size_t)(k.code.at - k.room.code);
    if (taken && !vprec_arena_seal(text->arena, &k.room, used) && !why)
        why = VPREC_REASON_NOT_EXECUTABLE;
    if (!why && options->gates->count && !vprec_gates_seal(options->gates))
        why = VPREC_REASON_NOT_EXECUTABLE;
    if (!why && !vprec_image_add(image))
        why = VPREC_REASON_NO_MEMORY;
    if (!why && pokes.count && !vprec_text_patch(text, &pokes))
        why = VPREC_REASON_NOT_WRITABLE; /* what was patched already leads to clones: they stay */
    vprec_vec_free(&pokes);
    if (why && why != VPREC_REASON_NOT_WRITABLE)
        vprec_version_give(image->ways, image->way_count);
    vprec_vec_free(&k.fixups);
    vprec_vec_free(&k.noted);
    vprec_vec_free(&k.tables);
    vprec_vec_free(&k.live);
    vprec_vec_free(&k.ties);
    vprec_vec_free(&k.moves);
    free_versions(&k);
    vprec_vec_free(&k.metered);
    return why;
}
