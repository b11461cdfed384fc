/* SPDX-License-Identifier: Apache-2.0
 * program.h: finds PROGRAM as the shell would, and finds out beforehand
 * whether the preload library can get into it. */
#ifndef VPREC_COMMON_PROGRAM_H
#define VPREC_COMMON_PROGRAM_H

typedef struct vprec_program {
    char *path; /* the file to execute */
    char *elf;  /* the ELF file that runs in the end: `path`, or the last interpreter of the script */
} vprec_program;

/* Resolves the command's name and checks it, for a script its interpreters too, of a loader's command line the program
 * that it names. Returns 0, or, having said why, the status to exit
 * with: VPREC_EXIT_MISSING or VPREC_EXIT_REFUSED. Runs nothing. */
int vprec_program_find(vprec_program *program, char *const *command);
void vprec_program_free(vprec_program *program);

#endif
