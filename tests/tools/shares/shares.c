/* SPDX-License-Identifier: Apache-2.0
 * shares.c: what tools/common/proportion.c says, for test_shares.py: lines "most K N C", "interval K N C", "paired E F
 * G H C", "mcnemar E F G H" from standard input, a line of numbers for each to standard output. Computes nothing. */
#include "common/proportion.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char line[200];
    while (fgets(line, sizeof line, stdin)) {
        char *end = line + strcspn(line, " ");
        double x[5] = {0};
        for (int i = 0; i < 5; i++)
            x[i] = strtod(end, &end);
        vprec_paired p = {(uint64_t)x[0], (uint64_t)x[1], (uint64_t)x[2], (uint64_t)x[3]};
        if (!strncmp(line, "mcnemar ", 8)) {
            printf("%.17g\n", vprec_paired_mcnemar(&p));
        } else if (!strncmp(line, "most ", 5)) {
            printf("%.17g\n", vprec_share_most(p.both, p.first, x[2]));
        } else {
            vprec_share_bounds i = !strncmp(line, "paired ", 7) ? vprec_paired_interval(&p, x[4])
                                                            : vprec_share_interval(p.both, p.first, x[2]);
            printf("%.17g %.17g\n", i.low, i.high);
        }
    }
    return 0;
}
