/* SPDX-License-Identifier: Apache-2.0
 * whole.h: a file that gets its name when all of it is on disk, so that a file of that name is always whole. Knows
 * nothing of what is in it. */
#ifndef VPREC_COMMON_WHOLE_H
#define VPREC_COMMON_WHOLE_H

#include <stdbool.h>

/* What the names begin with that files have until then, where the file system has none without a name. */
#define VPREC_WHOLE_PREFIX ".vprec-"

typedef struct vprec_whole {
    int fd;     /* for reading and writing */
    char *path; /* the name that it is to have */
    char *name; /* the one that it has until then, or NULL */
} vprec_whole;

/* Opens one. False with errno set; to be ended in any case. */
bool vprec_whole_begin(vprec_whole *file, const char *path);

/* With `ok` gives it its name, which it takes from another file only with `over` (else EEXIST); without it the file
 * goes. False with errno set where it has not got the name, and then it goes, too. */
bool vprec_whole_end(vprec_whole *file, bool ok, bool over);

#endif
