/* SPDX-License-Identifier: Apache-2.0
 * forks.c: see forks.h. Each process that is made has a keeper of its own, made of the same process, as any run of
 * vprec-sweep has one: it waits for it and for what it has left, and ends them when nobody wants them any more.
 *
 *   waits --_Fork--> keeper --_Fork--> the cell's process: goes on in the program */
#include "forks.h"
#include "ahead.h"
#include "clone/image.h"
#include "demand.h"
#include "runtime/draws.h"
#include "runtime/memory.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "scope/scopes.h"
#include "self.h"
#include "shared.h"
#include "view.h"
#include "x86/emulate/stack.h"
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t (*fork_alone)(void); /* the C library's _Fork, since glibc 2.34 */
static vprec_fork_order order; /* the last one */
static int handed[VPREC_FORK_HANDED];
static char why[256];
static struct {
    uint64_t handler, flags, restorer, mask;
} child_action; /* the program's for SIGCHLD */

static int orders; /* the socket of vprec-sweep's, */
static int source; /* and by which orders come to this process */

static void send_answer(int socket, const vprec_fork_answer *answer)
{
    vprec_sys(SYS_sendto, socket, (long)answer, sizeof *answer, MSG_NOSIGNAL, 0, 0);
}

static void tell(int socket, enum vprec_fork_kind kind, bool all)
{
    vprec_fork_answer answer = {.kind = kind, .all = all};
    memcpy(answer.text, why, sizeof why);
    send_answer(socket, &answer);
}

/* Waits for an order. False: nobody is there to give one. */
static bool take_order(void)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof handed)];
    } control;
    struct iovec text = {&order, sizeof order};
    for (;;) {
        struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control,
                                 .msg_controllen = sizeof control};
        long n = vprec_sys(SYS_recvmsg, source, (long)&message, MSG_CMSG_CLOEXEC, 0, 0, 0);
        const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
        if (n <= 0 && n != -EINTR)
            return false;
        if (n == (long)sizeof order && head && head->cmsg_len == CMSG_LEN(sizeof handed)) {
            memcpy(handed, CMSG_DATA(head), sizeof handed);
            return true;
        }
    }
}

static void close_handed(void)
{
    for (int i = 0; i < VPREC_FORK_HANDED; i++)
        vprec_sys_close(handed[i]);
}

int vprec_forks_child(void)
{
    pid_t pid = fork_alone();
    if (!pid)
        vprec_view_forked();
    return pid;
}

_Noreturn void vprec_forks_leave(void)
{
    for (;;)
        vprec_sys(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* Ends all that the cell's process has left, which is this one's. */
static void end_children(void)
{
    enum { MOST = 4096 };
    for (;;) {
        char text[MOST], path[] = "/proc/thread-self/children";
        int fd = vprec_sys_open(path, O_RDONLY | O_CLOEXEC), pid = 0;
        long n = fd < 0 ? 0 : vprec_sys_read(fd, text, sizeof text);
        if (fd >= 0)
            vprec_sys_close(fd);
        for (long i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else if (pid) {
                vprec_sys(SYS_kill, pid, SIGKILL, 0, 0, 0, 0);
                pid = 0;
            }
        }
        if (n <= 0 || vprec_sys(SYS_wait4, -1, 0, 0, 0, 0, 0) < 0)
            return;
    }
}

static void tell_end(pid_t pid, int status, const struct rusage *usage)
{
    const vprec_fork_answer end = {
        .kind = VPREC_FORK_ENDED, .pid = pid, .status = status,
        .user_us = (uint64_t)usage->ru_utime.tv_sec * 1000000 + (uint64_t)usage->ru_utime.tv_usec,
        .system_us = (uint64_t)usage->ru_stime.tv_sec * 1000000 + (uint64_t)usage->ru_stime.tv_usec,
        .max_rss = (uint64_t)usage->ru_maxrss * 1024,
    };
    send_answer(handed[VPREC_FORK_ANSWERS], &end);
}

/* The keeper's life: until its children have ended, and, once the cell's process has, for a little while. */
static _Noreturn void keep(pid_t pid)
{
    enum { DRAIN_NS = 2000000000, TICK_MS = 50 };
    const uint64_t child = UINT64_C(1) << (SIGCHLD - 1);
    const int news = (int)vprec_sys(SYS_signalfd4, -1, (long)&child, sizeof child, SFD_CLOEXEC, 0, 0);
    uint64_t ended = 0;
    for (;;) {
        struct pollfd events[] = {{.fd = handed[VPREC_FORK_LEASH], .events = POLLIN}, {.fd = news, .events = POLLIN}};
        struct signalfd_siginfo info;
        struct rusage usage;
        int status = 0;
        long who;
        vprec_sys(SYS_poll, (long)events, 2, ended || news < 0 ? TICK_MS : -1, 0, 0, 0);
        if (events[1].revents)
            vprec_sys_read(news, &info, sizeof info);
        if (events[0].revents && !ended)
            vprec_sys(SYS_kill, pid, SIGKILL, 0, 0, 0, 0);
        while ((who = vprec_sys(SYS_wait4, -1, (long)&status, WNOHANG, (long)&usage, 0, 0)) > 0)
            if (who == pid) {
                tell_end(pid, status, &usage);
                vprec_ahead_ended();
                ended = vprec_sys_now_ns();
            }
        if (ended && (who < 0 || events[0].revents || vprec_sys_now_ns() > ended + DRAIN_NS)) {
            end_children();
            vprec_forks_leave();
        }
    }
}

/* The variables that differ are the order's. What the program has read of them before it has read. */
static void set_environment(void)
{
    for (int i = 0; i < VPREC_FORK_SET; i++)
        for (char **e = environ; *order.set[i] && e && *e; e++) {
            size_t name = strcspn(order.set[i], "=") + 1;
            if (!strncmp(*e, order.set[i], name))
                *e = order.set[i];
        }
}

static _Noreturn void refuse(void)
{
    tell(handed[VPREC_FORK_ANSWERS], VPREC_FORK_REFUSED, false);
    tell(orders, VPREC_FORK_REFUSED, false);
    vprec_forks_leave();
}

static _Noreturn void refuse_since(const char *text, const char *name)
{
    size_t length = strlen(text);
    memcpy(why, text, length + 1);
    for (size_t i = 0; length + i < sizeof why - 1 && name[i]; i++)
        why[length + i] = name[i], why[length + i + 1] = 0;
    refuse();
}

/* The cell's process, before it goes on: a process of the cell's run. */
static void become(void)
{
    const vprec_wire *wire = vprec_wire_shared;
    if (!vprec_share_move(handed[VPREC_FORK_WIRE], order.place))
        refuse_since("its records cannot be taken over", "");
    vprec_wire_recipe *recipe = wire->recipe ? vprec_share_at(wire->recipe, wire->recipe_bytes) : NULL;
    if (!vprec_version_change(&wire->config, recipe))
        refuse_since("what is rounded differs in more than its formats", "");
    const char *late = vprec_scope_ask_again();
    if (late)
        refuse_since("this scope was entered before it: ", late);
    vprec_noise_change(wire->config.seed);
    if (!vprec_ahead_cell() && !vprec_demand_renew())
        refuse_since("its code cannot be translated anew", "");
    vprec_record_process->pid = vprec_sys_getpid();
    vprec_record_process->parent = (int32_t)order.place[VPREC_WIRE_OWNER];
    atomic_store(&vprec_record_process->ambiguous, 0);
}

/* Goes on when vprec-run has made its directory. */
static void go_on(void)
{
    const vprec_fork_answer ready = {.kind = VPREC_FORK_READY, .pid = vprec_sys_getpid()};
    char byte;
    send_answer(handed[VPREC_FORK_ANSWERS], &ready);
    if (vprec_sys(SYS_recvfrom, handed[VPREC_FORK_ANSWERS], (long)&byte, 1, 0, 0, 0) != 1)
        vprec_forks_leave();
    set_environment();
    if (!vprec_shared_part(&order, handed[VPREC_FORK_FILES], handed[VPREC_FORK_OUT], handed[VPREC_FORK_ERR], why,
                           sizeof why))
        refuse();
    close_handed();
    vprec_sys_close(orders);
}

static void set_child_action(bool plain)
{
    static const uint64_t none[4];
    const long to = plain ? (long)none : (long)&child_action, before = plain ? (long)&child_action : 0;
    vprec_sys(SYS_rt_sigaction, SIGCHLD, to, before, sizeof child_action.mask, 0, 0);
}

/* In the keeper, and back in the cell's process. */
static void make_cell(void)
{
    set_child_action(true); /* ignored, as a program may have it, children leave no status */
    vprec_sys(SYS_setpgid, 0, 0, 0, 0, 0, 0);
    vprec_sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0, 0);
    pid_t pid = vprec_forks_child();
    if (pid > 0)
        keep(pid);
    if (pid < 0)
        refuse_since("no process can be made", "");
    set_child_action(false);
    become();
    go_on();
}

/* Why no process is to be made of this one, in `why`. */
static bool can_fork(void)
{
    const char *text = "";
    int ours[VPREC_FORK_HANDED + 1] = {orders};
    fork_alone = (pid_t(*)(void))dlsym(RTLD_DEFAULT, "_Fork");
    dlerror(); /* what is missing is no error of the program's */
    if (!fork_alone)
        text = "the C library is older than glibc 2.34";
    else if (!vprec_version_tables || !vprec_view_here() || vprec_self_is_go())
        text = "its scopes are not followed";
    else if (!vprec_demand_renews())
        text = "a debugger has it, or it has forbidden itself system calls";
    memcpy(why, text, strlen(text) + 1);
    memcpy(ours + 1, handed, sizeof handed);
    return !*why && vprec_shared_look(&order, ours, VPREC_FORK_HANDED + 1, why, sizeof why);
}

/* Returns in each process that is made, and nowhere else. */
static void serve(void *unused)
{
    const uint64_t but_ours = ~VPREC_SET_OURS;
    uint64_t mask = 0;
    (void)unused;
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&but_ours, (long)&mask, sizeof mask, 0, 0);
    bool known = false, can = false;
    source = orders;
    for (pid_t pid = -1; pid; close_handed()) {
        if (!take_order())
            vprec_forks_leave();
        if (!known) {
            can = can_fork();
            tell(orders, can ? VPREC_FORK_WAITS : VPREC_FORK_REFUSED, true);
        }
        known = true;
        while (can && vprec_sys(SYS_wait4, -1, 0, WNOHANG, 0, 0, 0) > 0)
            continue;
        if (can && vprec_ahead_order(&order, handed, &source))
            continue;
        pid = can ? vprec_forks_child() : -1;
        if (!pid) {
            make_cell();
            break;
        }
        if (pid < 0)
            tell(handed[VPREC_FORK_ANSWERS], VPREC_FORK_REFUSED, true);
    }
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0, 0);
}

/* On a stack of its own: the program's may be small. */
static void wait_here(void)
{
    enum { STACK = 1 << 18 };
    static char *stack;
    if (stack || vprec_record_process->pid != vprec_sys_getpid() || !(stack = vprec_pages(STACK)))
        return;
    vprec_stack_call(serve, NULL, (uint64_t)(stack + STACK));
}

void vprec_forks_begin(bool is_first)
{
    if (!*vprec_wire_shared->config.fork_at || !is_first)
        return;
    orders = (int)vprec_wire_shared->config.fork_descriptor;
    vprec_scope_forks = wait_here;
    pthread_atfork(vprec_ahead_forks, NULL, NULL);
}
