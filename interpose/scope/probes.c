/* SPDX-License-Identifier: Apache-2.0
 * probes.c: see probes.h. Threads add to a record without a lock, and so do processes that were forked: sums are of
 * distances from a number near the mean, the first values' mean, so that squares do not cancel (T. F. Chan, G. H. Golub,
 * R. J. LeVeque, 1983, "shifted data"). */
#include "probes.h"
#include "dump.h"
#include "runtime/memory.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/spin.h"
#include "runtime/sys.h"
#include <immintrin.h>
#include <math.h>
#include <string.h>

typedef struct probe {
    struct probe *_Atomic next; /* in its bucket */
    uint64_t hash;
    vprec_probe_record *record;
} probe;

enum { BUCKETS = 1 << 6, LONGEST = 200 /* bytes of a name */ };
static probe *_Atomic buckets[BUCKETS];
static vprec_spin locked;

static probe *find(probe *_Atomic *bucket, uint64_t hash, const char *name)
{
    probe *p = atomic_load_explicit(bucket, memory_order_acquire);
    while (p && !(p->hash == hash && !strcmp(p->record->name, name)))
        p = atomic_load_explicit(&p->next, memory_order_acquire);
    return p;
}

/* NULL: no room. */
static vprec_probe_record *record_of(const char *name)
{
    static vprec_heap heap;
    const uint64_t hash = vprec_name_hash(VPREC_NAME_HASH, name);
    probe *_Atomic *bucket = &buckets[hash % BUCKETS];
    probe *p = find(bucket, hash, name);
    if (p)
        return p->record;
    vprec_spin_lock(&locked);
    p = find(bucket, hash, name);
    probe *made = p ? NULL : vprec_heap_take(&heap, sizeof *made);
    vprec_probe_record *record = made ? vprec_record_text(VPREC_RECORD_PROBE, sizeof *record, name) : NULL;
    if (record) {
        record->process = vprec_record_offset(vprec_record_process);
        *made = (probe){.hash = hash, .record = record};
        atomic_store_explicit(&made->next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_relaxed);
        atomic_store_explicit(bucket, made, memory_order_release);
    }
    vprec_spin_unlock(&locked);
    return p ? p->record : record;
}

static double number(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void add(_Atomic uint64_t *sum, double x)
{
    uint64_t before = atomic_load_explicit(sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(sum, &before, bits_of(number(before) + x), memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

/* The least and the largest are kept as numbers above 0 that grow with what they are of: 0 is none yet. */
static void raise_to(_Atomic uint64_t *most, double x)
{
    const uint64_t sign = UINT64_C(1) << 63, bits = bits_of(x), order = bits & sign ? ~bits : bits | sign;
    uint64_t before = atomic_load_explicit(most, memory_order_relaxed);
    while (order > before && !atomic_compare_exchange_weak_explicit(most, &before, order, memory_order_relaxed,
                                                                    memory_order_relaxed))
        ;
}

static double value(const void *data, size_t i, vprec_type type)
{
    return type == VPREC_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Where distances are from; made of these values if there is none yet. */
static double pivot_of(vprec_probe_record *r, const void *data, size_t n, vprec_type type)
{
    enum { MOST = 4096 };
    double mean = 0, count = 0;
    uint64_t pivot = atomic_load_explicit(&r->pivot, memory_order_relaxed);
    for (size_t i = 0; !pivot && i < n && i < MOST; i++)
        if (isfinite(value(data, i, type)))
            mean += (value(data, i, type) - mean) / ++count;
    if (!pivot && count > 0 && isfinite(mean)) {
        const uint64_t made = mean != 0 ? bits_of(mean) : bits_of(-0.0);
        pivot = atomic_compare_exchange_strong(&r->pivot, &pivot, made) ? made : pivot;
    }
    return number(pivot);
}

static void tally(vprec_probe_record *r, const void *data, size_t n, vprec_type type)
{
    const double pivot = pivot_of(r, data, n, type);
    double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
    uint64_t nans = 0, infinities = 0, zeros = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = value(data, i, type), distance = x - pivot;
        nans += isnan(x);
        infinities += isinf(x) != 0;
        zeros += x == 0;
        if (!isfinite(x))
            continue;
        sum += distance;
        squares += distance * distance;
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    atomic_fetch_add_explicit(&r->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->elements, n, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->nans, nans, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->infinities, infinities, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->zeros, zeros, memory_order_relaxed);
    add(&r->sum, sum);
    add(&r->squares, squares);
    if (least <= most) {
        raise_to(&r->least, -least);
        raise_to(&r->most, most);
    }
}

static void dump(const char *name, const void *data, size_t n, vprec_type type)
{
    static const char source[] = "probe:";
    char full[sizeof source + LONGEST];
    const size_t length = strnlen(name, LONGEST);
    const int64_t shape[] = {(int64_t)n};
    memcpy(full, source, sizeof source - 1);
    memcpy(full + sizeof source - 1, name, length);
    full[sizeof source - 1 + length] = 0;
    vprec_dump_put(full, -1, &(vprec_dumped){data, type == VPREC_F32 ? VPREC_DUMP_F4 : VPREC_DUMP_F8, shape, 1});
}

void vprec_probe_take(const char *name, const void *data, size_t n, vprec_type type)
{
    enum { DEFAULT = 0x1F80 };
    if (!name || (!data && n))
        return;
    const unsigned mxcsr = _mm_getcsr();
    _mm_setcsr(DEFAULT);
    vprec_probe_record *record = record_of(name);
    if (record)
        tally(record, data, n, type);
    if (vprec_dump_wanted())
        dump(name, data, n, type);
    _mm_setcsr(mxcsr);
}
