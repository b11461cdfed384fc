/* SPDX-License-Identifier: Apache-2.0
 * mapping.c: makes and removes the shared file of a run. */
#include "mapping.h"
#include "common/say.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_MOST (UINT64_C(1) << 30)
#define ROOM_GOOD (UINT64_C(64) << 20)
#define ROOM_LEAST (UINT64_C(1) << 20)

/* How large a file may grow in `directory`. A sparse file takes no room
 * before it is written, but writing beyond the room raises SIGBUS in the
 * program: so never promise more than half of what is free. */
static uint64_t room_in(const char *directory)
{
    struct statvfs fs;
    struct rlimit limit;
    if (statvfs(directory, &fs) || access(directory, W_OK | X_OK))
        return 0;
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize / 2;
    if (room > ROOM_MOST)
        room = ROOM_MOST;
    if (!getrlimit(RLIMIT_FSIZE, &limit) && room > limit.rlim_cur)
        room = limit.rlim_cur;
    return room & ~(uint64_t)4095;
}

/* Makes a file of `room` bytes, or of less where that is refused, and maps it. */
static bool create_in(vprec_mapping *mapping, const char *directory, uint64_t room)
{
    char *path = vprec_text("%s/vprec-XXXXXX", directory);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        free(path);
        return false;
    }
    void *wire = MAP_FAILED;
    for (; wire == MAP_FAILED && room >= ROOM_LEAST; room = room / 2 & ~(uint64_t)4095) {
        if (ftruncate(fd, (off_t)room))
            continue;
        wire = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
        mapping->capacity = room;
    }
    close(fd);
    if (wire == MAP_FAILED) {
        unlink(path);
        free(path);
        return false;
    }
    mapping->wire = wire;
    mapping->path = path;
    return true;
}

bool vprec_mapping_create(vprec_mapping *mapping, const vprec_wire_config *config)
{
    char *tmpdir = getenv("TMPDIR") ? realpath(getenv("TMPDIR"), NULL) : NULL;
    const char *directories[] = {"/dev/shm", tmpdir ? tmpdir : "/tmp", "/tmp"};
    const uint64_t enough[] = {ROOM_GOOD, ROOM_LEAST};
    *mapping = (vprec_mapping){NULL, 0, NULL};
    for (size_t pass = 0; pass < 2 && !mapping->wire; pass++)
        for (size_t i = 0; i < sizeof directories / sizeof *directories && !mapping->wire; i++) {
            uint64_t room = room_in(directories[i]);
            if (room >= enough[pass])
                create_in(mapping, directories[i], room);
        }
    free(tmpdir);
    if (!mapping->wire) {
        vprec_say("no room for the run's records in /dev/shm, $TMPDIR or /tmp: free 2 MiB in one of them, "
                  "or point TMPDIR to a writable directory");
        return false;
    }
    vprec_wire *wire = mapping->wire;
    wire->magic = VPREC_WIRE_MAGIC;
    wire->capacity = mapping->capacity;
    wire->config = *config;
    atomic_store(&wire->used, (sizeof *wire + 15) & ~(uint64_t)15);
    return true;
}

void vprec_mapping_unlink(vprec_mapping *mapping)
{
    if (mapping->path)
        unlink(mapping->path);
    free(mapping->path);
    mapping->path = NULL;
}

void vprec_mapping_close(vprec_mapping *mapping)
{
    vprec_mapping_unlink(mapping);
    if (mapping->wire)
        munmap(mapping->wire, mapping->capacity);
    mapping->wire = NULL;
}
