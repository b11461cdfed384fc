/* SPDX-License-Identifier: Apache-2.0
 * totals.h: sums over all processes of a run. A place in a file is counted
 * once, however many processes ran it; operations are added up. */
#ifndef VPREC_TOTALS_H
#define VPREC_TOTALS_H

#include "records.h"

typedef struct vprec_totals {
    size_t processes; /* that --exec let through */
    size_t objects;   /* files in which sites were instrumented */
    uint64_t functions[VPREC_TYPES], functions_entered[VPREC_TYPES]; /* with sites of the type */
    uint64_t sites[VPREC_TYPES], sites_entered[VPREC_TYPES];
    uint64_t native[VPREC_TYPES]; /* sites of a type that is not instrumented */
    uint64_t refused, refused_executed; /* places; the second with --audit */
    uint64_t libm_functions;            /* most in one process */
    /* With --count. */
    uint64_t operations[VPREC_TYPES], libm_calls[VPREC_TYPES];
    uint64_t rounded[VPREC_TYPES], overflows[VPREC_TYPES], underflows[VPREC_TYPES], nans[VPREC_TYPES];
} vprec_totals;

/* One refused instruction of a file. */
typedef struct vprec_finding {
    const char *object, *function, *text; /* in the records; function NULL where it is not known */
    uint64_t address, executed;
} vprec_finding;

void vprec_totals_sum(vprec_totals *totals, const vprec_records *records);

/* The refused instructions, each place once, most executed first; to be freed. */
vprec_finding *vprec_findings_collect(const vprec_records *records, size_t *count);

#endif
