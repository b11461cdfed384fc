/* SPDX-License-Identifier: Apache-2.0
 * generated.c: see generated.h. Wraps the functions that map memory and change its protection. The program's own view
 * of its memory, by the results of these calls, stays what it would be. */
#include "generated.h"
#include "demand.h"
#include "find/callers.h"
#include "find/select.h"
#include "lock.h"
#include "mapped.h"
#include "opened.h"
#include "retired.h"
#include "runtime/next.h"
#include "runtime/record.h"
#include "runtime/memory.h"
#include "runtime/share.h"
#include "runtime/sys.h"
#include "self.h"
#include "tracer.h"
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(mmap) _(mprotect) _(pkey_mprotect) _(munmap) _(mremap)
VPREC_NEXT_TABLE(EACH)

static bool following;
static enum vprec_isa isa;
static vprec_vec regions = {.size = sizeof(vprec_loaded *)}; /* under the lock */
static _Atomic unsigned region_count; /* to be asked without it */

typedef struct request {
    uint64_t lo, hi;
    const char *owner; /* the path of the object that asks */
    bool writable;
    bool fixed; /* nobody can write there, by no other mapping either */
    bool followed;
    bool is_text; /* some of it */
    int failed;   /* -errno */
} request;

/* An object that has generated code. */
typedef struct generator {
    const char *path;
    vprec_object_record *record; /* of that code; NULL: it is left native, which is said */
} generator;
static vprec_vec generators = {.size = sizeof(generator)}; /* under the lock */

/* NULL: no memory. */
static generator *generator_of(const char *path, bool *is_new)
{
    static vprec_heap paths;
    for (size_t i = 0; i < generators.count; i++)
        if (!strcmp(VPREC_AT(generators, generator, i).path, path))
            return &VPREC_AT(generators, generator, i);
    size_t bytes = strlen(path) + 1;
    char *copy = vprec_heap_take(&paths, bytes);
    generator *g = copy ? vprec_vec_add(&generators, 1) : NULL;
    *is_new = g;
    if (g)
        g->path = memcpy(copy, path, bytes);
    return g;
}

/* The record of the code that an object generates. NULL: no memory. */
static vprec_object_record *record_of(const char *path)
{
    static const char more[] = " (generated code)";
    bool is_new = false;
    generator *g = generator_of(path, &is_new);
    if (!g || g->record)
        return g ? g->record : NULL;
    size_t length = strlen(path), size = sizeof(vprec_object_record) + length + sizeof more;
    vprec_object_record *r = vprec_record_room_or_memory(size);
    if (!r)
        return NULL;
    r->process = vprec_record_offset(vprec_record_process);
    memcpy(r->path, path, length);
    memcpy(r->path + length, more, sizeof more);
    vprec_record_done(r, VPREC_RECORD_OBJECT, size);
    return g->record = r;
}

static void drop_at(size_t i)
{
    vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
    VPREC_AT(regions, vprec_loaded *, i) = VPREC_AT(regions, vprec_loaded *, regions.count - 1);
    regions.count--;
    vprec_callers_drop(l->text.lo);
    vprec_demand_drop(l);
}

/* The memory of a request is something else from now on. */
static void forget(void *data)
{
    const request *r = data;
    for (size_t i = regions.count; i-- > 0;) {
        const vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        if (l->text.lo >= r->lo && l->text.hi <= r->hi) /* what is left of others is still to be followed */
            drop_at(i);
    }
    region_count = (unsigned)regions.count;
}

static void forget_memory(const void *at, size_t bytes)
{
    request r = {.lo = (uint64_t)at, .hi = vprec_page_end((uint64_t)at + bytes)};
    if (region_count)
        vprec_lock_run(forget, &r);
}

/* The program is about to change the memory, or has the kernel write there. */
static void end_open(void *data)
{
    const request *r = data;
    for (size_t i = 0; i < regions.count; i++) {
        vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        if (l->text.lo < r->hi && r->lo < l->text.hi)
            vprec_opened_end(l);
    }
}

static void before_change(const void *at, size_t bytes)
{
    request r = {.lo = vprec_page_start((uint64_t)at), .hi = vprec_page_end((uint64_t)at + bytes)};
    if (region_count)
        vprec_lock_run(end_open, &r);
}

static void leave(void *data)
{
    const char *path = data;
    bool is_new = false;
    if (generator_of(path, &is_new) && is_new)
        vprec_record_native(VPREC_REASON_LEFT_GENERATED, path, NULL);
}

static void leave_to_debugger(void *data)
{
    const char *path = data;
    bool is_new = false;
    if (generator_of(path, &is_new) && is_new)
        vprec_record_native(VPREC_REASON_DEBUGGER, path, NULL);
}

/* Who asks for memory. */
typedef struct asker {
    uint64_t address;
    char path[4096];
} asker;

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    asker *a = data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || a->address - (info->dlpi_addr + ph->p_vaddr) >= ph->p_memsz)
            continue;
        const char *path = *info->dlpi_name ? info->dlpi_name : vprec_self_path(NULL);
        size_t length = strlen(path);
        if (length < sizeof a->path)
            memcpy(a->path, path, length + 1);
        return 1;
    }
    return 0;
}

/* Whether the code that the object at `path` generates is to be translated. What it is that is not is said, once. */
static bool is_wanted(const char *path, uint64_t caller)
{
    if (!*path || vprec_select_is_ours(path))
        return false;
    bool selected = vprec_select_jit(&vprec_wire_shared->config, path, vprec_callers_selects(caller));
    bool stops = selected && vprec_tracer_stops(); /* each call of it would be a signal */
    if (!selected || stops)
        vprec_lock_run(stops ? leave_to_debugger : leave, (void *)path);
    return selected && !stops;
}

/* The path of the object that asks for `protection`, if code in that memory is to be translated; else NULL. */
static const char *owner_of(int protection, const void *caller, asker *a)
{
    if (!following || !(protection & PROT_EXEC))
        return NULL;
    a->address = (uint64_t)caller;
    *a->path = 0;
    dl_iterate_phdr(look, a);
    return is_wanted(a->path, a->address) ? a->path : NULL;
}

/* What lies close together has its clones in one arena, which stays: most programs give memory back and take it again.
 * NULL: no memory. */
static vprec_arena *arena_for(uint64_t lo, uint64_t hi)
{
    enum { AROUND = 128 << 20 };
    static vprec_vec arenas = {.size = sizeof(vprec_arena *)};
    for (size_t i = 0; i < arenas.count; i++) {
        vprec_arena *a = VPREC_AT(arenas, vprec_arena *, i);
        if (a->lo <= lo && hi <= a->hi)
            return a;
    }
    vprec_arena **slot = vprec_vec_add(&arenas, 1);
    vprec_arena *a = slot ? vprec_pages(sizeof *a) : NULL;
    arenas.count -= slot && !a;
    if (a) {
        *a = (vprec_arena){.lo = lo > AROUND ? lo - AROUND : 0, .hi = hi + AROUND};
        *slot = a;
    }
    return a;
}

/* False: no memory. */
static bool add_region(uint64_t lo, uint64_t hi, bool writable, vprec_object_record *record)
{
    vprec_arena *arena = record ? arena_for(lo, hi) : NULL;
    vprec_loaded **slot = arena ? vprec_vec_add(&regions, 1) : NULL;
    if (!slot)
        return false;
    vprec_arena_prepare(arena);
    *slot = vprec_demand_generated(lo, hi, record, arena, isa);
    bool added = *slot;
    const vprec_caller_object all = {.code = lo, .code_end = hi, .lo = lo, .hi = hi, .spans = VPREC_VEC(vprec_caller_span)};
    if (added && !vprec_callers_add(&all)) { /* its calls of elementary functions would not be rounded */
        vprec_demand_drop(*slot);
        added = false;
    }
    if (added)
        (*slot)->writable = writable;
    regions.count -= !added;
    region_count = (unsigned)regions.count;
    return added;
}

static request request_for(const void *at, size_t bytes, int protection, const char *owner)
{
    return (request){.lo = vprec_page_start((uint64_t)at), .hi = vprec_page_end((uint64_t)at + bytes), .owner = owner,
                     .writable = protection & PROT_WRITE};
}

static void write_text(void *data)
{
    const request *r = data;
    vprec_demand_write(r->lo, r->hi);
}

static void follow(void *data)
{
    request *r = data;
    if (r->writable)
        vprec_demand_write(r->lo, r->hi);
    for (size_t i = 0; i < regions.count && !r->followed; i++) { /* once more: compared when it is entered */
        vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        r->followed = l->text.lo <= r->lo && r->hi <= l->text.hi;
        if (r->followed && l->text.failed) { /* it stays native, which has been said */
            r->followed = false;
            return;
        }
        if (r->followed && r->writable && !l->writable) { /* clones so far believe that it does not write to itself */
            l->writable = true;
            vprec_retired_add_all(l);
        }
    }
    if (r->followed)
        return;
    forget(r); /* smaller ones in it */
    r->followed = add_region(r->lo, r->hi, r->writable, record_of(r->owner));
    if (r->followed)
        VPREC_AT(regions, vprec_loaded *, regions.count - 1)->fixed = r->fixed;
    else
        vprec_record_native(VPREC_REASON_NO_MEMORY, r->owner, NULL);
}

typedef struct transfer {
    uint64_t lo, hi, new_lo, new_hi;
} transfer;

/* Memory was moved, with the protection that it had: without X. */
static void move_region(void *data)
{
    const transfer *t = data;
    vprec_object_record *record = NULL;
    bool writable = false;
    for (size_t i = 0; i < regions.count && !record; i++) {
        const vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        if (l->text.lo < t->hi && t->lo < l->text.hi)
            record = l->record, writable = l->writable;
    }
    request old = {.lo = t->lo, .hi = t->hi}, new = {.lo = t->new_lo, .hi = t->new_hi};
    forget(&old);
    forget(&new); /* what was there before */
    add_region(t->new_lo, t->new_hi, writable, record);
}

/* What the kernel is asked for where `owner` asks for `protection`. */
static int without_execute(void *at, size_t bytes, int protection, const char *owner, bool fixed)
{
    request r = {.lo = vprec_page_start((uint64_t)at), .hi = vprec_page_end((uint64_t)at + bytes), .owner = owner,
                 .writable = protection & PROT_WRITE, .fixed = fixed && !(protection & PROT_WRITE)};
    if (!bytes || r.hi <= r.lo)
        return protection;
    vprec_lock_run(follow, &r);
    return r.followed ? (protection & ~PROT_EXEC) | PROT_READ : protection;
}

static int protect(void *at, size_t bytes, int protection, const char *owner)
{
    before_change(at, bytes);
    if (owner)
        return without_execute(at, bytes, protection, owner, false);
    request r = request_for(at, bytes, protection, NULL);
    if (following && r.writable)
        vprec_lock_run(write_text, &r);
    return protection;
}

/* Text that may be executed as ever: objects see to theirs, and the rest is followed if `owner` is given. */
static void execute_text(void *data)
{
    request *r = data;
    if (!vprec_demand_execute(r->lo, r->hi))
        return;
    r->is_text = true;
    for (uint64_t at = r->lo; at < r->hi && !r->failed;) {
        request rest = {.lo = vprec_demand_next(at, r->hi, false), .owner = r->owner};
        rest.hi = at = vprec_demand_next(rest.lo, r->hi, true);
        if (rest.lo == rest.hi)
            continue;
        if (rest.owner)
            follow(&rest);
        int protection = rest.followed ? PROT_READ : PROT_READ | PROT_EXEC;
        r->failed = vprec_sys_mprotect((void *)rest.lo, rest.hi - rest.lo, protection);
    }
}

/* True: it is done, with that result (-errno). */
static bool protect_text(void *at, size_t bytes, int protection, const char *owner, long *result)
{
    bool aligned = (uint64_t)at == vprec_page_start((uint64_t)at);
    if (!following || !(protection & PROT_EXEC) || protection & PROT_WRITE || !aligned)
        return false;
    request r = request_for(at, bytes, protection, owner);
    vprec_lock_run(execute_text, &r);
    *result = r.failed;
    return r.is_text;
}

bool vprec_generated_give_up(uint64_t lo, uint64_t hi)
{
    int maps = vprec_mapped_open();
    vprec_mapped m;
    bool given = maps >= 0;
    for (uint64_t at = lo; at < hi && given && vprec_mapped_at(maps, at, &m); at = m.end) {
        const uint64_t start = m.start > lo ? m.start : lo, end = m.end < hi ? m.end : hi;
        const int writes = m.has & VPREC_MAPPED_WRITE ? PROT_WRITE : 0;
        if (m.has & VPREC_MAPPED_READ)
            given = !vprec_sys_mprotect((void *)start, end - start, PROT_READ | writes | PROT_EXEC) ||
                    !vprec_sys_mprotect((void *)start, end - start, PROT_READ | PROT_EXEC);
    }
    if (maps >= 0)
        vprec_sys_close(maps);
    return given;
}

void vprec_generated_begin(enum vprec_isa processor)
{
    isa = processor;
    following = true;
}

typedef void *mapper(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
typedef void *remapper(void *at, size_t from, size_t to, int flags, ...);

static void *map_memory(mapper *map, void *at, size_t bytes, int protection, int flags, int fd, off_t offset,
                        const char *owner)
{
    if (flags & MAP_FIXED)
        before_change(at, bytes);
    if (!owner) {
        void *mapped = map(at, bytes, protection, flags, fd, offset);
        if (!vprec_sys_failed((long)mapped) && flags & MAP_FIXED)
            forget_memory(mapped, bytes);
        return mapped;
    }
    void *mapped = map(at, bytes, (protection & ~PROT_EXEC) | PROT_READ, flags, fd, offset);
    if (!vprec_sys_failed((long)mapped) &&
        without_execute(mapped, bytes, protection, owner, (flags & MAP_TYPE) == MAP_PRIVATE) == protection)
        vprec_sys_mprotect(mapped, bytes, protection);
    return mapped;
}

static void before_unmap(void *at, size_t bytes)
{
    before_change(at, bytes);
    forget_memory(at, bytes);
}

static void *move_memory(remapper *move, void *at, size_t from, size_t to, int flags, void *where)
{
    before_change(at, from);
    if (flags & MREMAP_FIXED)
        before_change(where, to);
    void *moved = move(at, from, to, flags, where);
    if (!vprec_sys_failed((long)moved) && region_count) {
        transfer t = {(uint64_t)at, vprec_page_end((uint64_t)at + from), (uint64_t)moved,
                      vprec_page_end((uint64_t)moved + to)};
        vprec_lock_run(move_region, &t);
    }
    return moved;
}

PUBLIC void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    asker a;
    return map_memory(NEXT(mmap), at, bytes, protection, flags, fd, offset,
                      owner_of(protection, __builtin_return_address(0), &a));
}

/* The header gives the name mmap to mmap64: here is the other one. */
void *mmap_plain(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) __asm__("mmap");
PUBLIC void *mmap_plain(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    asker a;
    return map_memory(NEXT(mmap), at, bytes, protection, flags, fd, offset,
                      owner_of(protection, __builtin_return_address(0), &a));
}

static int errno_of(long result)
{
    if (result)
        errno = (int)-result;
    return result ? -1 : 0;
}

PUBLIC int mprotect(void *at, size_t bytes, int protection)
{
    asker a;
    const char *owner = owner_of(protection, __builtin_return_address(0), &a);
    long result;
    if (protect_text(at, bytes, protection, owner, &result))
        return errno_of(result);
    return NEXT(mprotect)(at, bytes, protect(at, bytes, protection, owner));
}

PUBLIC int pkey_mprotect(void *at, size_t bytes, int protection, int key)
{
    asker a;
    const char *owner = owner_of(protection, __builtin_return_address(0), &a);
    long result;
    if (key == -1 && protect_text(at, bytes, protection, owner, &result))
        return errno_of(result);
    return NEXT(pkey_mprotect)(at, bytes, protect(at, bytes, protection, owner), key);
}

PUBLIC int munmap(void *at, size_t bytes)
{
    before_unmap(at, bytes);
    return NEXT(munmap)(at, bytes);
}

PUBLIC void *mremap(void *at, size_t from, size_t to, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    void *where = flags & MREMAP_FIXED ? va_arg(list, void *) : NULL;
    va_end(list);
    return move_memory(NEXT(mremap), at, from, to, flags, where);
}

/* By `syscall` instructions, whose results are -errno. */
static void *raw_map(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return (void *)vprec_sys(SYS_mmap, (long)at, (long)bytes, protection, flags, fd, offset);
}

static void *raw_move(void *at, size_t from, size_t to, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    void *where = va_arg(list, void *);
    va_end(list);
    return (void *)vprec_sys(SYS_mremap, (long)at, (long)from, (long)to, flags, (long)where, 0);
}

typedef struct instruction {
    uint64_t at;
    const char *owner;
} instruction;

static void find_owner(void *data)
{
    instruction *i = data;
    const vprec_loaded *l = vprec_demand_code_at(i->at);
    i->owner = l && !l->generated ? l->object.path : NULL;
    for (size_t k = 0; k < generators.count && l && l->generated; k++)
        if (VPREC_AT(generators, generator, k).record == l->record)
            i->owner = VPREC_AT(generators, generator, k).path;
}

bool vprec_generated_call(long number, const uint64_t arguments[6], uint64_t from, long *result)
{
    void *at = (void *)arguments[0];
    const size_t bytes = arguments[1];
    const int protection = (int)arguments[2], flags = (int)arguments[3];
    const bool asks = number == SYS_mmap || number == SYS_mprotect || number == SYS_pkey_mprotect;
    instruction i = {.at = from};
    if (asks && following && protection & PROT_EXEC)
        vprec_lock_run(find_owner, &i);
    const char *owner = i.owner && is_wanted(i.owner, from) ? i.owner : NULL;
    switch (number) {
    case SYS_mmap:
        if (!owner && !(flags & MAP_FIXED && region_count))
            return false;
        *result = (long)map_memory(raw_map, at, bytes, protection, flags, (int)arguments[4], (off_t)arguments[5],
                                   owner);
        return true;
    case SYS_mprotect:
    case SYS_pkey_mprotect:
        if (!(number == SYS_pkey_mprotect && flags != -1) && protect_text(at, bytes, protection, owner, result))
            return true;
        if (!owner && !region_count && !(protection & PROT_WRITE))
            return false;
        *result = vprec_sys(number, (long)at, (long)bytes, protect(at, bytes, protection, owner), flags, 0, 0);
        return true;
    case SYS_mremap:
        if (!region_count)
            return false;
        *result = (long)move_memory(raw_move, at, bytes, arguments[2], flags, (void *)arguments[4]);
        return true;
    default: /* perhaps the stack that the program stands on */
        before_unmap(at, bytes);
        return false;
    }
}

void vprec_generated_fill(uint64_t at, size_t bytes)
{
    if (atomic_load_explicit(&vprec_opened_count, memory_order_relaxed))
        before_change((const void *)at, bytes);
}

void vprec_generated_fill_all(const struct iovec *parts, size_t count)
{
    enum { MOST = 1024 };
    for (size_t i = 0; i < count && i < MOST && atomic_load_explicit(&vprec_opened_count, memory_order_relaxed); i++)
        before_change(parts[i].iov_base, parts[i].iov_len);
}
