/* SPDX-License-Identifier: Apache-2.0
 * fills.c: the C library's functions by which the kernel writes to memory of the program's choice. Of code that has
 * stopped to change W was taken (opened.h), and a write by the kernel is no fault: the call would fail. */
#include "generated.h"
#include "runtime/next.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#undef fread_unlocked

#define EACH(_)                                                                                                       \
    _(read) _(pread) _(readv) _(preadv) _(recv) _(recvfrom) _(recvmsg) _(fread) _(fread_unlocked)
VPREC_NEXT_TABLE(EACH)

PUBLIC ssize_t read(int fd, void *to, size_t bytes)
{
    vprec_generated_fill((uint64_t)to, bytes);
    return NEXT(read)(fd, to, bytes);
}

PUBLIC ssize_t pread(int fd, void *to, size_t bytes, off_t offset)
{
    vprec_generated_fill((uint64_t)to, bytes);
    return NEXT(pread)(fd, to, bytes, offset);
}

PUBLIC ssize_t readv(int fd, const struct iovec *parts, int count)
{
    vprec_generated_fill_all(parts, count > 0 ? (size_t)count : 0);
    return NEXT(readv)(fd, parts, count);
}

PUBLIC ssize_t preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
    vprec_generated_fill_all(parts, count > 0 ? (size_t)count : 0);
    return NEXT(preadv)(fd, parts, count, offset);
}

/* The header gives their names to pread64 and preadv64: here are the other ones. */
ssize_t pread_plain(int fd, void *to, size_t bytes, off_t offset) __asm__("pread");
PUBLIC ssize_t pread_plain(int fd, void *to, size_t bytes, off_t offset)
{
    vprec_generated_fill((uint64_t)to, bytes);
    return NEXT(pread)(fd, to, bytes, offset);
}

ssize_t preadv_plain(int fd, const struct iovec *parts, int count, off_t offset) __asm__("preadv");
PUBLIC ssize_t preadv_plain(int fd, const struct iovec *parts, int count, off_t offset)
{
    vprec_generated_fill_all(parts, count > 0 ? (size_t)count : 0);
    return NEXT(preadv)(fd, parts, count, offset);
}

PUBLIC ssize_t recv(int fd, void *to, size_t bytes, int flags)
{
    vprec_generated_fill((uint64_t)to, bytes);
    return NEXT(recv)(fd, to, bytes, flags);
}

PUBLIC ssize_t recvfrom(int fd, void *to, size_t bytes, int flags, __SOCKADDR_ARG from, socklen_t *length)
{
    vprec_generated_fill((uint64_t)to, bytes);
    return NEXT(recvfrom)(fd, to, bytes, flags, from, length);
}

PUBLIC ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    vprec_generated_fill_all(message->msg_iov, message->msg_iovlen);
    return NEXT(recvmsg)(fd, message, flags);
}

/* What is much goes past the stream's own buffer. */
PUBLIC size_t fread(void *to, size_t size, size_t count, FILE *stream)
{
    vprec_generated_fill((uint64_t)to, size * count);
    return NEXT(fread)(to, size, count, stream);
}

PUBLIC size_t fread_unlocked(void *to, size_t size, size_t count, FILE *stream)
{
    vprec_generated_fill((uint64_t)to, size * count);
    return NEXT(fread_unlocked)(to, size, count, stream);
}
