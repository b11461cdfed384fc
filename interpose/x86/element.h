/* SPDX-License-Identifier: Apache-2.0
 * element.h: the types of elements in vector registers, a row each. What is
 * a property of a type is asked here; which instruction serves it, is not. */
#ifndef VPREC_X86_ELEMENT_H
#define VPREC_X86_ELEMENT_H

#include "vprec.h"
#include <stdbool.h>
#include <stdint.h>

enum vprec_elem_kind { VPREC_ELEM_FLOAT, VPREC_ELEM_SIGNED, VPREC_ELEM_UNSIGNED };

/* Name, bytes, significant bits of the largest odd number in it, kind, and the vprec_type whose rules its results are
 * rounded by (VPREC_TYPES: none, it is a source only). Floats have the layout of IEEE 754: a sign, the exponent, a
 * fraction of one bit less than is significant. The rows with a vprec_type come first, in its order. */
#define VPREC_ELEMENTS(ROW)                                                                                           \
    ROW(F32, 4, 24, FLOAT, VPREC_F32)                                                                                 \
    ROW(F64, 8, 53, FLOAT, VPREC_F64)                                                                                 \
    ROW(F16, 2, 11, FLOAT, VPREC_TYPES)                                                                               \
    ROW(BF16, 2, 8, FLOAT, VPREC_TYPES)                                                                               \
    ROW(I32, 4, 31, SIGNED, VPREC_TYPES)                                                                              \
    ROW(I64, 8, 63, SIGNED, VPREC_TYPES)                                                                              \
    ROW(U32, 4, 32, UNSIGNED, VPREC_TYPES)                                                                            \
    ROW(U64, 8, 64, UNSIGNED, VPREC_TYPES)

#define VPREC_ELEMENT_NAME(name, bytes, bits, kind, type) VPREC_E_##name,
enum vprec_elem { VPREC_ELEMENTS(VPREC_ELEMENT_NAME) VPREC_ELEMS };
#undef VPREC_ELEMENT_NAME

_Static_assert((int)VPREC_E_F32 == (int)VPREC_F32 && (int)VPREC_E_F64 == (int)VPREC_F64,
               "a vprec_type is the element of its number");

/* Bytes alone: the code that emulates asks here, and takes no relocation. */
typedef struct vprec_element {
    uint8_t size, bits, kind, type;
} vprec_element;

#define VPREC_ELEMENT_ROW(name, bytes, bits, kind, type) [VPREC_E_##name] = {bytes, bits, VPREC_ELEM_##kind, type},
static const vprec_element vprec_elements[] = {VPREC_ELEMENTS(VPREC_ELEMENT_ROW)};
#undef VPREC_ELEMENT_ROW

static inline uint8_t vprec_elem_size(unsigned elem)
{
    return vprec_elements[elem].size;
}

static inline uint8_t vprec_elem_bits(unsigned elem)
{
    return vprec_elements[elem].bits;
}

/* By which results of this type are rounded; VPREC_TYPES if by none. */
static inline vprec_type vprec_elem_type(unsigned elem)
{
    return (vprec_type)vprec_elements[elem].type;
}

static inline bool vprec_elem_is_float(unsigned elem)
{
    return vprec_elements[elem].kind == VPREC_ELEM_FLOAT;
}

static inline bool vprec_elem_is_signed(unsigned elem)
{
    return vprec_elements[elem].kind == VPREC_ELEM_SIGNED;
}

/* An integer element as 64 bits, whatever lies above it in `a`. */
static inline uint64_t vprec_elem_extend(unsigned elem, uint64_t a)
{
    unsigned above = 64 - 8 * vprec_elem_size(elem);
    return vprec_elem_is_signed(elem) ? (uint64_t)((int64_t)(a << above) >> above) : a << above >> above;
}

/* Of a float: its sign bit and the bits of plus infinity. */
static inline uint64_t vprec_elem_sign(unsigned elem)
{
    return UINT64_C(1) << (8 * vprec_elem_size(elem) - 1);
}

static inline uint64_t vprec_elem_infinity(unsigned elem)
{
    return vprec_elem_sign(elem) - (UINT64_C(1) << (vprec_elem_bits(elem) - 1));
}

#endif
