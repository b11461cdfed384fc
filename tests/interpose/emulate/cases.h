/* SPDX-License-Identifier: Apache-2.0
 * cases.h: every instruction that the emulator executes, and the sites that
 * they make: encodings, widths, operands, masks. One list for all tests here. */
#ifndef VPREC_TESTS_CASES_H
#define VPREC_TESTS_CASES_H

#include "machine.h"

enum { CASE_LEGACY = 1, CASE_VEX = 2, CASE_EVEX = 4, CASE_VEX128 = 8 /* VEX at 128 bits only */ };

typedef struct instruction {
    const char *name;
    uint8_t op, from, to;
    bool scalar, unary, general; /* unary: packed forms have no vvvv; general: from a general register */
    uint8_t encodings, map, opcode, pp;
    uint8_t w;   /* EVEX.W, and VEX.W of FMA; of integer sources also REX.W and VEX.W */
} instruction;

/* Calls `visit` with every site of every instruction that the processor has;
 * registers and immediates are drawn at random, memory operands point to
 * `data` (128 bytes that precede an inaccessible page at data + 128). */
void cases_each(const uint8_t *data, void (*visit)(const instruction *, const vprec_site *));

/* What a failing check prints. */
void cases_print(const instruction *i, const vprec_site *s);

#endif
