/* SPDX-License-Identifier: Apache-2.0
 * demangle.h: the names that a person knows a function of C++ or Rust by. The
 * work is libiberty's, linked in statically; it takes no memory from malloc. */
#ifndef VPREC_FIND_DEMANGLE_H
#define VPREC_FIND_DEMANGLE_H

#include <stddef.h>

typedef struct vprec_names {
    const char *symbol; /* "_ZN3net4reluEf" */
    const char *plain;  /* "net::relu"; NULL: the symbol is all there is */
    const char *full;   /* "net::relu(float)" */
} vprec_names;

/* The names are good until the next call. The caller holds the instrumentation lock. */
vprec_names vprec_demangle(const char *symbol);

#endif
