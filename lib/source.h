/* SPDX-License-Identifier: Apache-2.0
 * source.h: the forms of the function behind vprec_source_words, one for each
 * instruction set, all the same bit for bit. Internal to lib/ and its tests. */
#ifndef VPREC_SOURCE_H
#define VPREC_SOURCE_H

#include "cpu.h"
#include "vprec.h"

/* Block b of draw d is {start.low + 4b W, start.high + 4b W + d D} mod 2^64 each, through one AES
 * round for each key. Both odd: no two (b, d) give the same block. W, the golden ratio, changes most bytes of
 * both halves from a block to the next (why that matters: source.c). */
#define VPREC_SOURCE_W UINT64_C(0x9e3779b97f4a7c15)
#define VPREC_SOURCE_D UINT64_C(0xd1342543de82ef95)

typedef void vprec_source_fill(const vprec_source *source, uint64_t index, size_t n, unsigned draw, uint32_t *words);

typedef struct vprec_source_form {
    const char *name; /* what it needs */
    vprec_source_fill *fill;
    vprec_level level;
} vprec_source_form;

/* Form 0 is portable; the later the better; NULL past the last. */
const vprec_source_form *vprec_source_forms(size_t i);

/* Whether the processor has what the form needs. */
bool vprec_source_usable(const vprec_source_form *form);

#if defined(__x86_64__)
vprec_source_fill vprec_source_aes128, vprec_source_aes256, vprec_source_aes512;
#endif

#endif
