/* SPDX-License-Identifier: Apache-2.0
 * devices.h: work that a program hands to a graphics processor, or another device, cannot be rounded: the first call that
 * launches some is recorded, whoever makes it. Nothing is slower after that, nor where there is no such library. */
#ifndef VPREC_LIFE_DEVICES_H
#define VPREC_LIFE_DEVICES_H

#include "loaded.h"

/* Whether the object at `path` is a library that programs launch work by. */
bool vprec_devices_is(const char *path);

/* A trap waits at each function of it that does. False: no memory, or the kernel refuses. */
bool vprec_devices_watch(vprec_loaded *loaded);

/* Control has come to `address`. True: it is such a function, and there is no trap any more. */
bool vprec_devices_met(vprec_loaded *loaded, uint64_t address);

/* No trap waits any more: nothing can be written from now on. */
void vprec_devices_end(vprec_loaded *loaded);

#endif
