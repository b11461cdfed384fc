/* SPDX-License-Identifier: Apache-2.0
 * forks.h: how vprec-sweep tells a vprec-run that it is part of --fork-at: a variable of its environment, and an open
 * socket. Forks nothing. */
#ifndef VPREC_SAMPLE_FORKS_H
#define VPREC_SAMPLE_FORKS_H

#include <stdbool.h>

#define VPREC_FORKS_ENV "VPREC_FORK"

typedef struct vprec_forks {
    int socket;
    char *glob;      /* its program's process waits where such a scope is opened; NULL: or */
    char *directory; /* it has that process, whose directory as a sample this is, make one. NULL: neither */
} vprec_forks;

/* The value of the variable; to be freed. One of the two is given. */
char *vprec_forks_text(int socket, const char *glob, const char *directory);

/* Takes the variable out of the environment. False: there is none. The texts stay. */
bool vprec_forks_read(vprec_forks *forks);

#endif
