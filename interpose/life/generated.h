/* SPDX-License-Identifier: Apache-2.0
 * generated.h: code that a program makes while it runs. Memory that selected code makes executable does not become so:
 * what is executed there is translated by demand.c, as that of a file is, but always runs as clones, whose originals
 * are compared on entry: they may be written at any time. */
#ifndef VPREC_LIFE_GENERATED_H
#define VPREC_LIFE_GENERATED_H

#include "x86/round/round.h"
#include <stdbool.h>
#include <stdint.h>

/* From now on such memory is followed. */
void vprec_generated_begin(enum vprec_isa isa);

/* For demand.c: the kernel may give the memory X after all, since its code cannot be translated. */
bool vprec_generated_give_up(uint64_t lo, uint64_t hi);

#endif
