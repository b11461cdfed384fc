/* SPDX-License-Identifier: Apache-2.0
 * python.h: scopes of modules of PyTorch, and where XLA's steps come from, in a process that has CPython. */
#ifndef VPREC_SCOPE_PYTHON_H
#define VPREC_SCOPE_PYTHON_H

/* The object is loaded, and not relocated yet. If it is PyTorch's part for Python, torch.py is run at the next
 * opportunity of the interpreter; if it is JAX's, jax.py is. */
void vprec_python_meet(const char *path);

#endif
