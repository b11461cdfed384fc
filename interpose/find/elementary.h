/* SPDX-License-Identifier: Apache-2.0
 * elementary.h: elementary functions by name, of the libraries that come with programs or are linked into them. One
 * call is one operation: its inside relies on its own precision. libm's own functions are libm/functions.h's. */
#ifndef VPREC_FIND_ELEMENTARY_H
#define VPREC_FIND_ELEMENTARY_H

#include "runtime/routine.h"
#include "runtime/wire.h"

/* Whether a function of any object is one by its name: Intel's SVML and MKL's vector mathematics, Sleef, AMD's, and
 * what the vector function ABI makes of one. */
bool vprec_elementary_named(const char *name, vprec_routine *routine);

/* A library of nothing else, by path, whose functions have libm's names, too: no code of it is rounded. */
bool vprec_elementary_library(const char *path);
bool vprec_elementary_of_library(const char *name, vprec_routine *routine);

/* Whether there are rules of --elementary; which of them (bit i: rule i) match the symbol, and what the first of them
 * says. The caller holds the instrumentation lock. */
bool vprec_elementary_any(const vprec_wire_config *config);
uint64_t vprec_elementary_asked(const vprec_wire_config *config, const char *symbol, vprec_routine *routine);

#endif
