/* SPDX-License-Identifier: Apache-2.0
 * probes.h: what a program shows of its values by vprec_probe_f32 and _f64 (vprec_scope.h). */
#ifndef VPREC_SCOPE_PROBES_H
#define VPREC_SCOPE_PROBES_H

#include "runtime/wire.h"

/* Adds the `n` values of the type to what is recorded by the name; with --dump-layers they are written, too. The
 * program's floating-point environment stays. */
void vprec_probe_take(const char *name, const void *data, size_t n, vprec_type type);

#endif
