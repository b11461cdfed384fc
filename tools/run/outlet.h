/* SPDX-License-Identifier: Apache-2.0
 * outlet.h: where the report goes: a file of its own, of which a reader finds a whole one at any time once there was a
 * snapshot; a pipe, a terminal, or what is open already, which each is appended to. */
#ifndef VPREC_RUN_OUTLET_H
#define VPREC_RUN_OUTLET_H

#include "common/json.h"
#include <stdbool.h>

typedef struct vprec_outlet {
    const char *file; /* as the user has it; "-" standard output */
    char *path;       /* a regular file's, without links; NULL: nobody can put another one in its place */
    int fd;
    bool regular;     /* a file of its own */
    bool replaced;    /* the file is no longer the one of `fd` */
} vprec_outlet;

/* Opens it before anything runs; what an earlier run left stays as yet. False, having said why. */
bool vprec_outlet_open(vprec_outlet *outlet, const char *file);

/* Puts the report there: the last one, or a snapshot of a run that goes on. False, having said why. */
bool vprec_outlet_put(vprec_outlet *outlet, const json_t *root, bool last);

/* False, having said why: what was written has not arrived. */
bool vprec_outlet_close(vprec_outlet *outlet);

#endif
