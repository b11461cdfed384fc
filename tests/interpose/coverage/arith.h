/* SPDX-License-Identifier: Apache-2.0
 * arith.h: which instructions are floating-point arithmetic, by the coverage
 * test's own reckoning: from mnemonics, not from the interposer's decoder. */
#ifndef VPREC_TESTS_ARITH_H
#define VPREC_TESTS_ARITH_H

enum arith_kind { ARITH_NONE = 0, ARITH_F32 = 1, ARITH_F64 = 2, ARITH_X87 = 4, ARITH_OTHER = 8 };

/* The type that the instruction called `mnemonic` (lower case) rounds to. */
int arith_kind(const char *mnemonic);

#endif
