/* SPDX-License-Identifier: Apache-2.0
 * dump.h: --dump-layers: what layers give, and programs show, as files of NumPy's: DIR/000012 NAME.npy, numbered in the
 * order in which they come. PyTorch's modules are written by dump.py. */
#ifndef VPREC_SCOPE_DUMP_H
#define VPREC_SCOPE_DUMP_H

#include <stdbool.h>
#include <stdint.h>

/* Types of elements, as NumPy has them, and bytes of each; bfloat16, which it has not, is written as float32. */
#define VPREC_DUMP_LIST(X)                                                                                            \
    X(F4, "<f4", 4) X(F8, "<f8", 8) X(F2, "<f2", 2) X(BF2, "<f4", 2) X(I8, "<i8", 8) X(I4, "<i4", 4) X(I2, "<i2", 2)  \
    X(I1, "|i1", 1) X(U8, "<u8", 8) X(U4, "<u4", 4) X(U2, "<u2", 2) X(U1, "|u1", 1) X(B1, "|b1", 1)                   \
    X(C8, "<c8", 8) X(C16, "<c16", 16)
enum vprec_dump_kind {
#define X(name, text, bytes) VPREC_DUMP_##name,
    VPREC_DUMP_LIST(X)
#undef X
        VPREC_DUMP_KINDS
};

enum { VPREC_DUMP_DIMENSIONS = 16 }; /* at most */

typedef struct vprec_dumped {
    const void *data; /* without gaps, the last dimension fastest */
    enum vprec_dump_kind kind;
    const int64_t *shape;
    uint32_t dimensions;
} vprec_dumped;

/* Whether anybody asks for outputs. */
bool vprec_dump_wanted(void);

/* Writes one; of several of a name `output` is its number, else negative. For any thread; the program's floating-point
 * environment and errno stay. What cannot be written is told once. */
void vprec_dump_put(const char *name, int output, const vprec_dumped *array);

#endif
