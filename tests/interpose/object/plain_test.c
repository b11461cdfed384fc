/* SPDX-License-Identifier: Apache-2.0
 * plain_test.c: x86/plain.c against the decoder library, field by field: every opcode with every ModRM under
 * every prefix that it takes, and real files read as code at every byte. */
#include "x86/plain.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The function of x86/plain.c, which meson.build compiles under this name ... */
bool plain_under_test(const uint8_t *bytes, size_t size, uint64_t address, vprec_insn *insn);

/* ... so that decode.c asks this one first, and then the library. */
bool vprec_plain_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_insn *insn)
{
    (void)bytes, (void)size, (void)address, (void)insn;
    return false;
}

static uint64_t known, failures;

static void print(const char *who, const vprec_insn *insn)
{
    fprintf(stderr, "  %s: length %u flow %u class %u type %u op %u disp_offset %u padding %d lea %d vector %d "
            "extended %d vex %d imm32 %d %#" PRIx32 " target %#" PRIx64 "\n", who, insn->length, insn->flow, insn->cls,
            insn->type, insn->op, insn->disp_offset, insn->padding, insn->loads_address, insn->vector, insn->extended,
            insn->vex, insn->has_imm32, insn->imm32, insn->target);
}

static bool same(const vprec_insn *a, const vprec_insn *b)
{
    return a->length == b->length && a->flow == b->flow && a->cls == b->cls && a->type == b->type && a->op == b->op &&
           a->disp_offset == b->disp_offset && a->padding == b->padding && a->loads_address == b->loads_address &&
           a->vector == b->vector && a->extended == b->extended && a->vex == b->vex &&
           a->has_imm32 == b->has_imm32 && a->imm32 == b->imm32 && a->target == b->target;
}

static void check(const uint8_t *bytes)
{
    const uint64_t address = 0x7F1234567890;
    vprec_insn plain, full;
    if (!plain_under_test(bytes, 15, address, &plain))
        return;
    known++;
    bool valid = vprec_insn_decode(bytes, 15, address, &full);
    if ((valid && same(&plain, &full)) || ++failures > 20)
        return;
    for (int i = 0; i < 15; i++)
        fprintf(stderr, "%02x%s", bytes[i], i < 14 ? " " : "\n");
    print("plain  ", &plain);
    if (valid)
        print("library", &full);
    else
        fprintf(stderr, "  library: no instruction\n");
}

static uint32_t draw(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

static void check_opcodes(void)
{
    for (unsigned prefix = 0; prefix < 2 * 17 * 2; prefix++) {
        for (unsigned code = 0; code < 0x10000; code++) {
            uint8_t bytes[15];
            unsigned at = 0, rex = prefix / 2 % 17;
            for (int i = 0; i < 15; i++)
                bytes[i] = (uint8_t)(draw() >> 8);
            if (prefix & 1)
                bytes[at++] = 0x66;
            if (rex < 16)
                bytes[at++] = 0x40 | rex;
            if (prefix / 34)
                bytes[at++] = 0x0F;
            bytes[at++] = (uint8_t)(code >> 8);
            bytes[at] = (uint8_t)code;
            check(bytes);
        }
    }
}

static int check_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s is missing\n", path);
        return 1;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(size);
    bool whole = bytes && fread(bytes, 1, size, file) == size;
    fclose(file);
    for (size_t i = 0; whole && i + 15 <= size; i++)
        check(bytes + i);
    free(bytes);
    return !whole;
}

int main(int argc, char **argv)
{
    int unread = 0;
    check_opcodes();
    for (int i = 1; i < argc; i++)
        unread += check_file(argv[i]);
    printf("%" PRIu64 " instructions compared, %" PRIu64 " differ, %d files unread\n", known, failures, unread);
    return failures || unread || known < 1000000;
}
