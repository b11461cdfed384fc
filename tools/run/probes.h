/* SPDX-License-Identifier: Apache-2.0
 * probes.h: what a run tells of values that the program showed (vprec_probe_f32, vprec_probe_f64). */
#ifndef VPREC_RUN_PROBES_H
#define VPREC_RUN_PROBES_H

#include "common/json.h"
#include "run.h"

/* Tells on stderr, as a table; nothing where there was none. */
void vprec_probes_tell(const vprec_run *run);

/* The report's "probes", in the order in which they first came in each process. */
json_t *vprec_probes_report(const vprec_run *run);

#endif
