/* SPDX-License-Identifier: Apache-2.0
 * say.h: how the commands speak (one line on stderr) and end (exit statuses,
 * memory that is there or the end). */
#ifndef VPREC_COMMON_SAY_H
#define VPREC_COMMON_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of vprec-run besides the program's own, as env(1) and timeout(1) have them. */
enum {
    VPREC_EXIT_AUDIT = 124,   /* --audit found unrounded operations that were executed */
    VPREC_EXIT_FAILURE = 125, /* usage error, or vprec itself failed */
    VPREC_EXIT_REFUSED = 126, /* the program cannot be instrumented */
    VPREC_EXIT_MISSING = 127  /* there is no such program */
};

/* Which command speaks, and its status where vprec itself fails; set first in main. vprec-run and 125 unless set. */
extern const char *vprec_command;
extern int vprec_failure;

/* Goes before the next line that is said: what takes a line of progress away. "" unless set. */
extern const char *vprec_say_first;

/* Writes "vprec-run: " and the text as one line to stderr, in one piece;
 * control characters (names come from files) become '?'. */
void vprec_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The formatted text, to be freed. */
char *vprec_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory for `count` elements, or the same array grown to them. Without
 * memory they say so and exit with vprec_failure. */
void *vprec_alloc(size_t count, size_t size);
void *vprec_grow(void *array, size_t count, size_t size);

/* Flushes stdout. False, having said so, where what was printed did not arrive. */
bool vprec_stdout_done(void);

/* The part of a path behind its last '/'. */
const char *vprec_base(const char *path);

#endif
