/* SPDX-License-Identifier: Apache-2.0
 * version.c: owns what the library says of itself. */
#include "vprec.h"

const char *vprec_version(void)
{
    return VPREC_VERSION;
}

int vprec_api_version(void)
{
    return VPREC_API_VERSION;
}
