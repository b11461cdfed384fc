/* SPDX-License-Identifier: Apache-2.0
 * settings.h: words of the environment and of annotations, as vprec-run's options have them, made an arithmetic. */
#ifndef VPREC_CC_SETTINGS_H
#define VPREC_CC_SETTINGS_H

#include "runtime/arith.h"
#include <stddef.h>

/* Nothing is rounded. */
vprec_arith vprec_cc_native(void);

/* Each of these changes *arith, or leaves in `message` what is wrong. */
bool vprec_cc_set_format(vprec_arith *arith, const char *text, char *message, size_t size); /* "f32=bf16,f64=e11m40" */
bool vprec_cc_set_mode(vprec_arith *arith, const char *text, char *message, size_t size);   /* "rtz", "sr:8", "mca" */
bool vprec_cc_set_precision(vprec_arith *arith, const char *text, char *message, size_t size); /* "10", "f32=8,f64=30" */

/* What follows from the rest, once all is set. */
void vprec_cc_set_finish(vprec_arith *arith);

/* A format with what else holds: "e5m10,mode=sr"; of a type that it does not name that of *arith holds. */
bool vprec_cc_set_spec(vprec_arith *arith, const char *text, char *message, size_t size);

#endif
