/* SPDX-License-Identifier: Apache-2.0
 * start.h: where a program that vprec-cc built learns how it is to be rounded. */
#ifndef VPREC_CC_START_H
#define VPREC_CC_START_H

/* Before the first result is rounded; more calls do nothing. */
void vprec_cc_start(void);

/* Under vprec-run, and where scopes have other formats; else NULL. */
extern const struct vprec_cc_host *vprec_cc_run, *vprec_cc_scoped;

/* functions.c: finds the functions of libm; and the preload library, NULL if it is not here. */
void vprec_cc_functions_start(void);
const struct vprec_cc_host *vprec_cc_find_host(void);

#endif
