/* SPDX-License-Identifier: Apache-2.0
 * job.h: one unit from decoded code to clones: which of its functions are selected and have work, their records, the
 * cloning. The caller holds the instrumentation lock. */
#ifndef VPREC_LIFE_JOB_H
#define VPREC_LIFE_JOB_H

#include "clone/clone.h"
#include "runtime/wire.h"
#include "scope/scopes.h"

/* A function that was translated before, and its record. */
typedef struct vprec_recorded {
    uint64_t start;
    vprec_function_record *record;
    bool counted; /* what it counts in the object's record is there */
} vprec_recorded;

typedef struct vprec_job {
    vprec_codemap map;
    vprec_object *object; /* is asked for names; `map` may have a part of it */
    vprec_text_pages *text;
    bool selected;     /* the object; else only what it has for others (vprec_select_helpers) */
    unsigned preset;   /* of the object: see presets.h */
    bool alone;        /* likewise */
    bool apart;        /* likewise */
    bool others;       /* likewise */
    bool quiet;        /* likewise */
    bool changes;      /* likewise */
    bool leaves_by_itself; /* see vprec_clone_options */
    bool calls;        /* what holds system calls is cloned for them alone, too */
    uint64_t executed; /* where control has come to; 0 nowhere yet */
    vprec_vec *parts;  /* uint64_t: starts of functions that are parts of routines; grows; NULL: the unit is all there is */
    vprec_vec *recorded; /* vprec_recorded: functions that are translated anew; NULL: none are */
    const size_t *sorted; /* so many of them, by start; with that */
    vprec_object_record *record;
    void *records; /* of the functions, in one piece; NULL: none */
    size_t record_bytes;
    vprec_gates gates;
    _Atomic uint32_t **entered; /* by function, NULL none */
    uint32_t *counters;         /* by function */
    uint64_t *function_records; /* by function: offset of its record, 0 none */
} vprec_job;

static inline vprec_code_function *vprec_job_function(const vprec_codemap *map, size_t i)
{
    return &VPREC_AT(map->functions, vprec_code_function, i);
}

static inline bool vprec_job_is_part(const vprec_code_function *f)
{
    return vprec_routine_rounds(&f->routine) || f->inner;
}

/* What is translated now has not been executed: nothing notes that it has. */
extern bool vprec_job_ahead;

/* Whether the function of the object that starts, or is entered, at `entry` is one operation, or a part of one, by its
 * name; NULL: it has none. Rules that match it are hit. */
bool vprec_job_routine(vprec_object *object, const char *name, uint64_t entry, vprec_routine *routine);

/* Whether a call of the function `name` is decided by who calls: what jumps to it must answer for itself. */
bool vprec_job_may_have_gate(const char *name);

/* Room for the name of a function that no symbol names: "libnet+0x1a40", the object and the address in its file of the
 * entry that was executed. Such names stay the same as long as the file does. */
enum { VPREC_JOB_NAME = 320 };
/* `whole`: "libnet.so.1+0x1a40", the file's name as it is. */
const char *vprec_job_nameless(const vprec_object *object, uint64_t entry, bool whole, char room[VPREC_JOB_NAME]);

/* Which rules for functions match the one of the object that starts, or is entered, at `entry`. `symbol`: it has one. */
uint64_t vprec_job_rules(vprec_object *object, uint64_t entry, bool symbol);

/* The scope of the function of the object that starts there, while which it is open; NULL: it is none. */
const vprec_scope *vprec_job_scope(vprec_object *object, uint64_t start);

/* 1 + the version that --scope code:GLOB or obj:GLOB gives the function, by the last line that matches; 0: none. `hits`:
 * those lines are hit. */
unsigned vprec_job_given(vprec_object *object, uint64_t entry, bool symbol, bool hits);

/* Marks what is selected and what is to be cloned. */
void vprec_job_choose(vprec_job *job);

/* Records the functions and clones those that are chosen. NULL: nothing is to be cloned, or it cannot be, which is
 * recorded. */
/* With --count: operations are counted from now on. */
void vprec_job_count(void);

vprec_image *vprec_job_clone(vprec_job *job, enum vprec_isa isa);

#endif
