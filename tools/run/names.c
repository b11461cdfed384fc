/* SPDX-License-Identifier: Apache-2.0
 * names.c: see names.h. Trusts no size or offset in a file. */
#include "names.h"
#include "common/demangle.h"
#include "common/say.h"
#include <elf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file {
    const char *bytes;
    uint64_t size;
} file;

static bool map(const char *path, file *f)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool known = fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size > 0;
    void *bytes = known ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return false;
    *f = (file){bytes, (uint64_t)status.st_size};
    return true;
}

/* Element `i` of a table, copied; false: it is not all in the file. */
static bool element(const file *f, uint64_t table, uint64_t size, uint64_t i, void *to)
{
    uint64_t at;
    if (__builtin_mul_overflow(i, size, &at) || __builtin_add_overflow(at, table, &at) || at > f->size ||
        size > f->size - at)
        return false;
    memcpy(to, f->bytes + at, size);
    return true;
}

static bool is_name(const char *glob, const char *name)
{
    return !fnmatch(glob, name, 0) || !strcmp(glob, name);
}

/* The symbol, or what is left of it, by either demangled name. */
static bool matches_one(const char *glob, const char *symbol)
{
    bool found = is_name(glob, symbol);
    for (int parameters = 0; parameters < 2 && !found && symbol[0] == '_'; parameters++) {
        char *name = vprec_demangled(symbol, parameters);
        found = is_name(glob, name);
        free(name);
    }
    return found;
}

static bool matches(const char *glob, const char *symbol)
{
    size_t length = strlen(symbol), n;
    if (matches_one(glob, symbol))
        return true;
    bool found = false;
    while (!found && (n = vprec_wire_suffix(symbol, length))) {
        length -= n;
        char *whole = vprec_text("%.*s", (int)length, symbol);
        found = matches_one(glob, whole);
        free(whole);
    }
    return found;
}

/* Goes through the functions that symbols name, until `each` has found what it looks for. */
static bool each_symbol(const file *f, const Elf64_Ehdr *header,
                        bool (*each)(const Elf64_Sym *symbol, const char *name, void *data), void *data)
{
    Elf64_Shdr section, strings;
    for (unsigned i = 0; i < header->e_shnum && header->e_shentsize == sizeof section; i++) {
        if (!element(f, header->e_shoff, sizeof section, i, &section) ||
            (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) ||
            !element(f, header->e_shoff, sizeof strings, section.sh_link, &strings) ||
            strings.sh_offset >= f->size || !strings.sh_size || strings.sh_size > f->size - strings.sh_offset ||
            f->bytes[strings.sh_offset + strings.sh_size - 1])
            continue;
        Elf64_Sym symbol;
        for (uint64_t n = 0; n < section.sh_size / sizeof symbol; n++) {
            if (!element(f, section.sh_offset, sizeof symbol, n, &symbol))
                break;
            unsigned type = ELF64_ST_TYPE(symbol.st_info);
            if ((type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF &&
                symbol.st_shndx != SHN_ABS && symbol.st_name < strings.sh_size &&
                each(&symbol, f->bytes + strings.sh_offset + symbol.st_name, data))
                return true;
        }
    }
    return false;
}

static bool is_meant(const Elf64_Sym *symbol, const char *name, void *glob)
{
    (void)symbol;
    return matches(glob, name);
}

static bool has_symbol(const file *f, const Elf64_Ehdr *header, const char *glob)
{
    return each_symbol(f, header, is_meant, (void *)(uintptr_t)glob);
}

static bool has_code(const file *f, const Elf64_Ehdr *header, uint64_t address)
{
    Elf64_Phdr segment;
    for (unsigned i = 0; i < header->e_phnum && header->e_phentsize == sizeof segment; i++)
        if (element(f, header->e_phoff, sizeof segment, i, &segment) && segment.p_type == PT_LOAD &&
            segment.p_flags & PF_X && address - segment.p_vaddr < segment.p_filesz)
            return true;
    return false;
}

/* "libnet+0x1a40", for what no symbol names: the object, and an address that is code there. Where that is a pattern, too,
 * nobody can say what it would have matched. */
static bool has_address(const file *f, const Elf64_Ehdr *header, const char *path, const char *glob)
{
    const char *plus = strstr(glob, "+0x"), *base = vprec_base(path);
    if (!plus)
        return false;
    char *object = vprec_text("%.*s", (int)(plus - glob), glob), *end;
    char *short_name = vprec_text("%.*s", (int)vprec_wire_short(base), base);
    bool same = is_name(object, base) || is_name(object, short_name);
    uint64_t address = strtoull(plus + 3, &end, 16);
    free(object);
    free(short_name);
    return same && (*end || has_code(f, header, address));
}

static bool open_elf(const char *path, file *f, Elf64_Ehdr *header)
{
    if (!map(path, f))
        return false;
    if (element(f, 0, sizeof *header, 0, header) && !memcmp(header->e_ident, ELFMAG, SELFMAG) &&
        header->e_ident[EI_CLASS] == ELFCLASS64)
        return true;
    munmap((void *)(uintptr_t)f->bytes, f->size);
    return false;
}

static bool has(const char *path, const char *glob)
{
    file f;
    Elf64_Ehdr header;
    if (!open_elf(path, &f, &header))
        return false;
    bool found = has_address(&f, &header, path, glob) || has_symbol(&f, &header, glob);
    munmap((void *)(uintptr_t)f.bytes, f.size);
    return found;
}

/* An object that was instrumented and has a function that the pattern matches. */
static size_t object_with(const vprec_records *records, const char *glob)
{
    size_t count = VPREC_ITEMS(records, OBJECT).count;
    for (size_t i = 0; i < count; i++) {
        const char *path = vprec_object_path(records, i);
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) /* in another process */
            seen = !strcmp(vprec_object_path(records, j), path);
        if (!seen && has(path, glob))
            return i;
    }
    return VPREC_NO_PARENT;
}

void vprec_names_find(vprec_records *records, const vprec_wire_config *config)
{
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++) {
        const vprec_wire_rule *rule = &config->rule[i];
        bool functions = rule->kind == VPREC_RULE_FUNCTION || rule->kind == VPREC_RULE_SKIP_FUNCTION ||
                         rule->kind == VPREC_RULE_ELEMENTARY;
        if (functions && !records->hits[i] && records->named[i] == VPREC_NO_PARENT)
            records->named[i] = object_with(records, rule->glob);
    }
}

typedef struct function {
    uint64_t start, size;
    char *name;
} function;

/* The functions of a file that was asked for, by address. */
typedef struct functions {
    char *path;
    function *all;
    size_t count, room;
} functions;

static bool keep(const Elf64_Sym *symbol, const char *name, void *data)
{
    functions *to = data;
    if (!symbol->st_size || !*name)
        return false;
    if (to->count == to->room)
        to->all = vprec_grow(to->all, to->room = to->room ? 2 * to->room : 256, sizeof *to->all);
    to->all[to->count++] = (function){symbol->st_value, symbol->st_size, vprec_text("%s", name)};
    return false;
}

static int by_address(const void *a, const void *b)
{
    const function *p = a, *q = b;
    int order = p->start < q->start ? -1 : p->start > q->start;
    return order ? order : strcmp(p->name, q->name);
}

static const functions *functions_of(const char *path)
{
    static functions *all;
    static size_t count;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i].path, path))
            return &all[i];
    all = vprec_grow(all, count + 1, sizeof *all);
    functions *made = &all[count++];
    *made = (functions){.path = vprec_text("%s", path)};
    file f;
    Elf64_Ehdr header;
    if (open_elf(path, &f, &header)) {
        each_symbol(&f, &header, keep, made);
        munmap((void *)(uintptr_t)f.bytes, f.size);
    }
    if (made->count)
        qsort(made->all, made->count, sizeof *made->all, by_address);
    return made;
}

const char *vprec_names_at(const char *path, uint64_t address, uint64_t *offset)
{
    const functions *of = functions_of(path);
    size_t low = 0, high = of->count;
    while (low < high) { /* the first one that begins behind it */
        size_t middle = (low + high) / 2;
        if (of->all[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    /* Of several names of one function the first. */
    while (low > 1 && of->all[low - 2].start == of->all[low - 1].start)
        low--;
    if (!low || address - of->all[low - 1].start >= of->all[low - 1].size)
        return NULL;
    *offset = address - of->all[low - 1].start;
    return of->all[low - 1].name;
}
