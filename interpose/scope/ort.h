/* SPDX-License-Identifier: Apache-2.0
 * ort.h: scopes "ort:/conv1/Conv" of onnxruntime's nodes, whatever language its user writes. */
#ifndef VPREC_SCOPE_ORT_H
#define VPREC_SCOPE_ORT_H

#include "find/object.h"

/* See vprec_adapter: its kernels tell when they run. */
bool vprec_ort_is(const char *path);
void vprec_ort_begin(vprec_object *object);
bool vprec_ort_leaves(const vprec_object *object, unsigned preset, vprec_vec *functions);

#endif
