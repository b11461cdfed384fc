/* SPDX-License-Identifier: Apache-2.0
 * self.c: see self.h. /proc says it. Without /proc, as in a bare chroot, it is
 * what the kernel was told to execute, or, of a script, what the #! line names;
 * a file is taken only if its program headers are those in memory. */
#include "self.h"
#include "runtime/sys.h"
#include <elf.h>
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

const char *vprec_self_path(char *const *argv)
{
    if (*found)
        return found;
    long n = vprec_sys_readlink("/proc/self/exe", found, sizeof found - 1);
    found[n > 0 ? n : 0] = 0;
    if (!*found && !try((const char *)getauxval(AT_EXECFN)) && !(argv && try(argv[0])))
        *found = 0;
    return found;
}
