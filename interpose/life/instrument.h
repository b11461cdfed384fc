/* SPDX-License-Identifier: Apache-2.0
 * instrument.h: one loaded object from file to patched memory, and its records. */
#ifndef VPREC_LIFE_INSTRUMENT_H
#define VPREC_LIFE_INSTRUMENT_H

#include "runtime/wire.h"
#include "x86/round/round.h"

/* One pass over the loaded objects: begin, each object, end. An object that is
 * selected and new is instrumented; what cannot be is said in a native record
 * and the process lives. The end forgets the objects that were not named. */
void vprec_instrument_begin(void);
void vprec_instrument_end(void);
void vprec_instrument_object(const char *path, uint64_t bias, const vprec_process_record *process, enum vprec_isa isa);

/* The same for what dlmopen loaded into a namespace of its own, whose libm is not that of vprec_instrument_libm. */
void vprec_instrument_foreign(const char *path, uint64_t bias, const vprec_process_record *process, enum vprec_isa isa);

#endif
