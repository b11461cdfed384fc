/* SPDX-License-Identifier: Apache-2.0
 * plain.h: a short cut for the integer instructions that make up most code. It owns no other knowledge of
 * instructions: what it does not know at once it leaves to decode.c. */
#ifndef VPREC_X86_PLAIN_H
#define VPREC_X86_PLAIN_H

#include "decode.h"

/* As vprec_insn_decode, but false means only that this instruction is not a common one. */
bool vprec_plain_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_insn *insn);

#endif
