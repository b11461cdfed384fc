/* SPDX-License-Identifier: Apache-2.0
 * totals.h: sums over all processes of a run. A place in a file is counted
 * once, however many processes ran it; operations are added up. */
#ifndef VPREC_RUN_TOTALS_H
#define VPREC_RUN_TOTALS_H

#include "records.h"

typedef struct vprec_totals {
    size_t processes; /* that --exec let through */
    size_t objects;   /* files in which sites were instrumented */
    uint64_t functions[VPREC_TYPES], functions_entered[VPREC_TYPES]; /* with sites of the type */
    uint64_t sites[VPREC_TYPES], sites_entered[VPREC_TYPES];
    uint64_t native[VPREC_TYPES]; /* sites of a type that is not instrumented */
    /* Places that stay native; executed ones are known with --audit. */
    uint64_t refused, refused_executed;         /* that concern the audit */
    uint64_t long_double, long_double_executed; /* x87, where that does not */
    uint64_t exact, exact_executed; /* additions that round to integers and are exact; executions are known with --count */
    uint64_t libm_functions;            /* most in one process */
    /* With --count. */
    uint64_t operations[VPREC_TYPES], libm_calls[VPREC_TYPES], libm_called[VPREC_TYPES];
#define X(event) uint64_t event[VPREC_TYPES];
    VPREC_EVENTS(X)
#undef X
} vprec_totals;

/* A record by what it describes in the file. */
typedef struct vprec_origin {
    const char *object;
    uint64_t address;
    size_t index; /* of the record */
} vprec_origin;

/* The records of `kind` (objects, functions, refused or exact), sorted so that equal places are neighbours; to be freed. */
vprec_origin *vprec_places_of(const vprec_records *records, uint32_t kind);
bool vprec_same_place(const vprec_origin *p, const vprec_origin *q);

/* One refused instruction of a file. */
typedef struct vprec_finding {
    const char *object, *function, *text; /* in the records; function NULL where it is not known */
    uint64_t address, executed;
    uint32_t numbers; /* VPREC_NUMBER_F32 | ... */
} vprec_finding;

void vprec_totals_sum(vprec_totals *totals, const vprec_records *records, const vprec_wire_config *config);

/* Whether an audit of this run asks for such a number: of a type that has a format, or of none that could have one. */
bool vprec_audit_asks(const vprec_wire_config *config, uint32_t numbers);

/* The refused instructions, each place once, most executed first; to be freed. */
vprec_finding *vprec_findings_collect(const vprec_records *records, size_t *count);

#endif
