/* SPDX-License-Identifier: Apache-2.0
 * place.h: where the report goes: a file of its own, of which a reader finds a whole one at any time once there was a
 * snapshot; a pipe, a terminal, or what is open already, which each is appended to. */
#ifndef VPREC_RUN_PLACE_H
#define VPREC_RUN_PLACE_H

#include "common/json.h"
#include <stdbool.h>

typedef struct vprec_place {
    const char *file; /* as the user has it; "-" standard output */
    char *path;       /* a regular file's, without links; NULL: nobody can put another one in its place */
    int fd;
    bool regular;     /* a file of its own */
    bool replaced;    /* the file is no longer the one of `fd` */
} vprec_place;

/* Opens it before anything runs; what an earlier run left stays as yet. False, having said why. */
bool vprec_place_open(vprec_place *place, const char *file);

/* Puts the report there: the last one, or a snapshot of a run that goes on. False, having said why. */
bool vprec_place_put(vprec_place *place, const json_t *root, bool last);

/* False, having said why: what was written has not arrived. */
bool vprec_place_close(vprec_place *place);

#endif
