/* SPDX-License-Identifier: Apache-2.0
 * mapping.c: makes the shared file of a run. */
#include "mapping.h"
#include "common/say.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* The file is sparse, but what many processes write is memory. */
#define ROOM_MOST (UINT64_C(1) << 32)
#define ROOM_LEAST (UINT64_C(1) << 20)

/* Never one of the standard streams: where one is closed we would write our messages into the file. */
static int memory_file(void)
{
    int fd = memfd_create("vprec", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
        fd = memfd_create("vprec", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return higher;
}

/* The file's bytes, meters and all. */
static uint64_t whole(uint64_t size, uint32_t meters)
{
    return size + (uint64_t)meters * VPREC_METER_BYTES;
}

/* Gives the file its size, once and for all. RLIMIT_FSIZE counts only here: what lies within the size is no growth. */
static bool set_size(int fd, uint64_t *size, uint32_t *meters, bool metered)
{
    struct rlimit limit, wide;
    uint64_t quarter = (uint64_t)sysconf(_SC_PHYS_PAGES) / 4 * VPREC_WIRE_PAGE;
    *size = quarter < ROOM_MOST ? quarter : ROOM_MOST;
    *meters = metered ? VPREC_METERS_MOST : 0;
    bool limited = !getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < whole(*size, *meters);
    if (limited) {
        wide = (struct rlimit){limit.rlim_max, limit.rlim_max};
        setrlimit(RLIMIT_FSIZE, &wide);
        if (*size > limit.rlim_max)
            *size = limit.rlim_max & ~(uint64_t)(VPREC_WIRE_PAGE - 1);
        while (*meters && whole(*size, *meters) > limit.rlim_max)
            *meters /= 2;
    }
    bool ok = *size >= ROOM_LEAST && !ftruncate(fd, (off_t)whole(*size, *meters));
    if (limited) {
        int error = *size < ROOM_LEAST ? EFBIG : errno;
        setrlimit(RLIMIT_FSIZE, &limit);
        errno = error;
    }
    return ok && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
}

/* A second descriptor, of a number that the program is not given natively: beyond its limit, which may be raised to
 * take it; else the highest. A program that closes all "below the limit" keeps the first. */
static int hand_on(int fd)
{
    enum { HIGH = 4080, ROOMY = 256 }; /* the kernel copies the table at each fork, up to the highest */
    enum { NESTED = 16 }; /* a vprec-run within another takes another number */
    struct rlimit limit, wide;
    int high = -1;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return -1;
    if (limit.rlim_cur > HIGH)
        return fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    wide.rlim_cur = limit.rlim_cur + NESTED;
    wide.rlim_max = limit.rlim_max > wide.rlim_cur ? limit.rlim_max : wide.rlim_cur;
    if (!setrlimit(RLIMIT_NOFILE, &wide)) {
        high = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (int i = 1; high < 0 && i <= NESTED && limit.rlim_cur >= ROOMY; i++)
        high = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - i);
    return high; /* where so few are allowed, the program needs each: its processes find the file in /proc */
}

bool vprec_mapping_create(vprec_mapping *mapping, const vprec_wire_config *config, const vprec_wire_recipe *recipe)
{
    struct stat st;
    *mapping = (vprec_mapping){.file = memory_file(), .handed = -1};
    if (mapping->file < 0) {
        vprec_say("cannot make a file in memory for the run's records (%s): vprec needs memfd_create, of Linux 3.17",
                  strerror(errno));
        return false;
    }
    void *wire = MAP_FAILED;
    bool metered = config->count == VPREC_COUNT_OPERATIONS || config->count == VPREC_COUNT_QUICK;
    mapping->head = VPREC_WIRE_HEAD;
    if (recipe)
        mapping->head += (vprec_wire_recipe_bytes(recipe->lines) + VPREC_WIRE_PAGE - 1) & ~(uint64_t)(VPREC_WIRE_PAGE - 1);
    if (set_size(mapping->file, &mapping->capacity, &mapping->meters, metered) && !fallocate(mapping->file, 0, 0, (off_t)mapping->head) &&
        !fchmod(mapping->file, 0600) && !fstat(mapping->file, &st))
        wire = mmap(NULL, mapping->head, PROT_READ | PROT_WRITE, MAP_SHARED, mapping->file, 0);
    if (wire == MAP_FAILED) {
        vprec_say("no room for the run's records (%s): %s", strerror(errno),
                  errno == EFBIG ? "allow files of 1 MiB (ulimit -f 1024)" : "free some memory");
        vprec_mapping_close(mapping);
        return false;
    }
    mapping->wire = wire;
    mapping->wire->magic = VPREC_WIRE_MAGIC;
    mapping->wire->capacity = mapping->capacity;
    mapping->wire->meters_most = mapping->meters;
    mapping->wire->config = *config;
    if (recipe) {
        mapping->wire->recipe = VPREC_WIRE_HEAD;
        mapping->wire->recipe_bytes = vprec_wire_recipe_bytes(recipe->lines);
        mapping->recipe = memcpy((char *)wire + VPREC_WIRE_HEAD, recipe, vprec_wire_recipe_bytes(recipe->lines));
        mapping->lines = recipe->lines;
    }
    atomic_store(&mapping->wire->used, mapping->head);
    mapping->handed = hand_on(mapping->file);
    const uint64_t places[VPREC_WIRE_PLACES] = {
        [VPREC_WIRE_DESCRIPTOR] = mapping->handed < 0 ? VPREC_WIRE_NO_DESCRIPTOR : (uint64_t)mapping->handed,
        [VPREC_WIRE_OWNER] = (uint64_t)getpid(),
        [VPREC_WIRE_OWNED] = (uint64_t)mapping->file,
        [VPREC_WIRE_DEVICE] = st.st_dev,
        [VPREC_WIRE_INODE] = st.st_ino,
        [VPREC_WIRE_VIA] = VPREC_WIRE_FIRST,
    };
    mapping->place = vprec_text("%" PRIu64, places[0]);
    for (int i = 1; i < VPREC_WIRE_ELEMENT; i++) {
        char *more = vprec_text("%s:%" PRIu64, mapping->place, places[i]);
        free(mapping->place);
        mapping->place = more;
    }
    return true;
}

/* Word by word, in their order, as who writes them does: read(2) promises neither. */
static void copy_words(char *to, const char *from, size_t size)
{
    size_t at = 0;
    for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
        const uint64_t word = *(const volatile uint64_t *)(const void *)(from + at);
        memcpy(to + at, &word, sizeof word);
    }
    memcpy(to + at, from + at, size - at);
}

/* Bytes that are there, from `offset` on; a page that is not would be made by looking at it. */
static bool copy_written(int file, char *to, uint64_t size, uint64_t offset)
{
    enum { WINDOW = 256 * VPREC_WIRE_PAGE };
    while (size) {
        const uint64_t before = offset % VPREC_WIRE_PAGE, room = WINDOW - before, part = size < room ? size : room;
        char *from = mmap(NULL, before + part, PROT_READ, MAP_SHARED, file, (off_t)(offset - before));
        if (from == MAP_FAILED)
            return false;
        copy_words(to, from + before, part);
        munmap(from, before + part);
        to += part;
        offset += part;
        size -= part;
    }
    return true;
}

bool vprec_mapping_copy(vprec_mapping *mapping, void *to, uint64_t size, uint64_t offset)
{
    const uint64_t end = offset + size;
    for (uint64_t at = offset; at < end; at = mapping->hole) {
        if (at < mapping->data || at >= mapping->hole) {
            const off_t data = lseek(mapping->file, (off_t)at, SEEK_DATA);
            if (data < 0 || (uint64_t)data >= end)
                break;
            const off_t hole = lseek(mapping->file, data, SEEK_HOLE);
            mapping->data = at = (uint64_t)data;
            mapping->hole = hole > data ? (uint64_t)hole : end;
        }
        const uint64_t part = (mapping->hole < end ? mapping->hole : end) - at;
        if (!copy_written(mapping->file, (char *)to + (at - offset), part, at))
            return false;
    }
    return true;
}

bool vprec_mapping_close(vprec_mapping *mapping)
{
    if (mapping->wire)
        munmap(mapping->wire, mapping->head);
    /* The kernel refuses this seal while anybody has the file mapped for writing. */
    bool used = mapping->wire && fcntl(mapping->file, F_ADD_SEALS, F_SEAL_WRITE) && errno == EBUSY;
    if (mapping->handed >= 0)
        close(mapping->handed);
    if (mapping->file >= 0)
        close(mapping->file);
    free(mapping->place);
    *mapping = (vprec_mapping){.file = -1, .handed = -1};
    return used;
}
