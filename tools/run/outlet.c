/* SPDX-License-Identifier: Apache-2.0
 * outlet.c: see outlet.h. */
#include "outlet.h"
#include "common/say.h"
#include "common/target.h"
#include "run.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "-", and the name of the file behind standard output or error, such as /dev/stdout, are what is open already: behind
 * what the program writes there. Else -1. */
static int standard_of(const char *file)
{
    return strcmp(file, "-") ? vprec_target_standard(file) : STDOUT_FILENO;
}

/* A name for what somebody has open, and goes on to read there. */
static bool is_descriptor(const char *file)
{
    return !strncmp(file, "/dev/fd/", 8) || !strncmp(file, "/proc/", 6);
}

bool vprec_outlet_open(vprec_outlet *outlet, const char *file)
{
    struct stat st;
    *outlet = (vprec_outlet){.file = file, .fd = -1};
    if (!vprec_target_check(file, VPREC_REPORT_BEGINS))
        return false;
    /* Above 2: with stderr closed the report would take its outlet, and our messages. */
    int standard = standard_of(file);
    int fd = standard < 0 ? open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : standard;
    outlet->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    if (fd >= 0 && standard < 0)
        close(fd);
    if (outlet->fd < 0)
        vprec_say("cannot write the report to '%s' (%s): name a file in a writable directory", file, strerror(error));
    outlet->regular = outlet->fd >= 0 && standard < 0 && !fstat(outlet->fd, &st) && S_ISREG(st.st_mode);
    if (outlet->regular && !is_descriptor(file))
        outlet->path = realpath(file, NULL);
    return outlet->fd >= 0;
}

static bool say_failed(const vprec_outlet *outlet, int error)
{
    vprec_say("cannot write the report to '%s' (%s): free room there, or name another file", outlet->file,
              error ? strerror(error) : "write error");
    return false;
}

bool vprec_outlet_put(vprec_outlet *outlet, const json_t *root, bool last)
{
    bool ok = true;
    errno = 0;
    if (outlet->path && (!last || outlet->replaced)) {
        ok = vprec_json_replace(root, outlet->path);
        outlet->replaced |= ok;
    } else {
        /* What an earlier run left goes only now; what is no file, and a shared standard output, is appended to. */
        if (outlet->regular)
            ok = !ftruncate(outlet->fd, 0) && !lseek(outlet->fd, 0, SEEK_SET);
        ok = ok && vprec_json_write(root, outlet->fd);
    }
    return ok || say_failed(outlet, errno);
}

bool vprec_outlet_close(vprec_outlet *outlet)
{
    errno = 0;
    const bool ok = !close(outlet->fd);
    const int error = errno;
    free(outlet->path);
    return ok || say_failed(outlet, error);
}
