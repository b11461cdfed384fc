/* SPDX-License-Identifier: Apache-2.0
 * faults.c: the program's own handler for SIGSEGV ("memory"): it sees the
 * original address, may repair the registers, may go elsewhere; and for SIGTRAP
 * ("trap"), which the interposer uses itself. */
#include "life.h"
#include "traps.h"
#include <signal.h>
#include <ucontext.h>

/* Sets the pointer to `good` when `*p` faults; the load is part of the arithmetic. */
float fault_add(float a, const float *p);
float fault_skip(float a, const float *p);
extern const char fault_add_end[], fault_skip_end[], fault_skip_out[];

__asm__(".text\n"
        ".type fault_add, @function\n"
        "fault_add: mulss %xmm0, %xmm0\n"
        "    addss (%rdi), %xmm0\n"
        "    ret\n"
        "fault_add_end:\n"
        ".size fault_add, . - fault_add\n"
        ".type fault_skip, @function\n"
        "fault_skip: divss (%rdi), %xmm0\n"
        "    addss %xmm0, %xmm0\n"
        "fault_skip_out: subss %xmm0, %xmm0\n"
        "    ret\n"
        "fault_skip_end:\n"
        ".size fault_skip, . - fault_skip\n");

static float good = 1.5f;
static volatile int inside, outside, trapped;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)sig;
    if ((uintptr_t)info->si_addr != 16)
        outside++;
    if (r[REG_RIP] >= (greg_t)(uintptr_t)fault_add && r[REG_RIP] < (greg_t)(uintptr_t)fault_add_end) {
        inside++;
        r[REG_RDI] = (greg_t)(uintptr_t)&good;
    } else if (r[REG_RIP] >= (greg_t)(uintptr_t)fault_skip && r[REG_RIP] < (greg_t)(uintptr_t)fault_skip_end) {
        inside++;
        r[REG_RIP] = (greg_t)(uintptr_t)fault_skip_out;
    } else {
        printf("a fault at an address outside of both functions\n");
        exit(4);
    }
}

static void on_trap(int sig)
{
    chain c = chain_of(97, 20);

    (void)sig;
    chain_print(&c);
    trapped++;
}

static void memory(void)
{
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    const float *volatile nowhere = (const float *)16;
    uint32_t bits;
    float r;

    need(!sigaction(SIGSEGV, &fault, NULL), "sigaction");
    for (int k = 0; k < 5; k++) {
        r = fault_add(1.25f, nowhere);
        memcpy(&bits, &r, sizeof bits);
        printf("float %08x\n", bits);
        r = fault_skip(2.0f, nowhere);
        memcpy(&bits, &r, sizeof bits);
        printf("float %08x\n", bits);
    }
    printf("faults: %d inside, %d elsewhere\n", inside, outside);
}

static void trap(void)
{
    struct sigaction action = {.sa_handler = on_trap}, old;

    need(!sigaction(SIGTRAP, &action, NULL), "sigaction");
    need(!sigaction(SIGTRAP, NULL, &old), "sigaction");
    printf("handler kept: %d\n", old.sa_handler == on_trap);
    __asm__ volatile("int3");
    raise(SIGTRAP);
    printf("traps: %d\n", trapped);
}

int main(int argc, char **argv)
{
    chain c = chain_of(99, 100);

    if (argc != 2)
        return 2;
    (strcmp(argv[1], "trap") ? memory : trap)();
    traps_print(98);
    chain_print(&c);
    return 0;
}
