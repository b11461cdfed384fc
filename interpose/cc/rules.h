/* SPDX-License-Identifier: Apache-2.0
 * rules.h: which lines of the source have an arithmetic of their own. */
#ifndef VPREC_CC_RULES_H
#define VPREC_CC_RULES_H

#include "cc/site.h"
#include "runtime/arith.h"
#include <stddef.h>

/* "net.c:120-180=e5m10", "layer*.c=native", "net.c:12=e8m4,mode=sr": of what is not said there `base` holds. False: in
 * `message` is what is wrong. */
bool vprec_cc_rule_add(const char *text, const vprec_arith *base, char *message, size_t size);

/* What the site has of its own: by the last rule that matches, or by its annotation. NULL: what holds for the run. */
const vprec_arith *vprec_cc_rule_for(const vprec_cc_site *site);

#endif
