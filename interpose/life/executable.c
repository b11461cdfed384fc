/* SPDX-License-Identifier: Apache-2.0
 * executable.c: see executable.h. Reads what the kernel and the loader would: #! lines, ELF headers, the mode. What
 * cannot be found out is taken to be followed: a child that is lost all the same is missed in the end. */
#include "executable.h"
#include "runtime/decimal.h"
#include "runtime/names.h"
#include "runtime/sys.h"
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { SCRIPTS_MAX = 4, LINE = 256, HEADERS_MAX = 64 }; /* scripts run by scripts, and what the kernel reads of one */

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static long read_at(int fd, void *to, size_t bytes, uint64_t offset)
{
    return vprec_sys(SYS_pread64, fd, (long)to, (long)bytes, (long)offset, 0, 0);
}

static int open_at(int directory, const char *path, int flags)
{
    enum { MODE = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
    if (!*path && flags & AT_EMPTY_PATH) /* the descriptor itself, which may be O_PATH's */
        return (int)vprec_sys(SYS_fcntl, directory, F_DUPFD_CLOEXEC, 3, 0, 0, 0);
    return (int)vprec_sys(SYS_openat, directory, (long)path, MODE, 0, 0, 0);
}

/* The name that the process itself will have for it. */
static void name_of(int fd, const char *path, char *to, size_t room)
{
    char link[40] = "/proc/self/fd/";
    vprec_decimal(link + strlen(link), (unsigned)fd);
    long length = vprec_sys_readlink(link, to, room - 1);
    if (length > 0 && *to == '/') {
        to[length] = 0;
    } else {
        size_t all = strlen(path);
        all = all < room ? all : room - 1;
        memcpy(to, path, all);
        to[all] = 0;
    }
}

/* Whether the kernel will mark it secure: whose real and effective ids differ, or who gains capabilities. */
static bool is_secure(int fd, const struct stat *st)
{
    struct statfs fs;
    long user = vprec_sys(SYS_getuid, 0, 0, 0, 0, 0, 0), group = vprec_sys(SYS_getgid, 0, 0, 0, 0, 0, 0);
    long as_user = vprec_sys(SYS_geteuid, 0, 0, 0, 0, 0, 0), as_group = vprec_sys(SYS_getegid, 0, 0, 0, 0, 0, 0);
    bool honoured = vprec_sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) != 1 &&
                    !(vprec_sys(SYS_fstatfs, fd, (long)&fs, 0, 0, 0, 0) == 0 && fs.f_flags & 2 /* ST_NOSUID */);
    if (honoured && st->st_mode & S_ISUID)
        as_user = (long)st->st_uid;
    if (honoured && st->st_mode & S_ISGID && st->st_mode & S_IXGRP)
        as_group = (long)st->st_gid;
    if (user != as_user || group != as_group)
        return true;
    return honoured && user &&
           vprec_sys(SYS_fgetxattr, fd, (long)"security.capability", 0, 0, 0, 0) > 0;
}

static bool header_at(int fd, const Elf64_Ehdr *head, unsigned i, Elf64_Phdr *part)
{
    return i < head->e_phnum && i < HEADERS_MAX &&
           read_at(fd, part, sizeof *part, head->e_phoff + i * sizeof *part) == sizeof *part;
}

/* The name that an object gives itself; "" where it has none. A loader's addresses are offsets: it begins at 0. */
static void soname_of(int fd, const Elf64_Ehdr *head, char *to, size_t room)
{
    Elf64_Phdr part;
    Elf64_Dyn entry;
    uint64_t strings = 0, name = 0;
    *to = 0;
    for (unsigned i = 0; header_at(fd, head, i, &part); i++) {
        if (part.p_type != PT_DYNAMIC)
            continue;
        for (uint64_t at = 0; at + sizeof entry <= part.p_filesz; at += sizeof entry) {
            if (read_at(fd, &entry, sizeof entry, part.p_offset + at) != sizeof entry || entry.d_tag == DT_NULL)
                break;
            if (entry.d_tag == DT_STRTAB)
                strings = entry.d_un.d_ptr;
            if (entry.d_tag == DT_SONAME)
                name = entry.d_un.d_val;
        }
    }
    long got = strings && name ? read_at(fd, to, room - 1, strings + name) : 0;
    to[got > 0 ? got : 0] = 0;
}

/* The program that the loader is told to run; NULL: it is told something else. */
static const char *of_loader(char *const *argv)
{
    static const char *const with_value[] = {"--library-path", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask",
                                             "--inhibit-rpath", "--audit", "--preload", "--argv0"};
    for (size_t i = 1; argv && *argv && argv[i]; i++) {
        if (!begins(argv[i], "--"))
            return argv[i];
        bool value = false;
        for (size_t o = 0; o < sizeof with_value / sizeof *with_value; o++)
            value |= !strcmp(argv[i], with_value[o]);
        if (value && argv[i + 1])
            i++;
        else if (value || strcmp(argv[i], "--inhibit-cache"))
            return NULL;
    }
    return NULL;
}

static void set(vprec_executable *executable, enum vprec_reason reason, enum vprec_gift gift)
{
    executable->reason = reason;
    executable->gift = gift;
}

/* What its loader makes of the library, by the loader's name. */
static void judge_loader(vprec_executable *executable, int fd, const Elf64_Ehdr *head)
{
    Elf64_Phdr part;
    char loader[256] = "";
    for (unsigned i = 0; !*loader && header_at(fd, head, i, &part); i++) {
        if (part.p_type != PT_INTERP)
            continue;
        uint64_t skip = part.p_filesz < sizeof loader ? 0 : part.p_filesz - (sizeof loader - 1);
        long got = read_at(fd, loader, sizeof loader - 1, part.p_offset + skip);
        uint64_t length = got > 0 ? (uint64_t)got : 0;
        loader[length < part.p_filesz - skip ? length : part.p_filesz - skip] = 0;
    }
    if (!*loader)
        set(executable, VPREC_REASON_CHILD_STATIC, VPREC_GIFT_HANDED);
    else if (begins(vprec_name_base(loader), "ld-musl-")) /* it finds nothing by the library's name, and goes on */
        set(executable, VPREC_REASON_CHILD_LIBC, VPREC_GIFT_HANDED);
    else if (strcmp(vprec_name_base(loader), "ld-linux-x86-64.so.2"))
        set(executable, VPREC_REASON_CHILD_LIBC, VPREC_GIFT_NOTHING);
}

/* The program of the loader's command line, if that is what the file is. */
static const char *judge_elf(vprec_executable *executable, int fd, const Elf64_Ehdr *head, char *const *argv)
{
    if (head->e_ident[EI_CLASS] == ELFCLASS32) {
        bool here = head->e_machine == EM_386 || head->e_machine == EM_X86_64;
        set(executable, here ? VPREC_REASON_CHILD_32_BIT : VPREC_REASON_CHILD_MACHINE, VPREC_GIFT_NOTHING);
        return NULL;
    }
    if (head->e_machine != EM_X86_64 || head->e_ident[EI_DATA] != ELFDATA2LSB) {
        set(executable, VPREC_REASON_CHILD_MACHINE, VPREC_GIFT_NOTHING);
        return NULL;
    }
    if (head->e_phentsize != sizeof(Elf64_Phdr))
        return NULL;
    judge_loader(executable, fd, head);
    char name[32];
    if (executable->reason != VPREC_REASON_CHILD_STATIC || head->e_type != ET_DYN)
        return NULL;
    soname_of(fd, head, name, sizeof name);
    if (strcmp(name, "ld-linux-x86-64.so.2"))
        return NULL;
    const char *program = of_loader(argv);
    set(executable, VPREC_REASON_NONE, program ? VPREC_GIFT_LIBRARY : VPREC_GIFT_NOTHING);
    executable->runs = program != NULL;
    return program;
}

/* In place: the interpreter that a script's first line names. NULL: none. */
static char *interpreter_of(char *line)
{
    char *name = line + 2, *end;
    while (*name == ' ' || *name == '\t')
        name++;
    for (end = name; *end && *end != ' ' && *end != '\t' && *end != '\n'; end++)
        continue;
    *end = 0;
    return *name ? name : NULL;
}

/* ldd and its like: the loader lists what it would load. */
static bool only_lists(char *const *envp)
{
    for (; envp && *envp; envp++)
        if (begins(*envp, "LD_TRACE_LOADED_OBJECTS=") && (*envp)[24])
            return true;
    return false;
}

/* Whether the loader would be refused the memory that the library takes before it does anything: 6 MB of addresses,
 * 1 MB of data, beside the program's own. The program would not start. */
static bool is_cramped(void)
{
    const struct {
        int resource;
        uint64_t least;
    } needs[] = {{RLIMIT_AS, 12 << 20}, {RLIMIT_DATA, 1200 << 10}};
    struct rlimit limit;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!vprec_sys(SYS_prlimit64, 0, needs[i].resource, 0, (long)&limit, 0, 0) && limit.rlim_cur < needs[i].least)
            return true;
    return false;
}

void vprec_executable_look(vprec_executable *executable, int directory, const char *path, char *const *argv,
                           char *const *envp, int flags, const char *library)
{
    char line[LINE + 1], script[LINE + 1];
    struct stat st;
    executable->exists = false;
    executable->runs = true;
    set(executable, VPREC_REASON_NONE, VPREC_GIFT_LIBRARY);
    bool as_loaded = false; /* by a loader that is named on the command line: the mode does not count */
    for (int depth = 0; depth <= SCRIPTS_MAX + 1; depth++) {
        int fd = open_at(directory, path, flags);
        if (fd == -EACCES) { /* it may be executable all the same */
            executable->exists = true;
            name_of(-1, path, executable->path, sizeof executable->path);
            break;
        }
        if (fd < 0)
            break;
        long got = read_at(fd, line, LINE, 0);
        line[got > 0 ? got : 0] = 0;
        bool known = !vprec_sys(SYS_fstat, fd, (long)&st, 0, 0, 0, 0) && S_ISREG(st.st_mode);
        const char *next = NULL;
        executable->exists = known;
        name_of(fd, path, executable->path, sizeof executable->path);
        if (known && got >= (long)sizeof(Elf64_Ehdr) && !memcmp(line, ELFMAG, SELFMAG)) {
            Elf64_Ehdr head;
            memcpy(&head, line, sizeof head);
            if (!as_loaded && is_secure(fd, &st))
                set(executable, VPREC_REASON_CHILD_SECURE, VPREC_GIFT_NOTHING);
            else
                next = judge_elf(executable, fd, &head, argv);
            as_loaded = next != NULL;
            if (next && !strchr(next, '/')) /* looked for where libraries are */
                next = NULL;
        } else if (known && got > 2 && !memcmp(line, "#!", 2) && !as_loaded) {
            next = interpreter_of(line);
            if (next)
                next = memcpy(script, next, strlen(next) + 1);
        }
        vprec_sys_close(fd);
        if (!next)
            break;
        path = next;
        directory = AT_FDCWD;
        flags = 0;
    }
    if (only_lists(envp)) {
        executable->runs = false;
        executable->gift = VPREC_GIFT_NOTHING;
    } else if (executable->gift == VPREC_GIFT_LIBRARY && is_cramped()) {
        set(executable, VPREC_REASON_CHILD_NO_ROOM, VPREC_GIFT_NOTHING);
    } else if (executable->gift == VPREC_GIFT_LIBRARY) {
        /* As the real user: capabilities that he has now he will not have. */
        long result = vprec_sys(SYS_access, (long)library, 4 /* R_OK */, 0, 0, 0, 0);
        if (result == -EACCES || result == -ENOENT || result == -ENOTDIR)
            set(executable, VPREC_REASON_CHILD_NO_LIBRARY, VPREC_GIFT_NOTHING);
    }
}
