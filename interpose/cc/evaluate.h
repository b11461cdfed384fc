/* SPDX-License-Identifier: Apache-2.0
 * evaluate.h: operations rounded as the run says. */
#ifndef VPREC_CC_EVALUATE_H
#define VPREC_CC_EVALUATE_H

#include "site.h"

/* The operation `code` (VPREC_CC_CODE) of that line on each lane of the operands; those that it has not are NULL. The
 * native results are at `out`, where the rounded ones go. `asked_from`: the code that is at it, for counts; or NULL. */
void vprec_cc_evaluate(vprec_cc_site *site, uint32_t code, void *out, const void *a, const void *b, const void *c,
                       const void *asked_from);

#endif
