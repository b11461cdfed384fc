/* SPDX-License-Identifier: Apache-2.0
 * measured.h: what a vprec_measure must say of given outputs, by MPFR and by
 * definition; shares no code with lib/. */
#ifndef MEASURED_H
#define MEASURED_H

#include "vprec_probe.h"

/* `samples` samples of n outputs, one after the other in x, against y. */
vprec_measure measured(const double *x, const double *y, size_t n, unsigned samples);

/* Fails the test unless all measures are those, but format, mode, within and outcomes. `of` says which. */
void measured_check(const vprec_measure *got, const vprec_measure *want, const char *of);

/* The same bytes. */
bool measured_same(const void *a, const void *b, size_t n);

#endif
