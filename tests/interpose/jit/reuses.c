/* SPDX-License-Identifier: Apache-2.0
 * reuses.c: addresses that held code hold other code later: unmapped and mapped again, mapped over, emptied by
 * madvise, moved by mremap, and freed by one file's mapping for another's. */
#include "kernels.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUNDS = 12, SIZE = 2 * PAGE };

static void place(struct record *record, uint8_t *at, unsigned offset)
{
    struct kind kind = draw_kind(record);

    emit(at + offset, kind);
    protect(at, SIZE, PROT_READ | PROT_EXEC);
    run(record, kind, at + offset, 1);
    run(record, kind, at + offset, 2);
}

int main(int argc, char **argv)
{
    struct record *record;
    uint8_t *at, *other;

    start(argc, argv);
    record = record_new(0);
    at = map(NULL, SIZE, PROT_READ | PROT_WRITE, -1);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned offset = i % 3 ? 0 : PAGE - 50 + draw(record, 40);
        struct kind kind;

        place(record, at, offset); /* unmapped, mapped there again */
        unmap(at, SIZE);
        at = map(at, SIZE, PROT_READ | PROT_WRITE, -1);
        place(record, at, offset); /* mapped over */
        at = map(at, SIZE, PROT_READ | PROT_WRITE, -1);
        place(record, at, offset); /* emptied */
        protect(at, SIZE, PROT_READ | PROT_WRITE);
        need(!madvise(at, SIZE, MADV_DONTNEED), "madvise");
        place(record, at, offset); /* moved, other code at the old place, which runs on */
        kind = draw_kind(record);
        protect(at, SIZE, PROT_READ | PROT_WRITE);
        emit(at + offset, kind);
        protect(at, SIZE, PROT_READ | PROT_EXEC);
        run(record, kind, at + offset, 1);
        other = map(NULL, SIZE, PROT_NONE, -1);
        need(mremap(at, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, other) == other, "mremap");
        at = map(at, SIZE, PROT_READ | PROT_WRITE, -1);
        run(record, kind, other + offset, 1);
        place(record, at, offset);
        run(record, kind, other + offset, 1);
        unmap(other, SIZE);
        at = map(at, SIZE, PROT_READ | PROT_WRITE, -1);
    }
    record_print(record);
    return 0;
}
