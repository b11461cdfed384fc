/* SPDX-License-Identifier: Apache-2.0
 * sites.c: see sites.h. Reads ELF by hand: records (cc/site.h) lie in a section, and of their pointers the relocations
 * tell, or the words themselves. A file is believed in nothing: what lies outside of it is no site. */
#include "sites.h"
#include "cc/site.h"
#include "say.h"
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct elf {
    const uint8_t *bytes;
    uint64_t size;
    Elf64_Ehdr header;
} elf;

/* So many bytes of the file at that offset; NULL: it has not so many. */
static const void *at(const elf *e, uint64_t offset, uint64_t size)
{
    return offset <= e->size && size <= e->size - offset ? e->bytes + offset : NULL;
}

static bool section(const elf *e, unsigned i, Elf64_Shdr *to)
{
    const void *from = i < e->header.e_shnum ? at(e, e->header.e_shoff + i * sizeof *to, sizeof *to) : NULL;
    if (from)
        memcpy(to, from, sizeof *to);
    return from;
}

/* The text at an address of the program; "": there is none. */
static const char *text_at(const elf *e, uint64_t address)
{
    Elf64_Phdr part;
    for (unsigned i = 0; i < e->header.e_phnum; i++) {
        const void *from = at(e, e->header.e_phoff + i * sizeof part, sizeof part);
        if (!from)
            break;
        memcpy(&part, from, sizeof part);
        if (part.p_type != PT_LOAD || address < part.p_vaddr || address - part.p_vaddr >= part.p_filesz)
            continue;
        const uint64_t room = part.p_filesz - (address - part.p_vaddr);
        const char *text = at(e, part.p_offset + (address - part.p_vaddr), room);
        return text && memchr(text, 0, room) ? text : "";
    }
    return "";
}

/* Fills in what the loader would: pointers in the section, which is at `address`. */
static void relocate(const elf *e, uint8_t *records, uint64_t address, uint64_t size)
{
    Elf64_Shdr s;
    for (unsigned i = 0; section(e, i, &s); i++) {
        if (s.sh_type != SHT_RELA || !at(e, s.sh_offset, s.sh_size))
            continue;
        for (uint64_t r = 0; r + sizeof(Elf64_Rela) <= s.sh_size; r += sizeof(Elf64_Rela)) {
            Elf64_Rela rela;
            memcpy(&rela, e->bytes + s.sh_offset + r, sizeof rela);
            const uint64_t place = rela.r_offset - address, value = (uint64_t)rela.r_addend;
            if (ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE && size >= sizeof value && place <= size - sizeof value)
                memcpy(records + place, &value, sizeof value);
        }
    }
}

static int order(const void *a, const void *b)
{
    const vprec_source_site *x = a, *y = b;
    const int files = strcmp(x->file, y->file), lines = (x->line > y->line) - (x->line < y->line);
    return files ? files : lines ? lines : strcmp(x->function, y->function);
}

/* The same line of the same function, of another unit (inline functions of headers): one. */
static size_t merge(vprec_source_site *sites, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && !order(&sites[kept - 1], &sites[i])) {
            sites[kept - 1].operations += sites[i].operations;
            free(sites[i].file);
            free(sites[i].function);
        } else {
            sites[kept++] = sites[i];
        }
    }
    return kept;
}

static vprec_source_site *take(const elf *e, const Elf64_Shdr *s, size_t *count)
{
    const uint64_t records = s->sh_size / sizeof(vprec_cc_site);
    const void *from = s->sh_type == SHT_NOBITS ? NULL : at(e, s->sh_offset, s->sh_size);
    if (!from || !records)
        return NULL;
    uint8_t *copy = vprec_alloc(s->sh_size, 1);
    vprec_source_site *sites = vprec_alloc(records, sizeof *sites);
    memcpy(copy, from, s->sh_size);
    relocate(e, copy, s->sh_addr, s->sh_size);
    for (uint64_t i = 0; i < records; i++) {
        vprec_cc_site site;
        memcpy(&site, copy + i * sizeof site, sizeof site);
        sites[i] = (vprec_source_site){vprec_text("%s", text_at(e, (uint64_t)site.file)),
                                       vprec_text("%s", text_at(e, (uint64_t)site.function)), site.line,
                                       site.operations};
    }
    free(copy);
    qsort(sites, records, sizeof *sites, order);
    *count = merge(sites, records);
    return sites;
}

static vprec_source_site *read_elf(elf *e, size_t *count)
{
    const void *header = at(e, 0, sizeof e->header);
    Elf64_Shdr names, s;
    if (!header)
        return NULL;
    memcpy(&e->header, header, sizeof e->header);
    if (memcmp(e->header.e_ident, ELFMAG, SELFMAG) || e->header.e_ident[EI_CLASS] != ELFCLASS64 ||
        e->header.e_machine != EM_X86_64 || !section(e, e->header.e_shstrndx, &names))
        return NULL;
    for (unsigned i = 0; section(e, i, &s); i++) {
        const char *name = at(e, names.sh_offset + s.sh_name, sizeof VPREC_CC_SECTION);
        if (name && !memcmp(name, VPREC_CC_SECTION, sizeof VPREC_CC_SECTION))
            return take(e, &s, count);
    }
    return NULL;
}

vprec_source_site *vprec_sites_read(const char *path, size_t *count)
{
    struct stat status;
    vprec_source_site *sites = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    *count = 0;
    if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size) {
        elf e = {.size = (uint64_t)status.st_size};
        void *bytes = mmap(NULL, e.size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) {
            e.bytes = bytes;
            sites = read_elf(&e, count);
            munmap(bytes, e.size);
        }
    }
    if (fd >= 0)
        close(fd);
    return sites;
}

void vprec_sites_free(vprec_source_site *sites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(sites[i].file);
        free(sites[i].function);
    }
    free(sites);
}
