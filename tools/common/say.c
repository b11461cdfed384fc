/* SPDX-License-Identifier: Apache-2.0
 * say.c: one-line messages, and memory that is there or the end. */
#include "say.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *vprec_command = "vprec-run";
int vprec_failure = VPREC_EXIT_FAILURE;
const char *vprec_say_first = "";

static char *text_of(const char *format, va_list list)
{
    char *text;
    if (vasprintf(&text, format, list) < 0) {
        static const char line[] = ": out of memory: free some, or raise the limit (ulimit -v)\n";
        (void)!write(STDERR_FILENO, vprec_command, strlen(vprec_command));
        (void)!write(STDERR_FILENO, line, sizeof line - 1);
        exit(vprec_failure);
    }
    return text;
}

char *vprec_text(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = text_of(format, list);
    va_end(list);
    return text;
}

void vprec_say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = text_of(format, list);
    va_end(list);
    char *line = vprec_text("%s%s: %s\n", vprec_say_first, vprec_command, text);
    size_t length = strlen(line);
    for (size_t i = strlen(vprec_say_first); i + 1 < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?';
    /* Nobody can be told when stderr itself does not take it. */
    (void)!write(STDERR_FILENO, line, length);
    free(line);
    free(text);
}

void *vprec_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory) {
        vprec_say("out of memory: free some, or raise the limit (ulimit -v)");
        exit(vprec_failure);
    }
    return memory;
}

void *vprec_grow(void *array, size_t count, size_t size)
{
    void *memory = reallocarray(array, count, size);
    if (!memory) {
        vprec_say("out of memory: free some, or raise the limit (ulimit -v)");
        exit(vprec_failure);
    }
    return memory;
}

bool vprec_stdout_done(void)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return true;
    vprec_say("cannot write to standard output (%s): give it a file or pipe that takes the text",
              errno ? strerror(errno) : "write error");
    return false;
}

const char *vprec_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
