/* SPDX-License-Identifier: Apache-2.0
 * digest.h: FNV-1a (Fowler, Noll, Vo 1991) with 64 bits, to tell apart files that changed by accident, not by
 * malice. */
#ifndef VPREC_COMMON_DIGEST_H
#define VPREC_COMMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t vprec_digest;
#define VPREC_DIGEST_BEGIN UINT64_C(0xcbf29ce484222325)

/* The digest of what came before, and these bytes; or those of the file, as far as it can be read. */
vprec_digest vprec_digest_bytes(vprec_digest digest, const void *bytes, size_t size);
vprec_digest vprec_digest_file(vprec_digest digest, const char *path);

/* "fnv1a64:" and 16 digits; to be freed. */
char *vprec_digest_text(vprec_digest digest);

#endif
