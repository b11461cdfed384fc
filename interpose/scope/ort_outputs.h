/* SPDX-License-Identifier: Apache-2.0
 * ort_outputs.h: what onnxruntime's nodes give, for --dump-layers. */
#ifndef VPREC_SCOPE_ORT_OUTPUTS_H
#define VPREC_SCOPE_ORT_OUTPUTS_H

/* Writes the outputs of the kernel, which has run for the node in the context, by that name. Where things are not laid
 * out as is known nothing is written, which is told. */
void vprec_ort_outputs_put(const char *name, const void *kernel, const void *node, const void *context);

#endif
