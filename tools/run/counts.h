/* SPDX-License-Identifier: Apache-2.0
 * counts.h: what the counters of --count say: sums by function, exponents, bits
 * and digits cancelled. Prints nothing. */
#ifndef VPREC_RUN_COUNTS_H
#define VPREC_RUN_COUNTS_H

#include "records.h"

/* One function's results of one type, over all processes. */
typedef struct vprec_profile {
    const char *object, *function; /* in the records */
    uint64_t address;
    vprec_type type;
    uint64_t operations;
    vprec_counts counts;
} vprec_profile;

/* Those that executed anything, most operations first; to be freed. */
vprec_profile *vprec_profiles_collect(const vprec_records *records, size_t *count);

void vprec_counts_add(vprec_counts *to, const vprec_counts *counts);
uint64_t vprec_counts_operations(const vprec_counts *counts);

/* Additions: all of them; those that cancel more than `bits`, totally or not; the most bits that one
 * cancels, but for total cancellation, -1 without additions. */
uint64_t vprec_counts_additions(const vprec_counts *counts);
uint64_t vprec_counts_cancelling(const vprec_counts *counts, unsigned bits);
int vprec_counts_most_bits(const vprec_counts *counts);

/* Significant bits of the type's numbers in this run: more than half of them lost is what reports call fragile. */
unsigned vprec_counts_precision(const vprec_wire_config *config, vprec_type type);

static inline double vprec_digits(unsigned bits)
{
    return bits * 0.30102999566398119521; /* log10 2 */
}

/* Binary exponents of the smallest and largest number seen; false: none. */
bool vprec_span_exponents(const vprec_span *span, int *least, int *most);

/* Exponent bits, 2 to 11, of the smallest format of IEEE 754's kind whose largest binade is not below `most`, or whose
 * smallest normal one is not above `least`; 12: none has it. */
unsigned vprec_bits_for_most(int most);
unsigned vprec_bits_for_least(int least);

#endif
