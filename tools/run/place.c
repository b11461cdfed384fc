/* SPDX-License-Identifier: Apache-2.0
 * place.c: see place.h. */
#include "place.h"
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

bool vprec_place_open(vprec_place *place, const char *file)
{
    struct stat st;
    *place = (vprec_place){.file = file, .fd = -1};
    if (!vprec_target_check(file, VPREC_REPORT_BEGINS))
        return false;
    /* Above 2: with stderr closed the report would take its place, and our messages. */
    int standard = standard_of(file);
    int fd = standard < 0 ? open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : standard;
    place->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    if (fd >= 0 && standard < 0)
        close(fd);
    if (place->fd < 0)
        vprec_say("cannot write the report to '%s' (%s): name a file in a writable directory", file, strerror(error));
    place->regular = place->fd >= 0 && standard < 0 && !fstat(place->fd, &st) && S_ISREG(st.st_mode);
    if (place->regular && !is_descriptor(file))
        place->path = realpath(file, NULL);
    return place->fd >= 0;
}

static bool say_failed(const vprec_place *place, int error)
{
    vprec_say("cannot write the report to '%s' (%s): free room there, or name another file", place->file,
              error ? strerror(error) : "write error");
    return false;
}

bool vprec_place_put(vprec_place *place, const json_t *root, bool last)
{
    bool ok = true;
    errno = 0;
    if (place->path && (!last || place->replaced)) {
        ok = vprec_json_replace(root, place->path);
        place->replaced |= ok;
    } else {
        /* What an earlier run left goes only now; what is no file, and a shared standard output, is appended to. */
        if (place->regular)
            ok = !ftruncate(place->fd, 0) && !lseek(place->fd, 0, SEEK_SET);
        ok = ok && vprec_json_write(root, place->fd);
    }
    return ok || say_failed(place, errno);
}

bool vprec_place_close(vprec_place *place)
{
    errno = 0;
    const bool ok = !close(place->fd);
    const int error = errno;
    free(place->path);
    return ok || say_failed(place, error);
}
