/* SPDX-License-Identifier: Apache-2.0
 * hardens.c: whoever translates is told in time that the process is about to forbid itself something: before the call,
 * by each way to make it, and of nothing else. */
#include "life/harden.h"
#include "life/syscalls.h"
#include "life/trap.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GET_MDWE = 66, SET_MDWE = 65, MSEAL = 462 };

static unsigned told, calls, bad;
static _Atomic uint64_t traps;

/* What is about to be forbidden is not forbidden yet. */
static void begins(enum vprec_hardening what)
{
    calls++;
    told |= what;
    if (what == VPREC_HARDENING_EXECUTE && prctl(GET_MDWE, 0L, 0L, 0L, 0L) > 0)
        told = 0;
}

static void expect(const char *what, unsigned hardening)
{
    if (calls != (hardening != 0) || told != hardening) {
        printf("%s: told %u times, %u instead of %u\n", what, calls, told, hardening);
        bad++;
    }
    told = calls = 0;
}

/* As translated code makes it: true where the instruction is to follow. */
static bool raw(uint64_t number, uint64_t a, uint64_t b)
{
    vprec_syscall_frame frame = {number, {a, b, 0, 0, 0, 0}, 0, (uint64_t)__builtin_frame_address(0)};
    return !vprec_syscall(&frame);
}

int main(void)
{
    static struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, allow};
    vprec_harden_begins = begins;
    vprec_trap_install(&traps);
    prctl(PR_SET_NAME, "hardens", 0L, 0L, 0L);
    expect("prctl of a name", 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0L, 0L))
        bad += !printf("prctl: %d\n", errno) || 1;
    expect("prctl of seccomp", VPREC_HARDENING_CALLS);
    bad += !raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0);
    expect("seccomp, raw", VPREC_HARDENING_CALLS);
    raw(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0);
    expect("a question to seccomp", 0);
    bad += !raw(SYS_prctl, SET_MDWE, 1);
    expect("MDWE, raw", VPREC_HARDENING_EXECUTE);
    bad += !raw(MSEAL, 0, 0);
    expect("mseal, raw", VPREC_HARDENING_SEAL);
    raw(SYS_getpid, 0, 0);
    expect("getpid", 0);
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    expect("seccomp by syscall", VPREC_HARDENING_CALLS);
    syscall(MSEAL, 0L, 0L, 0L);
    expect("mseal by syscall", VPREC_HARDENING_SEAL);
    prctl(SET_MDWE, 1L, 0L, 0L, 0L);
    expect("MDWE", VPREC_HARDENING_EXECUTE);
    if (vprec_harden_done() != (VPREC_HARDENING_CALLS | VPREC_HARDENING_EXECUTE | VPREC_HARDENING_SEAL))
        bad += !printf("done: %u\n", (unsigned)vprec_harden_done()) || 1;
    return bad != 0;
}
