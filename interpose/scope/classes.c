/* SPDX-License-Identifier: Apache-2.0
 * classes.c: see classes.h. A type information begins [its own table, name]; of a class with one base that base's
 * follows, of one with several [flags | count << 32, {base, offset << 8 | flags}...]. A virtual table has [offset to
 * the top, type information, slots...]. */
#include "classes.h"
#include "runtime/sys.h"
#include <elf.h>
#include <ctype.h>
#include <string.h>

enum { WORD = 8, STUB = 32 };

/* The object's next program header from `*i` on; false: there is none. */
static bool next_header(const vprec_object *object, unsigned *i, Elf64_Phdr *p)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)(const void *)object->file;
    if (*i >= head->e_phnum)
        return false;
    memcpy(p, object->file + head->e_phoff + (*i)++ * sizeof *p, sizeof *p);
    return true;
}

/* Whether the address lies in a loaded segment of such a kind. */
static bool lies_in(const vprec_object *object, uint64_t address, uint32_t with, uint32_t without)
{
    Elf64_Phdr p;
    for (unsigned i = 0; next_header(object, &i, &p);)
        if (p.p_type == PT_LOAD && address - object->bias - p.p_vaddr < p.p_memsz)
            return (p.p_flags & with) == with && !(p.p_flags & without);
    return false;
}

bool vprec_classes_is_code(const vprec_classes *c, uint64_t address)
{
    return lies_in(c->object, address, PF_X, 0);
}

bool vprec_classes_is_constant(const vprec_classes *c, uint64_t address)
{
    return lies_in(c->object, address, PF_R, PF_W | PF_X);
}

static uint64_t word_at(uint64_t address)
{
    uint64_t word;
    memcpy(&word, (const void *)address, sizeof word);
    return word;
}

/* Where the name stands among the constants, alone; 0: nowhere, or `*several`. */
static uint64_t find_name(const vprec_classes *c, const char *name, bool *several)
{
    const size_t length = strlen(name) + 1;
    uint64_t found = 0;
    Elf64_Phdr p;
    for (unsigned i = 0; next_header(c->object, &i, &p);) {
        if (p.p_type != PT_LOAD || p.p_flags & (PF_W | PF_X) || p.p_filesz < length)
            continue;
        const char *begin = (const char *)(c->object->bias + p.p_vaddr), *end = begin + p.p_filesz;
        for (const char *at = begin; (at = memmem(at, (size_t)(end - at), name, length)); at++) {
            if (at == begin || at[-1])
                continue;
            *several |= found != 0;
            found = (uint64_t)at;
        }
    }
    return found;
}

/* How long the text is that begins at `at`, ends with `last`, and has letters, digits and _ alone, `inner` among them; 0:
 * it is another one. */
static size_t is_such(const char *at, const char *end, const char *last, const char *inner)
{
    const char *to = at;
    while (to < end && (isalnum((unsigned char)*to) || *to == '_'))
        to++;
    const size_t length = (size_t)(to - at), behind = strlen(last);
    return to < end && !*to && length >= behind && !memcmp(to - behind, last, behind) && strstr(at, inner) ? length : 0;
}

const char *vprec_classes_name(const vprec_object *object, const char *first, const char *last, const char *inner)
{
    const size_t length = strlen(first);
    const char *found = NULL;
    size_t shortest = SIZE_MAX; /* those of classes in the class have the same begin and, perhaps, end */
    Elf64_Phdr p;
    for (unsigned i = 0; object->file && next_header(object, &i, &p);) {
        if (p.p_type != PT_LOAD || p.p_flags & (PF_W | PF_X) || p.p_filesz < length)
            continue;
        const char *begin = (const char *)(object->bias + p.p_vaddr), *end = begin + p.p_filesz;
        for (const char *at = begin; (at = memmem(at, (size_t)(end - at), first, length)); at++) {
            const size_t all = at == begin || at[-1] ? 0 : is_such(at, end, last, inner);
            if (all && all < shortest) {
                shortest = all;
                found = at;
            }
        }
    }
    return found;
}

static bool find_relro(vprec_classes *c)
{
    Elf64_Phdr p;
    for (unsigned i = 0; next_header(c->object, &i, &p);)
        if (p.p_type == PT_GNU_RELRO) {
            c->relro = (c->object->bias + p.p_vaddr + WORD - 1) & ~(uint64_t)(WORD - 1);
            c->relro_end = (c->object->bias + p.p_vaddr + p.p_memsz) & ~(uint64_t)(WORD - 1);
        }
    return c->relro_end > c->relro + 4 * WORD;
}

/* A mangled name of a class. */
static bool is_name(const vprec_classes *c, uint64_t address)
{
    if (!vprec_classes_is_constant(c, address))
        return false;
    const char first = *(const char *)address;
    return first == 'N' || first == 'S' || first == '*' || (first >= '0' && first <= '9');
}

/* The type information that has the base at `at`, at offset 0 of its objects; 0: that is none. */
static uint64_t derived(const vprec_classes *c, uint64_t at)
{
    enum { BASES = 12, FLAGS = 4 };
    if (at >= c->relro + 2 * WORD && is_name(c, word_at(at - WORD)))
        return at - 2 * WORD;
    for (uint64_t b = 0; b < BASES && at >= c->relro + 3 * WORD + 2 * WORD * b; b++) {
        const uint64_t what = word_at(at - WORD - 2 * WORD * b), count = what >> 32;
        if ((uint32_t)what < FLAGS && count > b && count <= BASES && is_name(c, word_at(at - 2 * WORD - 2 * WORD * b)))
            return at + WORD < c->relro_end && !(word_at(at + WORD) >> 8) ? at - 3 * WORD - 2 * WORD * b : 0;
    }
    return 0;
}

/* Classes that derive from known ones, until there are no more. */
static bool close_over(vprec_classes *c)
{
    vprec_vec all = VPREC_VEC(uint64_t);
    bool more = true, done = true;
    while (more && done) {
        for (uint64_t at = c->relro + 2 * WORD; at < c->relro_end && done; at += WORD) {
            const uint64_t word = word_at(at);
            if (word < c->relro || word >= c->relro_end || !vprec_sorted_has(&c->typeinfos, word))
                continue;
            const uint64_t one = derived(c, at);
            done = !one || vprec_vec_add_u64(&all, one);
        }
        const size_t before = c->typeinfos.count;
        for (size_t i = 0; i < all.count && done; i++)
            done = vprec_vec_add_u64(&c->typeinfos, VPREC_AT(all, uint64_t, i));
        all.count = 0;
        vprec_vec_sort_u64(&c->typeinfos);
        more = c->typeinfos.count > before;
    }
    vprec_vec_free(&all);
    return done;
}

/* `without`: the class whose table is left out; 0: none. */
static bool find_tables(vprec_classes *c, uint64_t without)
{
    for (uint64_t at = c->relro + WORD; at + 3 * WORD < c->relro_end; at += WORD) {
        const uint64_t word = word_at(at);
        if (word < c->relro || word >= c->relro_end || word == without || !vprec_sorted_has(&c->typeinfos, word))
            continue;
        if (!word_at(at - WORD) && vprec_classes_is_code(c, word_at(at + WORD)) &&
            vprec_classes_is_code(c, word_at(at + 2 * WORD)) && !vprec_vec_add_u64(&c->tables, at + WORD))
            return false;
    }
    return true;
}

bool vprec_classes_find(vprec_classes *c, const vprec_object *object, const char *name, bool itself)
{
    *c = (vprec_classes){.object = object, .typeinfos = VPREC_VEC(uint64_t), .tables = VPREC_VEC(uint64_t)};
    bool several = false;
    const uint64_t text = object->file && find_relro(c) ? find_name(c, name, &several) : 0;
    bool able = !several;
    for (uint64_t at = c->relro + WORD; text && at < c->relro_end && able; at += WORD)
        able = word_at(at) != text || vprec_vec_add_u64(&c->typeinfos, at - WORD);
    const uint64_t root = c->typeinfos.count == 1 ? VPREC_AT(c->typeinfos, uint64_t, 0) : 0;
    if (able && root && close_over(c) && find_tables(c, itself ? 0 : root))
        return true;
    vprec_classes_free(c);
    return false;
}

void vprec_classes_free(vprec_classes *c)
{
    vprec_vec_free(&c->typeinfos);
    vprec_vec_free(&c->tables);
}

bool vprec_classes_lead(vprec_classes *c, unsigned slot, unsigned argument, void (*to)(void), uint64_t **original)
{
    static const uint8_t code[] = {0x48, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0, /* mov rcx, imm64; of r8 49 B8 */
                                   0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, /* mov rax, imm64 */
                                   0xFF, 0xE0};                        /* jmp rax */
    const uint64_t lo = vprec_page_start(c->relro), hi = vprec_page_end(c->relro_end), n = c->tables.count;
    const size_t bytes = vprec_page_end(n * STUB), known = vprec_page_end(n * sizeof(uint64_t));
    uint8_t *stubs = vprec_pages(bytes);
    *original = vprec_pages(known);
    for (uint64_t i = 0; i < n && stubs && *original; i++) {
        uint8_t *stub = stubs + i * STUB;
        const uint64_t led = word_at(VPREC_AT(c->tables, uint64_t, i) + slot * WORD);
        memcpy(stub, code, sizeof code);
        if (argument > 3) {
            stub[0] = 0x49;
            stub[1] = 0xB8;
        }
        memcpy(stub + 2, &i, WORD);
        memcpy(stub + 12, &to, WORD);
        (*original)[i] = vprec_classes_is_code(c, led) ? led : 0;
    }
    bool able = stubs && *original && !vprec_sys_mprotect(stubs, bytes, PROT_READ | PROT_EXEC) &&
                !vprec_sys_mprotect((void *)lo, hi - lo, PROT_READ | PROT_WRITE);
    for (uint64_t i = 0; i < n && able; i++) {
        const uint64_t stub = (uint64_t)stubs + i * STUB;
        if ((*original)[i])
            memcpy((void *)(VPREC_AT(c->tables, uint64_t, i) + slot * WORD), &stub, WORD);
    }
    if (able) /* as the loader left it: whole pages alone */
        vprec_sys_mprotect((void *)lo, vprec_page_start(c->relro_end) - lo, PROT_READ);
    if (!able && stubs)
        vprec_pages_free(stubs, bytes);
    if (!able && *original)
        vprec_pages_free(*original, known);
    return able;
}
