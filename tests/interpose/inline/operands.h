/* SPDX-License-Identifier: Apache-2.0
 * operands.h: operands that bring results near a format's boundaries: its ties,
 * sums and products that are exact ties or miss one, its range's ends. */
#ifndef VPREC_TESTS_OPERANDS_H
#define VPREC_TESTS_OPERANDS_H

#include "machine.h"
#include "vprec.h"

/* Fills `n` elements of an instruction's operands (destination, first and last
 * source; one that is NULL is left out), lane by lane. */
void operands_fill(unsigned elem, const vprec_format *format, uint8_t *operand[3], unsigned n);

#endif
