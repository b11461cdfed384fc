/* SPDX-License-Identifier: Apache-2.0
 * tensorflow.h: scopes "tf:functional/conv2d/convolution" of TensorFlow's operations on the processor. */
#ifndef VPREC_SCOPE_TENSORFLOW_H
#define VPREC_SCOPE_TENSORFLOW_H

#include "find/object.h"

/* Whether the object is the part of TensorFlow that runs operations, by its name. */
bool vprec_tensorflow_is(const char *path);

/* It has been relocated, and nothing of it has run: from now on its operations tell when they run, or the run is told
 * that they do not. */
void vprec_tensorflow_begin(vprec_object *object);

#endif
