/* SPDX-License-Identifier: Apache-2.0
 * stack.c: see stack.h. The thread of a region is known by its number: a
 * destructor at a thread's end would come too early, and needs malloc. */
#include "stack.h"
#include "runtime/memory.h"
#include "runtime/sets.h"
#include "runtime/sys.h"
#include <errno.h>
#include <signal.h>

#pragma GCC target("general-regs-only") /* the program's vectors are not saved yet */

enum { PAGE = 4096, REGION = VPREC_STACK_SLOTS * VPREC_STACK_SLOT, PROBES = 16 };
_Static_assert(sizeof(vprec_stacks) + VPREC_STACK_VIEW <= PAGE, "they share a page");

_Thread_local vprec_stacks *vprec_stack_here __attribute__((tls_model("initial-exec")));
static vprec_stacks *_Atomic regions;
/* What works on the program's own stack, without memory for another, gives its slot back to this. */
vprec_stacks vprec_stack_none __attribute__((visibility("hidden")));

atomic_bool vprec_stack_apart __attribute__((visibility("hidden"))); /* enter.S asks, too */

/* The C library's threads keep two pointers to themselves. Others (Go's, with zeros there) have no thread-local variables
 * of ours. */
static bool is_libc_thread(void)
{
    if (atomic_load_explicit(&vprec_stack_apart, memory_order_relaxed))
        return false;
    uint64_t self, tcb;
    __asm__("movq %%fs:0, %0\n\tmovq %%fs:16, %1" : "=r"(self), "=r"(tcb));
    return self && self == tcb;
}

static uint64_t owner_here(void)
{
    return (uint64_t)vprec_sys_getpid() << 32 | (uint32_t)vprec_sys_gettid();
}

static vprec_stacks *of_owner(uint64_t owner)
{
    vprec_stacks *s = atomic_load(&regions);
    while (s && atomic_load(&s->owner) != owner)
        s = s->others;
    return s;
}

/* Of a thread that is not there yet. */
#define RESERVED UINT32_MAX

static atomic_bool any_pointers; /* some are reserved or lent by them */

static uint64_t pointer_here(void)
{
    enum { GET_FS = 0x1003 }; /* ARCH_GET_FS */
    uint64_t base = 0;
    vprec_sys(SYS_arch_prctl, GET_FS, (long)&base, 0, 0, 0, 0);
    return base;
}

static vprec_stacks *of_pointer(uint64_t pointer, uint64_t owner)
{
    vprec_stacks *s = pointer ? atomic_load(&regions) : NULL;
    while (s && (atomic_load(&s->pointer) != pointer || atomic_load(&s->owner) != owner))
        s = s->others;
    return s;
}

/* Those of the thread that waits for this one, a child of its vfork. */
static vprec_stacks *lent(uint64_t self)
{
    uint64_t pointer = atomic_load(&any_pointers) ? pointer_here() : 0;
    vprec_stacks *s = pointer ? atomic_load(&regions) : NULL;
    for (; s; s = s->others) {
        uint64_t owner = atomic_load(&s->owner);
        if (atomic_load(&s->pointer) == pointer && owner >> 32 != self >> 32 && (uint32_t)owner != RESERVED)
            return s;
    }
    return NULL;
}

/* Those reserved for this thread. */
static vprec_stacks *awaited(uint64_t self)
{
    uint64_t reserved = self >> 32 << 32 | RESERVED;
    vprec_stacks *s = atomic_load(&any_pointers) ? of_pointer(pointer_here(), reserved) : NULL;
    if (!s || !atomic_compare_exchange_strong(&s->owner, &reserved, self))
        return NULL;
    atomic_store(&s->pointer, 0);
    return s;
}

static bool has_ended(uint64_t owner)
{
    uint32_t thread = (uint32_t)owner;
    return !thread || (thread != RESERVED &&
                       vprec_sys(SYS_tgkill, (long)(owner >> 32), (long)thread, 0, 0, 0, 0) == -ESRCH);
}

/* A region whose thread has ended; those of the process that forked this one hold a frame in use, perhaps. */
static vprec_stacks *abandoned(uint64_t owner)
{
    vprec_stacks *s = atomic_load(&regions);
    for (int i = 0; s && i < PROBES; i++, s = s->others) {
        uint64_t before = atomic_load(&s->owner);
        if (before >> 32 == owner >> 32 && has_ended(before) &&
            atomic_compare_exchange_strong(&s->owner, &before, owner)) {
            s->top = s->low + VPREC_STACK_SLOT;
            atomic_store(&s->pointer, 0);
            volatile uint64_t *view = (volatile uint64_t *)s->view; /* volatile: not by memset, which has vectors */
            for (unsigned k = 0; k < VPREC_STACK_VIEW / 8; k++)
                view[k] = 0;
            return s;
        }
    }
    return NULL;
}

static vprec_stacks *map_region(uint64_t owner)
{
    char *base = vprec_pages_map(PAGE + VPREC_STACK_SIGNAL + REGION + PAGE, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (!base)
        return NULL;
    vprec_sys_mprotect(base, PAGE, PROT_NONE);
    uint64_t low = (uint64_t)base + PAGE + VPREC_STACK_SIGNAL;
    vprec_stacks *s = (vprec_stacks *)(low + REGION);
    *s = (vprec_stacks){.top = low + VPREC_STACK_SLOT, .low = low, .owner = owner};
    s->view = (struct vprec_view *)(low + REGION + PAGE - VPREC_STACK_VIEW);
    for (unsigned i = 0; i < VPREC_STACK_SLOTS; i++) {
        uint64_t *top = (uint64_t *)(low + (i + 1) * (uint64_t)VPREC_STACK_SLOT);
        top[-VPREC_SLOT_NEXT / 8] = low + ((i + 1) % VPREC_STACK_SLOTS + 1) * (uint64_t)VPREC_STACK_SLOT;
        top[-VPREC_SLOT_STACK / 8] = (uint64_t)s;
    }
    vprec_stacks *head = atomic_load(&regions);
    do
        s->others = head;
    while (!atomic_compare_exchange_weak(&regions, &head, s));
    return s;
}

vprec_stacks *vprec_stack_make(void)
{
    /* A handler that comes here too would make a second one. */
    uint64_t most = ~VPREC_SET_OURS, before;
    vprec_sys(SYS_rt_sigprocmask, SIG_BLOCK, (long)&most, (long)&before, sizeof before, 0, 0);
    uint64_t owner = owner_here();
    vprec_stacks *s = of_owner(owner);
    if (!s)
        s = awaited(owner);
    if (!s)
        s = lent(owner);
    if (!s)
        s = abandoned(owner);
    if (!s)
        s = map_region(owner);
    if (is_libc_thread())
        vprec_stack_here = s;
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0);
    return s;
}

vprec_stacks *vprec_stack_reserve(void)
{
    uint64_t owner = (uint64_t)vprec_sys_getpid() << 32 | RESERVED;
    vprec_stacks *s = abandoned(owner);
    return s ? s : map_region(owner);
}

vprec_stacks *vprec_stack_await(uint64_t pointer)
{
    /* a thread that could not be made has left them */
    vprec_stacks *s = of_pointer(pointer, (uint64_t)vprec_sys_getpid() << 32 | RESERVED);
    if (!s)
        s = vprec_stack_reserve();
    if (s)
        atomic_store(&s->pointer, pointer);
    atomic_store(&any_pointers, true);
    return s;
}

void vprec_stack_part(void)
{
    vprec_stack_make(); /* the caller's, which is its maker's still */
    atomic_store(&vprec_stack_apart, true);
}

void vprec_stack_lend(void)
{
    vprec_stacks *s = is_libc_thread() ? NULL : vprec_stack_make(); /* those have them at hand */
    if (!s)
        return;
    atomic_store(&s->pointer, pointer_here());
    atomic_store(&any_pointers, true);
}

vprec_stacks *vprec_stack_take(vprec_stacks *reserved)
{
    vprec_stacks *s = vprec_stack_find();
    if (s) {
        vprec_stack_give_back(reserved);
        return s;
    }
    atomic_store(&reserved->owner, owner_here());
    if (is_libc_thread())
        vprec_stack_here = reserved;
    return reserved;
}

void vprec_stack_give_back(vprec_stacks *reserved)
{
    atomic_store(&reserved->owner, (uint64_t)vprec_sys_getpid() << 32);
}

void vprec_stack_forked(void)
{
    vprec_stacks *s = vprec_stack_find();
    if (s)
        atomic_store(&s->owner, owner_here());
}

vprec_stacks *vprec_stack_all(void)
{
    return atomic_load(&regions);
}

vprec_stacks *vprec_stack_find(void)
{
    if (is_libc_thread())
        return vprec_stack_here;
    uint64_t self = owner_here();
    vprec_stacks *s = of_owner(self);
    return s ? s : lent(self);
}

uint64_t vprec_stack_slot(uint64_t rsp)
{
    const vprec_stacks *s = vprec_stack_find();
    if (!s || rsp - s->low >= REGION)
        return 0;
    return s->low + ((rsp - s->low) / VPREC_STACK_SLOT + 1) * VPREC_STACK_SLOT;
}
