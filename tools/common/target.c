/* SPDX-License-Identifier: Apache-2.0
 * target.c: looks at how a file begins. A report that was cut off by a full disk is known that way, too. */
#include "target.h"
#include "say.h"
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int vprec_target_standard(const char *path)
{
    struct stat named, open;
    if (stat(path, &named) || !S_ISREG(named.st_mode))
        return -1;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (!fstat(fd, &open) && open.st_dev == named.st_dev && open.st_ino == named.st_ino)
            return fd;
    return -1;
}

static bool matches(const char *text, const char *begins)
{
    for (; *begins; begins++)
        if (*begins == '#' && isdigit((unsigned char)*text))
            text += strspn(text, "0123456789");
        else if (*text++ != *begins)
            return false;
    return true;
}

bool vprec_target_check(const char *path, const char *begins)
{
    struct stat st;
    char text[256];
    if (!strcmp(path, "-") || stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size ||
        vprec_target_standard(path) >= 0)
        return true; /* what else is wrong with it, opening it tells */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[size < 0 ? 0 : size] = '\0';
    if (matches(text, begins))
        return true;
    vprec_say("'%s' is in the way, and %s did not write it: move it away, or name another file", path, vprec_command);
    return false;
}
