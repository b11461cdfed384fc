/* SPDX-License-Identifier: Apache-2.0
 * host.c: see host.h. Linked into the preload library alone. */
#include "host.h"
#include "runtime/share.h"
#include "runtime/version.h"

static const vprec_arith *here(void)
{
    return vprec_arith_here();
}

static uint64_t seed(void)
{
    return vprec_wire_shared ? vprec_wire_shared->config.seed : VPREC_SEED_DEFAULT;
}

__attribute__((visibility("default"))) const vprec_cc_host vprec_cc_host_here __asm__(VPREC_CC_HOST) = {sizeof(vprec_arith), &vprec_arith_current, here, &vprec_versions, seed};
