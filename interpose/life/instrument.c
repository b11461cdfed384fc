/* SPDX-License-Identifier: Apache-2.0
 * instrument.c: see instrument.h. Keeps the list of objects; how their code is translated is demand.c's, or, where all
 * of it is at once, job.c's. */
#include "instrument.h"
#include "demand.h"
#include "devices.h"
#include "direction.h"
#include "find/callers.h"
#include "find/elementary.h"
#include "find/plt.h"
#include "find/presets.h"
#include "find/select.h"
#include "libm/patch.h"
#include "compiled.h"
#include "list.h"
#include "lock.h"
#include "meters.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/version.h"
#include "scope/adapters.h"
#include "scope/api.h"
#include "scope/functions.h"
#include "scope/python.h"
#include "scope/scopes.h"
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

/* Objects that were looked at: instrumented, or not to be. */
typedef struct seen {
    uint64_t hash; /* of path and load address */
    bool present;  /* in this pass */
    vprec_loaded *loaded; /* NULL: stays native */
} seen;

static unsigned passes; /* over the loader's list */

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

static void extend(uint64_t *start, uint64_t *end, const vprec_vec *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        vprec_extent r = VPREC_AT(*ranges, vprec_extent, i);
        *start = r.start < *start ? r.start : *start;
        *end = r.end > *end ? r.end : *end;
    }
}

/* What callers.h wants to know of a place in an object that is translated on demand: of a function that calls. */
typedef struct question {
    uint64_t address;
    enum vprec_caller what;
} question;

static bool is_selected(uint64_t matched)
{
    enum vprec_choice choice = vprec_select_function(&vprec_wire_shared->config, matched);
    return choice == VPREC_CHOICE_NAMED || choice == VPREC_CHOICE_ANY;
}

/* Of an operation: what it calls is, too. */
static bool is_part(const vprec_loaded *l, uint64_t start)
{
    for (size_t i = 0; i < l->parts.count; i++)
        if (VPREC_AT(l->parts, uint64_t, i) == start)
            return true;
    return false;
}

static void answer(void *data)
{
    question *q = data;
    vprec_loaded *l = vprec_demand_at(q->address);
    vprec_symbol f;
    vprec_routine routine;
    if (!l)
        return;
    bool selected;
    unsigned given = 0;
    const size_t place = VPREC_UP_TO(l->chosen, vprec_chosen, end, q->address);
    const vprec_chosen *chosen = place < l->chosen.count ? &VPREC_AT(l->chosen, vprec_chosen, place) : NULL;
    if (vprec_object_function_at(&l->object, q->address, &f)) {
        bool named = f.name && *f.name;
        uint64_t matched = vprec_job_rules(&l->object, f.start, named);
        if (vprec_loaded_counts(l, f.start))
            vprec_select_hit(&vprec_wire_shared->config, matched);
        selected = is_selected(matched) && !(named && vprec_preset_leaves(l->preset, f.name)) && !(named && vprec_job_routine(&l->object, f.name, f.start, &routine)) &&
                   !is_part(l, f.start);
        given = selected ? vprec_job_given(&l->object, f.start, named, true) : 0;
    } else {
        selected = chosen && chosen->start <= q->address ? chosen->selected : is_selected(0);
    }
    q->what = selected ? vprec_caller_gives(VPREC_CALLER_SELECTED, given) : VPREC_CALLER_NATIVE;
}

static enum vprec_caller ask(uint64_t address)
{
    question q = {address, VPREC_CALLER_NEITHER};
    vprec_lock_run(answer, &q);
    return q.what;
}

/* Whether it takes a function's name to say what a call from it is. */
static bool asks_by_name(void)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    return vprec_select_has_functions(config) || vprec_elementary_any(config) || vprec_version_gives;
}

/* Tells callers.h who is selected. `map`: all functions of the object; NULL: all are, or it is asked about each. False:
 * no memory. */
static bool tell_callers(vprec_loaded *l, const vprec_codemap *map)
{
    enum { FILLER = 64 };
    const vprec_object *object = &l->object;
    vprec_caller_object o = {.code = UINT64_MAX, .lo = object->lo, .hi = object->hi,
                             .spans = VPREC_VEC(vprec_caller_span),
                             .asks = !map && (l->preset || asks_by_name())};
    vprec_callers_asked = ask;
    extend(&o.code, &o.code_end, &object->code);
    extend(&o.code, &o.code_end, &object->plt);
    o.plt = UINT64_MAX;
    extend(&o.plt, &o.plt_end, &object->plt);
    bool all = true;
    const size_t count = map ? map->functions.count : 0;
    for (size_t i = 0; map && i < count && all; i++) {
        const vprec_code_function *f = vprec_job_function(map, i);
        all = f->selected && !f->given && !vprec_job_is_part(f);
    }
    uint64_t end = 0;
    for (size_t i = 0; map && i < count && !all; i++) {
        const vprec_code_function *f = vprec_job_function(map, i);
        bool selected = f->selected && !vprec_job_is_part(f);
        vprec_caller_span more[2] = {{end, VPREC_CALLER_NEITHER}};
        size_t n = end && f->start >= end + FILLER;
        more[n++] = (vprec_caller_span){f->start, selected ? vprec_caller_gives(VPREC_CALLER_SELECTED, f->given)
                                                           : VPREC_CALLER_NATIVE};
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
    l->callers = o.code;
    return o.code_end && vprec_callers_add(&o);
}

/* Of code that is emitted at once: whether some of it sets MXCSR. */
static bool has_controls(const vprec_codemap *map)
{
    for (size_t i = 0; i < map->functions.count; i++)
        if (vprec_job_function(map, i)->controls)
            return true;
    return false;
}

void vprec_instrument_begin(void)
{
    passes++;
    for (size_t i = 0; i < seen_objects.count; i++)
        VPREC_AT(seen_objects, seen, i).present = false;
    waiting.count = 0;
}

/* An object is gone, or was not taken after all. */
static void drop(vprec_loaded *l)
{
    if (l->callers)
        vprec_callers_drop(l->callers);
    vprec_demand_drop(l);
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
        if (s.present)
            VPREC_AT(seen_objects, seen, kept++) = s;
        else if (s.loaded)
            drop(s.loaded); /* unloaded: nothing can run there any more */
    }
    seen_objects.count = kept;
    if (vprec_wire_shared->config.count)
        vprec_record_prepare();
}

/* The entry of an object that is new in this pass; NULL: it is known, or there is no memory for one. */
static seen *meet(const char *path, uint64_t bias)
{
    uint64_t hash = vprec_name_hash(VPREC_NAME_HASH, path) ^ bias * UINT64_C(0x9E3779B97F4A7C15);
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

/* The object's record; false: no memory. */
static bool record_object(vprec_loaded *l, const char *path, const vprec_process_record *process)
{
    size_t size = sizeof *l->record + strlen(path) + 1;
    vprec_object_record *r = l->record = vprec_record_room_or_memory(size);
    if (!r)
        return false;
    r->process = vprec_record_offset(process);
    r->base = l->object.bias;
    memcpy(r->build_id, l->object.build_id, sizeof r->build_id);
    r->build_id_length = l->object.build_id_length;
    memcpy(r->path, path, strlen(path) + 1);
    vprec_record_done(r, VPREC_RECORD_OBJECT, size);
    return true;
}

/* Where the object's code goes to functions with gates: words of its GOT, and its PLT's entries. */
static bool find_gates(vprec_loaded *l)
{
    const vprec_vec *imports = &l->object.imports;
    for (size_t i = 0; i < imports->count; i++) {
        const vprec_import *import = &VPREC_AT(*imports, vprec_import, i);
        helpers_wanted |= l->selected && vprec_select_is_helper(import->name);
        if (!vprec_job_may_have_gate(import->name))
            continue;
        if (!vprec_vec_add_u64(&l->gates, import->slot) || !vprec_vec_add_u64(&l->targets, import->slot))
            return false;
    }
    for (size_t i = 0; i < l->object.plt.count && l->gates.count; i++) {
        enum { STEP = 8 };
        vprec_extent e = VPREC_AT(l->object.plt, vprec_extent, i);
        for (uint64_t at = e.start; at + VPREC_PLT_BYTES <= e.end; at += STEP) {
            uint64_t slot = vprec_plt_slot(at);
            if (slot && vprec_sorted_has(&l->gates, slot) && !vprec_vec_add_u64(&l->targets, at))
                return false;
        }
    }
    vprec_vec_sort_u64(&l->targets);
    return true;
}

/* Functions of the object that work for whoever calls: where functions are selected, a jump to one is looked at; and
 * control that comes to an operation or a scope, which may have no arithmetic of its own. */
static bool find_named(vprec_loaded *l, bool tails)
{
    vprec_symbol f;
    vprec_routine routine;
    for (size_t i = 0; i < l->object.code.count; i++) {
        vprec_extent e = VPREC_AT(l->object.code, vprec_extent, i);
        for (uint64_t at = e.start; vprec_object_function_next(&l->object, at, e.end, &f); at = f.start + 1) {
            const bool operation = tails && f.name && vprec_job_routine(&l->object, f.name, f.start, &routine) &&
                                   vprec_routine_rounds(&routine);
            if (tails && f.name && (operation || vprec_select_is_helper(f.name)) &&
                !(vprec_vec_add_u64(&l->tails, f.start) && vprec_vec_add_u64(&l->targets, f.start)))
                return false;
            if ((operation || (l->selected && vprec_job_scope(&l->object, f.start))) &&
                !vprec_vec_add_u64(&l->named, f.start))
                return false;
        }
    }
    vprec_vec_sort_u64(&l->tails);
    vprec_vec_sort_u64(&l->named);
    vprec_vec_sort_u64(&l->targets);
    return true;
}

/* All of the object at once: only listed, or its pages may not lose X, or it is there for others. */
static bool translate_all(vprec_loaded *l, enum vprec_isa isa)
{
    vprec_job job = {.object = &l->object, .text = &l->text, .selected = l->selected, .preset = l->preset,
                     .record = l->record};
    job.calls = l->selected && !vprec_select_is_system(l->object.path);
    bool done = vprec_code_read(&job.map, &l->object, vprec_wire_shared->config.ops, vprec_job_may_have_gate);
    if (done) {
        l->record->undecoded = job.map.undecoded;
        vprec_job_choose(&job);
        done = !l->selected || tell_callers(l, &job.map);
        if (has_controls(&job.map))
            vprec_direction_met(isa);
        vprec_direction_ask(l->object.bias, isa);
        vprec_image *image = done ? vprec_job_clone(&job, isa) : NULL;
        vprec_image **kept = image ? vprec_vec_add(&l->images, 1) : NULL;
        if (kept)
            *kept = image;
    }
    vprec_code_release(&job.map);
    return done;
}

static bool translate_on_demand(vprec_loaded *l, enum vprec_isa isa)
{
    const bool tails = (!l->selected || asks_by_name()) && vprec_arith_rounds(&vprec_arith_current);
    if ((l->selected && !tell_callers(l, NULL)) || ((tails || vprec_functions_any()) && !find_named(l, tails)))
        return false;
    vprec_direction_ask(l->object.bias, isa);
    if (passes == 1) /* those of what dlopen brings are called later */
        vprec_demand_say_resolvers(l);
    if (!vprec_demand_begin(l, isa))
        vprec_record_native(VPREC_REASON_NOT_EXECUTABLE, l->object.path, NULL);
    return true;
}

/* It is not needed any more. */
static bool list_all(vprec_loaded *l, enum vprec_isa isa)
{
    l->isa = isa;
    bool done = vprec_list_object(l);
    if (done)
        vprec_loaded_free(l);
    return done;
}

static bool has_sanitizer(void)
{
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
        if (vprec_select_is_sanitizer(map->l_name))
            return true;
    return false;
}

/* Whether vprec-run has read in the object's file what formats it asks for: it is the program. */
static bool is_heard(const vprec_object *object)
{
    const vprec_wire_recipe *recipe = vprec_version_recipe;
    const uint64_t entry = getauxval(AT_ENTRY);
    bool own = false;
    for (uint32_t i = 0; recipe && i < recipe->lines && !own; i++)
        own = recipe->line[i].own;
    return !vprec_arith_rounds(&vprec_arith_current) || (own && entry >= object->lo && entry < object->hi);
}

/* The program is to tell its scopes and show its values. */
static void set_hooks(const vprec_object *object)
{
    static bool said;
    if (object->formats && !said && !is_heard(object)) {
        vprec_record_warning("a library, or a program that was started by another, asks for formats of scopes "
                             "(vprec_scope_format), which only the file of vprec-run's program can: give them by --scope");
        said = true;
    }
    for (size_t i = 0; i < object->notes.count; i++)
        vprec_api_meet(VPREC_AT(object->notes, uint64_t, i));
}

/* Of an object that is left alone otherwise. By libvprec_python.so programs in Python show their values, always. */
static void look_for_hooks(const char *path, uint64_t bias)
{
    vprec_object object;
    bool shows = !strcmp(vprec_name_base(path), "libvprec_python.so");
    if ((!vprec_scope_wanted() && !shows) || vprec_select_is_system(path))
        return;
    if (!vprec_object_open(&object, path, bias))
        set_hooks(&object);
    vprec_object_release(&object);
}

/* A library that is not selected, but may launch work elsewhere. */
static vprec_loaded *watch_only(const char *path, uint64_t bias, enum vprec_isa isa)
{
    vprec_loaded *l = vprec_loaded_make();
    bool done = l && !vprec_object_open(&l->object, path, bias) &&
                vprec_text_open(&l->text, l->object.lo, l->object.hi, &l->object.code) && vprec_demand_watch(l, isa) &&
                vprec_devices_watch(l);
    if (done)
        return l;
    vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
    if (l)
        drop(l);
    return NULL;
}

void vprec_instrument_object(const char *path, uint64_t bias, const vprec_process_record *process, enum vprec_isa isa)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    seen *s = meet(path, bias);
    if (!s)
        return;
    if (vprec_scope_wanted() || *config->dump)
        vprec_python_meet(path);
    if (*config->dump)
        vprec_adapter_no_dump(path);
    enum vprec_reason why;
    bool selected = vprec_select_object(&vprec_wire_shared->config, path, &why);
    bool library = !selected && config->ops & VPREC_OPS_LIBM && vprec_arith_rounds(&vprec_arith_current) &&
                   vprec_select_library(&vprec_wire_shared->config, path);
    bool helps = !selected && !library && vprec_select_helpers(&vprec_wire_shared->config, path);
    if (helps && !helpers_wanted) {
        helper *h = vprec_vec_add(&waiting, 1);
        if (h)
            *h = (helper){path, bias, process, isa};
        else
            vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
        seen_objects.count--; /* it is not seen yet */
        return;
    }
    if (!selected && !helps && !library) {
        if (why)
            vprec_record_native(why, path, NULL);
        look_for_hooks(path, bias);
        if (vprec_devices_is(path) && !config->list)
            s->loaded = watch_only(path, bias, isa);
        return;
    }
    vprec_loaded *l = vprec_loaded_make();
    if (!l) {
        vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
        return;
    }
    l->selected = selected;
    /* who names functions says all of it */
    l->preset = selected && vprec_select_function(config, 0) == VPREC_CHOICE_ANY ? vprec_preset_of(config, path) : 0;
    if (l->preset)
        vprec_record_native(VPREC_REASON_LEFT_PRESET, path, NULL);
    const vprec_adapter *adapter = vprec_adapter_of(path);
    l->adapter = adapter && (vprec_adapter_tells(adapter) || (l->preset && adapter->leaves)) ? adapter : NULL;
    bool sanitized = has_sanitizer();
    if (sanitized)
        vprec_meters_quiet();
    bool at_once = !config->list && (helps || sanitized || vprec_select_is_system(path));
    why = at_once ? vprec_object_read(&l->object, path, bias) : vprec_object_open(&l->object, path, bias);
    if (!why)
        set_hooks(&l->object);
    if (!why && selected && vprec_compiled_is(&l->object)) { /* its own code asks how results are rounded */
        vprec_record_native(VPREC_REASON_LEFT_COMPILED, path, NULL);
        if (config->count && !config->list && record_object(l, path, process))
            vprec_compiled_meet(&l->object, l->record);
        drop(l);
        return;
    }
    bool done = !why && vprec_text_open(&l->text, l->object.lo, l->object.hi, &l->object.code) && find_gates(l) &&
                record_object(l, path, process) &&
                (config->list ? list_all(l, isa) : at_once ? translate_all(l, isa) : translate_on_demand(l, isa));
    if (!why && done) {
        s->loaded = config->list ? NULL : l;
        if (!config->list && vprec_devices_is(path) && !vprec_devices_watch(l))
            vprec_record_native(VPREC_REASON_NO_MEMORY, path, NULL);
        return;
    }
    vprec_record_native(why ? why : VPREC_REASON_NO_MEMORY, path, NULL);
    drop(l);
}
