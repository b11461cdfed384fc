/* SPDX-License-Identifier: Apache-2.0
 * middles.c: code that is entered where no function begins: at the second operation of a function that ran before, at
 * each of a row of operations in every order, by a computed jump, and in the middle of an instruction, whose constant
 * is an operation; behind numbers for a breakpoint's handler, which read as instructions reach into what follows. */
#include "kernels.h"
#include <signal.h>
#include <string.h>
#include <ucontext.h>

enum { ROW = 12, ROUNDS = 20 };

/* Two functions in one: entered at its start it runs the first kernel's operation and then, over it, the second's. */
static void second_half(struct record *record, uint8_t *code)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct kind first = draw_kind(record), second = draw_kind(record);
        size_t half = emit(code, first) - 1; /* without its ret */

        emit(code + half, second);
        if (i & 1)
            run(record, second, code + half, 1);
        run(record, second, code, 1 + i % 2);
        run(record, second, code + half, 2);
        code += 256;
    }
}

/* movss xmm0, [rdi]; ROW times OPss xmm0, [rdi + 64]; movss [rsi], xmm0; ret, of which the entry says how many run:
 * lea rax, [rip + row]; add rax, rcx; jmp rax. Every OP is 8 bytes. Only the last is recorded: its operands are what
 * the one before it left, so that one is run alone first. */
static void row(struct record *record, uint8_t *code)
{
    static const uint8_t prologue[] = {0xf3, 0x0f, 0x10, 0x07,             /* movss xmm0, [rdi] */
                                       0x48, 0x8d, 0x05, 5, 0, 0, 0,       /* lea rax, [rip + 5] */
                                       0x48, 0x01, 0xd0,                   /* add rax, rdx */
                                       0xff, 0xe0},                        /* jmp rax */
        epilogue[] = {0xf3, 0x0f, 0x11, 0x06, 0xc3};                       /* movss [rsi], xmm0; ret */
    static const uint8_t opcodes[] = {0x58, 0x5c, 0x59, 0x5e};
    enum operation operations[ROW];
    uint8_t *p = code;

    memcpy(p, prologue, sizeof prologue);
    p += sizeof prologue;
    for (int i = 0; i < ROW; i++) {
        const uint8_t op[] = {0xf3, 0x0f, 0, 0x87, 64, 0, 0, 0}; /* with a displacement of 32 bits */

        operations[i] = (enum operation)draw(record, SQRT);
        memcpy(p, op, sizeof op);
        p[2] = opcodes[operations[i]];
        p += sizeof op;
    }
    memcpy(p, epilogue, sizeof epilogue);
    for (int i = 0; i < 3 * ROW; i++) {
        struct kind kind = {ADD, SSE_SCALAR, 0};
        unsigned from = i < ROW ? (unsigned)(ROW - 1 - i) : draw(record, ROW);
        float start_value, value;

        /* by hand, one operation after the other: each is a line, and the whole must agree with the last */
        kind.operation = operations[from];
        operands(record, kind);
        memcpy(&start_value, record->in, sizeof start_value);
        for (unsigned k = from; k < ROW; k++) {
            static uint8_t *single;

            if (!single)
                single = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
            kind.operation = operations[k];
            emit(single + 128 * operations[k], kind);
            ((kernel)(uintptr_t)(single + 128 * operations[k]))(record->in, record->out, 1);
            results(record, kind);
            memcpy(&value, record->out, sizeof value);
            memcpy(record->in, &value, sizeof value);
        }
        memcpy(record->in, &start_value, sizeof start_value);
        ((kernel)(uintptr_t)code)(record->in, record->out, 8 * (long)from);
        if (memcmp(record->out, &value, sizeof value) != 0)
            printf("a row entered at %u differs from its operations one by one\n", from);
    }
}

/* mov eax, 0xc1590ff3 is b8 and then mulss xmm0, xmm1; entered at its second byte it multiplies. */
static void inside(struct record *record, uint8_t *code)
{
    static const uint8_t bytes[] = {0xf3, 0x0f, 0x10, 0x07,                   /* movss xmm0, [rdi] */
                                    0xf3, 0x0f, 0x10, 0x8f, 64, 0, 0, 0,      /* movss xmm1, [rdi + 64] */
                                    0x48, 0x8d, 0x05, 5, 0, 0, 0,             /* lea rax, [rip + 5] */
                                    0x48, 0x01, 0xd0,                         /* add rax, rdx */
                                    0xff, 0xe0,                               /* jmp rax */
                                    0xb8, 0xf3, 0x0f, 0x59, 0xc1,             /* mov eax, ...: 0 or 1 byte in */
                                    0xf3, 0x0f, 0x11, 0x06, 0xc3};            /* movss [rsi], xmm0; ret */
    struct kind kind = {MUL, SSE_SCALAR, 0};

    memcpy(code, bytes, sizeof bytes);
    for (int i = 0; i < ROUNDS; i++) {
        long in = draw(record, 2);

        operands(record, kind);
        ((kernel)(uintptr_t)code)(record->in, record->out, in);
        if (in)
            results(record, kind);
        else if (memcmp(record->in, record->out, 4) != 0)
            printf("a multiplication too many\n");
    }
}

static void skip_numbers(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)number, (void)info;
    uc->uc_mcontext.gregs[REG_RIP] += 2;
}

/* As Lisp compilers have it: the numbers 5d 08 and the first two bytes behind them are pop and or. */
static void numbers(struct record *record, uint8_t *code)
{
    static const uint8_t bytes[] = {0x85, 0xd2,                               /* test edx, edx */
                                    0x74, 2,                                  /* jz to int3 */
                                    0xeb, 3,                                  /* jmp behind the numbers */
                                    0xcc, 0x5d, 0x08,                         /* int3 */
                                    0x40, 0x80, 0xfe, 0x19,                   /* cmp sil, 25 */
                                    0xf3, 0x0f, 0x10, 0x07,                   /* movss xmm0, [rdi] */
                                    0xf3, 0x0f, 0x59, 0x87, 64, 0, 0, 0,      /* mulss xmm0, [rdi + 64] */
                                    0xf3, 0x0f, 0x11, 0x06,                   /* movss [rsi], xmm0 */
                                    0xff, 0xca,                               /* dec edx */
                                    0x7f, 0xdf,                               /* jg, to the start */
                                    0xc3};
    struct sigaction action = {.sa_sigaction = skip_numbers, .sa_flags = SA_SIGINFO};

    need(!sigaction(SIGTRAP, &action, NULL), "sigaction");
    memcpy(code, bytes, sizeof bytes);
    for (int i = 0; i < ROUNDS; i++)
        run(record, (struct kind){MUL, SSE_SCALAR, 0}, code, i % 3);
}

int main(int argc, char **argv)
{
    struct record *record;
    uint8_t *code;

    start(argc, argv);
    record = record_new(0);
    for (int fixed = 0; fixed < 2; fixed++) { /* writable all the time; writable, then executable */
        code = map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE | (fixed ? 0 : PROT_EXEC), -1);
        if (fixed) {
            struct kind kinds[] = {draw_kind(record), draw_kind(record), draw_kind(record)};
            size_t first = emit(code, kinds[0]) - 1, second = first + emit(code + first, kinds[1]) - 1;

            emit(code + second, kinds[2]);
            protect(code, 4 * PAGE, PROT_READ | PROT_EXEC);
            run(record, kinds[2], code + second, 1);
            run(record, kinds[2], code, 2);
            run(record, kinds[2], code + first, 1);
            continue;
        }
        second_half(record, code);
        row(record, code + 3 * PAGE);
        inside(record, code + 3 * PAGE + 2048);
        numbers(record, code + 3 * PAGE + 3072);
    }
    record_print(record);
    return 0;
}
