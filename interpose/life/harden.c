/* SPDX-License-Identifier: Apache-2.0
 * harden.c: see harden.h. Of the C library's functions only prctl does such things; mseal and seccomp come by syscall,
 * or as instructions. */
#include "harden.h"
#include "runtime/next.h"
#include "runtime/sys.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>

#define PUBLIC __attribute__((visibility("default")))

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif
enum { GET_ACTION_AVAIL = 2, GET_NOTIF_SIZES = 3 }; /* of seccomp: these only ask */

#define EACH(_) _(prctl)
VPREC_NEXT_TABLE(EACH)

void (*vprec_harden_begins)(enum vprec_hardening what);
static _Atomic unsigned done;

enum vprec_hardening vprec_harden_done(void)
{
    return (enum vprec_hardening)atomic_load(&done);
}

void vprec_harden_call(long number, long first)
{
    enum vprec_hardening what = VPREC_HARDENING_NONE;
    if (number == SYS_mseal)
        what = VPREC_HARDENING_SEAL;
    else if (number == SYS_seccomp && first != GET_ACTION_AVAIL && first != GET_NOTIF_SIZES)
        what = VPREC_HARDENING_CALLS;
    else if (number == SYS_prctl && first == PR_SET_SECCOMP)
        what = VPREC_HARDENING_CALLS;
    else if (number == SYS_prctl && first == PR_SET_SYSCALL_USER_DISPATCH)
        what = VPREC_HARDENING_CALLS;
    else if (number == SYS_prctl && first == PR_SET_MDWE)
        what = VPREC_HARDENING_EXECUTE;
    if (!what)
        return;
    if (vprec_harden_begins)
        vprec_harden_begins(what);
    atomic_fetch_or(&done, what);
}

PUBLIC int prctl(int option, ...)
{
    va_list list;
    va_start(list, option);
    unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long), c = va_arg(list, unsigned long),
                  d = va_arg(list, unsigned long);
    va_end(list);
    vprec_harden_call(SYS_prctl, option);
    return NEXT(prctl)(option, a, b, c, d);
}
