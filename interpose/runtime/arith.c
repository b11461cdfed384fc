/* SPDX-License-Identifier: Apache-2.0
 * arith.c: see arith.h. */
#include "arith.h"

vprec_arith vprec_arith_current;
void (*vprec_on_direction)(void);
