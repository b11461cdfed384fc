/* SPDX-License-Identifier: Apache-2.0
 * flips.c: memory that is written while it is not executable and executed while it is not writable, as LLVM, V8 and
 * XLA have it: RW, RX, RW, RX, of one page or of one among many, by mprotect and by pkey_mprotect, with other code
 * each time, or with the same, or with one byte changed, or with code that waits and has not run yet. */
#include "kernels.h"
#include <string.h>

enum { PAGES = 6, ROUNDS = 60 };

int main(int argc, char **argv)
{
    struct record *record;
    struct kind kinds[PAGES];
    uint8_t *code;
    unsigned offset;

    start(argc, argv);
    record = record_new(0);
    offset = draw(record, 64);
    code = map(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, -1);
    for (int i = 0; i < PAGES; i++) {
        kinds[i] = draw_kind(record);
        emit(code + i * PAGE + offset, kinds[i]);
    }
    protect(code, PAGES * PAGE, PROT_READ | PROT_EXEC);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned page = draw(record, PAGES), change = draw(record, 4);
        uint8_t *at = code + page * PAGE;

        if (i % 5 == 4)
            need(!pkey_mprotect(at, PAGE, PROT_READ | PROT_WRITE, -1), "pkey_mprotect");
        else
            protect(at, PAGE, PROT_READ | PROT_WRITE);
        if (change == 1)
            kinds[page] = draw_kind(record);
        else if (change == 2)
            kinds[page] = other_kind(record, kinds[page]);
        if (change)
            emit(at + offset, kinds[page]);
        if (i % 5 == 3)
            need(!pkey_mprotect(at, PAGE, PROT_READ | PROT_EXEC, -1), "pkey_mprotect");
        else
            protect(at, PAGE, PROT_READ | PROT_EXEC);
        if (i % 7 != 6)
            run(record, kinds[page], at + offset, 1 + i % 2);
        page = draw(record, PAGES);
        run(record, kinds[page], code + page * PAGE + offset, 1);
        if (i % 20 == 19) { /* all of it at once, and nothing changed */
            protect(code, PAGES * PAGE, PROT_READ | PROT_WRITE);
            protect(code, PAGES * PAGE, PROT_READ | PROT_EXEC);
        }
    }
    record_print(record);
    return 0;
}
