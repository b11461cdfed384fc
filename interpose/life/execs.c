/* SPDX-License-Identifier: Apache-2.0
 * execs.c: see execs.h. In the child that posix_spawn makes the C library has set
 * the mask by the attributes, which hold ours, and all handlers to default; what
 * is left to do for it is found before. */
#include "execs.h"
#include "runtime/next.h"
#include "runtime/sys.h"
#include "trap.h"
#include "view.h"
#include <spawn.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(posix_spawn) _(posix_spawnp)
VPREC_NEXT_TABLE(EACH)

static void set(int how, uint64_t bits)
{
    vprec_sys(SYS_rt_sigprocmask, how, (long)&bits, 0, sizeof bits, 0, 0);
}

static uint64_t ignored(void)
{
    vprec_action action;
    uint64_t bits = 0;
    for (int number = 1; number < 32; number++)
        if (vprec_set_is_ours(number) && !vprec_signal_action(number, NULL, &action) &&
            action.handler == (uint64_t)SIG_IGN)
            bits |= UINT64_C(1) << (number - 1);
    return bits;
}

static void ignore(uint64_t bits, bool is)
{
    for (int number = 1; number < 32; number++)
        if (bits >> (number - 1) & 1)
            vprec_trap_ignore(number, is);
}

void vprec_exec_begin(vprec_exec *undo)
{
    vprec_view *view = vprec_view_here();
    *undo = (vprec_exec){0};
    if (!view)
        return;
    undo->blocked = view->spawns ? view->spawn_blocked : atomic_load(&view->blocked);
    undo->ignored = view->spawns ? view->spawn_ignored : ignored();
    if (undo->blocked)
        set(SIG_BLOCK, undo->blocked);
    vprec_view_hand_over(view, undo->blocked);
    ignore(undo->ignored, true);
}

void vprec_exec_failed(const vprec_exec *undo)
{
    ignore(undo->ignored, false);
    if (undo->blocked)
        set(SIG_UNBLOCK, undo->blocked);
}

typedef int spawn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *,
                  char *const *);

/* The child runs on this thread's variables, and this thread waits until it is another program. */
static int with_signals(spawn *real, pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attr, char *const *argv, char *const *envp)
{
    vprec_view *view = vprec_view_here();
    if (!view)
        return real(pid, path, actions, attr, argv, envp);
    short flags = 0;
    sigset_t defaults;
    if (attr)
        posix_spawnattr_getflags(attr, &flags);
    view->spawn_blocked = flags & POSIX_SPAWN_SETSIGMASK ? 0 : atomic_load(&view->blocked);
    view->spawn_ignored = ignored();
    if (flags & POSIX_SPAWN_SETSIGDEF && !posix_spawnattr_getsigdefault(attr, &defaults))
        view->spawn_ignored &= ~*vprec_set_bits(&defaults);
    view->spawns = true;
    int result = real(pid, path, actions, attr, argv, envp);
    view->spawns = false;
    return result;
}

PUBLIC int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attr, char *const *argv, char *const *envp)
{
    return with_signals(NEXT(posix_spawn), pid, path, actions, attr, argv, envp);
}

PUBLIC int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attr, char *const *argv, char *const *envp)
{
    return with_signals(NEXT(posix_spawnp), pid, path, actions, attr, argv, envp);
}
