/* SPDX-License-Identifier: Apache-2.0
 * shortest.h: a double in the fewest decimal digits that read back as it. */
#ifndef VPREC_COMMON_SHORTEST_H
#define VPREC_COMMON_SHORTEST_H

enum { VPREC_SHORTEST_ROOM = 32 };

/* Into `text`, of VPREC_SHORTEST_ROOM bytes: "0.1", "1e-05", "inf", "-inf", "nan". Returns `text`. */
char *vprec_shortest(char *text, double x);

#endif
