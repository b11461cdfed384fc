/* SPDX-License-Identifier: Apache-2.0
 * forked.c: see forked.h. The process is no child of ours: its keeper tells how it ended, and ends it when a child of
 * ours is gone that holds one end of a pipe, the leash. So it ends with us, and who ends our children ends it. */
#include "forked.h"
#include "common/say.h"
#include "sample/forks.h"
#include "sample/results.h"
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static vprec_forks forks = {.socket = -1};
static vprec_fork_file inherited[VPREC_FORK_INHERITED];
static int answers = -1;
static pid_t leash = -1;

/* A number that the program is given for nothing else, if there is one: it comes to the program. */
static int hand_on(int fd)
{
    enum { HIGH = 4000 };
    int high = fcntl(fd, F_DUPFD, HIGH);
    if (high >= 0)
        close(fd);
    return high >= 0 ? high : fd;
}

static void note_inherited(void)
{
    struct stat st;
    for (int fd = STDERR_FILENO + 1; fd < VPREC_FORK_INHERITED; fd++)
        if (fd != forks.socket && !fstat(fd, &st))
            inherited[fd] = (vprec_fork_file){st.st_dev, st.st_ino};
}

void vprec_forked_read(vprec_wire_config *config)
{
    if (!vprec_forks_read(&forks))
        return;
    note_inherited();
    if (!forks.glob)
        return;
    snprintf(config->fork_at, sizeof config->fork_at, "%s", forks.glob);
    config->fork_descriptor = (uint32_t)hand_on(forks.socket);
    forks.socket = -1;
}

/* The process whose end ends the other. -1: there is none. */
static pid_t make_leash(int end)
{
    pid_t parent = getpid(), pid = fork();
    if (pid)
        return pid;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(end, STDIN_FILENO) < 0 || syscall(SYS_close_range, STDOUT_FILENO, UINT32_MAX, 0) || getppid() != parent)
        _exit(VPREC_EXIT_FAILURE);
    for (;;)
        pause();
}

static bool file_of(const char *path, vprec_fork_file *file)
{
    struct stat st;
    if (stat(path, &st))
        return false;
    *file = (vprec_fork_file){st.st_dev, st.st_ino};
    return true;
}

static void set_variable(char to[VPREC_FORK_PATH], const char *name)
{
    const char *value = getenv(name);
    if (value)
        snprintf(to, VPREC_FORK_PATH, "%s=%s", name, value);
}

/* What the process is to be, but for the descriptors. NULL: something is too long, or not there. */
static vprec_fork_order *make_order(const vprec_mapping *mapping)
{
    vprec_fork_order *order = vprec_alloc(1, sizeof *order);
    char *out = vprec_text("%s/stdout", forks.directory), *err = vprec_text("%s/stderr", forks.directory);
    char *files = vprec_text("%s/files", forks.directory), *real = realpath(files, NULL);
    const char *at = mapping->place;
    for (int i = 0; i < VPREC_WIRE_ELEMENT && *at; i++, at += *at == ':') {
        char *end;
        order->place[i] = strtoull(at, &end, 10);
        at = end;
    }
    memcpy(order->inherited, inherited, sizeof inherited);
    set_variable(order->set[0], "VPREC_SAMPLE");
    set_variable(order->set[1], "VPREC_SAMPLE_DIR");
    bool ok = real && strlen(real) < sizeof order->files && file_of(out, &order->out) && file_of(err, &order->err);
    if (ok)
        memcpy(order->files, real, strlen(real) + 1);
    free(real);
    free(files);
    free(err);
    free(out);
    if (!ok)
        free(order);
    return ok ? order : NULL;
}

static bool send_order(const vprec_fork_order *order, const int handed[VPREC_FORK_HANDED])
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(VPREC_FORK_HANDED * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec text = {(void *)(uintptr_t)order, sizeof *order};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(VPREC_FORK_HANDED * sizeof(int));
    memcpy(CMSG_DATA(head), handed, VPREC_FORK_HANDED * sizeof(int));
    ssize_t sent;
    while ((sent = sendmsg(forks.socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
    }
    return sent == (ssize_t)sizeof *order;
}

/* Gives the order; the answers come by `answers`. False: nobody takes it. */
static bool ask(const vprec_mapping *mapping)
{
    int pair[2] = {-1, -1}, line[2] = {-1, -1};
    const char *files = getenv("VPREC_SAMPLE_DIR");
    vprec_fork_order *order = make_order(mapping);
    int directory = files ? open(files, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = order && directory >= 0 && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) &&
              !pipe2(line, O_CLOEXEC) && (leash = make_leash(line[1])) > 0;
    const int handed[VPREC_FORK_HANDED] = {
        [VPREC_FORK_ANSWERS] = pair[1], [VPREC_FORK_LEASH] = line[0], [VPREC_FORK_WIRE] = mapping->file,
        [VPREC_FORK_OUT] = STDOUT_FILENO, [VPREC_FORK_ERR] = STDERR_FILENO, [VPREC_FORK_FILES] = directory,
    };
    ok = ok && send_order(order, handed);
    answers = ok ? pair[0] : -1;
    const int done[] = {ok ? -1 : pair[0], pair[1], line[0], line[1], directory};
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        if (done[i] >= 0)
            close(done[i]);
    free(order);
    close(forks.socket);
    forks.socket = -1;
    return ok;
}

/* The next answer; false: there will be none. `mask`: what signals may end us meanwhile; NULL: as it is. */
static bool next(vprec_fork_answer *answer, const sigset_t *mask)
{
    struct pollfd event = {.fd = answers, .events = POLLIN};
    ssize_t n;
    while (mask && ppoll(&event, 1, NULL, mask) < 0 && errno == EINTR) {
    }
    while ((n = recv(answers, answer, sizeof *answer, 0)) < 0 && errno == EINTR) {
    }
    return n == (ssize_t)sizeof *answer;
}

static void drop(void)
{
    if (answers >= 0)
        close(answers);
    answers = -1;
    if (leash <= 0)
        return;
    kill(leash, SIGKILL);
    while (waitpid(leash, NULL, 0) < 0 && errno == EINTR) {
    }
    leash = -1;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What the waiting process has written so far, the cell's has, too. */
static bool copy_written(void)
{
    static const struct {
        const char *name;
        int fd;
    } streams[] = {{"stdout", STDOUT_FILENO}, {"stderr", STDERR_FILENO}};
    bool ok = true;
    for (size_t i = 0; i < 2 && ok; i++) {
        char *path = vprec_text("%s/%s", forks.directory, streams[i].name);
        int from = open(path, O_RDONLY | O_CLOEXEC);
        ok = from >= 0 && vprec_copy(from, streams[i].fd);
        if (from >= 0)
            close(from);
        free(path);
    }
    char *files = vprec_text("%s/files", forks.directory);
    ok = ok && vprec_tree_copy(files, getenv("VPREC_SAMPLE_DIR"));
    free(files);
    return ok;
}

static void conclude(const vprec_fork_answer *end, vprec_outcome *outcome)
{
    outcome->wall_seconds += now();
    outcome->user_seconds = (double)end->user_us * 1e-6;
    outcome->system_seconds = (double)end->system_us * 1e-6;
    outcome->max_rss = (int64_t)end->max_rss;
    outcome->exited = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
    outcome->signal = WIFSIGNALED(end->status) ? WTERMSIG(end->status) : 0;
}

bool vprec_forked_run(const vprec_mapping *mapping, vprec_outcome *outcome, bool *asked)
{
    vprec_fork_answer answer;
    *outcome = (vprec_outcome){.exited = -1};
    *asked = forks.directory != NULL;
    if (!*asked || !ask(mapping)) {
        drop();
        return false;
    }
    if (!next(&answer, vprec_signals_before()) || answer.kind != VPREC_FORK_READY) {
        drop();
        return false;
    }
    if (!copy_written()) {
        vprec_say("cannot copy what was written before the scope of --fork-at to '%s' (%s): free room there",
                  getenv("VPREC_SAMPLE_DIR"), strerror(errno));
        drop();
        exit(VPREC_EXIT_FAILURE);
    }
    outcome->pid = answer.pid;
    outcome->wall_seconds = -now();
    vprec_signals_pass(answer.pid);
    signal(SIGPIPE, SIG_IGN);
    (void)!send(answers, "", 1, MSG_NOSIGNAL);
    bool ended = next(&answer, NULL);
    vprec_signals_pass(0);
    if (ended && answer.kind == VPREC_FORK_ENDED) {
        conclude(&answer, outcome);
        return true;
    }
    vprec_say("the process made at the scope of --fork-at did not go on%s%s: leave out --fork-at",
              ended ? ", since " : "", ended ? answer.text : "");
    drop();
    exit(VPREC_EXIT_FAILURE);
}

void vprec_forked_end(void)
{
    vprec_fork_answer answer;
    while (answers >= 0 && next(&answer, NULL)) {
    }
    drop();
}
