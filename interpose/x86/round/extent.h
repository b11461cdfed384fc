/* SPDX-License-Identifier: Apache-2.0
 * extent.h: code behind a site that notes how large and how small its results
 * are, in the thread's meter (runtime/meter.h), as wire.h says of
 * vprec_metered_kind. Integer instructions only, no general registers, no flags. */
#ifndef VPREC_X86_ROUND_EXTENT_H
#define VPREC_X86_ROUND_EXTENT_H

#include "round.h"

/* How much of a meter it takes, a power of two; 0: there is no such code for the site. */
uint32_t vprec_extent_bytes(const vprec_site *site, enum vprec_isa isa);

/* Appends the code for results in site->dst, of all lanes or of those of a packed site's mask. What it notes is at `at`
 * of the meter, told as `*metered` but for its type. The registers that are free are those of the site; `legacy`: it
 * must keep to legacy encodings where there is no AVX-512. */
void vprec_extent_emit(vprec_code *code, const vprec_site *site, uint32_t at, bool legacy,
                       const vprec_round_context *context, vprec_metered *metered);

#endif
