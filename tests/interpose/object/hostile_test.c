/* SPDX-License-Identifier: Apache-2.0
 * hostile_test.c: real files with bytes changed and ends cut off must be read
 * or refused, asked and answered, never crashed on. Built with AddressSanitizer;
 * the file mapping is replaced by a heap copy of exactly its size, so that one
 * byte too far is seen. Usage: hostile_test ROUNDS FILE...; VPREC_SEED sets the seed. */
#include "find/object.h"
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t state;
static const char *path;
static char what[256]; /* the change under test */
static int failures;

static void name_change(void)
{
    fprintf(stderr, "%s, %s\n", path, what);
}

#define FAIL(...) (failures++, fprintf(stderr, "%s, %s: ", path, what), fprintf(stderr, __VA_ARGS__))

/* What the interposer believes to be mapped. */
static struct block {
    char *at;
    size_t size;
    bool is_file;
} block[64];

static struct block *block_of(const volatile void *at, size_t size)
{
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
        if (block[i].at && (const char *)at >= block[i].at && size <= block[i].size &&
            (size_t)((const char *)at - block[i].at) <= block[i].size - size)
            return &block[i];
    fprintf(stderr, "%s, %s: %zu bytes that nobody mapped\n", path, what, size);
    abort();
}

void *hostile_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    (void)at, (void)protection;
    bool is_file = !(flags & MAP_ANONYMOUS);
    size_t i = 0;
    while (i < sizeof block / sizeof *block && block[i].at)
        i++;
    char *data = i < sizeof block / sizeof *block ? calloc(1, bytes) : NULL;
    if (!data || (is_file && pread(fd, data, bytes, offset) != (ssize_t)bytes))
        return MAP_FAILED;
    block[i] = (struct block){data, bytes, is_file};
    return data;
}

/* All of a block, or its end. */
int hostile_munmap(const volatile void *at, size_t bytes)
{
    struct block *b = block_of(at, bytes);
    size_t left = (size_t)((const char *)at - b->at);
    if (left + bytes != b->size)
        abort();
    ASAN_POISON_MEMORY_REGION(b->at + left, bytes);
    b->size = left;
    if (left)
        return 0;
    free(b->at);
    b->at = NULL;
    return 0;
}

/* The file's pages may be forgotten, no others. */
int hostile_madvise(void *at, size_t bytes, int advice)
{
    struct block *b = block_of(at, bytes);
    if (!b->is_file || advice != MADV_DONTNEED)
        abort();
    return 0;
}

static size_t blocks_left(void)
{
    size_t left = 0;
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) {
        left += block[i].at != NULL;
        block[i].at = NULL;
    }
    return left;
}

static uint64_t draw(uint64_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 16) % below;
}

/* Whatever was read must keep the contract. */
static void object_check(const vprec_object *object, uint64_t bias)
{
    size_t length = 0;
    for (size_t i = 0; i < object->code.count; i++) {
        const vprec_extent *range = &VPREC_AT(object->code, vprec_extent, i);
        if (range->start >= range->end || range->start < object->lo || range->end > object->hi ||
            (i && range->start < range[-1].end))
            FAIL("code range %#" PRIx64 "..%#" PRIx64 "\n", range->start, range->end);
    }
    for (size_t i = 0; i < object->symbols.count; i++) {
        const vprec_symbol *symbol = &VPREC_AT(object->symbols, vprec_symbol, i);
        const char *name = symbol->name;
        if (symbol->end < symbol->start || (i && symbol->start <= symbol[-1].start) || symbol->end > object->hi)
            FAIL("symbol %#" PRIx64 "..%#" PRIx64 "\n", symbol->start, symbol->end);
        if (name && (name < (const char *)object->file || name >= (const char *)object->file + object->file_size))
            FAIL("a name outside of the file\n");
        length += name && i % 16 == 0 ? strlen(name) : 0;
    }
    const vprec_vec *words[] = {&object->pointers, &object->pads};
    for (int v = 0; v < 2; v++)
        for (size_t i = 0; i < words[v]->count; i++) {
            uint64_t word = VPREC_AT(*words[v], uint64_t, i);
            if (word < object->lo || word >= object->hi || (i && word <= VPREC_AT(*words[v], uint64_t, i - 1)))
                FAIL("pointer or pad %#" PRIx64 "\n", word);
        }
    for (int i = 0; i < 8; i++) {
        const char *name = NULL;
        uint64_t start = 0, address = bias + draw(object->hi - object->lo);
        if (vprec_object_name_at(object, address, &name, &start))
            length += start > address || (name && !strnlen(name, 4));
    }
    if (object->file_size == length) /* uses the lengths, so that they are computed */
        FAIL("the names fill the file\n");
}

static bool is_in_code(const vprec_object *object, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < object->code.count; i++) {
        const vprec_extent *range = &VPREC_AT(object->code, vprec_extent, i);
        if (start >= range->start && start < end && end <= range->end)
            return true;
    }
    return false;
}

/* What a function's unwind information is said to be lies in the file. */
static void unwind_check(vprec_object *object, uint64_t start)
{
    vprec_unwind u;
    if (!vprec_object_unwind_of(object, start, &u))
        return;
    const uint8_t *end = object->file + object->file_size;
    if (u.entry < object->file || u.entry > u.entry_end || u.entry_end > end || u.rows < object->file ||
        u.rows > u.rows_end || u.rows_end > end)
        FAIL("unwind information outside of the file\n");
}

static void function_check(const vprec_object *object, const vprec_symbol *f)
{
    const char *file = (const char *)object->file;
    if (!is_in_code(object, f->start, f->end))
        FAIL("function %#" PRIx64 "..%#" PRIx64 "\n", f->start, f->end);
    if (f->name && (f->name < file || f->name >= file + object->file_size))
        if (*f->name) /* "" may lie anywhere */
            FAIL("a name outside of the file\n");
}

/* Asks for everything here and there. */
static void questions(vprec_object *object, uint64_t bias)
{
    vprec_symbol f;
    vprec_vec words = VPREC_VEC(uint64_t), names = VPREC_VEC(const char *);
    uint64_t span = object->hi - object->lo, length = 0;
    for (uint64_t steps = 0, at = bias + draw(span); steps < 40; steps++, at = f.start + 1) {
        if (!vprec_object_function_next(object, at, UINT64_MAX, &f))
            break;
        function_check(object, &f);
        if (f.start < at)
            FAIL("the next function is not behind\n");
        unwind_check(object, f.start);
        if (!vprec_object_pads_of(object, f.start, &words) || !vprec_object_names_of(object, f.start, &names))
            FAIL("no memory\n");
    }
    for (int i = 0; i < 40; i++) {
        uint64_t at = i ? bias + draw(span) : draw(UINT64_MAX);
        if (!vprec_object_function_at(object, at, &f))
            continue;
        function_check(object, &f);
        if (at < f.start || at >= f.end)
            FAIL("%#" PRIx64 " is not in its function\n", at);
    }
    for (size_t i = 0; i < names.count; i++)
        length += strlen(VPREC_AT(names, const char *, i));
    for (size_t i = 0; i < words.count; i++)
        if (!is_in_code(object, VPREC_AT(words, uint64_t, i), VPREC_AT(words, uint64_t, i) + 1))
            FAIL("pad %#" PRIx64 "\n", VPREC_AT(words, uint64_t, i));
    words.count = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t start = i ? bias + draw(span) : 0, end = i ? start + draw(span) : UINT64_MAX;
        words.count = 0;
        if (!vprec_object_pointers_in(object, start, end, &words))
            FAIL("no memory\n");
        for (size_t k = 0; k < words.count; k++) {
            uint64_t word = VPREC_AT(words, uint64_t, k);
            if (!is_in_code(object, word, word + 1) || word < start || word >= end ||
                (k && word <= VPREC_AT(words, uint64_t, k - 1)))
                FAIL("pointer %#" PRIx64 "\n", word);
        }
    }
    if (object->file_size == length)
        FAIL("the names fill the file\n");
    vprec_vec_free(&words);
    vprec_vec_free(&names);
}

/* Reads the file, and opens it without. */
static bool attempt(const char *name)
{
    vprec_object object, asked;
    uint64_t bias = draw(2) * UINT64_C(0x7f0000000000);
    enum vprec_reason why = vprec_object_read(&object, name, bias), refused = vprec_object_open(&asked, name, bias);
    bool read = !why;
    if (read)
        object_check(&object, bias);
    else if (object.file)
        FAIL("refused without a reason, or with the file still mapped\n");
    if (refused && refused != why)
        FAIL("refused for another reason: %d, %d\n", (int)refused, (int)why);
    if (!refused)
        questions(&asked, bias);
    if (!refused)
        vprec_object_release(&asked);
    if (read)
        questions(&object, bias);
    if (read)
        vprec_object_release(&object);
    size_t blocks = blocks_left();
    if (blocks)
        FAIL("%zu mappings are left\n", blocks);
    return read;
}

/* A spot worth breaking: headers, or inside of a section that is parsed. */
static uint64_t spot(const uint8_t *file, uint64_t size)
{
    Elf64_Ehdr header;
    memcpy(&header, file, sizeof header);
    uint64_t kind = draw(10), sections = header.e_shoff;
    if (kind == 0)
        return draw(sizeof header);
    if (kind == 1)
        return header.e_phoff + draw(header.e_phnum * sizeof(Elf64_Phdr));
    if (kind == 2 && header.e_shnum)
        return sections + draw(header.e_shnum * sizeof(Elf64_Shdr));
    if (kind == 3)
        return draw(size);
    for (unsigned i = 0; kind == 4 && i < header.e_phnum; i++) { /* what leads to the records of unwind information */
        Elf64_Phdr program;
        memcpy(&program, file + header.e_phoff + i * sizeof program, sizeof program);
        if (program.p_type == PT_GNU_EH_FRAME && program.p_filesz > 12)
            return program.p_offset + draw(draw(2) ? 12 : program.p_filesz);
    }
    for (int trial = 0; trial < 100; trial++) {
        static const uint32_t types[] = {SHT_RELA, SHT_DYNSYM, SHT_DYNAMIC, SHT_NOTE, SHT_HASH, SHT_GNU_HASH,
                                         SHT_SYMTAB, SHT_STRTAB, 19 /* SHT_RELR */, SHT_INIT_ARRAY};
        Elf64_Shdr section;
        uint64_t i = draw(header.e_shnum);
        memcpy(&section, file + sections + i * sizeof section, sizeof section);
        bool parsed = false;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            parsed |= section.sh_type == types[t];
        /* unwind tables are plain read-only data: any such section behind .rodata will do */
        parsed |= section.sh_type == SHT_PROGBITS && section.sh_flags == SHF_ALLOC;
        if (parsed && section.sh_size)
            return section.sh_offset + draw(draw(2) || section.sh_size < 256 ? section.sh_size : 256);
    }
    return draw(size);
}

static void give_up(void)
{
    perror(what);
    exit(1);
}

static bool put(int fd, const void *bytes, size_t size, uint64_t offset)
{
    return pwrite(fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

/* Makes the segment that holds the file offset `cut` end there and puts it at
 * the end of the file, so that its tables run into that end while all other
 * segments stay sound. */
static void segment_cut(int fd, const uint8_t *file, uint64_t size, uint64_t cut)
{
    Elf64_Ehdr header;
    Elf64_Phdr program, load = {0};
    memcpy(&header, file, sizeof header);
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < header.e_phnum; i++) {
            uint64_t at = header.e_phoff + i * sizeof program;
            memcpy(&program, file + at, sizeof program);
            if (cut <= program.p_offset || cut - program.p_offset > program.p_filesz)
                continue;
            if (pass == 0 && program.p_type == PT_LOAD)
                load = program;
            if (pass == 0 || !load.p_filesz || program.p_offset < load.p_offset)
                continue;
            program.p_filesz = cut - program.p_offset;
            program.p_offset = program.p_offset - load.p_offset + size;
            if (!put(fd, &program, sizeof program, at))
                give_up();
        }
    if (load.p_filesz && !put(fd, file + load.p_offset, cut - load.p_offset, size))
        give_up();
    if (draw(2) && !put(fd, &(Elf64_Off){0}, sizeof(Elf64_Off), offsetof(Elf64_Ehdr, e_shoff)))
        give_up();
}

static void file_attack(uint64_t rounds, uint64_t seed)
{
    struct stat status;
    char name[64];
    int from = open(path, O_RDONLY), fd = memfd_create("hostile", 0);
    if (from < 0 || fd < 0 || fstat(from, &status)) {
        fprintf(stderr, "skipped: %s cannot be opened\n", path);
        exit(77);
    }
    uint64_t size = (uint64_t)status.st_size, reads = 0, cut_reads = 0, cuts = 0, loaded = 0;
    uint8_t *file = malloc(size);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (!file || pread(from, file, size, 0) != (ssize_t)size || !put(fd, file, size, 0))
        give_up();
    close(from);
    Elf64_Ehdr header;
    memcpy(&header, file, sizeof header);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr program;
        memcpy(&program, file + header.e_phoff + i * sizeof program, sizeof program);
        if (program.p_type == PT_LOAD && program.p_offset + program.p_filesz > loaded)
            loaded = program.p_offset + program.p_filesz;
    }
    for (uint64_t round = 0; round < rounds; round++) {
        static const uint64_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff,
                                         INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 7};
        uint64_t changed[4], count = draw(5), cut = size;
        snprintf(what, sizeof what, "seed %" PRIu64 " round %" PRIu64 ":", seed, round);
        for (uint64_t i = 0; i < count; i++) {
            uint64_t at = spot(file, size), word, kind = draw(4), bytes = UINT64_C(1) << draw(4);
            if (draw(2))
                at &= ~(bytes - 1);
            if (i == 3) /* and no sections: everything through the program headers */
                at = offsetof(Elf64_Ehdr, e_shoff), kind = 4;
            if (at > size - 8)
                at = size - 8;
            changed[i] = at;
            if (pread(fd, &word, 8, (off_t)at) != 8)
                give_up();
            if (kind == 0)
                word ^= UINT64_C(1) << draw(8 * bytes);
            else if (kind == 1)
                memcpy(&word, &edges[draw(sizeof edges / sizeof *edges)], bytes);
            else if (kind == 2)
                word += draw(33) - 16;
            else if (kind == 4)
                word = 0;
            else
                memcpy(&word, &(uint64_t){draw(2) ? size - draw(64) : draw(UINT64_C(1) << 47)}, bytes);
            size_t used = strlen(what);
            snprintf(what + used, sizeof what - used, " [%#" PRIx64 "]=%#" PRIx64, at, word);
            if (!put(fd, &word, 8, at))
                give_up();
        }
        uint64_t cutting = draw(4);
        if (cutting < 2) {
            cut = draw(4) ? spot(file, size) : draw(size);
            size_t used = strlen(what);
            snprintf(what + used, sizeof what - used, " %s cut at %#" PRIx64, cutting ? "segment" : "file", cut);
            if (cutting)
                segment_cut(fd, file, size, cut);
            else if (ftruncate(fd, (off_t)cut))
                give_up();
        }
        reads += attempt(name);
        if (cut < size && !put(fd, file + cut, size - cut, cut))
            give_up();
        if (ftruncate(fd, (off_t)size) || !put(fd, file, header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr), 0))
            give_up();
        for (uint64_t i = 0; i < count; i++)
            if (!put(fd, file + changed[i], 8, changed[i]))
                give_up();
    }
    /* Cut off alone: whoever misses a byte that would be loaded is refused, the rest is not needed. */
    for (; cuts < 200; cuts++) {
        uint64_t at = cuts < 72 ? loaded - 64 + cuts : draw(size + 1);
        at = at < size ? at : size;
        snprintf(what, sizeof what, "cut at %#" PRIx64 " of %#" PRIx64, at, size);
        if (ftruncate(fd, (off_t)at))
            give_up();
        bool read = attempt(name);
        if (read != (at >= loaded))
            FAIL("%s\n", read ? "it was read" : "it was refused");
        cut_reads += read;
        if (!put(fd, file + at, size - at, at))
            give_up();
    }
    printf("%s: %" PRIu64 " changes, %" PRIu64 " read; %" PRIu64 " cuts, %" PRIu64 " read\n", path, rounds, reads,
           cuts, cut_reads);
    close(fd);
    free(file);
}

/* What is no x86-64 object at all. */
static void others_check(void)
{
    const char *const files[] = {"/dev/null", "/etc/passwd", "/", "/nonexistent", "", "/dev/zero"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path = files[i];
        snprintf(what, sizeof what, "as it is");
        if (attempt(path))
            FAIL("it was read\n");
    }
}

int main(int argc, char **argv)
{
    const char *text = getenv("VPREC_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
    if (argc < 3)
        return 2;
    __sanitizer_set_death_callback(name_change);
    others_check();
    for (int i = 2; i < argc; i++) {
        path = argv[i];
        state = seed;
        file_attack(strtoull(argv[1], NULL, 10), seed);
    }
    return failures != 0;
}
