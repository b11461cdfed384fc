/* SPDX-License-Identifier: Apache-2.0
 * cloner.h: what clone.c and jump.c share while they write the clones of one object. */
#ifndef VPREC_CLONE_CLONER_H
#define VPREC_CLONE_CLONER_H

#include "clone.h"
#include "find/live.h"

/* A rel32 in a clone that awaits its target's address. */
typedef struct vprec_fixup {
    uint8_t *at;
    uint64_t target;   /* original address */
    uint32_t function; /* whose clone it is in */
} vprec_fixup;

/* What the clones of one version are. */
typedef struct vprec_cloner_version {
    uint32_t *clone_at; /* by vprec_mark_index: the clone's offset from `base`, 0 none */
    uint64_t *slots;    /* by function: where its entry stub jumps; behind them those of the doors */
    size_t slot_count;
    vprec_vec doors;    /* vprec_door: see jump.c */
    vprec_vec halls;    /* likewise, of functions that are scopes */
} vprec_cloner_version;

/* The number under which executions of an instruction are counted. */
typedef struct vprec_cloner_noted {
    uint64_t at;
    uint32_t number;
} vprec_cloner_noted;

/* runs.c's: the run that is being cloned. */
typedef struct vprec_cloned_run {
    uint64_t start, end;
    size_t place;     /* index of the instruction before which its counter stands */
    uint32_t first;   /* of the image's run_sites */
    uint32_t counter; /* its place in the meters; 0: nothing is counted with it */
    bool flags_free;
} vprec_cloned_run;

typedef struct vprec_cloner {
    vprec_image *image;
    vprec_codemap *map;
    const vprec_clone_options *options;
    vprec_code code;
    uint8_t *base;      /* before the first clone: what offsets count from */
    vprec_cloner_version versions[VPREC_VERSIONS_MAX], *now; /* the one that is being written */
    unsigned version;   /* its number */
    unsigned works;     /* the version whose arithmetic the function has, */
    const vprec_arith *arith; /* and what that rounds */
    uint32_t *tables_at; /* the memory of all these tables */
    uint32_t *way_at;   /* by vprec_mark_index: what leads to the clone of the thread's version, as an offset; 0 none */
    size_t way;         /* its next slot */
    vprec_vec noted;    /* vprec_cloner_noted, sorted */
    vprec_vec fixups;
    size_t slot_room;
    size_t extent_slot; /* of code that may change: where stores.c keeps a number */
    size_t link_slot, link_end; /* of calls that clones make themselves: where they lead; the next one free */
    size_t tie_slot, slot_end; /* a byte for each site: see vprec_round_context.often; and behind the last of a version */
    size_t tie_bytes;     /* sites that have theirs */
    vprec_arena_room room;
    vprec_heap *heap;   /* for the emulated sites */
    uint64_t enter_stub; /* jmp [&vprec_enter] */
    uint32_t function;
    uint64_t low, high;   /* of the function: first and last address an indirect jump may lead to */
    vprec_vec tables;     /* uint8_t *: displacements in it that await its table of landings */
    vprec_vec live;       /* vprec_live, of the function */
    const vprec_live *here; /* the instruction that is being cloned */
    vprec_vec ties;       /* of the function: code to be put out of the way */
    vprec_vec moves;      /* vprec_move: what the code since `code.from` has moved */
    int halves, turn[2];  /* see round.h */
    vprec_vec metered;    /* vprec_metered, of the function; and runs.c's: */
    vprec_cloned_run run;
    uint32_t lanes, extent; /* places for the site that is being cloned */
    vprec_round_context round;
} vprec_cloner;

/* The moves noted from here on belong to what begins here. */
static inline void vprec_cloner_note(vprec_cloner *k)
{
    k->moves.count = 0;
    k->code.from = k->code.at;
}

/* The code since `before` belongs to an original instruction of `length` bytes; 0: to the range that has begun. */
static inline void vprec_cloner_step(vprec_cloner *k, unsigned length, const uint8_t *before)
{
    if (!vprec_where_step(&k->image->where, length, (size_t)(k->code.at - before), &k->moves))
        k->code.full = true;
    vprec_cloner_note(k);
}

/* From here on the code belongs to `original`: see where.h. */
static inline void vprec_cloner_begin(vprec_cloner *k, enum vprec_where_kind kind, uint64_t original)
{
    if (!vprec_where_add(&k->image->where, kind, (uint64_t)k->code.at, original))
        k->code.full = true;
    vprec_cloner_note(k);
}

/* The end of a range without original instructions, if one is open: its moves are those of one step. */
static inline void vprec_cloner_end(vprec_cloner *k)
{
    if (k->code.from != k->code.at)
        vprec_cloner_step(k, 0, k->code.from);
}

static inline vprec_code_function *vprec_cloner_function(const vprec_cloner *k, size_t i)
{
    return &VPREC_AT(k->map->functions, vprec_code_function, i);
}

/* Whether it is a site that is to be rounded. */
bool vprec_cloner_rounds(const vprec_cloner *k, const vprec_insn *insn);

/* clone.c: calls the emulator for `site`; see enter.h for the protocol. Returns the copy that is kept, or NULL. */
vprec_site *vprec_cloner_enter(vprec_cloner *k, const vprec_site *site);

/* Where only selected code enters the clone, and the original stays as it is. */
static inline vprec_gate *vprec_cloner_gate(const vprec_cloner *k)
{
    return VPREC_AT(k->map->functions, vprec_code_function, k->function).gate;
}

#endif
