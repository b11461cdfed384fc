/* SPDX-License-Identifier: Apache-2.0
 * library.c: an addition for a namespace of its own, or with SINE a call of libm. */
#include <math.h>

#ifdef RELOCATED /* an address in the code, which the loader writes */
__asm__(".text\n.quad audit_library_add\n");
#endif

float audit_library_add(float x, float y);
float audit_library_add(float x, float y)
{
#ifdef SINE
    return sinf(x) + y;
#else
    return x + y;
#endif
}
