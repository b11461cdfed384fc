/* SPDX-License-Identifier: Apache-2.0
 * libm.h: replacements for the functions of libm.so and libmvec.so, each call
 * one operation. Patches nothing: the patcher reads the table.
 *
 *   caller: call expf ---> expf's gate (gate.h), for a selected caller: the replacement
 *                                                                           |
 *                                                  original double exp <----+
 *                                                          |
 *   caller <------------------------ result rounded once to the f32 format */
#ifndef VPREC_LIBM_H
#define VPREC_LIBM_H

#include "runtime/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One function. The patcher
 *  - finds `name` in the dynamic symbols of libm.so.6 (libmvec.so.1 if `vector`), every version of it, the IFUNC
 *    resolved; a name that is missing there is skipped;
 *  - stores in *original something that behaves as the unpatched function of the default version (the only one where
 *    there is none). It does so for *every* entry before it patches the first: the float functions call the double
 *    originals;
 *  - gives each address a gate, also where several names share it (all of them then get the same *original), if
 *    `type` is VPREC_USE_FORMAT, VPREC_OPS_LIBM is among --ops, and *wide (if not NULL) was filled in.
 * Replacements round whoever calls: the gate decides. Calls that libm, libmvec and vprec make of one another are part
 * of an operation and reach no replacement. (No thread-local mark says so: longjmp out of a handler would leave it
 * standing, and a handler's own calls would go unrounded.) */
typedef struct vprec_libm_entry {
    const char *name;
    void *replacement;
    void **original;
    void **wide;     /* slot of the double function that a float one is evaluated by; NULL: none needed */
    vprec_type type;
    bool vector;     /* in libmvec.so.1 */
} vprec_libm_entry;

/* Of nine vector operands the ninth comes on the stack: this one's replacement cannot be called from another stack. */
#define VPREC_LIBM_ON_STACK "_ZGVcN8vvv_sincosf"

/* The tables of libm and of libmvec, `*n` entries each. */
const vprec_libm_entry *vprec_libm_table(size_t *n);
const vprec_libm_entry *vprec_libmvec_table(size_t *n);

/* own.S: the functions of libm that replacements, and libvprec for them, call: where they are, and the names one behind
 * the other, an empty one at the end. Filled before the first replacement is reached. */
extern void *vprec_libm_own[];
extern const char vprec_libm_own_names[];

/* Where the first calls whose values go wrong are kept, by type; NULL: nowhere. */
extern vprec_first (*vprec_libm_firsts)[VPREC_FIRSTS];

#endif
