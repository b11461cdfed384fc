/* SPDX-License-Identifier: Apache-2.0
 * require.h: the language of --require and --threshold: what a result has to keep. Knows no metrics, measures nothing.
 *
 *     accuracy>=0.96            >=, >, <=, <, =; 99% is 0.99
 *     accuracy:1%               within 1 % of what the native run has
 *     labels=equal              exactly what the native run has
 *     1%                        the first metric within 1 % of native's
 *     changed<=5, sqnr>=40      several: all of them
 */
#ifndef VPREC_COMMON_REQUIRE_H
#define VPREC_COMMON_REQUIRE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum vprec_sign {
    VPREC_AT_LEAST, /* >= */
    VPREC_MORE,     /* > */
    VPREC_AT_MOST,  /* <= */
    VPREC_LESS,     /* < */
    VPREC_EXACTLY,  /* = */
    VPREC_AS_NATIVE, /* =equal */
    VPREC_WITHIN    /* :P%, of native's; `value` is P */
} vprec_sign;

typedef struct vprec_requirement {
    char *text; /* as it was written */
    char *name; /* of the metric; NULL: the first one */
    vprec_sign sign;
    double value;
} vprec_requirement;

typedef struct vprec_require {
    vprec_requirement *list; /* at least one */
    size_t count;
} vprec_require;

/* What follows `option`. False, having said why. To be freed in any case. */
bool vprec_require_parse(vprec_require *require, const char *option, const char *text);
void vprec_require_free(vprec_require *require);

/* Says what is wrong with `text` behind `option`, and how to write it. False. */
bool vprec_require_wrong(const char *option, const char *text, const char *what);

/* Values that keep a requirement. */
typedef struct vprec_bounds {
    double low, high;
    bool above, below; /* the bounds themselves do not */
} vprec_bounds;

/* `native`: what the native run has. `better`: 1 where more is, -1 where less is, 0 not known: then both sides are
 * bounds of WITHIN. `absolute`: the metric is an error or a rate, of which per cent are meant, not per cent of its
 * native value, which is often 0. */
vprec_bounds vprec_require_bounds(const vprec_requirement *requirement, double native, int better, bool absolute);
bool vprec_bounds_keep(const vprec_bounds *bounds, double value);

#endif
