/* SPDX-License-Identifier: Apache-2.0
 * shortest.c: see shortest.h. Of 15 digits or fewer %g needs none that is a zero, since all decimals of 15 digits are
 * told apart by doubles; only numbers below the normal ones may do with fewer than it writes. */
#include "shortest.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

char *vprec_shortest(char *text, double x)
{
    if (!isfinite(x)) {
        snprintf(text, VPREC_SHORTEST_ROOM, "%s", isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
        return text;
    }
    for (int digits = fabs(x) < DBL_MIN ? 1 : DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, VPREC_SHORTEST_ROOM, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    return text;
}
