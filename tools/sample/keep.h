/* SPDX-License-Identifier: Apache-2.0
 * keep.h: the files of --keep: which ones a sample wrote in the working
 * directory, and their copies in the sample's own. */
#ifndef VPREC_SAMPLE_KEEP_H
#define VPREC_SAMPLE_KEEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct vprec_keep_file vprec_keep_file;

/* Files that match, as they are before a sample; or those that were copied, as they were then. */
typedef struct vprec_keep {
    vprec_keep_file *files;
    size_t count;
} vprec_keep;

/* `patterns` is NULL-terminated, NULL is none; what lies in `out`, an absolute path, is never a sample's file. False,
 * having said why. */
bool vprec_keep_look(vprec_keep *before, char *const *patterns, const char *out);

/* Copies each regular file that is new or changed since `before` to `into`/its
 * path, where nothing has that name. Adds {"path", "bytes", "new"} of each to `files`, the new ones to `taken`, and the
 * patterns that matched none to `unmatched`. False, having said why, and then without any copy. */
bool vprec_keep_copy(const vprec_keep *before, char *const *patterns, const char *out, const char *into, json_t *files,
                     vprec_keep *taken, json_t *unmatched);

/* Removes the originals of the new ones, where they are still what was copied, so that the next sample starts as this
 * one did. */
void vprec_keep_clean(const vprec_keep *taken);
void vprec_keep_free(vprec_keep *keep);

#endif
