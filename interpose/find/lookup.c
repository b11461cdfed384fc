/* SPDX-License-Identifier: Apache-2.0
 * lookup.c: what object.h gives on demand: functions, landing pads, pointers. An FDE is found through the file's own
 * search table (frames.c); symbols and pointers, which files do not hold by address, through an index that is made when
 * it is first needed. Names and sizes of symbols stay in the file. */
#include "elf.h"

/* What a question begins with. The object may have been moved since it was opened. NULL: it has no file. */
static vprec_elf *elf_of(vprec_object *object)
{
    enum { OFTEN = 128, LARGE = 1 << 23 };
    vprec_elf *elf = object->elf;
    if (!elf)
        return NULL;
    elf->object = object;
    elf->why = VPREC_REASON_NONE;
    /* For each page that is read the kernel maps 16: of a file of 400 MB, after some thousand questions, 90 MB. */
    if (elf->size > LARGE && ++elf->asked % OFTEN == 0)
        vprec_elf_forget(elf, elf->file, elf->size);
    return elf;
}

/* Offsets count from the start of the first code range; how many there are. */
static uint64_t origin(const vprec_elf *elf)
{
    return VPREC_AT(elf->object->code, vprec_extent, 0).start;
}

static uint64_t span(const vprec_elf *elf)
{
    return VPREC_AT(elf->object->code, vprec_extent, elf->object->code.count - 1).end - origin(elf);
}

/* Of a symbol that is in code. */
static uint64_t offset_of(const vprec_elf *elf, const Elf64_Sym *symbol)
{
    return symbol->st_value + elf->object->bias - origin(elf);
}

static bool symbols_collect(vprec_elf *elf, vprec_vec *given)
{
    enum { CHUNK = 1 << 16 };
    Elf64_Sym symbol;
    for (uint32_t number = 0, begun = 0; vprec_elf_function_next(elf, &number, &symbol); number++) {
        uint64_t offset = offset_of(elf, &symbol), end = offset + vprec_elf_symbol_size(&symbol);
        if (!vprec_elf_add(elf, given, offset << 32 | number))
            return false;
        if (end > elf->reach[offset >> 16])
            elf->reach[offset >> 16] = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;
        if (number - begun >= CHUNK && number < elf->symtab.count) {
            vprec_elf_forget(elf, elf->symtab.bytes + begun * sizeof symbol, (number - begun) * sizeof symbol);
            begun = number;
        }
    }
    vprec_elf_forget(elf, elf->file, elf->size);
    return true;
}

static size_t reach_bytes(const vprec_elf *elf)
{
    return (size_t)(span(elf) >> 16) * 4 + 4;
}

/* False, and no symbols, without memory. */
static bool symbols_index(vprec_elf *elf)
{
    if (elf->has_symbols)
        return true;
    vprec_vec given = VPREC_VEC(uint64_t);
    vprec_elf_dynsym_read(elf); /* unsound: there is none */
    elf->reach = vprec_pages(reach_bytes(elf));
    elf->has_symbols = elf->reach && symbols_collect(elf, &given) &&
                       vprec_offsets_build(&elf->symbols, span(elf), &given);
    vprec_vec_free(&given);
    if (!elf->has_symbols) {
        vprec_pages_free(elf->reach, reach_bytes(elf));
        elf->reach = NULL;
    }
    return elf->has_symbols;
}

static bool pointers_index(vprec_elf *elf)
{
    if (elf->has_pointers)
        return true;
    vprec_vec given = VPREC_VEC(uint32_t);
    vprec_elf_dynsym_read(elf);
    elf->why = VPREC_REASON_NONE;
    if (!vprec_elf_pointers_read(elf, &given) && elf->why != VPREC_REASON_NO_MEMORY)
        given.count = 0; /* unsound: nothing of it is believed */
    elf->has_pointers = elf->why != VPREC_REASON_NO_MEMORY && vprec_offsets_build(&elf->pointers, span(elf), &given);
    vprec_vec_free(&given);
    vprec_elf_forget(elf, elf->file, elf->size);
    return elf->has_pointers;
}

void vprec_elf_index_free(vprec_elf *elf)
{
    if (elf->has_symbols)
        vprec_pages_free(elf->reach, reach_bytes(elf));
    vprec_offsets_free(&elf->symbols);
    vprec_offsets_free(&elf->pointers);
    vprec_vec_free(&elf->frames.list);
}

/* The end of the largest of the symbols that start where the one at `place` does, as offset; its own start: none tells
 * its size. */
static uint64_t symbols_end(const vprec_elf *elf, size_t place)
{
    Elf64_Sym symbol;
    uint64_t start = vprec_offsets_at(&elf->symbols, place), size = 0;
    size_t i = vprec_offsets_below(&elf->symbols, start);
    for (; i < elf->symbols.count && vprec_offsets_at(&elf->symbols, i) == start; i++) {
        vprec_elf_symbol_get(elf, elf->symbols.items[i], &symbol);
        if (vprec_elf_symbol_size(&symbol) > size)
            size = vprec_elf_symbol_size(&symbol);
    }
    return start + size;
}

/* Where one of unknown size that starts at the offset ends: where control goes no further, at most where the next
 * function starts, or the code ends. */
static uint64_t unknown_end(vprec_elf *elf, uint64_t offset)
{
    uint64_t start = offset + origin(elf) - elf->object->bias, next;
    uint64_t end = vprec_elf_code_at(elf, start)->end - origin(elf);
    size_t place = vprec_offsets_below(&elf->symbols, offset + 1);
    if (place < elf->symbols.count && vprec_offsets_at(&elf->symbols, place) < end)
        end = vprec_offsets_at(&elf->symbols, place);
    if (vprec_elf_frame_behind(elf, start + 1, &next) && next + elf->object->bias - origin(elf) < end)
        end = next + elf->object->bias - origin(elf);
    return vprec_elf_flow_end(elf, start, start + (end - offset)) - start + offset;
}

/* The start of the nearest symbol that holds the offset, which no FDE does. */
static bool symbol_around(vprec_elf *elf, uint64_t offset, uint64_t *start)
{
    const vprec_offsets *symbols = &elf->symbols;
    size_t place = vprec_offsets_below(symbols, offset + 1);
    if (!place)
        return false;
    /* Of unknown size only the nearest can reach here. */
    *start = vprec_offsets_at(symbols, place - 1);
    if (symbols_end(elf, place - 1) == *start &&
        !vprec_elf_frame_length(elf, *start + origin(elf) - elf->object->bias) && unknown_end(elf, *start) > offset)
        return true;
    for (size_t bucket = vprec_offsets_bucket(symbols, place - 1) + 1; bucket--;) {
        size_t first = bucket ? symbols->ends[bucket - 1] : 0;
        if (elf->reach[bucket] <= offset && elf->reach[bucket] != UINT32_MAX)
            continue;
        for (size_t i = symbols->ends[bucket] < place ? symbols->ends[bucket] : place; i-- > first;) {
            Elf64_Sym symbol;
            vprec_elf_symbol_get(elf, symbols->items[i], &symbol);
            *start = (uint64_t)bucket << 16 | symbols->low[i];
            if (vprec_elf_symbol_size(&symbol) > offset - *start &&
                vprec_elf_code_at(elf, *start + origin(elf) - elf->object->bias)->end - origin(elf) > offset)
                return true;
        }
    }
    return false;
}

/* What is known of the function that starts at the offset. */
static void describe(vprec_elf *elf, uint64_t offset, vprec_symbol *function)
{
    uint64_t start = offset + origin(elf) - elf->object->bias, limit = vprec_elf_code_at(elf, start)->end - origin(elf);
    uint64_t length = vprec_elf_frame_length(elf, start);
    *function = (vprec_symbol){.start = offset + origin(elf)};
    size_t first = vprec_offsets_below(&elf->symbols, offset);
    for (size_t i = first; i < elf->symbols.count && vprec_offsets_at(&elf->symbols, i) == offset; i++) {
        Elf64_Sym symbol;
        uint32_t number = elf->symbols.items[i];
        vprec_elf_symbol_get(elf, number, &symbol);
        const char *name = vprec_elf_symbol_name(elf, number, &symbol);
        if (vprec_elf_symbol_size(&symbol) > length)
            length = vprec_elf_symbol_size(&symbol);
        if (i == first)
            function->name = name; /* the only one, mostly: its page need not be read */
        else if (vprec_elf_name_is_better(name, function->name))
            function->name = name;
    }
    uint64_t end = length ? (length < limit - offset ? offset + length : limit) : unknown_end(elf, offset);
    function->end = end + origin(elf);
}

bool vprec_object_function_at(vprec_object *object, uint64_t address, vprec_symbol *function)
{
    vprec_elf *elf = elf_of(object);
    uint64_t place = address - object->bias, start;
    if (!elf || !vprec_elf_code_at(elf, place))
        return false;
    symbols_index(elf); /* without memory: FDEs alone */
    if (vprec_elf_frame_around(elf, place, &start))
        start += object->bias - origin(elf);
    else if (!symbol_around(elf, address - origin(elf), &start))
        return false;
    describe(elf, start, function);
    return true;
}

bool vprec_object_function_next(vprec_object *object, uint64_t address, uint64_t end, vprec_symbol *function)
{
    vprec_elf *elf = elf_of(object);
    if (!elf || !object->code.count)
        return false;
    uint64_t base = origin(elf), first = address > base ? address - base : 0, found = UINT64_MAX, start;
    symbols_index(elf);
    size_t place = vprec_offsets_below(&elf->symbols, first);
    if (place < elf->symbols.count)
        found = vprec_offsets_at(&elf->symbols, place);
    if (first < span(elf) && vprec_elf_frame_behind(elf, first + base - object->bias, &start) &&
        start + object->bias - base < found)
        found = start + object->bias - base;
    if (found >= span(elf) || found + base >= end)
        return false;
    describe(elf, found, function);
    return true;
}

bool vprec_object_pads_of(vprec_object *object, uint64_t start, vprec_vec *pads)
{
    vprec_elf *elf = elf_of(object);
    return !elf || !vprec_elf_code_at(elf, start - object->bias) || vprec_elf_frame_pads(elf, start - object->bias, pads);
}

bool vprec_object_unwind_of(vprec_object *object, uint64_t start, vprec_unwind *unwind)
{
    vprec_elf *elf = elf_of(object);
    return vprec_elf_code_at(elf, start - object->bias) && vprec_elf_frame_unwind(elf, start - object->bias, unwind);
}

bool vprec_object_pointers_in(vprec_object *object, uint64_t start, uint64_t end, vprec_vec *pointers)
{
    vprec_elf *elf = elf_of(object);
    if (!elf || !object->code.count)
        return true;
    if (!pointers_index(elf))
        return false;
    const vprec_offsets *all = &elf->pointers;
    uint64_t base = origin(elf);
    size_t low = vprec_offsets_below(all, start > base ? start - base : 0);
    size_t high = vprec_offsets_below(all, end > base ? end - base : 0);
    size_t bucket = low < high ? vprec_offsets_bucket(all, low) : 0;
    uint64_t *to = low < high ? vprec_vec_add(pointers, high - low) : NULL;
    if (low < high && !to)
        return false;
    for (size_t i = low; i < high; i++) {
        while (all->ends[bucket] <= i)
            bucket++;
        *to++ = base + ((uint64_t)bucket << 16 | all->low[i]);
    }
    return true;
}

bool vprec_object_names_of(vprec_object *object, uint64_t start, vprec_vec *names)
{
    vprec_elf *elf = elf_of(object);
    if (!elf || !vprec_elf_code_at(elf, start - object->bias))
        return true;
    if (!symbols_index(elf))
        return false;
    uint64_t offset = start - origin(elf);
    size_t i = vprec_offsets_below(&elf->symbols, offset);
    for (; i < elf->symbols.count && vprec_offsets_at(&elf->symbols, i) == offset; i++) {
        Elf64_Sym symbol;
        vprec_elf_symbol_get(elf, elf->symbols.items[i], &symbol);
        const char *name = vprec_elf_symbol_name(elf, elf->symbols.items[i], &symbol);
        if (!name || !*name)
            continue;
        const char **slot = vprec_vec_add(names, 1);
        if (!slot)
            return false;
        *slot = name;
    }
    return true;
}
