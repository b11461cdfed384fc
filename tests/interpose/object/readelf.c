/* SPDX-License-Identifier: Apache-2.0
 * readelf.c: see readelf.h. */
#include "readelf.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void re_push(re_list *list, uint64_t value)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 256;
        list->at = realloc(list->at, list->room * sizeof *list->at);
        if (!list->at)
            exit(1);
    }
    list->at[list->count++] = value;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void re_sort(re_list *list)
{
    if (!list->count)
        return;
    qsort(list->at, list->count, sizeof *list->at, compare_u64);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++)
        if (list->at[i] != list->at[kept - 1])
            list->at[kept++] = list->at[i];
    list->count = kept;
}

bool re_within(const re_list *ranges, uint64_t address)
{
    for (size_t i = 0; i + 1 < ranges->count; i += 2)
        if (address >= ranges->at[i] && address < ranges->at[i + 1])
            return true;
    return false;
}

int re_lines(void (*each)(char *line, void *data), void *data, const char *format, ...)
{
    char command[4096], *line = NULL;
    size_t room = 0;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(command, sizeof command, format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof command)
        return -1;
    FILE *pipe = popen(command, "r");
    if (!pipe)
        return -1;
    while (getline(&line, &room, pipe) > 0) {
        line[strcspn(line, "\n")] = 0;
        each(line, data);
    }
    free(line);
    return pclose(pipe);
}

static void add_function(re_facts *facts, uint64_t start, uint64_t end, const char *name)
{
    if (!re_within(&facts->code, start))
        return;
    if (facts->count == facts->room) {
        facts->room = facts->room ? 2 * facts->room : 1024;
        facts->functions = realloc(facts->functions, facts->room * sizeof *facts->functions);
        if (!facts->functions)
            exit(1);
    }
    facts->functions[facts->count++] = (re_function){start, end, name ? strdup(name) : NULL};
    ++*(name ? &facts->symbols : &facts->fdes);
}

static void add_pointer(re_facts *facts, uint64_t value)
{
    if (re_within(&facts->code, value))
        re_push(&facts->pointers, value);
}

/* What several passes share: where file contents lie, and what the dynamic section says. */
typedef struct reader {
    re_facts *facts;
    re_list loads; /* address, offset, size in the file, ... */
    FILE *file;
    bool in_relr, in_dynsym;
    uint64_t array[3], array_size[3]; /* preinit, init, fini */
    uint8_t *undefined; /* by number of a dynamic symbol */
    size_t undefined_room;
} reader;

static uint64_t word_at(reader *r, uint64_t address)
{
    for (size_t i = 0; i < r->loads.count; i += 3)
        if (address >= r->loads.at[i] && address + 8 <= r->loads.at[i] + r->loads.at[i + 2]) {
            uint64_t word = 0;
            if (fseek(r->file, (long)(r->loads.at[i + 1] + address - r->loads.at[i]), SEEK_SET) ||
                fread(&word, 8, 1, r->file) != 1)
                exit(1);
            return word;
        }
    return 0;
}

/* "  [ 9] .init  PROGBITS  0000000000125000 125000 000017 00  AX  0   0  4" */
static void section_line(char *line, void *data)
{
    reader *r = data;
    char name[256], type[64], flags[16];
    uint64_t address, offset, size, entry;
    char *rest = strchr(line, ']');
    if (!rest || sscanf(rest + 1, "%255s %63s %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %15s", name, type,
                        &address, &offset, &size, &entry, flags) != 7)
        return;
    if (!strchr(flags, 'X') || !strchr(flags, 'A') || !strcmp(type, "NOBITS") || !size)
        return;
    re_list *list = strncmp(name, ".plt", 4) ? &r->facts->code : &r->facts->plt;
    re_push(list, address);
    re_push(list, address + size);
}

/* "  LOAD           0x125000 0x0000000000125000 0x0000000000125000 0x007db0 0x007db0 R E 0x1000" */
static void program_line(char *line, void *data)
{
    reader *r = data;
    uint64_t offset, address, physical, size;
    if (sscanf(line, " LOAD %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &offset, &address, &physical, &size) == 4) {
        re_push(&r->loads, address);
        re_push(&r->loads, offset);
        re_push(&r->loads, size);
    }
}

static void header_line(char *line, void *data)
{
    reader *r = data;
    char type[32];
    uint64_t entry;
    if (sscanf(line, " Type: %31s", type) == 1)
        r->facts->exec = !strcmp(type, "EXEC");
    if (sscanf(line, " Entry point address: %" SCNx64, &entry) == 1)
        add_pointer(r->facts, entry);
}

/* "   123: 0000000000130b00   42 FUNC    GLOBAL DEFAULT   12 sgemm_" */
static void symbol_line(char *line, void *data)
{
    reader *r = data;
    char size[32], type[32], bind[32], visibility[32], index[32], name[4096] = "";
    uint64_t value;
    if (strstr(line, "Symbol table '"))
        r->in_dynsym = strstr(line, "'.dynsym'");
    size_t number;
    if (r->in_dynsym && sscanf(line, " %zu: %*x %*s %*s %*s %*s %31s", &number, index) == 2) {
        if (number >= r->undefined_room) {
            r->undefined = realloc(r->undefined, 2 * number + 64);
            r->undefined_room = 2 * number + 64;
            if (!r->undefined)
                exit(1);
        }
        r->undefined[number] = !strcmp(index, "UND");
    }
    if (sscanf(line, " %*u: %" SCNx64 " %31s %31s %31s %31s %31s %4095s", &value, size, type, bind, visibility, index,
               name) < 6 || !strcmp(index, "UND"))
        return;
    if (r->in_dynsym && strcmp(type, "TLS"))
        add_pointer(r->facts, value);
    name[strcspn(name, "@")] = 0;
    if ((!strcmp(type, "FUNC") || !strcmp(type, "IFUNC")) && strcmp(index, "ABS"))
        add_function(r->facts, value, value + strtoull(size, NULL, 0), name);
}

static void frame_line(char *line, void *data)
{
    reader *r = data;
    uint64_t start, end;
    char *at = strstr(line, " FDE ");
    if (at && (at = strstr(at, " pc=")) && sscanf(at, " pc=%" SCNx64 "..%" SCNx64, &start, &end) == 2 && end > start)
        add_function(r->facts, start, end, NULL);
}

/* "<offset> <info> R_X86_64_64  <symbol's value> <name> + <addend>", "... R_X86_64_RELATIVE  <addend>";
 * in .relr.dyn bare offsets. A function chosen at load time has its name for a value. */
static void relocation_line(char *line, void *data)
{
    reader *r = data;
    uint64_t offset, info, value, addend;
    char type[64], name[4096], sign;
    if (strstr(line, "Relocation section"))
        r->in_relr = strstr(line, "'.relr.dyn'");
    if (r->in_relr) {
        if (strlen(line) == 16 && sscanf(line, "%" SCNx64, &offset) == 1) {
            r->facts->relr++;
            add_pointer(r->facts, word_at(r, offset));
        }
        return;
    }
    int length = 0;
    if (sscanf(line, "%" SCNx64 " %" SCNx64 " R_X86_64_%63s%n", &offset, &info, type, &length) != 3)
        return;
    char *rest = line + length;
    if ((!strcmp(type, "GLOB_DAT") || !strcmp(type, "JUMP_SLOT")) && info >> 32 < r->undefined_room &&
        r->undefined[info >> 32] && sscanf(rest, " %*x %4095s", name) == 1) {
        re_facts *f = r->facts;
        if (f->import_count == f->import_room) {
            f->import_room = 2 * f->import_room + 64;
            f->imports = realloc(f->imports, f->import_room * sizeof *f->imports);
            if (!f->imports)
                exit(1);
        }
        name[strcspn(name, "@")] = 0;
        f->imports[f->import_count++] = (re_import){offset, strdup(name)};
    }
    if (!strcmp(type, "RELATIVE") || !strcmp(type, "IRELATIVE")) {
        if (sscanf(rest, "%" SCNx64, &addend) != 1)
            exit(1);
        r->facts->relative++;
        add_pointer(r->facts, addend);
    } else if (!strcmp(type, "64") || !strcmp(type, "GLOB_DAT") || !strcmp(type, "JUMP_SLOT")) {
        if (strstr(rest, "()")) {
            char *end = strstr(rest, "()");
            *end = 0;
            rest += strspn(rest, " ");
            value = 0;
            for (size_t i = 0; i < r->facts->count; i++)
                if (r->facts->functions[i].name && !strcmp(r->facts->functions[i].name, rest))
                    value = r->facts->functions[i].start;
            add_pointer(r->facts, value);
        } else if (sscanf(rest, "%" SCNx64 " %4095s %c %" SCNx64, &value, name, &sign, &addend) == 4 && value) {
            add_pointer(r->facts, sign == '-' ? value - addend : value + addend);
        }
    }
}

static void dynamic_line(char *line, void *data)
{
    static const char *const names[] = {"(PREINIT_ARRAY)", "(INIT_ARRAY)", "(FINI_ARRAY)"};
    static const char *const sizes[] = {"(PREINIT_ARRAYSZ)", "(INIT_ARRAYSZ)", "(FINI_ARRAYSZ)"};
    reader *r = data;
    char *value = strchr(line, ')');
    if (!value)
        return;
    if (strstr(line, "(INIT)") || strstr(line, "(FINI)"))
        add_pointer(r->facts, strtoull(value + 1, NULL, 0));
    for (int i = 0; i < 3; i++) {
        if (strstr(line, names[i]))
            r->array[i] = strtoull(value + 1, NULL, 0);
        if (strstr(line, sizes[i]))
            r->array_size[i] = strtoull(value + 1, NULL, 0);
    }
}

static void note_line(char *line, void *data)
{
    sscanf(line, " Build ID: %128s", ((reader *)data)->facts->build_id);
}

static void ignore_line(char *line, void *data)
{
    (void)line, (void)data;
}

bool re_read(const char *path, re_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    reader r = {.facts = facts, .file = fopen(path, "rb")};
    struct {
        const char *options;
        void (*each)(char *, void *);
    } passes[] = {{"-SW", section_line}, {"-lW", program_line},    {"-hW", header_line},
                  {"-sW", symbol_line},  {"-rW", relocation_line}, {"-dW", dynamic_line},
                  {"-n", note_line},     {"--debug-dump=frames", frame_line}};
    if (!r.file || re_lines(ignore_line, NULL, "readelf --version 2>/dev/null"))
        return false;
    /* The exit status says nothing: readelf 2.40 fails on libm's frames after printing all of them. */
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        re_lines(passes[i].each, &r, "LC_ALL=C readelf %s '%s' 2>/dev/null", passes[i].options, path);
    for (int i = 0; i < 3; i++)
        for (uint64_t at = 0; at + 8 <= r.array_size[i]; at += 8)
            add_pointer(facts, word_at(&r, r.array[i] + at));
    for (size_t i = 0; i < facts->pointers.count; i++)
        re_push(&facts->told, facts->pointers.at[i]);
    re_sort(&facts->told);
    for (size_t i = 0; facts->exec && i < r.loads.count; i += 3) /* no relocations: every word is suspect */
        for (uint64_t at = (r.loads.at[i] + 7) & ~UINT64_C(7); at + 8 <= r.loads.at[i] + r.loads.at[i + 2]; at += 8)
            add_pointer(facts, word_at(&r, at));
    re_sort(&facts->pointers);
    fclose(r.file);
    free(r.loads.at);
    free(r.undefined);
    return true;
}
