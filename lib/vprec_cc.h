/* SPDX-License-Identifier: Apache-2.0
 * vprec_cc.h: how parts of a program are rounded, said in its source, for vprec-cc; for other compilers nothing.
 * Manual page: vprec-cc(1).
 *
 *     VPREC_FORMAT("e8m16") static float norm(const float *x, int n);
 *     VPREC_OFF double clock_of(void);
 *
 * It stands in front of the function where it is defined, and holds for operations in the function's own code, not in
 * what it calls; libm's functions go by the run's format. It is not inlined then. What --site gives its lines when the
 * program runs comes first, and where no format is given then all is native, whatever is said here. */
#ifndef VPREC_CC_H
#define VPREC_CC_H

#include "vprec_scope.h"

/* SPEC, a string: a format as of vprec-run --format, and with commas what else holds: "f32=bf16,f64=e11m40,mode=sr". */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(annotate)
#define VPREC_FORMAT(SPEC) __attribute__((annotate("vprec:" SPEC), noinline))
#endif
#endif
#ifndef VPREC_FORMAT
#define VPREC_FORMAT(SPEC)
#endif

/* Its operations stay native. */
#define VPREC_OFF VPREC_FORMAT("native")

/* A statement: from here to the end of the block, however that is left, the scope "api:NAME" is open (vprec_scope.h), to
 * which vprec-run --scope NAME=FORMAT gives a format, whatever has compiled the program:
 *
 *     void head(float *x, int n)
 *     {
 *         VPREC_SCOPE("head");
 *         ...
 *     } */
#if defined(__GNUC__)
#define VPREC_SCOPE(NAME) VPREC_SCOPE_AT(NAME, __LINE__)
#define VPREC_SCOPE_AT(NAME, LINE) VPREC_SCOPE_HELD(NAME, LINE)
#define VPREC_SCOPE_HELD(NAME, LINE)                                                                                   \
    __attribute__((cleanup(vprec_scope_leave), unused)) uint32_t vprec_scope_##LINE = vprec_scope_begin(NAME)
static inline __attribute__((always_inline, unused)) void vprec_scope_leave(const uint32_t *depth)
{
    vprec_scope_end_to(*depth);
}
#else
#define VPREC_SCOPE(NAME) vprec_scope_begin(NAME)
#endif

#endif
