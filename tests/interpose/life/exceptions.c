/* SPDX-License-Identifier: Apache-2.0
 * exceptions.c: unmasked floating-point exceptions. For each the code and the
 * place that SIGFPE tells, the flags and operands that it finds, and that the
 * handler may leave by longjmp, mask the exception, or give other operands. */
#include "life.h"
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>
#include <xmmintrin.h>

enum answer { LEAVE, MASK, REPAIR };

static sigjmp_buf back;
static volatile enum answer answer;
static volatile int arrived;

/* Each one instruction: what the program had in xmm0 and xmm1 is in the context. */
#define OPERATION(name, instruction)                                                                                  \
    float name(float x, float y);                                                                                     \
    __asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n"                                       \
            instruction "\nret\n.size " #name ", .-" #name "\n")
OPERATION(exceptions_divide, "divss %xmm1, %xmm0");
OPERATION(exceptions_multiply, "mulss %xmm1, %xmm0");
OPERATION(exceptions_root, "sqrtss %xmm1, %xmm0");
OPERATION(exceptions_packed, "divps %xmm1, %xmm0");
OPERATION(exceptions_narrow, "cvtps2pd %xmm0, %xmm0\nmulsd %xmm0, %xmm0\ncvtsd2ss %xmm0, %xmm0");

static const void *place;

static void on_exception(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
    float x, y;

    memcpy(&x, &fp->_xmm[0], sizeof x);
    memcpy(&y, &fp->_xmm[1], sizeof y);
    printf("%s code %d at +%ld, rip +%ld, mxcsr %04x, %a %a\n", strsignal(sig), info->si_code,
           (long)((char *)info->si_addr - (char *)place), (long)(uc->uc_mcontext.gregs[REG_RIP] - (greg_t)place),
           fp->mxcsr, x, y);
    if (++arrived > 3) {
        puts("again and again");
        exit(1);
    }
    if (answer == LEAVE)
        siglongjmp(back, 1);
    if (answer == MASK) {
        fp->mxcsr |= 0x1f80;
    } else {
        const float three[4] = {3}, two[4] = {2};
        memcpy(&fp->_xmm[0], three, sizeof three);
        memcpy(&fp->_xmm[1], two, sizeof two);
    }
}

static void try(float (*operation)(float, float), float x, float y, int unmasked)
{
    for (volatile int a = LEAVE; a <= REPAIR; a = a + 1) {
        answer = (enum answer)a;
        arrived = 0;
        place = (const void *)operation;
        _mm_setcsr(0x1f80);
        feenableexcept(unmasked);
        if (sigsetjmp(back, 1) == 0)
            printf("%a, %d times\n", operation(x, y), arrived);
        else
            puts("left");
        _mm_setcsr(0x1f80);
    }
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO};
    chain c = chain_of(5, 100);

    chain_print(&c);
    need(!sigaction(SIGFPE, &action, NULL), "sigaction");
    try(exceptions_divide, 1, 0, FE_DIVBYZERO);
    try(exceptions_divide, 1, 0, FE_INVALID);
    try(exceptions_divide, 0, 0, FE_INVALID);
    try(exceptions_divide, 0, 0, FE_DIVBYZERO | FE_INVALID);
    try(exceptions_divide, 1, 3, FE_OVERFLOW);
    try(exceptions_multiply, 3e38f, 3e38f, FE_OVERFLOW);
    try(exceptions_multiply, 1e-38f, 1e-38f, FE_UNDERFLOW);
    try(exceptions_root, 1, -1, FE_INVALID);
    try(exceptions_packed, 1, 0, FE_DIVBYZERO);
    try(exceptions_narrow, 3e38f, 0, FE_OVERFLOW);
    return 0;
}
