/* SPDX-License-Identifier: Apache-2.0
 * align.c: alignment of two sequences in a band that is doubled until a wider one is no better
 * (S. Needleman and C. Wunsch, 1970; E. Ukkonen, 1985). */
#include "align.h"
#include "common/say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Costs. A word that became another one is still the same token, so is, at a pinch, a number that became a word. Of
 * gaps that cost the same the one that begins with a line is meant. */
enum { GAP = 8, OTHER_WORD = 12, OTHER_KIND = 15, OTHER_BREAK = 1, GAP_INSIDE = 1, BAND = 32 };
#define CELLS_MOST ((size_t)1 << 27) /* a byte each */

stats_step stats_step_of(const stats_token *token)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < token->length && !token->number; i++)
        hash = (hash ^ (unsigned char)token->text[i]) * 0x100000001B3;
    return (stats_step){token->number ? token->value : 0, token->number ? 0 : hash, token->number,
                        token->piece == 1 && !token->part};
}

static unsigned number_cost(double x, double y)
{
    if (x == y || (isnan(x) && isnan(y)))
        return 0;
    if (!isfinite(x) || !isfinite(y))
        return 2;
    double apart = fabs(x / 2 - y / 2), size = fmax(fabs(x), fabs(y)) / 2;
    return apart <= size / 64 ? 0 : apart <= size / 4 ? 1 : apart <= size ? 2 : 3;
}

typedef struct pair {
    const stats_step *a, *b;
    size_t n, m, from; /* from: steps in front of both that are matched already */
} pair;

static unsigned cost(const pair *p, size_t i, size_t j)
{
    const stats_step *x = &p->a[i], *y = &p->b[j];
    unsigned what = x->number != y->number ? OTHER_KIND
                    : x->number            ? number_cost(x->value, y->value)
                    : x->word != y->word   ? OTHER_WORD
                                           : 0;
    return what + (x->first == y->first ? 0 : OTHER_BREAK);
}

static bool same(const pair *p, size_t i, size_t j)
{
    return !cost(p, i, j) && (!p->a[i].number || p->a[i].value == p->b[j].value);
}

/* The least cost of a path that stays within `band` of the diagonals between both ends, and in `back` its steps: of
 * cell (i, j) whether it came from both, `a` alone or `b` alone. */
enum { FROM_BOTH, FROM_A, FROM_B };
static uint64_t path(const pair *p, size_t band, unsigned char *back, uint64_t *row)
{
    size_t n = p->n - p->from, m = p->m - p->from, left = band + (n > m ? n - m : 0);
    size_t width = left + band + (m > n ? m - n : 0) + 1; /* column k of row i is j = i + k - left */
    const uint64_t far = UINT64_MAX / 2;
    for (size_t i = 0; i <= n; i++) {
        unsigned char *from = back + i * width;
        for (size_t k = 0; k < width; k++) {
            size_t j = i + k - left;
            if (i + k < left || j > m) {
                row[k] = far;
                continue;
            }
            uint64_t both = i && j ? row[k] + cost(p, p->from + i - 1, p->from + j - 1) : i || j ? far : 0;
            uint64_t one = far, other = far;
            if (i && k + 1 < width)
                one = row[k + 1] + GAP +
                      (from[(ptrdiff_t)k + 1 - (ptrdiff_t)width] != FROM_A && !p->a[p->from + i - 1].first ? GAP_INSIDE
                                                                                                           : 0);
            if (j && k)
                other = row[k - 1] + GAP + (from[k - 1] != FROM_B && !p->b[p->from + j - 1].first ? GAP_INSIDE : 0);
            row[k] = both <= one && both <= other ? both : one <= other ? one : other;
            from[k] = both <= one && both <= other ? FROM_BOTH : one <= other ? FROM_A : FROM_B;
        }
    }
    return row[m + left - n];
}

static void follow(const pair *p, size_t band, const unsigned char *back, size_t *match)
{
    size_t n = p->n - p->from, m = p->m - p->from, left = band + (n > m ? n - m : 0);
    size_t width = left + band + (m > n ? m - n : 0) + 1;
    for (size_t i = n, j = m; i || j;) {
        unsigned char from = back[i * width + (j + left - i)];
        i -= from != FROM_B;
        j -= from != FROM_A;
        if (from == FROM_BOTH)
            match[p->from + i] = p->from + j;
        else if (from == FROM_A)
            match[p->from + i] = STATS_UNMATCHED;
    }
}

/* The same places, line by line, and kinds: as samples of most programs are. */
static bool same_layout(const stats_step *a, size_t n, const stats_step *b, size_t m)
{
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (a[i].number != b[i].number || a[i].first != b[i].first)
            return false;
    return true;
}

static void one_by_one(size_t n, size_t m, size_t *match)
{
    for (size_t i = 0; i < n; i++)
        match[i] = i < m ? i : STATS_UNMATCHED;
}

bool stats_align(const stats_step *a, size_t n, const stats_step *b, size_t m, size_t *match, bool *order)
{
    pair p = {a, b, n, m, 0};
    one_by_one(n, m, match);
    if (!n || !m || same_layout(a, n, b, m))
        return true;
    *order = true;
    while (p.from < n && p.from < m && same(&p, p.from, p.from))
        p.from++;
    while (p.n > p.from && p.m > p.from && same(&p, p.n - 1, p.m - 1))
        p.n--, p.m--;
    /* Whole lines only: what is like the end of a line that was lost need not be it. */
    while (p.from && p.from < n && !a[p.from].first)
        p.from--;
    while (p.n < n && !a[p.n].first)
        p.n++, p.m++;
    for (size_t i = p.n; i < n; i++)
        match[i] = i - p.n + p.m;
    for (size_t i = p.from; i < p.n; i++)
        match[i] = STATS_UNMATCHED;
    if (p.n == p.from || p.m == p.from) /* all of it is added, or lost */
        return true;
    size_t longest = (p.n > p.m ? p.n : p.m) - p.from, apart = p.n > p.m ? p.n - p.m : p.m - p.n;
    unsigned char *back = NULL;
    uint64_t best = UINT64_MAX;
    size_t used = 0;
    for (size_t band = BAND;; band *= 2) {
        band = band < longest ? band : longest;
        size_t width = 2 * band + apart + 1, rows = p.n - p.from + 1;
        if (width > CELLS_MOST / rows)
            break;
        unsigned char *wider = vprec_alloc(width * rows, 1);
        uint64_t *row = vprec_alloc(width, sizeof *row), found = path(&p, band, wider, row);
        free(row);
        free(back);
        back = wider;
        used = band;
        /* Outside of the band a path has more gaps than the band is wide. */
        bool done = found == best || found <= band * (uint64_t)GAP || band == longest;
        best = found;
        if (done)
            break;
    }
    if (back)
        follow(&p, used, back, match);
    else
        for (size_t i = p.from; i < p.n; i++)
            match[i] = i < p.m ? i : STATS_UNMATCHED;
    free(back);
    return best != UINT64_MAX;
}
