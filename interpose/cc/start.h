/* SPDX-License-Identifier: Apache-2.0
 * start.h: where a program that vprec-cc built learns how it is to be rounded. */
#ifndef VPREC_CC_START_H
#define VPREC_CC_START_H

/* Before the first result is rounded; more calls do nothing. */
void vprec_cc_start(void);

/* functions.c: finds the functions of libm. */
void vprec_cc_functions_start(void);

#endif
