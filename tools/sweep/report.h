/* SPDX-License-Identifier: Apache-2.0
 * report.h: the document of a sweep, which all reports are made of. */
#ifndef VPREC_SWEEP_REPORT_H
#define VPREC_SWEEP_REPORT_H

#include "threshold.h"

/* `series` is NULL where there is no threshold. `argv` is vprec-sweep's. */
json_t *sweep_report_make(const sweep *sweep, const sweep_threshold *threshold, const sweep_series *series,
                          size_t count, char *const *argv);

/* What was selected and stayed native: texts, with the number of cells; to be released. */
json_t *sweep_report_native(const sweep *sweep);

#endif
