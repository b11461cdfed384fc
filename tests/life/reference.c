/* SPDX-License-Identifier: Apache-2.0
 * reference.c: what the life tests' chains must give: reads "SEED LENGTH" from
 * stdin, writes the bits in FORMAT. Never run under vprec-run. */
#include "oracle_types.h"
#include "chain.h"
#include <stdio.h>

oracle_format reference_format[2];
int reference_contracted;

int main(int argc, char **argv)
{
    unsigned seed, length;

    if (argc != 2 || !oracle_parse(argv[1], reference_format)) {
        fprintf(stderr, "usage: reference FORMAT <chains\n");
        return 2;
    }
    while (scanf("%u %u", &seed, &length) == 2) {
        chain c = chain_start(seed);
        chain_run(&c, length);
        printf("%u %u %08x\n", seed, length, chain_bits(&c));
    }
    return 0;
}
