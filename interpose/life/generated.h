/* SPDX-License-Identifier: Apache-2.0
 * generated.h: code that a program makes while it runs. Memory that selected code makes executable does not become so:
 * what is executed there is translated by demand.c, as that of a file is, but always runs as clones, whose originals
 * are compared on entry: they may be written at any time. */
#ifndef VPREC_LIFE_GENERATED_H
#define VPREC_LIFE_GENERATED_H

#include "x86/round/round.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* From now on such memory is followed. */
void vprec_generated_begin(enum vprec_isa isa);

/* mmap, mprotect, pkey_mprotect, munmap or mremap by an instruction at `from`. True: it was made, `*result` is its
 * result or -errno. False: the program may make it. */
bool vprec_generated_call(long number, const uint64_t arguments[6], uint64_t from, long *result);

/* The kernel is about to write there for the program, and would refuse where W was taken. */
void vprec_generated_fill(uint64_t at, size_t bytes);
void vprec_generated_fill_all(const struct iovec *parts, size_t count);

/* For demand.c: the kernel may give the memory X after all, since its code cannot be translated. */
bool vprec_generated_give_up(uint64_t lo, uint64_t hi);

#endif
