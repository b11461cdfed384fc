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
#include <stdatomic.h>

#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(fesetround) _(fesetenv) _(feupdateenv) _(fesetmode)
VPREC_NEXT_TABLE(EACH)

/* The loader knows no next one where libm came by dlopen: known while it is patched, else looked for at each call, since
 * it may go again. */
#define ATOMIC(name) _Atomic(__typeof__(&name)) name;
static struct {
    EACH(ATOMIC)
} late;

void vprec_fenv_late(void *(*find)(const char *name))
{
#define STORE(name) atomic_store(&late.name, find ? (__typeof__(&name))find(#name) : NULL);
    EACH(STORE)
#undef STORE
}

/* A program may ask for the address of such a function, and have no libm: then it does nothing, and says so. */
enum { UNABLE = 1 };
#define CALL(name, parameter, operand)                                                                                \
    static int call_##name(parameter)                                                                                 \
    {                                                                                                                 \
        __typeof__(&name) function = next.name;                                                                       \
        if (!function)                                                                                                \
            function = atomic_load(&late.name);                                                                       \
        if (function)                                                                                                 \
            return function(operand);                                                                                 \
        void *libm = dlopen("libm.so.6", RTLD_LAZY | RTLD_NOLOAD);                                                    \
        function = libm ? (__typeof__(&name))dlsym(libm, #name) : NULL;                                               \
        int result = function ? function(operand) : UNABLE;                                                           \
        if (libm)                                                                                                     \
            dlclose(libm);                                                                                            \
        else                                                                                                          \
            dlerror();                                                                                                \
        return result;                                                                                                \
    }
CALL(fesetround, int direction, direction)
CALL(fesetenv, const fenv_t *env, env)
CALL(feupdateenv, const fenv_t *env, env)
CALL(fesetmode, const femode_t *mode, mode)

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
    return settle(call_fesetround(direction));
}

PUBLIC int fesetenv(const fenv_t *env)
{
    return settle(call_fesetenv(env));
}

PUBLIC int feupdateenv(const fenv_t *env)
{
    return settle(call_feupdateenv(env));
}

PUBLIC int fesetmode(const femode_t *mode)
{
    return settle(call_fesetmode(mode));
}
