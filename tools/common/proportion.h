/* SPDX-License-Identifier: Apache-2.0
 * proportion.h: what k of n items say of a share: bounds and intervals with a confidence. Knows no files. */
#ifndef VPREC_COMMON_PROPORTION_H
#define VPREC_COMMON_PROPORTION_H

#include <stdint.h>

typedef struct vprec_share_bounds {
    double low, high;
} vprec_share_bounds;

/* The share that `k` of `n` items with the property leave possible at most, one-sided (C. J. Clopper and E. S.
 * Pearson, 1934): that at which no more than k have the property with the probability 1 - confidence. 1 where k = n;
 * NaN: k > n, n = 0, or a confidence not between 0 and 1. */
double vprec_share_most(uint64_t k, uint64_t n, double confidence);

/* The score interval of a share, two-sided (E. B. Wilson, 1927). NaN as above. */
vprec_share_bounds vprec_share_interval(uint64_t k, uint64_t n, double confidence);

/* The same items judged twice, natively and in a format. */
typedef struct vprec_paired {
    uint64_t both, first, second, neither; /* how many were right */
} vprec_paired;

/* The difference of the shares that are right, second minus first, two-sided: R. G. Newcombe, Statistics in Medicine
 * 17 (1998), 2635-2650, method 10. NaN: there are no items. */
vprec_share_bounds vprec_paired_interval(const vprec_paired *paired, double confidence);

/* The two-sided probability, were both equally good, of items that changed as unevenly, or more (Q. McNemar, 1947;
 * exact, by the binomial distribution). 1: none changed. */
double vprec_paired_mcnemar(const vprec_paired *paired);

#endif
