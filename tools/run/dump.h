/* SPDX-License-Identifier: Apache-2.0
 * dump.h: --dump-layers: the directory for what layers gave, which the processes fill. */
#ifndef VPREC_RUN_DUMP_H
#define VPREC_RUN_DUMP_H

#include "common/options.h"

/* Makes the directory, which must be new or empty, and puts its absolute path where the processes find it; with
 * --reference that of `rounded` in it. False, having said why. True where none is asked for. */
bool vprec_dump_open(vprec_options *options);

/* With --reference: runs the program natively first, which leaves the outputs in `native`; what it prints goes to files
 * beside that. Both runs get the same standard input. 0, or the status to end with. */
int vprec_dump_reference(const vprec_options *options);

/* Says how many files are there; that there are none also where only what must be known is said. */
void vprec_dump_tell(const vprec_options *options);

#endif
