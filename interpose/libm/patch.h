/* SPDX-License-Identifier: Apache-2.0
 * patch.h: the replacements of libm.h put in the place of what the loader has
 * loaded, when there is somebody who can call them. */
#ifndef VPREC_LIBM_PATCH_H
#define VPREC_LIBM_PATCH_H

#include "runtime/wire.h"
#include <stdbool.h>

/* Leads the functions of libm and libmvec, and the few that the C library has too, to their rounded replacements: once
 * an object is there that has a way to their addresses. Called whenever the loader's list has changed. A library that
 * the loader has not relocated yet is left until its constructor runs: `again` is called there. */
void vprec_instrument_libm(vprec_process_record *process, void (*again)(void));

/* The C library's file, which has some of libm's functions of its own. */
#define VPREC_LIBM_LIBC "libc.so.6"

/* Whether a function of this name may be led to a replacement. */
bool vprec_libm_is_rounded(const char *name);

#endif
