/* SPDX-License-Identifier: Apache-2.0
 * xla.c: see xla.h. A step is an object of a class that derives from xla::cpu::Thunk and does its work in
 * Execute(params), the sixth of its virtual table. It knows its name: strings of the operation and the module at 16 and
 * 48, the module's number at 80. That is asked of the first one that runs (JAX 0.6 to 0.10 and TensorFlow 2.21 are so).
 *
 * Execute returns an event, which threads of a pool may still work for: an object with a count of references in its
 * first word, and in its second a state in the low two bits, 2 or more when all is done. A scope lasts until then, so
 * the thread waits. One thread alone does at a time: were all of a pool to wait, nobody would be left to work. */
#include "xla.h"
#include "classes.h"
#include "peek.h"
#include "runtime/memory.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "scopes.h"
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { PURE = 2, EXECUTE = 5, SLOTS = 8 };
enum { OPERATION = 16, MODULE = 48, NUMBER = 80 }; /* in a step */

typedef void *execute(void *event, void *step, const void *params);

static uint64_t *originals;

#define UNKNOWN "XLA's steps do not tell their names: this version of it is not known"

bool vprec_xla_is(const char *path)
{
    const char *base = vprec_name_base(path);
    return !strcmp(base, "libjax_common.so") || !strcmp(base, "xla_extension.so") ||
           !strncmp(base, "libtensorflow_cc.so", 19);
}

/* Where steps come from, by module and name. Entries stay. */
typedef struct origin {
    struct origin *_Atomic next; /* in its bucket */
    int64_t module;
    const char *step, *from;
} origin;

enum { BUCKETS = 1 << 10 };
static origin *_Atomic origins[BUCKETS];

static origin *_Atomic *bucket_of(int64_t module, const char *step)
{
    return &origins[vprec_name_hash(VPREC_NAME_HASH ^ (uint64_t)module, step) % BUCKETS];
}

void vprec_xla_comes_from(int64_t module, const char *step, const char *from)
{
    static vprec_heap heap;
    const size_t length = strlen(step) + 1, behind = strlen(from) + 1;
    char *text = vprec_heap_take(&heap, length + behind);
    origin *o = text ? vprec_heap_take(&heap, sizeof *o) : NULL;
    if (!o)
        return;
    origin *_Atomic *bucket = bucket_of(module, step);
    *o = (origin){.module = module, .step = memcpy(text, step, length), .from = memcpy(text + length, from, behind)};
    atomic_store_explicit(&o->next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(bucket, o, memory_order_release);
}

static const char *from_where(int64_t module, const char *step)
{
    const origin *o = atomic_load_explicit(bucket_of(module, step), memory_order_acquire);
    while (o && !(o->module == module && !strcmp(o->step, step)))
        o = atomic_load_explicit(&o->next, memory_order_acquire);
    return o ? o->from : "";
}

static const char *text_at(const void *step, size_t place)
{
    const char *text;
    memcpy(&text, (const char *)step + place, sizeof text);
    return text;
}

/* Whether the step, the first that runs, has its names where we think. */
static bool looks_right(const void *step)
{
    char operation[VPREC_PEEK_LONGEST + 1], module[VPREC_PEEK_LONGEST + 1];
    int64_t number = 0;
    return vprec_peek_string((uint64_t)step + OPERATION, operation) && *operation &&
           vprec_peek_string((uint64_t)step + MODULE, module) && *module &&
           vprec_sys_peek((uint64_t)step + NUMBER, &number, sizeof number) && number >= -1 && number <= INT32_MAX;
}

static bool is_known(const void *step)
{
    static _Atomic int known;
    return vprec_peek_known(&known, looks_right, step, UNKNOWN);
}

static vprec_scope *scope_of(const void *step)
{
    const char *operation = text_at(step, OPERATION), *module = text_at(step, MODULE);
    int64_t number;
    memcpy(&number, (const char *)step + NUMBER, sizeof number);
    const size_t before = strnlen(module, VPREC_PEEK_LONGEST), behind = strnlen(operation, VPREC_PEEK_LONGEST);
    char name[2 * VPREC_PEEK_LONGEST + 2];
    memcpy(name, module, before);
    name[before] = '/';
    memcpy(name + before + 1, operation, behind);
    name[before + 1 + behind] = 0;
    const char *from = from_where(number, operation);
    return vprec_scope_of(step, "xla", (vprec_scope_text){name, before + 1 + behind},
                          (vprec_scope_text){from, strlen(from)});
}

static bool is_done(const uint64_t *event)
{
    enum { DONE = 2 };
    return !event || __atomic_load_n(&event[1], __ATOMIC_ACQUIRE) & DONE;
}

/* Returns whether all has been done. What waits for more than its like gives up, and so do those that come later. */
static bool wait_for(const uint64_t *event)
{
    enum { YIELDS = 100, SLEEPS = 20000 };
    static atomic_bool waits, gave_up;
    if (is_done(event))
        return true;
    if (gave_up || atomic_exchange(&waits, true))
        return false;
    const struct timespec moment = {.tv_nsec = 50000};
    for (int i = 0; i < YIELDS + SLEEPS && !is_done(event); i++)
        if (i < YIELDS)
            vprec_sys(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
        else
            vprec_sys(SYS_nanosleep, (long)&moment, 0, 0, 0, 0, 0);
    const bool done = is_done(event);
    gave_up = !done;
    atomic_store(&waits, false);
    return done;
}

/* In place of every step's Execute. `class` comes by classes.c. */
static void *run(void *event, void *step, const void *params, uint64_t class)
{
    execute *original;
    memcpy(&original, &originals[class], sizeof original);
    vprec_scope *scope = is_known(step) ? scope_of(step) : NULL;
    if (!scope)
        return original(event, step, params);
    const uint32_t depth = vprec_scope_open_frame(scope, __builtin_frame_address(0));
    void *result = original(event, step, params);
    const uint64_t *pending;
    memcpy(&pending, event, sizeof pending);
    if (wait_for(pending))
        vprec_scope_close(depth);
    else
        vprec_scope_leave(depth);
    return result;
}

/* Whether of the class' own table, which has no objects, the slots that we know to be empty are so, and those alone:
 * they lead to one function elsewhere, which says so. */
static bool is_laid_out(const vprec_classes *c, const char *name)
{
    for (size_t i = 0; i < c->tables.count; i++) {
        const uint64_t *table = (const uint64_t *)VPREC_AT(c->tables, uint64_t, i), empty = table[PURE];
        const char *of = text_at((const void *)table[-1], sizeof(uint64_t));
        if (strcmp(of, name))
            continue;
        for (unsigned slot = 0; slot < SLOTS; slot++)
            if ((table[slot] == empty) != (slot == PURE || slot == EXECUTE))
                return false;
        return empty && !vprec_classes_is_code(c, empty);
    }
    return false;
}

void vprec_xla_begin(vprec_object *object)
{
    static const char name[] = "N3xla3cpu5ThunkE";
    vprec_classes c;
    void *(*to)(void *, void *, const void *, uint64_t) = run;
    void (*plain)(void);
    memcpy(&plain, &to, sizeof plain);
    if (originals) {
        vprec_record_warning("XLA is there twice, in JAX and TensorFlow: only the first one's steps tell their names");
        return;
    }
    bool found = vprec_classes_find(&c, object, name, true);
    if (!found || !is_laid_out(&c, name) || !vprec_classes_lead(&c, EXECUTE, 3, plain, &originals)) {
        originals = NULL;
        vprec_record_warning(UNKNOWN);
    }
    if (found)
        vprec_classes_free(&c);
}
