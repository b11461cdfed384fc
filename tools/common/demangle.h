/* SPDX-License-Identifier: Apache-2.0
 * demangle.h: the names that a person knows a function of C++ or Rust by. */
#ifndef VPREC_COMMON_DEMANGLE_H
#define VPREC_COMMON_DEMANGLE_H

#include <stdbool.h>

/* "net::relu(float)" for "_ZN3net4reluEf", without `parameters` "net::relu"; the symbol itself where it is no mangled
 * name. To be freed. */
char *vprec_demangled(const char *symbol, bool parameters);

#endif
