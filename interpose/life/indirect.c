/* SPDX-License-Identifier: Apache-2.0
 * indirect.c: execs, what hardens the process, masks and handlers by the C library's function syscall, as libseccomp and
 * sandboxes make them: syscalls.c says which. And arch_prctl, which it has no header for. */
#include "runtime/sys.h"
#include "syscalls.h"
#include <dlfcn.h>
#include <errno.h>

typedef long function(long number, long a, long b, long c, long d, long e, long f);

long vprec_indirect_direct(long number, long a, long b, long c, long d, long e, long f);
long vprec_indirect_failed(long result);
bool vprec_indirect_call(uint64_t *saved);

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

/* `saved`: number and arguments in registers, the return address, an argument on the stack. True: [0] is the result. */
bool vprec_indirect_call(uint64_t *saved)
{
    vprec_syscall_frame f = {saved[0], {saved[1], saved[2], saved[3], saved[4], saved[5], saved[7]}, 0,
                             (uint64_t)&saved[6], saved[6]};
    if (!vprec_syscall(&f))
        return false;
    bool failed = vprec_sys_failed((long)f.result);
    saved[0] = failed ? (uint64_t)vprec_indirect_failed((long)f.result) : f.result;
    return true;
}

int arch_prctl(int code, unsigned long address);

__attribute__((visibility("default"))) int arch_prctl(int code, unsigned long address)
{
    vprec_syscall_frame f = {.number = SYS_arch_prctl, .argument = {(uint64_t)code, address}};
    if (!vprec_syscall(&f))
        f.result = (uint64_t)vprec_sys(SYS_arch_prctl, code, (long)address, 0, 0, 0, 0);
    return vprec_sys_failed((long)f.result) ? (int)vprec_indirect_failed((long)f.result) : (int)f.result;
}
