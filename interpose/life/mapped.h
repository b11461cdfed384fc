/* SPDX-License-Identifier: Apache-2.0
 * mapped.h: what the kernel has mapped at an address. */
#ifndef VPREC_LIFE_MAPPED_H
#define VPREC_LIFE_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

enum { VPREC_MAPPED_READ = 1, VPREC_MAPPED_WRITE = 2, VPREC_MAPPED_EXECUTE = 4, VPREC_MAPPED_SHARED = 8 };

typedef struct vprec_mapped {
    uint64_t start, end, has;
} vprec_mapped;

/* What is asked, to be closed; < 0: there is no /proc. */
int vprec_mapped_open(void);

/* The mapping that holds the address. False: there is none, or it cannot be told. */
bool vprec_mapped_at(int maps, uint64_t address, vprec_mapped *mapped);

#endif
