/* SPDX-License-Identifier: Apache-2.0
 * stats_state.c: moments of many numbers, four at a time. */
#include "stats_state.h"
#include "say.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef double lanes __attribute__((vector_size(8 * STATS_LANES), may_alias));
typedef int64_t masks __attribute__((vector_size(8 * STATS_LANES), may_alias));

/* The same results on every processor: nothing is contracted, only the vectors are wider. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

static const uint64_t missing_bits = 0x7FF8DEAD0BADF00D; /* a quiet NaN that no arithmetic makes */

double stats_missing(void)
{
    double x;
    memcpy(&x, &missing_bits, sizeof x);
    return x;
}

static bool is_missing(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits == missing_bits;
}

size_t stats_round_up(size_t count)
{
    return (count + STATS_LANES - 1) / STATS_LANES * STATS_LANES;
}

static double *resized(double *old, size_t count, size_t room)
{
    double *new = aligned_alloc(64, (room * sizeof *new + 63) / 64 * 64);
    if (!new) {
        vprec_say("out of memory for %zu numbers: free some, or raise the limit (ulimit -v)", room);
        exit(vprec_failure);
    }
    if (count)
        memcpy(new, old, count * sizeof *new);
    memset(new + count, 0, (room - count) * sizeof *new);
    free(old);
    return new;
}

void stats_state_resize(stats_state *state, size_t count)
{
    if (count > state->room) {
        size_t room = stats_round_up(count > 2 * state->room ? count : 2 * state->room);
#define RESIZE(name) state->name = resized(state->name, state->room, room);
        STATS_FIELDS(RESIZE)
#undef RESIZE
        state->room = room;
    }
    state->count = count;
}

void stats_state_clear(stats_state *state, size_t count)
{
    stats_state_resize(state, count);
#define CLEAR(name) memset(state->name, 0, state->room * sizeof *state->name);
    STATS_FIELDS(CLEAR)
#undef CLEAR
}

void stats_state_free(stats_state *state)
{
#define FREE(name) free(state->name);
    STATS_FIELDS(FREE)
#undef FREE
    *state = (stats_state){0};
}

/* Moments of one call, for four numbers. */
typedef struct part {
    lanes n, mean, m2, m3, m4, low, high;
} part;

/* Lane by lane; a macro, since vectors as arguments depend on the instruction set. */
#define pick(mask, a, b) ((lanes)(((mask) & (masks)(a)) | (~(mask) & (masks)(b))))

#define AT(field, i) (*(lanes *)&state->field[i])

static inline __attribute__((always_inline)) void join(stats_state *state, size_t i, const part *b)
{
    lanes na = AT(n, i), ma = AT(mean, i), a2 = AT(m2, i), a3 = AT(m3, i), a4 = AT(m4, i);
    lanes n = na + b->n, zero = {0}, one = zero + 1, r = one / pick(n > 0, n, one);
    lanes delta = b->mean - ma, share = b->n * r, step = delta * share; /* to the new mean */
    lanes between = delta * step * na;                                  /* delta^2 na nb / n */
    lanes back = delta * na * r;
    AT(m4, i) = a4 + b->m4 + between * (delta * delta * (na * na - na * b->n + b->n * b->n)) * r * r +
                6 * (back * back * b->m2 + step * step * a2) + 4 * (back * b->m3 - step * a3);
    AT(m3, i) = a3 + b->m3 + between * delta * (na - b->n) * r + 3 * (back * b->m2 - step * a2);
    AT(m2, i) = a2 + b->m2 + between;
    AT(mean, i) = ma + step;
    AT(low, i) = pick((na == 0) | (b->low < AT(low, i)), b->low, AT(low, i));
    AT(high, i) = pick((na == 0) | (b->high > AT(high, i)), b->high, AT(high, i));
    AT(n, i) = n;
}

/* The same for numbers that have values which are no finite numbers, one after the other. */
static void add_some(stats_state *state, size_t i, const double *x, size_t stride, size_t samples)
{
    for (size_t l = i; l < i + STATS_LANES; l++) {
        part b = {0};
        double n = 0, sum = 0, low = 0, high = 0, m2 = 0, m3 = 0, m4 = 0;
        for (size_t s = 0; s < samples; s++) {
            double v = x[s * stride + l];
            if (!isfinite(v)) {
                state->nan[l] += isnan(v) && !is_missing(v);
                state->inf[l] += isinf(v) != 0;
                continue;
            }
            if (state->n[l] == 0 && n == 0)
                state->origin[l] = v;
            low = n == 0 || v < low ? v : low;
            high = n == 0 || v > high ? v : high;
            sum += v - state->origin[l];
            n++;
        }
        if (n == 0)
            continue;
        double mean = sum / n;
        for (size_t s = 0; s < samples; s++) {
            double v = x[s * stride + l], d = v - state->origin[l] - mean;
            if (isfinite(v)) {
                m2 += d * d;
                m3 += d * d * d;
                m4 += d * d * (d * d);
            }
        }
        size_t k = l - i;
        b.n[k] = n, b.mean[k] = mean, b.m2[k] = m2, b.m3[k] = m3, b.m4[k] = m4, b.low[k] = low, b.high[k] = high;
        /* The other lanes have no values: they stay as they are. */
        for (size_t o = 0; o < STATS_LANES; o++)
            if (o != k)
                b.low[o] = state->low[i + o], b.high[o] = state->high[i + o], b.mean[o] = state->mean[i + o];
        join(state, i, &b);
    }
}

WIDE void stats_state_add(stats_state *state, const double *x, size_t stride, size_t samples)
{
    for (size_t i = 0; i < state->count; i += STATS_LANES) {
        const double *at = x + i;
#define VALUE(s) (*(const lanes *)(at + (s)*stride))
        lanes first = VALUE(0), origin = pick(AT(n, i) == 0, first, AT(origin, i)), sum = {0};
        part b = {.low = first, .high = first};
        for (size_t s = 0; s < samples; s++) {
            lanes v = VALUE(s);
            sum += v - origin;
            b.low = pick(v < b.low, v, b.low);
            b.high = pick(v > b.high, v, b.high);
        }
        masks finite = sum - sum == 0; /* NOLINT(misc-redundant-expression): NaN where it is infinite */
        if (!(finite[0] & finite[1] & finite[2] & finite[3])) {
            add_some(state, i, x, stride, samples);
            continue;
        }
        AT(origin, i) = origin;
        b.n = (lanes){0} + (double)samples;
        b.mean = sum / b.n;
        for (size_t s = 0; s < samples; s++) {
            lanes d = VALUE(s) - origin - b.mean, d2 = d * d;
            b.m2 += d2;
            b.m3 += d2 * d;
            b.m4 += d2 * d2;
        }
        join(state, i, &b);
    }
}
