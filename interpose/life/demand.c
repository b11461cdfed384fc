/* SPDX-License-Identifier: Apache-2.0
 * demand.c: see demand.h. Pages and arrivals; what is translated is unit.c's and gap.c's. */
#include "demand.h"
#include "admit.h"
#include "ahead.h"
#include "clone/hop.h"
#include "clone/jump.h"
#include "devices.h"
#include "direction.h"
#include "gap.h"
#include "find/elf.h"
#include "generated.h"
#include "harden.h"
#include "keep.h"
#include "lock.h"
#include "meters.h"
#include "opened.h"
#include "retired.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "syscalls.h"
#include "tracer.h"
#include "trap.h"
#include "unit.h"
#include "written.h"
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, AROUND = 16 };

static vprec_vec stripped = {.size = sizeof(vprec_loaded *)};

static vprec_loaded *loaded_at(uint64_t address)
{
    for (size_t i = 0; i < stripped.count; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (vprec_text_has(&l->text, address)) /* what an object's text was lent for lies in another one */
            return l;
    }
    return NULL;
}

void vprec_demand_say_resolvers(vprec_loaded *l)
{
    enum { DEPTH = 4 };
    for (size_t i = 0; i < l->object.resolvers.count; i++) {
        uint64_t at = VPREC_AT(l->object.resolvers, uint64_t, i);
        vprec_symbol f;
        if (vprec_unit_computes(l, at, DEPTH) && vprec_object_function_at(&l->object, at, &f))
            vprec_record_native(VPREC_REASON_RESOLVER, l->object.path, f.name && *f.name ? f.name : NULL);
    }
}

/* The next function that overlaps [at, end); where the gap in front of it ends. */
static bool next_function(vprec_loaded *l, uint64_t at, uint64_t end, vprec_symbol *f, uint64_t *gap_end)
{
    bool found = vprec_object_function_at(&l->object, at, f) || vprec_object_function_next(&l->object, at, end, f);
    *gap_end = !found ? end : f->start > at ? f->start : at;
    return found;
}

/* Looks at every function that overlaps [start, end) of a page. `now`: see gap.h. */
static bool provide_range(vprec_loaded *l, uint64_t start, uint64_t end, uint64_t address, bool now, bool *clean)
{
    for (uint64_t at = start; at < end;) {
        vprec_symbol f;
        uint64_t gap_end;
        bool found = next_function(l, at, end, &f, &gap_end), runs = true;
        if (gap_end > at && !vprec_loaded_clean(l, at, gap_end) &&
            !vprec_gap_provide(l, at, gap_end, address, now, &runs))
            return false;
        *clean &= runs;
        if (!found)
            return true;
        bool executed = address >= f.start && address < f.end;
        const vprec_visit *k = vprec_visit_at(&l->visits, f.start);
        if (executed && (!k || k->state == VPREC_VISIT_PENDING) && !vprec_loaded_idle(l, f.start, f.end)) {
            if (!vprec_unit_translate(l, &f, address))
                return false;
        } else if (!k && !vprec_unit_plant(l, &f)) {
            return false;
        }
        at = f.end > at ? f.end : at + 1;
    }
    return true;
}

/* Looks at every function that overlaps the page. `*clean`: what is no function is clean. */
static bool provide(vprec_loaded *l, uint64_t page, uint64_t address, bool now, bool *clean)
{
    *clean = true;
    for (size_t i = 0; i < l->object.code.count; i++) { /* what else is there is a PLT */
        vprec_extent e = VPREC_AT(l->object.code, vprec_extent, i);
        uint64_t start = e.start > page ? e.start : page, end = e.end < page + PAGE ? e.end : page + PAGE;
        if (start < end && !provide_range(l, start, end, address, now, clean))
            return false;
    }
    return true;
}

/* Every function of the object that was not executed, or not looked at. False: there are too many, or some of its code
 * no function tells of, or one could not be seen to. */
static bool see_to_rest(vprec_loaded *l, bool pending, bool (*see)(vprec_loaded *, const vprec_symbol *))
{
    if (l->only_watched)
        return true;
    enum { MOST = 16 << 20, MOST_QUIET = 64 << 20 };
    bool whole = true;
    uint64_t bytes = 0;
    for (size_t i = 0; i < l->object.code.count; i++)
        bytes += VPREC_AT(l->object.code, vprec_extent, i).end - VPREC_AT(l->object.code, vprec_extent, i).start;
    if (bytes > (l->quiet ? MOST_QUIET : MOST))
        return false;
    for (size_t i = 0; i < l->object.code.count; i++) {
        vprec_extent e = VPREC_AT(l->object.code, vprec_extent, i);
        vprec_symbol f = {e.start, e.start, NULL};
        for (uint64_t at = e.start; at < e.end; at = f.end > at ? f.end : at + 1) {
            uint64_t gap_end;
            bool found = next_function(l, at, e.end, &f, &gap_end);
            whole &= gap_end == at || vprec_loaded_clean(l, at, gap_end);
            if (!found)
                break;
            const vprec_visit *k = vprec_visit_at(&l->visits, f.start);
            if ((!k || (pending && k->state == VPREC_VISIT_PENDING)) && !vprec_loaded_idle(l, f.start, f.end))
                whole &= see(l, &f);
        }
    }
    return whole;
}

static void give_up(vprec_loaded *l)
{
    if (!l->text.failed)
        vprec_record_native(VPREC_REASON_NO_MEMORY, l->object.path, NULL);
    l->text.failed = true;
}

/* Gives pages X. Where the process may not have one mapping more, all of the object gets it, which takes less of them:
 * a trap tells of its functions, as far as it can. False: the kernel refuses. */
static bool run(vprec_loaded *l, uint64_t start, uint64_t end)
{
    if (vprec_admit(l, start, end))
        return true;
    if (!vprec_admit_read(l, l->text.lo, l->text.hi) || !see_to_rest(l, false, vprec_unit_plant))
        give_up(l);
    return vprec_text_run(&l->text, l->text.lo, l->text.hi);
}

/* Gives the clean page X, and its clean neighbours. */
static bool run_around(vprec_loaded *l, uint64_t page)
{
    uint64_t window = page & ~(uint64_t)(AROUND * PAGE - 1), start = page, end = page + PAGE;
    while (start > window && vprec_text_has(&l->text, start - PAGE) &&
           !(*vprec_text_state(&l->text, start - PAGE) & VPREC_PAGE_RUNS) && vprec_loaded_clean(l, start - PAGE, start))
        start -= PAGE;
    while (end < window + AROUND * PAGE && vprec_text_has(&l->text, end) &&
           !(*vprec_text_state(&l->text, end) & VPREC_PAGE_RUNS) && vprec_loaded_clean(l, end, end + PAGE))
        end += PAGE;
    return run(l, start, end);
}

/* Where control that has come to the address goes on; 0: where it is. What only selected callers are led away from by
 * a gate goes on there. */
static uint64_t clone_of(const vprec_loaded *l, uint64_t address)
{
    const vprec_image *image = vprec_image_of(address);
    const vprec_visit *k = image && image->gates.count ? vprec_visit_at(&l->visits, address) : NULL;
    if (k && k->state == VPREC_VISIT_GATED)
        return 0;
    uint64_t clone = image ? vprec_image_clone(image, address) : 0;
    if (clone && !vprec_job_ahead)
        vprec_image_enter(image, clone);
    return clone;
}

/* Clones make their calls by the original instruction: it must run where it is. */
static bool is_call(const vprec_loaded *l, uint64_t address)
{
    uint8_t bytes[15];
    vprec_insn insn;
    vprec_text_read(&l->text, address, bytes, sizeof bytes);
    return vprec_insn_decode(bytes, sizeof bytes, address, &insn) &&
           (insn.flow == VPREC_FLOW_CALL || insn.flow == VPREC_FLOW_ICALL);
}

/* So that it is translated once more when it stops to change. False: no memory. */
static bool note_executed(vprec_loaded *l, uint64_t address)
{
    if (vprec_sorted_has(&l->executed, address))
        return true;
    size_t place = vprec_sorted_below(l->executed.data, l->executed.count, sizeof address, 0, address, false);
    uint64_t *to = vprec_vec_insert(&l->executed, place);
    if (to)
        *to = address;
    return to;
}

typedef struct arrival {
    uint64_t address;
    uint64_t page; /* the one without X: the next, where the instruction lies across its border */
    uint64_t to;   /* where it goes on; 0: it is none of ours */
    greg_t *registers; /* of a fetch */
} arrival;

static void push(arrival *a, uint64_t word)
{
    greg_t *rsp = &a->registers[REG_RSP];
    *rsp -= (greg_t)sizeof word;
    *(uint64_t *)*rsp = word;
}

static uint64_t register_of(const arrival *a, unsigned number)
{
    static const uint8_t registers[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                          REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)a->registers[registers[number & 15]];
}

/* Where the operand of the instruction lies whose ModRM byte is `at`, and not a register. */
static uint64_t operand_of(const arrival *a, const uint8_t *at, unsigned rex, uint64_t next)
{
    const unsigned mod = *at >> 6, rm = *at & 7;
    uint64_t address = 0;
    int32_t wide = 0;
    at++;
    bool far = mod == 2;
    if (rm == 4) {
        const unsigned sib = *at++, index = (sib >> 3 & 7) | (rex & 2) << 2, base = (sib & 7) | (rex & 1) << 3;
        address = index == 4 ? 0 : register_of(a, index) << (sib >> 6);
        far |= !mod && (base & 7) == 5;
        address += !mod && (base & 7) == 5 ? 0 : register_of(a, base);
    } else if (rm == 5 && !mod) {
        address = next;
        far = true;
    } else {
        address = register_of(a, rm | (rex & 1) << 3);
    }
    if (far)
        memcpy(&wide, at, sizeof wide);
    else if (mod == 1)
        wide = (int8_t)*at;
    return address + (uint64_t)(int64_t)wide;
}

/* On a page that never gets X what a clone calls from its original, and what a PLT consists of, is done here: calls,
 * jumps and pushes. False: it is no such instruction. */
static bool do_here(const vprec_loaded *l, arrival *a)
{
    enum { GROUP = 0xFF, CALL = 2, JUMP = 4, PUSH = 6, PUSH_NUMBER = 0x68 };
    uint8_t bytes[15];
    vprec_insn insn;
    int32_t immediate;
    if (vprec_job_ahead)
        return true;
    vprec_text_read(&l->text, a->address, bytes, sizeof bytes);
    if (!a->registers || !vprec_insn_decode(bytes, sizeof bytes, a->address, &insn))
        return false;
    const uint64_t next = a->address + insn.length;
    const uint8_t *code = bytes + (bytes[0] == 0xF2 || bytes[0] == 0x3E); /* bnd, notrack */
    const unsigned rex = *code >> 4 == 4 ? *code++ & 15u : 0, what = code[1] >> 3 & 7;
    if (insn.flow == VPREC_FLOW_CALL || insn.flow == VPREC_FLOW_JMP) {
        if (insn.flow == VPREC_FLOW_CALL)
            push(a, next);
        a->to = insn.target;
    } else if (*code == GROUP && (what == CALL || what == JUMP || what == PUSH)) {
        const bool direct = code[1] >> 6 == 3;
        uint64_t word = direct ? register_of(a, (code[1] & 7) | (rex & 1) << 3)
                               : *(const uint64_t *)operand_of(a, code + 1, rex, next);
        if (what != JUMP)
            push(a, what == CALL ? next : word);
        a->to = what == PUSH ? next : word;
    } else if (*code == PUSH_NUMBER) {
        memcpy(&immediate, code + 1, sizeof immediate);
        push(a, (uint64_t)(int64_t)immediate);
        a->to = next;
    } else if ((insn.padding && *code != 0xCC) || !memcmp(bytes, "\xF3\x0F\x1E\xFA", 4)) { /* nop, endbr64 */
        a->to = next;
    } else {
        return false;
    }
    return true;
}

/* The clone of generated code that is still what it was, 0: none. */
static uint64_t current_clone_of(vprec_loaded *l, uint64_t address)
{
    uint64_t clone;
    const vprec_image *image;
    while ((image = vprec_image_with(address, &clone)) && !vprec_hop_is_current(image))
        vprec_retired_add(l, image);
    for (size_t i = 0; i < l->images.count && image && image->apart; i++)
        if (VPREC_AT(l->images, vprec_image *, i) == image)
            vprec_hop_add(VPREC_AT(l->images, vprec_image *, i), address, clone);
    if (image)
        vprec_image_enter(image, clone);
    return clone;
}

/* Control has come to generated code that cannot change unseen. False: it is not such any more. */
static bool on_open(vprec_loaded *l, arrival *a)
{
    const uint64_t page = a->page;
    a->to = a->address;
    if (*vprec_text_state(&l->text, page) & VPREC_PAGE_RUNS) { /* another thread was quicker */
        uint64_t out = vprec_image_out_of_patch(a->address);
        a->to = out ? out : a->address;
        return vprec_text_again(&l->text, page);
    }
    if (vprec_loaded_idle(l, page, page + PAGE))
        return vprec_admit(l, page, page + PAGE);
    a->to = clone_of(l, a->address);
    if (!a->to && vprec_gap_translate(l, a->address)) {
        a->to = clone_of(l, a->address);
        l->closed.count = 0;
    }
    if (a->to && vprec_opened_knows(l, page))
        vprec_admit(l, page, page + PAGE);
    return a->to;
}

static void on_generated(vprec_loaded *l, arrival *a)
{
    if (l->text.failed) { /* another thread was quicker, or its protection has changed */
        a->to = vprec_generated_give_up(a->page, a->page + PAGE) ? a->address : 0;
        return;
    }
    if (l->fixed && !l->writable && vprec_loaded_idle(l, a->page, a->page + PAGE) &&
        !vprec_sys_mprotect((void *)a->page, PAGE, PROT_READ | PROT_EXEC)) {
        a->to = a->address; /* the program asks again before it writes there */
        return;
    }
    if (l->phase == VPREC_PHASE_OPEN || vprec_opened_enter(l)) {
        if (on_open(l, a))
            return;
        vprec_opened_end(l);
    }
    a->to = current_clone_of(l, a->address);
    if (!a->to)
        vprec_written_mend(l, a->address, &stripped);
    if (!a->to && note_executed(l, a->address) && vprec_gap_translate(l, a->address))
        a->to = current_clone_of(l, a->address);
    if (a->to)
        return;
    give_up(l);
    vprec_opened_end(l);
    a->to = vprec_generated_give_up(l->text.lo, l->text.hi) ? a->address : 0;
}

/* What the preset names without symbols is no more than part of an operation, with what it calls. */
static bool leave_native(vprec_loaded *l, const vprec_adapter *adapter)
{
    enum { DEPTH = 4 };
    vprec_vec functions = VPREC_VEC(uint64_t);
    bool done = adapter->leaves(&l->object, l->preset, &functions);
    for (size_t i = 0; i < functions.count && done; i++)
        done = vprec_unit_callees(l, VPREC_AT(functions, uint64_t, i), DEPTH, &l->parts);
    vprec_vec_free(&functions);
    return done;
}

/* Control has come to a page without X. */
static void on_fetch(void *data)
{
    arrival *a = data;
    vprec_loaded *l = loaded_at(a->page);
    if (!l)
        return;
    uint64_t page = a->page;
    a->to = a->address;
    if (l->generated) {
        on_generated(l, a);
        return;
    }
    const vprec_adapter *adapter = l->adapter;
    if (adapter) { /* it is relocated by now */
        l->adapter = NULL;
        if (l->preset && adapter->leaves && !leave_native(l, adapter))
            give_up(l);
        if (vprec_adapter_tells(adapter))
            adapter->begin(&l->object);
    }
    vprec_devices_met(l, a->address);
    if (*vprec_text_state(&l->text, page) & VPREC_PAGE_RUNS) { /* another thread was quicker, or has patched it */
        uint64_t out = vprec_image_out_of_patch(a->address);
        a->to = out ? out : a->address;
        if (!vprec_text_again(&l->text, page))
            a->to = 0;
        return;
    }
    uint64_t clone = vprec_gap_closed(l, page) && !is_call(l, a->address) ? clone_of(l, a->address) : 0;
    if (clone) { /* nothing about the page changes any more */
        a->to = clone;
        return;
    }
    if (vprec_gap_closed(l, page) && do_here(l, a))
        return;
    vprec_ahead_note(a->address, page);
    if (vprec_loaded_idle(l, page, page + PAGE)) {
        if (!run_around(l, page))
            a->to = 0;
        return;
    }
    bool clean;
    if (!provide(l, page, a->address, false, &clean))
        give_up(l);
    clone = clone_of(l, a->address);
    if (!clean && !clone && vprec_unit_pass(l, a->address))
        clone = clone_of(l, a->address);
    if (!clean && !clone && !provide(l, page, a->address, true, &clean)) /* it has to run here: a PLT, a gate */
        give_up(l);
    bool call = clone && is_call(l, a->address);
    if ((call || !clone) && vprec_gap_closed(l, page) && do_here(l, a))
        return;
    bool runs = clean || !clone || l->text.failed || (call && !vprec_gap_waits(l, page, page + PAGE));
    if (runs && !run(l, page, page + PAGE))
        a->to = 0;
    else if (clone && !call)
        a->to = clone;
}

/* A trap, perhaps planted. */
static void on_int3(void *data)
{
    arrival *a = data;
    vprec_loaded *l = loaded_at(a->address);
    const vprec_visit *k = l ? vprec_visit_at(&l->visits, a->address) : NULL;
    if (!l)
        return;
    uint8_t loaded;
    vprec_text_read(&l->text, a->address, &loaded, 1);
    if (loaded == VPREC_TRAP_BYTE)
        return; /* the program's own */
    const bool stands = *(const uint8_t *)a->address == VPREC_TRAP_BYTE;
    bool launches = vprec_devices_met(l, a->address);
    if (l->only_watched) {
        a->to = launches || *(const uint8_t *)a->address != VPREC_TRAP_BYTE ? a->address : 0;
        return;
    }
    vprec_symbol f;
    if ((!k || k->state == VPREC_VISIT_PENDING) && !vprec_image_of(a->address)) {
        vprec_ahead_note(a->address, 0);
        bool function = vprec_object_function_at(&l->object, k ? k->start : a->address, &f) && a->address < f.end;
        if (function ? !vprec_unit_translate(l, &f, a->address) : !vprec_gap_translate(l, a->address)) {
            vprec_unit_unplant(l, k ? k->start : a->address, k ? k->end : a->address + 1);
            give_up(l);
        }
    }
    a->to = clone_of(l, a->address);
    if (!a->to && *(const uint8_t *)a->address == VPREC_TRAP_BYTE) /* it is in no clone after all */
        vprec_unit_unplant(l, a->address, a->address + 1);
    if (vprec_job_ahead)
        return;
    /* Another thread has taken it away; but what faults once more in this one does so by itself. */
    static _Thread_local uint64_t tried __attribute__((tls_model("initial-exec")));
    if (!a->to && *(const uint8_t *)a->address != VPREC_TRAP_BYTE)
        a->to = !stands && tried == a->address ? 0 : a->address;
    tried = a->to == a->address ? a->to : 0;
}

static void on_ahead(void *data)
{
    arrival *a = data;
    const vprec_loaded *l = loaded_at(a->page ? a->page : a->address);
    if (!l || l->generated || l->adapter || l->only_watched || l->launches.count ||
        (a->page && *vprec_text_state(&l->text, a->page) & VPREC_PAGE_RUNS))
        return;
    vprec_job_ahead = true;
    if (a->page)
        on_fetch(a);
    else
        on_int3(a);
    vprec_job_ahead = false;
}

void vprec_demand_ahead(uint64_t address, uint64_t page)
{
    arrival a = {.address = address, .page = page};
    vprec_lock_run(on_ahead, &a);
}

static bool fetch(ucontext_t *uc, uint64_t address)
{
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    arrival a = {.address = address - rip < 15 ? rip : address, .page = vprec_page_start(address),
                 .registers = uc->uc_mcontext.gregs};
    if (vprec_lock_run(on_fetch, &a) != VPREC_LOCK_DONE || !a.to)
        return false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)a.to;
    return true;
}

static uint64_t find_clone(uint64_t at)
{
    arrival a = {.address = at};
    return vprec_lock_run(on_int3, &a) == VPREC_LOCK_DONE ? a.to : 0;
}

typedef struct caller {
    uint64_t at, back, to;
} caller;

/* The call stays where it is, and its return address too; it names the clone. */
static void on_called(void *data)
{
    const caller *c = data;
    vprec_loaded *l = loaded_at(c->back - 5);
    int64_t rel = (int64_t)(c->to - c->back);
    if (!l || l != loaded_at(c->back - 1) || l != loaded_at(c->at))
        return;
    const vprec_image *from = vprec_image_of(c->back - 5);
    uint64_t *slot = from ? vprec_jump_call_slot(from, c->back) : NULL;
    if (slot && *slot == c->at) { /* the clone calls by itself */
        vprec_link *link = vprec_vec_add(&l->links, 1);
        if (link) {
            *link = (vprec_link){slot, c->at};
            __atomic_store_n(slot, c->to, __ATOMIC_RELEASE);
        }
        return;
    }
    if (rel != (int32_t)rel)
        return;
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    int32_t led = (int32_t)rel;
    if (vprec_poke_add(&pokes, c->back - 4, &led, sizeof led))
        vprec_text_patch(&l->text, &pokes); /* where it fails, the next call is led here again */
    vprec_vec_free(&pokes);
}

static void lead_call(uint64_t at, uint64_t back, uint64_t to)
{
    caller c = {at, back, to};
    vprec_lock_run(on_called, &c);
}

static void on_waits(void *data)
{
    arrival *a = data;
    vprec_loaded *l = loaded_at(a->address);
    if (l)
        vprec_admit_waiting(l);
    a->to = a->address;
}

static void waits(uint64_t at)
{
    arrival a = {.address = at};
    if (!vprec_harden_done())
        vprec_lock_run(on_waits, &a);
}

/* What the same object makes beside it is written, too. */
static void on_written(void *data)
{
    arrival *a = data;
    vprec_loaded *l = loaded_at(a->address);
    if (!l || !vprec_opened_written(l, a->address))
        return;
    for (size_t i = 0; i < stripped.count; i++)
        if (VPREC_AT(stripped, vprec_loaded *, i)->record == l->record)
            vprec_opened_end(VPREC_AT(stripped, vprec_loaded *, i));
    a->to = a->address;
}

static bool written(uint64_t address)
{
    arrival a = {.address = address};
    return vprec_lock_run(on_written, &a) == VPREC_LOCK_DONE && a.to;
}

static void renew(void)
{
    for (size_t i = 0; i < stripped.count; i++)
        if (!vprec_keep_nothing(VPREC_AT(stripped, vprec_loaded *, i)))
            give_up(VPREC_AT(stripped, vprec_loaded *, i));
}

static bool translate(vprec_loaded *l, const vprec_symbol *f)
{
    return vprec_unit_translate(l, f, 0);
}

static bool settled, judged;

bool vprec_demand_renews(void)
{
    bool can = !settled;
    for (size_t i = 0; i < stripped.count; i++)
        can &= !VPREC_AT(stripped, vprec_loaded *, i)->quiet;
    return can;
}

static void renew_all(void *data)
{
    bool *done = data;
    for (size_t i = 0; i < stripped.count && *done; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        *done = vprec_arena_renew(l->text.arena) && vprec_keep_renew(l);
    }
}

bool vprec_demand_renew(void)
{
    bool done = true;
    return vprec_lock_run(renew_all, &done) == VPREC_LOCK_DONE && done;
}

/* From now on clones have their system calls made by the originals' instructions, which get back what a trap stands on
 * if nothing longer does. */
static void call_by_originals(vprec_loaded *l)
{
    for (size_t i = 0; i < l->images.count; i++) {
        const vprec_image *image = VPREC_AT(l->images, const vprec_image *, i);
        vprec_vec pokes = VPREC_VEC(vprec_poke);
        bool done = true;
        for (size_t k = 0; k < image->calls.count && done; k++) {
            vprec_site *site = VPREC_AT(image->calls, vprec_site *, k);
            uint8_t now[15], loaded[15];
            memcpy(now, (const void *)site->address, site->length);
            vprec_text_read(&l->text, site->address, loaded, site->length);
            site->by_original = now[0] == VPREC_TRAP_BYTE && !memcmp(now + 1, loaded + 1, site->length - 1u);
            done = !site->by_original || vprec_unit_poke(&pokes, site->address, loaded[0]);
        }
        done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
        for (size_t k = 0; k < image->calls.count && !done; k++)
            VPREC_AT(image->calls, vprec_site *, k)->by_original = false;
        vprec_vec_free(&pokes);
    }
}

static void settle(void *data)
{
    const enum vprec_hardening *what = data;
    for (size_t i = 0; i < stripped.count && !settled; i++) { /* what comes to be translated anew is, in time */
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (!l->generated && vprec_admit_read(l, l->text.lo, l->text.hi))
            see_to_rest(l, true, translate);
    }
    for (size_t i = 0; i < stripped.count && !settled; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (l->launches.count) {
            vprec_devices_end(l);
            vprec_record_native(VPREC_REASON_FORBIDDEN, l->object.path, NULL);
        }
        if (l->generated) {
            vprec_opened_end(l);
            vprec_generated_give_up(l->text.lo, l->text.hi);
            vprec_record_native(VPREC_REASON_FORBIDDEN, l->object.path, NULL);
            continue;
        }
        if (!see_to_rest(l, true, translate))
            vprec_record_native(VPREC_REASON_FORBIDDEN, l->object.path, NULL);
        for (vprec_visit *f = vprec_visit_next(&l->visits, 0); f; f = vprec_visit_next(&l->visits, f->end)) {
            if (f->state == VPREC_VISIT_PENDING)
                vprec_unit_unplant(l, f->start, f->end);
            f->state = f->state == VPREC_VISIT_PENDING ? VPREC_VISIT_IDLE : f->state;
        }
        if (!vprec_text_run(&l->text, l->text.lo, l->text.hi))
            l->text.failed = true;
    }
    if (vprec_wire_shared->config.count)
        vprec_record_prepare(); /* their counters need no system call either */
    vprec_meters_enter();
    settled = true;
    if (!(*what & VPREC_HARDENING_CALLS) || judged)
        return;
    for (size_t i = 0; i < stripped.count; i++)
        call_by_originals(VPREC_AT(stripped, vprec_loaded *, i));
    vprec_syscall_judged();
    judged = true;
}

/* The program is about to forbid what translating takes: everything has X for good, and no trap of ours waits any more.
 * What was not translated by then stays native, which is recorded. */
static void before_hardening(enum vprec_hardening what)
{
    vprec_lock_run(settle, &what);
}

vprec_loaded *vprec_demand_code_at(uint64_t address)
{
    return loaded_at(address);
}

vprec_loaded *vprec_demand_at(uint64_t address)
{
    vprec_loaded *l = loaded_at(address);
    return l && !l->generated ? l : NULL;
}

uint64_t vprec_demand_next(uint64_t lo, uint64_t hi, bool code)
{
    while (lo < hi && !vprec_demand_at(lo) == code)
        lo += PAGE;
    return lo;
}

/* Text that is written is followed as generated code meanwhile, or no longer. */
static void lend(vprec_loaded *l, uint64_t lo, uint64_t hi, bool lent)
{
    if (!lent)
        vprec_retired_add_all(l); /* a thread may be there */
    for (uint64_t page = lo > l->text.lo ? lo : l->text.lo; page < hi && page < l->text.hi; page += PAGE)
        if (lent ? !*vprec_text_state(&l->text, page) : vprec_demand_at(page) != NULL)
            *vprec_text_state(&l->text, page) = lent ? VPREC_PAGE_CODE : 0;
}

bool vprec_demand_write(uint64_t lo, uint64_t hi)
{
    bool any = false;
    for (size_t i = 0; i < stripped.count; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (l->text.lo >= hi || lo >= l->text.hi)
            continue;
        if (l->generated) {
            lend(l, lo, hi, true);
            continue;
        }
        uint64_t start = lo > l->text.lo ? lo : l->text.lo, end = hi < l->text.hi ? hi : l->text.hi;
        if (vprec_demand_next(start, end, true) < end && !vprec_written_begin(l, start, end))
            give_up(l);
        for (uint64_t page = start; page < end; page += PAGE)
            any |= *vprec_text_state(&l->text, page) == VPREC_PAGE_WRITTEN;
    }
    return any;
}

static bool is_written(uint64_t lo, uint64_t hi)
{
    for (size_t i = 0; i < stripped.count; i++) {
        const vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        const uint64_t end = l->generated ? lo : hi < l->text.hi ? hi : l->text.hi;
        for (uint64_t page = lo > l->text.lo ? lo : l->text.lo; page < end; page += PAGE)
            if (*vprec_text_state(&l->text, page) == VPREC_PAGE_WRITTEN)
                return true;
    }
    return false;
}

bool vprec_demand_execute(uint64_t lo, uint64_t hi)
{
    bool written = is_written(lo, hi);
    for (size_t i = 0; i < stripped.count && written; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (l->generated && l->text.lo < hi && lo < l->text.hi)
            vprec_opened_end(l);
    }
    for (size_t i = 0; i < stripped.count; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (!l->generated && l->text.lo < hi && lo < l->text.hi)
            vprec_written_end(l, lo, hi);
    }
    for (size_t i = 0; i < stripped.count; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (l->generated && l->text.lo < hi && lo < l->text.hi && vprec_demand_next(lo, hi, true) < hi)
            lend(l, lo, hi, false);
    }
    return vprec_demand_next(lo, hi, true) < hi;
}

/* From now on it is asked about when something faults there. False: no memory, or it is too late. */
static bool watch(vprec_loaded *l, enum vprec_isa processor)
{
    vprec_loaded **slot = settled ? NULL : vprec_vec_add(&stripped, 1);
    if (!slot)
        return false;
    vprec_direction_news = renew;
    vprec_trap_fetch = fetch;
    vprec_trap_pending = find_clone;
    vprec_trap_called = lead_call;
    vprec_trap_waits = waits;
    vprec_trap_written = written;
    vprec_harden_begins = before_hardening;
    *slot = l;
    l->isa = processor;
    return true;
}

bool vprec_demand_watch(vprec_loaded *l, enum vprec_isa processor)
{
    l->only_watched = true;
    return watch(l, processor);
}

static void unwatch(const vprec_loaded *l)
{
    vprec_loaded **all = stripped.data;
    for (size_t i = 0; i < stripped.count; i++)
        if (all[i] == l)
            all[i] = all[--stripped.count];
}

void vprec_demand_drop(vprec_loaded *l)
{
    unwatch(l);
    vprec_retired_drop(l);
    vprec_loaded_free(l);
}

vprec_loaded *vprec_demand_generated(uint64_t lo, uint64_t hi, vprec_object_record *record, vprec_arena *arena,
                                     enum vprec_isa processor)
{
    vprec_loaded *l = vprec_loaded_make();
    if (!l)
        return NULL;
    if (settled)
        vprec_record_native(VPREC_REASON_FORBIDDEN, record->path, NULL);
    l->generated = l->selected = true;
    l->record = record;
    l->object = (vprec_object){.path = record->path, .bias = lo, .lo = lo, .hi = hi, .pie = true,
                               .code = VPREC_VEC(vprec_extent), .plt = VPREC_VEC(vprec_extent),
                               .imports = VPREC_VEC(vprec_import), .resolvers = VPREC_VEC(uint64_t)};
    vprec_extent *e = vprec_vec_add(&l->object.code, 1);
    if (e)
        *e = (vprec_extent){lo, hi};
    if (!e || !vprec_text_open(&l->text, lo, hi, &l->object.code) || !watch(l, processor)) {
        vprec_demand_drop(l);
        return NULL;
    }
    l->text.arena = arena;
    for (uint64_t at = lo; at < hi; at += PAGE)
        *vprec_text_state(&l->text, at) &= (uint8_t)~VPREC_PAGE_RUNS;
    return l;
}

/* A debugger would stop at each fetch. What it would have to see, all the same, stays native. The pages have X all the
 * while: gdb steps copies of instructions where the program begins. */
static void translate_whole(vprec_loaded *l)
{
    vprec_text_pages *text = &l->text;
    l->quiet = true;
    vprec_direction_met(l->isa); /* nothing is emitted once more */
    for (uint64_t page = text->lo; page < text->hi; page += PAGE)
        *vprec_text_state(text, page) &= (uint8_t)~VPREC_PAGE_RUNS;
    bool read = vprec_admit_read(l, text->lo, text->hi);
    for (uint64_t page = text->lo; page < text->hi; page += PAGE)
        *vprec_text_state(text, page) |= vprec_text_has(text, page) ? VPREC_PAGE_RUNS : 0;
    if (!read || !see_to_rest(l, true, translate))
        vprec_record_native(VPREC_REASON_DEBUGGER, l->object.path, NULL);
}

bool vprec_demand_begin(vprec_loaded *l, enum vprec_isa processor)
{
    bool traced = vprec_tracer_any();
    if ((traced && !vprec_tracer_read(l, l->text.lo, l->text.hi)) || !watch(l, processor))
        return false;
    if (traced && vprec_tracer_stops()) {
        vprec_meters_quiet();
        translate_whole(l);
        return true;
    }
    if (vprec_text_strip(&l->text)) {
        uint64_t entry = l->object.elf->entry + l->object.bias;
        arrival a = {.address = entry, .page = vprec_page_start(entry)};
        if (traced && vprec_text_has(&l->text, entry)) /* see above */
            on_fetch(&a);
        return true;
    }
    unwatch(l);
    return false;
}
