/* SPDX-License-Identifier: Apache-2.0
 * text.c: see text.h. */
#include "text.h"
#include "find/object.h"
#include "runtime/sys.h"

enum { PAGE = 4096 };

bool vprec_text_open(vprec_text_pages *text, uint64_t lo, uint64_t hi, const vprec_vec *segments)
{
    size_t pages = (hi - lo) / PAGE;
    *text = (vprec_text_pages){.lo = lo, .hi = hi, .own = {.lo = lo, .hi = hi}, .arena = &text->own,
                               .strays = {.lo = lo, .hi = hi}, .foreign = VPREC_VEC(uint64_t)};
    text->state = vprec_heap_take(&text->heap, pages);
    text->loaded = vprec_pages(pages * sizeof *text->loaded);
    if (!text->state || !text->loaded) {
        vprec_text_close(text);
        return false;
    }
    for (size_t i = 0; i < segments->count; i++) {
        vprec_extent e = VPREC_AT(*segments, vprec_extent, i);
        for (uint64_t at = vprec_page_start(e.start); at < e.end; at += PAGE)
            *vprec_text_state(text, at) = VPREC_PAGE_CODE | VPREC_PAGE_RUNS;
    }
    return true;
}

void vprec_text_close(vprec_text_pages *text)
{
    vprec_pages_free(text->loaded, (text->hi - text->lo) / PAGE * sizeof *text->loaded);
    vprec_arena_free(&text->own);
    vprec_heap_free(&text->heap);
    vprec_strays_free(&text->strays);
    vprec_vec_free(&text->foreign);
    text->loaded = NULL;
    text->state = NULL;
}

/* The end of the run of code pages from `at` on whose state has or lacks `flag` as the first one's does. */
static uint64_t run_end(const vprec_text_pages *text, uint64_t at, uint64_t end, uint8_t flag)
{
    uint8_t first = *vprec_text_state(text, at) & flag;
    while (at < end && vprec_text_has(text, at) && (*vprec_text_state(text, at) & flag) == first)
        at += PAGE;
    return at;
}

bool vprec_text_strip(vprec_text_pages *text)
{
    for (uint64_t at = text->lo; at < text->hi;) {
        if (!vprec_text_has(text, at)) {
            at += PAGE;
            continue;
        }
        uint64_t end = run_end(text, at, text->hi, VPREC_PAGE_RUNS);
        if (vprec_sys_mprotect((void *)at, end - at, PROT_READ)) {
            vprec_text_run(text, text->lo, at);
            return false;
        }
        for (; at < end; at += PAGE)
            *vprec_text_state(text, at) &= (uint8_t)~VPREC_PAGE_RUNS;
    }
    return true;
}

__attribute__((noinline)) static void copy(uint8_t *to, const uint8_t *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = from[i];
        __asm__ volatile("" ::: "memory"); /* no call of memcpy */
    }
}

void vprec_text_read(const vprec_text_pages *text, uint64_t address, void *to, size_t bytes)
{
    uint8_t *out = to;
    while (bytes) {
        uint64_t page = vprec_page_start(address), offset = address - page;
        size_t n = PAGE - offset < bytes ? PAGE - offset : bytes;
        const uint8_t *loaded = address >= text->lo && address < text->hi ? text->loaded[(page - text->lo) / PAGE] : NULL;
        __builtin_memcpy(out, loaded ? loaded + offset : (const uint8_t *)address, n);
        out += n;
        address += n;
        bytes -= n;
    }
}

const uint8_t *vprec_text_view(const vprec_text_pages *text, uint64_t address, uint8_t *room, size_t bytes)
{
    for (uint64_t page = vprec_page_start(address); page < address + bytes; page += PAGE)
        if (text->loaded[(page - text->lo) / PAGE]) {
            vprec_text_read(text, address, room, bytes);
            return room;
        }
    return (const uint8_t *)address;
}

bool vprec_text_run(vprec_text_pages *text, uint64_t start, uint64_t end)
{
    for (uint64_t at = vprec_page_start(start); at < end;) {
        if (!vprec_text_has(text, at) || *vprec_text_state(text, at) & VPREC_PAGE_RUNS) {
            at += PAGE;
            continue;
        }
        uint64_t stop = run_end(text, at, end, VPREC_PAGE_RUNS);
        if (vprec_sys_mprotect((void *)at, stop - at, PROT_READ | PROT_EXEC))
            return false;
        for (; at < stop; at += PAGE)
            *vprec_text_state(text, at) |= VPREC_PAGE_RUNS;
    }
    return true;
}

bool vprec_text_again(const vprec_text_pages *text, uint64_t page)
{
    return vprec_text_has(text, page) && !vprec_sys_mprotect((void *)page, PAGE, PROT_READ | PROT_EXEC);
}

/* What was loaded there is kept. False: no memory. */
static bool keep(vprec_text_pages *text, uint64_t page)
{
    uint8_t **loaded = &text->loaded[(page - text->lo) / PAGE];
    if (*loaded)
        return true;
    uint8_t *kept = vprec_heap_take(&text->heap, PAGE);
    if (!kept)
        return false;
    copy(kept, (const uint8_t *)page, PAGE);
    *loaded = kept;
    return true;
}

bool vprec_text_foreign(vprec_text_pages *text, uint64_t address, uint8_t loaded)
{
    uint64_t page = vprec_page_start(address);
    size_t place = vprec_sorted_below(text->foreign.data, text->foreign.count, sizeof address, 0, address, false);
    if (place < text->foreign.count && VPREC_AT(text->foreign, uint64_t, place) == address)
        return true;
    uint64_t *to = keep(text, page) ? vprec_vec_insert(&text->foreign, place) : NULL;
    if (to) {
        *to = address;
        text->loaded[(page - text->lo) / PAGE][address - page] = loaded;
    }
    return to;
}

static int protection(const vprec_text_pages *text, uint64_t page)
{
    return *vprec_text_state(text, page) & VPREC_PAGE_RUNS ? PROT_READ | PROT_EXEC : PROT_READ;
}

static bool write_bytes(int mem, uint64_t at, const void *bytes, long count)
{
    return count <= 0 || vprec_sys(SYS_pwrite64, mem, (long)bytes, count, (long)at, 0, 0) == count;
}

/* What every processor executes from now on was written before. */
static void synchronize(void)
{
    enum { SYNC_CORE = 1 << 5, REGISTER = 1 << 6 }; /* MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, and to use it */
    vprec_sys_barrier(SYNC_CORE, REGISTER);
}

/* Where the process may not have one mapping more: through /proc. Threads run on meanwhile, so a trap is written first,
 * then what is behind it, then what is to be in its place. Where a call leads, the four bytes behind its first one, is
 * left: it leads to a trap. */
static bool write_through(vprec_text_pages *text, const vprec_vec *pokes)
{
    enum { DISPLACEMENT = 4, PASSES = 3 };
    const vprec_poke *p = pokes->data;
    for (size_t i = 0; i < pokes->count; i++)
        for (uint64_t page = vprec_page_start(p[i].at); page < p[i].at + p[i].count; page += PAGE)
            if (!keep(text, page))
                return false;
    const uint8_t trap = VPREC_TRAP_BYTE;
    int mem = vprec_sys_open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    bool written = mem >= 0;
    for (int pass = 0; pass < PASSES && written; pass++) {
        for (size_t i = 0; i < pokes->count && written; i++) {
            if (p[i].count == DISPLACEMENT)
                continue;
            if (pass == 0)
                written = write_bytes(mem, p[i].at, &trap, p[i].count > 1);
            else if (pass == 1)
                written = write_bytes(mem, p[i].at + 1, p[i].bytes + 1, p[i].count - 1);
            else
                written = write_bytes(mem, p[i].at, p[i].bytes, 1);
        }
        synchronize();
    }
    if (mem >= 0)
        vprec_sys_close(mem);
    return written;
}

bool vprec_text_patch(vprec_text_pages *text, const vprec_vec *pokes)
{
    const vprec_poke *p = pokes->data;
    for (size_t i = 0; i < pokes->count;) {
        /* a run of pages in one state, all of which are written */
        uint64_t start = vprec_page_start(p[i].at), end = start;
        size_t last = i;
        for (; last < pokes->count; last++) {
            uint64_t first = vprec_page_start(p[last].at), behind = vprec_page_end(p[last].at + p[last].count);
            if (first > end || protection(text, first) != protection(text, start) ||
                protection(text, behind - 1) != protection(text, start))
                break;
            for (uint64_t page = first; page < behind; page += PAGE)
                if (!keep(text, page))
                    return false;
            end = behind > end ? behind : end;
        }
        if (last == i) { /* over a border between two states: as if both ran; the second page faults once more */
            uint64_t behind = vprec_page_end(p[i].at + p[i].count);
            for (uint64_t page = start; page < behind; page += PAGE)
                if (!keep(text, page))
                    return false;
            end = behind;
            last = i + 1;
        }
        if (vprec_sys_mprotect((void *)start, end - start, PROT_READ | PROT_WRITE))
            return write_through(text, pokes); /* what was written is written once more */
        for (; i < last; i++)
            copy((uint8_t *)p[i].at, p[i].bytes, p[i].count);
        for (uint64_t at = start; at < end; at += PAGE) {
            uint64_t run = at;
            while (run + PAGE < end && protection(text, run + PAGE) == protection(text, at))
                run += PAGE;
            if (vprec_sys_mprotect((void *)at, run + PAGE - at, protection(text, at)))
                text->failed = true;
            at = run;
        }
        if (text->failed)
            return false;
    }
    return true;
}
