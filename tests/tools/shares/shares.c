/* SPDX-License-Identifier: Apache-2.0
 * shares.c: what tools/common/proportion.c says, for test_shares.py: lines "most K N C", "interval K N C", "paired E F G
 * H C", "mcnemar E F G H" from standard input, a line of numbers for each to standard output. Computes nothing. */
#include "common/proportion.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char what[16];
    while (scanf("%15s", what) == 1) {
        vprec_paired p = {0};
        uint64_t k = 0, n = 0;
        double confidence = 0;
        if (!strcmp(what, "paired") || !strcmp(what, "mcnemar")) {
            if (scanf("%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64, &p.both, &p.first, &p.second, &p.neither) != 4)
                return 1;
        } else if (scanf("%" SCNu64 "%" SCNu64, &k, &n) != 2) {
            return 1;
        }
        if (strcmp(what, "mcnemar") != 0 && scanf("%lf", &confidence) != 1)
            return 1;
        vprec_interval i = !strcmp(what, "paired") ? vprec_paired_interval(&p, confidence)
                                                   : vprec_share_interval(k, n, confidence);
        if (!strcmp(what, "mcnemar"))
            printf("%.17g\n", vprec_paired_mcnemar(&p));
        else if (!strcmp(what, "most"))
            printf("%.17g\n", vprec_share_most(k, n, confidence));
        else
            printf("%.17g %.17g\n", i.low, i.high);
    }
    return 0;
}
