/* SPDX-License-Identifier: Apache-2.0
 * scopes.c: see scopes.h. */
#include "scopes.h"
#include "returns.h"
#include "runtime/bias.h"
#include "runtime/memory.h"
#include "runtime/meter.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/spin.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "x86/emulate/enter.h"
#include <pthread.h>
#include <string.h>

enum { NONE = 255 }; /* no line gives a version */

enum { LINE = VPREC_HEAP_LINE };

struct vprec_scope {
    struct vprec_scope *_Atomic next; /* in its bucket */
    uint64_t hash;
    vprec_counts *_Atomic counts[VPREC_TYPES]; /* NULL: not looked for yet */
    const char *of_kind; /* "ort:<Conv>"; NULL: it has no kind */
    struct also *also;
    uint32_t line; /* see vprec_scope_record */

    /* What is looked at whenever it is opened, in one line with the beginning of its name. */
    _Alignas(LINE) const char *source; /* "ort" */
    vprec_scope_record *record;        /* NULL: there was no room */
    uint32_t number;                   /* from 0 on */
    uint32_t own, kind; /* lengths: of what follows the colon of its name, and of "Conv", which follows that */
    uint8_t version;    /* NONE: that of the scope around it */
    bool within;        /* a --within matches */
    bool forks;         /* config.fork_at does */
    atomic_bool met;    /* it was opened before */
    uint16_t before;    /* what precedes its own name, with the colon */
    char name[];
};

/* What else patterns find a scope by. */
typedef struct also {
    struct also *next;
    char name[];
} also;

typedef struct opened {
    vprec_scope *scope;
    uint8_t version; /* of who works in it */
    const void *frame; /* of the function that it ends with; NULL: with none */
    const void *in;    /* with which frame it is left by a jump; NULL: with none */
    bool function;     /* see vprec_scope_open_function */
    uint8_t given;   /* by it or those around it, whether or not one is within */
    bool within;
} opened;

/* What a thread has open. Its memory is used again for another thread once it has ended. */
typedef struct thread {
    struct thread *next;
    opened *open;
    uint32_t depth, room;
    int32_t id;      /* 0: it has ended */
    vprec_scope *shown; /* for others, who hold the lock: the innermost one and its version; NULL: none is open */
    uint8_t version;
    uint8_t chosen; /* the version that it has told the processor of; NONE: none, or it follows */
    bool follows;
    vprec_meter **meters; /* by the scopes' numbers, NULL: not made yet */
    uint32_t meter_room;
    uint64_t lineage; /* of the meters */
    _Atomic uint64_t base; /* of one of them: what GS was last set to for it */
} thread;

enum { BUCKETS = 1 << 8 };
static vprec_scope *_Atomic buckets[BUCKETS];
static vprec_spin locked;
static thread *_Atomic threads; /* all that ever opened one */
static vprec_heap heap, named; /* named: the scopes */
static uint32_t scopes;
static pthread_key_t at_end;
static bool ends;

static _Thread_local thread *here __attribute__((tls_model("initial-exec")));
static _Thread_local bool busy __attribute__((tls_model("initial-exec"))); /* a signal's handler finds it at work */
static _Thread_local bool follows __attribute__((tls_model("initial-exec")));

static void lock(void)
{
    vprec_spin_lock(&locked);
}

static void unlock(void)
{
    vprec_spin_unlock(&locked);
}

bool vprec_scope_asked(const char *source, enum vprec_layers layers)
{
    const vprec_wire_recipe *recipe = vprec_version_recipe;
    bool asked = vprec_wire_shared->config.layers == layers;
    for (uint32_t i = 0; recipe && i < recipe->lines; i++)
        asked |= !strncmp(recipe->line[i].glob, source, strlen(source));
    return asked;
}

static bool counts_layers(void)
{
    return vprec_wire_shared && vprec_wire_shared->config.layers;
}

bool vprec_scope_wanted(void)
{
    return vprec_versions > 1 || counts_layers();
}

static bool matches(const char *glob, const vprec_scope *scope)
{
    bool matched = vprec_wire_names(glob, scope->name) || (scope->of_kind && vprec_wire_names(glob, scope->of_kind));
    for (const also *a = scope->also; a && !matched; a = a->next)
        matched = vprec_wire_names(glob, a->name);
    return matched;
}

void (*vprec_scope_forks)(void);

static void ask_recipe(vprec_scope *scope)
{
    const vprec_wire_recipe *recipe = vprec_scope_forks ? NULL : vprec_version_recipe;
    scope->version = NONE;
    scope->within = false;
    scope->line = 0;
    scope->forks = vprec_scope_forks && matches(vprec_wire_shared->config.fork_at, scope);
    for (uint32_t i = 0; recipe && i < recipe->lines; i++) {
        const vprec_wire_scope *s = &recipe->line[i];
        if (!matches(s->glob, scope) || s->line > VPREC_LINE_WITHIN)
            continue;
        scope->within |= s->line == VPREC_LINE_WITHIN;
        if (s->line == VPREC_LINE_SCOPE)
            scope->version = (uint8_t)s->version;
        if (s->line == VPREC_LINE_SCOPE || scope->version == NONE)
            scope->line = i + 1;
    }
}

/* It is used: lines that match it are right. */
static void hit(const vprec_scope *scope)
{
    vprec_wire_recipe *recipe = vprec_version_recipe;
    for (uint32_t i = 0; recipe && i < recipe->lines; i++)
        if (matches(recipe->line[i].glob, scope))
            atomic_fetch_add_explicit(&recipe->line[i].hits, 1, memory_order_relaxed);
}

/* Its first time. */
static void record(vprec_scope *scope)
{
    lock();
    if (!scope->met) {
        hit(scope);
        vprec_scope_record *r = vprec_record_text(VPREC_RECORD_SCOPE, sizeof *r, scope->name);
        if (r) {
            r->process = vprec_record_offset(vprec_record_process);
            r->line = scope->line;
        }
        scope->record = r;
        atomic_store_explicit(&scope->met, true, memory_order_release);
    }
    unlock();
}

/* Whether both begin with the same `bytes`, 8, 4, 2 or 1, and end so. */
static inline bool same_ends(const char *a, const char *b, size_t length, size_t bytes)
{
    return !__builtin_memcmp(a, b, bytes) && !__builtin_memcmp(a + length - bytes, b + length - bytes, bytes);
}

/* By words, which may overlap: names are asked for at each call of a layer. */
static inline bool same(vprec_scope_text a, vprec_scope_text b)
{
    enum { WORD = sizeof(uint64_t) };
    bool is_same = a.length == b.length;
    for (; is_same && a.length > 2 * WORD; a.text += WORD, b.text += WORD, a.length -= WORD)
        is_same = !__builtin_memcmp(a.text, b.text, WORD);
    if (!is_same || !a.length)
        return is_same;
    if (a.length >= WORD)
        return same_ends(a.text, b.text, a.length, WORD);
    if (a.length >= WORD / 2)
        return same_ends(a.text, b.text, a.length, WORD / 2);
    return a.length > 1 ? same_ends(a.text, b.text, a.length, 2) : *a.text == *b.text;
}

static inline bool is(const vprec_scope *s, const char *source, vprec_scope_text name, vprec_scope_text kind)
{
    const char *own = s->name + s->before;
    return (s->source == source || !strcmp(s->source, source)) && same((vprec_scope_text){own, s->own}, name) &&
           same((vprec_scope_text){own + s->own + 1, s->kind}, kind);
}

static vprec_scope *find(vprec_scope *_Atomic *bucket, uint64_t hash, const char *source, vprec_scope_text name,
                         vprec_scope_text kind)
{
    vprec_scope *s = atomic_load_explicit(bucket, memory_order_acquire);
    while (s && !(s->hash == hash && is(s, source, name, kind)))
        s = atomic_load_explicit(&s->next, memory_order_acquire);
    return s;
}

/* Behind `to`, of which the end is returned. */
static char *append(char *to, const char *text)
{
    while ((*to = *text++))
        to++;
    return to;
}

vprec_scope *vprec_scope_named(const char *source, const char *name, const char *kind)
{
    const uint64_t hash = vprec_name_hash(vprec_name_hash(VPREC_NAME_HASH, source), name);
    vprec_scope *_Atomic *bucket = &buckets[hash % BUCKETS];
    const vprec_scope_text own = {name, strlen(name)}, of = {kind, strlen(kind)};
    vprec_scope *s = find(bucket, hash, source, own, of);
    if (s || busy)
        return s;
    const size_t before = strlen(source) + 1, all = before + own.length + 1;
    busy = true;
    lock();
    s = find(bucket, hash, source, own, of);
    const size_t names = all + 2 * (of.length + 1) + before + sizeof "<>";
    vprec_scope *made = s ? NULL : vprec_heap_take(&named, (sizeof *s + names + LINE - 1) / LINE * LINE);
    if (made) {
        append(append(append(made->name, source), ":"), name);
        append(made->name + all, kind);
        made->source = source;
        made->before = (uint16_t)before;
        made->own = (uint32_t)own.length;
        made->kind = (uint32_t)of.length;
        if (of.length) {
            char *of_kind = made->name + all + of.length + 1;
            append(append(append(append(of_kind, source), ":<"), kind), ">");
            made->of_kind = of_kind;
        }
        made->hash = hash;
        made->number = scopes++;
        ask_recipe(made);
        made->next = atomic_load_explicit(bucket, memory_order_relaxed);
        atomic_store_explicit(bucket, made, memory_order_release);
        s = made;
    }
    unlock();
    busy = false;
    return s;
}

bool vprec_scope_also(vprec_scope *scope, const char *source, const char *name)
{
    also *a = scope->also;
    while (a && !(!strncmp(a->name, source, strlen(source)) && !strcmp(a->name + strlen(source) + 1, name)))
        a = a->next;
    if (a || !strcmp(scope->name + strlen(source) + 1, name))
        return true;
    lock();
    a = vprec_heap_take(&heap, sizeof *a + strlen(source) + strlen(name) + sizeof ":");
    if (a) {
        append(append(append(a->name, source), ":"), name);
        a->next = scope->also;
        scope->also = a;
        ask_recipe(scope);
    }
    unlock();
    return a;
}

vprec_scope *vprec_scope_of(const void *thing, const char *source, vprec_scope_text name, vprec_scope_text kind)
{
    enum { CACHED_BITS = 12, NEAR = 5 }; /* things that lie side by side, as those of one model, have places that do */
    static vprec_scope *_Atomic cache[1 << CACHED_BITS];
    const uint64_t at = (uint64_t)thing >> NEAR;
    vprec_scope *_Atomic *place = &cache[(at ^ at >> CACHED_BITS) % (1 << CACHED_BITS)];
    vprec_scope *s = atomic_load_explicit(place, memory_order_acquire);
    if (!s || !is(s, source, name, kind)) {
        s = vprec_scope_named(source, name.text, kind.text);
        atomic_store_explicit(place, s, memory_order_release);
    }
    return s;
}

const char *vprec_scope_name(const vprec_scope *scope)
{
    return scope->name;
}

static const opened *innermost(const thread *t)
{
    return t->depth ? &t->open[t->depth - 1] : NULL;
}

static bool lives(const thread *t)
{
    return !vprec_sys(SYS_tgkill, vprec_sys_getpid(), t->id, 0, 0, 0, 0);
}

static vprec_scope *outside, *several; /* what is counted where none, or nobody knows which one, is open */
static _Atomic uint64_t led; /* where those that follow count, as a number: see vprec_meter */

/* What others follow. While one thread alone opens scopes it needs no lock for that. */
static vprec_bias alone;

static void show(thread *self)
{
    const opened *o = innermost(self);
    self->shown = o ? o->scope : NULL;
    self->version = o ? o->version : 0;
}

static void lead_to(unsigned version, const vprec_scope *scope)
{
    if (vprec_version_tables)
        vprec_version_lead(version);
    atomic_store_explicit(&led, (uint64_t)scope, memory_order_release);
}

/* The same for what all threads have open. `self`: the calling one; NULL: it has none. */
static void lead_all(thread *self)
{
    const thread *only = NULL;
    bool clear = true, one = true;
    lock();
    vprec_bias_settle(&alone, self);
    if (self)
        show(self);
    for (const thread *t = threads; t; t = t->next) {
        if (!t->shown || (t != self && !lives(t)))
            continue;
        one &= !only || only->shown == t->shown;
        if (only && only->version != t->version) {
            clear = false;
            if (t->shown->record && !t->shown->record->rival)
                t->shown->record->rival = vprec_record_offset(only->shown->record);
        }
        only = t;
    }
    lead_to(!clear ? VPREC_VERSION_AMBIGUOUS : only ? only->version : 0,
            !one ? several : only ? only->shown : outside);
    unlock();
}

/* Leads those that follow to the version of what is open, now that the calling thread's has changed. */
static void lead(thread *self)
{
    if (!vprec_bias_enter(&alone, self)) {
        lead_all(self);
        return;
    }
    show(self);
    lead_to(self->version, self->shown ? self->shown : outside);
    vprec_bias_leave(&alone);
}

/* The calling thread has entered one with that record once more. */
static void count_call(const thread *self, vprec_scope_record *r)
{
    if (!vprec_bias_enter(&alone, self)) {
        atomic_fetch_add_explicit(&r->calls, 1, memory_order_relaxed);
        return;
    }
    const uint64_t calls = atomic_load_explicit(&r->calls, memory_order_relaxed);
    atomic_store_explicit(&r->calls, calls + 1, memory_order_relaxed);
    vprec_bias_leave(&alone);
}

bool vprec_scope_metered;

/* What the calling thread counts for; NULL: there was no memory for what is outside of all. */
static vprec_scope *work_here(void)
{
    const opened *o = here ? innermost(here) : NULL;
    return o ? o->scope : follows ? (vprec_scope *)atomic_load_explicit(&led, memory_order_acquire) : outside;
}

static bool grow_meters(thread *t, uint32_t number)
{
    enum { FIRST = 512 };
    uint32_t room = t->meter_room ? t->meter_room : FIRST;
    while (room <= number)
        room *= 2;
    vprec_meter **more = vprec_pages(room * sizeof(vprec_meter *)), **before = t->meters;
    if (!more)
        return false;
    const size_t bytes = t->meter_room * sizeof(vprec_meter *);
    if (before)
        memcpy(more, before, bytes);
    t->meters = more;
    t->meter_room = room;
    if (before)
        vprec_pages_free(before, bytes);
    return true;
}

/* The meter of the thread, the calling one, for the scope that it is to count for; NULL: there is none. */
static vprec_meter *meter_of(thread *t)
{
    vprec_scope *s = work_here();
    const uint64_t lineage = vprec_meter_lineage();
    if (t->lineage != lineage && t->meters)
        memset(t->meters, 0, t->meter_room * sizeof(vprec_meter *));
    t->lineage = lineage;
    if (!s || !s->record || ((!t->meters || s->number >= t->meter_room) && !grow_meters(t, s->number)))
        return NULL;
    vprec_meter *m = t->meters[s->number];
    if (!m) {
        t->meters[s->number] = m = vprec_meter_make();
        if (m && m->lineage) {
            m->scope = vprec_record_offset(s->record);
            m->work = (uint64_t)s;
        }
    }
    if (m && m->lineage)
        m->led = t->follows && !t->depth ? (const volatile uint64_t *)&led : &m->work;
    return m;
}

uint64_t vprec_scope_meter(void)
{
    thread *t = busy ? NULL : here;
    vprec_meter *m = t ? meter_of(t) : NULL;
    if (m)
        atomic_store_explicit(&t->base, (uint64_t)m + VPREC_METER_ABOVE, memory_order_relaxed);
    return (uint64_t)m;
}

bool vprec_scope_has_base(uint64_t base)
{
    bool found = false;
    for (const thread *t = atomic_load_explicit(&threads, memory_order_acquire); t && !found; t = t->next)
        found = atomic_load_explicit(&t->base, memory_order_relaxed) == base;
    return found;
}

/* Has the thread, which is the calling one, count for what it works in; but where the program uses GS itself. */
static void count_in(thread *t)
{
    const uint64_t before = vprec_gs();
    if (before && before != t->base)
        return;
    vprec_meter *m = meter_of(t);
    const uint64_t base = m ? (uint64_t)m + VPREC_METER_ABOVE : 0; /* 0: as soon as it counts it asks */
    atomic_store_explicit(&t->base, base, memory_order_relaxed);
    vprec_gs_set(base);
}

static void work_in(thread *t)
{
    const opened *o = innermost(t);
    if (vprec_scope_metered)
        count_in(t);
    if (!vprec_version_tables)
        return;
    const uint8_t version = o ? o->version : t->follows ? NONE : 0;
    if (version == NONE)
        vprec_version_follow();
    else if (version != t->chosen)
        vprec_version_choose(version);
    t->chosen = version;
}

static void end(void *data)
{
    thread *t = data;
    t->depth = 0;
    if (t->base && vprec_gs() == t->base)
        vprec_gs_set(0);
    t->base = 0;
    here = NULL; /* what comes yet is not its any more: another thread may have it */
    if (t->shown)
        lead(t);
    t->id = 0;
}

/* The calling thread's. NULL: no memory. */
static thread *make(void)
{
    lock();
    thread *t = threads;
    while (t && t->id)
        t = t->next;
    if (!t && (t = vprec_heap_take(&heap, sizeof *t))) {
        t->next = threads;
        threads = t;
    }
    if (t) {
        t->id = vprec_sys_gettid();
        t->follows = follows;
        t->chosen = NONE;
        const uint64_t base = vprec_scope_metered ? vprec_gs() : 0; /* it may have counted, outside of all */
        t->base = base && vprec_meter_is(base - VPREC_METER_ABOVE) ? base : 0;
    }
    unlock();
    here = t;
    if (t && ends)
        pthread_setspecific(at_end, t);
    return t;
}

static bool grow(thread *t)
{
    enum { FIRST = 64 };
    uint32_t room = t->room ? 2 * t->room : FIRST;
    opened *more = vprec_pages(room * sizeof *more);
    if (!more)
        return false;
    opened *before = t->open;
    const size_t bytes = t->room * sizeof *before;
    if (bytes)
        memcpy(more, before, t->depth * sizeof *more);
    t->open = more; /* a signal's handler may look */
    t->room = room;
    if (bytes)
        vprec_pages_free(before, bytes);
    return true;
}

const char *vprec_scope_ask_again(void)
{
    const char *late = NULL;
    vprec_scope_forks = NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        for (vprec_scope *s = atomic_load_explicit(&buckets[i], memory_order_acquire); s;
             s = atomic_load_explicit(&s->next, memory_order_acquire)) {
            ask_recipe(s);
            if (!atomic_load_explicit(&s->met, memory_order_acquire))
                continue;
            hit(s);
            if (s->record)
                s->record->line = s->line;
            if (s->within || s->version != NONE)
                late = s->name;
        }
    if (here)
        here->id = vprec_sys_gettid();
    return late;
}

/* Whether it was left by an exception, now that a function with that frame is entered. A function's frame may lie on
 * another stack. */
static bool is_left(const opened *o, const void *frame)
{
    uint64_t back;
    if (!o->frame || o->frame > frame)
        return false;
    return !o->function || !vprec_try_copy(&back, o->frame, sizeof back) || back != (uint64_t)vprec_returned;
}

static uint32_t open_in(vprec_scope *scope, const void *frame, const void *in, bool function)
{
    if (busy)
        return UINT32_MAX;
    if (scope && scope->forks && !function && vprec_scope_forks) /* in each process that is made there it goes on here */
        vprec_scope_forks();
    busy = true;
    thread *t = here ? here : make();
    const uint8_t before = t && t->depth ? innermost(t)->version : NONE;
    while (t && frame && t->depth && is_left(innermost(t), frame))
        t->depth--;
    uint32_t depth = t ? t->depth : UINT32_MAX;
    if (t && scope && (t->depth < t->room || grow(t))) {
        const opened *around = innermost(t);
        opened o = {.scope = scope, .frame = frame, .in = in, .function = function, .given = around ? around->given : (uint8_t)vprec_version_main,
                    .within = scope->within || (around && around->within)};
        if (!atomic_load_explicit(&scope->met, memory_order_acquire))
            record(scope);
        if (scope->version != NONE)
            o.given = scope->version;
        o.version = vprec_version_recipe && vprec_version_recipe->within && !o.within ? 0 : o.given;
        t->open[t->depth++] = o;
        if (o.version != before || counts_layers()) {
            lead(t);
            work_in(t);
        }
        if (scope->record)
            count_call(t, scope->record);
    }
    busy = false;
    return depth;
}

uint32_t vprec_scope_open(vprec_scope *scope)
{
    return open_in(scope, NULL, NULL, false);
}

uint32_t vprec_scope_open_frame(vprec_scope *scope, const void *frame)
{
    return open_in(scope, frame, frame, false);
}

uint32_t vprec_scope_open_function(vprec_scope *scope, const void *frame)
{
    return open_in(scope, frame, frame, true);
}

bool vprec_scope_has_function(const vprec_scope *scope, const void *frame)
{
    bool found = false;
    for (uint32_t d = here ? here->depth : 0; d && !found; d--)
        found = here->open[d - 1].function && here->open[d - 1].frame == frame && here->open[d - 1].scope == scope;
    return found;
}

const void *vprec_scope_innermost_function(void)
{
    uint32_t depth = here ? here->depth : 0;
    while (depth && !here->open[depth - 1].function)
        depth--;
    return depth ? here->open[depth - 1].frame : NULL;
}

void vprec_scope_close_function(const void *frame)
{
    uint32_t depth = here ? here->depth : 0;
    while (depth && !(here->open[depth - 1].function && here->open[depth - 1].frame == frame))
        depth--;
    while (depth && here->open[depth - 1].function && here->open[depth - 1].frame == frame)
        depth--;
    if (here && depth < here->depth && here->open[depth].frame == frame)
        vprec_scope_close(depth);
}

uint32_t vprec_scope_open_within(vprec_scope *scope, const void *frame)
{
    return open_in(scope, NULL, frame, false);
}

void vprec_scope_close(uint32_t depth)
{
    thread *t = here;
    if (busy || !t || t->depth <= depth)
        return;
    busy = true;
    const uint8_t before = innermost(t)->version;
    t->depth = depth;
    const opened *o = innermost(t);
    if (!o || o->version != before || counts_layers()) {
        lead(t);
        work_in(t);
    }
    busy = false;
}

void vprec_scope_jump(uint64_t from, uint64_t to)
{
    const thread *t = here;
    uint32_t depth = t ? t->depth : 0;
    while (depth && (uint64_t)t->open[depth - 1].in >= from && (uint64_t)t->open[depth - 1].in < to)
        depth--;
    if (t)
        vprec_scope_close(depth);
}

vprec_scope_list vprec_scope_take(void)
{
    thread *t = here ? here : make();
    const vprec_scope_list list = t ? (vprec_scope_list){t->open, t->depth, t->room} : (vprec_scope_list){NULL, 0, 0};
    if (t) {
        t->depth = t->room = 0;
        t->open = NULL;
    }
    return list;
}

void vprec_scope_give(const vprec_scope_list *list)
{
    thread *t = here ? here : make();
    if (!t || busy)
        return;
    busy = true;
    if (t->open)
        vprec_pages_free(t->open, t->room * sizeof *t->open);
    t->open = list->open;
    t->room = list->room;
    t->depth = list->depth;
    lead(t);
    work_in(t);
    busy = false;
}

void vprec_scope_drop(const vprec_scope_list *list)
{
    if (list->open)
        vprec_pages_free(list->open, list->room * sizeof(opened));
}

bool vprec_scope_is_busy(void)
{
    return busy;
}

void vprec_scope_leave(uint32_t depth)
{
    static atomic_bool said;
    const thread *t = here;
    if (busy || !t || t->depth <= depth)
        return;
    const uint8_t before = t->open[depth].version;
    vprec_scope_close(depth);
    const opened *o = innermost(t);
    if (vprec_version_tables && (o ? o->version : 0) != before)
        atomic_store_explicit(vprec_version_ambiguous, 1, memory_order_relaxed);
    if (counts_layers() && !atomic_exchange_explicit(&said, true, memory_order_relaxed))
        vprec_record_warning("threads worked for a step of XLA's behind its end: that is counted for what came then");
}

uint32_t vprec_scope_depth(void)
{
    return here ? here->depth : 0;
}

void vprec_scope_thread(bool is_follower)
{
    follows = is_follower;
    if (vprec_scope_metered)
        make();
    if (!vprec_version_tables)
        return;
    if (is_follower)
        vprec_version_follow();
    else
        vprec_version_choose(0);
}

/* A child of fork has one thread: the others' scopes are closed there. */
static void after_fork(void)
{
    for (thread *t = threads; t; t = t->next) {
        if (t != here) {
            t->depth = 0;
            t->id = 0;
            t->shown = NULL;
        } else {
            t->id = vprec_sys_gettid();
        }
    }
    unlock();
    alone = (vprec_bias){0};
    lead_all(here);
}

vprec_counts *vprec_scope_counts(uint32_t function, vprec_type type)
{
    static char nowhere; /* stands for: no room */
    vprec_scope *s = work_here();
    (void)function;
    if (!s || !s->record)
        return NULL;
    vprec_counts *counts = atomic_load_explicit(&s->counts[type], memory_order_acquire);
    if (__builtin_expect(!counts, 0)) {
        counts = vprec_record_counts_at(&s->record->counts[type]);
        counts = counts ? counts : (vprec_counts *)(void *)&nowhere;
        atomic_store_explicit(&s->counts[type], counts, memory_order_release);
    }
    return counts == (vprec_counts *)(void *)&nowhere ? NULL : counts;
}

void vprec_scope_begin_all(void)
{
    if (!vprec_scope_wanted())
        return;
    ends = !pthread_key_create(&at_end, end);
    pthread_atfork(lock, unlock, after_fork);
    if (counts_layers()) {
        outside = vprec_scope_named(VPREC_SCOPE_OUTSIDE, "", "");
        several = vprec_scope_named(VPREC_SCOPE_SEVERAL, "", "");
        if (outside)
            record(outside);
        if (several)
            record(several);
        led = (uint64_t)outside;
    }
}

void vprec_scope_meter_all(void)
{
    vprec_scope_metered = true;
    make();
}
