/* SPDX-License-Identifier: Apache-2.0
 * reference.c: what the life tests' computations must give in FORMAT: reads
 * lines "chain SEED LENGTH ..." and "trap_NAME A B ..." from stdin and writes
 * them with the right result. Never run under vprec-run. */
#include "oracle_types.h"
#include "chain.h"
#include <stdio.h>

oracle_format reference_format[2];
int reference_contracted;

/* What the shape called `name` in one of the .S files, or in unnamed.c, computes. */
static int trap(const char *name, F a, F b, F *r)
{
    if (!strcmp(name, "trap_first"))
        *r = ADD(MUL(a, b), b);
    else if (!strcmp(name, "trap_second"))
        *r = ADD(a, b);
    else if (!strcmp(name, "trap_tight"))
        *r = ADD(ADD(ADD(MUL(a, b), b), b), b);
    else if (!strcmp(name, "trap_guest"))
        *r = ADD(MUL(SUB(a, b), b), a);
    else if (!strcmp(name, "trap_host"))
        *r = ADD(MUL(DIV(a, b), b), a);
    else if (!strcmp(name, "trap_wrap"))
        *r = MUL(SUB(ADD(a, a), b), b);
    else if (!strcmp(name, "trap_flags"))
        *r = b.bits & 1 ? SUB(MUL(a, b), b) : ADD(MUL(a, b), b);
    else if (!strcmp(name, "trap_red_zone"))
        *r = SUB(ADD(MUL(a, b), a), b);
    else if (!strcmp(name, "trap_table"))
        *r = (b.bits & 3) == 0 ? ADD(a, b) : (b.bits & 3) == 1 ? SUB(a, b) : (b.bits & 3) == 2 ? MUL(a, b) : DIV(a, b);
    else if (!strcmp(name, "trap_unaligned"))
        *r = ADD(DIV(a, b), b);
    else if (!strcmp(name, "trap_push_return"))
        *r = MUL(ADD(a, b), b);
    else if (!strncmp(name, "trap_piece_", 11))
        *r = strstr(name, "_too") ? SUB(a, b) : ADD(MUL(a, b), b);
    else if (!strcmp(name, "trap_keep_pending"))
        *r = SUB(a, b);
    else if (!strcmp(name, "trap_keep_adds"))
        *r = ADD(ADD(MUL(MUL(a, b), b), MUL(a, b)), b);
    else if (!strncmp(name, "trap_keep_", 10))
        *r = ADD(MUL(a, b), a);
    else if (!strcmp(name, "trap_stray_return"))
        *r = ADD(MUL(a, b), b);
    else if (!strcmp(name, "trap_stray_to_return"))
        *r = ADD(a, b);
    else if (!strncmp(name, "trap_stray_to_", 14))
        *r = ADD(MUL(b, b), a);
    else if (!strncmp(name, "trap_stray_", 11) || !strcmp(name, "trap_inside"))
        *r = ADD(MUL(a, b), a);
    else if (!strcmp(name, "trap_computed_add"))
        *r = ADD(a, b);
    else if (!strcmp(name, "trap_computed_mul"))
        *r = MUL(a, b);
    else if (!strcmp(name, "trap_computed_both"))
        *r = MUL(ADD(a, b), b);
    else
        return 0;
    return 1;
}

int main(int argc, char **argv)
{
    char line[200], name[64];
    unsigned seed, length;
    F a, b, r;

    if (argc != 2 || !oracle_parse(argv[1], reference_format)) {
        fprintf(stderr, "usage: reference FORMAT <lines\n");
        return 2;
    }
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "chain %u %u", &seed, &length) == 2) {
            chain c = chain_start(seed);
            chain_run(&c, length);
            printf("chain %u %u %08x\n", seed, length, chain_bits(&c));
        } else if (sscanf(line, "%63s %x %x", name, &a.bits, &b.bits) == 3 && trap(name, a, b, &r)) {
            printf("%s %08x %08x %08x\n", name, a.bits, b.bits, r.bits);
        } else {
            fprintf(stderr, "reference: no such computation: %s", line);
            return 2;
        }
    }
    return 0;
}
