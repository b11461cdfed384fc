/* SPDX-License-Identifier: Apache-2.0
 * tracer.h: who traces the process, and the breakpoints that he has written into its code: neither is code of the
 * program's, and what stands there goes again when the debugger wants it. */
#ifndef VPREC_LIFE_TRACER_H
#define VPREC_LIFE_TRACER_H

#include "loaded.h"

/* Whether some process traces this one. */
bool vprec_tracer_any(void);

/* Whether it is a debugger that stops at signals, and keeps SIGTRAP to itself: nothing may need one then. */
bool vprec_tracer_stops(void);

/* Notes the breakpoints in [start, end), and what was loaded in their place, on pages that were not patched yet. False:
 * no memory. */
bool vprec_tracer_read(vprec_loaded *loaded, uint64_t start, uint64_t end);

#endif
