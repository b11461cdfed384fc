/* SPDX-License-Identifier: Apache-2.0
 * unready.c: a library to preload that interposes what sanitizers and libfaketime
 * do, and like them cannot be called before its constructor has run. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int ready;

__attribute__((constructor)) static void construct(void)
{
    ready = 1;
}

static void called(const char *name)
{
    size_t n = 0;

    if (ready)
        return;
    while (name[n])
        n++;
    __asm__ volatile("syscall" : : "a"(SYS_write), "D"(2), "S"(name), "d"(n) : "rcx", "r11", "memory");
    __asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(77) : "rcx", "r11", "memory");
}

#define NEXT(type, name, parameters, arguments)                                                                       \
    type name parameters                                                                                              \
    {                                                                                                                 \
        called(#name "\n");                                                                                           \
        return ((type(*) parameters)dlsym(RTLD_NEXT, #name))arguments;                                                \
    }

NEXT(int, clock_gettime, (clockid_t id, struct timespec *t), (id, t))
NEXT(pid_t, getpid, (void), ())
NEXT(pid_t, getppid, (void), ())
NEXT(int, fstat64, (int fd, struct stat64 *s), (fd, s))
NEXT(int, close, (int fd), (fd))
NEXT(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n))
NEXT(ssize_t, readlink, (const char *path, char *to, size_t n), (path, to, n))
NEXT(void *, mmap64, (void *at, size_t n, int p, int f, int fd, off64_t o), (at, n, p, f, fd, o))
NEXT(int, munmap, (void *at, size_t n), (at, n))
NEXT(int, mprotect, (void *at, size_t n, int p), (at, n, p))
NEXT(int, madvise, (void *at, size_t n, int a), (at, n, a))
NEXT(char *, getenv, (const char *name), (name))
NEXT(void *, malloc, (size_t n), (n))
NEXT(int, strcmp, (const char *a, const char *b), (a, b))
NEXT(int, strncmp, (const char *a, const char *b, size_t n), (a, b, n))
NEXT(size_t, strlen, (const char *a), (a))
NEXT(char *, strrchr, (const char *a, int c), (a, c))
NEXT(int, sigfillset, (sigset_t *set), (set))
NEXT(int, sigaddset, (sigset_t *set, int n), (set, n))

int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    called("open\n");
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}

long syscall(long number, ...)
{
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    called("syscall\n");
    return ((long (*)(long, ...))dlsym(RTLD_NEXT, "syscall"))(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
