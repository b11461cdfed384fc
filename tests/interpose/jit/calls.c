/* SPDX-License-Identifier: Apache-2.0
 * calls.c: generated code between compiled code: it calls back, which may call it again, many deep, or jump out of it
 * by longjmp; it is what qsort calls; a timer's handler runs it over and over, wherever the program may be just then. A
 * function that is called back finds the return address that stands in the code as it was written. */
#include "kernels.h"
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

enum { CALLERS = 8, SIZE = 128, DEEP = 20, ROUNDS = 12, SORTED = 60 };

static uint8_t *code, *timed;
static struct kind kinds[CALLERS], timed_kind;
static const uint8_t *returns[CALLERS];
static int depth, current;
static jmp_buf out;
static int leave;
static struct record *record, *timed_record;
static uint8_t timed_out[64];
static volatile sig_atomic_t ticks, wrong_ticks;

static void down(void);

static void called_back(void)
{
    if ((const uint8_t *)__builtin_return_address(0) != returns[current])
        printf("another return address\n");
    if (--depth > 0)
        down();
    else if (leave)
        longjmp(out, 1);
}

/* A function that calls back and then does its operation:
 *     push rdi; push rsi; sub rsp, 8; mov rax, called_back; call rax; add rsp, 8; pop rsi; pop rdi
 *     movss xmm0, [rdi]; OPss xmm0, [rdi + 64]; movss [rsi], xmm0; ret */
static void build(int i)
{
    static const uint8_t before[] = {0x57, 0x56, 0x48, 0x83, 0xec, 8, 0x48, 0xb8},
                         after[] = {0x48, 0x83, 0xc4, 8, 0x5e, 0x5f}, opcodes[] = {0x58, 0x5c, 0x59, 0x5e};
    void (*target)(void) = called_back;
    uint8_t *p = code + i * SIZE;
    uint8_t work[] = {0xf3, 0x0f, 0x10, 0x07, 0xf3, 0x0f, 0, 0x87, 64, 0, 0, 0, 0xf3, 0x0f, 0x11, 0x06, 0xc3};

    kinds[i] = (struct kind){(enum operation)draw(record, SQRT), SSE_SCALAR, 0};
    work[6] = opcodes[kinds[i].operation];
    memcpy(p, before, sizeof before);
    p += sizeof before;
    memcpy(p, &target, sizeof target);
    p += sizeof target;
    memcpy(p, "\xff\xd0", 2);
    p += 2;
    returns[i] = p;
    memcpy(p, after, sizeof after);
    memcpy(p + sizeof after, work, sizeof work);
}

static void down(void)
{
    uint8_t in[192], result[64];
    int i = (int)draw(record, CALLERS);

    current = i;
    operands(record, kinds[i]);
    memcpy(in, record->in, sizeof in);
    ((kernel)(uintptr_t)(code + i * SIZE))(in, result, 1);
    memcpy(record->in, in, sizeof in); /* others were drawn meanwhile */
    memcpy(record->out, result, sizeof result);
    results(record, kinds[i]);
}

/* movss xmm0, [rdi]; subss xmm0, [rsi]; xorps xmm1, xmm1; xor eax, eax; comiss xmm0, xmm1; seta al; setb cl;
 * movzx ecx, cl; sub eax, ecx; ret */
static const uint8_t compare[] = {0xf3, 0x0f, 0x10, 0x07, 0xf3, 0x0f, 0x5c, 0x06, 0x0f, 0x57, 0xc9, 0x31, 0xc0, 0x0f,
                                  0x2f, 0xc1, 0x0f, 0x97, 0xc0, 0x0f, 0x92, 0xc1, 0x0f, 0xb6, 0xc9, 0x29, 0xc8, 0xc3};

static void sort(void *comparison)
{
    static const struct kind plain = {ADD, SSE_SCALAR, 0};
    uint32_t numbers[SORTED];

    memcpy(comparison, compare, sizeof compare);
    for (int i = 0; i < SORTED; i++) {
        operands(record, plain);
        memcpy(&numbers[i], record->in, sizeof numbers[i]);
    }
    qsort(numbers, SORTED, sizeof *numbers, (int (*)(const void *, const void *))(uintptr_t)comparison);
    printf("sorted");
    for (int i = 0; i < SORTED; i += 7)
        printf(" %08x", numbers[i]);
    printf("\n");
}

/* The same operands give the same result, whatever was interrupted. */
static void tick(int number)
{
    static uint8_t result[64] __attribute__((aligned(64)));

    memset(result, 0xff, sizeof result);
    ((kernel)(uintptr_t)timed)(timed_record->in, result, 1);
    if (memcmp(result, timed_out, sizeof result) != 0)
        wrong_ticks = wrong_ticks + 1;
    ticks = ticks + (number == SIGALRM);
}

int main(int argc, char **argv)
{
    struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};

    start(argc, argv);
    record = record_new(0);
    timed_record = record_new(1);
    code = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    timed = map(NULL, PAGE, PROT_READ | PROT_WRITE, -1);
    timed_kind = draw_kind(timed_record);
    emit(timed, timed_kind);
    protect(timed, PAGE, PROT_READ | PROT_EXEC);
    run(timed_record, timed_kind, timed, 1);
    memcpy(timed_out, timed_record->out, sizeof timed_out);
    need(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &often, NULL), "setitimer");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLERS; i++)
            build(i);
        for (volatile int i = 0; i < CALLERS; i++) { /* it lives through longjmp */
            depth = 1 + (int)draw(record, DEEP);
            leave = i % 3 == 2;
            if (!setjmp(out))
                down();
        }
        sort(code + CALLERS * SIZE + round * 64);
    }
    while (ticks < 3)
        ;
    need(!setitimer(ITIMER_REAL, &never, NULL), "setitimer");
    if (wrong_ticks)
        printf("%d of %d ticks gave something else\n", (int)wrong_ticks, (int)ticks);
    record_print(timed_record);
    record_print(record);
    return 0;
}
