/* SPDX-License-Identifier: Apache-2.0
 * faults.c: a program with handlers of its own for SIGSEGV, SIGTRAP and SIGILL, as language runtimes have them. The
 * faults come from generated code: a load from a page without rights, beside operations; a call to where no code is; a
 * breakpoint and an illegal instruction between two operations. The handler sees the addresses of the code as it was
 * written, computes with generated code itself, and goes on behind the instruction. */
#include "kernels.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

enum { ROUNDS = 10, BEFORE = 3 + 8 + 8 }; /* mov rcx, rdx; the load; the operation */
enum next { SKIP, GO_ON, RETURN };

static uint8_t *code, *inner, *hidden;
static uint8_t *where;     /* what the handler must find as the instruction pointer */
static void *address;      /* and as si_addr, except for a breakpoint */
static uint8_t *back;      /* and as return address */
static enum next next_step;
static int seen;
static struct record *record;
static struct kind inner_kind;

static void handle(int number, siginfo_t *info, void *data)
{
    ucontext_t *context = data;
    greg_t *ip = &context->uc_mcontext.gregs[REG_RIP], *sp = &context->uc_mcontext.gregs[REG_RSP];

    if ((uint8_t *)*ip != where)
        printf("signal %d: not where the instruction is\n", number);
    if (number != SIGTRAP && info->si_addr != address)
        printf("signal %d: another address\n", number);
    seen++;
    if (inner) { /* the operands of the interrupted function stay as they are */
        uint8_t in[sizeof record->in], out[sizeof record->out];

        memcpy(in, record->in, sizeof in);
        memcpy(out, record->out, sizeof out);
        run(record, inner_kind, inner, 1);
        memcpy(record->in, in, sizeof in);
        memcpy(record->out, out, sizeof out);
    }
    if (next_step == SKIP) {
        *ip += 2;
    } else if (next_step == RETURN) {
        *ip = *(greg_t *)*sp;
        *sp += 8;
        if ((uint8_t *)*ip != back)
            printf("signal %d: another return address\n", number);
    }
}

/* Runs a function twice whose operation is followed by `bytes`, before its result is stored. */
static void interrupt(const void *bytes, size_t size)
{
    struct kind kind = {(enum operation)draw(record, SQRT), SSE_SCALAR, 0};
    uint8_t plain[KERNEL_MOST];

    emit(plain, kind);
    memcpy(code, plain, BEFORE);
    memcpy(code + BEFORE, bytes, size);
    memcpy(code + BEFORE + size, plain + BEFORE, 8); /* the store */
    code[BEFORE + size + 8] = 0xc3;
    for (int i = 0; i < 2; i++) {
        seen = 0;
        run(record, kind, code, 1);
        if (seen != 1)
            printf("%d signals\n", seen);
    }
}

static void all(void)
{
    uint8_t bytes[12] = {0x48, 0xb8}; /* mov rax, imm64 */

    for (int i = 0; i < ROUNDS; i++) {
        inner_kind = draw_kind(record);
        if (inner)
            emit(inner, inner_kind);

        address = hidden + 16 * i; /* mov eax, [rax] */
        memcpy(bytes + 2, &address, sizeof address);
        memcpy(bytes + 10, "\x8b\x00", 2);
        where = code + BEFORE + 10;
        next_step = SKIP;
        interrupt(bytes, 12);

        where = code + BEFORE + 1; /* int3: the handler finds what follows */
        next_step = GO_ON;
        interrupt("\xcc", 1);

        where = code + BEFORE; /* ud2 */
        address = where;
        next_step = SKIP;
        interrupt("\x0f\x0b", 2);

        where = hidden + 64 + i; /* call rax */
        address = where;
        back = code + BEFORE + 12;
        memcpy(bytes + 2, &address, sizeof address);
        memcpy(bytes + 10, "\xff\xd0", 2);
        next_step = RETURN;
        interrupt(bytes, 12);
    }
}

static void *thread(void *data)
{
    all();
    return data;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER};
    static uint8_t stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    pthread_t other;

    start(argc, argv);
    record = record_new(0);
    need(!sigaction(SIGSEGV, &action, NULL) && !sigaction(SIGILL, &action, NULL) && !sigaction(SIGTRAP, &action, NULL),
         "sigaction");
    code = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    hidden = map(NULL, PAGE, PROT_NONE, -1);
    all();
    inner = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    all();
    need(!pthread_create(&other, NULL, thread, NULL) && !pthread_join(other, NULL), "pthread_create");
    need(!sigaltstack(&alternate, NULL), "sigaltstack");
    action.sa_flags |= SA_ONSTACK;
    need(!sigaction(SIGSEGV, &action, NULL), "sigaction");
    all();
    record_print(record);
    return 0;
}
