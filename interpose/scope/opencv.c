/* SPDX-License-Identifier: Apache-2.0
 * opencv.c: see opencv.h. A layer is an object of a class that derives from cv::dnn::Layer (its namespace has a number
 * for each version) and does its work in forward(inputs, outputs, internals), a virtual function:
 *
 *   ... finalize(2 vectors), finalize(2 arrays), forward(3 vectors), forward(3 arrays), ...
 *
 * Those with vectors are of long ago, and nearly no class has its own; those with arrays many have, forward() most of
 * all: so their slots are found (OpenCV 4 and 5 differ). A layer has two strings one behind the other, its name and
 * its type; where is learnt of the first ones that run. Such that are made to fold constants may have none. */
#include "opencv.h"
#include "classes.h"
#include "dump.h"
#include "opencv_outputs.h"
#include "peek.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "scopes.h"
#include <ctype.h>
#include <stdatomic.h>
#include <string.h>

typedef void *forward(void *layer, const void *inputs, const void *outputs, const void *internals);

static uint64_t *originals;
static bool scoped, dumped; /* what is asked for */
enum { UNKNOWN = 0, OTHER = -1 };
static _Atomic int place; /* of the name in a layer; UNKNOWN, OTHER */
static _Atomic int distance; /* from there to the type */

static void say_unknown(void)
{
    vprec_record_warning("OpenCV's layers do not tell their names: this version of it is not known");
}

bool vprec_opencv_is(const char *path)
{
    const char *base = vprec_name_base(path);
    return !strncmp(base, "cv2.", 4) || !strncmp(base, "libopencv_dnn.so", 16) || !strncmp(base, "libopencv_world.so", 18);
}

static bool is_identifier(const char *text)
{
    const char *at = text;
    while (isalnum((unsigned char)*at) || *at == '_' || *at == '.')
        at++;
    return at != text && !*at;
}

/* Where the layer has its name and, so many bytes behind it, its type; UNKNOWN: nowhere. */
static int find_strings(const void *layer)
{
    static const struct {
        bool (*peek)(uint64_t at, char text[VPREC_PEEK_LONGEST + 1]);
        int bytes;
    } strings[] = {{vprec_peek_string, 32}, {vprec_peek_old_string, 8}}; /* wheels of OpenCV 4 have the older form */
    enum { MOST = 160, STEP = 8 };
    char name[VPREC_PEEK_LONGEST + 1], type[VPREC_PEEK_LONGEST + 1];
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        for (int at = STEP; at < MOST; at += STEP)
            if (strings[i].peek((uint64_t)layer + (uint64_t)at, name) &&
                strings[i].peek((uint64_t)layer + (uint64_t)(at + strings[i].bytes), type) && is_identifier(type)) {
                atomic_store_explicit(&distance, strings[i].bytes, memory_order_relaxed); /* always the same */
                return at;
            }
    return UNKNOWN;
}

static int place_in(const void *layer)
{
    enum { TRIES = 1000 };
    static _Atomic int tries;
    int at = atomic_load_explicit(&place, memory_order_acquire), unknown = UNKNOWN;
    if (at != UNKNOWN)
        return at;
    at = find_strings(layer);
    if (at == UNKNOWN && atomic_fetch_add(&tries, 1) >= TRIES)
        at = OTHER;
    if (at != UNKNOWN && atomic_compare_exchange_strong(&place, &unknown, at) && at == OTHER)
        say_unknown();
    return at;
}

static vprec_scope *scope_of(const void *layer, int at)
{
    const char *name, *type;
    memcpy(&name, (const char *)layer + at, sizeof name);
    memcpy(&type, (const char *)layer + at + atomic_load_explicit(&distance, memory_order_relaxed), sizeof type);
    const vprec_scope_text kind = {type, strlen(type)};
    if (*name)
        return vprec_scope_of(layer, "cv", (vprec_scope_text){name, strlen(name)}, kind);
    char of_type[VPREC_PEEK_LONGEST + 3] = "<";
    const size_t length = kind.length < VPREC_PEEK_LONGEST ? kind.length : VPREC_PEEK_LONGEST;
    memcpy(of_type + 1, type, length);
    memcpy(of_type + 1 + length, ">", 2);
    return vprec_scope_of(layer, "cv", (vprec_scope_text){of_type, length + 2}, kind);
}

/* In place of every layer's forward. `class` comes by classes.c. */
static void *run(void *layer, const void *inputs, const void *outputs, const void *internals, uint64_t class)
{
    forward *original;
    memcpy(&original, &originals[class], sizeof original);
    const int at = place_in(layer);
    vprec_scope *scope = at > 0 ? scope_of(layer, at) : NULL;
    const uint32_t depth = scope && scoped ? vprec_scope_open_frame(scope, __builtin_frame_address(0)) : 0;
    void *result = original(layer, inputs, outputs, internals);
    if (scope && dumped)
        vprec_opencv_outputs_put(vprec_scope_name(scope), outputs);
    if (scope && scoped)
        vprec_scope_close(depth);
    return result;
}

/* How many classes have a function of their own in the slot. `base`: the table of the class that they derive from. */
static size_t own_in(const vprec_classes *c, const uint64_t *base, int slot)
{
    size_t own = 0;
    for (size_t i = 0; i < c->tables.count; i++)
        own += ((const uint64_t *)VPREC_AT(c->tables, uint64_t, i))[slot] != base[slot];
    return own;
}

static const uint64_t *table_of(const vprec_classes *c, const char *name)
{
    for (size_t i = 0; i < c->tables.count; i++) {
        const uint64_t *table = (const uint64_t *)VPREC_AT(c->tables, uint64_t, i);
        const char *of;
        memcpy(&of, (const char *)table[-1] + sizeof(uint64_t), sizeof of);
        if (!strcmp(of, name))
            return table;
    }
    return NULL;
}

/* The slot of forward(3 arrays); -1: the classes are laid out in another way. */
static int slot_of(const vprec_classes *c, const char *name)
{
    enum { FIRST = 8, LAST = 14, LEAST = 50, FEW_OF_100 = 3, MANY_OF_100 = 25 };
    const uint64_t *base = table_of(c, name);
    int most = FIRST;
    if (!base || c->tables.count < LEAST)
        return -1;
    size_t own[LAST + 1];
    for (int slot = FIRST; slot <= LAST; slot++) {
        own[slot] = own_in(c, base, slot);
        most = own[slot] > own[most] ? slot : most;
    }
    if (most < FIRST + 3)
        return -1;
    const size_t few = c->tables.count * FEW_OF_100 / 100, many = c->tables.count * MANY_OF_100 / 100;
    return own[most - 1] <= few && own[most - 2] >= many && own[most - 3] <= few ? most : -1;
}

void vprec_opencv_begin(vprec_object *object)
{
    vprec_classes c = {.tables = {.count = 0}};
    void *(*to)(void *, const void *, const void *, const void *, uint64_t) = run;
    void (*plain)(void);
    memcpy(&plain, &to, sizeof plain);
    scoped = vprec_scope_wanted();
    dumped = vprec_dump_wanted();
    const char *name = originals ? NULL : vprec_classes_name(object, "N2cv3dnn", "5LayerE", "_v");
    const bool found = name && vprec_classes_find(&c, object, name, true);
    const int slot = found ? slot_of(&c, name) : -1;
    if (name && (slot < 0 || !vprec_classes_lead(&c, (unsigned)slot, 4, plain, &originals))) {
        originals = NULL;
        say_unknown();
    }
    if (found)
        vprec_classes_free(&c);
}
