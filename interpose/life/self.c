/* SPDX-License-Identifier: Apache-2.0
 * self.c: see self.h. /proc says it. Where the loader was told to run the program
 * (ld.so PROGRAM), the loader is what is executed, and the program is mapped. Without
 * /proc, as in a bare chroot, it is what the kernel was told to execute, or, of a script,
 * what the #! line names; a file is taken only if its program headers are those in memory. */
#include "self.h"
#include "runtime/sys.h"
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

static char found[4096];

static bool is_ours(int fd)
{
    Elf64_Ehdr head;
    Elf64_Phdr part;
    const Elf64_Phdr *loaded = (const Elf64_Phdr *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    if (!loaded || vprec_sys(SYS_pread64, fd, (long)&head, sizeof head, 0, 0, 0) != sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phnum != count || head.e_phentsize != sizeof part)
        return false;
    for (unsigned long i = 0; i < count; i++)
        if (vprec_sys(SYS_pread64, fd, (long)&part, sizeof part, (long)(head.e_phoff + i * sizeof part), 0, 0) !=
                sizeof part ||
            memcmp(&part, &loaded[i], sizeof part) != 0)
            return false;
    return true;
}

static bool try(const char *path)
{
    size_t length = path ? strlen(path) : 0, before = 0;
    int fd = length ? vprec_sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return false;
    bool ours = is_ours(fd);
    vprec_sys_close(fd);
    if (ours && *path != '/') {
        long n = vprec_sys(SYS_getcwd, (long)found, sizeof found, 0, 0, 0, 0);
        if (vprec_sys_failed(n) || *found != '/')
            return false;
        before = strlen(found);
        if (found[before - 1] != '/' && before < sizeof found - 1)
            found[before++] = '/';
    }
    if (!ours || before + length >= sizeof found)
        return false;
    memcpy(found + before, path, length + 1);
    return true;
}

/* A line of /proc/self/maps, "7f00-8f00 r--p 0 08:01 42   /path", into `found` if it is of the program headers. */
static bool take_line(const char *line, size_t length)
{
    uint64_t bound[2] = {0, 0}, at = getauxval(AT_PHDR);
    size_t i = 0;
    for (int b = 0; b < 2; b++, i++)
        for (; i < length && line[i] != '-' && line[i] != ' '; i++)
            bound[b] = bound[b] * 16 + (uint64_t)(line[i] <= '9' ? line[i] - '0' : line[i] - 'a' + 10);
    while (i < length && line[i] != '/')
        i++;
    if (at < bound[0] || at >= bound[1] || i == length || length - i >= sizeof found)
        return false;
    memcpy(found, line + i, length - i);
    found[length - i] = 0;
    return true;
}

static bool take_mapped(void)
{
    char text[4096 + 256]; /* more than a line */
    size_t held = 0;
    int fd = vprec_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    long got = fd < 0 ? 0 : 1;
    bool taken = false;
    while (!taken && got > 0 && (got = vprec_sys_read(fd, text + held, sizeof text - held)) > 0) {
        size_t all = held + (size_t)got, start = 0;
        for (size_t i = held; i < all && !taken; i++)
            if (text[i] == '\n') {
                taken = take_line(text + start, i - start);
                start = i + 1;
            }
        held = all - start;
        memmove(text, text + start, held);
    }
    if (fd >= 0)
        vprec_sys_close(fd);
    return taken;
}

const char *vprec_self_path(char *const *argv)
{
    if (*found)
        return found;
    bool by_loader = !getauxval(AT_BASE); /* the kernel has loaded no loader beside it */
    long n = by_loader ? 0 : vprec_sys_readlink("/proc/self/exe", found, sizeof found - 1);
    found[n > 0 ? n : 0] = 0;
    if (by_loader && take_mapped())
        return found;
    if (!*found && !try((const char *)getauxval(AT_EXECFN)) && !(argv && try(argv[0])))
        *found = 0;
    return found;
}

/* By the note that Go's linker makes, with its owner's name. */
bool vprec_self_is_go(void)
{
    enum { GO = 0x6f47 };
    const ElfW(Phdr) *part = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t count = part ? getauxval(AT_PHNUM) : 0;
    uint64_t bias = 0;
    for (size_t i = 0; i < count; i++)
        if (part[i].p_type == PT_PHDR)
            bias = (uint64_t)part - part[i].p_vaddr;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = bias + part[i].p_vaddr, end = at + part[i].p_memsz;
        while (part[i].p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) + 4 <= end) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            if (note->n_namesz == 4 && *(const uint32_t *)(note + 1) == GO)
                return true;
            at += sizeof *note + ((note->n_namesz + 3) & ~3u) + ((note->n_descsz + 3) & ~3u);
        }
    }
    return false;
}
