/* SPDX-License-Identifier: Apache-2.0
 * masks.h: what other wrappers need of the masks that the C library keeps. */
#ifndef VPREC_LIFE_MASKS_H
#define VPREC_LIFE_MASKS_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

/* `*blocked` becomes what a thread made with `attr` is to block of ours, if it says so. */
void vprec_masks_of_attr(const pthread_attr_t *attr, uint64_t *blocked);

/* A sigset_t of the C library has 1024 bits, of which the kernel knows 64: the last word can hold what the program
 * means of ours, where the first must not. */
void vprec_masks_note(sigset_t *set, uint64_t blocked);
uint64_t vprec_masks_noted(const sigset_t *set);

#endif
