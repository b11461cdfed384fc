/* SPDX-License-Identifier: Apache-2.0
 * csv.c: see csv.h. */
#include "csv.h"
#include "common/shortest.h"
#include <math.h>
#include <string.h>

void stats_csv_text(FILE *out, const char *text)
{
    if (!text || !strpbrk(text, ",\"\r\n")) {
        fputs(text ? text : "", out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

void stats_csv_real(FILE *out, double x)
{
    char text[VPREC_SHORTEST_ROOM];
    if (!isnan(x))
        fputs(vprec_shortest(text, x), out);
}
