/* SPDX-License-Identifier: Apache-2.0
 * source_lines.h: "net.c:120-180", lines of the source as --site names them, of code that vprec-cc has compiled. */
#ifndef VPREC_RUNTIME_SOURCE_LINES_H
#define VPREC_RUNTIME_SOURCE_LINES_H

#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { VPREC_SOURCE_LENGTH = 232 };

typedef struct vprec_source_lines {
    char file[VPREC_SOURCE_LENGTH]; /* a pattern for the whole name, or for what follows its last '/' */
    uint32_t first, last;
} vprec_source_lines;

/* Lines stand behind the last ':', one number or two; none: all of them. False: what stands there is no such thing, or
 * the name is too long. */
static inline bool vprec_source_lines_of(const char *text, vprec_source_lines *lines)
{
    const size_t length = strlen(text);
    if (length >= sizeof lines->file)
        return false;
    memcpy(lines->file, text, length + 1);
    lines->first = 0, lines->last = UINT32_MAX;
    char *colon = strrchr(lines->file, ':'), *end;
    if (!colon)
        return *text != 0;
    lines->first = lines->last = (uint32_t)strtoul(colon + 1, &end, 10);
    if (*end == '-')
        lines->last = (uint32_t)strtoul(end + 1, &end, 10);
    *colon = 0;
    return !*end && *lines->file && lines->first && lines->first <= lines->last;
}

static inline bool vprec_source_lines_have(const vprec_source_lines *lines, const char *file, uint32_t line)
{
    const char *slash = strrchr(file, '/');
    return line >= lines->first && line <= lines->last &&
           (!fnmatch(lines->file, file, 0) || (slash && !fnmatch(lines->file, slash + 1, 0)));
}

#endif
