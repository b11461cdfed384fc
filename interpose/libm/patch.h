/* SPDX-License-Identifier: Apache-2.0
 * patch.h: the replacements of libm.h put in the place of what the loader has
 * loaded. */
#ifndef VPREC_LIBM_PATCH_H
#define VPREC_LIBM_PATCH_H

#include "runtime/wire.h"
#include <stdbool.h>

/* Leads the functions of libm and libmvec, and the few that the C library has too, to their rounded replacements. */
void vprec_instrument_libm(vprec_process_record *process);

/* The C library's file, which has some of libm's functions of its own. */
#define VPREC_LIBM_LIBC "libc.so.6"

/* Whether a function of this name may be led to a replacement. */
bool vprec_libm_is_rounded(const char *name);

#endif
