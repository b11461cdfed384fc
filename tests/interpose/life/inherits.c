/* SPDX-License-Identifier: Apache-2.0
 * inherits.c: what a program hands on of SIGSEGV and SIGTRAP, blocked, ignored,
 * handled or pending, by each way to execute another: itself, which shows it. */
#include "life.h"
#include "traps.h"
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

static int shows(const char *what)
{
    static const int numbers[] = {SIGSEGV, SIGTRAP, SIGUSR1, SIGHUP};
    sigset_t mask, pending;
    struct sigaction a;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    printf("%s:", what);
    for (int i = 0; i < 4; i++) {
        sigaction(numbers[i], NULL, &a);
        printf(" %d %s%s%s", numbers[i], sigismember(&mask, numbers[i]) ? "blocked " : "",
               sigismember(&pending, numbers[i]) ? "pending " : "",
               a.sa_handler == SIG_DFL ? "default" : a.sa_handler == SIG_IGN ? "ignored" : "handled");
    }
    printf("\n");
    return 0;
}

static void finish(pid_t child, const char *what)
{
    int status;

    need(waitpid(child, &status, 0) == child, "waitpid");
    printf("%s: status %x\n", what, (unsigned)status);
}

static void by_fork(const char *what)
{
    pid_t child;

    fflush(stdout);
    if (!(child = fork())) {
        execl("/nothing/there", "nothing", NULL);
        shows("still here");
        fflush(stdout);
        execl(self, self, what, NULL);
        _exit(9);
    }
    finish(child, "fork");
    if (!(child = vfork())) {
        execl(self, self, what, NULL);
        _exit(9);
    }
    finish(child, "vfork");
}

static void by_spawn(const char *what, short flags, int number)
{
    posix_spawnattr_t attr;
    sigset_t set;
    char *const args[] = {(char *)self, (char *)what, NULL};
    pid_t child;

    sigemptyset(&set);
    sigaddset(&set, number);
    need(!posix_spawnattr_init(&attr) && !posix_spawnattr_setflags(&attr, flags) &&
             !posix_spawnattr_setsigmask(&attr, &set) && !posix_spawnattr_setsigdefault(&attr, &set),
         "attributes");
    fflush(stdout);
    need(!posix_spawn(&child, self, NULL, flags ? &attr : NULL, args, environ), "posix_spawn");
    finish(child, "spawn");
    printf("nothing there: %d\n", posix_spawnp(&child, "/nothing/there", NULL, &attr, args, environ) != 0);
    shows("parent");
}

static void all(const char *what)
{
    char command[4200];

    shows(what);
    by_fork(what);
    by_spawn(what, 0, 0);
    by_spawn(what, POSIX_SPAWN_SETSIGMASK, SIGTRAP);
    by_spawn(what, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF, SIGSEGV);
    by_spawn(what, POSIX_SPAWN_SETSIGDEF, SIGTRAP);
    snprintf(command, sizeof command, "exec '%s' '%s'", self, what);
    fflush(stdout);
    printf("system: %d\n", system(command));
    traps_run();
}

static void on_signal(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    sigset_t set;
    chain c = chain_of(95, 60);

    self = argv[0];
    if (argc > 1)
        return shows(argv[1]);
    chain_print(&c);
    all("as it comes");
    signal(SIGSEGV, on_signal);
    signal(SIGUSR1, on_signal);
    all("handled");
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    all("one blocked");
    sigaddset(&set, SIGTRAP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    all("both blocked");
    raise(SIGSEGV);
    all("pending");
    signal(SIGSEGV, SIG_IGN);
    signal(SIGTRAP, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    all("ignored and blocked");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    all("ignored");
    signal(SIGTRAP, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTRAP);
    execl("/nothing/there", "nothing", NULL);
    shows("before the end");
    fflush(stdout);
    execl(self, self, "in the end", NULL);
    return 9;
}
