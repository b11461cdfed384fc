/* SPDX-License-Identifier: Apache-2.0
 * json.h: what the commands need above jansson: values that are there or the
 * end, bytes that are no UTF-8, files that are whole or not there. */
#ifndef VPREC_COMMON_JSON_H
#define VPREC_COMMON_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* `value` itself; without memory they say so and exit with vprec_failure. */
json_t *vprec_json_must(json_t *value);

/* Both take over the reference to `value`, which may be NULL only for want of memory. */
void vprec_json_put(json_t *object, const char *key, json_t *value);
void vprec_json_add(json_t *array, json_t *value);

/* Names and paths are bytes; where they are no UTF-8, bytes above 7Fh read as \xNN. */
json_t *vprec_json_text(const char *bytes);
json_t *vprec_json_strings(char *const *list); /* NULL-terminated */

/* An integer, or a string of digits where it is beyond what JSON integers hold here. */
json_t *vprec_json_number(uint64_t n);

/* In full precision; what JSON does not have, as a string "inf" or "-inf"; null for NaN. */
json_t *vprec_json_real(double x);

/* A string of digits always: seeds have 64 bits, and many readers hold only 53. */
json_t *vprec_json_seed(uint64_t seed);

/* Writes `root` and a newline, real numbers in the fewest digits that read back. False with errno set. */
bool vprec_json_write(const json_t *root, int fd);
/* The same bytes in memory, to be freed. */
char *vprec_json_bytes(const json_t *root);

/* Puts `root` in the place of the file `path`: on disk before it has that name,
 * so that a file of that name is always whole. False with errno set, the old file still there. */
bool vprec_json_replace(const json_t *root, const char *path);
/* The same where nothing has that name: else false with EEXIST. */
bool vprec_json_create(const json_t *root, const char *path);
/* The same two with any content. */
bool vprec_bytes_replace(const char *bytes, size_t size, const char *path);
bool vprec_bytes_create(const char *bytes, size_t size, const char *path);

/* The content of the file, NULL where it is missing or no JSON. */
json_t *vprec_json_read(const char *path);

#endif
