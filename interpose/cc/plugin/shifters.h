/* SPDX-License-Identifier: Apache-2.0
 * shifters.h: which sums are no arithmetic in any format: x + 1.5 * 2^23 and its kin, by which code rounds to an integer. */
#ifndef VPREC_CC_PLUGIN_SHIFTERS_H
#define VPREC_CC_PLUGIN_SHIFTERS_H

#include "operation.h"

/* The operation adds such a constant, which is taken off its sum again or whose sum's bits are taken for an integer; or it
 * is what takes it off. Then it stays as it is. */
bool vprec_cc_shifter(LLVMValueRef instruction, const vprec_cc_operation *operation);

#endif
