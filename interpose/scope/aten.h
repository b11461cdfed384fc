/* SPDX-License-Identifier: Apache-2.0
 * aten.h: scopes "aten:addmm" of PyTorch's operators, within its modules: what is called by functions, by TorchScript,
 * in C++. Told only to who asks for them by name, since each would be the innermost scope. */
#ifndef VPREC_SCOPE_ATEN_H
#define VPREC_SCOPE_ATEN_H

#include <stdbool.h>

/* Whether a pattern begins with "aten:". */
bool vprec_aten_wanted(void);

/* In a thread of the program's, once PyTorch 2 is there. False: this version of it is not known. */
bool vprec_aten_begin(void);

#endif
