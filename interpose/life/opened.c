/* SPDX-License-Identifier: Apache-2.0
 * opened.c: see opened.h. Languages that collect garbage read their code, and write to it, all the time: patches in it
 * would be read. So one region that is written after it ran speaks for all that its owner makes. */
#include "opened.h"
#include "gap.h"
#include "keep.h"
#include "retired.h"
#include "runtime/sys.h"
#include "syscalls.h"
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096 };

_Atomic unsigned vprec_opened_count;

enum { READABLE = 1, WRITABLE = 2, EXECUTABLE = 4, SHARED = 8 };

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

static bool look_up(int maps, query *q)
{
    enum { PROCMAP_QUERY = (int)0xC0686611 };
    return !vprec_sys(SYS_ioctl, maps, (unsigned)PROCMAP_QUERY, (long)q, 0, 0, 0) ||
           (!vprec_sys(SYS_lseek, maps, 0, SEEK_SET, 0, 0, 0) && read_maps(maps, q));
}

/* Whether nobody writes to the memory but by its own mapping, which may be read; `*writes`: that has W. */
static bool is_private(uint64_t lo, uint64_t hi, bool *writes)
{
    int maps = vprec_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    bool all = maps >= 0, first = true;
    *writes = false;
    for (uint64_t at = lo; at < hi && all;) {
        query q = {.size = sizeof q, .address = at};
        all = look_up(maps, &q) && q.has & READABLE && !(q.has & (SHARED | EXECUTABLE)) &&
              (first || *writes == !!(q.has & WRITABLE));
        *writes = q.has & WRITABLE;
        first = false;
        at = q.end;
    }
    if (maps >= 0)
        vprec_sys_close(maps);
    return all;
}

/* Whose code is written after it ran. */
static vprec_vec rewriters = {.size = sizeof(const vprec_object_record *)};

static bool is_rewriter(const vprec_object_record *owner)
{
    for (size_t i = 0; i < rewriters.count; i++)
        if (VPREC_AT(rewriters, const vprec_object_record *, i) == owner)
            return true;
    return false;
}

static void watch(vprec_loaded *l)
{
    l->phase = VPREC_PHASE_CHANGES;
    if (is_rewriter(l->record) || !is_private(l->text.lo, l->text.hi, &l->writes))
        return;
    if (l->writes && vprec_sys_mprotect((void *)l->text.lo, l->text.hi - l->text.lo, PROT_READ))
        return;
    l->phase = VPREC_PHASE_WATCHED;
    if (l->writes && !atomic_fetch_add(&vprec_opened_count, 1))
        vprec_syscall_fills();
}

/* What was executed is translated anew, for patches this time. */
static bool begin(vprec_loaded *l)
{
    bool done = true;
    for (size_t i = 0; i < l->images.count && done; i++)
        done = vprec_keep_uncount(l, VPREC_AT(l->images, vprec_image *, i));
    vprec_retired_add_all(l);
    l->phase = VPREC_PHASE_OPEN;
    for (size_t i = 0; i < l->executed.count && done; i++) {
        uint64_t at = VPREC_AT(l->executed, uint64_t, i);
        done = vprec_image_of(at) || vprec_gap_translate(l, at);
    }
    if (!done)
        vprec_opened_end(l);
    return done;
}

bool vprec_opened_enter(vprec_loaded *l)
{
    enum { WATCHED = 32, OPEN = 128 };
    l->entries += l->entries < OPEN;
    if (l->phase == VPREC_PHASE_FRESH && l->entries >= WATCHED)
        watch(l);
    return l->phase == VPREC_PHASE_WATCHED && l->entries >= OPEN && begin(l);
}

bool vprec_opened_knows(vprec_loaded *l, uint64_t page)
{
    if (vprec_gap_closed(l, page))
        return false;
    bool knows = true;
    for (uint64_t at = page; at < page + PAGE && knows;) {
        uint64_t stop;
        const vprec_image *image = vprec_image_stretch(at, page + PAGE, &stop);
        knows = image || vprec_loaded_clean(l, at, stop);
        at = stop;
    }
    if (!knows && vprec_vec_add_u64(&l->closed, page))
        vprec_vec_sort_u64(&l->closed);
    return knows;
}

/* Memory that the program has given back is zero since. */
static bool is_dropped(const uint8_t *page)
{
    return !*page && !memcmp(page, page + 1, PAGE - 1);
}

static void restore(vprec_loaded *l, int protection)
{
    vprec_text_pages *t = &l->text;
    vprec_sys_mprotect((void *)t->lo, t->hi - t->lo, PROT_READ);
    for (uint64_t page = t->lo; page < t->hi; page += PAGE) {
        uint8_t **loaded = &t->loaded[(page - t->lo) / PAGE];
        *vprec_text_state(t, page) &= (uint8_t)~VPREC_PAGE_RUNS;
        if (*loaded && !is_dropped((const uint8_t *)page) &&
            !vprec_sys_mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE))
            memcpy((void *)page, *loaded, PAGE);
        *loaded = NULL;
    }
    vprec_sys_mprotect((void *)t->lo, t->hi - t->lo, protection);
}

void vprec_opened_end(vprec_loaded *l)
{
    const enum vprec_phase before = l->phase;
    if (before == VPREC_PHASE_CHANGES || !l->entries)
        return;
    l->phase = VPREC_PHASE_CHANGES;
    if (before == VPREC_PHASE_FRESH)
        return;
    const int protection = PROT_READ | (l->writes ? PROT_WRITE : 0);
    if (l->writes)
        atomic_fetch_sub(&vprec_opened_count, 1);
    if (before == VPREC_PHASE_OPEN) {
        restore(l, protection);
        for (size_t i = 0; i < l->images.count; i++)
            vprec_keep_uncount(l, VPREC_AT(l->images, vprec_image *, i));
        vprec_retired_add_all(l);
        l->closed.count = l->gaps.count = 0;
    } else if (l->writes) {
        vprec_sys_mprotect((void *)l->text.lo, l->text.hi - l->text.lo, protection);
    }
}

bool vprec_opened_written(vprec_loaded *l, uint64_t address)
{
    if (!l->generated || !l->writes)
        return false;
    if (l->phase == VPREC_PHASE_CHANGES) { /* another thread's write was quicker, unless the program itself took W */
        bool writes = false;
        return is_private(vprec_page_start(address), vprec_page_start(address) + PAGE, &writes) && writes;
    }
    const vprec_object_record **owner = is_rewriter(l->record) ? NULL : vprec_vec_add(&rewriters, 1);
    if (owner)
        *owner = l->record;
    vprec_opened_end(l);
    return true;
}
