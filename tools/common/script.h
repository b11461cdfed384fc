/* SPDX-License-Identifier: Apache-2.0
 * script.h: formats of scopes that a program in Python asks for, by vprec.scope("head", "bf16"). */
#ifndef VPREC_COMMON_SCRIPT_H
#define VPREC_COMMON_SCRIPT_H

#include <stdbool.h>

/* Calls `take` for each such call in the text that the command runs, where both are literals, in the text's order, as
 * long as it returns true. False: it returned false. `path`: the file of the command's first word. Found are a script's
 * file, of "python FILE", "FILE.py" behind any other word, or one that names python in its first line; the text of
 * "python -c TEXT"; the file of "python -m MODULE" in the working directory. Modules that those import are not read. */
bool vprec_script_formats(const char *path, char *const *command,
                          bool (*take)(void *data, const char *name, const char *spec), void *data);

#endif
