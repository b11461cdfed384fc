/* SPDX-License-Identifier: Apache-2.0
 * instrument.c: see instrument.h. Chooses functions, keeps the books; the work
 * is code.c's, clone.c's and patch.c's. */
#include "instrument.h"
#include "clone/clone.h"
#include "clone/gate.h"
#include "direction.h"
#include "find/callers.h"
#include "find/select.h"
#include "libm/patch.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "x86/emulate/enter.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Objects that were looked at: instrumented, or not to be. */
typedef struct seen {
    uint64_t hash; /* of path and load address */
    bool present;  /* in this pass */
    vprec_image *image; /* NULL: stays native */
    vprec_gates gates;
    uint64_t callers;   /* where its code starts, if callers.h knows it; 0 */
} seen;

static vprec_vec seen_objects = {.size = sizeof(seen)};
/* What only has arithmetic for others (libgcc_s) waits until one of them is there: few programs have any. */
static bool helpers_wanted;
typedef struct helper {
    const char *path;
    uint64_t bias;
    const vprec_process_record *process;
    enum vprec_isa isa;
} helper;
static vprec_vec waiting = {.size = sizeof(helper)}; /* one in each of dlmopen's namespaces */

static vprec_vec refused_table = {.size = sizeof(_Atomic uint64_t *)};

/* What one object's cloning needs to look up. */
typedef struct job {
    vprec_codemap map;
    bool selected; /* the object; else only what it has for others (vprec_select_helpers) */
    vprec_gates gates;
    vprec_object_record *record;
    _Atomic uint32_t **entered; /* by function, NULL none */
    uint32_t *counters;         /* by function */
    uint64_t *function_records; /* by function: offset of its record, 0 none */
} job;

static uint64_t hash_text(const char *s)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * UINT64_C(1099511628211);
    return h;
}

static const char *function_name(const vprec_codemap *map, const vprec_code_function *f, char *room, size_t size)
{
    if (f->name && *f->name)
        return f->name;
    char *end = room + size - 1;
    uint64_t n = f->start - map->object->bias;
    *end = 0;
    do
        *--end = "0123456789abcdef"[n & 15];
    while (n >>= 4);
    memcpy(end -= 4, "sub_", 4);
    return end;
}

static bool rounds_libm(void)
{
    return vprec_wire_shared->config.ops & VPREC_OPS_LIBM && vprec_arith_rounds(&vprec_arith_current);
}

/* What a jump to is a call that its own function must answer for. */
static bool may_have_gate(const char *name)
{
    return (rounds_libm() && vprec_libm_is_rounded(name)) || vprec_select_is_helper(name);
}

static vprec_code_function *function_at(const vprec_codemap *map, size_t i)
{
    return &VPREC_AT(map->functions, vprec_code_function, i);
}

static bool is_part(const vprec_code_function *f)
{
    return f->routine.results || f->inner;
}

/* What part of a routine leads to by a direct call or jump is part of it, too: its slow paths. True: that is news. */
static bool mark_part(const vprec_codemap *map, long from, uint64_t to)
{
    long callee = vprec_code_function_at(map, to);
    if (from < 0 || callee < 0 || !is_part(function_at(map, (size_t)from)) || is_part(function_at(map, (size_t)callee)))
        return false;
    return function_at(map, (size_t)callee)->inner = true;
}

static bool mark_callees(const vprec_codemap *map, size_t function)
{
    const vprec_code_function *f = function_at(map, function);
    bool found = false;
    for (uint64_t at = f->start; at + 5 <= f->end; at++) {
        int32_t rel;
        if (!(*vprec_mark(map, at) & VPREC_START) || *(const uint8_t *)at != 0xE8)
            continue;
        memcpy(&rel, (const uint8_t *)at + 1, 4);
        found |= mark_part(map, (long)function, at + 5 + (uint64_t)(int64_t)rel);
    }
    return found;
}

/* Vector mathematics routines that are compiled into the object, and what the C library has of libm: as for libm, one
 * call is one operation, and its inside, which relies on its own precision, stays as it is. */
static void find_routines(const vprec_codemap *map)
{
    const char *slash = strrchr(map->object->path, '/');
    bool found = false, in_libc = !strcmp(slash ? slash + 1 : map->object->path, VPREC_LIBM_LIBC);
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *f = function_at(map, i);
        if (!f->name || !((in_libc && vprec_libm_is_rounded(f->name)) || vprec_select_is_exact(f->name) ||
                          vprec_select_is_routine(f->name, &f->routine)))
            continue;
        f->inner = !f->routine.results;
        found = true;
    }
    while (found) {
        found = false;
        for (size_t i = 0; i < map->functions.count; i++)
            if (is_part(function_at(map, i)))
                found |= mark_callees(map, i);
        for (size_t i = 0; i < map->edges.count; i++) {
            vprec_edge e = VPREC_AT(map->edges, vprec_edge, i);
            found |= mark_part(map, vprec_code_function_at(map, e.from), e.to);
        }
    }
}

/* Whether a clone of the function has something to do, were it selected. */
static bool has_work(const vprec_code_function *f)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    bool formatted = vprec_arith_rounds(&vprec_arith_current);
    if (f->inner)
        return false;
    if (f->routine.results)
        return rounds_libm() && config->use[f->routine.type] == VPREC_USE_FORMAT;
    for (int t = 0; t < VPREC_TYPES; t++)
        if (config->use[t] != VPREC_USE_NONE && f->sites[t])
            return true;
    return (f->controls && formatted) || f->tails || (config->audit && f->refused);
}

/* Whether it works for whoever calls it. */
static bool is_for_callers(const job *j, const vprec_code_function *f)
{
    return !j->selected || f->routine.results || (f->name && vprec_select_is_helper(f->name));
}

/* A gate before a function; false, and the reason said: it cannot have one. */
static bool add_gate(job *j, vprec_code_function *f)
{
    bool able = true;
    for (uint64_t at = f->start + 1; at < f->start + VPREC_GATE_ENTRY && at < f->end; at++)
        able &= !(*vprec_mark(&j->map, at) & (VPREC_TARGET | VPREC_ENTRY));
    f->gate = able ? vprec_gate_add(&j->gates, f->start, f->end) : NULL;
    if (!f->gate) {
        char room[32];
        vprec_record_native(VPREC_REASON_LIBM_ENTRY, j->map.object->path,
                            function_name(&j->map, f, room, sizeof room));
    }
    return f->gate;
}

/* Puts gates before the functions marked `cloned` that are not selected themselves. */
static void add_gates(job *j, size_t gated)
{
    const vprec_codemap *map = &j->map;
    bool reserved = gated && vprec_gates_reserve(&j->gates, map->object->lo, map->object->hi, gated);
    if (gated && !reserved)
        vprec_record_native(VPREC_REASON_NO_REACH, map->object->path, NULL);
    for (size_t i = 0; i < map->functions.count && gated; i++) {
        vprec_code_function *f = function_at(map, i);
        if (f->cloned && !f->selected)
            f->cloned = reserved && add_gate(j, f);
    }
    for (size_t i = 0; i < map->edges.count && reserved; i++) { /* who jumps there is to go to the clone */
        vprec_edge e = VPREC_AT(map->edges, vprec_edge, i);
        long from = vprec_code_function_at(map, e.from), to = vprec_code_function_at(map, e.to);
        if (from >= 0 && to >= 0 && function_at(map, (size_t)to)->gate && function_at(map, (size_t)from)->selected)
            function_at(map, (size_t)from)->cloned = true;
    }
}

/* All that a pattern may know the function by. */
static vprec_names names_of(const vprec_codemap *map, const vprec_code_function *f, const char *symbol)
{
    vprec_names names = vprec_demangle(symbol);
    names.aliases = vprec_object_aliases(map->object, f->start, &names.alias);
    for (size_t i = 0; i < names.aliases && !names.plain; i++) {
        vprec_names other = vprec_demangle(names.alias[i].name);
        names.plain = other.plain;
        names.full = other.full;
    }
    return names;
}

/* Marks what is selected and what is to be cloned. */
static void choose(job *j)
{
    vprec_wire_config *config = &vprec_wire_shared->config;
    bool ruled = vprec_select_has_functions(config);
    size_t gated = 0;
    if (vprec_arith_rounds(&vprec_arith_current))
        find_routines(&j->map);
    for (size_t i = 0; i < j->map.functions.count; i++) {
        vprec_code_function *f = function_at(&j->map, i);
        char room[32];
        vprec_names name = {.symbol = function_name(&j->map, f, room, sizeof room)};
        if (ruled)
            name = names_of(&j->map, f, name.symbol);
        if (!j->selected)
            f->refused = f->controls = f->tails = f->gated_calls = 0;
        bool work = has_work(f), something = work || f->sites[0] || f->sites[1] || f->refused || f->gated_calls;
        enum vprec_choice choice = ruled ? vprec_select_function(config, &name, something) : VPREC_CHOICE_ANY;
        if (ruled && !something)
            vprec_select_idle(config, &name, vprec_record_offset(j->record));
        f->selected = j->selected && choice != VPREC_CHOICE_SKIPPED;
        f->cloned = f->selected && work;
        if (!is_for_callers(j, f) || (j->selected && !ruled) || choice == VPREC_CHOICE_NAMED || !work)
            continue;
        f->selected = false;
        f->cloned = !ruled || !vprec_select_skips_function(config, &name);
        gated += f->cloned;
    }
    add_gates(j, gated);
}

/* Sums up the object. How many functions are to be cloned. */
static size_t sum_up(job *j)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    size_t chosen = 0;
    for (size_t i = 0; i < j->map.functions.count; i++) {
        vprec_code_function *f = function_at(&j->map, i);
        chosen += f->cloned;
        if (is_part(f)) { /* its arithmetic is nobody's; its result is */
            f->sites[VPREC_F32] = f->sites[VPREC_F64] = f->refused = f->controls = f->tails = 0;
            f->sites[f->routine.type] = f->cloned;
        }
        uint32_t wanted = 0;
        for (int t = 0; t < VPREC_TYPES; t++) {
            if (config->use[t] != VPREC_USE_NONE && (f->selected || f->cloned)) {
                wanted += f->sites[t];
                j->record->sites[t] += f->sites[t];
            } else if (j->selected) {
                j->record->sites_native[t] += f->sites[t];
            }
        }
        if (!f->selected)
            f->refused = 0;
        j->record->refused += f->refused;
        j->record->functions += wanted != 0;
    }
    return chosen;
}

static void extend(uint64_t *start, uint64_t *end, const vprec_vec *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        vprec_extent r = VPREC_AT(*ranges, vprec_extent, i);
        *start = r.start < *start ? r.start : *start;
        *end = r.end > *end ? r.end : *end;
    }
}

/* Tells callers.h who is selected. False: no memory. */
static bool tell_callers(const job *j, seen *s)
{
    enum { FILLER = 64 };
    const vprec_codemap *map = &j->map;
    vprec_caller_object o = {.code = UINT64_MAX, .lo = map->object->lo, .hi = map->object->hi,
                             .spans = VPREC_VEC(vprec_caller_span)};
    extend(&o.code, &o.code_end, &map->object->code);
    extend(&o.code, &o.code_end, &map->object->plt);
    o.plt = UINT64_MAX;
    extend(&o.plt, &o.plt_end, &map->object->plt);
    bool all = true;
    for (size_t i = 0; i < map->functions.count && all; i++)
        all = function_at(map, i)->selected && !is_part(function_at(map, i));
    uint64_t end = 0;
    for (size_t i = 0; i < map->functions.count && !all; i++) {
        const vprec_code_function *f = function_at(map, i);
        vprec_caller_span more[2] = {{end, VPREC_CALLER_NEITHER}};
        size_t n = end && f->start >= end + FILLER;
        more[n++] = (vprec_caller_span){f->start, f->selected && !is_part(f) ? VPREC_CALLER_SELECTED : VPREC_CALLER_NATIVE};
        if (n == 1 && o.spans.count && VPREC_AT(o.spans, vprec_caller_span, o.spans.count - 1).what == more[0].what)
            n = 0;
        vprec_caller_span *spans = vprec_vec_add(&o.spans, n);
        if (!spans) {
            vprec_vec_free(&o.spans);
            return false;
        }
        memcpy(spans, more, n * sizeof *spans);
        end = f->end;
    }
    s->callers = o.code;
    return o.code_end && vprec_callers_add(&o);
}

static bool is_recorded(const vprec_code_function *f)
{
    return f->cloned || f->refused;
}

static size_t record_size(const char *name)
{
    return vprec_record_align(sizeof(vprec_function_record) + strlen(name) + 1);
}

/* Function records, in one piece: clones set their `entered` through a second view of it. NULL without room. */
static const char *record_functions(job *j, size_t *bytes)
{
    char room[32];
    *bytes = 0;
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(j->map.functions, vprec_code_function, i);
        if (is_recorded(f))
            *bytes += record_size(function_name(&j->map, f, room, sizeof room));
    }
    char *first = *bytes ? vprec_record_room(*bytes) : NULL, *at = first;
    if (!at)
        return NULL;
    uint64_t object = vprec_record_offset(j->record), offset = vprec_record_offset(first);
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(j->map.functions, vprec_code_function, i);
        if (!is_recorded(f))
            continue;
        const char *name = function_name(&j->map, f, room, sizeof room);
        vprec_function_record *r = (vprec_function_record *)at;
        r->object = object;
        r->address = f->start - j->map.object->bias;
        r->length = f->end - f->start;
        r->refused = f->refused;
        for (int t = 0; t < VPREC_TYPES; t++)
            r->sites[t] = f->sites[t];
        memcpy(r->name, name, strlen(name) + 1);
        vprec_record_done(r, VPREC_RECORD_FUNCTION, record_size(name));
        j->function_records[i] = offset + (uint64_t)(at - first);
        j->entered[i] = &r->entered;
        if (vprec_wire_shared->config.count)
            j->counters[i] = vprec_record_counted(r);
        at += record_size(name);
    }
    return first;
}

/* Whether the function calculates in x87 registers, or stores from them as float or double. */
static bool works_in_x87(const job *j, const vprec_code_function *f)
{
    for (uint64_t at = f->start; at < f->end; at++) {
        uint32_t numbers = *vprec_mark(&j->map, at) & VPREC_HAS_REFUSED
                               ? vprec_decode_numbers((const uint8_t *)at, vprec_room(&j->map, at))
                               : 0;
        if (numbers & VPREC_NUMBER_LONG && !(numbers & VPREC_NUMBER_WIDENED))
            return true;
    }
    return false;
}

/* The numbers of the refused instruction at `at` in `f`. Compilers keep constants of long double as float or double
 * where that is exact: those are no numbers of the program. Nor has a conversion to long double anything to round. */
static uint32_t numbers_at(const job *j, const vprec_code_function *f, uint64_t at)
{
    vprec_insn insn;
    size_t room = vprec_room(&j->map, at);
    uint32_t numbers = vprec_decode_numbers((const uint8_t *)at, room);
    bool constant = numbers & VPREC_NUMBER_LONG && vprec_insn_decode((const uint8_t *)at, room, at, &insn) &&
                    insn.disp_offset && vprec_code_is_constant(&j->map, insn.target);
    if (constant || (numbers & VPREC_NUMBER_WIDENED && !works_in_x87(j, f)))
        return VPREC_NUMBER_LONG;
    return numbers & ~(uint32_t)VPREC_NUMBER_WIDENED;
}

/* Names every refused instruction of a function. */
static void record_refused(job *j)
{
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(j->map.functions, vprec_code_function, i);
        if (!f->refused || !j->function_records[i])
            continue;
        vprec_insn insn;
        for (uint64_t at = f->start; at < f->end; at++) {
            if (at != f->unknown &&
                (!(*vprec_mark(&j->map, at) & VPREC_START) ||
                 !vprec_insn_decode((const uint8_t *)at, vprec_room(&j->map, at), at, &insn) ||
                 insn.cls != VPREC_REFUSED))
                continue;
            char text[192];
            vprec_decode_text((const uint8_t *)at, vprec_room(&j->map, at), at, text, sizeof text);
            vprec_refused_record *r = vprec_record_text(VPREC_RECORD_REFUSED, sizeof *r, text);
            if (!r)
                return;
            r->function = j->function_records[i];
            r->object = vprec_record_offset(j->record);
            r->address = at - j->map.object->bias;
            r->numbers = numbers_at(j, f, at);
        }
    }
}

/* With audit: the record of the refused instruction at `address`, as a counter index. */
static uint32_t audit_refused(void *data, uint64_t address, uint32_t function)
{
    job *j = data;
    char text[192];
    vprec_decode_text((const uint8_t *)address, vprec_room(&j->map, address), address, text, sizeof text);
    vprec_refused_record *r = vprec_record_text(VPREC_RECORD_REFUSED, sizeof *r, text);
    static _Atomic uint64_t nowhere;
    if (r) {
        r->function = j->function_records[function];
        r->object = vprec_record_offset(j->record);
        r->address = address - j->map.object->bias;
        r->numbers = numbers_at(j, function_at(&j->map, function), address);
    }
    _Atomic uint64_t **entry = vprec_vec_add(&refused_table, 1);
    if (!entry)
        return 0;
    *entry = r ? &r->executed : &nowhere;
    vprec_refused_counts = refused_table.data;
    return (uint32_t)refused_table.count - 1;
}

static vprec_image *clone_object(job *j, const char *path, enum vprec_isa isa)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    size_t n = j->map.functions.count, bytes;
    size_t chosen = sum_up(j);
    j->entered = vprec_pages(n * sizeof *j->entered);
    j->counters = vprec_pages(n * sizeof *j->counters);
    j->function_records = vprec_pages(n * sizeof *j->function_records);
    vprec_image *image = vprec_pages(sizeof *image);
    if (!j->entered || !j->counters || !j->function_records || !image) {
        vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
        return NULL;
    }
    bool live = false;
    const char *first = record_functions(j, &bytes);
    if (!config->audit || config->list)
        record_refused(j);
    if (config->count)
        vprec_counters = vprec_record_counts;
    if (chosen && !config->list) {
        const char *start = (const char *)((uint64_t)first & ~UINT64_C(4095));
        vprec_clone_options options = {
            .arith = &vprec_arith_current, .isa = isa, .count = config->count, .audit = config->audit,
            .entered_start = start, .entered_bytes = (size_t)(first + bytes - start), .entered = j->entered,
            .counters = config->count ? j->counters : NULL, .gates = &j->gates, .refused = audit_refused,
            .refused_data = j,
        };
        enum vprec_reason why = vprec_clone(image, &j->map, &options);
        if (why) {
            vprec_record_native(why, path, NULL);
        } else {
            live = true;
            vprec_image_add(image);
            j->record->clone_bytes = image->arena_size;
            j->record->by_jump = image->by_jump;
            j->record->by_short = image->by_short;
            j->record->by_trap = image->by_trap;
            j->record->inlined = image->inlined;
        }
    }
    vprec_pages_free(j->entered, n * sizeof *j->entered);
    vprec_pages_free(j->counters, n * sizeof *j->counters);
    vprec_pages_free(j->function_records, n * sizeof *j->function_records);
    if (live)
        return image;
    vprec_pages_free(image, sizeof *image);
    return NULL;
}

/* Before the first code is emitted: may the program's direction stay in MXCSR? With AVX-512 no instruction that rounds
 * looks there. Other inline code must look out for it, and does where the program has the means to set it. */
static void settle_direction(const vprec_codemap *map, enum vprec_isa isa)
{
    static bool settled;
    vprec_arith *arith = &vprec_arith_current;
    for (size_t i = 0; i < map->functions.count && !arith->minds_mxcsr; i++)
        arith->minds_mxcsr = VPREC_AT(map->functions, vprec_code_function, i).controls;
    if (settled)
        return;
    arith->minds_mxcsr |= vprec_direction_is_called();
    arith->keeps_direction = vprec_arith_mixed(arith) && (isa == VPREC_ISA_AVX512 || arith->minds_mxcsr);
    settled = true;
}

/* Whether the function at `address`, or one that it calls directly, is cloned. */
static bool computes(const vprec_codemap *map, uint64_t address, int depth)
{
    long i = vprec_code_function_at(map, address);
    const vprec_code_function *f = i < 0 ? NULL : function_at(map, (size_t)i);
    if (!f || f->cloned)
        return f;
    for (uint64_t at = f->start; depth && at + 5 <= f->end; at++) {
        enum { CALL = 0xE8, JUMP = 0xE9 };
        uint8_t code = *(const uint8_t *)at;
        int32_t rel;
        if (!(*vprec_mark(map, at) & VPREC_START) || (code != CALL && code != JUMP))
            continue;
        memcpy(&rel, (const uint8_t *)at + 1, 4);
        if (computes(map, at + 5 + (uint64_t)(int64_t)rel, depth - 1))
            return true;
    }
    return false;
}

static unsigned passes; /* over the loader's list */

/* The loader has called the resolvers of what it loaded with the program by now; those of what dlopen brings it will
 * call later. */
static void say_resolvers(const job *j)
{
    enum { DEPTH = 4 };
    const vprec_vec *resolvers = &j->map.object->resolvers;
    for (size_t i = 0; i < resolvers->count && passes == 1; i++) {
        uint64_t address = VPREC_AT(*resolvers, uint64_t, i);
        char room[32];
        if (!j->selected || !computes(&j->map, address, DEPTH))
            continue;
        const vprec_code_function *f = function_at(&j->map, (size_t)vprec_code_function_at(&j->map, address));
        vprec_record_native(VPREC_REASON_RESOLVER, j->map.object->path, function_name(&j->map, f, room, sizeof room));
    }
}

void vprec_instrument_begin(void)
{
    passes++;
    for (size_t i = 0; i < seen_objects.count; i++)
        VPREC_AT(seen_objects, seen, i).present = false;
    waiting.count = 0;
}

void vprec_instrument_end(void)
{
    for (size_t i = 0; i < waiting.count && helpers_wanted; i++) {
        helper h = VPREC_AT(waiting, helper, i);
        vprec_instrument_object(h.path, h.bias, h.process, h.isa);
    }
    size_t kept = 0;
    for (size_t i = 0; i < seen_objects.count; i++) {
        seen s = VPREC_AT(seen_objects, seen, i);
        if (!s.present && s.callers)
            vprec_callers_drop(s.callers);
        if (s.present) {
            VPREC_AT(seen_objects, seen, kept++) = s;
        } else if (s.image) { /* unloaded: nothing can run there any more */
            vprec_image_drop(s.image);
            vprec_gates_free(&s.gates);
            vprec_sys_munmap(s.image->arena, s.image->arena_size);
            vprec_vec_free(&s.image->traps);
            vprec_vec_free(&s.image->entered);
            vprec_where_free(&s.image->where);
            vprec_pages_free(s.image, sizeof *s.image);
        }
    }
    seen_objects.count = kept;
    if (vprec_wire_shared->config.count)
        vprec_record_prepare();
}

/* The entry of an object that is new in this pass; NULL: it is known, or there is no memory for one. */
static seen *meet(const char *path, uint64_t bias)
{
    uint64_t hash = hash_text(path) ^ bias * UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < seen_objects.count; i++)
        if (VPREC_AT(seen_objects, seen, i).hash == hash) {
            VPREC_AT(seen_objects, seen, i).present = true;
            return NULL;
        }
    seen *s = vprec_vec_add(&seen_objects, 1);
    if (s)
        *s = (seen){.hash = hash, .present = true};
    else
        vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
    return s;
}

void vprec_instrument_foreign(const char *path, uint64_t bias, const vprec_process_record *process, enum vprec_isa isa)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    if (!vprec_select_is_libm(path))
        vprec_instrument_object(path, bias, process, isa);
    else if (meet(path, bias) && config->ops & VPREC_OPS_LIBM && vprec_arith_rounds(&vprec_arith_current))
        vprec_record_native(VPREC_REASON_LIBM_NAMESPACE, path, NULL);
}

void vprec_instrument_object(const char *path, uint64_t bias, const vprec_process_record *process, enum vprec_isa isa)
{
    seen *s = meet(path, bias);
    if (!s)
        return;
    enum vprec_reason why;
    job j = {.selected = vprec_select_object(&vprec_wire_shared->config, path, &why)};
    bool helps = !j.selected && vprec_select_helpers(&vprec_wire_shared->config, path);
    if (helps && !helpers_wanted) {
        helper *h = vprec_vec_add(&waiting, 1);
        if (h)
            *h = (helper){path, bias, process, isa};
        else
            vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
        seen_objects.count--; /* it is not seen yet */
        return;
    }
    if (!j.selected && !helps) {
        if (why)
            vprec_record_native(why, path, NULL);
        return;
    }
    vprec_object object;
    why = vprec_image_room() ? vprec_object_read(&object, path, bias) : VPREC_REASON_MANY_OBJECTS;
    if (why) {
        vprec_record_native(why, path, NULL);
        return;
    }
    j.record = vprec_record_room_or_memory(sizeof *j.record + strlen(path) + 1);
    if (j.record && vprec_code_read(&j.map, &object, vprec_wire_shared->config.ops, may_have_gate)) {
        j.record->process = vprec_record_offset(process);
        j.record->base = bias;
        j.record->undecoded = j.map.undecoded;
        memcpy(j.record->build_id, object.build_id, sizeof j.record->build_id);
        j.record->build_id_length = object.build_id_length;
        memcpy(j.record->path, path, strlen(path) + 1);
        vprec_record_done(j.record, VPREC_RECORD_OBJECT, sizeof *j.record + strlen(path) + 1);
        choose(&j);
        say_resolvers(&j);
        for (size_t i = 0; i < object.imports.count && j.selected; i++)
            helpers_wanted |= vprec_select_is_helper(VPREC_AT(object.imports, vprec_import, i).name);
        if (j.selected && !tell_callers(&j, s))
            vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
        settle_direction(&j.map, isa);
        s->image = clone_object(&j, path, isa);
        s->gates = j.gates;
        vprec_code_release(&j.map);
    } else {
        vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
    }
    vprec_object_release(&object);
}
