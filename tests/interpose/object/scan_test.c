/* SPDX-License-Identifier: Apache-2.0
 * scan_test.c: find/scan.c against the decoder library, asked at every byte: every form of encoding at every place of a
 * window, windows of drawn bytes, and pages of real files. What the scan calls clean must be so; where it is too
 * strict, that is counted and bounded. Windows end where memory ends. */
#include "find/scan.h"
#include "x86/decode.h"
#include <Zydis/Zydis.h>
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, LONGEST = 15 };
enum { F32 = 1, F64 = 2, CONTROL = 4, SYSCALL = 8, KINDS = 16 };
static const uint64_t HERE = 0x7F1234567000;

static uint64_t failures;
static uint64_t targets_asked, targets_missed; /* nothing leads there: asked, and called unclean */
static uint8_t *memory; /* a page between two that cannot be read */

static void print_window(const uint8_t *bytes, size_t size, size_t behind)
{
    fprintf(stderr, "  %zu bytes and %zu behind:", size, behind);
    for (size_t i = 0; i < size + behind && i < 100; i++)
        fprintf(stderr, "%s%02x", i == size ? " | " : " ", bytes[i]);
    fprintf(stderr, "\n");
}

static bool failed(void)
{
    if (failures++ < 20)
        return true;
    return false;
}

/* What the decoder library says of the instruction at `bytes`: F32 | F64 | CONTROL | SYSCALL. */
static unsigned kinds_at(const uint8_t *bytes, size_t size)
{
    static const ZydisDecoder decoder = {.machine_mode = ZYDIS_MACHINE_MODE_LONG_64,
                                         .stack_width = ZYDIS_STACK_WIDTH_64};
    vprec_insn insn;
    ZydisDecodedInstruction z;
    if (!vprec_insn_decode(bytes, size, HERE, &insn))
        return 0;
    switch (insn.cls) {
    case VPREC_SITE: return 1u << insn.type;
    case VPREC_CONTROL: return CONTROL;
    case VPREC_REFUSED: {
        uint32_t numbers = vprec_decode_numbers(bytes, size);
        return numbers & VPREC_NUMBER_LONG ? 0 : numbers & (F32 | F64);
    }
    default: break;
    }
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, size, &z)))
        return 0;
    switch (z.mnemonic) {
    case ZYDIS_MNEMONIC_FXRSTOR: case ZYDIS_MNEMONIC_FXRSTOR64: case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64: return CONTROL;
    case ZYDIS_MNEMONIC_SYSCALL: case ZYDIS_MNEMONIC_SYSENTER: return SYSCALL;
    case ZYDIS_MNEMONIC_INT: return z.raw.imm[0].value.u == 0x80 ? SYSCALL : 0;
    default: return 0;
    }
}

static unsigned kinds_of(const uint8_t *bytes, size_t size, size_t behind)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < size; i++) {
        size_t left = size + behind - i;
        kinds |= kinds_at(bytes + i, left < LONGEST ? left : LONGEST);
    }
    return kinds;
}

static bool clean_of(unsigned kinds, const uint8_t *bytes, size_t size, size_t behind)
{
    const vprec_scan scan = {.type = {[VPREC_F32] = kinds & F32, [VPREC_F64] = kinds & F64},
                             .control = kinds & CONTROL, .syscalls = kinds & SYSCALL};
    return vprec_scan_clean(&scan, bytes, size, behind, HERE);
}

static uint32_t draw(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* A window of nops, with `form` so that it starts at `at`, in memory that ends with the window. */
static uint8_t *window_with(const uint8_t *form, size_t at, size_t size, size_t behind)
{
    uint8_t *bytes = memory + PAGE - size - behind;
    memset(bytes, 0x90, size + behind);
    size_t room = size + behind - at;
    memcpy(bytes + at, form, room < LONGEST ? room : LONGEST);
    return bytes;
}

typedef struct tally {
    uint64_t forms, counting, strict;
    uint64_t of[KINDS];
} tally;

static void check_placed(const uint8_t *form, unsigned kinds, size_t at, size_t size, size_t behind)
{
    const uint8_t *bytes = window_with(form, at, size, behind);
    for (unsigned kind = 1; kind < KINDS; kind <<= 1) {
        bool inside = at < size;
        bool clean = clean_of(kind, bytes, size, behind);
        if (inside ? kinds & kind && clean : !clean) {
            if (failed()) {
                fprintf(stderr, "kind %u, at %zu: %s\n", kind, at, inside ? "called clean" : "seen, but it is behind");
                print_window(bytes, size, behind);
            }
        }
    }
}

static void check_form(const uint8_t *form, bool everywhere, tally *t)
{
    unsigned kinds = kinds_at(form, LONGEST);
    t->forms++;
    t->of[kinds]++;
    if (!kinds) {
        /* is it called unclean, with no reason at any byte? */
        const uint8_t *bytes = window_with(form, 20, 40, LONGEST);
        bool clean = clean_of(KINDS - 1, bytes, 40, LONGEST);
        t->strict += !clean && !kinds_of(bytes, 40, LONGEST);
        return;
    }
    t->counting++;
    check_placed(form, kinds, t->counting % 60, 60, LONGEST);
    check_placed(form, kinds, 59, 60, LONGEST);
    check_placed(form, kinds, 60, 60, LONGEST);
    vprec_insn insn;
    if (vprec_insn_decode(form, LONGEST, HERE, &insn))
        check_placed(form, kinds, 39, 40, insn.length - 1u); /* nothing is behind it */
    if (everywhere)
        for (size_t at = 0; at < 64 + LONGEST; at++)
            check_placed(form, kinds, at, 64, LONGEST);
}

/* ModRM and what may follow it; a displacement ends in bytes that are no prefix. */
static const uint8_t operands[][2] = {{0x00}, {0xC1}, {0x05}, {0x44, 0x24}, {0x04, 0x25}, {0x80}};
enum { OPERANDS = sizeof operands / sizeof *operands };

/* `prefix`, then every opcode with every kind of operand and every ModRM.reg, or with /2 and one other. */
static void check_opcodes(const uint8_t *prefix, size_t length, bool everywhere, tally *t)
{
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (unsigned operand = 0; operand < OPERANDS * 8; operand++) {
            if (!everywhere && operand % 8 != 2 && operand % 8 != opcode % 8)
                continue;
            uint8_t form[2 * LONGEST] = {0};
            memcpy(form, prefix, length);
            form[length] = (uint8_t)opcode;
            form[length + 1] = operands[operand / 8][0] | (uint8_t)(operand % 8 << 3);
            form[length + 2] = operands[operand / 8][1];
            check_form(form, everywhere && operand % 8 == opcode % 8, t);
        }
    }
}

static void check_legacy(tally *t)
{
    static const char *const prefixes[] = {"", "\x66", "\xF3", "\xF2", "\x66\x66", "\xF3\x66", "\xF2\x66", "\x66\xF3",
        "\x66\xF2", "\xF3\xF2", "\xF2\xF3", "\xF2\xF3\x66", "\x2E\x66", "\x66\x65", "\xF3\x67", "\xF2\x3E\x64", "\xF0",
        "\x66\xF0", "\x40\x66", "\x48\xF3", "\xF2\x4F\x67", "\x66\x66\x2E\x67\xF3\x64\x66\x26",
        "\xF2\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"};
    static const char *const rex[] = {"", "\x40", "\x48", "\x4F"};
    static const char *const maps[] = {"", "\x0F", "\x0F\x38", "\x0F\x3A"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        for (size_t r = 0; r < 4; r++) {
            for (size_t map = 0; map < 4; map++) {
                char prefix[LONGEST + 1];
                size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s%s%s", prefixes[i], rex[r], maps[map]);
                check_opcodes((uint8_t *)prefix, length, r < 2 || i < 4, t);
            }
        }
    }
    for (unsigned operand = 0; operand < OPERANDS; operand++) {
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            uint8_t form[2 * LONGEST] = {0x0F, 0x0F, operands[operand][0], operands[operand][1]};
            static const uint8_t behind[OPERANDS] = {3, 3, 7, 4, 8, 7};
            form[behind[operand]] = (uint8_t)opcode;
            check_form(form, true, t);
        }
    }
    for (unsigned opcode = 0; opcode < 256; opcode++)
        check_form((uint8_t[LONGEST]){0xCD, (uint8_t)opcode}, true, t);
}

static void check_vex(tally *t)
{
    for (unsigned payload = 0; payload < 256; payload++) {
        bool plain = (payload & ~7u) == 0xF8;
        check_opcodes((uint8_t[]){0xC5, (uint8_t)payload}, 2, plain, t);
        check_opcodes((uint8_t[]){0x67, 0x3E, 0xC5, (uint8_t)payload}, 4, plain, t);
    }
    /* Three bytes: all maps, with and without register extensions; W, vvvv, L, pp. 8F is XOP's. */
    static const uint8_t escapes[] = {0xC4, 0x8F};
    for (unsigned escape = 0; escape < 2; escape++)
        for (unsigned map = 0; map < 64; map++)
            for (unsigned last = 0; last < 32; last++)
                check_opcodes((uint8_t[]){escapes[escape], (uint8_t)((map & 31) | (map & 32 ? 0xE0 : 0)),
                                          (uint8_t)((last & 16 ? 0x80 : 0) | (last & 8 ? 0x78 : 0) | (last & 7))},
                              3, last & 8 && map & 32, t);
}

static void check_evex(tally *t)
{
    for (unsigned first = 0; first < 32; first++) /* map, a reserved bit, register extensions */
        for (unsigned second = 0; second < 32; second++) /* W, vvvv, a bit that is 1, pp */
            for (unsigned third = 0; third < 24; third++) /* L'L, b, and no mask, a mask, a zeroing mask */
                for (unsigned opcode = 0; opcode < 256; opcode++)
                    for (unsigned operand = 0; operand < 3; operand++) {
                        static const uint8_t masks[] = {0x08, 0x0A, 0x8B};
                        uint8_t form[LONGEST] = {0x62, (uint8_t)((first & 15) | (first & 16 ? 0xF0 : 0)),
                            (uint8_t)((second & 16 ? 0x80 : 0) | (second & 8 ? 0x78 : 0) | (second & 7)),
                            (uint8_t)(masks[third / 8] | (third & 7) << 4), (uint8_t)opcode, operands[operand][0],
                            operands[operand][1]};
                        check_form(form, first & 16 && second & 8 && third == 4 && operand == 1, t);
                    }
}

static uint64_t unsigned_draw(uint64_t below)
{
    return draw() % below;
}

/* Bytes that often make sense together: prefixes, escapes, opcodes that count and some that do not. */
static uint8_t draw_byte(void)
{
    static const uint8_t often[] = {0x66, 0xF2, 0xF3, 0x67, 0x40, 0x48, 0x0F, 0x0F, 0x0F, 0x0F, 0x3A, 0x38, 0xC4, 0xC5,
        0xC5, 0x62, 0xE2, 0xE3, 0xF1, 0xF8, 0x7D, 0x71, 0x51, 0x58, 0x59, 0x5A, 0x5B, 0x2A, 0x7C, 0xD0, 0xE6, 0xAE,
        0x40, 0x41, 0x05, 0xCD, 0x80, 0x98, 0x13, 0xE9, 0x84, 0xFF, 0x25, 0x15};
    uint32_t drawn = draw();
    return drawn & 7 ? often[(drawn >> 8) % sizeof often] : (uint8_t)(drawn >> 8);
}

/* Where the jump at `bytes` leads, by the decoder library; 0: it is none of those that count. */
static uint64_t target_at(const uint8_t *bytes, size_t size, uint64_t address)
{
    vprec_insn insn;
    if (!vprec_insn_decode(bytes, size, address, &insn))
        return 0;
    bool direct = insn.flow == VPREC_FLOW_JMP || insn.flow == VPREC_FLOW_JCC;
    bool indirect = insn.flow == VPREC_FLOW_IJMP || insn.flow == VPREC_FLOW_ICALL;
    for (unsigned i = 0; direct && i < insn.length; i++)
        /* a short one, and Knights Landing's in VEX: the opcode is the first byte that is no prefix */
        if (bytes[i] == 0xEB || bytes[i] >> 4 == 7 || bytes[i] == 0xC4 || bytes[i] == 0xC5)
            return 0;
        else if (bytes[i] == 0x0F || bytes[i] == 0xE9)
            break;
    bool far = indirect && insn.disp_offset && (bytes[insn.disp_offset - 1] >> 3 & 1); /* /3, /5 */
    return direct || (indirect && insn.disp_offset && !far) ? insn.target : 0;
}

static void check_targets(const uint8_t *bytes, size_t size, size_t behind)
{
    uint64_t led[100] = {0};
    for (size_t i = 0; i < size; i++) {
        size_t left = size + behind - i;
        led[i] = target_at(bytes + i, left < LONGEST ? left : LONGEST, HERE + i);
    }
    for (size_t i = 0; i < size; i++) {
        if (!led[i])
            continue;
        for (unsigned among = 0; among < 3; among++) {
            uint64_t targets[3];
            size_t count = 0;
            if (among)
                targets[count++] = led[i] - 1 - draw() % 1000;
            targets[count++] = led[i];
            if (among == 2)
                targets[count++] = led[i] + 1;
            const vprec_scan scan = {.targets = targets, .target_count = count};
            if (vprec_scan_clean(&scan, bytes, size, behind, HERE) && failed()) {
                fprintf(stderr, "at %zu it leads to %#" PRIx64 ", one of %zu: called clean\n", i, led[i], count);
                print_window(bytes, size, behind);
            }
        }
        /* on both sides of it, and nothing leads there */
        const uint64_t beside[] = {led[i] - 1, led[i] + 1};
        const vprec_scan scan = {.targets = beside, .target_count = 2};
        bool hit = false;
        for (size_t j = 0; j < size; j++)
            hit |= led[j] == beside[0] || led[j] == beside[1];
        targets_missed += !hit && !vprec_scan_clean(&scan, bytes, size, behind, HERE);
        targets_asked++;
    }
}

static void check_jumps(const uint8_t *bytes, size_t size, size_t behind, uint64_t lo, uint64_t hi)
{
    vprec_vec found = VPREC_VEC(uint64_t);
    if (!vprec_scan_jumps(bytes, size, behind, HERE, lo, hi, &found)) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    size_t next = 0;
    bool same = true;
    for (size_t i = 0; i < size; i++) {
        size_t at = bytes[i] == 0xE8 || bytes[i] == 0xE9                                      ? i + 1
                    : bytes[i] == 0x0F && i + 1 < size + behind && bytes[i + 1] >> 4 == 8 ? i + 2 : 0;
        if (!at || at + 4 > size + behind)
            continue;
        uint32_t by = bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
                      (uint32_t)bytes[at + 3] << 24;
        uint64_t target = HERE + at + 4 + by - (by >> 31 ? UINT64_C(1) << 32 : 0);
        if (target >= lo && target < hi)
            same = same && next < found.count && VPREC_AT(found, uint64_t, next++) == target;
    }
    if ((!same || next != found.count) && failed()) {
        fprintf(stderr, "%zu jumps found, of which the first %zu are right\n", found.count, next);
        print_window(bytes, size, behind);
    }
    vprec_vec_free(&found);
}

/* Returns how many windows were called unclean for no reason. */
static uint64_t check_drawn(uint64_t rounds, uint64_t *clean)
{
    uint64_t strict = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        size_t size = 1 + unsigned_draw(round & 1 ? 70 : 8), behind = unsigned_draw(LONGEST + 1);
        uint8_t *bytes = round & 2 ? memory : memory + PAGE - size - behind; /* at both ends of what can be read */
        for (size_t i = 0; i < size + behind; i++)
            bytes[i] = draw_byte();
        unsigned kinds = kinds_of(bytes, size, behind);
        for (unsigned asked = 1; asked < KINDS; asked++) {
            bool is_clean = clean_of(asked, bytes, size, behind);
            strict += !is_clean && !(kinds & asked);
            *clean += is_clean;
            if (is_clean && kinds & asked && failed()) {
                fprintf(stderr, "asked for %u, there is %u: called clean\n", asked, kinds);
                print_window(bytes, size, behind);
            }
        }
        check_targets(bytes, size, behind);
        check_jumps(bytes, size, behind, 0, UINT64_MAX);
        check_jumps(bytes, size, behind, HERE - 0x10000000, HERE + unsigned_draw(0x10000000));
    }
    return strict;
}

typedef struct shares {
    uint64_t pages, clean[KINDS], truly[KINDS];
} shares;

static void check_page(const uint8_t *bytes, size_t behind, shares *s)
{
    unsigned kinds = kinds_of(bytes, PAGE, behind);
    s->pages++;
    for (unsigned asked = 1; asked < KINDS; asked++) {
        bool clean = clean_of(asked, bytes, PAGE, behind);
        s->clean[asked] += clean;
        s->truly[asked] += !(kinds & asked);
        if (clean && kinds & asked && failed())
            fprintf(stderr, "asked for %u, there is %u in a page that is called clean\n", asked, kinds);
    }
}

/* `rounds` pages of the executable segments of a file, evenly. */
static bool check_file(const char *path, uint64_t rounds, shares *s)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s is missing\n", path);
        return false;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(size);
    bool read = bytes && fread(bytes, 1, size, file) == size;
    fclose(file);
    uint64_t before = s->pages;
    if (read && size > sizeof(Elf64_Ehdr)) {
        const Elf64_Ehdr *head = (const Elf64_Ehdr *)bytes;
        const Elf64_Phdr *segment = (const Elf64_Phdr *)(bytes + head->e_phoff);
        for (unsigned i = 0; i < head->e_phnum; i++, segment++) {
            if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
                continue;
            const uint8_t *text = bytes + segment->p_offset;
            uint64_t pages = segment->p_filesz / PAGE, step = pages / rounds + 1;
            for (uint64_t page = 0; page + 1 < pages; page += step)
                check_page(text + page * PAGE, LONGEST, s);
            check_jumps(text, segment->p_filesz, 0, HERE, HERE + PAGE);
            check_jumps(text, segment->p_filesz - LONGEST, LONGEST, HERE, HERE + segment->p_filesz);
        }
    }
    free(bytes);
    return s->pages > before;
}

static void check_files(char **paths, uint64_t rounds, int *unread)
{
    shares s = {0};
    for (; *paths; paths++)
        *unread += !check_file(*paths, rounds, &s);
    static const unsigned asked[] = {F32, F64, F32 | F64, CONTROL, SYSCALL, KINDS - 1};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        uint64_t clean = s.clean[asked[i]], truly = s.truly[asked[i]];
        printf("%" PRIu64 " pages, asked for %u: %.2f %% clean, by the decoder library %.2f %%\n", s.pages, asked[i],
               100.0 * (double)clean / (double)s.pages, 100.0 * (double)truly / (double)s.pages);
        if (clean > truly || clean + s.pages / 100 < truly) {
            fprintf(stderr, "more than one page of 100 is called unclean for no reason, or some clean that are not\n");
            failures++;
        }
    }
}

/* scan_test ROUNDS FILE...: pages of each file; windows drawn are a thousand times as many. */
int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    uint64_t rounds = strtoull(argv[1], NULL, 10);
    uint8_t *three = mmap(NULL, 3 * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (three == MAP_FAILED || mprotect(three + PAGE, PAGE, PROT_READ | PROT_WRITE))
        return 1;
    memory = three + PAGE;

    static void (*const checks[])(tally *) = {check_legacy, check_vex, check_evex};
    static const char *const names[] = {"legacy", "VEX and XOP", "EVEX"};
    for (int i = 0; i < 3; i++) {
        tally t = {0};
        checks[i](&t);
        printf("%s: %" PRIu64 " forms, of which count: %" PRIu64 " binary32, %" PRIu64 " binary64, %" PRIu64
               " control, %" PRIu64 " system calls; %" PRIu64 " do not, but are called unclean\n", names[i], t.forms,
               t.of[F32], t.of[F64], t.of[CONTROL], t.of[SYSCALL], t.strict);
        failures += !t.of[F32] || !t.of[F64] || t.strict > t.forms / 500;
    }
    uint64_t clean = 0, strict = check_drawn(rounds * 1000, &clean);
    printf("drawn: %" PRIu64 " times clean, %" PRIu64 " times unclean for no reason; %" PRIu64 " times asked where "
           "nothing leads to, %" PRIu64 " of them called unclean\n", clean, strict, targets_asked, targets_missed);
    failures += !clean || strict > clean / 50 || !targets_asked || targets_missed > targets_asked / 50;
    int unread = 0;
    check_files(argv + 2, rounds, &unread);
    printf("%" PRIu64 " failures, %d files unread\n", failures, unread);
    return failures || unread;
}
