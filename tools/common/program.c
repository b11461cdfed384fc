/* SPDX-License-Identifier: Apache-2.0
 * program.c: resolves PROGRAM along PATH, follows #! lines, and refuses what
 * ignores LD_PRELOAD. Reads files, runs nothing. */
#include "program.h"
#include "say.h"
#include "sites.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    SCRIPTS_MAX = 4,      /* scripts run by scripts; the kernel has the same bound */
    SHEBANG_MAX = 256,    /* bytes of the first line that the kernel looks at */
    HEADERS_MAX = 1024    /* program headers of a sane file */
};

/* What the messages call the file: the program itself, or, in the script that the user named, an interpreter. */
static char *subject(const char *path, const char *script)
{
    return script ? vprec_text("'%s' needs '%s', which", script, path) : vprec_text("'%s'", path);
}

#define REFUSE(status, path, script, ...)                       \
    do {                                                        \
        char *who_ = subject(path, script);                     \
        char *what_ = vprec_text(__VA_ARGS__);                  \
        vprec_say("%s %s", who_, what_);                        \
        free(who_);                                             \
        free(what_);                                            \
        return status;                                          \
    } while (0)

static bool executable(const char *path, int *error)
{
    struct stat st;
    if (stat(path, &st)) {
        *error = errno;
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        *error = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
        return false;
    }
    *error = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? errno : 0;
    return !*error;
}

/* The file that execvp would take, or NULL with errno in `*error`. */
static char *resolve(const char *name, int *error)
{
    *error = ENOENT;
    if (!*name)
        return NULL;
    if (strchr(name, '/'))
        return executable(name, error) ? vprec_text("%s", name) : NULL;
    const char *list = getenv("PATH");
    if (!list)
        list = "/bin:/usr/bin";
    bool denied = false;
    for (const char *end;; list = end + 1) {
        end = strchrnul(list, ':');
        char *path = end == list ? vprec_text("./%s", name) : vprec_text("%.*s/%s", (int)(end - list), list, name);
        int why;
        if (executable(path, &why))
            return path;
        denied |= why == EACCES;
        free(path);
        if (!*end)
            break;
    }
    if (denied)
        *error = EACCES;
    return NULL;
}

static int missing(const char *name, const char *script, int error)
{
    switch (error) {
    case EACCES:
        REFUSE(VPREC_EXIT_REFUSED, name, script,
               "is not executable: make it so with chmod +x, or check who may run it");
    case EISDIR: REFUSE(VPREC_EXIT_REFUSED, name, script, "is a directory: name a program in it");
    case ENOENT:
    case ENOTDIR:
        if (strchr(name, '/'))
            REFUSE(VPREC_EXIT_MISSING, name, script, "does not exist: check the path");
        REFUSE(VPREC_EXIT_MISSING, name, script, "is not found on PATH: install it, or give its path");
    default: REFUSE(VPREC_EXIT_MISSING, name, script, "cannot be reached (%s): check the path", strerror(error));
    }
}

/* Whether it is glibc's loader, which runs the program that it is told to: by the name that it gives itself. */
static bool is_loader(int fd)
{
    static const char name[] = "ld-linux-x86-64.so.2";
    Elf64_Ehdr header;
    Elf64_Phdr part;
    Elf64_Dyn entry;
    char found[sizeof name] = "";
    uint64_t strings = 0, at = 0;
    if (pread(fd, &header, sizeof header, 0) != sizeof header || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_machine != EM_X86_64 || header.e_type != ET_DYN || header.e_phentsize != sizeof part)
        return false;
    for (unsigned i = 0; i < header.e_phnum && i < HEADERS_MAX; i++) {
        if (pread(fd, &part, sizeof part, (off_t)(header.e_phoff + i * sizeof part)) != sizeof part ||
            part.p_type == PT_INTERP)
            return false;
        for (uint64_t n = 0; part.p_type == PT_DYNAMIC && n + sizeof entry <= part.p_filesz; n += sizeof entry) {
            if (pread(fd, &entry, sizeof entry, (off_t)(part.p_offset + n)) != sizeof entry || entry.d_tag == DT_NULL)
                break;
            if (entry.d_tag == DT_STRTAB)
                strings = entry.d_un.d_ptr; /* the file is loaded from address 0 on */
            if (entry.d_tag == DT_SONAME)
                at = entry.d_un.d_val;
        }
    }
    return strings && at && pread(fd, found, sizeof found, (off_t)(strings + at)) == sizeof found &&
           !memcmp(found, name, sizeof name);
}

/* The program that a loader's command line names; NULL: it is told something else. */
static const char *of_loader(char *const *command)
{
    static const char *const with_value[] = {"--library-path", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask",
                                             "--inhibit-rpath", "--audit", "--preload", "--argv0"};
    for (size_t i = 1; command[i]; i++) {
        if (strncmp(command[i], "--", 2))
            return command[i];
        size_t o = 0;
        while (o < sizeof with_value / sizeof *with_value && strcmp(command[i], with_value[o]))
            o++;
        if (o == sizeof with_value / sizeof *with_value && strcmp(command[i], "--inhibit-cache"))
            return NULL;
        if (o < sizeof with_value / sizeof *with_value && !command[++i])
            return NULL;
    }
    return NULL;
}

/* vprec-cc has built it, or a part of it. */
static bool has_sites(const char *path)
{
    size_t count;
    vprec_source_site *sites = vprec_sites_read(path, &count);
    vprec_sites_free(sites, count);
    return count;
}

/* Everything that the ELF header and, unless a loader is told to run it, the file's mode say against `path`. */
static int check_elf(const char *path, const char *script, int fd, bool told)
{
    struct stat st;
    Elf64_Ehdr header;
    if (fstat(fd, &st))
        REFUSE(VPREC_EXIT_REFUSED, path, script, "cannot be read (%s): check its permissions", strerror(errno));
    ssize_t length = pread(fd, &header, sizeof header, 0);
    if (length >= EI_NIDENT && header.e_ident[EI_CLASS] == ELFCLASS32)
        REFUSE(VPREC_EXIT_REFUSED, path, script, "is a 32-bit program: use one built for 64-bit x86-64");
    if (length != sizeof header || header.e_ident[EI_CLASS] != ELFCLASS64)
        REFUSE(VPREC_EXIT_REFUSED, path, script, "is a damaged ELF file: install or build it anew");
    if (header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64)
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "is built for another processor (ELF machine %u): use one built for x86-64", header.e_machine);
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        REFUSE(VPREC_EXIT_REFUSED, path, script, "is an ELF file but no program: link it, or name the program");
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > HEADERS_MAX)
        REFUSE(VPREC_EXIT_REFUSED, path, script, "is a damaged ELF file: install or build it anew");
    char loader[4096] = "";
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part;
        if (pread(fd, &part, sizeof part, (off_t)(header.e_phoff + i * sizeof part)) != sizeof part)
            REFUSE(VPREC_EXIT_REFUSED, path, script, "is a damaged ELF file: install or build it anew");
        if (part.p_type != PT_INTERP)
            continue;
        if (part.p_filesz < 2 || part.p_filesz >= sizeof loader ||
            pread(fd, loader, part.p_filesz, (off_t)part.p_offset) != (ssize_t)part.p_filesz)
            REFUSE(VPREC_EXIT_REFUSED, path, script, "is a damaged ELF file: install or build it anew");
        loader[part.p_filesz] = 0;
        break;
    }
    if (!*loader && has_sites(path))
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "is statically linked, and vprec-cc has built it: run it alone, as in VPREC='-f e8m10' %s", path);
    if (!*loader)
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "is statically linked, so nothing can be loaded into it: link it dynamically (without -static)");
    if (strcmp(vprec_base(loader), "ld-linux-x86-64.so.2"))
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "runs on the loader '%s', not on the GNU C library's: use one built for glibc", loader);
    if (told)
        return 0;
    /* The kernel marks such programs secure, and the loader then ignores LD_PRELOAD. */
    if ((st.st_mode & S_ISUID) || ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP)))
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "is %s, and the loader lets nothing into such programs: run a copy (cp drops that bit)",
               st.st_mode & S_ISUID ? "setuid" : "setgid");
    if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "has file capabilities, and the loader lets nothing into such programs: run a copy (cp drops them)");
    return 0;
}

/* The command that env(1) would start, given the one argument that a #! line
 * passes, in place; NULL where it starts none. */
static char *env_command(char *argument)
{
    static const char blanks[] = " \t";
    /* Without -S the whole argument is the command's name. */
    static const char *const splits[] = {"-S", "-vS", "--split-string=", "--split-string"};
    size_t i = 0;
    while (i < sizeof splits / sizeof *splits && strncmp(argument, splits[i], strlen(splits[i])))
        i++;
    if (i == sizeof splits / sizeof *splits)
        return *argument == '-' || strchr(argument, '=') ? NULL : argument;
    argument += strlen(splits[i]);
    char *word;
    while ((word = strtok_r(argument, blanks, &argument))) {
        if (!strcmp(word, "-u") || !strcmp(word, "-C"))
            (void)strtok_r(argument, blanks, &argument);
        else if (*word != '-' && !strchr(word, '='))
            return word;
    }
    return NULL;
}

/* Checks the program that a loader is told to run. One without '/' it looks for where libraries are. */
static int check_told(vprec_program *program, char *const *command)
{
    const char *told = of_loader(command);
    if (!told)
        REFUSE(VPREC_EXIT_REFUSED, program->path, NULL,
               "is the loader, and is not told to run a program: name one behind it, or the program alone");
    if (!strchr(told, '/')) {
        program->elf = vprec_text("%s", program->path);
        return 0;
    }
    int fd = open(told, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        REFUSE(errno == ENOENT ? VPREC_EXIT_MISSING : VPREC_EXIT_REFUSED, told, NULL,
               "cannot be read (%s): check the path and its permissions", strerror(errno));
    char magic[SELFMAG];
    if (pread(fd, magic, SELFMAG, 0) != SELFMAG || memcmp(magic, ELFMAG, SELFMAG)) {
        close(fd);
        REFUSE(VPREC_EXIT_REFUSED, told, NULL, "is no ELF program, and the loader runs no other: name one");
    }
    int status = check_elf(told, NULL, fd, true);
    close(fd);
    if (!status)
        program->elf = vprec_text("%s", told);
    return status;
}

/* Checks the file at `path`, which the user named himself, or else `script`,
 * the script that he named, needs. On success `program->elf` is the ELF file at
 * the end of the chain. */
static int check(vprec_program *program, const char *path, const char *script, int depth)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        REFUSE(VPREC_EXIT_REFUSED, path, script, "cannot be read (%s): vprec needs to read what it instruments, "
               "check its permissions", strerror(errno));
    char line[SHEBANG_MAX + 1];
    ssize_t length = pread(fd, line, SHEBANG_MAX, 0);
    line[length > 0 ? length : 0] = 0;
    if (length >= SELFMAG && !memcmp(line, ELFMAG, SELFMAG)) {
        int status = check_elf(path, script, fd, false);
        close(fd);
        if (!status)
            program->elf = vprec_text("%s", path);
        return status;
    }
    close(fd);
    if (length < 2 || memcmp(line, "#!", 2))
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "is neither an ELF program nor a script that begins with #!: name its interpreter before it");
    if (depth == SCRIPTS_MAX)
        REFUSE(VPREC_EXIT_REFUSED, path, script,
               "is one script too many, each run by the next (at most %d): name the last interpreter itself",
               SCRIPTS_MAX);
    line[strcspn(line, "\n")] = 0;
    char *interpreter = line + 2 + strspn(line + 2, " \t");
    char *argument = interpreter + strcspn(interpreter, " \t");
    if (*argument)
        *argument++ = 0;
    argument += strspn(argument, " \t");
    for (size_t end = strlen(argument); end && strchr(" \t", argument[end - 1]);)
        argument[--end] = 0;
    if (!*interpreter)
        REFUSE(VPREC_EXIT_REFUSED, path, script, "has a #! line that names no interpreter: name one there");

    int error;
    const char *root = script ? script : path;
    if (!executable(interpreter, &error))
        return missing(interpreter, root, error);
    int status = check(program, interpreter, root, depth + 1);
    char *command;
    if (status || strcmp(vprec_base(interpreter), "env") || !*argument || !(command = env_command(argument)))
        return status;
    free(program->elf);
    program->elf = NULL;
    char *found = resolve(command, &error);
    if (!found)
        return missing(command, root, error);
    status = check(program, found, root, depth + 1);
    free(found);
    return status;
}

int vprec_program_find(vprec_program *program, char *const *command)
{
    const char *name = *command;
    int error;
    *program = (vprec_program){NULL, NULL};
    program->path = resolve(name, &error);
    if (!program->path)
        return missing(name, NULL, error);
    int fd = open(program->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool loader = fd >= 0 && is_loader(fd);
    if (fd >= 0)
        close(fd);
    return loader ? check_told(program, command) : check(program, program->path, NULL, 0);
}

void vprec_program_free(vprec_program *program)
{
    free(program->path);
    free(program->elf);
}
