/* SPDX-License-Identifier: Apache-2.0
 * runs.c: see runs.h. A counter is one instruction where the flags are not needed, which some place of a run mostly
 * has; elsewhere they are saved. Signals come between two instructions of the program's (life/precise.h), so none comes
 * between what is read of a meter and written back. */
#include "runs.h"
#include "find/shifters.h"
#include "follow.h"
#include "jump.h"
#include "runtime/meter.h"
#include "runtime/record.h"
#include "x86/emulate/enter.h"
#include "x86/round/extent.h"

enum { RAX = 0, RED_ZONE = 128 };

static vprec_live *node(const vprec_cloner *k, size_t i)
{
    return &VPREC_AT(k->live, vprec_live, i);
}

/* Whether control may come to instruction i from elsewhere than from the one before, or may not come from there. */
static bool starts(const vprec_cloner *k, size_t i)
{
    const vprec_live *n = node(k, i), *before = i ? n - 1 : NULL;
    return !before || before->at + before->decoded.insn.length != n->at || before->decoded.insn.flow ||
           before->decoded.insn.cls == VPREC_SYSCALL || k->options->changes ||
           *vprec_mark(k->map, n->at) & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN);
}

static bool counts(const vprec_cloner *k, size_t i)
{
    const vprec_live *n = node(k, i);
    if (!vprec_cloner_rounds(k, &n->decoded.insn) || n->exact == VPREC_EXACT_ASKED)
        return false;
    return n->exact == VPREC_EXACT_ALWAYS || !n->decoded.site.mask;
}

/* The first instruction of the run [first, end) before which nobody needs the flags that `inc` changes; end: none. */
static size_t without_flags(const vprec_cloner *k, size_t first, size_t end)
{
    size_t place = first;
    for (size_t i = first; i < end; i++) {
        const vprec_live *n = node(k, i);
        enum vprec_flags does = vprec_insn_flags(vprec_bytes(k->map, n->at), vprec_room(k->map, n->at));
        if (does == VPREC_FLAGS_WRITTEN)
            return place;
        if (does == VPREC_FLAGS_READ)
            place = i + 1;
    }
    return end;
}

static vprec_rm at_meter(uint32_t at)
{
    return vprec_at((vprec_mem){.base = VPREC_MEM_NONE, .index = VPREC_MEM_NONE, .scale = 1, .segment = 5,
                                .disp = VPREC_METER_DISPLACEMENT + (int64_t)at});
}

static void save(vprec_code *c)
{
    vprec_emit_move_stack(c, -RED_ZONE);
    vprec_emit_push(c, RAX);
    vprec_jump_push_flags(c);
}

static void restore(vprec_code *c)
{
    vprec_jump_pop_flags(c);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, RED_ZONE);
}

static void emit_counter(vprec_code *c, uint32_t at, bool flags_free)
{
    if (flags_free) {
        vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0xFF), 0, at_meter(at), -1); /* inc */
        return;
    }
    save(c);
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0xFF), 0, at_meter(at), -1);
    restore(c);
}

/* Adds the number of a site's active lanes. */
static void emit_lanes(vprec_code *c, const vprec_site *site, uint32_t at)
{
    save(c);
    vprec_emit_vex(c, 0, VPREC_OPCODE(0, 1, 0, 0x93), RAX, -1, vprec_reg(site->mask), -1); /* kmovw */
    vprec_emit_u8(c, 0x25);                                                                /* and eax, imm32 */
    vprec_emit_u32(c, (1u << site->lanes) - 1);
    vprec_emit_bytes(c, "\xF3\x0F\xB8\xC0", 4); /* popcnt eax, eax */
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x01), RAX, at_meter(at), -1);
    restore(c);
}

void vprec_runs_begin(vprec_cloner *k)
{
    k->metered.count = 0;
    k->run = (vprec_cloned_run){0};
}

static void begin_run(vprec_cloner *k, size_t index)
{
    size_t end = index + 1;
    bool any = counts(k, index);
    for (; end < k->live.count && !starts(k, end); end++)
        any |= counts(k, end);
    const vprec_live *last = node(k, end - 1);
    k->run = (vprec_cloned_run){.start = node(k, index)->at, .end = last->at + last->decoded.insn.length,
                                .place = index, .first = (uint32_t)k->image->run_sites.count};
    k->run.counter = any ? vprec_meter_take(8) : 0;
    if (!k->run.counter)
        return;
    size_t place = without_flags(k, index, end);
    k->run.flags_free = place < end;
    k->run.place = place < end ? place : index;
}

/* For arrivals in the middle of it. */
static void keep_run(vprec_cloner *k)
{
    const vprec_cloned_run *r = &k->run;
    uint32_t sites = (uint32_t)k->image->run_sites.count - r->first;
    vprec_counted_run *run = sites ? vprec_vec_add(&k->image->runs, 1) : NULL;
    if (run)
        *run = (vprec_counted_run){r->start, r->end, node(k, r->place)->at, r->first, sites};
    else if (sites)
        k->code.full = true;
}

void vprec_runs_end(vprec_cloner *k)
{
    if (k->run.counter)
        keep_run(k);
    vprec_meter_tell(k->options->records[k->function], k->metered.data, k->metered.count);
}

void vprec_runs_step(vprec_cloner *k, size_t index)
{
    if (starts(k, index)) {
        if (k->run.counter)
            keep_run(k);
        begin_run(k, index);
    }
    const uint64_t at = node(k, index)->at;
    if (k->options->follows && *vprec_mark(k->map, at) & VPREC_ENTRY && at != vprec_cloner_function(k, k->function)->start)
        vprec_follow_emit(&k->code);
    if (k->run.counter && k->run.place == index)
        emit_counter(&k->code, k->run.counter, k->run.flags_free);
}

static void add(vprec_cloner *k, vprec_metered item)
{
    for (size_t i = k->metered.count; item.kind == VPREC_METERED_TIMES && i-- > 0;) {
        vprec_metered *m = &VPREC_AT(k->metered, vprec_metered, i);
        if (m->at != item.at)
            break;
        if (m->kind == item.kind && m->type == item.type && m->op == item.op) {
            m->lanes += item.lanes;
            return;
        }
    }
    vprec_metered *to = vprec_vec_add(&k->metered, 1);
    if (to)
        *to = item;
    else
        k->code.full = true;
}

/* Where the results' extent is noted; true also where it is not to be. */
static bool take_extent(vprec_cloner *k, const vprec_site *site)
{
    if (k->options->metered != VPREC_COUNT_QUICK)
        return true;
    uint32_t bytes = vprec_extent_bytes(site, k->options->isa);
    k->extent = bytes ? vprec_meter_take(bytes) : 0;
    return k->extent;
}

static void put_extent(vprec_cloner *k, const vprec_site *site)
{
    vprec_metered item;
    if (k->options->metered != VPREC_COUNT_QUICK)
        return;
    vprec_extent_emit(&k->code, site, k->extent, !vprec_cloner_function(k, k->function)->vex, &k->round, &item);
    add(k, item);
}

bool vprec_runs_ready(vprec_cloner *k, const vprec_site *site)
{
    if (site->mask && (site->scalar || k->options->isa < VPREC_ISA_AVX512))
        return false;
    k->lanes = site->mask ? vprec_meter_take(8) : 0;
    return (site->mask ? k->lanes : k->run.counter) && take_extent(k, site);
}

static void keep_site(vprec_cloner *k, vprec_counted_site site)
{
    vprec_counted_site *to = vprec_vec_add(&k->image->run_sites, 1);
    if (to)
        *to = site;
    else
        k->code.full = true;
}

void vprec_runs_count(vprec_cloner *k, const vprec_site *site)
{
    vprec_metered item = {.at = k->run.counter, .lanes = site->lanes, .kind = VPREC_METERED_TIMES,
                          .type = (uint8_t)vprec_elem_type(site->to), .op = site->op};
    if (site->mask) {
        emit_lanes(&k->code, site, k->lanes);
        item.at = k->lanes;
        item.lanes = 1;
    } else {
        keep_site(k, (vprec_counted_site){.at = site->address, .counter = site->counter, .lanes = site->lanes,
                                      .type = item.type, .op = site->op});
    }
    add(k, item);
    put_extent(k, site);
}

bool vprec_runs_ready_alone(vprec_cloner *k, const vprec_site *site)
{
    k->lanes = vprec_meter_take(8);
    return k->lanes && take_extent(k, site);
}

void vprec_runs_count_alone(vprec_cloner *k, const vprec_site *site, enum vprec_op op)
{
    emit_counter(&k->code, k->lanes, false);
    add(k, (vprec_metered){.at = k->lanes, .lanes = site->lanes, .kind = VPREC_METERED_TIMES,
                           .type = (uint8_t)vprec_elem_type(site->to), .op = (uint8_t)op});
    put_extent(k, site);
}

bool vprec_runs_note(vprec_cloner *k, uint64_t at, _Atomic uint64_t *executed)
{
    uint64_t to = vprec_record_offset((const void *)executed);
    if (!k->run.counter)
        return false;
    if (!to)
        return true;
    add(k, (vprec_metered){.at = k->run.counter, .kind = VPREC_METERED_ELSE, .to = to});
    keep_site(k, (vprec_counted_site){.at = at, .executed = executed});
    return true;
}
