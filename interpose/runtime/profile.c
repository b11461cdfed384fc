/* SPDX-License-Identifier: Apache-2.0
 * profile.c: see profile.h. Integers only, like all of the emulator. */
#include "profile.h"
#include "exact.h"

static uint64_t magnitude(double x)
{
    return vprec_bits(x) & ~VPREC_SIGN;
}

static void add(_Atomic uint64_t *counter, uint64_t count)
{
    if (count)
        atomic_fetch_add_explicit(counter, count, memory_order_relaxed);
}

/* Counters that everybody writes cost more than all else here: so one addition for each run of equal ones. */
static void tally(vprec_tally_bin *bin, _Atomic uint64_t *counter)
{
    if (bin->counter != counter) {
        add(bin->counter, bin->count);
        *bin = (vprec_tally_bin){.counter = counter};
    }
    bin->count++;
}

static void widen(vprec_tally_span *span, uint64_t magnitude)
{
    if (magnitude > span->largest)
        span->largest = magnitude;
    if (~magnitude > span->smallest)
        span->smallest = ~magnitude;
}

static void raise_to(_Atomic uint64_t *value, uint64_t seen)
{
    uint64_t now = atomic_load_explicit(value, memory_order_relaxed);
    while (seen > now &&
           !atomic_compare_exchange_weak_explicit(value, &now, seen, memory_order_relaxed, memory_order_relaxed))
        ;
}

void vprec_tally_end(vprec_tally *t, enum vprec_op op, unsigned lanes)
{
    vprec_counts *counts = t->counts;
    add(&counts->ops[op], lanes);
#define X(event) add(&counts->event, t->event);
    VPREC_EVENTS(X)
#undef X
    raise_to(&counts->operands.largest, t->operands.largest);
    raise_to(&counts->operands.smallest, t->operands.smallest);
    raise_to(&counts->results.largest, t->results.largest);
    raise_to(&counts->results.smallest, t->results.smallest);
    add(t->exponent.counter, t->exponent.count);
    add(t->cancelled.counter, t->cancelled.count);
}

/* Whether `exact` (a magnitude, as bits) lies where rounding leaves the format at the top. For directed modes that
 * is an ulp above the largest finite number, for the nearest ones half an ulp. */
static bool is_overflow(const vprec_format *format, vprec_mode mode, uint64_t exact)
{
    uint64_t max = vprec_bits(format->max);
    if (format->fbits == 52)
        return false; /* binary64 itself: an infinite result says it */
    if (mode != VPREC_RNE && mode != VPREC_RNA)
        return exact >= max + (UINT64_C(1) << (52 - format->fbits));
    uint64_t tie = max + (UINT64_C(1) << (51 - format->fbits));
    bool odd = max >> (52 - format->fbits) & 1; /* then the tie goes up */
    return exact > tie || (exact == tie && (odd || mode == VPREC_RNA));
}

unsigned vprec_tally_result(vprec_tally *t, const vprec_format *format, vprec_mode mode, vprec_exactly exactly,
                            double result, bool finite, bool nan_operand)
{
    uint64_t x = magnitude(exactly.odd), r = magnitude(result);
    bool changed = x != r || exactly.inexact; /* what is odd may be the nearest, too */
    uint64_t normal = vprec_bits(format->min_normal);
    bool nan = r > VPREC_INF && !nan_operand, zero = !r && x && x < VPREC_INF;
    bool beyond = finite && x <= VPREC_INF && (r == VPREC_INF || is_overflow(format, mode, x));
    unsigned wrong = (unsigned)beyond << VPREC_FIRST_OVERFLOW | (unsigned)nan << VPREC_FIRST_NAN |
                     (unsigned)zero << VPREC_FIRST_ZERO;
    t->nans += nan;
    t->overflows += beyond;
    t->rounded += x <= VPREC_INF && r <= VPREC_INF && changed;
    t->underflows += changed && x < normal && r <= normal;
    t->subnormals += r && r < normal;
    t->flushed += zero;
    if (!r || r >= VPREC_INF)
        return wrong;
    widen(&t->results, r);
    int exponent = r >> 52 ? (int)(r >> 52) - 1023 : -1011 - __builtin_clzll(r);
    tally(&t->exponent, &t->counts->exponents[exponent - VPREC_EXPONENT_LEAST]);
    return wrong;
}

_Atomic uint64_t *vprec_firsts;
uint64_t (*vprec_first_trace)(const void *site, const void *cpu);

static void keep(vprec_first *first, const vprec_case *c, bool traced)
{
    uint32_t free = 0;
    if (atomic_load_explicit(&first->taken, memory_order_relaxed) ||
        !atomic_compare_exchange_strong(&first->taken, &free, 1))
        return;
    first->work = c->work;
    first->operands = c->operands;
    for (unsigned i = 0; i < c->operands; i++)
        first->operand[i] = c->operand[i];
    first->exact = c->exact;
    first->result = c->result;
    for (size_t i = 0; c->name && c->name[i] && i + 1 < sizeof first->name; i++)
        first->name[i] = c->name[i];
    first->stack = traced && (c->cpu || c->name) && vprec_first_trace ? vprec_first_trace(c->site, c->cpu) : 0;
    uint64_t order = vprec_firsts ? atomic_fetch_add_explicit(vprec_firsts, 1, memory_order_relaxed) : 0;
    atomic_store_explicit(&first->order, order + 1, memory_order_release);
}

void vprec_first_keep(vprec_first first[VPREC_FIRSTS], unsigned wrong, const vprec_case *c)
{
    for (unsigned kind = 0; kind < VPREC_FIRSTS; kind++)
        if (wrong >> kind & 1)
            keep(&first[kind], c, kind != VPREC_FIRST_ZERO); /* which is common */
}

void vprec_tally_extent(vprec_tally *t, double result)
{
    uint64_t r = magnitude(result);
    if (r && r < VPREC_INF)
        widen(&t->results, r);
}

static bool is_number(double x) /* neither zero nor infinite nor NaN */
{
    return magnitude(x) - 1 < VPREC_INF - 1;
}

static vprec_term product(double x, double y)
{
    vprec_parts f = vprec_unpack(vprec_bits(x)), g = vprec_unpack(vprec_bits(y));
    vprec_u128 sig = (vprec_u128)f.sig * g.sig; /* of its 128 bits the last 22 are zeros */
    bool carry = sig >> 127;
    return (vprec_term){carry ? sig >> 1 : sig, f.exp + g.exp + carry, (vprec_bits(x) ^ vprec_bits(y)) >> 63};
}

/* Leading zeros of what is not zero. */
static int leading_zeros(vprec_u128 x)
{
    uint64_t high = (uint64_t)(x >> 64);
    return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

/* A sum or product rounded to odd; what is no normal number is left to those who know how. */
static bool to_odd(vprec_term x, vprec_exactly *exactly)
{
    if (!x.sig)
        return false;
    int zeros = leading_zeros(x.sig), exponent = x.exp + 1 - zeros;
    vprec_u128 sig = x.sig << zeros;
    if (exponent < -1022 || exponent > 1023)
        return false;
    bool inexact = sig << 53 != 0;
    uint64_t kept = (uint64_t)(sig >> 75) | inexact;
    *exactly = (vprec_exactly){vprec_from_bits((x.sign ? VPREC_SIGN : 0) | vprec_pack(kept, exponent - 52)), inexact};
    return true;
}

/* The bin of the bits that a sum cancels: it stands at the exponent of its larger summand, whose leading bit is 126. */
static unsigned cancelled_bits(vprec_term sum)
{
    if (!sum.sig)
        return VPREC_CANCELLED_ALL;
    int bits = leading_zeros(sum.sig) - 1;
    return bits < 0 ? 0 : bits < VPREC_CANCELLED_MOST ? (unsigned)bits : VPREC_CANCELLED_MOST;
}

/* Adds a sum or fma to the histogram of cancelled bits; returns the sum. */
static vprec_term add_up(vprec_tally *t, const vprec_operation *o)
{
    bool fused = o->op == VPREC_BASIC_FMA;
    uint64_t last = fused ? vprec_bits(o->c) : vprec_bits(o->b) ^ (o->op == VPREC_BASIC_SUB ? VPREC_SIGN : 0);
    vprec_term sum = vprec_term_sum(fused ? product(o->a, o->b) : vprec_term_of(vprec_bits(o->a)), vprec_term_of(last));
    tally(&t->cancelled, &t->counts->cancelled[cancelled_bits(sum)]);
    return sum;
}

bool vprec_tally_operands(vprec_tally *t, const vprec_operation *o, vprec_exactly *exactly)
{
    bool fused = o->op == VPREC_BASIC_FMA, sums = fused || o->op == VPREC_BASIC_ADD || o->op == VPREC_BASIC_SUB;
    bool a = is_number(o->a), b = is_number(o->b), c = is_number(o->c);
    if (a)
        widen(&t->operands, magnitude(o->a));
    if (b)
        widen(&t->operands, magnitude(o->b));
    if (c)
        widen(&t->operands, magnitude(o->c));
    bool numbers = a && b && (c || !fused);
    if (numbers && sums)
        return to_odd(add_up(t, o), exactly);
    if (numbers && o->op == VPREC_BASIC_MUL)
        return to_odd(product(o->a, o->b), exactly);
    if (sums && magnitude(o->a) < VPREC_INF && magnitude(o->b) < VPREC_INF && magnitude(o->c) < VPREC_INF)
        tally(&t->cancelled, &t->counts->cancelled[0]);
    return false;
}
