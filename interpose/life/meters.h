/* SPDX-License-Identifier: Apache-2.0
 * meters.h: each thread's meter (runtime/meter.h), which inline code finds by
 * %gs. A thread comes to it where its first such access faults; so what makes
 * threads and processes sees to it that they do not begin with their maker's. */
#ifndef VPREC_LIFE_METERS_H
#define VPREC_LIFE_METERS_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

/* Before any code is written. */
void vprec_meters_begin(void);
bool vprec_meters_on(void); /* there are meters */

/* The calling thread makes a thread or process, and has no meter until it counts again. */
void vprec_meters_leave(void);

/* It gets its own now: it is about to execute what was translated, and may forbid itself system calls. */
void vprec_meters_enter(void);

/* It, or its process, has just begun. */
void vprec_meters_start(void);

/* Control comes to a clone by a signal: with --layers the thread goes on in the scope that it is led to. */
void vprec_meters_follow(void);

/* Nothing is to fault from now on: threads have their meters from their start. */
void vprec_meters_quiet(void);

/* Whether it is such a fault: then the instruction is to be executed again. */
bool vprec_meters_fault(const siginfo_t *info, ucontext_t *uc);

#endif
