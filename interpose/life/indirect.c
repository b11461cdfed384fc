/* SPDX-License-Identifier: Apache-2.0
 * indirect.c: execs, and what hardens the process, by the C library's function syscall, as libseccomp and sandboxes
 * make them. indirect.S chooses which. */
#include "children.h"
#include "harden.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

typedef long function(long number, long a, long b, long c, long d, long e, long f);

long vprec_indirect_direct(long number, long a, long b, long c, long d, long e, long f);
long vprec_indirect_failed(long result);
long vprec_indirect_call(long number, long a, long b, long c, long d, long e, long f);

extern function *vprec_indirect_next;
function *vprec_indirect_next = vprec_indirect_direct;

__attribute__((constructor)) static void look_up(void)
{
    function *next = (function *)dlsym(RTLD_NEXT, "syscall");
    if (next)
        vprec_indirect_next = next;
}

long vprec_indirect_failed(long result)
{
    errno = (int)-result;
    return -1;
}

long vprec_indirect_call(long number, long a, long b, long c, long d, long e, long f)
{
    switch (number) {
    case SYS_execve:
        return vprec_indirect_failed(vprec_children_exec(AT_FDCWD, (const char *)a, (char **)b, (char **)c, 0));
    case SYS_execveat:
        return vprec_indirect_failed(vprec_children_exec((int)a, (const char *)b, (char **)c, (char **)d, (int)e));
    default:
        vprec_harden_call(number, a);
        return vprec_indirect_next(number, a, b, c, d, e, f);
    }
}
