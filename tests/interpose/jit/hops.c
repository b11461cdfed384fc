/* SPDX-License-Identifier: Apache-2.0
 * hops.c: an interpreter that was made at run time, as the Java machine's is: each of its templates goes on to the
 * next by an indirect jump, and calls its function directly or by a register. It lies in memory that stays writable, and
 * some of it is written again and again after it ran: so its originals never get X. It must be right all the same, and
 * may not fault at each of its steps: the program counts its page faults. A timer's handler runs it, too. */
#include "kernels.h"
#include <signal.h>
#include <string.h>
#include <sys/time.h>

enum { FUNCTIONS = 8, APART = 192, BYTES = 48, ROUNDS = 12, OFTEN = 250, FEW = BYTES * OFTEN / 10 };
enum { TEMPLATES = FUNCTIONS * APART, ENTRY = 2 * TEMPLATES, END = ENTRY + APART, SIZE = 2 * PAGE };

static struct kind kinds[FUNCTIONS];
static uint8_t *code, *table[FUNCTIONS + 1], program[BYTES + 1], out[BYTES][64];
static struct record *record;
static volatile sig_atomic_t ticks, wrong;

/* movzx eax, byte [rbx]; inc rbx; jmp [r12 + rax * 8] */
static const uint8_t next[] = {0x0f, 0xb6, 0x03, 0x48, 0xff, 0xc3, 0x41, 0xff, 0x24, 0xc4};

static uint8_t *put(uint8_t *p, const void *bytes, size_t size)
{
    memcpy(p, bytes, size);
    return p + size;
}

/* mov rsi, r13; mov edx, 1; a call of the function; add r13, 64; the next one */
static void place_template(int i, int direct)
{
    static const uint8_t before[] = {0x4c, 0x89, 0xee, 0xba, 1, 0, 0, 0}, after[] = {0x49, 0x83, 0xc5, 64};
    uint8_t *function = code + i * APART, *p = put(code + TEMPLATES + i * APART, before, sizeof before);

    table[i] = code + TEMPLATES + i * APART;
    if (direct) {
        int32_t far = (int32_t)(function - (p + 5));
        *p++ = 0xe8;
        p = put(p, &far, sizeof far);
    } else { /* mov rax, function; call rax */
        p = put(p, "\x48\xb8", 2);
        p = put(p, &function, sizeof function);
        p = put(p, "\xff\xd0", 2);
    }
    p = put(p, after, sizeof after);
    put(p, next, sizeof next);
}

/* push rbx, r12, r13; rbx: the program, r12: the table, r13: the results. And back. */
static void place_ends(void)
{
    static const uint8_t entry[] = {0x53, 0x41, 0x54, 0x41, 0x55, 0x48, 0x89, 0xd3, 0x49, 0x89, 0xcc, 0x49, 0x89, 0xf5},
                         end[] = {0x41, 0x5d, 0x41, 0x5c, 0x5b, 0xc3};

    put(put(code + ENTRY, entry, sizeof entry), next, sizeof next);
    put(code + END, end, sizeof end);
    table[FUNCTIONS] = code + END;
}

static void interpret(const void *in, void *results)
{
    void (*entry)(const void *, void *, const uint8_t *, uint8_t **);

    *(void **)&entry = code + ENTRY;
    entry(in, results, program, table);
}

/* The same operands give the same results, whatever was interrupted. */
static void tick(int number)
{
    static uint8_t again[BYTES][64];

    interpret(record->in, again);
    for (int i = 0; i < BYTES; i++) { /* a function writes what its operation makes */
        size_t size = kinds[program[i]].wide ? 8 : 4;
        if (memcmp(again[i], out[i], size) != 0)
            wrong = wrong + 1;
    }
    ticks = ticks + (number == SIGALRM);
}

int main(int argc, char **argv)
{
    struct itimerval soon = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    int faults;

    start(argc, argv);
    faults = faults_begin();
    record = record_new(0);
    code = map(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    need(!sigaction(SIGALRM, &action, NULL), "sigaction");
    place_ends();
    for (int i = 0; i < FUNCTIONS; i++)
        place_template(i, i & 1);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before = 0;

        for (int i = round ? (int)draw(record, FUNCTIONS) : 0; i < FUNCTIONS; i += round ? 3 : 1) {
            kinds[i] = draw_kind(record);
            emit(code + i * APART, kinds[i]);
            place_template(i, (i + round) & 1);
        }
        for (int i = 0; i < BYTES; i++)
            program[i] = (uint8_t)draw(record, FUNCTIONS);
        program[BYTES] = FUNCTIONS;
        operands(record, (struct kind){SQRT, SSE_SCALAR, 0}); /* for all: positive, two of them are a binary64 too */
        interpret(record->in, out);
        if (round == ROUNDS - 1)
            need(!setitimer(ITIMER_REAL, &soon, NULL), "setitimer");
        before = faults_now(faults);
        for (int i = 0; i < OFTEN; i++) {
            uint8_t again[BYTES][64];
            interpret(record->in, again);
            if (i == 0 || (round < ROUNDS - 1 && i == OFTEN / 2))
                before = faults_now(faults);
        }
        if (round && round < ROUNDS - 1 && faults_now(faults) - before > FEW)
            printf("the interpreter faults at every step\n");
        while (round == ROUNDS - 1 && ticks < 3)
            ;
        need(!setitimer(ITIMER_REAL, &never, NULL), "setitimer");
        for (int i = 0; i < BYTES; i++) {
            memcpy(record->out, out[i], sizeof out[i]);
            results(record, kinds[program[i]]);
        }
    }
    if (wrong)
        printf("%d results of a handler are others\n", (int)wrong);
    record_print(record);
    return 0;
}
