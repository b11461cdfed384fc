/* SPDX-License-Identifier: Apache-2.0
 * share.h: the run's shared file (wire.h) in this process: finds it, maps its
 * header, and of the rest the pieces that are asked for. Knows no records. */
#ifndef VPREC_RUNTIME_SHARE_H
#define VPREC_RUNTIME_SHARE_H

#include "wire.h"
#include <stdbool.h>
#include <stddef.h>

extern vprec_wire *vprec_wire_shared; /* the header; NULL: this process is not part of a run */

/* Opens the file that the value of VPREC_WIRE_ENV names. False: it cannot be reached. */
bool vprec_share_open(const char *place);

/* What that value said. */
uint64_t vprec_share_place(enum vprec_wire_place place);

/* In a child of fork: from now on this is a process of another run, whose file `fd` is, at `place`. What the two have in
 * common, records and all that processes of this run have written, is copied there, and lies where it lay; the new
 * file's configuration holds. False: no memory, or no room; then nothing is as it was. */
bool vprec_share_move(int fd, const uint64_t place[VPREC_WIRE_PLACES]);

/* Sees to it that what is executed next inherits the descriptor, also if the program has closed it since. Where that
 * cannot be done, nothing is: the file may be found all the same. Async-signal-safe. */
void vprec_share_hand_on(void);

/* The inherited descriptor, for what this process executes; -1: closed since, or never there. Async-signal-safe. */
int vprec_share_descriptor(void);

/* What follows is async-signal-safe, and uses no descriptor: the program may have closed them all. */

/* A new chunk with room for `bytes`; NULL: no memory, no address space, or the file is full. All its memory is there,
 * so that writing cannot fail. */
vprec_chunk *vprec_share_take(size_t bytes);
uint64_t vprec_share_taken(void); /* bytes, by this process and those that it was forked from */

/* Where `bytes` from `offset` lie in this process, mapped now if need be; NULL: they cannot be. */
void *vprec_share_at(uint64_t offset, size_t bytes);

/* Another meter (wire.h), zeros, whose memory is taken when it is written to; NULL: none left, or no address space. */
vprec_meter *vprec_share_meter(void);

/* The place in the file of what one of these calls gave; 0: of none. */
uint64_t vprec_share_offset(const void *address);

#endif
