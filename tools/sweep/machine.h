/* SPDX-License-Identifier: Apache-2.0
 * machine.h: what computer this is. */
#ifndef VPREC_SWEEP_MACHINE_H
#define VPREC_SWEEP_MACHINE_H

#include <jansson.h>

/* The "machine" of the report: cpu, cores, system, glibc. */
json_t *sweep_machine(void);

#endif
