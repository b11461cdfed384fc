/* SPDX-License-Identifier: Apache-2.0
 * help.h: what vprec-run prints about itself on stdout. */
#ifndef VPREC_COMMON_HELP_H
#define VPREC_COMMON_HELP_H

void vprec_help_print(void);

/* The table of --formats. */
void vprec_formats_print(void);

#endif
