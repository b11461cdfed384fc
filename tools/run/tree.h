/* SPDX-License-Identifier: Apache-2.0
 * tree.h: copies what is in a directory. Knows nothing of what is in it. */
#ifndef VPREC_RUN_TREE_H
#define VPREC_RUN_TREE_H

#include <stdbool.h>

/* Makes `to` what `from` is: directories and regular files are copied, links are made; links that are in `to` alone
 * are taken away, nothing else is. False with errno set. */
bool vprec_tree_copy(const char *from, const char *to);

#endif
