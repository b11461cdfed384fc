/* SPDX-License-Identifier: Apache-2.0
 * next.h: for the wrappers of C library functions: the definitions behind ours,
 * looked up at the start, since a signal handler may call what is wrapped. */
#ifndef VPREC_RUNTIME_NEXT_H
#define VPREC_RUNTIME_NEXT_H

#include <dlfcn.h>

#define VPREC_NEXT_MEMBER(name) __typeof__(&name) name;
#define VPREC_NEXT_LOOK_UP(name) next.name = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

/* Defines `next`, with a member for each name of the X-macro list. */
#define VPREC_NEXT_TABLE(EACH)                                                                                        \
    static struct {                                                                                                   \
        EACH(VPREC_NEXT_MEMBER)                                                                                       \
    } next;                                                                                                           \
    __attribute__((constructor)) static void look_up(void)                                                            \
    {                                                                                                                 \
        EACH(VPREC_NEXT_LOOK_UP)                                                                                      \
        dlerror(); /* what was missing is no error of the program's */                                                \
    }

/* Other constructors may call before ours has run. */
#define NEXT(name) (next.name ? next.name : (look_up(), next.name))

#endif
