/* SPDX-License-Identifier: Apache-2.0
 * peek.c: see peek.h. */
#include "peek.h"
#include "runtime/record.h"
#include "runtime/sys.h"

/* [text, length, ...]: short ones have their text in themselves, others their room in the third word. */
bool vprec_peek_string(uint64_t at, char text[VPREC_PEEK_LONGEST + 1])
{
    enum { SHORT = 15 };
    uint64_t word[3];
    if (!vprec_sys_peek(at, word, sizeof word) || word[1] > VPREC_PEEK_LONGEST ||
        !vprec_sys_peek(word[0], text, word[1] + 1) || text[word[1]])
        return false;
    return word[0] == at + 2 * sizeof *word ? word[1] <= SHORT : word[2] >= word[1];
}

/* In front of the text stand its length, its room and how many share it, less one. */
bool vprec_peek_old_string(uint64_t at, char text[VPREC_PEEK_LONGEST + 1])
{
    uint64_t to, word[3];
    if (!vprec_sys_peek(at, &to, sizeof to) || !vprec_sys_peek(to - sizeof word, word, sizeof word) ||
        word[0] > VPREC_PEEK_LONGEST || word[1] < word[0])
        return false;
    return vprec_sys_peek(to, text, word[0] + 1) && !text[word[0]];
}

bool vprec_peek_ask(_Atomic int *known, bool (*looks_right)(const void *thing), const void *thing, const char *unknown)
{
    int now = atomic_load_explicit(known, memory_order_acquire);
    if (now == VPREC_PEEK_UNASKED) {
        int before = VPREC_PEEK_UNASKED;
        now = looks_right(thing) ? VPREC_PEEK_KNOWN : VPREC_PEEK_OTHER;
        if (atomic_compare_exchange_strong(known, &before, now) && now == VPREC_PEEK_OTHER)
            vprec_record_warning(unknown);
    }
    return now == VPREC_PEEK_KNOWN;
}
