/* SPDX-License-Identifier: Apache-2.0
 * executable.h: what a file is that a program wants to execute: whether the loader that starts it takes this library
 * in. Looks only; knows nothing of environments. */
#ifndef VPREC_LIFE_EXECUTABLE_H
#define VPREC_LIFE_EXECUTABLE_H

#include "runtime/reason.h"
#include <stdbool.h>

/* What may be given to it. */
enum vprec_gift {
    VPREC_GIFT_LIBRARY, /* its loader takes the library in */
    VPREC_GIFT_HANDED,  /* no loader of its own would, and none minds: its children may be followed again */
    VPREC_GIFT_NOTHING  /* its loader would complain, or only list what it loads */
};

typedef struct vprec_executable {
    bool exists;             /* false: the kernel is about to say why not, and nothing else is known */
    bool runs;               /* false: it only lists, or helps */
    enum vprec_gift gift;
    enum vprec_reason reason; /* why it stays native; VPREC_REASON_NONE: it need not */
    char path[4096];          /* of the ELF file that runs in the end: of a script the interpreter */
} vprec_executable;

/* Of the file that execveat with these arguments executes; `library`: the path of this one, which must be readable to
 * whoever executes. Async-signal-safe; nothing on the stack is large. */
void vprec_executable_look(vprec_executable *executable, int directory, const char *path, char *const *argv,
                           char *const *envp, int flags, const char *library);

#endif
