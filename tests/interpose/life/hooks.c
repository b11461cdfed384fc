/* SPDX-License-Identifier: Apache-2.0
 * hooks.c: what trap.h promises to its hooks, with generated code by hand: which
 * fetches and traps they get, on which stack, under which mask; what they do not
 * take reaches the program's own handler. */
#include "life/trap.h"
#include "x86/emulate/emulate.h"
#include "x86/emulate/stack.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint64_t traps;
static uint8_t *page, *other;
static int bad;
static volatile uint64_t asked, fetched;
static volatile int questions, handled;
static _Thread_local sigjmp_buf back;
static _Atomic int finished;

static void check(bool good, const char *what)
{
    if (!good)
        printf("wrong: %s\n", what), bad++;
}

/* The caller's stack and mask are as promised. */
static void look(void)
{
    volatile char room[24 << 10];
    sigset_t mask;

    memset((void *)room, 1, sizeof room);
    check(vprec_stack_slot((uint64_t)__builtin_frame_address(0)) != 0, "on another stack than a slot");
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    for (int i = 1; i < 32; i++)
        if (i != SIGKILL && i != SIGSTOP)
            check(sigismember(&mask, i), "a signal is not blocked");
    questions++;
}

static bool on_fetch(ucontext_t *uc, uint64_t address)
{
    look();
    fetched = address;
    check((uint64_t)uc->uc_mcontext.gregs[REG_RIP] <= address, "rip");
    return address >= (uint64_t)page && address < (uint64_t)page + 8192 &&
           !mprotect((void *)(address & ~UINT64_C(4095)), 4096, PROT_READ | PROT_EXEC);
}

static uint64_t on_pending(uint64_t at)
{
    look();
    asked = at;
    return at == (uint64_t)other ? (uint64_t)other + 16 : 0;
}

static void on_own(int number)
{
    handled = number;
    siglongjmp(back, 1);
}

static int run(const uint8_t *at)
{
    int (*function)(void);

    handled = 0;
    memcpy((void *)&function, &at, sizeof function);
    return sigsetjmp(back, 1) ? -1 : function();
}

static void *all(void *data)
{
    static const uint8_t answer[] = {0xB8, 42, 0, 0, 0, 0xC3}; /* mov $42, %eax; ret */

    mprotect(page, 8192, PROT_READ | PROT_WRITE);
    mprotect(other, 4096, PROT_READ | PROT_WRITE);
    memcpy(page, answer, sizeof answer);
    memcpy(page + 4094, answer, sizeof answer); /* over the end of the page */
    memset(other, 0xF4, 15); /* hlt */
    other[15] = 0xCC;
    memcpy(other + 16, answer, sizeof answer);
    mprotect(page, 8192, PROT_READ);
    mprotect(other, 4096, PROT_READ | PROT_EXEC);
    questions = 0;
    traps = 0;

    check(run(page) == 42 && fetched == (uint64_t)page && questions == 1, "a fetch");
    check(run(page) == 42 && questions == 1, "X for good");
    check(run(page + 4094) == 42 && fetched == (uint64_t)page + 4096 && questions == 2, "the second page");
    check(run(other) == 42 && asked == (uint64_t)other && questions == 3 && traps == 1, "a trap");
    check(run(other + 1) == -1 && handled == SIGSEGV && questions == 4 && traps == 1, "the program's hlt");
    check(run(other + 15) == -1 && handled == SIGTRAP && questions == 4 && traps == 1, "the program's int3");
    check(run((const uint8_t *)64) == -1 && handled == SIGSEGV && fetched == 64 && questions == 5, "a call to nothing");
    if (!sigsetjmp(back, 1))
        *(volatile uint8_t *)page = 1;
    check(handled == SIGSEGV && questions == 5, "a write");
    handled = 0;
    if (!sigsetjmp(back, 1))
        raise(SIGSEGV);
    check(handled == SIGSEGV && questions == 5, "a signal that was sent");
    finished++;
    return data;
}

int main(void)
{
    pthread_t thread;

    page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    vprec_xsave_detect();
    vprec_trap_install(&traps);
    vprec_trap_fetch = on_fetch;
    vprec_trap_pending = on_pending;
    signal(SIGSEGV, on_own); /* the room's own */
    signal(SIGTRAP, on_own);
    all(NULL);
    check(!pthread_create(&thread, NULL, all, NULL) && !pthread_join(thread, NULL), "a thread");
    check(finished == 2, "not all of it was done");
    printf("%d errors\n", bad);
    return bad != 0;
}
