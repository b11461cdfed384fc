/* SPDX-License-Identifier: Apache-2.0
 * contexts.c: see contexts.h. The C library goes on with a context's link by itself: that a context's function returns is
 * noticed as for functions that are scopes (returns.h). */
#include "contexts.h"
#include "returns.h"
#include "runtime/memory.h"
#include "runtime/spin.h"
#include "runtime/sys.h"
#include "scopes.h"
#include <pthread.h>

/* A context while no thread is in it, or of which the function runs. */
typedef struct context {
    struct context *next;
    const void *at;    /* the program's ucontext_t; NULL: free for another one */
    const void *frame; /* of its function, while that has started; else NULL */
    const void *link;
    vprec_scope_list list; /* where it waits */
    bool waits, made;      /* it was left; or made, and not gone to since */
} context;

static context *contexts; /* under the lock, as they are */
static vprec_spin locked;
static vprec_heap heap;

static void lock(void)
{
    vprec_spin_lock(&locked);
}

static void unlock(void)
{
    vprec_spin_unlock(&locked);
}

/* NULL: it is not known, or there is no memory. */
static context *known(const void *at, bool make)
{
    context *c = contexts, *unused = NULL;
    for (; c && c->at != at; c = c->next)
        unused = c->at ? unused : c;
    if (c || !make)
        return c;
    if (!unused && (unused = vprec_heap_take(&heap, sizeof *unused))) {
        unused->next = contexts;
        contexts = unused;
    }
    if (unused)
        *unused = (context){.next = unused->next, .at = at};
    return unused;
}

/* What waits there; of a context that no function of ours runs in, nothing more is to be known. */
static vprec_scope_list resume(context *c)
{
    const vprec_scope_list list = c && c->waits ? c->list : (vprec_scope_list){NULL, 0, 0};
    if (c) {
        c->list = (vprec_scope_list){NULL, 0, 0};
        c->waits = false;
        c->at = c->frame ? c->at : NULL;
    }
    return list;
}

/* Its function is about to run. */
static void start(context *c, uint64_t stack, const void *link)
{
    uint64_t *frame = (uint64_t *)stack;
    c->made = false;
    if (vprec_sys_shadow_stack() || !vprec_returns_keep(frame, *frame))
        return;
    *frame = (uint64_t)vprec_returned;
    c->frame = frame;
    c->link = link;
}

void vprec_contexts_make(const void *at)
{
    static atomic_bool followed;
    if (vprec_scope_is_busy() || !vprec_scope_wanted())
        return;
    if (!atomic_exchange(&followed, true))
        pthread_atfork(lock, unlock, unlock);
    lock();
    context *c = known(at, true);
    if (c) {
        vprec_scope_drop(&c->list);
        *c = (context){.next = c->next, .at = at, .made = true};
    }
    unlock();
}

void vprec_contexts_switch(const vprec_switch *s)
{
    enum { STACK = 8 << 20 }; /* a jump further up is one to another stack */
    if (vprec_scope_is_busy() || !vprec_scope_wanted())
        return;
    lock();
    context *to = known(s->to, false), *from = NULL;
    const bool follows = to && (to->waits || to->made);
    if (follows) {
        const vprec_scope_list mine = vprec_scope_take();
        from = s->from ? known(s->from, true) : NULL;
        if (from) {
            from->list = mine;
            from->waits = true;
        } else {
            vprec_scope_drop(&mine);
        }
        if (to->made)
            start(to, s->stack, s->link);
    }
    const vprec_scope_list next = resume(follows ? to : NULL);
    unlock();
    if (follows)
        vprec_scope_give(&next);
    else if (s->stack - s->here < STACK)
        vprec_scope_jump(s->here, s->stack);
}

void vprec_contexts_return(const void *frame)
{
    if (vprec_scope_is_busy() || !contexts)
        return;
    lock();
    context *c = contexts;
    while (c && !(c->at && c->frame == frame))
        c = c->next;
    const vprec_scope_list next = resume(c ? known(c->link, false) : NULL);
    if (c)
        c->at = c->frame = NULL;
    unlock();
    if (c)
        vprec_scope_give(&next);
}
