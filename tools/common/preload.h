/* SPDX-License-Identifier: Apache-2.0
 * preload.h: where the preload library lies, and what LD_PRELOAD may call it. */
#ifndef VPREC_COMMON_PRELOAD_H
#define VPREC_COMMON_PRELOAD_H

#include <stdbool.h>

/* The directory of the command that runs, to be freed; NULL, having said why. */
char *vprec_self_directory(void);

/* Path of a library of ours, to be freed; NULL: there is none. In the build tree it lies in `built`, from the command's
 * own directory. */
char *vprec_installed_find(const char *name, const char *built);

/* Path of the preload library, to be freed; NULL, having said what to do, where there is none. */
char *vprec_preload_find(void);

/* LD_PRELOAD is split at blanks and colons: a path that has them goes by the name of a link. */
typedef struct vprec_preload_name {
    char *path;      /* for LD_PRELOAD */
    char *directory; /* that was made for the link; NULL: there is none */
} vprec_preload_name;

/* False, having said why. */
bool vprec_preload_name_make(vprec_preload_name *name, const char *preload);

/* Removes the link unless processes `use` it still, which is then said, and frees the name. */
void vprec_preload_name_drop(vprec_preload_name *name, bool use);

#endif
