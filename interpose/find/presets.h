/* SPDX-License-Identifier: Apache-2.0
 * presets.h: what stays native in a framework that is known: random numbers and counted ranges, which nobody asks the
 * precision of, and which its control flow needs as they are. */
#ifndef VPREC_FIND_PRESETS_H
#define VPREC_FIND_PRESETS_H

#include "runtime/wire.h"

/* A number that is not 0 for an object of which some functions stay native, by path and what --preset says; 0: none. */
unsigned vprec_preset_of(const vprec_wire_config *config, const char *path);
/* Whether the function of such an object stays native. */
bool vprec_preset_leaves(unsigned preset, const char *symbol);

/* Whether an object stays native as a whole. */
bool vprec_preset_leaves_object(const vprec_wire_config *config, const char *path);

#endif
