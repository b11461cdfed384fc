/* SPDX-License-Identifier: Apache-2.0
 * wide.c: the functions of wide.S, as they come. Its pages are opened one by one: what reads as an operation and may
 * be run must not run as it is, and data must stay what it is. Where something tells of every function, few calls
 * fault. */
#include "kernels.h"
#include <string.h>

enum { SLOTS = 8192, KINDS = 16, SLOT = 64, CALL = 32, RUNS = 600, OFTEN = 2000, FEW = OFTEN / 10 };
extern const uint8_t wide_code[], wide_calls[], wide_end[];
static const enum operation operations[] = {ADD, SUB, MUL, DIV};
static const uint8_t data[] = {0x6e, 0xf3, 0x0f, 0x58, 0x07, 0xf3, 0x0f, 0x59, 0xc1,
                               0x0f, 0x28, 0xc8, 0xf2, 0x0f, 0x5e, 0xc2, 0xc3};

/* The function of a slot that has one. */
static const uint8_t *code_of(unsigned slot, struct kind *kind)
{
    unsigned of = slot % KINDS;

    *kind = (struct kind){operations[of % 4], SSE_SCALAR, 0};
    return of < 8 ? wide_code + slot * SLOT : wide_calls + (slot / KINDS * 4 + of % 4) * CALL;
}

static unsigned draw_slot(struct record *record, unsigned below)
{
    return draw(record, below / KINDS) * KINDS + draw(record, 12);
}

int main(int argc, char **argv)
{
    struct record *record;
    struct kind kind;
    uint8_t out[64];
    int faults;

    start(argc, argv);
    faults = faults_begin();
    record = record_new(0);
    for (int i = 0; i < RUNS; i++) {
        const uint8_t *code = code_of(draw_slot(record, SLOTS), &kind);
        run(record, kind, code, 1);
        run(record, kind, code, 1);
    }
    for (int i = 0; i < 16; i++) {
        unsigned slot = draw_slot(record, SLOTS / 2);
        const uint8_t *code = code_of(slot, &kind);
        uint64_t before = 0;

        operands(record, kind);
        for (int n = 0; n < OFTEN; n++) {
            if (n == OFTEN / 2)
                before = faults_now(faults);
            ((kernel)(uintptr_t)code)(record->in, out, 1);
        }
        if (faults_now(faults) - before > FEW)
            printf("slot %u faults at every call\n", slot);
        run(record, kind, code, 1);
    }
    for (unsigned slot = SLOTS / 2 + 12; slot < SLOTS; slot += KINDS)
        if (memcmp(wide_code + slot * SLOT, data, sizeof data) != 0)
            printf("the data of slot %u have changed\n", slot);
    record_print(record);
    return 0;
}
