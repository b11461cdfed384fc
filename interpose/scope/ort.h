/* SPDX-License-Identifier: Apache-2.0
 * ort.h: scopes "ort:/conv1/Conv" of onnxruntime's nodes, whatever language its user writes. */
#ifndef VPREC_SCOPE_ORT_H
#define VPREC_SCOPE_ORT_H

#include "find/object.h"

/* Whether the object is onnxruntime, by its name. */
bool vprec_ort_is(const char *path);

/* It has been relocated, and nothing of it has run: from now on its kernels tell when they run. Where its classes are
 * laid out in another way than is known, it is left alone, and the run is told so. */
void vprec_ort_begin(const vprec_object *object);

#endif
