/* SPDX-License-Identifier: Apache-2.0
 * arguments.h: what a command line asks of the compiler, as far as that decides what is added to it. */
#ifndef VPREC_CC_ARGUMENTS_H
#define VPREC_CC_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum vprec_cc_uninstrumented { VPREC_CC_WARN, VPREC_CC_SILENT, VPREC_CC_ERROR };

typedef struct vprec_cc_arguments {
    bool compiles;  /* some input goes through the compiler */
    bool links;     /* a program or a library is made */
    bool is_static; /* and needs no library at run time */
    bool bare;      /* without libraries that are not named: -nostdlib, -r */
    bool precompiles; /* a header is */
    bool debug;     /* lines are known already: -g */
    bool no_passes; /* the compiler is told to run none */
    enum vprec_cc_uninstrumented uninstrumented;
    const char *assembly; /* an input of assembly; NULL: there is none */
} vprec_cc_arguments;

/* A list of words, which a null pointer ends. */
typedef struct vprec_cc_words {
    char **word;
    size_t count;
} vprec_cc_words;

void vprec_cc_words_add(vprec_cc_words *words, const char *word);

/* Adds to `words` those of `argv` that are not vprec's own; for a response file that has such the words in it. */
void vprec_cc_arguments_read(vprec_cc_arguments *arguments, char *const *argv, vprec_cc_words *words);

#endif
