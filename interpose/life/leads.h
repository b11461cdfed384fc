/* SPDX-License-Identifier: Apache-2.0
 * leads.h: what may lead to code that no function tells of, in an object that has much of it: every direct jump or
 * call, read at any byte of the object's code, and jump tables. One in two thousand bytes is named by what is no jump;
 * so these are no proof, but that a block which was found otherwise begins there. */
#ifndef VPREC_LIFE_LEADS_H
#define VPREC_LIFE_LEADS_H

#include "loaded.h"

/* Whether a jump or call may lead to that very address. Reads all of the object's code the first time. */
bool vprec_leads_to(vprec_loaded *loaded, uint64_t address);

/* Appends to `targets` (uint64_t) what the jump table at `table`, which the code at `from` loads the address of, leads
 * to. It may be none. False: no memory. */
bool vprec_leads_table(vprec_loaded *loaded, uint64_t from, uint64_t table, vprec_vec *targets);

#endif
