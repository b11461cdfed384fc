/* SPDX-License-Identifier: Apache-2.0
 * visits.c: see visits.h. */
#include "visits.h"
#include <string.h>

enum { PAGE = 4096, MOST = PAGE / sizeof(vprec_visit) };

/* Never empty. */
typedef struct piece {
    uint64_t start; /* of its first */
    vprec_visit *visits;
    size_t count;
} piece;

static piece *piece_of(const vprec_visits *v, size_t i)
{
    return &VPREC_AT(v->pieces, piece, i);
}

/* The piece in which what starts at `address` belongs: the last that does not start behind it, else the first. */
static size_t piece_at(const vprec_visits *v, uint64_t address)
{
    size_t behind = VPREC_UP_TO(v->pieces, piece, start, address);
    return behind ? behind - 1 : 0;
}

/* Of a piece's functions, how many end at `address` or in front of it. */
static size_t place_in(const piece *p, uint64_t address)
{
    return vprec_sorted_below(p->visits, p->count, sizeof *p->visits, offsetof(vprec_visit, end), address, true);
}

vprec_visit *vprec_visit_next(const vprec_visits *v, uint64_t address)
{
    for (size_t i = piece_at(v, address); i < v->pieces.count; i++) {
        const piece *p = piece_of(v, i);
        size_t place = place_in(p, address);
        if (place < p->count)
            return &p->visits[place];
    }
    return NULL;
}

vprec_visit *vprec_visit_at(const vprec_visits *v, uint64_t address)
{
    vprec_visit *next = vprec_visit_next(v, address);
    return next && next->start <= address ? next : NULL;
}

/* A piece in front of number `i`, empty. NULL: no memory. */
static piece *add_piece(vprec_visits *v, size_t i)
{
    if (!v->pieces.size)
        v->pieces = VPREC_VEC(piece);
    vprec_visit *visits = vprec_pages(PAGE);
    piece *p = visits ? vprec_vec_insert(&v->pieces, i) : NULL;
    if (!p) {
        vprec_pages_free(visits, PAGE);
        return NULL;
    }
    p->visits = visits;
    return p;
}

/* Half of a full piece goes to one behind it. */
static bool split(vprec_visits *v, size_t i)
{
    piece *half = add_piece(v, i + 1), *p = piece_of(v, i);
    if (!half)
        return false;
    half->count = p->count / 2;
    p->count -= half->count;
    memcpy(half->visits, p->visits + p->count, half->count * sizeof *p->visits);
    half->start = half->visits->start;
    return true;
}

static bool insert(vprec_visits *v, vprec_visit new)
{
    if (!v->pieces.count && !add_piece(v, 0))
        return false;
    size_t i = piece_at(v, new.start);
    if (piece_of(v, i)->count == MOST) {
        if (!split(v, i))
            return false;
        i = piece_at(v, new.start);
    }
    piece *p = piece_of(v, i);
    size_t place = place_in(p, new.start);
    memmove(p->visits + place + 1, p->visits + place, (p->count++ - place) * sizeof *p->visits);
    p->visits[place] = new;
    p->start = p->visits->start;
    return true;
}

bool vprec_visit_set(vprec_visits *v, uint64_t start, uint64_t end, enum vprec_visit_state state)
{
    vprec_visit *known = vprec_visit_at(v, start);
    if (known && known->start == start) {
        known->state = state;
        return true;
    }
    if (known)
        known->end = start; /* what lies behind it is looked at again */
    const vprec_visit *next = vprec_visit_next(v, start);
    return insert(v, (vprec_visit){start, next && next->start < end ? next->start : end, state});
}

void vprec_visits_drop(vprec_visits *v, uint64_t start, uint64_t end)
{
    size_t pieces = 0;
    for (size_t i = 0; i < v->pieces.count; i++) {
        piece p = *piece_of(v, i);
        size_t kept = 0;
        for (size_t k = 0; k < p.count; k++)
            if (p.visits[k].start >= end || p.visits[k].end <= start)
                p.visits[kept++] = p.visits[k];
        p.count = kept;
        p.start = p.visits->start;
        if (kept)
            *piece_of(v, pieces++) = p;
        else
            vprec_pages_free(p.visits, PAGE);
    }
    v->pieces.count = pieces;
}

void vprec_visits_free(vprec_visits *v)
{
    for (size_t i = 0; i < v->pieces.count; i++)
        vprec_pages_free(piece_of(v, i)->visits, PAGE);
    vprec_vec_free(&v->pieces);
}
