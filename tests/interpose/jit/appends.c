/* SPDX-License-Identifier: Apache-2.0
 * appends.c: functions written one behind the other into memory that is writable and executable, as Xbyak's code
 * generators do: mapped RW and made RWX at once, or a piece of the heap made RWX between the program's own data. What
 * was there before goes on, also where two functions share a page or one lies over the edge of two. */
#include "kernels.h"
#include <string.h>

enum { PAGES = 2, MOST = PAGES * PAGE / 64 };

static void fill(struct record *record, uint8_t *code, unsigned gap)
{
    static struct kind kinds[MOST];
    static uint8_t *at[MOST];
    uint8_t *p = code, *end = code + PAGES * PAGE;
    unsigned n = 0;

    while (n < MOST && p + KERNEL_MOST <= end) {
        kinds[n] = draw_kind(record);
        at[n] = p;
        p += emit(p, kinds[n]);
        p += draw(record, gap + 1);
        run(record, kinds[n], at[n], 1);
        if (n % 4 == 3) {
            unsigned old = draw(record, n);

            run(record, kinds[old], at[old], 3);
        }
        n++;
    }
    for (unsigned i = 0; i < n; i += 5)
        run(record, kinds[i], at[i], 2);
}

int main(int argc, char **argv)
{
    struct record *record;
    uint8_t *mapped, *heap;
    volatile uint8_t *before, *after;
    unsigned sum = 0;

    start(argc, argv);
    record = record_new(0);
    mapped = map(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, -1);
    protect(mapped, PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    fill(record, mapped, 0);
    unmap(mapped, PAGES * PAGE);

    /* aligned, in the middle of the heap, with data on both sides in use */
    heap = malloc((PAGES + 2) * PAGE);
    need(heap != NULL, "malloc");
    before = heap;
    mapped = (uint8_t *)(((uintptr_t)heap + PAGE) & ~(uintptr_t)(PAGE - 1));
    after = mapped + PAGES * PAGE;
    protect(mapped, PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < 3; i++) {
        before[i] = after[i] = (uint8_t)(i + 7);
        fill(record, mapped, 32);
    }
    for (int i = 0; i < 3; i++)
        sum += before[i] + after[i];
    protect(mapped, PAGES * PAGE, PROT_READ | PROT_WRITE);
    free(heap);
    record_print(record);
    printf("beside the code %u\n", sum);
    return 0;
}
