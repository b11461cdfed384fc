/* SPDX-License-Identifier: Apache-2.0
 * shifters.h: which additions of a function are no arithmetic in any format: x + 1.5 * 2^23 and its kin, by which code
 * rounds to an integer or a grid, and the inner steps of conversions built from such constants. */
#ifndef VPREC_FIND_SHIFTERS_H
#define VPREC_FIND_SHIFTERS_H

#include "code.h"

enum vprec_exact {
    VPREC_EXACT_NOT,
    VPREC_EXACT_ALWAYS, /* it stays as it is */
    VPREC_EXACT_ASKED   /* those of vprec_live.lanes do whose addend, the operand .addend, is a shifter when it runs */
};

/* Sets `exact`, `addend` and `lanes` of the instructions in `live` (vprec_live), which are those of `function`; of
 * `types` (1 << VPREC_F32 | ...) alone.
 *
 * An addition is exact where its addend is a shifter (x86/shifter.h) and the sum is used as such: the shifter is taken
 * off again, by an addition that is exact likewise, or integer instructions take the sum's bits. The addend is followed
 * to where it comes from: a constant in memory or in the code, through copies, broadcasts, general registers and the
 * stack. Where it is found behind a pointer that the function was given, or at a place that is not constant, it is to
 * be asked.
 *
 * In a conversion, a number is built by putting bits of an integer below a constant's exponent, and the constant is
 * taken off: exact, if the difference is added to another such one. That sum is the conversion's result, and rounded.
 *
 * False: no memory, nothing is set. */
bool vprec_shifters_find(const vprec_codemap *map, const vprec_code_function *function, vprec_vec *live,
                         uint32_t types);

#endif
