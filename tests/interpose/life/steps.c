/* SPDX-License-Identifier: Apache-2.0
 * steps.c: steps through steps.S with the trap flag and its own handler for
 * SIGTRAP. Wherever a clone or the emulator stands, the handler sees the
 * original program: the instructions in their order, and each with the general
 * registers, the stack pointer, the flags where some instruction is yet to read
 * them, and the vector registers of its operands' constants, from its start until the next one. Then it leaves for
 * elsewhere out of the middle, and the constants are still there. */
#include "life.h"
#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

void steps_run(float *memory);
void steps_host(float *memory);
extern const char steps_escape[], steps_compared[], steps_decided[], steps_counted[], steps_pushed[];

typedef struct state {
    uint64_t rip, general[16], flags;
    uint8_t vectors[14][16]; /* xmm2..15; xmm0 and xmm1 hold results */
} state;

enum { FLAGS = 0x8D5, INSTRUCTIONS = 4096, SHOWN = 5 };
static float memory[160]; /* operands; from 24 on xmm2..15, from 104 on what is left of them */
static state now, instruction[INSTRUCTIONS];
static volatile unsigned arrived, repeated, changed, escape; /* leave in the middle number `escape`, 0 never */

static bool are_flags_read(uint64_t rip)
{
    return (rip >= (uintptr_t)steps_compared && rip < (uintptr_t)steps_decided) ||
           (rip >= (uintptr_t)steps_counted && rip < (uintptr_t)steps_pushed);
}

static void read_state(state *s, const ucontext_t *uc)
{
    static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

    s->rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    for (int i = 0; i < 16; i++)
        s->general[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
    s->flags = (uint64_t)uc->uc_mcontext.gregs[REG_EFL] & (are_flags_read(s->rip) ? FLAGS : 0);
    memcpy(s->vectors, &uc->uc_mcontext.fpregs->_xmm[2], sizeof s->vectors);
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    read_state(&now, context);
    if (arrived && instruction[arrived - 1].rip == now.rip) {
        repeated++;
        if (escape && repeated >= escape && now.general[4] == instruction[0].general[4]) {
            ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)steps_escape;
            repeated = 0;
            escape = 0;
        } else if (memcmp(&instruction[arrived - 1], &now, sizeof now) && changed++ < SHOWN) {
            const state *was = &instruction[arrived - 1];
            printf("changed at steps_run%+ld:", (long)(now.rip - (uintptr_t)steps_run));
            for (int i = 0; i < 16; i++)
                if (was->general[i] != now.general[i])
                    printf(" r%d %lx -> %lx", i, (long)was->general[i], (long)now.general[i]);
            for (int i = 0; i < 14; i++)
                if (memcmp(was->vectors[i], now.vectors[i], 16))
                    printf(" xmm%d", i + 2);
            printf(" flags %lx -> %lx\n", (long)was->flags, (long)now.flags);
        }
    } else if (arrived < INSTRUCTIONS) {
        instruction[arrived++] = now;
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    chain c = chain_of(91, 50);
    unsigned lost = 0, leaves = argc > 1 ? (unsigned)atoi(argv[1]) : 30;

    chain_print(&c);
    for (int i = 0; i < 160; i++)
        memory[i] = 1.0f + (float)i / 128;
    need(!sigaction(SIGTRAP, &action, NULL), "sigaction");
    steps_host(memory);
    steps_run(memory);
    steps_run(memory);
    for (unsigned k = 1, all = repeated; k < all; k += all / leaves + 1) { /* natively there is no middle */
        arrived = 0;
        repeated = 0;
        escape = k;
        steps_run(memory);
        if (memcmp(memory + 24, memory + 104, 14 * 16))
            lost++;
        memset(memory + 104, 0, 14 * 16);
    }
    printf("registers lost: %u\n", lost);
    arrived = 0;
    repeated = 0;
    steps_run(memory);
    printf("%u instructions, %u changed in the middle\n", arrived, changed);
    const uint64_t stack = instruction[0].general[4];
    for (unsigned i = 0; i < arrived; i++) {
        state *s = &instruction[i];
        uint64_t sum = s->flags;
        s->general[4] -= stack;
        s->general[7] -= (uintptr_t)memory;
        if (s->general[8] > 100000)
            s->general[8] -= (uintptr_t)steps_run;
        for (int k = 0; k < 9; k++)
            sum = sum * 31 + s->general[k];
        for (int k = 0; k < 14 * 16; k++)
            sum = sum * 31 + ((uint8_t *)s->vectors)[k];
        printf("%+ld %016lx\n", (long)(s->rip - (uintptr_t)steps_run), (long)sum);
    }
    return 0;
}
