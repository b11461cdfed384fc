/* SPDX-License-Identifier: Apache-2.0
 * unrounded.h: the records of single instructions that are arithmetic and are not rounded: refused ones, and additions
 * that round to an integer. */
#ifndef VPREC_LIFE_UNROUNDED_H
#define VPREC_LIFE_UNROUNDED_H

#include "job.h"

/* Names every refused instruction of the unit. */
void vprec_job_record_refused(const vprec_job *job);

/* For vprec_clone_options, `data` the job: the record of the instruction at `address`, as the number of the counter of
 * its executions; 0: nobody counts them. */
uint32_t vprec_job_note_refused(void *data, uint64_t address, uint32_t function);
uint32_t vprec_job_note_exact(void *data, uint64_t address, uint32_t function, bool asked);

#endif
