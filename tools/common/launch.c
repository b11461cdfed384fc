/* SPDX-License-Identifier: Apache-2.0
 * launch.c: fork, exec, signals, wait. Knows nothing of what is recorded. */
#include "launch.h"
#include "runtime/wire.h"
#include "say.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a user or a job system sends to end or to poke a program. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
enum { FORWARDED = sizeof forwarded / sizeof *forwarded };

static struct sigaction before[FORWARDED];
static sigset_t mask_before;
static volatile pid_t child;

static void forward(int signal, siginfo_t *info, void *context)
{
    (void)context;
    int error = errno;
    /* What the terminal sends (ctrl-C) reaches the program through the process
     * group; only a timer of the caller's is vprec-run's alone. */
    if (child > 0 && (info->si_code != SI_KERNEL || signal == SIGALRM))
        kill(child, signal);
    errno = error;
}

void vprec_signals_hold(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < FORWARDED; i++)
        sigaddset(&set, forwarded[i]);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &mask_before);
}

static void handlers_install(void)
{
    struct sigaction action = {.sa_sigaction = forward, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FORWARDED; i++) {
        sigaction(forwarded[i], NULL, &before[i]);
        /* Ignored (nohup, background jobs) stays ignored, here and in the program. */
        if (before[i].sa_handler != SIG_IGN)
            sigaction(forwarded[i], &action, NULL);
    }
}

void vprec_signals_pass(pid_t pid)
{
    child = pid;
    if (!pid)
        return;
    handlers_install();
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

const sigset_t *vprec_signals_before(void)
{
    return &mask_before;
}

static void child_run(const char *path, char **argv, char **envp, int handed, int report,
                      const struct sigaction *sigchld)
{
    if (handed >= 0)
        fcntl(handed, F_SETFD, 0);
    for (size_t i = 0; i < FORWARDED; i++)
        sigaction(forwarded[i], &before[i], NULL);
    sigaction(SIGCHLD, sigchld, NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    execve(path, argv, envp);
    int error = errno;
    (void)!write(report, &error, sizeof error);
    _exit(VPREC_EXIT_REFUSED);
}

/* A way to the root that only glibc's loader knows, for what stands before a path in LD_PRELOAD: musl's takes $LIB for
 * the name of a directory, finds nothing, and starts the program without. With the library itself it would end it. */
static const char *glibc_root(void)
{
    static const char root[] = "/$LIB/../../../../../../../..";
    Dl_info libc;
    if (!dladdr((void *)dlopen, &libc) || *libc.dli_fname != '/')
        return "";
    char *file = vprec_text("%s%s", root, libc.dli_fname);
    void *known = dlopen(file, RTLD_LAZY | RTLD_NOLOAD); /* it is loaded: does it go by this name? */
    free(file);
    if (known)
        dlclose(known);
    return known ? root : "";
}

/* Our environment, and behind it the two variables that the program's process takes away from there again (wire.h).
 * Freed with what it consists of by environment_free. */
static char **environment_make(const char *preload, const char *wire)
{
    static const char variable[] = "LD_PRELOAD=";
    const char *user = getenv("LD_PRELOAD"), *root = glibc_root();
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **all = vprec_alloc(count + 3, sizeof *all), *element = vprec_text("%s%s", root, preload);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], VPREC_WIRE_ENV "=", sizeof VPREC_WIRE_ENV) != 0)
            all[kept++] = environ[i];
    all[kept] = vprec_text("%s%s%s%s", variable, element, user && *user ? ":" : "", user ? user : "");
    all[kept + 1] = vprec_text(VPREC_WIRE_ENV "=%s:%zu", wire, strlen(element));
    free(element);
    return all;
}

static void environment_free(char **all)
{
    size_t count = 0;
    while (all[count])
        count++;
    free(all[count - 1]);
    free(all[count - 2]);
    free(all);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is waited for is blocked: the child's end, and what somebody watches for. */
static void waited_for(sigset_t *set, const vprec_watch *watch)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    if (watch)
        sigaddset(set, SIGUSR1);
}

static void look(const vprec_watch *watch, const vprec_outcome *outcome)
{
    vprec_outcome so_far = *outcome;
    so_far.wall_seconds += seconds_now();
    watch->look(watch->data, &so_far);
}

/* Waits without reaping first, so that no signal goes to a process id that is no longer the program's. */
static void wait_for(pid_t pid, const vprec_watch *watch, vprec_outcome *outcome)
{
    siginfo_t info = {0};
    struct rusage usage = {0};
    sigset_t set;
    int status = 0;
    waited_for(&set, watch);
    while (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) && !info.si_pid)
        if (sigwaitinfo(&set, NULL) == SIGUSR1)
            look(watch, outcome);
    child = 0;
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    outcome->wall_seconds += seconds_now();
    outcome->user_seconds = (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec;
    outcome->system_seconds = (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec;
    outcome->max_rss = (int64_t)usage.ru_maxrss * 1024;
    outcome->exited = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool vprec_launch(const char *path, char **argv, const char *preload, const char *wire, int handed,
                  const vprec_watch *watch, vprec_outcome *outcome)
{
    sigset_t set, mask;
    struct sigaction sigchld, plain = {.sa_handler = SIG_DFL};
    int report[2];
    *outcome = (vprec_outcome){.exited = -1, .wall_seconds = -seconds_now()};
    if (pipe2(report, O_CLOEXEC)) {
        vprec_say("cannot prepare the start (%s): free some file descriptors", strerror(errno));
        return false;
    }
    char **envp = environment_make(preload, wire);
    handlers_install();
    /* With SIGCHLD ignored, as some callers leave it, there would be no status to wait for. */
    sigaction(SIGCHLD, &plain, &sigchld);
    pid_t pid = fork();
    if (pid == 0)
        child_run(path, argv, envp, handed, report[1], &sigchld);
    int error = errno;
    environment_free(envp);
    child = pid;
    waited_for(&set, watch);
    sigorset(&mask, &mask_before, &set);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        vprec_say("cannot start a process (%s): end some others, or raise the limit (ulimit -u)", strerror(error));
        return false;
    }
    outcome->pid = pid;
    /* A reader of the report that went away is an error to name, not a reason to die. */
    signal(SIGPIPE, SIG_IGN);
    ssize_t got;
    while ((got = read(report[0], &outcome->exec_error, sizeof outcome->exec_error)) < 0 && errno == EINTR) {
    }
    if (got != sizeof outcome->exec_error)
        outcome->exec_error = 0;
    close(report[0]);
    wait_for(pid, watch, outcome);
    return true;
}

int vprec_outcome_status(const vprec_outcome *outcome)
{
    if (outcome->exec_error)
        return outcome->exec_error == ENOENT ? VPREC_EXIT_MISSING : VPREC_EXIT_REFUSED;
    return outcome->signal ? 128 + outcome->signal : outcome->exited;
}
