/* SPDX-License-Identifier: Apache-2.0
 * environment.h: vprec's own variables in the environment that a process starts with, and without. */
#ifndef VPREC_LIFE_ENVIRONMENT_H
#define VPREC_LIFE_ENVIRONMENT_H

#include "runtime/wire.h"
#include <stdbool.h>
#include <stddef.h>

#define VPREC_ENVIRONMENT_PRELOAD "LD_PRELOAD="
#define VPREC_ENVIRONMENT_WIRE VPREC_WIRE_ENV "="

typedef struct vprec_variables {
    char **envp; /* where the kernel has put it */
    size_t count;
    size_t preload, wire; /* index of the variable */
    size_t length;        /* bytes of our element, */
    char *list;           /* with which this begins: the value of LD_PRELOAD */
} vprec_variables;

/* False: they are not there as they should be. `envp` may be NULL. */
bool vprec_environment_find(char **envp, size_t length, vprec_variables *found);

/* The environment becomes what it is without vprec, in place: before the program has looked. */
void vprec_environment_hide(const vprec_variables *ours);

#endif
