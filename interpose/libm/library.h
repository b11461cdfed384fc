/* SPDX-License-Identifier: Apache-2.0
 * library.h: a library as the loader has mapped it: its functions by name, where each ends. */
#ifndef VPREC_LIBM_LIBRARY_H
#define VPREC_LIBM_LIBRARY_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct vprec_library {
    uint64_t bias, lo, hi;
    uint64_t code, code_end; /* its executable segment */
    uint64_t init;           /* its DT_INIT function, 0 none */
    const uint8_t *unwind;   /* .eh_frame_hdr, NULL none */
    const ElfW(Sym) *symbols;
    const char *strings;
    const uint16_t *versions;
    const uint32_t *hash;    /* the GNU one */
} vprec_library;

/* False: it lacks one of the tables. */
bool vprec_library_read(vprec_library *library, const struct link_map *map);

/* The functions of a name, one for each version: the index of the first symbol where `from` is 0, then of the one behind
 * `from`; 0: no more. */
uint32_t vprec_library_find(const vprec_library *library, const char *name, uint32_t from);
/* Whether it is the version that a new program would get. */
bool vprec_library_is_default(const vprec_library *library, uint32_t symbol);
/* Where it starts. The resolver of an IFUNC is called for it: the library must have been relocated. 0: no function, or
 * not of this library. */
uint64_t vprec_library_address(const vprec_library *library, uint32_t symbol);
/* Where the function at `address` ends at the latest; `address` itself: not known. */
uint64_t vprec_library_end(const vprec_library *library, uint64_t address);

#endif
