/* SPDX-License-Identifier: Apache-2.0
 * gnuplot.c: one gnuplot process for one script. Script, pictures and
 * messages are files in memory, so that nothing half-drawn reaches the disk. */
#include "gnuplot.h"
#include "common/say.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { SCRIPT, SAID, SVG, PNG, FILES, HIGH = 16 }; /* HIGH: above all descriptors that the child is given */

static int memory_file(void)
{
    int low = memfd_create("vprec-picture", MFD_CLOEXEC), fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, HIGH);
    if (low >= 0)
        close(low);
    return fd;
}

static page_bytes content(int fd)
{
    struct stat st;
    page_bytes bytes = {NULL, 0};
    if (fstat(fd, &st))
        st.st_size = 0;
    bytes.data = vprec_alloc((size_t)st.st_size + 1, 1);
    for (ssize_t got; bytes.size < (size_t)st.st_size; bytes.size += (size_t)got)
        if ((got = pread(fd, bytes.data + bytes.size, (size_t)st.st_size - bytes.size, (off_t)bytes.size)) <= 0)
            break;
    bytes.data[bytes.size] = 0;
    return bytes;
}

/* Its status, or -errno where it could not be run. */
static int run(const int *files)
{
    static char *const command[] = {"gnuplot", "--default-settings", NULL};
    static const int targets[] = {STDIN_FILENO, SCRIPT, STDOUT_FILENO, SAID, STDERR_FILENO, SAID, 3, SVG, 4, PNG};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    if (posix_spawn_file_actions_init(&actions))
        return -ENOMEM;
    int error = 0;
    for (size_t i = 0; !error && i < sizeof targets / sizeof *targets; i += 2)
        error = posix_spawn_file_actions_adddup2(&actions, files[targets[i + 1]], targets[i]);
    if (!error)
        error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return -error;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status;
}

static bool ends_with(const page_bytes *bytes, const char *end, size_t size)
{
    return bytes->size >= size && memmem(bytes->data + bytes->size - size, size, end, strlen(end));
}

/* The first line of the messages that says something; gnuplot points at columns with lines of blanks. */
static char *complaint(const page_bytes *said, int status)
{
    for (const char *line = said->data; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *text = line + strspn(line, " \t^");
        size_t length = strcspn(text, "\n");
        if (length && strncmp(text, "gnuplot>", 8))
            return vprec_text("gnuplot: %.*s", (int)length, text);
    }
    return WIFSIGNALED(status) ? vprec_text("gnuplot died of signal %d", WTERMSIG(status))
                               : vprec_text("gnuplot drew no whole picture, exit status %d", WEXITSTATUS(status));
}

page_drawn page_gnuplot(const char *script, page_bytes *svg, page_bytes *png, char **error)
{
    int files[FILES], status = 0;
    page_drawn drawn = PAGE_NOT_DRAWN;
    *svg = *png = (page_bytes){NULL, 0};
    for (size_t i = 0; i < FILES; i++)
        if ((files[i] = memory_file()) < 0)
            status = -errno;
    if (!status && (dprintf(files[SCRIPT], "%s", script) < 0 || lseek(files[SCRIPT], 0, SEEK_SET)))
        status = -errno;
    if (!status)
        status = run(files);
    if (status < 0) {
        drawn = status == -ENOENT ? PAGE_NO_GNUPLOT : PAGE_NOT_DRAWN;
        *error = vprec_text("gnuplot could not be run (%s)", strerror(-status));
    } else {
        page_bytes said = content(files[SAID]);
        *svg = content(files[SVG]);
        *png = content(files[PNG]);
        if (!status && ends_with(svg, "</svg>", 16) && ends_with(png, "IEND", 8))
            drawn = PAGE_DRAWN;
        else
            *error = complaint(&said, status);
        free(said.data);
    }
    if (drawn != PAGE_DRAWN) {
        free(svg->data);
        free(png->data);
        *svg = *png = (page_bytes){NULL, 0};
    }
    for (size_t i = 0; i < FILES; i++)
        if (files[i] >= 0)
            close(files[i]);
    return drawn;
}
