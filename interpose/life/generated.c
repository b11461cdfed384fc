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
static vprec_vec regions = {.size = sizeof(vprec_loaded *)}; /* under the lock */
static _Atomic unsigned region_count; /* to be asked without it */

typedef struct request {
    uint64_t lo, hi, caller;
    bool followed;
} request;

/* The record of the code that an object generates. NULL: no memory. */
static vprec_object_record *record_of(vprec_loaded *owner)
{
    static const char more[] = " (generated code)";
    size_t length = strlen(owner->object.path), size = sizeof(vprec_object_record) + length + sizeof more;
    vprec_object_record *r = owner->generates ? NULL : vprec_record_room_or_memory(size);
    if (!r)
        return owner->generates;
    r->process = owner->record->process;
    memcpy(r->path, owner->object.path, length);
    memcpy(r->path + length, more, sizeof more);
    vprec_record_done(r, VPREC_RECORD_OBJECT, size);
    return owner->generates = r;
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

static void forget_memory(void *at, size_t bytes)
{
    request r = {(uint64_t)at, vprec_page_end((uint64_t)at + bytes), 0, false};
    if (region_count)
        vprec_lock_run(forget, &r);
}

/* Whether what the object generates is to be translated. Where it is not, that is said once. */
static bool is_wanted(vprec_loaded *owner)
{
    if (vprec_select_jit(&vprec_wire_shared->config, owner->object.path))
        return true;
    if (!owner->left_generated && vprec_arith_rounds(&vprec_arith_current))
        vprec_record_native(VPREC_REASON_GENERATED, owner->object.path, NULL);
    owner->left_generated = true;
    return false;
}

/* False: no memory. */
static bool add_region(uint64_t lo, uint64_t hi, vprec_object_record *record)
{
    vprec_loaded **slot = record ? vprec_vec_add(&regions, 1) : NULL;
    if (!slot)
        return false;
    *slot = vprec_demand_generated(lo, hi, record, isa);
    bool added = *slot;
    regions.count -= !added;
    region_count = (unsigned)regions.count;
    return added;
}

static void follow(void *data)
{
    request *r = data;
    vprec_loaded *owner = vprec_demand_at(r->caller);
    if (!owner || !is_wanted(owner))
        return;
    for (size_t i = 0; i < regions.count && !r->followed; i++) { /* once more: compared when it is entered */
        const vprec_loaded *l = VPREC_AT(regions, vprec_loaded *, i);
        r->followed = l->text.lo <= r->lo && r->hi <= l->text.hi;
    }
    if (r->followed)
        return;
    forget(r); /* smaller ones in it */
    r->followed = add_region(r->lo, r->hi, record_of(owner));
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
    request old = {t->lo, t->hi, 0, false}, new = {t->new_lo, t->new_hi, 0, false};
    forget(&old);
    forget(&new); /* what was there before */
    add_region(t->new_lo, t->new_hi, record);
}

/* What the kernel is asked for where the program asks for `protection`. */
static int without_execute(void *at, size_t bytes, int protection, const void *caller)
{
    request r = {vprec_page_start((uint64_t)at), vprec_page_end((uint64_t)at + bytes), (uint64_t)caller, false};
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
        if (mapped != MAP_FAILED && flags & MAP_FIXED)
            forget_memory(mapped, bytes);
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
    forget_memory(at, bytes);
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
