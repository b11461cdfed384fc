/* SPDX-License-Identifier: Apache-2.0
 * notes.h: formats of scopes that a program's file asks for, by vprec_scope_format() of vprec_scope.h. */
#ifndef VPREC_COMMON_NOTES_H
#define VPREC_COMMON_NOTES_H

#include <stdbool.h>

/* Calls `take` for each of them, in the file's order, as long as it returns true. False: it returned false. Of what is no
 * such file there are none. */
bool vprec_notes_formats(const char *path, bool (*take)(void *data, const char *glob, const char *spec), void *data);

#endif
