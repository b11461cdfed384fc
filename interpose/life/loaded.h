/* SPDX-License-Identifier: Apache-2.0
 * loaded.h: an object of the loader's list, or code that the program made, while it is translated on demand: what is
 * known of it so far. */
#ifndef VPREC_LIFE_LOADED_H
#define VPREC_LIFE_LOADED_H

#include "bystanders.h"
#include "find/offsets.h"
#include "job.h"
#include "scope/adapters.h"
#include "visits.h"

/* Whether generated code still changes: see opened.h. */
enum vprec_phase {
    VPREC_PHASE_FRESH,
    VPREC_PHASE_WATCHED, /* the program cannot write there unseen */
    VPREC_PHASE_OPEN,
    VPREC_PHASE_CHANGES
};

/* What a clone's call jumps to, and what that was at first. */
typedef struct vprec_link {
    uint64_t *slot, original;
} vprec_link;

/* An object of the loader's list that is instrumented. */
typedef struct vprec_loaded {
    vprec_object object;
    vprec_text_pages text;
    vprec_object_record *record;
    const vprec_adapter *adapter; /* is asked before it runs; NULL: none, or it was */
    bool selected;     /* else only what it has for others */
    unsigned preset;   /* see presets.h; 0 none */
    enum vprec_isa isa; /* what the clones may use */
    bool generated;    /* it is no object, but code that the program made */
    bool writable;     /* with that: code there may write to itself */
    bool fixed;        /* or: nobody can change it */
    bool only_watched; /* nothing of it is translated: see devices.h */
    bool quiet;        /* all of it was translated at once: no signal leads to its clones */
    enum vprec_phase phase;
    bool writes;       /* once it is watched: the program has W */
    unsigned entries;  /* until it is open */
    vprec_vec executed; /* uint64_t: where control has come to that was not translated; sorted */
    uint64_t callers;  /* where its code starts, if callers.h knows it; 0 */
    vprec_vec images;  /* vprec_image * */
    vprec_vec gates;   /* uint64_t: words of the GOT that lead to functions with gates; sorted */
    vprec_vec targets; /* uint64_t: those, and the PLT's entries that jump through them; sorted */
    vprec_vec tails;   /* uint64_t: functions of the object that may have gates of their own; sorted */
    vprec_vec named;   /* uint64_t: functions of the object that are operations or scopes, where all are known; sorted */
    vprec_visits visits;
    vprec_vec gaps;    /* vprec_gap: see gap.c */
    vprec_vec pieces;  /* uint64_t: starts of parts of pages that gap.c has looked at; sorted */
    vprec_offsets leads; /* see leads.h */
    bool leads_read;
    vprec_vec chosen;  /* vprec_chosen: code that no function tells of, once it is translated; sorted by start, disjoint */
    vprec_strays counted; /* starts of functions that rules and records have counted */
    vprec_vec closed;  /* uint64_t: pages that never get X; sorted */
    vprec_vec words;   /* uint64_t: where the object needs no relocations: what of its data may lead into the middle of
                          its functions; sorted */
    bool words_read;
    vprec_vec parts;   /* uint64_t: see vprec_job */
    vprec_vec recorded; /* likewise */
    size_t sorted;      /* so many of them, by start */
    uint32_t live_vectors, live_masks; /* extended registers that callers seen so far keep across calls */
    vprec_vec launches;  /* uint64_t: functions that wait for devices.h; sorted */
    vprec_vec undone;    /* see written.c */
    vprec_vec links;     /* vprec_link: calls by clones that were led to the callees' clones */
    vprec_vec bystanders; /* vprec_bystander: of threads that may stand in patches that wait; sorted */
} vprec_loaded;

/* One of which nothing is known yet; NULL: no memory. And its end: nothing runs there any more. */
vprec_loaded *vprec_loaded_make(void);
void vprec_loaded_free(vprec_loaded *loaded);

/* An image of it that nothing runs in any more; who lists it forgets it. */
void vprec_loaded_drop(const vprec_loaded *loaded, vprec_image *image);

typedef struct vprec_chosen {
    uint64_t start, end;
    bool selected;
} vprec_chosen;

/* Where code is executed that no function tells of. Its pages wait without X until some of its entries are known:
 * what starts there is code for sure. Then all that looks like code is guarded. Where there is much of it (Chromium's
 * 235 MB) each page is guarded at once, by itself, and once more when something on it is translated and it has no X
 * yet. */
typedef struct vprec_gap {
    uint64_t start, end;
    uint64_t entries;
    bool swept;
} vprec_gap;

/* Whether the function that starts there is counted for the first time. */
bool vprec_loaded_counts(vprec_loaded *loaded, uint64_t start);

/* Whether nothing in [start, end) can be decoded that a clone would change. x87 arithmetic, which only an audit asks
 * for, is not looked for: its opcodes stand at some offset of every page. */
bool vprec_loaded_clean(const vprec_loaded *loaded, uint64_t start, uint64_t end);
/* Whether the code need not be decoded: an audit asks for all that is executed. */
bool vprec_loaded_idle(const vprec_loaded *loaded, uint64_t start, uint64_t end);

#endif
