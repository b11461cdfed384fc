/* SPDX-License-Identifier: Apache-2.0
 * format_names.h: the names of formats: vprec's own, those of other tools, and those of types that vprec cannot
 * round to. Knows nothing of widths. */
#ifndef VPREC_FORMAT_NAMES_H
#define VPREC_FORMAT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* `also`: what others call it, with blanks between: in any case, with or without '_' and '-'. */
typedef struct vprec_preset {
    const char *name, *spelling, *also;
} vprec_preset;

/* Number `index`, NULL past the last. */
const vprec_preset *vprec_preset_at(size_t index);

/* Equal but for the case of ASCII letters, whatever the program's locale. */
bool vprec_name_same(const char *a, size_t m, const char *b, size_t n);

/* The preset that the `length` bytes of `text` name, "torch.bfloat16" too; NULL if none. */
const vprec_preset *vprec_preset_find(const char *text, size_t length);

/* Why a type of that name is no format, or which formats it may mean; NULL if there is none of that name. */
const char *vprec_name_refused(const char *text, size_t length);

/* The name that is nearest to a misspelled one, of `size` bytes; an empty one if none is near. */
void vprec_name_nearest(const char *text, size_t length, char *nearest, size_t size);

#endif
