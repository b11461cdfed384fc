/* SPDX-License-Identifier: Apache-2.0
 * events.c: SIGEV_THREAD: the C library makes a thread for the program's function
 * by itself, with every signal blocked. One of ours that the function meets would
 * kill: a function of vprec's comes first. The C library hands on one word, which
 * is the program's: so there is one for each function of the program's. (Those of
 * aio and getaddrinfo_a start with nothing blocked.) */
#include "meters.h"
#include "runtime/next.h"
#include "runtime/sys.h"
#include "view.h"
#include <mqueue.h>
#include <signal.h>
#include <time.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(timer_create) _(mq_notify)
VPREC_NEXT_TABLE(EACH)

typedef void notified(union sigval value);

enum { FUNCTIONS = 64 };
static notified *_Atomic functions[FUNCTIONS];

/* What the thread came with is what the program believes. */
static void start(void)
{
    const uint64_t ours = VPREC_SET_OURS;
    uint64_t before = 0;
    vprec_meters_start();
    vprec_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&ours, (long)&before, sizeof ours, 0, 0);
    vprec_view *view = vprec_view_here();
    if (!view)
        return;
    vprec_view_block(view, before & ours);
    vprec_view_arm(view);
    view->stack = (stack_t){.ss_flags = SS_DISABLE};
}

#define STARTER(i)                                                                                                     \
    static void starter_##i(union sigval value)                                                                        \
    {                                                                                                                  \
        start();                                                                                                       \
        atomic_load(&functions[0x##i])(value);                                                                         \
    }
#define ROW(_, d) _(d##0) _(d##1) _(d##2) _(d##3) _(d##4) _(d##5) _(d##6) _(d##7) _(d##8) _(d##9) _(d##A) _(d##B)      \
    _(d##C) _(d##D) _(d##E) _(d##F)
#define ALL(_) ROW(_, 0) ROW(_, 1) ROW(_, 2) ROW(_, 3)
ALL(STARTER)

#define NAME(i) starter_##i,
static notified *const starters[] = {ALL(NAME)};
_Static_assert(sizeof starters / sizeof *starters == FUNCTIONS, "one for each");

/* `event` with a function of ours. Who has more functions than that gets what the C library does. */
static struct sigevent *wrap(const struct sigevent *event, struct sigevent *copy)
{
    vprec_meters_leave();
    if (!event || event->sigev_notify != SIGEV_THREAD || !vprec_view_active())
        return (struct sigevent *)event;
    *copy = *event;
    for (int i = 0; i < FUNCTIONS; i++) {
        notified *known = NULL;
        if (atomic_compare_exchange_strong(&functions[i], &known, event->sigev_notify_function) ||
            known == event->sigev_notify_function) {
            copy->sigev_notify_function = starters[i];
            break;
        }
    }
    return copy;
}

PUBLIC int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
{
    struct sigevent copy;
    return NEXT(timer_create)(clock, wrap(event, &copy), timer);
}

PUBLIC int mq_notify(mqd_t queue, const struct sigevent *event)
{
    struct sigevent copy;
    return NEXT(mq_notify)(queue, wrap(event, &copy));
}
