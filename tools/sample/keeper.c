/* SPDX-License-Identifier: Apache-2.0
 * keeper.c: a process between us and the program:
 *
 *   vprec-run --samples ---- keeper (leads a session) ---- vprec-run --seed S ---- PROGRAM
 *   vprec-sweep ------------ keeper --------------------- vprec-run, or PROGRAM alone
 *
 * The keeper is told by the kernel when its parent is gone, however it went, and
 * then ends the whole session with itself. */
#include "keeper.h"
#include "common/say.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN_SECONDS = 2 }; /* for what the program left running, such as a tee(1) behind it */
enum { DYING_SECONDS = 1 }; /* for vprec-run to end when its program is killed */

static void execute(const vprec_task *task, const vprec_inherited *inherited)
{
    sigaction(SIGCHLD, &inherited->child, NULL);
    sigaction(SIGPIPE, &inherited->pipe, NULL);
    sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
    if (task->link)
        fcntl(task->link, F_SETFD, 0);
    execv(task->file, task->command);
    vprec_say("cannot start '%s' (%s): check that it is there, and may be executed", task->file, strerror(errno));
    _exit(VPREC_EXIT_FAILURE);
}

/* Kills what `pid`, a vprec-run, has started; it then ends, as after any run. */
static void kill_children(pid_t pid)
{
    char *path = vprec_text("/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *list = fopen(path, "re");
    int child;
    while (list && fscanf(list, "%d", &child) == 1) /* NOLINT(cert-err34-c): the kernel writes them */
        kill(child, SIGKILL);
    if (list)
        fclose(list);
    kill(pid, SIGCONT); /* where ctrl-Z had stopped it */
    free(path);
}

static time_t seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Waits for `pid`, the program, then a little for what it left. SIGTERM is passed on; SIGRTMIN (the kernel's,
 * when our parent died, or the parent's) ends everything. A status to exit with. */
static int keep_watch(pid_t pid, const sigset_t *set)
{
    const struct timespec tick = {0, 50000000};
    bool dying = false, ended = false;
    int status = 0, child_status;
    time_t deadline = 0; /* of what is left, once the program or our parent has ended */
    for (;;) {
        int signal = deadline ? sigtimedwait(set, NULL, &tick) : sigwaitinfo(set, NULL);
        if (signal == SIGTERM && !ended)
            kill(pid, SIGTERM);
        if (signal == SIGRTMIN && !dying) {
            dying = true;
            deadline = seconds() + DYING_SECONDS;
        }
        if (dying && !ended)
            kill_children(pid);
        /* What the program orphaned is ours since we are its subreaper. */
        pid_t child;
        while ((child = waitpid(-1, &child_status, WNOHANG)) > 0)
            if (child == pid) {
                ended = true;
                status = child_status;
                deadline = deadline ? deadline : seconds() + DRAIN_SECONDS;
            }
        if (child < 0 && errno == ECHILD)
            break;
        if ((dying && ended) || (deadline && seconds() > deadline))
            kill(0, SIGKILL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The keeper's life. Blocks what it waits for before it has a session, so that nothing is lost. */
static void keep(pid_t parent, const vprec_task *task, const vprec_inherited *inherited)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_PDEATHSIG, SIGRTMIN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setsid();
    if (getppid() != parent)
        _exit(VPREC_EXIT_FAILURE);
    pid_t pid = fork();
    if (!pid)
        execute(task, inherited);
    if (pid < 0) {
        vprec_say("cannot start a process (%s): end some others, or raise the limit (ulimit -u)", strerror(errno));
        _exit(VPREC_EXIT_FAILURE);
    }
    _exit(keep_watch(pid, &set));
}

static bool surroundings(const vprec_task *task)
{
    for (const char *const *e = task->environment; e && *e; e += 2)
        if (setenv(e[0], e[1], 1))
            return false;
    return dup2(task->in, STDIN_FILENO) >= 0 && dup2(task->out, STDOUT_FILENO) >= 0 &&
           dup2(task->err, STDERR_FILENO) >= 0 && (!task->directory || !chdir(task->directory));
}

pid_t vprec_keeper_start(const vprec_task *task, const vprec_inherited *inherited)
{
    pid_t parent = getpid(), pid = fork();
    if (!pid) {
        if (!surroundings(task))
            _exit(VPREC_EXIT_FAILURE);
        keep(parent, task, inherited);
    }
    if (pid < 0)
        vprec_say("cannot start a process (%s): end some others, or raise the limit (ulimit -u)", strerror(errno));
    return pid;
}
