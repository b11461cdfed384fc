/* SPDX-License-Identifier: Apache-2.0
 * breaks.c: a program that writes breakpoints into its own functions, as tracers inside of a process do: each one is met
 * by its handler once, which puts back what was there. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

float breaks_sum(const float *x, int n);
extern uint8_t breaks_start[], breaks_operation[];
__asm__(".text\n"
        ".globl breaks_sum\n"
        ".type breaks_sum, @function\n"
        "breaks_sum:\n"
        "breaks_start:\n"
        "    xorps %xmm0, %xmm0\n"
        "1:  addss (%rdi), %xmm0\n"
        "breaks_operation:\n"
        "    mulss (%rdi), %xmm0\n"
        "    add $4, %rdi\n"
        "    dec %esi\n"
        "    jnz 1b\n"
        "    ret\n"
        ".size breaks_sum, . - breaks_sum\n");

static uint8_t *where, kept;
static volatile int met;

static void put(uint8_t *at, uint8_t byte)
{
    uint8_t *page = (uint8_t *)((uintptr_t)at & ~UINT64_C(4095));
    mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
    *at = byte;
    mprotect(page, 8192, PROT_READ | PROT_EXEC);
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    met += *rip == (greg_t)(uintptr_t)(where + 1);
    *rip = (greg_t)(uintptr_t)where;
    put(where, kept);
}

int main(void)
{
    const struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    static const float x[] = {1.1f, 0.7f, 1.3f, 0.9f};
    sigaction(SIGTRAP, &action, NULL);
    for (int k = 0; k < 6; k++) {
        float sum = breaks_sum(x, 4);
        uint32_t bits;
        memcpy(&bits, &sum, sizeof bits);
        printf("sum %08x, met %d\n", bits, met);
        where = k % 2 ? breaks_operation : breaks_start;
        kept = *where;
        put(where, 0xCC);
    }
    return 0;
}
