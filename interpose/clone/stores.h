/* SPDX-License-Identifier: Apache-2.0
 * stores.h: code that writes to itself. Its clones are made of what it was; so one that has changed goes on where the
 * original does, which is compared then. */
#ifndef VPREC_CLONE_STORES_H
#define VPREC_CLONE_STORES_H

#include "cloner.h"

/* The instruction at `at`, which computes nothing, as it is: control leaves behind it if it has written to what the
 * cloner clones. False: it writes nowhere, and nothing was emitted. */
bool vprec_stores_emit(vprec_cloner *cloner, uint64_t at, const vprec_insn *insn);

#endif
