/* SPDX-License-Identifier: Apache-2.0
 * children.h: what the process executes is part of the run too: vprec's variables, which the program does not see in
 * its environment, are put back at each exec, and who cannot be followed is recorded. */
#ifndef VPREC_LIFE_CHILDREN_H
#define VPREC_LIFE_CHILDREN_H

#include <link.h>

/* Takes the variables out of the process' first environment `envp`, in place, and has the C library's execve come
 * here. Before constructors, with the run's file open, and once it is known that code may be changed. Where execs
 * might get by unseen the variables stay in sight, and are inherited as any other. */
void vprec_children_start(char **envp);

/* An object of another namespace (dlmopen) has come: perhaps another C library. */
void vprec_children_object(const struct link_map *map);

/* As the system call execveat. Async-signal-safe, also in a child of vfork: writes nothing that its parent minds.
 * Returns where the exec fails, with -errno. */
long vprec_children_exec(int directory, const char *path, char *const *argv, char *const *envp, int flags);

#endif
