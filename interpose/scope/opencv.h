/* SPDX-License-Identifier: Apache-2.0
 * opencv.h: scopes "cv:/conv1/Conv" of layers of networks that OpenCV's module dnn runs on the processor. */
#ifndef VPREC_SCOPE_OPENCV_H
#define VPREC_SCOPE_OPENCV_H

#include "find/object.h"

/* See vprec_adapter: its layers tell when they run. */
bool vprec_opencv_is(const char *path);
void vprec_opencv_begin(vprec_object *object);

#endif
