/* SPDX-License-Identifier: Apache-2.0
 * diverts.c: a handler that has the interrupted code call a function, which comes back to it by the address that the
 * handler was shown, as Go's runtime does: whatever was being done is done once, with the registers as they were. */
#include "life.h"
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>

/* work(a, b): nothing below rsp is used. */
__asm__(".text\n"
        ".type leaf, @function\n"
        "leaf: addss %xmm0, %xmm2\n"
        "    movss %xmm2, %xmm4\n"
        "    divss %xmm3, %xmm4\n"
        "    ret\n"
        ".size leaf, . - leaf\n"
        ".type work, @function\n"
        "work: movss %xmm0, %xmm2\n"
        "    movss %xmm0, %xmm3\n"
        "    movl $2000, %ecx\n"
        "1:  mulss %xmm1, %xmm2\n"
        "    call leaf\n"
        "    incl %edx\n" /* short ones behind the call, which a patch covers */
        "    decl %edx\n"
        "    incl %edx\n"
        "    subss %xmm4, %xmm2\n"
        "    sqrtss %xmm4, %xmm5\n"
        "    addss %xmm5, %xmm2\n"
        "    mulss %xmm1, %xmm3\n"
        "    addss %xmm0, %xmm3\n"
        "    decl %ecx\n"
        "    jnz 1b\n"
        "    movss %xmm2, %xmm0\n"
        "    ret\n"
        "work_end:\n"
        ".size work, . - work\n"
        ".type diverted, @function\n"
        "diverted: pushfq\n"
        "    .irp r, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15\n"
        "    pushq %\\r\n"
        "    .endr\n"
        "    subq $256, %rsp\n"
        "    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "    movups %xmm\\n, 16*\\n(%rsp)\n"
        "    xorps %xmm\\n, %xmm\\n\n"
        "    .endr\n"
        "    incq diversions(%rip)\n"
        "    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "    movups 16*\\n(%rsp), %xmm\\n\n"
        "    .endr\n"
        "    addq $256, %rsp\n"
        "    .irp r, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax\n"
        "    popq %\\r\n"
        "    .endr\n"
        "    popfq\n"
        "    ret\n"
        ".size diverted, . - diverted\n"
        ".local diversions\n"
        ".comm diversions, 8, 8\n");
float work(float a, float b);
void diverted(void);
extern const char leaf[], work_end[];
extern volatile uint64_t diversions;

static void on_alarm(int number, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)number, (void)info;
    if (r[REG_RIP] < (greg_t)leaf || r[REG_RIP] >= (greg_t)work_end)
        return;
    r[REG_RSP] -= 8;
    *(greg_t *)r[REG_RSP] = r[REG_RIP];
    r[REG_RIP] = (greg_t)diverted;
}

int main(void)
{
    enum { DIVERSIONS = 400 };
    struct sigaction a = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_RESTART};
    const struct itimerval often = {{0, 250}, {0, 250}}, never = {{0, 0}, {0, 0}};
    volatile float x = 1.1f, y = 0.7f;
    float first = work(x, y);
    long wrong = 0;

    chain c = chain_of(1, 10);
    chain_print(&c);
    need(!sigaction(SIGALRM, &a, NULL), "sigaction");
    need(!setitimer(ITIMER_REAL, &often, NULL), "setitimer");
    while (diversions < DIVERSIONS) {
        float now = work(x, y);
        wrong += now != first;
    }
    need(!setitimer(ITIMER_REAL, &never, NULL), "setitimer");
    printf("wrong %ld\n", wrong);
    return 0;
}
