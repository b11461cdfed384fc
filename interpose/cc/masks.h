/* SPDX-License-Identifier: Apache-2.0
 * masks.h: what of a site's results its own code can round. */
#ifndef VPREC_CC_MASKS_H
#define VPREC_CC_MASKS_H

#include "cc/site.h"
#include "runtime/arith.h"

/* Fills the masks as the arithmetic wants it; what code does not know is left to the runtime. */
void vprec_cc_masks_fill(vprec_cc_site *site, const vprec_arith *arith);

#endif
