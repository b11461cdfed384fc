/* SPDX-License-Identifier: Apache-2.0
 * preload.c: see preload.h. */
#include "preload.h"
#include "say.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "libvprec_preload.so"

char *vprec_self_directory(void)
{
    char *self = realpath("/proc/self/exe", NULL);
    if (!self) /* without /proc: as it was executed */
        self = realpath((const char *)getauxval(AT_EXECFN), NULL);
    if (self)
        *strrchr(self, '/') = 0;
    else
        vprec_say("cannot find itself (%s): check that /proc is there", strerror(errno));
    return self;
}

/* The path, resolved, of a library that can be read; else NULL. */
static char *readable(const char *file)
{
    char *path = realpath(file, NULL);
    if (path && !access(path, R_OK))
        return path;
    free(path);
    return NULL;
}

char *vprec_installed_find(const char *name, const char *built)
{
    /* In the build tree, in a tree that was installed, wherever it is now, and where it was to be installed. */
    const char *const places[] = {built, VPREC_PRELOAD_PLACE, VPREC_LIBDIR};
    char *self = vprec_self_directory(), *path = NULL;
    for (size_t i = 0; self && !path && i < sizeof places / sizeof *places; i++) {
        char *file = *places[i] == '/' ? vprec_text("%s/%s", places[i], name)
                                       : vprec_text("%s/%s/%s", self, places[i], name);
        path = readable(file);
        free(file);
    }
    free(self);
    return path;
}

char *vprec_preload_find(void)
{
    const char *named = getenv("VPREC_PRELOAD");
    char *path = NULL;
    if (named && *named) {
        path = readable(named);
        if (!path)
            vprec_say("VPREC_PRELOAD names '%s', which cannot be read (%s): correct or unset it", named,
                      strerror(errno));
        return path;
    }
    path = vprec_installed_find(LIBRARY, "../interpose");
    char *self = path ? NULL : vprec_self_directory();
    if (self)
        vprec_say("the preload library " LIBRARY " is missing: install vprec (expected in '%s/" VPREC_PRELOAD_PLACE
                  "' or '" VPREC_LIBDIR "'), or name it in VPREC_PRELOAD", self);
    free(self);
    return path;
}

/* The loader splits LD_PRELOAD at blanks and colons, and expands $ORIGIN and the like. */
static bool plain(const char *path)
{
    return !strpbrk(path, " :$");
}

bool vprec_preload_name_make(vprec_preload_name *name, const char *preload)
{
    char *temporary = getenv("TMPDIR") ? realpath(getenv("TMPDIR"), NULL) : NULL;
    const char *const places[] = {temporary, "/tmp", "/var/tmp", "/dev/shm"};
    *name = (vprec_preload_name){NULL, NULL};
    if (plain(preload))
        name->path = vprec_text("%s", preload);
    for (size_t i = 0; !name->path && i < sizeof places / sizeof *places; i++) {
        if (!places[i] || !plain(places[i]))
            continue;
        name->directory = vprec_text("%s/vprec-XXXXXX", places[i]);
        if (mkdtemp(name->directory)) {
            name->path = vprec_text("%s/" LIBRARY, name->directory);
            if (!chmod(name->directory, 0711) && !symlink(preload, name->path)) /* other users' processes load it too */
                break;
            rmdir(name->directory);
            free(name->path);
            name->path = NULL;
        }
        free(name->directory);
        name->directory = NULL;
    }
    free(temporary);
    if (!name->path)
        vprec_say("the path '%s' of the preload library has a blank, ':' or '$', which LD_PRELOAD cannot hold, and "
                  "neither $TMPDIR nor /tmp takes a link to it: point TMPDIR to a writable directory", preload);
    return name->path;
}

void vprec_preload_name_drop(vprec_preload_name *name, bool use)
{
    if (name->directory && use) {
        vprec_say("'%s' stays, by which the processes that still run find the preload library: remove it when they "
                  "have ended", name->directory);
    } else if (name->directory) {
        unlink(name->path);
        rmdir(name->directory);
    }
    free(name->path);
    free(name->directory);
    *name = (vprec_preload_name){NULL, NULL};
}
