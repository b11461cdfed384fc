/* SPDX-License-Identifier: Apache-2.0
 * rewrites.c: code that changes after it ran, in memory that is writable and executable throughout: whole functions at
 * one address, one opcode byte, a jump that is turned, a call that is aimed anew, each also by a read(2) into the code,
 * which must not fail. Then code that changes the next instruction. */
#include "kernels.h"
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 40, OPCODE_SCALAR = 3 + 8 + 2 }; /* mov rcx, rdx; movss xmm0, [rdi + d32]; F3 0F of the operation */

static int ends[2];

/* Puts bytes there as the kernel does. */
static void put(void *at, const void *bytes, size_t size)
{
    need(write(ends[1], bytes, size) == (ssize_t)size, "write");
    need(read(ends[0], at, size) == (ssize_t)size, "read into code");
}

static void whole(struct record *record, uint8_t *code)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct kind kind = draw_kind(record);
        uint8_t bytes[KERNEL_MOST];
        size_t size = emit(bytes, kind);

        if (i % 3 == 0)
            put(code, bytes, size);
        else
            memcpy(code, bytes, size);
        for (unsigned k = draw(record, 4); k-- > 0;)
            run(record, kind, code, 1 + i % 3);
    }
}

/* The same function, but for its operation's opcode. */
static void opcode(struct record *record, uint8_t *code)
{
    struct kind kind = {ADD, SSE_SCALAR, 0};

    emit(code, kind);
    for (int i = 0; i < ROUNDS; i++) {
        static const uint8_t opcodes[] = {0x58, 0x5c, 0x59, 0x5e};

        kind.operation = (enum operation)draw(record, SQRT);
        if (i % 3 == 0)
            put(code + OPCODE_SCALAR, &opcodes[kind.operation], 1);
        else
            *(volatile uint8_t *)(code + OPCODE_SCALAR) = opcodes[kind.operation];
        run(record, kind, code, 2);
    }
}

/* A call and a jump whose targets change. */
static void aims(struct record *record, uint8_t *code)
{
    static const uint8_t call_return[] = {0xe8, 0, 0, 0, 0, 0xc3}; /* call; ret */
    struct kind kinds[8];
    uint8_t *targets[8], *caller = code + 8 * 128, *jumper = caller + 64;

    for (int i = 0; i < 8; i++) {
        kinds[i] = draw_kind(record);
        targets[i] = code + i * 128;
        emit(targets[i], kinds[i]);
    }
    memcpy(caller, call_return, sizeof call_return);
    jumper[0] = 0xe9;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned a = draw(record, 8), b = draw(record, 8);
        int32_t to_a = (int32_t)(targets[a] - (caller + 5)), to_b = (int32_t)(targets[b] - (jumper + 5));

        memcpy(caller + 1, &to_a, sizeof to_a);
        memcpy(jumper + 1, &to_b, sizeof to_b);
        run(record, kinds[a], caller, 1);
        run(record, kinds[b], jumper, 2);
        run(record, kinds[a], caller, 1);
    }
}

/* mov byte [rip + d], BL-operand of the function; the written byte is the opcode of an instruction that follows. */
static void next_instruction(struct record *record, uint8_t *code)
{
    static const uint8_t opcodes[] = {0x58, 0x5c, 0x59, 0x5e};
    struct kind kind = {ADD, SSE_SCALAR, 0};

    for (int i = 0; i < ROUNDS; i++) {
        enum operation was = (enum operation)draw(record, SQRT), is = (enum operation)draw(record, SQRT);
        int32_t distance = OPCODE_SCALAR;
        uint8_t *p = code;

        if (i % 8 == 0) { /* else the code that is there, with a new byte to store */
            *p++ = 0xc6;  /* mov byte [rip + distance], opcode */
            *p++ = 0x05;
            memcpy(p, &distance, sizeof distance);
            p += sizeof distance;
            *p++ = opcodes[is];
            kind.operation = was;
            emit(p, kind);
        } else {
            *(volatile uint8_t *)(code + 6) = opcodes[is];
        }
        kind.operation = is;
        run(record, kind, code, 1);
    }
}

int main(int argc, char **argv)
{
    struct record *record;
    uint8_t *code;

    start(argc, argv);
    need(!pipe(ends), "pipe");
    record = record_new(0);
    code = map(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    whole(record, code);
    whole(record, code + PAGE - 40); /* over the edge of a page */
    opcode(record, code);
    aims(record, code);
    next_instruction(record, code);
    record_print(record);
    return 0;
}
