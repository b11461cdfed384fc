/* SPDX-License-Identifier: Apache-2.0
 * list.c: see list.h. First the functions, which tell what they refer to; then the code between them to which something
 * refers, twice, since it refers to more of its kind. */
#include "list.h"
#include "unit.h"

typedef struct listing {
    vprec_loaded *loaded;
    vprec_vec references; /* uint64_t: where calls lead, and addresses that code computes */
    vprec_vec functions;  /* vprec_symbol: that are read together */
    uint64_t bytes;       /* in them */
} listing;

/* Code of no function, where something leads to it: too much at a time would take too much memory, so that what leads
 * from one piece to the next may be missed. */
static bool list_gap(listing *t, uint64_t start, uint64_t end, bool records)
{
    enum { MOST = 4 << 20, FILLER = 64 };
    bool done = true;
    if (end - start <= FILLER && vprec_loaded_clean(t->loaded, start, end))
        return true;
    for (uint64_t at = start; at < end && done; at += MOST)
        done = vprec_unit_list(t->loaded, NULL, (vprec_extent){at, end - at < MOST ? end : at + MOST}, &t->references,
                               records);
    return done;
}

static bool list_functions(listing *t)
{
    enum { MANY = 1 << 20 };
    bool done = !t->functions.count ||
                vprec_unit_list(t->loaded, &t->functions, (vprec_extent){0, 0}, &t->references, true);
    if (t->references.count > MANY)
        vprec_vec_sort_u64(&t->references);
    t->functions.count = t->bytes = 0;
    return done;
}

static bool add_function(listing *t, const vprec_symbol *f)
{
    enum { BYTES = 1 << 16 }; /* so much at a time: each time costs, and so does memory */
    vprec_symbol *to = vprec_vec_add(&t->functions, 1);
    if (!to)
        return false;
    *to = *f;
    t->bytes += f->end - f->start;
    return t->bytes < BYTES || list_functions(t);
}

/* Goes through the functions, or through what lies between them. */
static bool walk(listing *t, bool functions, bool records)
{
    vprec_object *object = &t->loaded->object;
    bool done = true;
    for (size_t i = 0; i < object->code.count && done; i++) {
        vprec_extent e = VPREC_AT(object->code, vprec_extent, i);
        vprec_symbol f, after;
        bool found = vprec_object_function_next(object, e.start, e.end, &f);
        if (!functions && done)
            done = list_gap(t, e.start, found ? f.start : e.end, records);
        for (; found && done; f = after) {
            found = vprec_object_function_next(object, f.start + 1, e.end, &after);
            uint64_t stop = found ? after.start : e.end;
            f.end = f.end < stop ? f.end : stop;
            done = functions ? add_function(t, &f) : list_gap(t, f.end, stop, records);
        }
        done = done && list_functions(t);
    }
    vprec_vec_sort_u64(&t->references);
    return done;
}

bool vprec_list_object(vprec_loaded *l)
{
    listing t = {l, VPREC_VEC(uint64_t), VPREC_VEC(vprec_symbol), 0};
    bool done = walk(&t, true, true) && walk(&t, false, false) && walk(&t, false, true);
    vprec_vec_free(&t.references);
    vprec_vec_free(&t.functions);
    return done;
}
