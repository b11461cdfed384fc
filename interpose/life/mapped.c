/* SPDX-License-Identifier: Apache-2.0
 * mapped.c: see mapped.h. */
#include "mapped.h"
#include "runtime/sys.h"
#include <fcntl.h>
#include <unistd.h>

/* PROCMAP_QUERY (Linux 6.11): the mapping at an address. */
typedef struct query {
    uint64_t size, flags, address, start, end, has, page_size, offset, inode;
    uint32_t major, minor, name_size, id_size;
    uint64_t name, id;
} query;

/* The mapping that holds the address, from the text of /proc/self/maps: "7f00-8f00 r--p ...". */
static bool read_maps(int maps, query *q)
{
    char buffer[4096];
    uint64_t number[2] = {0, 0};
    unsigned field = 0, letter = 0; /* 0 start, 1 end, 2 what it has, 3 the rest of the line */
    long n;
    q->has = 0;
    while ((n = vprec_sys_read(maps, buffer, sizeof buffer)) > 0)
        for (long i = 0; i < n; i++) {
            const char c = buffer[i]; /* NOLINT(clang-analyzer-core.uninitialized.Assign): the system call sets it */
            if (c == '\n') {
                field = letter = 0;
                number[0] = number[1] = q->has = 0;
            } else if (field < 2 && c != '-' && c != ' ') {
                number[field] = number[field] << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
            } else if (field < 2) {
                field++;
            } else if (field == 2 && c != ' ') {
                q->has |= (uint64_t)(c == "rwxs"[letter & 3]) << letter;
                letter++;
            } else if (field == 2) {
                field++;
                q->start = number[0];
                q->end = number[1];
                if (q->address >= q->start && q->address < q->end)
                    return true;
            }
        }
    return false;
}

int vprec_mapped_open(void)
{
    return vprec_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
}

bool vprec_mapped_at(int maps, uint64_t address, vprec_mapped *mapped)
{
    enum { PROCMAP_QUERY = (int)0xC0686611 };
    query q = {.size = sizeof q, .address = address};
    bool found = !vprec_sys(SYS_ioctl, maps, (unsigned)PROCMAP_QUERY, (long)&q, 0, 0, 0) ||
                 (!vprec_sys(SYS_lseek, maps, 0, SEEK_SET, 0, 0, 0) && read_maps(maps, &q));
    *mapped = (vprec_mapped){q.start, q.end, q.has};
    return found;
}
