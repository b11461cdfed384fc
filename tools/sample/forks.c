/* SPDX-License-Identifier: Apache-2.0
 * forks.c: see forks.h: "wait:7:GLOB" or "cell:7:DIRECTORY". */
#include "forks.h"
#include "common/say.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

char *vprec_forks_text(int socket, const char *glob, const char *directory)
{
    return vprec_text("%s:%d:%s", glob ? "wait" : "cell", socket, glob ? glob : directory);
}

bool vprec_forks_read(vprec_forks *forks)
{
    const char *value = getenv(VPREC_FORKS_ENV);
    char *end = NULL;
    *forks = (vprec_forks){.socket = -1};
    if (!value || (strncmp(value, "wait:", 5) && strncmp(value, "cell:", 5)))
        return false;
    long number = strtol(value + 5, &end, 10);
    if (*end == ':' && number > 2 && fcntl((int)number, F_GETFD) >= 0) {
        forks->socket = (int)number;
        *(*value == 'w' ? &forks->glob : &forks->directory) = vprec_text("%s", end + 1);
        if (forks->directory)
            fcntl(forks->socket, F_SETFD, FD_CLOEXEC);
    }
    unsetenv(VPREC_FORKS_ENV);
    return forks->socket >= 0;
}
