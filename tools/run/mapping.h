/* SPDX-License-Identifier: Apache-2.0
 * mapping.h: the file that vprec-run shares with the processes it watches
 * (wire.h): made before the run, unlinked after it. */
#ifndef VPREC_MAPPING_H
#define VPREC_MAPPING_H

#include "runtime/wire.h"
#include <stdbool.h>

typedef struct vprec_mapping {
    vprec_wire *wire;  /* anything in it may have been overwritten by a process gone wild */
    uint64_t capacity; /* bytes that are mapped */
    char *path;
} vprec_mapping;

/* Makes the file, mode 0600, and writes header and configuration. False, having said why. */
bool vprec_mapping_create(vprec_mapping *mapping, const vprec_wire_config *config);

/* Removes the file's name; the mapping stays. */
void vprec_mapping_unlink(vprec_mapping *mapping);
void vprec_mapping_close(vprec_mapping *mapping);

#endif
