/* SPDX-License-Identifier: Apache-2.0
 * fenv.c: the rounding direction that a program sets is replaced by vprec's
 * mode. The program still reads back what it set: fegetround looks at the x87
 * control word, which keeps it; SSE arithmetic stays at nearest. What the
 * program's own code loads into MXCSR is enter.c's. */
#include "arith.h"
#include "next.h"
#include <fenv.h>
#include <immintrin.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(fesetround) _(fesetenv) _(feupdateenv)
VPREC_NEXT_TABLE(EACH)

/* After the program has set its direction. */
static int replaced(int result)
{
    unsigned mxcsr = _mm_getcsr();
    if (!(mxcsr & _MM_ROUND_MASK) || !vprec_arith_rounds(&vprec_arith_current))
        return result;
    _mm_setcsr(mxcsr & ~(unsigned)_MM_ROUND_MASK);
    if (vprec_on_direction)
        vprec_on_direction();
    return result;
}

PUBLIC int fesetround(int direction)
{
    return replaced(NEXT(fesetround)(direction));
}

PUBLIC int fesetenv(const fenv_t *env)
{
    return replaced(NEXT(fesetenv)(env));
}

PUBLIC int feupdateenv(const fenv_t *env)
{
    return replaced(NEXT(feupdateenv)(env));
}
