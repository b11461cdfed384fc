/* SPDX-License-Identifier: Apache-2.0
 * mapping.h: the file that vprec-run shares with the processes it watches
 * (wire.h): made before the run, gone when nobody has it open. */
#ifndef VPREC_RUN_MAPPING_H
#define VPREC_RUN_MAPPING_H

#include "runtime/wire.h"
#include <stdbool.h>

typedef struct vprec_mapping {
    vprec_wire *wire;  /* the header; anything in it may have been overwritten by a process gone wild */
    uint64_t head;     /* bytes of the header, and of the recipe behind it */
    const vprec_wire_recipe *recipe; /* there; NULL: none */
    uint32_t lines;    /* that it was made with */
    uint64_t capacity; /* bytes of the file, but for the meters behind them, */
    uint32_t meters;   /* at most so many */
    int file;          /* the whole file, for us */
    int handed;        /* a second descriptor, for the program: of a number that it uses for nothing else. -1: none */
    uint64_t data, hole; /* what lies between them has been written to, as far as is known */
    char *place;       /* what VPREC_WIRE_ENV is set to, but for the last number */
} vprec_mapping;

/* Makes the file and writes header and configuration. False, having said why. */
bool vprec_mapping_create(vprec_mapping *mapping, const vprec_wire_config *config,
                          const vprec_wire_recipe *recipe);

/* Copies what the processes have written of the `size` bytes from `offset` on, which lie within the file; the rest of
 * `*to` stays, and is zeros in the file. While they write: each aligned word is one that was written, and is not older
 * than those before it. False: it cannot be read. */
bool vprec_mapping_copy(vprec_mapping *mapping, void *to, uint64_t size, uint64_t offset);

/* Whether processes that attached to it are still there. */
bool vprec_mapping_close(vprec_mapping *mapping);

#endif
