/* SPDX-License-Identifier: Apache-2.0
 * threads.c: a thread has its view (view.h) and vprec's signal stack before the
 * program's function starts, which may go to a small stack of its own; what the
 * program says of alternate stacks changes the view only. */
#include "masks.h"
#include "meters.h"
#include "runtime/draws.h"
#include "runtime/names.h"
#include "runtime/next.h"
#include "scope/scopes.h"
#include "view.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <threads.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(pthread_create) _(thrd_create) _(sigaltstack)
VPREC_NEXT_TABLE(EACH)

typedef struct begun {
    void *(*start)(void *);
    void *argument;
} begun;

/* threads.S: vprec_threads_begin, and on to the program's function with no frame of ours below it. */
void *vprec_threads_start(void *reserved) __attribute__((visibility("hidden")));

begun vprec_threads_begin(vprec_stacks *reserved) __attribute__((visibility("hidden")));
begun vprec_threads_begin(vprec_stacks *reserved)
{
    const vprec_view *as_made = reserved->view;
    begun to = {as_made->start, as_made->argument};
    uint64_t blocked = atomic_load(&as_made->blocked), key = as_made->key;
    bool keyed = as_made->keyed, follows = as_made->follows;
    vprec_view *view = vprec_stack_take(reserved)->view;
    vprec_view_block(view, blocked);
    vprec_view_arm(view);
    view->stack = (stack_t){.ss_flags = SS_DISABLE}; /* as the kernel gives it to a thread, but not to a program */
    if (keyed)
        vprec_noise_start_thread(key);
    vprec_scope_thread(follows);
    vprec_meters_start();
    return to;
}

/* Whether an interpreter makes the thread, for a program that is written in its language: such a thread has work of its
 * own. */
static bool is_interpreter(const void *caller)
{
    static const char *const names[] = {"python", "libpython"};
    Dl_info object;
    if (!dladdr(caller, &object) || !object.dli_fname)
        return false;
    const char *base = vprec_name_base(object.dli_fname);
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        found |= !strncmp(base, names[i], strlen(names[i]));
    return found;
}

/* The calling thread makes another. NULL: without memory it finds its things when a signal comes, and has no key. */
static vprec_stacks *prepare(void *(*start)(void *), void *argument, const pthread_attr_t *attr, const void *caller)
{
    const vprec_view *view = vprec_view_here();
    vprec_stacks *reserved = view ? vprec_stack_reserve() : NULL;
    if (!reserved) {
        vprec_meters_leave();
        return NULL;
    }
    uint64_t blocked = atomic_load(&view->blocked);
    if (attr)
        vprec_masks_of_attr(attr, &blocked);
    vprec_view *to = reserved->view;
    to->start = start;
    to->argument = argument;
    to->keyed = vprec_noise_hand_on(&to->key);
    to->follows = vprec_scope_wanted() && !is_interpreter(caller);
    atomic_store(&to->blocked, blocked);
    return reserved;
}

PUBLIC int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *argument)
{
    vprec_stacks *reserved = prepare(start, argument, attr, __builtin_return_address(0));
    if (!reserved)
        return NEXT(pthread_create)(thread, attr, start, argument);
    int result = NEXT(pthread_create)(thread, attr, vprec_threads_start, reserved);
    if (result)
        vprec_stack_give_back(reserved);
    return result;
}

/* The C library has an int(void *) in a register like any pointer. */
PUBLIC int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
    vprec_stacks *reserved = prepare((void *(*)(void *))(void (*)(void))start, argument, NULL, __builtin_return_address(0));
    if (!reserved)
        return NEXT(thrd_create)(thread, start, argument);
    int result = NEXT(thrd_create)(thread, (thrd_start_t)(void (*)(void))vprec_threads_start, reserved);
    if (result != thrd_success)
        vprec_stack_give_back(reserved);
    return result;
}

PUBLIC int sigaltstack(const stack_t *stack, stack_t *old)
{
    vprec_view *view = vprec_view_complete() ? vprec_view_here() : NULL;
    if (!view)
        return NEXT(sigaltstack)(stack, old);
    int result = vprec_view_alternate(view, stack, old, (uint64_t)__builtin_frame_address(0));
    if (!result)
        return 0;
    errno = -result;
    return -1;
}
