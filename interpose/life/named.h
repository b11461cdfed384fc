/* SPDX-License-Identifier: Apache-2.0
 * named.h: names that a program gives to code which it generates: those that it would tell Intel's profilers. Who asks
 * for the library that takes them in gets one of ours. */
#ifndef VPREC_LIFE_NAMED_H
#define VPREC_LIFE_NAMED_H

#include <stdint.h>

/* From now on they are taken in. */
void vprec_named_begin(void);

/* The name of the generated code that `address` lies in, NULL: none was given. Under the lock; it stays as it is. */
const char *vprec_named_at(uint64_t address);

#endif
