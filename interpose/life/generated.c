/* SPDX-License-Identifier: Apache-2.0
 * generated.c: see generated.h. Wraps the functions that map memory and change its protection. The program's own view
 * of its memory, by the results of these calls, stays what it would be. */
#include "generated.h"
#include "demand.h"
#include "find/callers.h"
#include "find/select.h"
#include "lock.h"
#include "runtime/next.h"
#include "runtime/record.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(mmap) _(mprotect) _(pkey_mprotect) _(munmap) _(mremap)
VPREC_NEXT_TABLE(EACH)

static bool following;
static enum vprec_isa isa;
static vprec_vec regions = {.size = sizeof(vprec_loaded *)}; /* by address; under the lock */
static _Atomic unsigned region_count;

typedef struct request {
    uint64_t lo, hi, caller;
    int protection; /* as the program asked for it */
    bool followed;
} request;

/* The recorded name of the code that the object of that address makes. */
static vprec_object_record *record_of(uint64_t caller)
{
    static const char more[] = " (generated code)";
    const char *path = vprec_demand_path(caller);
    if (!path || !vprec_record_process)
        return NULL;
    size_t length = strlen(path), size = sizeof(vprec_object_record) + length + sizeof more;
    static const char *last;
    static vprec_object_record *kept;
    if (last == path)
        return kept;
    vprec_object_record *r = vprec_record_room_or_memory(size);
    if (!r)
        return NULL;
    r->process = vprec_record_offset(vprec_record_process);
    memcpy(r->path, path, length);
    memcpy(r->path + length, more, sizeof more);
    vprec_record_done(r, VPREC_RECORD_OBJECT, size);
    last = path;
    return kept = r;
}

static void drop_at(size_t i)
{
    vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
    VPREC_AT(regions, vprec_loaded *, i) = VPREC_AT(regions, vprec_loaded *, regions.count - 1);
    regions.count--;
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

/* Whether the caller's code is to be translated. Where it is not, that is said once. */
static bool is_wanted(const char *path)
{
    enum { MOST = 64 };
    static const char *said[MOST];
    static size_t count;
    if (!path || vprec_select_jit(&vprec_wire_shared->config, path))
        return path;
    for (size_t i = 0; i < count; i++)
        if (said[i] == path)
            return false;
    if (count < MOST && vprec_arith_rounds(&vprec_arith_current)) {
        said[count++] = path;
        vprec_record_native(VPREC_REASON_GENERATED, path, NULL);
    }
    return false;
}

static void follow(void *data)
{
    request *r = data;
    if (!is_wanted(vprec_demand_path(r->caller)))
        return;
    for (size_t i = 0; i < regions.count; i++) { /* once more: its code is compared when it is entered */
        const vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        if (l->text.lo <= r->lo && r->hi <= l->text.hi) {
            r->followed = true;
            return;
        }
    }
    forget(r); /* smaller ones in it */
    vprec_object_record *record = record_of(r->caller);
    vprec_loaded **slot = record ? vprec_vec_add(&regions, 1) : NULL;
    if (!slot)
        return;
    *slot = vprec_demand_generated(r->lo, r->hi, record, isa);
    r->followed = *slot;
    regions.count -= !*slot;
    region_count = (unsigned)regions.count;
}

typedef struct transfer {
    uint64_t lo, hi, new_lo, new_hi;
} transfer;

/* Memory was moved, with the protection that it had: without X. */
static void move_region(void *data)
{
    const transfer *t = data;
    vprec_object_record *record = NULL;
    for (size_t i = 0; i < regions.count && !record; i++) {
        const vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        if (l->text.lo < t->hi && t->lo < l->text.hi)
            record = l->record;
    }
    request old = {t->lo, t->hi, 0, 0, false}, new = {t->new_lo, t->new_hi, 0, 0, false};
    forget(&old);
    forget(&new); /* what was there before */
    vprec_loaded **slot = record ? vprec_vec_add(&regions, 1) : NULL;
    if (!slot)
        return;
    *slot = vprec_demand_generated(t->new_lo, t->new_hi, record, isa);
    regions.count -= !*slot;
    region_count = (unsigned)regions.count;
}

/* What the kernel is asked for where the program asks for `protection`. */
static int without_execute(void *at, size_t bytes, int protection, const void *caller)
{
    uint64_t lo = vprec_page_start((uint64_t)at);
    request r = {lo, vprec_page_end((uint64_t)at + bytes), (uint64_t)caller, protection, false};
    if (!following || !bytes || r.hi <= r.lo || !vprec_callers_selects((uint64_t)caller))
        return protection;
    vprec_lock_run(follow, &r);
    return r.followed ? (protection & ~PROT_EXEC) | PROT_READ : protection;
}

bool vprec_generated_give_up(uint64_t lo, uint64_t hi)
{
    int protection = PROT_READ | PROT_WRITE | PROT_EXEC;
    return !vprec_sys_mprotect((void *)lo, hi - lo, protection) ||
           !vprec_sys_mprotect((void *)lo, hi - lo, PROT_READ | PROT_EXEC);
}

void vprec_generated_begin(enum vprec_isa processor)
{
    isa = processor;
    following = true;
}

static void *map_memory(void *at, size_t bytes, int protection, int flags, int fd, off_t offset, const void *caller)
{
    if (!(protection & PROT_EXEC) || !following || !vprec_callers_selects((uint64_t)caller)) {
        void *mapped = NEXT(mmap)(at, bytes, protection, flags, fd, offset);
        if (mapped != MAP_FAILED && flags & MAP_FIXED && region_count) {
            request r = {(uint64_t)mapped, vprec_page_end((uint64_t)mapped + bytes), 0, 0, false};
            vprec_lock_run(forget, &r);
        }
        return mapped;
    }
    void *mapped = NEXT(mmap)(at, bytes, (protection & ~PROT_EXEC) | PROT_READ, flags, fd, offset);
    if (mapped != MAP_FAILED && without_execute(mapped, bytes, protection, caller) == protection)
        vprec_sys_mprotect(mapped, bytes, protection);
    return mapped;
}

PUBLIC void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return map_memory(at, bytes, protection, flags, fd, offset, __builtin_return_address(0));
}

/* The header gives the name mmap to mmap64: here is the other one. */
void *mmap_plain(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) __asm__("mmap");
PUBLIC void *mmap_plain(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return map_memory(at, bytes, protection, flags, fd, offset, __builtin_return_address(0));
}

PUBLIC int mprotect(void *at, size_t bytes, int protection)
{
    const void *caller = __builtin_return_address(0);
    if (protection & PROT_EXEC)
        protection = without_execute(at, bytes, protection, caller);
    return NEXT(mprotect)(at, bytes, protection);
}

PUBLIC int pkey_mprotect(void *at, size_t bytes, int protection, int key)
{
    const void *caller = __builtin_return_address(0);
    if (protection & PROT_EXEC)
        protection = without_execute(at, bytes, protection, caller);
    return NEXT(pkey_mprotect)(at, bytes, protection, key);
}

PUBLIC int munmap(void *at, size_t bytes)
{
    if (region_count) {
        request r = {(uint64_t)at, vprec_page_end((uint64_t)at + bytes), 0, 0, false};
        vprec_lock_run(forget, &r);
    }
    return NEXT(munmap)(at, bytes);
}

PUBLIC void *mremap(void *at, size_t from, size_t to, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    void *where = flags & MREMAP_FIXED ? va_arg(list, void *) : NULL;
    va_end(list);
    void *moved = NEXT(mremap)(at, from, to, flags, where);
    if (moved != MAP_FAILED && region_count) {
        transfer t = {(uint64_t)at, vprec_page_end((uint64_t)at + from), (uint64_t)moved,
                      vprec_page_end((uint64_t)moved + to)};
        vprec_lock_run(move_region, &t);
    }
    return moved;
}
