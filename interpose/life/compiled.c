/* SPDX-License-Identifier: Apache-2.0
 * compiled.c: see compiled.h. Whoever counts asks by the record of a line of the source, which lies in the object. */
#include "compiled.h"
#include "cc/host.h"
#include "cc/site.h"
#include "job.h"
#include "lock.h"
#include "runtime/record.h"
#include <string.h>

bool vprec_compiled_is(const vprec_object *object)
{
    for (size_t i = 0; i < object->imports.count; i++)
        if (!strcmp(VPREC_AT(object->imports, vprec_import, i).name, "vprec_cc_slow"))
            return true;
    return false;
}

typedef struct built {
    uint64_t lo, hi;
    vprec_object_record *record;
} built;

/* One of its functions, known by the text that is its name in the object. */
typedef struct counted {
    const char *name;
    vprec_function_record *record;
    uint32_t number; /* as of vprec_record_counted */
} counted;

static vprec_vec objects = {.size = sizeof(built)}, functions = {.size = sizeof(counted)};

/* The object that holds the address: the last one, where one was unloaded before. */
static built *object_of(uint64_t address)
{
    for (size_t i = objects.count; i-- > 0;) {
        built *b = &VPREC_AT(objects, built, i);
        if (address >= b->lo && address < b->hi)
            return b;
    }
    return NULL;
}

static counted *function_of(const char *name, uint64_t code, built *object)
{
    for (size_t i = 0; i < functions.count; i++)
        if (VPREC_AT(functions, counted, i).name == name)
            return &VPREC_AT(functions, counted, i);
    const size_t bytes = sizeof(vprec_function_record) + strlen(name) + 1;
    counted *c = vprec_vec_add(&functions, 1);
    vprec_function_record *r = c ? vprec_record_room_or_memory(vprec_record_align(bytes)) : NULL;
    if (!r) {
        functions.count -= c != NULL;
        return NULL;
    }
    r->object = vprec_record_offset(object->record);
    r->address = code - object->record->base;
    atomic_store_explicit(&r->entered, 1, memory_order_relaxed);
    memcpy(r->name, name, strlen(name) + 1);
    vprec_record_done(r, VPREC_RECORD_FUNCTION, bytes);
    object->record->functions++;
    *c = (counted){name, r, vprec_record_counted(r)};
    return c;
}

typedef struct question {
    const vprec_cc_site *site;
    const void *code;
    uint32_t number;
} question;

/* The first operation of a line: its sites are the function's from now on. */
static void answer(void *data)
{
    question *q = data;
    built *object = object_of((uint64_t)q->site);
    counted *c = object ? function_of(q->site->function, (uint64_t)q->code, object) : NULL;
    if (!c)
        return;
    const uint32_t sites[VPREC_TYPES] = {q->site->singles, q->site->operations - q->site->singles};
    for (int t = 0; t < VPREC_TYPES; t++)
        if (vprec_arith_current.use[t] != VPREC_USE_NONE) {
            c->record->sites[t] += sites[t];
            object->record->sites[t] += sites[t];
        }
    q->number = c->number;
}

static uint32_t counter(const vprec_cc_site *site, const void *code)
{
    question q = {site, code, 0};
    return vprec_lock_run(answer, &q) == VPREC_LOCK_DONE ? q.number : 0;
}

void vprec_compiled_meet(const vprec_object *object, vprec_object_record *record)
{
    built *b = vprec_vec_add(&objects, 1);
    if (!b) {
        vprec_record_native(VPREC_REASON_NO_MEMORY, object->path, NULL);
        return;
    }
    *b = (built){object->lo, object->hi, record};
    vprec_cc_counter = counter;
    vprec_job_count();
}
