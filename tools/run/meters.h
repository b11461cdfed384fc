/* SPDX-License-Identifier: Apache-2.0
 * meters.h: adds what threads have counted in their meters (runtime/wire.h) to
 * what else is known of the functions. */
#ifndef VPREC_RUN_METERS_H
#define VPREC_RUN_METERS_H

#include "records.h"

/* While processes may still count. */
void vprec_meters_add(vprec_records *records, vprec_mapping *mapping);

#endif
