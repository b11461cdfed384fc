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
    char *place;       /* what VPREC_WIRE_ENV is set to, but for the last number */
} vprec_mapping;

/* Makes the file and writes header and configuration. False, having said why. */
bool vprec_mapping_create(vprec_mapping *mapping, const vprec_wire_config *config,
                          const vprec_wire_recipe *recipe);

/* Whether processes that attached to it are still there. */
bool vprec_mapping_close(vprec_mapping *mapping);

#endif
