/* SPDX-License-Identifier: Apache-2.0
 * native.h: what the native run must have given, so that the runs that are compared with it are worth their time. */
#ifndef VPREC_SWEEP_NATIVE_H
#define VPREC_SWEEP_NATIVE_H

#include "series.h"

/* Whether each --extract found a number in the native run, each --keep a file, and `threshold`, or NULL, its metric.
 * False, having said what to mend. */
bool sweep_native_check(const sweep *sweep, const sweep_question *question);

/* Says where the native run itself does not keep the threshold, once that is resolved. */
void sweep_native_compare(const sweep *sweep, const sweep_question *question);

#endif
