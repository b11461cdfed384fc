/* SPDX-License-Identifier: Apache-2.0
 * vprec_cc.h: how a function of the program's is rounded, said in its source, for vprec-cc; for other compilers nothing.
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

#endif
