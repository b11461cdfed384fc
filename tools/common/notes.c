/* SPDX-License-Identifier: Apache-2.0
 * notes.c: see notes.h. */
#include "notes.h"
#include "say.h"
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT_NOTE = 3, LONGEST = 1 << 20 };

/* The bytes of the file, to be freed; NULL: there are none. */
static uint8_t *bytes_of(int fd, uint64_t offset, uint64_t size)
{
    uint8_t *bytes = size && size <= LONGEST ? vprec_alloc(size, 1) : NULL;
    if (bytes && pread(fd, bytes, size, (off_t)offset) != (ssize_t)size) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

/* A note of [name size, data size, type, name, data], each part padded: "vprec", and two texts that end with 0. */
static bool take_note(const uint8_t *note, uint64_t data, uint64_t size,
                      bool (*take)(void *data, const char *glob, const char *spec), void *to)
{
    Elf64_Nhdr head;
    memcpy(&head, note, sizeof head);
    if (head.n_type != FORMAT_NOTE || head.n_namesz != sizeof "vprec" || memcmp(note + sizeof head, "vprec", sizeof "vprec"))
        return true;
    const char *glob = (const char *)note + data, *spec = memchr(glob, 0, size);
    if (!spec || !memchr(spec + 1, 0, size - (uint64_t)(spec + 1 - glob)))
        return true;
    return take(to, glob, spec + 1);
}

static bool take_notes(const uint8_t *notes, uint64_t size, uint64_t align,
                       bool (*take)(void *data, const char *glob, const char *spec), void *to)
{
    const uint64_t pad = align == 8 ? 7 : 3;
    bool ok = true;
    for (uint64_t at = 0; ok && size - at >= sizeof(Elf64_Nhdr);) {
        Elf64_Nhdr head;
        memcpy(&head, notes + at, sizeof head);
        const uint64_t data = (sizeof head + head.n_namesz + pad) & ~pad, next = (data + head.n_descsz + pad) & ~pad;
        if (data + head.n_descsz > size - at)
            break;
        ok = take_note(notes + at, data, head.n_descsz, take, to);
        at = next > size - at ? size : at + next;
    }
    return ok;
}

bool vprec_notes_formats(const char *path, bool (*take)(void *data, const char *glob, const char *spec), void *data)
{
    Elf64_Ehdr header;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = true, known = fd >= 0 && pread(fd, &header, sizeof header, 0) == sizeof header &&
                            !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_ident[EI_CLASS] == ELFCLASS64;
    for (unsigned i = 0; known && ok && i < header.e_phnum; i++) {
        Elf64_Phdr part;
        known = pread(fd, &part, sizeof part, (off_t)(header.e_phoff + i * sizeof part)) == sizeof part;
        uint8_t *notes = known && part.p_type == PT_NOTE ? bytes_of(fd, part.p_offset, part.p_filesz) : NULL;
        ok = !notes || take_notes(notes, part.p_filesz, part.p_align, take, data);
        free(notes);
    }
    if (fd >= 0)
        close(fd);
    return ok;
}
