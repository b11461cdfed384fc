/* SPDX-License-Identifier: Apache-2.0
 * crowds.c: a process that has as many mappings as the kernel allows, vm.max_map_count, but for a few that it gives
 * back, and runs new code then: in memory that is writable and executable, in pages that lose and gain rights, and
 * functions of its own text that were not called before. Its own calls need no new mapping, so they succeed. */
#include "kernels.h"
#include <errno.h>
#include <string.h>

enum { PAGES = 16, MOST = 1 << 18, BACK = 2 };

static __attribute__((noinline)) void late(struct record *record)
{
    struct kind kind = {DIV, SSE_SCALAR, 0};
    float a, b;

    operands(record, kind);
    memcpy(&a, record->in, sizeof a);
    memcpy(&b, record->in + 64, sizeof b);
    a /= b;
    memcpy(record->out, &a, sizeof a);
    results(record, kind);
}

int main(int argc, char **argv)
{
    struct record *record;
    struct kind kinds[PAGES], kind;
    uint8_t *pages, *writable, *crowd;
    size_t count = 0;

    start(argc, argv);
    record = record_new(0);
    pages = map(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, -1);
    writable = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    for (int i = 0; i < PAGES; i++) {
        kinds[i] = draw_kind(record);
        emit(pages + i * PAGE, kinds[i]);
        if (i % 2) /* each is a mapping of its own already */
            protect(pages + i * PAGE, PAGE, PROT_READ | PROT_EXEC);
    }
    crowd = map(NULL, (size_t)MOST * PAGE, PROT_NONE, -1);
    while (++count < MOST / 2 && !mprotect(crowd + 2 * count * PAGE, PAGE, PROT_READ)) /* one becomes three */
        ;
    if (count == MOST / 2 || errno != ENOMEM) {
        fprintf(stderr, "%zu mappings are not too many\n", 2 * count);
        return 77;
    }
    for (int i = 0; i < BACK; i++)
        protect(crowd + 2 * --count * PAGE, PAGE, PROT_NONE);
    for (int i = 1; i < PAGES; i += 2)
        run(record, kinds[i], pages + i * PAGE, 2);
    for (int i = 0; i < 8; i++) {
        kind = draw_kind(record);
        emit(writable + i * 128, kind);
        run(record, kind, writable + i * 128, 1);
    }
    for (int i = 0; i < 4; i++) { /* neighbours get the same rights: fewer mappings than before */
        protect(pages + 2 * i * PAGE, PAGE, PROT_READ | PROT_EXEC);
        run(record, kinds[2 * i], pages + 2 * i * PAGE, 1);
    }
    for (int i = 1; i < PAGES; i += 2) { /* and back, which needs those */
        protect(pages + i * PAGE, PAGE, PROT_READ | PROT_WRITE);
        kinds[i] = other_kind(record, kinds[i]);
        emit(pages + i * PAGE, kinds[i]);
        protect(pages + i * PAGE, PAGE, PROT_READ | PROT_EXEC);
        run(record, kinds[i], pages + i * PAGE, 1);
    }
    late(record);
    unmap(crowd, (size_t)MOST * PAGE);
    for (int i = 1; i < PAGES; i += 2)
        run(record, kinds[i], pages + i * PAGE, 1);
    record_print(record);
    return 0;
}
