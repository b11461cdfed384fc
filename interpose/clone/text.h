/* SPDX-License-Identifier: Apache-2.0
 * text.h: the pages of one object's code in this process: which may run, what was loaded there, patches of them. And
 * what belongs to the object's translation: the pool of its clones, a heap. Decides nothing. */
#ifndef VPREC_CLONE_TEXT_H
#define VPREC_CLONE_TEXT_H

#include "arena.h"
#include "strays.h"

/* What stands where nobody may come, or is to be led to a clone: hlt, a byte that the processor does not let a program
 * execute (SIGSEGV). Not int3, which is a debugger's. */
enum { VPREC_TRAP_BYTE = 0xF4 };

/* States of a page. */
enum {
    VPREC_PAGE_CODE = 1, /* of an executable segment */
    VPREC_PAGE_RUNS = 2, /* it has X */
    VPREC_PAGE_WRITTEN = 4, /* instead of these: the program may be writing there */
    VPREC_PAGE_CHANGED = 8  /* it has: what is there is not what the file has */
};

typedef struct vprec_text_pages {
    uint64_t lo, hi;     /* the object's span, whole pages */
    vprec_arena own, *arena; /* whose clones they are: its own, unless others share one */
    vprec_heap heap;     /* what lives as long as the object */
    uint8_t *state;      /* by page from `lo` on */
    uint8_t **loaded;    /* by page: a copy of what was loaded there, once it is patched */
    vprec_strays strays; /* of the pages that have got X */
    vprec_vec foreign;   /* uint64_t: where somebody else has written int3, a debugger; sorted */
    bool failed;         /* pages could not be given back what they had */
} vprec_text_pages;

/* One patch: at most 8 bytes. */
typedef struct vprec_poke {
    uint64_t at;
    uint8_t bytes[8];
    uint8_t count;
} vprec_poke;

/* Appends one. False: no memory. */
static inline bool vprec_poke_add(vprec_vec *pokes, uint64_t at, const void *bytes, uint8_t count)
{
    vprec_poke *to = (vprec_poke *)vprec_vec_add(pokes, 1);
    if (to) {
        to->at = at;
        to->count = count;
        __builtin_memcpy(to->bytes, bytes, count);
    }
    return to;
}

/* Nothing is changed yet; all code pages run. `segments`: vprec_extent, executable. False: no memory. */
bool vprec_text_open(vprec_text_pages *text, uint64_t lo, uint64_t hi, const vprec_vec *segments);
/* Whoever dropped its images gives back all that it took. The pages are left as they are. */
void vprec_text_close(vprec_text_pages *text);

/* Takes X from all code pages. False: the kernel does not let it be given back (nothing is changed then). */
bool vprec_text_strip(vprec_text_pages *text);

static inline uint8_t *vprec_text_state(const vprec_text_pages *text, uint64_t address)
{
    return &text->state[(address - text->lo) >> 12];
}

static inline bool vprec_text_has(const vprec_text_pages *text, uint64_t address)
{
    return address >= text->lo && address < text->hi && *vprec_text_state(text, address) & VPREC_PAGE_CODE;
}

/* The bytes from `address` on as they were loaded. */
void vprec_text_read(const vprec_text_pages *text, uint64_t address, void *to, size_t bytes);
/* The same without a copy where nothing there is patched, else by `room`. */
const uint8_t *vprec_text_view(const vprec_text_pages *text, uint64_t address, uint8_t *room, size_t bytes);

/* Somebody else has written int3 at `address`, where `loaded` was; the page is not patched yet, or only so. False: no
 * memory. */
bool vprec_text_foreign(vprec_text_pages *text, uint64_t address, uint8_t loaded);

/* Whether a copy of what was loaded there is kept. */
static inline bool vprec_text_is_kept(const vprec_text_pages *text, uint64_t address)
{
    return text->loaded[(address - text->lo) >> 12];
}

/* What is there now counts as loaded. */
static inline void vprec_text_forget(vprec_text_pages *text, uint64_t address)
{
    text->loaded[(address - text->lo) >> 12] = NULL;
}

/* Makes the pages of [start, end) executable. False: the kernel refuses. */
bool vprec_text_run(vprec_text_pages *text, uint64_t start, uint64_t end);

/* The same for a page that has X as far as is known here. */
bool vprec_text_again(const vprec_text_pages *text, uint64_t page);

/* Writes the patches (vprec_poke, sorted by address); the pages keep their state. Calls no library: it may be what is
 * being written. False: not permitted; what was written then is harmless. */
bool vprec_text_patch(vprec_text_pages *text, const vprec_vec *pokes);

#endif
