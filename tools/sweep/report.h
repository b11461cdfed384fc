/* SPDX-License-Identifier: Apache-2.0
 * report.h: the document of a sweep, which all reports are made of. */
#ifndef VPREC_SWEEP_REPORT_H
#define VPREC_SWEEP_REPORT_H

#include "series.h"

/* `argv` is vprec-sweep's. */
json_t *sweep_report_make(const sweep *sweep, const sweep_question *question, const sweep_series *series,
                          size_t count, char *const *argv);

/* What was selected and stayed native: texts, with the number of cells; to be released. */
json_t *sweep_report_native(const sweep *sweep);

#endif
