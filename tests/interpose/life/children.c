/* SPDX-License-Identifier: Apache-2.0
 * children.c: shows its environment, executes a program in each way that there is, and hardens itself.
 *
 * children show                  environ, /proc/self/environ, and what stands behind environ
 * children sum                   the sum of 10000 times 0.1f
 * children WAY PROGRAM [ARG...]  executes it, or starts it and waits; with an environment of one variable where the
 *                                way takes one
 * children mdwe PROGRAM...       the same by execv, after PR_SET_MDWE
 * children mdwe-opens LIBRARY    opens a library after PR_SET_MDWE, and calls vprec_test_sum in it
 * children namespace LIBRARY PROGRAM   starts it by a library of another namespace, with another C library
 * children threads PROGRAM...    starts it 200 times, by 8 threads
 * children signals               what is blocked and ignored of SIGTRAP, SIGSEGV and SIGUSR1
 * children sets PROGRAM...       by execv, once it has failed, with these blocked and ignored */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MDWE = 65 }; /* PR_SET_MDWE */

static char *const made[] = {"OWN=1", NULL};

__attribute__((noinline)) static float sum(int n)
{
    volatile float s = 0;
    for (int i = 0; i < n; i++)
        s += 0.1f;
    return s;
}

static int show(void)
{
    for (char **e = environ; *e; e++)
        printf("environ %s\n", *e);
    char text[1 << 16];
    FILE *file = fopen("/proc/self/environ", "r");
    size_t got = file ? fread(text, 1, sizeof text, file) : 0;
    for (size_t i = 0; i < got; i += strlen(text + i) + 1)
        printf("proc %s\n", text + i);
    /* As Go's runtime looks for the auxiliary vector. */
    char **end = environ;
    while (*end)
        end++;
    unsigned long page = 0;
    for (const unsigned long *aux = (const unsigned long *)(end + 1); aux[0] != AT_NULL; aux += 2)
        if (aux[0] == AT_PAGESZ)
            page = aux[1];
    printf("page size %lu of %lu\n", page, getauxval(AT_PAGESZ));
    return 0;
}

static int waited(pid_t pid)
{
    int status = 1;
    fflush(stdout);
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : 1;
}

static int by_spawn(char **argv, int (*spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                                              const posix_spawnattr_t *, char *const *, char *const *))
{
    pid_t pid = 0;
    return spawn(&pid, argv[0], NULL, NULL, argv, made) ? 1 : waited(pid);
}

static int vfork_once(const char *path, char **argv, int otherwise)
{
    pid_t pid = vfork();
    if (!pid) {
        execve(path, argv, made);
        _exit(otherwise);
    }
    return waited(pid);
}

static int by_vfork(char **argv)
{
    for (int i = 0; i < 300; i++)
        if (vfork_once("/", argv, 3) != 3 << 8)
            return 1;
    return vfork_once(argv[0], argv, 1);
}

/* An environment that is larger than what is kept ready for it. */
static int by_many(char **argv)
{
    enum { MANY = 6000 };
    static char *many[MANY + 2];
    for (int i = 0; i < MANY; i++)
        many[i] = made[0];
    many[MANY] = "LD_PRELOAD=libm.so.6";
    for (int i = 0; i < 3; i++) {
        pid_t pid = 0;
        if (posix_spawn(&pid, argv[0], NULL, NULL, argv, i < 2 ? many : made) || waited(pid))
            return 1;
    }
    return 0;
}

static int by_shell(const char *way, const char *program)
{
    char line[256];
    if (!strcmp(way, "system"))
        return system(program);
    FILE *pipe = popen(program, "r");
    while (pipe && fgets(line, sizeof line, pipe))
        fputs(line, stdout);
    return pipe ? pclose(pipe) : 1;
}

static int by_exec(const char *way, char **argv)
{
    errno = 0;
    if (syscall(SYS_execve, "/nothing", argv, made) != -1 || errno != ENOENT || syscall(SYS_getpid) != getpid() ||
        (char *)syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
        return 1;
    int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
    if (!strcmp(way, "execve"))
        execve(argv[0], argv, made);
    else if (!strcmp(way, "execle"))
        execle(argv[0], argv[0], "sum", (char *)NULL, made);
    else if (!strcmp(way, "execvpe"))
        execvpe(argv[0], argv, made);
    else if (!strcmp(way, "fexecve"))
        fexecve(fd, argv, made);
    else if (!strcmp(way, "execveat"))
        execveat(AT_FDCWD, argv[0], argv, made, 0);
    else if (!strcmp(way, "syscall"))
        syscall(SYS_execve, argv[0], argv, made);
    else if (!strcmp(way, "syscall-at"))
        syscall(SYS_execveat, fd, "", argv, made, AT_EMPTY_PATH);
    else if (!strcmp(way, "execv"))
        execv(argv[0], argv);
    else if (!strcmp(way, "execvp"))
        execvp(argv[0], argv);
    else if (!strcmp(way, "execl"))
        execl(argv[0], argv[0], "sum", (char *)NULL);
    else if (!strcmp(way, "execlp"))
        execlp(argv[0], argv[0], "sum", (char *)NULL);
    perror(way);
    return 1;
}

static void *spawn_some(void *argv)
{
    intptr_t failed = 0;
    for (int i = 0; i < 25; i++) {
        failed += (i % 2 ? by_spawn(argv, posix_spawn) : vfork_once(*(char **)argv, argv, 1)) != 0;
    }
    return (void *)failed;
}

static int by_threads(char **argv)
{
    pthread_t thread[8];
    void *failed = NULL;
    bool any = false;
    for (int i = 0; i < 8; i++)
        if (pthread_create(&thread[i], NULL, spawn_some, argv))
            return 1;
    for (int i = 0; i < 8; i++) {
        pthread_join(thread[i], &failed);
        any |= failed != NULL;
    }
    return any;
}

static const int signals[] = {SIGTRAP, SIGSEGV, SIGUSR1};

static int show_signals(void)
{
    sigset_t set;
    struct sigaction action;
    sigprocmask(SIG_BLOCK, NULL, &set);
    for (int i = 0; i < 3; i++) {
        sigaction(signals[i], NULL, &action);
        printf("signal %d: %d %d\n", signals[i], sigismember(&set, signals[i]), action.sa_handler == SIG_IGN);
    }
    return 0;
}

static void set_signals(char **argv)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < 3; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGTRAP, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    execv("/", argv);
    show_signals();
    fflush(stdout);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("%g\n", sum(10000)); /* by our signals, perhaps */
    fflush(stdout);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    if (!strcmp(way, "signals"))
        return show_signals();
    if (!strcmp(way, "show"))
        return show();
    if (!strcmp(way, "sum"))
        return printf("%g\n", sum(10000)) < 0;
    if (argc < 3)
        return 2;
    if (!strncmp(way, "mdwe", 4) && prctl(MDWE, 1, 0, 0, 0))
        return 77;
#ifndef ALONE /* what is linked statically opens nothing */
    if (!strcmp(way, "mdwe-opens")) {
        void *library = dlopen(argv[2], RTLD_NOW);
        float (*other)(int) = library ? (float (*)(int))dlsym(library, "vprec_test_sum") : NULL;
        return other ? printf("%g %g\n", sum(10000), other(10000)) < 0 : 1;
    }
    if (!strcmp(way, "namespace") && argc > 3) {
        void *library = dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW);
        int (*start)(const char *) = library ? (int (*)(const char *))dlsym(library, "vprec_test_start") : NULL;
        return start ? start(argv[3]) : 1;
    }
#endif
    if (!strcmp(way, "threads"))
        return by_threads(argv + 2);
    if (!strcmp(way, "sets"))
        set_signals(argv + 2);
    if (!strcmp(way, "mdwe") || !strcmp(way, "sets"))
        return by_exec("execv", argv + 2);
    if (!strcmp(way, "posix_spawn"))
        return by_spawn(argv + 2, posix_spawn);
    if (!strcmp(way, "posix_spawnp"))
        return by_spawn(argv + 2, posix_spawnp);
    if (!strcmp(way, "vfork"))
        return by_vfork(argv + 2);
    if (!strcmp(way, "many"))
        return by_many(argv + 2);
    if (!strcmp(way, "system") || !strcmp(way, "popen"))
        return by_shell(way, argv[2]);
    return by_exec(way, argv + 2);
}
