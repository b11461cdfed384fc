/* SPDX-License-Identifier: Apache-2.0
 * checks.h: --require and --baseline: what every cell of a sweep has to keep, for continuous integration. */
#ifndef VPREC_SWEEP_CHECKS_H
#define VPREC_SWEEP_CHECKS_H

#include "question.h"

/* The "checks" of the report, to be released. Of `required`, or NULL, each part in each cell; of the report `baseline`,
 * or NULL, that no cell is worse. `report` is that of the sweep. */
json_t *sweep_checks(const sweep *sweep, const sweep_question *required, const json_t *baseline, const json_t *report);

/* Prints those that are not met, and how many are. */
void sweep_checks_print(const json_t *checks);

#endif
