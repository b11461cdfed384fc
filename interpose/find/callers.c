/* SPDX-License-Identifier: Apache-2.0
 * callers.c: see callers.h. Two copies of the table: readers use one while the
 * other is written, and start again if a second writing came in between. Uses
 * general registers only, and so does gate.c, which asks. */
#include "callers.h"
#include "plt.h"
#include "x86/emulate/emulate.h"
#include <stdatomic.h>

enum { OBJECTS = 2048, CACHE = 1024 };

enum field { CODE, CODE_END, PLT, PLT_END, LO, HI, SPANS, COUNT, ROOM, ASKS, FIELDS }; /* of a vprec_caller_object */
typedef struct object {
    _Atomic uint64_t field[FIELDS];
} object;

/* Sorted by address. Copy n & 1 of writing n is the one to read. */
static struct table {
    atomic_size_t count;
    object objects[OBJECTS];
} tables[2];
static atomic_uint writing;

enum vprec_caller (*vprec_callers_asked)(uint64_t address);

/* Answers about addresses of objects that ask: address << KEPT | answer + 1, at one of the places that follow its hash; 0
 * nothing yet, GONE: of an object that is gone. Those that call are few; where the places are full one is asked about
 * again. */
enum { ANSWERS = 1 << 14, PLACES = 32, GONE = 3, KEPT = 7 };
static _Atomic uint64_t answers[ANSWERS];

/* back << KEPT | who it is; 0 none. A return address in an object that is known stays what it is. */
static _Atomic uint64_t cache[CACHE];

static uint64_t get(const object *o, enum field field)
{
    return atomic_load_explicit(&o->field[field], memory_order_relaxed);
}

static void copy(object *to, const object *from)
{
    for (int i = 0; i < FIELDS; i++)
        atomic_store_explicit(&to->field[i], get(from, (enum field)i), memory_order_relaxed);
}

/* Writes the other copy: without the object whose code is at `without`, with `added` if there is one. */
static void rewrite(uint64_t without, const object *added)
{
    unsigned now = atomic_load(&writing);
    const struct table *from = &tables[now & 1];
    struct table *to = &tables[(now + 1) & 1];
    size_t n = 0;
    for (size_t i = 0; i < from->count; i++) {
        const object *o = &from->objects[i];
        if (get(o, CODE) == without)
            continue;
        if (added && get(added, CODE) < get(o, CODE)) {
            copy(&to->objects[n++], added);
            added = NULL;
        }
        copy(&to->objects[n++], o);
    }
    if (added)
        copy(&to->objects[n++], added);
    atomic_store(&to->count, n);
    atomic_store(&writing, now + 1);
    for (size_t i = 0; i < CACHE; i++)
        atomic_store_explicit(&cache[i], 0, memory_order_relaxed);
}

static _Atomic uint64_t *answer_place(uint64_t address, unsigned i)
{
    return &answers[((address * UINT64_C(0x9E3779B97F4A7C15) >> 50) + i) % ANSWERS];
}

static void keep_answer(uint64_t address, enum vprec_caller what)
{
    for (unsigned i = 0; i < PLACES; i++) {
        uint64_t there = atomic_load_explicit(answer_place(address, i), memory_order_relaxed);
        if ((!there || there == GONE) &&
            atomic_compare_exchange_strong(answer_place(address, i), &there, address << KEPT | (what + 1u)))
            return;
    }
}

static void forget_answers(uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        uint64_t address = atomic_load_explicit(&answers[i], memory_order_relaxed) >> KEPT;
        if (address >= start && address < end)
            atomic_store_explicit(&answers[i], GONE, memory_order_relaxed);
    }
}

/* Asks, with the registers that are the call's kept: what answers may use any. */
static enum vprec_caller ask(uint64_t address)
{
    enum { MOST = 2816, HEADER = 512, HEADER_END = 576 }; /* of the components that vprec saves */
    _Alignas(64) uint8_t area[MOST];
    const uint32_t low = (uint32_t)vprec_xsave.components | 1;
    if (!vprec_callers_asked || vprec_xsave.size > MOST)
        return VPREC_CALLER_NEITHER;
    for (unsigned i = HEADER; i < HEADER_END; i++)
        ((volatile uint8_t *)area)[i] = 0;
    __asm__ volatile("xsave64 %0" : "+m"(area) : "a"(low), "d"(0));
    enum vprec_caller what = vprec_callers_asked(address);
    __asm__ volatile("xrstor64 %0" : : "m"(area), "a"(low), "d"(0) : "memory");
    return what;
}

static enum vprec_caller answer(uint64_t address)
{
    for (unsigned i = 0; i < PLACES; i++) {
        uint64_t there = atomic_load_explicit(answer_place(address, i), memory_order_relaxed);
        if (there >> KEPT == address)
            return (enum vprec_caller)((there & ((1 << KEPT) - 1)) - 1);
        if (!there)
            break;
    }
    enum vprec_caller what = ask(address);
    if (what != VPREC_CALLER_NEITHER)
        keep_answer(address, what);
    return what;
}

bool vprec_callers_add(const vprec_caller_object *o)
{
    if (tables[atomic_load(&writing) & 1].count == OBJECTS)
        return false;
    object added = {{o->code, o->code_end, o->plt, o->plt_end, o->lo, o->hi, (uint64_t)o->spans.data, o->spans.count,
                     o->spans.room, o->asks}};
    rewrite(o->code, &added);
    return true;
}

void vprec_callers_drop(uint64_t code)
{
    const struct table *t = &tables[atomic_load(&writing) & 1];
    for (size_t i = 0; i < t->count; i++) {
        if (get(&t->objects[i], CODE) != code)
            continue;
        vprec_vec spans = VPREC_VEC(vprec_caller_span);
        spans.data = (void *)get(&t->objects[i], SPANS);
        spans.room = get(&t->objects[i], ROOM);
        if (get(&t->objects[i], ASKS))
            forget_answers(code, get(&t->objects[i], CODE_END));
        rewrite(code, NULL);
        vprec_vec_free(&spans); /* nobody asks for an address in there any more */
        return;
    }
}

/* The object that holds `address`. */
static bool find(uint64_t address, object *found)
{
    unsigned now, after = atomic_load(&writing);
    bool known;
    do {
        now = after;
        const struct table *t = &tables[now & 1];
        const size_t count = atomic_load_explicit(&t->count, memory_order_acquire);
        size_t low = 0, high = count;
        while (low < high) {
            size_t mid = (low + high) / 2;
            if (get(&t->objects[mid], CODE_END) <= address)
                low = mid + 1;
            else
                high = mid;
        }
        known = low < count && get(&t->objects[low], CODE) <= address && address < get(&t->objects[low], CODE_END);
        if (known)
            copy(found, &t->objects[low]);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load(&writing);
    } while (after != now);
    return known;
}

static enum vprec_caller caller_at(const object *o, uint64_t address)
{
    const vprec_caller_span *spans = (const vprec_caller_span *)get(o, SPANS);
    size_t count = get(o, COUNT);
    if (get(o, ASKS))
        return answer(address);
    if (!count)
        return VPREC_CALLER_SELECTED;
    size_t low = vprec_sorted_below(spans, count, sizeof *spans, offsetof(vprec_caller_span, start), address, true);
    return low ? (enum vprec_caller)spans[low - 1].what : VPREC_CALLER_NEITHER;
}

static int32_t displacement(const uint8_t *at)
{
    int32_t d;
    __builtin_memcpy(&d, at, sizeof d);
    return d;
}

static bool has_code(const object *o, uint64_t address, unsigned bytes)
{
    return address >= get(o, CODE) && address + bytes <= get(o, CODE_END);
}

/* What a word of the object (of its GOT) holds, 0 none. */
static uint64_t word_at(const object *o, uint64_t address)
{
    return !(address & 7) && address >= get(o, LO) && address + 8 <= get(o, HI) ? *(const uint64_t *)address : 0;
}

/* What a PLT entry of an object at `address` leads to; 0: it is none, or not resolved yet. A function whose first deed
 * is such a jump is no PLT entry. */
static uint64_t through_plt(const object *o, uint64_t address)
{
    uint64_t end = get(o, PLT_END);
    if ((end && (address < get(o, PLT) || address >= end)) || !has_code(o, address, VPREC_PLT_BYTES))
        return 0;
    uint64_t slot = vprec_plt_slot(address), to = slot ? word_at(o, slot) : 0;
    return to - address < 32 ? 0 : to; /* lazy: back into this entry */
}

/* What the direct call before `back` calls, through PLTs; 0: that cannot be said. */
static uint64_t callee(const object *o, uint64_t back)
{
    if (!has_code(o, back - 6, 6))
        return 0;
    const uint8_t *at = (const uint8_t *)back;
    uint64_t to = 0;
    if (at[-6] == 0xFF && at[-5] == 0x15) { /* through the GOT */
        to = word_at(o, back + (uint64_t)(int64_t)displacement(at - 4));
    } else if (at[-5] == 0xE8) {
        to = back + (uint64_t)(int64_t)displacement(at - 4);
        if (!has_code(o, to, 1)) /* it is no such call, or led to a clone */
            return 0;
        if (get(o, ASKS) ? to >= get(o, PLT) && to < get(o, PLT_END) : caller_at(o, to) == VPREC_CALLER_NEITHER)
            to = through_plt(o, to);
    }
    object other;
    for (int hop = 0; hop < 2 && to && find(to, &other); hop++) { /* a program's PLT can be a function's address */
        uint64_t on = through_plt(&other, to);
        if (!on)
            break;
        to = on;
    }
    return to;
}

static enum vprec_caller decide(const object *o, uint64_t back, uint64_t called)
{
    uint64_t to = callee(o, back);
    object other;
    if (!to || to == called)
        return caller_at(o, back - 1);
    return find(to, &other) ? caller_at(&other, to) : VPREC_CALLER_NEITHER;
}

enum vprec_caller vprec_callers_of(uint64_t back, uint64_t called)
{
    _Atomic uint64_t *entry = &cache[back * UINT64_C(0x9E3779B97F4A7C15) >> 54];
    uint64_t kept = atomic_load_explicit(entry, memory_order_relaxed);
    if (kept >> KEPT == back)
        return (enum vprec_caller)(kept & ((1 << KEPT) - 1));
    object o;
    if (!find(back - 1, &o))
        return VPREC_CALLER_NEITHER;
    const enum vprec_caller who = decide(&o, back, called);
    atomic_store_explicit(entry, back << KEPT | who, memory_order_relaxed);
    return who;
}

bool vprec_callers_selects(uint64_t back)
{
    object o;
    return find(back - 1, &o) && vprec_caller_of(caller_at(&o, back - 1)) == VPREC_CALLER_SELECTED;
}
