/* SPDX-License-Identifier: Apache-2.0
 * complex.h: multiplication and division of complex numbers, which compilers leave to functions of libgcc. */
#ifndef VPREC_CC_COMPLEX_H
#define VPREC_CC_COMPLEX_H

/* What does as that function, "__divdc3", each operation rounded. NULL: it is none. */
void *vprec_cc_complex(const char *name);

#endif
