/* SPDX-License-Identifier: Apache-2.0
 * state.c: moments of many numbers, four at a time. */
#include "state.h"
#include "common/lanes.h"
#include "common/say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    return (count + STATS_STEP - 1) / STATS_STEP * STATS_STEP;
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

/* Moments of one call. */
#define STATS_MOMENTS(X) X(n) X(mean) X(m2) X(m3) X(m4) X(low) X(high)
typedef struct part {
#define STATS_MOMENT_ENTRY(name) lanes name;
    STATS_MOMENTS(STATS_MOMENT_ENTRY)
#undef STATS_MOMENT_ENTRY
} part;

#define AT(field, i) (*(lanes *)&state->field[i])

STATS_INLINE void join(stats_state *state, size_t i, const part *b)
{
    if (!any(AT(n, i) != 0)) { /* the first ones */
#define COPY(field) AT(field, i) = b->field;
        STATS_MOMENTS(COPY)
#undef COPY
        return;
    }
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

/* Between these all powers of differences, sums of many included, are far inside a double's range. */
static const double narrow = 0x1p-200, wide = 0x1p200;

/* From now on differences are kept times 2^-exponent. */
static void rescale(stats_state *state, size_t i, int exponent)
{
    int by = (int)state->exponent[i] - exponent;
    state->exponent[i] = exponent;
    if (!by)
        return;
    state->mean[i] = scalbn(state->mean[i], by);
    state->m2[i] = scalbn(state->m2[i], 2 * by);
    state->m3[i] = scalbn(state->m3[i], 3 * by);
    state->m4[i] = scalbn(state->m4[i], 4 * by);
}

/* The exponent that all values from low to high of number i need, together with those there are. */
static int exponent_for(const stats_state *state, size_t i, double low, double high)
{
    bool some = state->n[i] > 0;
    double least = some ? fmin(low, state->low[i]) : low, most = some ? fmax(high, state->high[i]) : high;
    double spread = most - least;
    if (spread == 0 || (spread > narrow && spread < wide))
        return 0;
    return isinf(spread) ? ilogb(most / 2 - least / 2) + 1 : ilogb(spread);
}

/* (v - origin) 2^-exponent, also where the difference is beyond the largest double. */
static double difference(double v, double origin, int exponent)
{
    return exponent > 0 ? scalbn(v, -exponent) - scalbn(origin, -exponent) : scalbn(v - origin, -exponent);
}

/* The same for numbers that have values which are no finite numbers, or whose differences are very small or large, one
 * after the other. */
static void add_any(stats_state *state, size_t first, const double *x, size_t stride, size_t samples)
{
    for (size_t k = 0; k < STATS_LANES; k++) {
        size_t i = first + k;
        part b = {0};
        double n = 0, sum = 0, low = 0, high = 0, m2 = 0, m3 = 0, m4 = 0;
        for (size_t s = 0; s < samples; s++) {
            double v = x[s * stride + k];
            if (!isfinite(v)) {
                state->nan[i] += isnan(v) && !is_missing(v);
                state->inf[i] += isinf(v) != 0;
                continue;
            }
            if (state->n[i] == 0 && n == 0)
                state->origin[i] = v;
            low = n == 0 || v < low ? v : low;
            high = n == 0 || v > high ? v : high;
            n++;
        }
        if (n == 0)
            continue;
        int exponent = exponent_for(state, i, low, high);
        rescale(state, i, exponent);
        for (size_t s = 0; s < samples; s++)
            if (isfinite(x[s * stride + k]))
                sum += difference(x[s * stride + k], state->origin[i], exponent);
        double mean = sum / n;
        for (size_t s = 0; s < samples; s++) {
            double v = x[s * stride + k], d = difference(v, state->origin[i], exponent) - mean;
            if (isfinite(v)) {
                m2 += d * d;
                m3 += d * d * d;
                m4 += d * d * (d * d);
            }
        }
        b.n[k] = n, b.mean[k] = mean, b.m2[k] = m2, b.m3[k] = m3, b.m4[k] = m4, b.low[k] = low, b.high[k] = high;
        /* The other lanes have no values: they stay as they are. */
        for (size_t o = 0, at = first; o < STATS_LANES; o++, at++)
            if (o != k)
                b.low[o] = state->low[at], b.high[o] = state->high[at], b.mean[o] = state->mean[at];
        join(state, first, &b);
    }
}

/* Sums of STATS_STEP numbers, whose samples are x, x + stride ...: more than one vector at once, since each addition
 * waits for the last. */
enum { VECTORS = STATS_STEP / STATS_LANES };
#define EACH for (size_t v = 0; v < VECTORS; v++)
#define VALUE(s) (((const lanes *)(x + (s) * stride))[v])

STATS_INLINE void add_step(stats_state *state, size_t i, const double *x, size_t stride, size_t samples)
{
    lanes origin[VECTORS], sum[VECTORS];
    part b[VECTORS];
    masks plain = ~(masks){0};
    EACH {
        b[v] = (part){.low = VALUE(0), .high = VALUE(0), .n = LANES((double)samples)};
        origin[v] = pick(AT(n, i + v * STATS_LANES) == 0, VALUE(0), AT(origin, i + v * STATS_LANES));
        sum[v] = (lanes){0};
    }
    for (size_t s = 0; s < samples; s++)
        EACH {
            sum[v] += VALUE(s) - origin[v];
            b[v].low = smaller(VALUE(s), b[v].low);
            b[v].high = larger(VALUE(s), b[v].high);
        }
    EACH {
        size_t at = i + v * STATS_LANES;
        masks none = AT(n, at) == 0;
        lanes spread = pick(none, b[v].high, larger(AT(high, at), b[v].high)) -
                       pick(none, b[v].low, smaller(AT(low, at), b[v].low));
        plain &= is_finite(sum[v]) & ((spread == 0) | ((spread > narrow) & (spread < wide))) & (AT(exponent, at) == 0);
    }
    if (any(~plain)) {
        EACH add_any(state, i + v * STATS_LANES, x + v * STATS_LANES, stride, samples);
        return;
    }
    EACH b[v].mean = sum[v] / b[v].n;
    for (size_t s = 0; s < samples; s++)
        EACH {
            lanes d = VALUE(s) - origin[v] - b[v].mean, d2 = d * d;
            b[v].m2 += d2;
            b[v].m3 += d2 * d;
            b[v].m4 += d2 * d2;
        }
    EACH {
        AT(origin, i + v * STATS_LANES) = origin[v];
        join(state, i + v * STATS_LANES, &b[v]);
    }
}

STATS_WIDE void stats_state_add_some(stats_state *state, size_t first, size_t count, const double *x, size_t stride,
                                     size_t samples)
{
    for (size_t i = 0; i < count; i += STATS_STEP)
        add_step(state, first + i, x + i, stride, samples);
}

void stats_state_add(stats_state *state, const double *x, size_t stride, size_t samples)
{
    stats_state_add_some(state, 0, state->count, x, stride, samples);
}
