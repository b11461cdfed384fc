/* SPDX-License-Identifier: Apache-2.0
 * since.c: functions that glibc has since 2.32 and 2.33, for what is linked to run with an older one: see glibc.py. A
 * file's state is the same structure for the kernel and for glibc on x86-64, in both of a function's names. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int vprec_since_fstatat(int folder, const char *path, struct stat *state, int flags) __asm__("fstatat");
int vprec_since_fstatat64(int folder, const char *path, struct stat *state, int flags) __asm__("fstatat64");
int vprec_since_stat(const char *path, struct stat *state) __asm__("stat");
int vprec_since_stat64(const char *path, struct stat *state) __asm__("stat64");
int vprec_since_lstat(const char *path, struct stat *state) __asm__("lstat");
int vprec_since_lstat64(const char *path, struct stat *state) __asm__("lstat64");
int vprec_since_fstat(int fd, struct stat *state) __asm__("fstat");
int vprec_since_fstat64(int fd, struct stat *state) __asm__("fstat64");
const char *vprec_since_sigabbrev_np(int number) __asm__("sigabbrev_np");

int vprec_since_fstatat(int folder, const char *path, struct stat *state, int flags)
{
    return (int)syscall(SYS_newfstatat, folder, path, state, flags);
}

int vprec_since_fstatat64(int folder, const char *path, struct stat *state, int flags)
{
    return (int)syscall(SYS_newfstatat, folder, path, state, flags);
}

int vprec_since_stat(const char *path, struct stat *state)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, state, 0);
}

int vprec_since_stat64(const char *path, struct stat *state)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, state, 0);
}

int vprec_since_lstat(const char *path, struct stat *state)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, state, AT_SYMLINK_NOFOLLOW);
}

int vprec_since_lstat64(const char *path, struct stat *state)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, state, AT_SYMLINK_NOFOLLOW);
}

int vprec_since_fstat(int fd, struct stat *state)
{
    return (int)syscall(SYS_fstat, fd, state);
}

int vprec_since_fstat64(int fd, struct stat *state)
{
    return (int)syscall(SYS_fstat, fd, state);
}

/* "SEGV" for SIGSEGV; NULL: no such signal, or one of those that have only numbers. */
const char *vprec_since_sigabbrev_np(int number)
{
    switch (number) {
#define NAME(abbreviation)                                                                                             \
    case SIG##abbreviation: return #abbreviation;
        NAME(HUP) NAME(INT) NAME(QUIT) NAME(ILL) NAME(TRAP) NAME(ABRT) NAME(BUS) NAME(FPE) NAME(KILL) NAME(USR1)
        NAME(SEGV) NAME(USR2) NAME(PIPE) NAME(ALRM) NAME(TERM) NAME(STKFLT) NAME(CHLD) NAME(CONT) NAME(STOP) NAME(TSTP)
        NAME(TTIN) NAME(TTOU) NAME(URG) NAME(XCPU) NAME(XFSZ) NAME(VTALRM) NAME(PROF) NAME(WINCH) NAME(POLL) NAME(PWR)
        NAME(SYS)
#undef NAME
    default: return NULL;
    }
}
