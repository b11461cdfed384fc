/* SPDX-License-Identifier: Apache-2.0
 * fenv.c: the rounding direction that a program sets holds for what is native;
 * results in a format go by vprec's mode. Where nothing is native, or inline code
 * needs it, SSE arithmetic stays at nearest. The program still reads back what it
 * set: fegetround looks at the x87 control word, which keeps it. What the
 * program's own code loads into MXCSR is enter.c's. */
#include "arith.h"
#include "next.h"
#include <fenv.h>
#include <immintrin.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(fesetround) _(fesetenv) _(feupdateenv) _(fesetmode)
VPREC_NEXT_TABLE(EACH)

/* After the program has set its direction. */
static int settle(int result)
{
    unsigned mxcsr = _mm_getcsr();
    if (!(mxcsr & _MM_ROUND_MASK) || !vprec_arith_rounds(&vprec_arith_current))
        return result;
    if (!vprec_arith_current.keeps_direction)
        _mm_setcsr(mxcsr & ~(unsigned)_MM_ROUND_MASK);
    if (vprec_on_direction)
        vprec_on_direction();
    return result;
}

PUBLIC int fesetround(int direction)
{
    return settle(NEXT(fesetround)(direction));
}

PUBLIC int fesetenv(const fenv_t *env)
{
    return settle(NEXT(fesetenv)(env));
}

PUBLIC int feupdateenv(const fenv_t *env)
{
    return settle(NEXT(feupdateenv)(env));
}

PUBLIC int fesetmode(const femode_t *mode)
{
    return settle(NEXT(fesetmode)(mode));
}
