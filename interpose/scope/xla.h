/* SPDX-License-Identifier: Apache-2.0
 * xla.h: scopes "xla:jit_predict/dot_general.1" of what XLA has compiled for the processor, in JAX and for TensorFlow's
 * jit_compile: a module, and a step of its schedule (a thunk): an operation or a fusion of several. */
#ifndef VPREC_SCOPE_XLA_H
#define VPREC_SCOPE_XLA_H

#include "find/object.h"

/* Whether the object has XLA in it, by its name. */
bool vprec_xla_is(const char *path);

/* See vprec_adapter. */
void vprec_xla_begin(vprec_object *object);

/* What a step of the module with that number comes from, "jit(predict)/Dense_0/dot_general": its scope's kind. Before
 * it runs first, by one thread at a time. */
void vprec_xla_comes_from(int64_t module, const char *step, const char *origin);

#endif
