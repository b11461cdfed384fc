/* SPDX-License-Identifier: Apache-2.0
 * object.c: see object.h. What the loader relies on (segments, the dynamic
 * section, unwind tables) must be sound or the object is refused; what it
 * never looks at (section headers, .symtab, notes) is believed only if sound. */
#include "object.h"
#include "elf.h"
#include "runtime/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Radix sort, like vprec_vec_sort_u64, and as free of malloc and recursion. */
bool vprec_elf_sort(vprec_vec *vec)
{
    size_t n = vec->count, size = vec->size;
    if (n < 2)
        return true;
    uint8_t *from = vec->data, *spare = vprec_pages(n * size), *to = spare;
    if (!spare)
        return false;
    uint64_t differ = 0, first = vprec_elf_u64(from);
    for (size_t i = 1; i < n; i++)
        differ |= vprec_elf_u64(from + i * size) ^ first;
    for (int shift = 0; shift < 64; shift += 8) {
        if (!(differ >> shift & 255))
            continue;
        size_t at[257] = {0};
        for (size_t i = 0; i < n; i++)
            at[(vprec_elf_u64(from + i * size) >> shift & 255) + 1]++;
        for (int b = 0; b < 256; b++)
            at[b + 1] += at[b];
        for (size_t i = 0; i < n; i++)
            memcpy(to + at[vprec_elf_u64(from + i * size) >> shift & 255]++ * size, from + i * size, size);
        uint8_t *t = from;
        from = to, to = t;
    }
    if (from != vec->data)
        memcpy(vec->data, from, n * size);
    vprec_pages_free(spare, n * size);
    return true;
}

/* The one of the sorted ranges that holds the address, or NULL. */
static const vprec_extent *range_at(const vprec_vec *ranges, uint64_t address)
{
    const vprec_extent *range = ranges->data;
    size_t low = VPREC_UP_TO(*ranges, vprec_extent, end, address);
    return low < ranges->count && address >= range[low].start ? &range[low] : NULL;
}

const vprec_extent *vprec_elf_code_at(const vprec_elf *elf, uint64_t address)
{
    return range_at(&elf->object->code, address);
}

bool vprec_elf_add(vprec_elf *elf, vprec_vec *vec, uint64_t value)
{
    uint64_t *slot = vprec_vec_add(vec, 1);
    if (!slot)
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    *slot = value;
    return true;
}

bool vprec_elf_add_pointer(vprec_elf *elf, uint64_t address)
{
    return !vprec_elf_code_at(elf, address) || vprec_elf_add(elf, &elf->object->pointers, address);
}

bool vprec_elf_add_function(vprec_elf *elf, uint64_t start, uint64_t end, const char *name)
{
    const vprec_extent *code = vprec_elf_code_at(elf, start);
    if (!code)
        return true;
    vprec_symbol *symbol = vprec_vec_add(&elf->object->symbols, 1);
    if (!symbol)
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    *symbol = (vprec_symbol){start, end < code->end ? end : code->end, name};
    return true;
}

/* Which of two names for one function a person would use: the one with fewer
 * leading underscores, then the shorter ("exp" of __exp, exp, expf32x). */
static bool is_better_name(const char *a, const char *b)
{
    enum { MOST = 4096 }; /* a hostile file may have a name of megabytes */
    if (!a || !b)
        return a != NULL;
    size_t bars_a = 0, bars_b = 0;
    while (bars_a < MOST && a[bars_a] == '_')
        bars_a++;
    while (bars_b < MOST && b[bars_b] == '_')
        bars_b++;
    if (bars_a != bars_b)
        return bars_a < bars_b;
    size_t length_a = strnlen(a, MOST), length_b = strnlen(b, MOST);
    return length_a != length_b ? length_a < length_b : strncmp(a, b, MOST) < 0;
}

/* Where the symbol ends; one of unknown size reaches to the next or to the end of its code range. */
static uint64_t symbol_end(const vprec_object *object, size_t i)
{
    const vprec_symbol *symbol = &VPREC_AT(object->symbols, vprec_symbol, i);
    if (symbol->end > symbol->start)
        return symbol->end;
    uint64_t end = range_at(&object->code, symbol->start)->end;
    return i + 1 < object->symbols.count && symbol[1].start < end ? symbol[1].start : end;
}

/* One symbol per start, with the best name and the largest extent known for it. */
static bool symbols_finish(vprec_elf *elf)
{
    vprec_vec *vec = &elf->object->symbols;
    if (!vprec_elf_sort(vec))
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    vprec_symbol *symbol = vec->data;
    size_t kept = 0;
    for (size_t i = 0; i < vec->count; i++) {
        if (!kept || symbol[i].start != symbol[kept - 1].start) {
            symbol[kept++] = symbol[i];
            continue;
        }
        if (symbol[i].end > symbol[kept - 1].end)
            symbol[kept - 1].end = symbol[i].end;
        const char *other = symbol[i].name;
        if (is_better_name(other, symbol[kept - 1].name)) {
            other = symbol[kept - 1].name;
            symbol[kept - 1].name = symbol[i].name;
        }
        vprec_symbol *alias = other ? vprec_vec_add(&elf->object->aliases, 1) : NULL;
        if (other && !alias)
            return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
        if (other)
            *alias = (vprec_symbol){symbol[i].start, symbol[i].end, other};
    }
    vec->count = kept;
    uint64_t farthest = 0;
    for (size_t i = 0; i < kept; i++) {
        uint64_t end = symbol_end(elf->object, i);
        farthest = end > farthest ? end : farthest;
        if (!vprec_elf_add(elf, &elf->object->reach, farthest))
            return false;
    }
    return true;
}

/* From the file's addresses to this process's. */
static void rebase(vprec_object *object)
{
    vprec_vec *pairs[] = {&object->code, &object->plt, &object->symbols, &object->aliases};
    vprec_vec *words[] = {&object->pointers, &object->pads, &object->reach, &object->resolvers};
    for (unsigned v = 0; v < sizeof pairs / sizeof *pairs; v++)
        for (size_t i = 0; i < pairs[v]->count; i++) { /* a range or a symbol: start and end come first */
            uint64_t *pair = (uint64_t *)((char *)pairs[v]->data + i * pairs[v]->size);
            pair[0] += object->bias;
            pair[1] += object->bias;
        }
    for (unsigned v = 0; v < sizeof words / sizeof *words; v++)
        for (size_t i = 0; i < words[v]->count; i++)
            VPREC_AT(*words[v], uint64_t, i) += object->bias;
    for (size_t i = 0; i < object->imports.count; i++)
        VPREC_AT(object->imports, vprec_import, i).slot += object->bias;
    object->lo += object->bias;
    object->hi += object->bias;
}

static bool contents_read(vprec_elf *elf)
{
    vprec_object *object = elf->object;
    Elf64_Ehdr header;
    uint64_t dynamic[2] = {0, 0};
    if (elf->size < sizeof header)
        return vprec_elf_fail(elf, VPREC_REASON_NOT_ELF);
    memcpy(&header, elf->file, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG))
        return vprec_elf_fail(elf, VPREC_REASON_NOT_ELF);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_X86_64)
        return vprec_elf_fail(elf, VPREC_REASON_NOT_X86_64);
    if (header.e_type != ET_DYN && header.e_type != ET_EXEC)
        return vprec_elf_fail(elf, VPREC_REASON_NO_OBJECT);
    object->pie = header.e_type == ET_DYN;
    if (!vprec_elf_segments_read(elf, &header, dynamic))
        return false;
    uint64_t lo = object->lo + object->bias, hi = object->hi + object->bias;
    if (lo >= hi || hi > VPREC_ADDRESS_LIMIT)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_ADDRESS);
    if (!vprec_elf_sections_read(elf, &header) || !vprec_elf_dynamic_read(elf, dynamic) ||
        !vprec_elf_unwind_read(elf) || !vprec_elf_add_pointer(elf, header.e_entry) ||
        (!object->pie && !vprec_elf_words_read(elf)) || !symbols_finish(elf) || !vprec_elf_sort(&object->imports))
        return false;
    vprec_vec_sort_u64(&object->pointers);
    vprec_vec_sort_u64(&object->pads);
    vprec_vec_sort_u64(&object->resolvers);
    rebase(object);
    return true;
}

/* The whole file, read-only. By system calls: open and close are cancellation
 * points, and a cancelled thread must not leave with the loader's lock. */
static bool file_map(vprec_elf *elf, const char *path)
{
    int fd = vprec_sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return vprec_elf_fail(elf, fd == -ENOENT ? VPREC_REASON_NO_FILE : VPREC_REASON_NOT_OPENED);
    struct stat status;
    void *file = MAP_FAILED;
    if (!vprec_sys(SYS_fstat, fd, (long)&status, 0, 0, 0, 0) && S_ISREG(status.st_mode) && status.st_size > 0)
        file = vprec_sys_mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    vprec_sys_close(fd);
    if (file == MAP_FAILED)
        return vprec_elf_fail(elf, VPREC_REASON_NOT_MAPPED);
    elf->file = elf->object->file = file;
    elf->size = elf->object->file_size = (size_t)status.st_size;
    return true;
}

enum vprec_reason vprec_object_read(vprec_object *object, const char *path, uint64_t bias)
{
    vprec_elf elf = {.object = object};
    *object = (vprec_object){.path = path, .bias = bias};
    object->code = object->plt = VPREC_VEC(vprec_extent);
    object->symbols = object->aliases = VPREC_VEC(vprec_symbol);
    object->imports = VPREC_VEC(vprec_import);
    object->pointers = object->pads = object->reach = object->resolvers = VPREC_VEC(uint64_t);
    bool done = file_map(&elf, path) && contents_read(&elf);
    if (!done)
        vprec_object_release(object);
    return done ? VPREC_REASON_NONE : elf.why;
}

void vprec_object_release(vprec_object *object)
{
    vprec_vec *all[] = {&object->code,     &object->plt,  &object->symbols, &object->aliases, &object->imports,
                        &object->pointers, &object->pads, &object->reach,   &object->resolvers};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        vprec_vec_free(all[i]);
    if (object->file)
        vprec_sys_munmap((void *)(uintptr_t)object->file, object->file_size);
    object->file = NULL;
}

size_t vprec_object_aliases(const vprec_object *object, uint64_t start, const vprec_symbol **first)
{
    const vprec_symbol *alias = object->aliases.data;
    size_t low = VPREC_BELOW(object->aliases, vprec_symbol, start, start), count = 0;
    *first = alias + low;
    while (low + count < object->aliases.count && alias[low + count].start == start)
        count++;
    return count;
}

bool vprec_object_name_at(const vprec_object *object, uint64_t address, const char **name, uint64_t *start)
{
    const vprec_symbol *symbol = object->symbols.data;
    size_t low = VPREC_UP_TO(object->symbols, vprec_symbol, start, address);
    bool found = false;
    while (low-- && VPREC_AT(object->reach, uint64_t, low) > address) {
        if (symbol_end(object, low) <= address || (found && !symbol[low].name))
            continue;
        found = true;
        *name = symbol[low].name;
        *start = symbol[low].start;
        if (*name)
            break;
    }
    return found;
}
