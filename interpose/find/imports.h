/* SPDX-License-Identifier: Apache-2.0
 * imports.h: the tables of an object as the loader has them in memory, and what the object imports. */
#ifndef VPREC_FIND_IMPORTS_H
#define VPREC_FIND_IMPORTS_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* What the dynamic entry `tag` points to; NULL: there is none. */
const void *vprec_imports_table(const struct link_map *map, int64_t tag);

/* Whether the object imports a symbol that `asked` says yes to. */
bool vprec_imports_any(const struct link_map *map, bool (*asked)(const char *name));

#endif
