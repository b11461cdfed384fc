/* SPDX-License-Identifier: Apache-2.0
 * tracee.c: reads /proc/PID/maps, memory and symbols of a traced process. */
#include "tracee.h"
#include "arith.h"
#include <Zydis/Zydis.h>
#include <elf.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/uio.h>

enum { RANGES = 512 };

static const char *const *globs[2]; /* selected, passed over */
static int glob_counts[2];
static tracee_code codes[TRACEE_CODES];
static struct { uint64_t start, end; int list; } ranges[RANGES];
static int range_count = -1, range_space; /* -1: not read since the address space changed */

bool tracee_matches(const char *path, const char *const *patterns, int count)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    for (int k = 0; k < count; k++)
        if (!fnmatch(patterns[k], path, 0) || !fnmatch(patterns[k], base, 0))
            return true;
    return false;
}

void tracee_select(const char *const *selected, int count, const char *const *passed_over, int passed_over_count)
{
    globs[0] = selected, glob_counts[0] = count;
    globs[1] = passed_over, glob_counts[1] = passed_over_count;
    tracee_forget();
}

void tracee_forget(void)
{
    memset(codes, 0, sizeof codes);
    range_count = -1;
}

typedef bool use_mapping(uint64_t start, uint64_t end, uint64_t offset, const char *path, void *data);

/* Calls `use` for every line of the maps until it returns true. */
static bool each_mapping(pid_t pid, use_mapping *use, void *data)
{
    char name[64], line[4400];
    bool found = false;
    FILE *maps;

    snprintf(name, sizeof name, "/proc/%d/maps", (int)pid);
    maps = fopen(name, "r");
    while (maps && !found && fgets(line, sizeof line, maps)) {
        unsigned long start, end, offset;
        int path = 0;
        if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &start, &end, &offset, &path) < 3)
            continue;
        line[strcspn(line, "\n")] = 0;
        found = use(start, end, offset, path ? line + path : "", data);
    }
    if (maps)
        fclose(maps);
    return found;
}

static bool note_range(uint64_t start, uint64_t end, uint64_t offset, const char *path, void *data)
{
    (void)offset, (void)data;
    for (int list = 0; list < 2; list++)
        if (path[0] == '/' && tracee_matches(path, globs[list], glob_counts[list]) && range_count < RANGES) {
            ranges[range_count].start = start;
            ranges[range_count].end = end;
            ranges[range_count++].list = list;
        }
    return false;
}

static bool is_in(int list, pid_t pid, int space, uint64_t address)
{
    if (range_count < 0 || range_space != space) {
        range_count = 0;
        range_space = space;
        each_mapping(pid, note_range, NULL);
    }
    for (int k = 0; k < range_count; k++)
        if (ranges[k].list == list && address >= ranges[k].start && address < ranges[k].end)
            return true;
    return false;
}

static bool decode(pid_t pid, uint64_t address, ZydisDecodedInstruction *instruction, ZydisDecodedOperand *operands)
{
    static ZydisDecoder decoder;
    static bool ready;
    uint8_t bytes[15];
    struct iovec here = {bytes, sizeof bytes}, there = {(void *)address, sizeof bytes};
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

    if (!ready)
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ready = true;
    if (got <= 0) { /* the last bytes before an unreadable page */
        there.iov_len = 4096 - address % 4096;
        got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    }
    return got > 0 && ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, (ZyanUSize)got, instruction, operands));
}

const tracee_code *tracee_look(pid_t pid, int space, uint64_t address)
{
    tracee_code *code = &codes[(address ^ address >> 16) % TRACEE_CODES];
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;

    if (code->address == address && code->space == space)
        return code;
    *code = (tracee_code){.address = address, .space = space, .selected = is_in(0, pid, space, address),
                          .passed_over = is_in(1, pid, space, address)};
    if (decode(pid, address, &instruction, operands)) {
        code->kind = arith_kind(ZydisMnemonicGetString(instruction.mnemonic));
        code->ret = instruction.mnemonic == ZYDIS_MNEMONIC_RET;
        code->syscall = instruction.mnemonic == ZYDIS_MNEMONIC_SYSCALL;
    }
    return code;
}

struct where {
    uint64_t address;
    tracee_offender *offender;
};

static bool note_place(uint64_t start, uint64_t end, uint64_t offset, const char *path, void *data)
{
    struct where *where = data;

    if (where->address < start || where->address >= end)
        return false;
    where->offender->offset = where->address - start + offset;
    snprintf(where->offender->object, sizeof where->offender->object, "%s", *path ? path : "(anonymous)");
    return true;
}

void tracee_describe(pid_t pid, uint64_t address, tracee_offender *offender)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisFormatter formatter;

    offender->address = address;
    each_mapping(pid, note_place, &(struct where){address, offender});
    snprintf(offender->text, sizeof offender->text, "(not decoded)");
    if (!decode(pid, address, &instruction, operands))
        return;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterFormatInstruction(&formatter, &instruction, operands, instruction.operand_count_visible,
                                    offender->text, sizeof offender->text, address, NULL);
}

uint64_t tracee_auxv(pid_t pid, uint64_t type)
{
    char name[64];
    uint64_t entry[2], value = 0;
    FILE *auxv;

    snprintf(name, sizeof name, "/proc/%d/auxv", (int)pid);
    auxv = fopen(name, "r");
    while (auxv && fread(entry, sizeof entry, 1, auxv) == 1 && entry[0])
        if (entry[0] == type)
            value = entry[1];
    if (auxv)
        fclose(auxv);
    return value;
}

/* The test trusts its own executables: their tables are not checked. */
static uint64_t symbol_in(const uint8_t *file, const char *name, uint64_t entry)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + head->e_shoff);

    for (int k = 0; k < head->e_shnum; k++) {
        const Elf64_Shdr *table = &sections[k];
        if (table->sh_type != SHT_SYMTAB && table->sh_type != SHT_DYNSYM)
            continue;
        const char *names = (const char *)file + sections[table->sh_link].sh_offset;
        const Elf64_Sym *symbols = (const Elf64_Sym *)(file + table->sh_offset);
        for (size_t j = 0; j < table->sh_size / sizeof *symbols; j++)
            if (symbols[j].st_shndx != SHN_UNDEF && !strcmp(names + symbols[j].st_name, name))
                return symbols[j].st_value + (entry - head->e_entry);
    }
    return 0;
}

uint64_t tracee_symbol(pid_t pid, const char *name)
{
    char path[64];
    uint64_t address = 0;
    struct stat st;
    void *file;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (!fstat(fd, &st)) {
        file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file != MAP_FAILED) {
            address = symbol_in(file, name, tracee_auxv(pid, AT_ENTRY));
            munmap(file, (size_t)st.st_size);
        }
    }
    close(fd);
    return address;
}
