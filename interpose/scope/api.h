/* SPDX-License-Identifier: Apache-2.0
 * api.h: scopes "api:NAME", which programs open by vprec_scope.h, and values that they show by it. */
#ifndef VPREC_SCOPE_API_H
#define VPREC_SCOPE_API_H

#include <stdint.h>

/* `note`: where in memory an object's note for vprec has what it tells, the distance from there to the hooks. */
void vprec_api_meet(uint64_t note);

/* For libvprec_python.so, which finds it by its name. */
__attribute__((visibility("default"))) int vprec_scope_knows(const char *name, const char *spec);

#endif
