/* SPDX-License-Identifier: Apache-2.0
 * sites.h: the lines of source that vprec-cc has compiled, as the file that it built tells them. */
#ifndef VPREC_COMMON_SITES_H
#define VPREC_COMMON_SITES_H

#include <stddef.h>
#include <stdint.h>

typedef struct vprec_source_site {
    char *file, *function; /* as the compiler was told, "": no line is known; linkage name */
    uint32_t line;
    uint32_t operations; /* so many in the code, of any number of lanes */
} vprec_source_site;

/* Of an executable or a library, in the order of file, line and function, each once; NULL: there are none. */
vprec_source_site *vprec_sites_read(const char *path, size_t *count);
void vprec_sites_free(vprec_source_site *sites, size_t count);

#endif
