/* SPDX-License-Identifier: Apache-2.0
 * forks.c: fork, vfork and posix_spawn in the middle of a computation; parent
 * and child go on. */
#include "life.h"
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void wait_for(pid_t pid)
{
    int status;

    fflush(stdout);
    need(waitpid(pid, &status, 0) == pid, "waitpid");
    printf("child: exit %d signal %d\n", WEXITSTATUS(status), WTERMSIG(status));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    chain c = chain_start(11), grown;
    char *again[] = {argv[0], "spawned", NULL};
    pid_t pid;

    if (argc > 1) {
        chain_run(&c, 333);
        chain_print(&c);
        return 5;
    }
    chain_run(&c, 100);
    fflush(stdout);
    pid = fork();
    need(pid >= 0, "fork");
    chain_run(&c, 100);
    if (pid == 0) {
        chain_run(&c, 50);
        pid = fork(); /* and its own child */
        chain_run(&c, pid == 0 ? 7 : 9);
        if (pid)
            wait_for(pid);
        chain_print(&c);
        fflush(stdout);
        _exit(3);
    }
    wait_for(pid);
    chain_print(&c);

    fflush(stdout);
    pid = vfork();
    need(pid >= 0, "vfork");
    if (pid == 0)
        _exit(4);
    wait_for(pid);
    fflush(stdout);
    pid = vfork();
    if (pid == 0) {
        execv("/proc/self/exe", again);
        _exit(127);
    }
    wait_for(pid);
    need(!posix_spawn(&pid, "/proc/self/exe", NULL, NULL, again, environ), "posix_spawn");
    wait_for(pid);
    grown = chain_of(12, 400);
    chain_print(&grown);
    return 0;
}
