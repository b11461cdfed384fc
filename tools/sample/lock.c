/* SPDX-License-Identifier: Apache-2.0
 * lock.c: flock(2), and the number of the process that holds it. */
#include "lock.h"
#include "common/say.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "vprec " /* and the number of the process that holds it, or held it last */
enum { TRIES = 200, LIVING_TRIES = 6, PAUSE_US = 50000 };

bool vprec_lock_is_ours(int fd)
{
    struct stat st;
    char text[sizeof MARK] = "";
    return !fstat(fd, &st) && S_ISREG(st.st_mode) &&
           (!st.st_size || (pread(fd, text, sizeof text - 1, 0) > 0 && !strcmp(text, MARK)));
}

/* Whether the process that wrote its number into the lock is there, and no zombie, as it stays in a container where
 * nobody waits for orphans. */
static bool holder_lives(int lock)
{
    char text[32] = "", *line = NULL;
    bool any = pread(lock, text, sizeof text - 1, 0) > (ssize_t)strlen(MARK);
    long pid = any ? strtol(text + strlen(MARK), NULL, 10) : 0;
    if (pid <= 0 || (kill((pid_t)pid, 0) && errno != EPERM))
        return false;
    char *path = vprec_text("/proc/%ld/stat", pid), state = '?';
    FILE *file = fopen(path, "re");
    size_t size = 0;
    /* "7 (name) Z ...": the name may hold anything. */
    const char *end = file && getline(&line, &size, file) > 0 ? strrchr(line, ')') : NULL;
    if (end && end[1])
        state = end[2];
    if (file)
        fclose(file);
    free(line);
    free(path);
    return state != 'Z' && state != 'X';
}

static int open_lock(const char *directory)
{
    char *path = vprec_text("%s/" VPREC_LOCK_NAME, directory);
    int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (lock < 0) {
        vprec_say("cannot write to '%s' (%s): free room there, check its permissions, or name another --out", path,
                  strerror(errno));
    } else if (!vprec_lock_is_ours(lock)) {
        vprec_say("'%s' is not vprec's: move it away, or name another --out", path);
        close(lock);
        lock = -1;
    }
    free(path);
    return lock;
}

/* A run that was killed may not be gone yet, and leaves keepers that end its samples and hold the lock until then:
 * hence the tries. */
static bool wait_for(int lock, const char *directory)
{
    for (int i = 0; flock(lock, LOCK_EX | LOCK_NB); i++) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            vprec_say("cannot lock '%s' (%s): name another --out", directory, strerror(errno));
            return false;
        }
        if (i == TRIES || (i >= LIVING_TRIES && holder_lives(lock))) {
            vprec_say("another %s is using '%s': wait for its end, or name another --out", vprec_command, directory);
            return false;
        }
        usleep(PAUSE_US);
    }
    return true;
}

int vprec_lock_take(const char *directory)
{
    int lock = open_lock(directory);
    if (lock >= 0 && !wait_for(lock, directory)) {
        close(lock);
        return -1;
    }
    /* For others to know that we live; without room they wait in vain, no more. */
    if (lock >= 0 && !ftruncate(lock, 0))
        dprintf(lock, MARK "%ld\n", (long)getpid());
    return lock;
}
