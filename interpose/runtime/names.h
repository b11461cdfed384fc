/* SPDX-License-Identifier: Apache-2.0
 * names.h: small questions to the names of files and things. For signals' handlers, too. */
#ifndef VPREC_RUNTIME_NAMES_H
#define VPREC_RUNTIME_NAMES_H

#include <stdint.h>
#include <string.h>

/* What follows the last slash. */
static inline const char *vprec_name_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

#define VPREC_NAME_HASH UINT64_C(0xCBF29CE484222325)

/* FNV-1a of `text` behind what `hash` is of, which begins as VPREC_NAME_HASH. */
static inline uint64_t vprec_name_hash(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
    return hash;
}

#endif
