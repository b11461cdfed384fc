/* SPDX-License-Identifier: Apache-2.0
 * tensorflow.h: scopes "tf:functional/conv2d/convolution" of TensorFlow's operations on the processor. */
#ifndef VPREC_SCOPE_TENSORFLOW_H
#define VPREC_SCOPE_TENSORFLOW_H

#include "find/object.h"

/* See vprec_adapter: the part of TensorFlow that runs operations tells when it does. */
bool vprec_tensorflow_is(const char *path);
void vprec_tensorflow_begin(vprec_object *object);

#endif
