/* SPDX-License-Identifier: Apache-2.0
 * counts.c: see counts.h. */
#include "counts.h"
#include "common/say.h"
#include "totals.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void span_add(vprec_span *to, const vprec_span *span)
{
    if (span->largest > to->largest)
        to->largest = span->largest;
    if (span->smallest > to->smallest)
        to->smallest = span->smallest;
}

void vprec_counts_add(vprec_counts *to, const vprec_counts *counts)
{
    for (size_t op = 0; op < sizeof to->ops / sizeof *to->ops; op++)
        to->ops[op] += counts->ops[op];
#define X(event) to->event += counts->event;
    VPREC_EVENTS(X)
#undef X
    span_add(&to->operands, &counts->operands);
    span_add(&to->results, &counts->results);
    for (size_t bits = 0; bits < VPREC_CANCELLED; bits++)
        to->cancelled[bits] += counts->cancelled[bits];
    for (size_t i = 0; i < VPREC_EXPONENTS; i++)
        to->exponents[i] += counts->exponents[i];
}

uint64_t vprec_counts_operations(const vprec_counts *counts)
{
    uint64_t sum = 0;
    for (size_t op = 0; op < sizeof counts->ops / sizeof *counts->ops; op++)
        sum += counts->ops[op];
    return sum;
}

uint64_t vprec_counts_additions(const vprec_counts *counts)
{
    return counts->cancelled[0] + vprec_counts_cancelling(counts, 0);
}

uint64_t vprec_counts_cancelling(const vprec_counts *counts, unsigned bits)
{
    uint64_t sum = 0;
    for (size_t more = bits + 1; more < VPREC_CANCELLED; more++)
        sum += counts->cancelled[more];
    return sum;
}

int vprec_counts_most_bits(const vprec_counts *counts)
{
    int bits = VPREC_CANCELLED_MOST;
    while (bits >= 0 && !counts->cancelled[bits])
        bits--;
    return bits;
}

unsigned vprec_counts_precision(const vprec_wire_config *config, vprec_type type)
{
    unsigned precision = type == VPREC_F64 ? 53 : 24;
    if (config->use[type] == VPREC_USE_FORMAT && config->format[type].fbits + 1u < precision)
        precision = config->format[type].fbits + 1u;
    if (config->noise[type].what && config->noise[type].precision < precision)
        precision = config->noise[type].precision;
    return precision;
}

static int exponent_of(uint64_t magnitude)
{
    double x;
    memcpy(&x, &magnitude, sizeof x);
    return ilogb(x);
}

bool vprec_span_exponents(const vprec_span *span, int *least, int *most)
{
    uint64_t smallest = ~span->smallest, largest = span->largest;
    if (!largest || smallest > largest)
        return false;
    *least = exponent_of(smallest);
    *most = exponent_of(largest);
    return true;
}

unsigned vprec_bits_for_most(int most)
{
    unsigned bits = 2;
    while (bits < 12 && (1 << (bits - 1)) - 1 < most)
        bits++;
    return bits;
}

unsigned vprec_bits_for_least(int least)
{
    unsigned bits = 2;
    while (bits < 12 && 2 - (1 << (bits - 1)) > least)
        bits++;
    return bits;
}

static int by_operations(const void *a, const void *b)
{
    const vprec_profile *p = a, *q = b;
    if (p->operations != q->operations)
        return p->operations > q->operations ? -1 : 1;
    int order = strcmp(p->object, q->object);
    order = order ? order : strcmp(p->function, q->function);
    return order ? order : (int)p->type - (int)q->type;
}

vprec_profile *vprec_profiles_collect(const vprec_records *records, size_t *count)
{
    size_t functions = VPREC_ITEMS(records, FUNCTION).count, room = 0;
    vprec_origin *places = vprec_places_of(records, VPREC_RECORD_FUNCTION);
    vprec_profile *profiles = NULL;
    *count = 0;
    for (size_t i = 0, next; i < functions; i = next) {
        for (next = i; next < functions && vprec_same_place(&places[i], &places[next]); next++)
            continue;
        for (int type = 0; type < VPREC_TYPES; type++) {
            if (*count == room)
                profiles = vprec_grow(profiles, room = 2 * room + 16, sizeof *profiles);
            vprec_profile *profile = &profiles[*count];
            *profile = (vprec_profile){.object = places[i].object,
                                       .function = vprec_function_at(records, places[i].index)->name,
                                       .address = places[i].address,
                                       .type = (vprec_type)type};
            for (size_t same = i; same < next; same++) {
                const vprec_counts *counts = vprec_counts_of(records, places[same].index, (vprec_type)type);
                uint64_t operations = vprec_counts_operations(counts);
                if (operations)
                    vprec_counts_add(&profile->counts, counts);
                profile->operations += operations;
            }
            *count += profile->operations > 0;
        }
    }
    free(places);
    if (*count)
        qsort(profiles, *count, sizeof *profiles, by_operations);
    return profiles;
}
