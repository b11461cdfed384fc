/* SPDX-License-Identifier: Apache-2.0
 * object.c: see object.h. What the loader relies on (segments, the dynamic
 * section, unwind tables) must be sound or the object is refused; what it
 * never looks at (section headers, .symtab, notes) is believed only if sound. */
#include "object.h"
#include "elf.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include <errno.h>
#include <sys/stat.h>

/* Radix sort, like vprec_vec_sort_u64, and as free of malloc and recursion. */
bool vprec_elf_sort(vprec_vec *vec)
{
    size_t n = vec->count, size = vec->size, sorted = 1;
    uint8_t *from = vec->data;
    while (sorted < n && vprec_elf_u64(from + (sorted - 1) * size) <= vprec_elf_u64(from + sorted * size))
        sorted++;
    if (sorted >= n)
        return true;
    uint8_t *spare = vprec_pages(n * size), *to = spare;
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

const vprec_extent *vprec_object_code_at(const vprec_object *object, uint64_t address)
{
    return range_at(&object->code, address);
}

const vprec_extent *vprec_elf_code_at(const vprec_elf *elf, uint64_t address)
{
    return vprec_object_code_at(elf->object, address + elf->object->bias);
}

bool vprec_elf_add(vprec_elf *elf, vprec_vec *vec, uint64_t value)
{
    return vprec_vec_add_u64(vec, value) || vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
}

bool vprec_elf_add_pointer(vprec_elf *elf, vprec_vec *pointers, uint64_t address)
{
    if (!vprec_elf_code_at(elf, address))
        return true;
    address += elf->object->bias;
    if (pointers->size == sizeof address)
        return vprec_elf_add(elf, pointers, address);
    uint32_t *slot = vprec_vec_add(pointers, 1);
    if (!slot)
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    *slot = (uint32_t)(address - VPREC_AT(elf->object->code, vprec_extent, 0).start);
    return true;
}

void vprec_elf_forget(const vprec_elf *elf, const uint8_t *bytes, uint64_t size)
{
    /* Whole pages of a private mapping that nobody writes to: what lies beside the bytes comes back when it is read. */
    uint64_t start = vprec_page_start((uint64_t)(bytes - elf->file));
    enum { WORTH = 1 << 18 };
    if (size >= WORTH)
        vprec_sys_madvise((void *)(uintptr_t)(elf->file + start), (size_t)(bytes + size - (elf->file + start)),
                          MADV_DONTNEED);
}

/* Appends a function that starts in code; its end is cut to that range. */
static bool function_add(vprec_elf *elf, uint64_t start, uint64_t size, const char *name)
{
    const vprec_extent *code = vprec_elf_code_at(elf, start);
    vprec_symbol *symbol = vprec_vec_add(&elf->object->symbols, 1);
    if (!symbol)
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    start += elf->object->bias;
    *symbol = (vprec_symbol){start, size < code->end - start ? start + size : code->end, name};
    return true;
}

/* Which of two names for one function a person would use: the one with fewer
 * leading underscores, then the shorter ("exp" of __exp, exp, expf32x). */
bool vprec_elf_name_is_better(const char *a, const char *b)
{
    enum { MOST = 4096 }; /* a hostile file may have a name of megabytes */
    if (!a || !*a || !b || !*b)
        return a && *a;
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
    uint64_t end = vprec_object_code_at(object, symbol->start)->end;
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
        if (vprec_elf_name_is_better(other, symbol[kept - 1].name)) {
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

static bool contents_open(vprec_elf *elf)
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
    elf->program = !object->pie;
    if (!vprec_elf_segments_read(elf, &header, dynamic))
        return false;
    if (object->lo >= object->hi || object->hi > VPREC_ADDRESS_LIMIT)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_ADDRESS);
    elf->entry = header.e_entry;
    if (!vprec_elf_sections_read(elf, &header))
        return false;
    const vprec_extent *code = object->code.data; /* whose offsets must fit into 32 bits */
    if (object->code.count && code[object->code.count - 1].end - code->start > UINT32_MAX)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_SEGMENT);
    if (!vprec_elf_dynamic_read(elf, dynamic))
        return false;
    vprec_vec_sort_u64(&object->resolvers);
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
    void *file = NULL;
    if (!vprec_sys(SYS_fstat, fd, (long)&status, 0, 0, 0, 0) && S_ISREG(status.st_mode) && status.st_size > 0)
        file = vprec_pages_map((size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd);
    vprec_sys_close(fd);
    if (!file)
        return vprec_elf_fail(elf, VPREC_REASON_NOT_MAPPED);
    elf->file = elf->object->file = file;
    elf->size = elf->object->file_size = (size_t)status.st_size;
    return true;
}

enum vprec_reason vprec_object_open(vprec_object *object, const char *path, uint64_t bias)
{
    *object = (vprec_object){.path = path, .bias = bias};
    object->code = object->plt = VPREC_VEC(vprec_extent);
    object->symbols = object->aliases = VPREC_VEC(vprec_symbol);
    object->imports = VPREC_VEC(vprec_import);
    object->pointers = object->pads = object->reach = object->resolvers = object->notes = VPREC_VEC(uint64_t);
    vprec_elf *elf = object->elf = vprec_pages(sizeof *elf);
    if (!elf)
        return VPREC_REASON_NO_MEMORY;
    elf->object = object;
    bool done = file_map(elf, path) && contents_open(elf);
    enum vprec_reason why = elf->why;
    if (!done)
        vprec_object_release(object);
    return done ? VPREC_REASON_NONE : why;
}

/* `data`: how many bytes of exception tables may still be read. */
static bool frame_add(vprec_elf *elf, const vprec_elf_frame *frame, uint64_t record, void *data)
{
    (void)record;
    return function_add(elf, frame->start, frame->length, NULL) &&
           vprec_elf_pads_read(elf, frame, &elf->object->pads, data);
}

static bool contents_read(vprec_elf *elf)
{
    vprec_object *object = elf->object;
    Elf64_Sym symbol;
    uint64_t budget = 4 * elf->size;
    if (!vprec_elf_dynsym_read(elf))
        return false;
    for (uint32_t number = 0; vprec_elf_function_next(elf, &number, &symbol); number++) {
        const char *name = vprec_elf_symbol_name(elf, number, &symbol);
        if (!function_add(elf, symbol.st_value, vprec_elf_symbol_size(&symbol), name && *name ? name : NULL))
            return false;
    }
    if (!vprec_elf_pointers_read(elf, &object->pointers) || !vprec_elf_frames_read(elf, frame_add, &budget) ||
        (!object->pie && !vprec_elf_words_read(elf, &object->pointers)) || !symbols_finish(elf))
        return false;
    vprec_vec_sort_u64(&object->pointers);
    vprec_vec_sort_u64(&object->pads);
    return true;
}

enum vprec_reason vprec_object_read(vprec_object *object, const char *path, uint64_t bias)
{
    enum vprec_reason why = vprec_object_open(object, path, bias);
    if (why)
        return why;
    bool done = contents_read(object->elf);
    why = object->elf->why;
    if (!done)
        vprec_object_release(object);
    return done ? VPREC_REASON_NONE : why;
}

void vprec_object_release(vprec_object *object)
{
    vprec_vec *all[] = {&object->code,     &object->plt,  &object->symbols, &object->aliases, &object->imports,
                        &object->pointers, &object->pads, &object->reach,   &object->resolvers, &object->notes};
    if (object->elf) {
        object->elf->object = object;
        vprec_elf_index_free(object->elf);
        vprec_pages_free(object->elf, sizeof *object->elf);
    }
    object->elf = NULL;
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
