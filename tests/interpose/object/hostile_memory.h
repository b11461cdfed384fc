/* SPDX-License-Identifier: Apache-2.0
 * hostile_memory.h: included before everything else in what hostile_test.c is made of: the system calls for memory
 * become the test's own, which take it from a heap that sees every byte too far, and nothing is kept for later. */
#ifndef VPREC_TEST_HOSTILE_MEMORY_H
#define VPREC_TEST_HOSTILE_MEMORY_H

#include "runtime/sys.h"
#include <stddef.h>

void *hostile_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
int hostile_munmap(const volatile void *at, size_t bytes);
int hostile_madvise(void *at, size_t bytes, int advice);

#define VPREC_PAGES_KEPT 0
#define vprec_sys_mmap hostile_mmap
#define vprec_sys_munmap hostile_munmap
#define vprec_sys_madvise hostile_madvise

#endif
