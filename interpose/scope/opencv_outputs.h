/* SPDX-License-Identifier: Apache-2.0
 * opencv_outputs.h: --dump-layers: what a layer of OpenCV's module dnn gives. */
#ifndef VPREC_SCOPE_OPENCV_OUTPUTS_H
#define VPREC_SCOPE_OPENCV_OUTPUTS_H

/* Writes the arrays that a layer's forward(3 arrays) was given as `outputs`, now that it has returned. */
void vprec_opencv_outputs_put(const char *name, const void *outputs);

#endif
