/* SPDX-License-Identifier: Apache-2.0
 * tf_outputs.h: what TensorFlow's operations give, for --dump-layers. */
#ifndef VPREC_SCOPE_TF_OUTPUTS_H
#define VPREC_SCOPE_TF_OUTPUTS_H

#define VPREC_TF_LIBRARY "libtensorflow_framework.so.2"

/* Writes the outputs of the operation of that type, which has run in the context, by that name. In a thread of the
 * program's, as what it calls. */
void vprec_tf_outputs_put(const char *name, const char *type, void *context);

#endif
