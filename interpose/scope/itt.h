/* SPDX-License-Identifier: Apache-2.0
 * itt.h: scopes "itt:convolution": tasks that programs tell Intel's profilers of (ittnotify), as oneDNN, OpenVINO and
 * OpenCV do, by the collector that is profiler/profiler.c. */
#ifndef VPREC_SCOPE_ITT_H
#define VPREC_SCOPE_ITT_H

#include <stdbool.h>

/* Whether anybody asks for such scopes by name. */
bool vprec_itt_wanted(void);

#endif
