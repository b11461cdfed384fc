/* SPDX-License-Identifier: Apache-2.0
 * job.c: see job.h. Chooses functions, keeps the books; the work is code.c's and clone.c's. */
#include "job.h"
#include "backtrace.h"
#include "find/callers.h"
#include "find/elementary.h"
#include "find/presets.h"
#include "find/select.h"
#include "libm/array.h"
#include "libm/patch.h"
#include "meters.h"
#include "named.h"
#include "runtime/names.h"
#include "runtime/profile.h"
#include "runtime/record.h"
#include "runtime/version.h"
#include "scope/functions.h"
#include "symbols.h"
#include "unrounded.h"
#include "x86/emulate/enter.h"
#include <string.h>

/* Hexadecimal, at the end of the room. */
static char *put_hex(char *end, uint64_t n)
{
    *--end = 0;
    do
        *--end = "0123456789abcdef"[n & 15];
    while (n >>= 4);
    return end;
}

const char *vprec_job_nameless(const vprec_object *object, uint64_t entry, bool whole, char room[VPREC_JOB_NAME])
{
    enum { MOST = VPREC_JOB_NAME - 24 };
    const char *base = vprec_name_base(object->path);
    size_t n = whole ? strlen(base) : vprec_wire_short(base);
    n = n < MOST ? n : MOST;
    for (size_t i = 0; i < n; i++)
        room[i] = base[i];
    room[n++] = '+';
    room[n++] = '0';
    room[n++] = 'x';
    char hex[20];
    const char *digits = put_hex(hex + sizeof hex, entry - object->bias);
    memcpy(room + n, digits, strlen(digits) + 1);
    return room;
}

static const char *function_name(const vprec_job *j, const vprec_code_function *f, char room[VPREC_JOB_NAME])
{
    const char *name = f->name && *f->name ? f->name : vprec_named_at(f->entry);
    return name ? name : vprec_job_nameless(j->map.object, f->entry, false, room);
}

/* What a function goes by: its symbols, or else how it is named without one. */
typedef struct called {
    vprec_vec names; /* const char * */
    char room[2][VPREC_JOB_NAME];
} called;

static void call(called *c, vprec_object *object, uint64_t entry, bool symbol)
{
    c->names = VPREC_VEC(const char *);
    if (symbol && !vprec_object_names_of(object, entry, &c->names))
        c->names.count = 0;
    if (c->names.count)
        return;
    const char *const all[] = {vprec_job_nameless(object, entry, false, c->room[0]),
                               vprec_job_nameless(object, entry, true, c->room[1]), vprec_named_at(entry)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char **to = all[i] ? vprec_vec_add(&c->names, 1) : NULL;
        if (to)
            *to = all[i];
    }
}

uint64_t vprec_job_rules(vprec_object *object, uint64_t entry, bool symbol)
{
    uint64_t matched = 0;
    called c;
    call(&c, object, entry, symbol);
    for (size_t i = 0; i < c.names.count; i++)
        matched |= vprec_select_match(&vprec_wire_shared->config, VPREC_AT(c.names, const char *, i));
    vprec_vec_free(&c.names);
    return matched;
}

static bool rounds_libm(void)
{
    return vprec_wire_shared->config.ops & VPREC_OPS_LIBM && vprec_arith_rounds(&vprec_arith_current);
}

/* What a jump to is a call that its own function must answer for. */
bool vprec_job_may_have_gate(const char *name)
{
    vprec_routine routine;
    return vprec_select_is_helper(name) ||
           (rounds_libm() &&
            (vprec_libm_is_rounded(name) || vprec_elementary_named(name, &routine) ||
             vprec_elementary_asked(&vprec_wire_shared->config, name, &routine)));
}

/* By all of its names, where somebody asks for functions by name. */
static bool is_asked(vprec_object *object, uint64_t entry, vprec_routine *routine)
{
    vprec_wire_config *config = &vprec_wire_shared->config;
    vprec_vec names = VPREC_VEC(const char *);
    uint64_t matched = 0;
    if (vprec_elementary_any(config) && vprec_object_names_of(object, entry, &names))
        for (size_t i = 0; i < names.count && !matched; i++)
            matched = vprec_elementary_asked(config, VPREC_AT(names, const char *, i), routine);
    vprec_vec_free(&names);
    vprec_select_hit(config, matched);
    return matched;
}

bool vprec_job_routine(vprec_object *object, const char *name, uint64_t entry, vprec_routine *routine)
{
    *routine = (vprec_routine){0};
    if (!name || !*name)
        return false;
    return is_asked(object, entry, routine) ||
           (vprec_elementary_library(object->path) ? vprec_elementary_of_library(name, routine)
                                                   : vprec_elementary_named(name, routine));
}

/* What part of a routine leads to by a direct call or jump is part of it, too: its slow paths. True: that is news. */
static bool mark_part(const vprec_codemap *map, long from, uint64_t to)
{
    long callee = vprec_code_function_at(map, to);
    if (from < 0 || callee < 0 || !vprec_job_is_part(vprec_job_function(map, (size_t)from)) || vprec_job_is_part(vprec_job_function(map, (size_t)callee)))
        return false;
    return vprec_job_function(map, (size_t)callee)->inner = true;
}

static bool mark_callees(const vprec_codemap *map, size_t function)
{
    const vprec_code_function *f = vprec_job_function(map, function);
    bool found = false;
    for (uint64_t at = f->start; at + 5 <= f->end; at++) {
        int32_t rel;
        if (!(*vprec_mark(map, at) & VPREC_START) || *vprec_bytes(map, at) != 0xE8)
            continue;
        memcpy(&rel, vprec_bytes(map, at) + 1, 4);
        found |= mark_part(map, (long)function, at + 5 + (uint64_t)(int64_t)rel);
    }
    return found;
}

/* Functions that parts of routines call and that are not in this unit: when they are executed, they are parts, too. */
static void note_parts(vprec_job *j, const vprec_code_function *f)
{
    const vprec_codemap *map = &j->map;
    for (uint64_t at = f->start; at < f->end; at++) {
        vprec_insn insn;
        if (!(*vprec_mark(map, at) & VPREC_START) ||
            !vprec_insn_decode(vprec_bytes(map, at), vprec_room(map, at), at, &insn) ||
            (insn.flow != VPREC_FLOW_CALL && insn.flow != VPREC_FLOW_JMP && insn.flow != VPREC_FLOW_JCC))
            continue;
        if (j->parts && !vprec_in_code(map, insn.target))
            vprec_vec_add_u64(j->parts, insn.target);
    }
}

static bool is_noted_part(const vprec_job *j, const vprec_code_function *f)
{
    for (size_t i = 0; j->parts && i < j->parts->count; i++)
        if (VPREC_AT(*j->parts, uint64_t, i) == f->start)
            return true;
    return false;
}

/* Vector mathematics routines that are compiled into the object, and what the C library has of libm: as for libm, one
 * call is one operation, and its inside, which relies on its own precision, stays as it is. */
static void find_routines(vprec_job *j)
{
    const vprec_codemap *map = &j->map;
    bool found = false, in_libc = !strcmp(vprec_name_base(map->object->path), VPREC_LIBM_LIBC);
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *f = vprec_job_function(map, i);
        if (is_noted_part(j, f)) {
            f->inner = found = true;
            continue;
        }
        if (!f->name || !((in_libc && vprec_libm_is_rounded(f->name)) || vprec_select_is_exact(f->name) ||
                          vprec_job_routine(j->object, f->name, f->entry, &f->routine)))
            continue;
        f->inner = !vprec_routine_rounds(&f->routine);
        if (f->routine.lost && rounds_libm())
            vprec_record_native(VPREC_REASON_LIBM_RESULT, map->object->path, f->name);
        found = true;
    }
    while (found) {
        found = false;
        for (size_t i = 0; i < map->functions.count; i++)
            if (vprec_job_is_part(vprec_job_function(map, i)))
                found |= mark_callees(map, i);
        for (size_t i = 0; i < map->edges.count; i++) {
            vprec_edge e = VPREC_AT(map->edges, vprec_edge, i);
            found |= mark_part(map, vprec_code_function_at(map, e.from), e.to);
        }
    }
    for (size_t i = 0; i < map->functions.count; i++)
        if (vprec_job_is_part(vprec_job_function(map, i)))
            note_parts(j, vprec_job_function(map, i));
}

/* Whether a clone of the function has something to do, were it selected. */
static bool has_work(const vprec_code_function *f)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    bool formatted = vprec_arith_rounds(&vprec_arith_current);
    if (f->inner)
        return false;
    if (vprec_routine_rounds(&f->routine))
        return rounds_libm() && vprec_arith_current.use[f->routine.type] == VPREC_USE_FORMAT;
    for (int t = 0; t < VPREC_TYPES; t++)
        if (vprec_arith_current.use[t] != VPREC_USE_NONE && f->sites[t])
            return true;
    return (f->controls && formatted) || f->tails || (config->audit && f->refused);
}

/* Whether it works for whoever calls it. */
static bool is_for_callers(const vprec_job *j, const vprec_code_function *f)
{
    return !j->selected || vprec_routine_rounds(&f->routine) || (f->name && vprec_select_is_helper(f->name));
}

/* Whether it works for selected callers alone whoever is selected: what somebody names, and what calls what it is given
 * or what has such a name, must find out that it is inside of an operation already. */
static bool is_gated(const vprec_job *j, const vprec_code_function *f)
{
    vprec_routine routine;
    return f->routine.arrays || (f->routine.results && is_asked(j->object, f->entry, &routine));
}

/* A gate before a function; false, and the reason said: it cannot have one. */
static bool add_gate(vprec_job *j, vprec_code_function *f)
{
    static const uint8_t endbr[4] = {0xF3, 0x0F, 0x1E, 0xFA};
    bool able = true;
    unsigned skipped = 0;
    if (f->end - f->start > sizeof endbr && !memcmp(vprec_bytes(&j->map, f->start), endbr, sizeof endbr))
        skipped = sizeof endbr; /* behind it, where direct calls may lead */
    for (uint64_t at = f->start + skipped + 1; at < f->start + skipped + VPREC_GATE_ENTRY && at < f->end; at++)
        able &= !(*vprec_mark(&j->map, at) & (VPREC_TARGET | VPREC_ENTRY));
    enum { LONGEST = 15 };
    uint64_t end = f->end; /* the jump may cover what lies between functions */
    while (end < f->start + skipped + VPREC_GATE_ENTRY + LONGEST && vprec_in_code(&j->map, end) &&
           *vprec_mark(&j->map, end) & VPREC_FILLER)
        end++;
    f->gate = able ? vprec_gate_add(&j->gates, f->start, end, skipped, vprec_window_at(&j->map, f->start)->shadow)
                   : NULL;
    if (!f->gate) {
        char room[VPREC_JOB_NAME];
        vprec_record_native(VPREC_REASON_LIBM_ENTRY, j->map.object->path, function_name(j, f, room));
    }
    if (f->gate && f->routine.arrays) {
        f->gate->rounded = (const void *)vprec_libm_array;
        f->gate->routine = f->routine;
        f->gate->asks = vprec_versions > 1;
        f->gate->calls = vprec_wire_shared->config.count ? &vprec_record_process->libm_calls[f->routine.type] : NULL;
    }
    return f->gate;
}

/* Puts gates before the functions marked `cloned` that are not selected themselves. */
static void add_gates(vprec_job *j, size_t gated)
{
    const vprec_codemap *map = &j->map;
    bool reserved = gated && vprec_gates_reserve(&j->gates, map->object->lo, map->object->hi, gated);
    if (gated && !reserved)
        vprec_record_native(VPREC_REASON_NO_REACH, map->object->path, NULL);
    for (size_t i = 0; i < map->functions.count && gated; i++) {
        vprec_code_function *f = vprec_job_function(map, i);
        if (f->cloned && !f->selected)
            f->cloned = reserved && add_gate(j, f);
    }
    for (size_t i = 0; i < map->edges.count && reserved; i++) { /* who jumps there is to go to the clone */
        vprec_edge e = VPREC_AT(map->edges, vprec_edge, i);
        long from = vprec_code_function_at(map, e.from), to = vprec_code_function_at(map, e.to);
        if (from >= 0 && to >= 0 && vprec_job_function(map, (size_t)to)->gate && vprec_job_function(map, (size_t)from)->selected)
            vprec_job_function(map, (size_t)from)->cloned = true;
    }
}

const vprec_scope *vprec_job_scope(vprec_object *object, uint64_t start)
{
    char room[VPREC_JOB_NAME];
    return vprec_functions_any() ? vprec_functions_scope(object, start, vprec_job_nameless(object, start, false, room))
                                 : NULL;
}

static bool matches(const vprec_wire_scope *line, const vprec_object *object, const vprec_vec *names)
{
    const char *glob = strchr(line->glob, ':');
    bool found = line->line == VPREC_LINE_OBJECT && vprec_select_is_object(glob + 1, object->path);
    for (size_t i = 0; i < names->count && line->line == VPREC_LINE_CODE && !found; i++)
        found = vprec_select_names(glob + 1, VPREC_AT(*names, const char *, i));
    return found;
}

unsigned vprec_job_given(vprec_object *object, uint64_t entry, bool symbol, bool hits)
{
    vprec_wire_recipe *recipe = vprec_version_recipe;
    unsigned given = 0;
    if (!vprec_version_gives)
        return 0;
    called c;
    call(&c, object, entry, symbol);
    for (uint32_t i = 0; i < recipe->lines; i++) {
        vprec_wire_scope *line = &recipe->line[i];
        if (!matches(line, object, &c.names))
            continue;
        given = 1 + line->version;
        atomic_fetch_add_explicit(&line->hits, hits, memory_order_relaxed);
    }
    vprec_vec_free(&c.names);
    return given;
}

static void choose_given(const vprec_job *j)
{
    for (size_t i = 0; i < j->map.functions.count && vprec_version_gives; i++) {
        vprec_code_function *f = vprec_job_function(&j->map, i);
        if (f->cloned && !f->only_calls && !f->gate && !vprec_job_is_part(f))
            f->given = (uint8_t)vprec_job_given(j->object, f->entry, f->name && *f->name, !f->known);
    }
}

/* Functions that are scopes run as clones, whatever is in them. */
static void choose_scopes(const vprec_job *j)
{
    for (size_t i = 0; i < j->map.functions.count && j->selected && !j->leaves_by_itself; i++) {
        vprec_code_function *f = vprec_job_function(&j->map, i);
        if (f->gate || f->gap || vprec_job_is_part(f))
            continue;
        f->scope = vprec_job_scope(j->object, f->start);
        if (f->scope && !f->cloned)
            f->cloned = f->only_calls = true;
    }
}

void vprec_job_choose(vprec_job *j)
{
    vprec_wire_config *config = &vprec_wire_shared->config;
    bool ruled = vprec_select_has_functions(config);
    size_t gated = 0;
    if (vprec_arith_rounds(&vprec_arith_current))
        find_routines(j);
    for (size_t i = 0; i < j->map.functions.count; i++) {
        vprec_code_function *f = vprec_job_function(&j->map, i);
        if (!j->selected)
            f->refused = f->controls = f->tails = f->gated_calls = 0;
        uint64_t matched = ruled ? vprec_job_rules(j->object, f->entry, f->name && *f->name) : 0;
        bool work = has_work(f), something = work || f->sites[0] || f->sites[1] || f->refused || f->gated_calls;
        if (something && !f->known)
            vprec_select_hit(config, matched);
        else if (!something)
            vprec_select_idle(config, matched, vprec_record_offset(j->record));
        enum vprec_choice choice = vprec_select_function(config, matched);
        if (choice == VPREC_CHOICE_ANY && j->preset && f->name && vprec_preset_leaves(j->preset, f->name))
            choice = VPREC_CHOICE_SKIPPED;
        f->selected = j->selected && choice != VPREC_CHOICE_SKIPPED && choice != VPREC_CHOICE_OTHER;
        f->cloned = f->selected && work;
        bool always = j->selected && work && is_gated(j, f);
        if (!is_for_callers(j, f) || !work || (!always && ((j->selected && !ruled) || choice == VPREC_CHOICE_NAMED)))
            continue;
        f->selected = false;
        f->cloned = choice != VPREC_CHOICE_SKIPPED;
        gated += f->cloned;
    }
    if (!config->list)
        add_gates(j, gated);
    for (size_t i = 0; i < j->map.functions.count && j->calls; i++) {
        vprec_code_function *f = vprec_job_function(&j->map, i);
        if (f->syscalls && !f->cloned)
            f->cloned = f->only_calls = true;
    }
    if (!config->list) {
        choose_given(j);
        choose_scopes(j);
    }
}

/* What is known of the function, if it was translated before; else NULL. */
static vprec_recorded *recorded_of(const vprec_job *j, uint64_t start)
{
    const size_t count = j->recorded ? j->recorded->count : 0, sorted = count ? *j->sorted : 0;
    const size_t place = sorted ? vprec_sorted_below(j->recorded->data, sorted, sizeof(vprec_recorded),
                                                     offsetof(vprec_recorded, start), start, false)
                                : 0;
    if (place < sorted && VPREC_AT(*j->recorded, vprec_recorded, place).start == start)
        return &VPREC_AT(*j->recorded, vprec_recorded, place);
    for (size_t i = sorted; i < count; i++)
        if (VPREC_AT(*j->recorded, vprec_recorded, i).start == start)
            return &VPREC_AT(*j->recorded, vprec_recorded, i);
    return NULL;
}

static vprec_function_record *record_of(const vprec_job *j, const vprec_code_function *f)
{
    const vprec_recorded *known = recorded_of(j, f->start);
    return known ? known->record : NULL;
}

/* Sums up the object. How many functions are to be cloned. */
static size_t sum_up(vprec_job *j)
{
    size_t chosen = 0;
    for (size_t i = 0; i < j->map.functions.count; i++) {
        vprec_code_function *f = vprec_job_function(&j->map, i);
        chosen += f->cloned;
        if (vprec_job_is_part(f)) { /* its arithmetic is nobody's; its result is */
            f->sites[VPREC_F32] = f->sites[VPREC_F64] = f->refused = f->controls = f->tails = 0;
            f->sites[f->routine.type] = f->cloned;
        }
        vprec_recorded *known = recorded_of(j, f->start);
        const bool counted = known && known->counted;
        uint32_t wanted = 0;
        if (known)
            known->counted = false; /* with the clones that are made now */
        for (int t = 0; t < VPREC_TYPES; t++) {
            if (vprec_arith_current.use[t] != VPREC_USE_NONE && (f->selected || (f->cloned && !f->only_calls))) {
                wanted += f->sites[t];
                j->record->sites[t] += counted ? 0 : f->sites[t];
            } else if (j->selected && !f->known) {
                j->record->sites_native[t] += f->sites[t];
            }
        }
        if (!f->selected || (f->known && !f->cloned))
            f->refused = 0;
        j->record->refused += counted ? 0 : f->refused;
        j->record->functions += wanted && !counted;
    }
    return chosen;
}

static bool is_recorded(const vprec_code_function *f)
{
    return (f->cloned && !f->only_calls) || f->refused;
}

/* The function's clone tells by this record that it is entered, and what it counts. */
static void set_record(vprec_job *j, size_t function, vprec_function_record *r)
{
    j->function_records[function] = vprec_record_offset(r);
    j->entered[function] = &r->entered;
    if (vprec_wire_shared->config.count)
        j->counters[function] = vprec_record_counted(r);
}

static size_t record_size(const char *name)
{
    return vprec_record_align(sizeof(vprec_function_record) + strlen(name) + 1);
}

/* Function records, in one piece. */
static void record_functions(vprec_job *j)
{
    char room[VPREC_JOB_NAME];
    size_t bytes = 0;
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(j->map.functions, vprec_code_function, i);
        if (is_recorded(f) && record_of(j, f))
            set_record(j, i, record_of(j, f));
        else if (is_recorded(f))
            bytes += record_size(function_name(j, f, room));
    }
    char *at = bytes ? vprec_record_room(bytes) : NULL;
    if (!at)
        return;
    j->records = at;
    j->record_bytes = bytes;
    uint64_t object = vprec_record_offset(j->record);
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(j->map.functions, vprec_code_function, i);
        if (!is_recorded(f) || record_of(j, f))
            continue;
        const char *name = function_name(j, f, room);
        vprec_function_record *r = (vprec_function_record *)at;
        r->object = object;
        r->address = f->start - j->map.object->bias;
        r->length = f->end - f->start;
        r->refused = f->refused;
        for (int t = 0; t < VPREC_TYPES; t++)
            r->sites[t] = f->sites[t];
        memcpy(r->name, name, strlen(name) + 1);
        vprec_record_done(r, VPREC_RECORD_FUNCTION, record_size(name));
        set_record(j, i, r);
        at += record_size(name);
    }
}

/* What a job looks up by function. False: no memory. */
static bool make_tables(vprec_job *j)
{
    size_t n = j->map.functions.count;
    j->entered = vprec_pages(n * sizeof *j->entered + 1);
    j->counters = vprec_pages(n * sizeof *j->counters + 1);
    j->function_records = vprec_pages(n * sizeof *j->function_records + 1);
    return j->entered && j->counters && j->function_records;
}

static void free_tables(vprec_job *j)
{
    size_t n = j->map.functions.count;
    vprec_pages_free(j->entered, n * sizeof *j->entered + 1);
    vprec_pages_free(j->counters, n * sizeof *j->counters + 1);
    vprec_pages_free(j->function_records, n * sizeof *j->function_records + 1);
}

bool vprec_job_ahead;

/* The function that control has come to has been entered already: its clone need not note it. */
static void note_executed(vprec_job *j)
{
    long f = j->executed && !vprec_job_ahead ? vprec_code_function_at(&j->map, j->executed) : -1;
    if (f < 0 || !j->entered[f] || vprec_job_function(&j->map, (size_t)f)->gate)
        return;
    atomic_store_explicit(j->entered[f], 1, memory_order_relaxed);
    j->entered[f] = NULL;
}

/* Tells the names of clones to who wants them. */
static void tell_symbols(const vprec_job *j, const vprec_image *image)
{
    const vprec_vec *ranges = &image->where.ranges;
    char room[VPREC_JOB_NAME];
    for (size_t i = 0; i < ranges->count; i++) {
        vprec_where_range r = VPREC_AT(*ranges, vprec_where_range, i);
        uint64_t end = i + 1 < ranges->count ? VPREC_AT(*ranges, vprec_where_range, i + 1).clone : image->code_end;
        long function = vprec_code_function_at(&j->map, r.original);
        if (function < 0 || end == r.clone)
            continue;
        const vprec_code_function *f = vprec_job_function(&j->map, (size_t)function);
        vprec_symbols_put(r.clone, end, function_name(j, f, room));
        uint64_t start = i && VPREC_AT(*ranges, vprec_where_range, i - 1).kind == VPREC_WHERE_STUB
                             ? VPREC_AT(*ranges, vprec_where_range, i - 1).clone
                             : r.clone;
        vprec_unwind unwind;
        if (r.kind == VPREC_WHERE_BODY && !f->gap && vprec_object_unwind_of(j->object, f->start, &unwind))
            vprec_symbols_unwind(&unwind, &image->where, f->start, start, end);
    }
    vprec_symbols_tell(image->code, image->code_end);
}

/* Whether the emulator is to count: all, or what could be counted inline if there were meters, or if those that follow
 * scopes were to trap. */
static bool counts_by_c(const vprec_job *j)
{
    uint32_t count = vprec_wire_shared->config.count;
    return count == VPREC_COUNT_ALL || (count && (!vprec_meters_on() || (vprec_scope_metered && j->quiet)));
}

/* Clones what is chosen. NULL: nothing is to be cloned, or `*why` tells why it cannot be. */
static vprec_image *clone(vprec_job *j, enum vprec_isa isa, enum vprec_reason *why)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    vprec_image *image = vprec_image_make();
    if (!image) {
        *why = VPREC_REASON_NO_MEMORY;
        return NULL;
    }
    vprec_clone_options options = {
        .isa = isa, .count = counts_by_c(j),
        .metered = counts_by_c(j) ? VPREC_COUNT_NONE : (enum vprec_counting)config->count,
        .follows = vprec_scope_metered,
        .records = j->function_records, .audit = config->audit,
        .entered = j->entered, .counters = config->count ? j->counters : NULL, .gates = &j->gates,
        .calls = j->calls, .alone = j->alone, .apart = j->apart, .changes = j->changes, .others = j->others,
        .quiet = j->quiet,
        .leaves_by_itself = j->leaves_by_itself,
        .refused = vprec_job_note_refused, .exact = vprec_job_note_exact, .noted_data = j,
    };
    *why = vprec_clone(image, j->text, &j->map, &options);
    if (*why) {
        vprec_image_drop(image);
        return NULL;
    }
    image->gates = j->gates;
    image->records = j->records;
    image->record_bytes = j->record_bytes;
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = vprec_job_function(&j->map, i);
        uint32_t wanted = 0;
        for (int t = 0; t < VPREC_TYPES && f->cloned && !f->only_calls; t++)
            if (vprec_arith_current.use[t] != VPREC_USE_NONE) {
                image->sites[t] += f->sites[t];
                wanted += f->sites[t];
            }
        image->functions += wanted != 0;
    }
    if (vprec_symbols_wanted())
        tell_symbols(j, image);
    j->record->clone_bytes += image->code_end - image->code;
    j->record->by_jump += image->by_jump;
    j->record->by_short += image->by_short;
    j->record->by_trap += image->by_trap;
    j->record->inlined += image->inlined;
    return image;
}

/* The functions are left native after all: they count as no others. Those for which a debugger is the reason by name. */
static void leave_native(vprec_job *j, enum vprec_reason why)
{
    char room[VPREC_JOB_NAME];
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = vprec_job_function(&j->map, i);
        const uint64_t record = j->function_records ? j->function_records[i] : 0;
        vprec_function_record *r = record ? vprec_share_at(record, sizeof *r) : NULL;
        uint32_t wanted = 0;
        for (int t = 0; t < VPREC_TYPES && f->cloned && !f->only_calls; t++) {
            uint32_t sites = vprec_arith_current.use[t] != VPREC_USE_NONE ? f->sites[t] : 0;
            wanted += sites;
            j->record->sites[t] -= sites;
            if (r)
                r->sites[t] = 0;
        }
        j->record->functions -= wanted != 0;
        if (wanted && why == VPREC_REASON_DEBUGGER)
            vprec_record_native(why, j->object->path, function_name(j, f, room));
    }
    if (why != VPREC_REASON_DEBUGGER)
        vprec_record_native(why, j->map.object->path, NULL);
}

void vprec_job_count(void)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    vprec_counters = config->layers ? vprec_scope_counts : vprec_record_counts;
    vprec_firsts = &vprec_wire_shared->firsts;
    if (config->count == VPREC_COUNT_ALL)
        vprec_backtrace_begin();
}

vprec_image *vprec_job_clone(vprec_job *j, enum vprec_isa isa)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    size_t chosen = sum_up(j);
    enum vprec_reason why = VPREC_REASON_NONE;
    vprec_image *image = NULL;
    if (make_tables(j)) {
        record_functions(j);
        if (!config->audit || config->list)
            vprec_job_record_refused(j);
        if (config->count)
            vprec_job_count();
        note_executed(j);
        if (chosen && !config->list)
            image = clone(j, isa, &why);
    } else {
        why = VPREC_REASON_NO_MEMORY;
    }
    if (why)
        leave_native(j, why);
    free_tables(j);
    return image;
}
