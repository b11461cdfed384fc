/* SPDX-License-Identifier: Apache-2.0
 * sys.h: raw system calls, for what runs before libc is ready or in a signal
 * handler: no errno, no cancellation point, no wrapper of the program's. The
 * result is the kernel's: -errno where it failed. */
#ifndef VPREC_RUNTIME_SYS_H
#define VPREC_RUNTIME_SYS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

static inline long vprec_sys(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Whether a result, of calls that deliver addresses too, is an error. */
static inline bool vprec_sys_failed(long result)
{
    return (unsigned long)result > -4096UL;
}

static inline int vprec_sys_open(const char *path, int flags)
{
    return (int)vprec_sys(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static inline void vprec_sys_close(int fd)
{
    vprec_sys(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long vprec_sys_read(int fd, void *to, size_t bytes)
{
    return vprec_sys(SYS_read, fd, (long)to, (long)bytes, 0, 0, 0);
}

/* Reads the process' own memory, which may not be there; false: part of it is not. */
static inline bool vprec_sys_peek(uint64_t address, void *to, size_t bytes)
{
    struct iovec into = {to, bytes}, from = {(void *)address, bytes};
    long pid = vprec_sys(SYS_getpid, 0, 0, 0, 0, 0, 0);
    return vprec_sys(SYS_process_vm_readv, pid, (long)&into, 1, (long)&from, 1, 0) == (long)bytes;
}

/* Whether the processor holds every return against a stack of return addresses of its own. */
static inline bool vprec_sys_shadow_stack(void)
{
    uint64_t pointer = 0;
    __asm__("rdsspq %0" : "+r"(pointer));
    return pointer;
}

static inline long vprec_sys_readlink(const char *path, char *to, size_t bytes)
{
    return vprec_sys(SYS_readlink, (long)path, (long)to, (long)bytes, 0, 0, 0);
}

static inline void *vprec_sys_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    long result = vprec_sys(SYS_mmap, (long)at, (long)bytes, protection, flags, fd, offset);
    return vprec_sys_failed(result) ? MAP_FAILED : (void *)result;
}

static inline int vprec_sys_munmap(const volatile void *at, size_t bytes)
{
    return (int)vprec_sys(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0);
}

static inline int vprec_sys_mprotect(const volatile void *at, size_t bytes, int protection)
{
    return (int)vprec_sys(SYS_mprotect, (long)at, (long)bytes, protection, 0, 0, 0);
}

static inline int vprec_sys_madvise(void *at, size_t bytes, int advice)
{
    return (int)vprec_sys(SYS_madvise, (long)at, (long)bytes, advice, 0, 0, 0);
}

static inline int vprec_sys_getpid(void)
{
    return (int)vprec_sys(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline int vprec_sys_gettid(void)
{
    return (int)vprec_sys(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

/* A barrier in every thread of the process: a command of membarrier(), and the one that asks for its use. False: the
 * kernel has none. */
static inline bool vprec_sys_barrier(long command, long asks)
{
    return !vprec_sys(SYS_membarrier, command, 0, 0, 0, 0, 0) ||
           (!vprec_sys(SYS_membarrier, asks, 0, 0, 0, 0, 0) && !vprec_sys(SYS_membarrier, command, 0, 0, 0, 0, 0));
}

static inline uint64_t vprec_sys_now_ns(void)
{
    struct timespec t = {0};
    vprec_sys(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0, 0, 0, 0);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
