/* SPDX-License-Identifier: Apache-2.0
 * distance.c: Levenshtein's distance in a band that is doubled until it holds the best path
 * (E. Ukkonen, 1985): time and memory follow the distance, not the product of the lengths. */
#include "common/say.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct symbols {
    uint32_t *items;
    size_t count;
} symbols;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The distance if it is at most `most`, else more than it. row[k] is the distance of the first i of a to the first
 * i + k - most of b: cells further from the diagonal cost more than `most`. */
static size_t banded(const uint32_t *a, size_t n, const uint32_t *b, size_t m, size_t most, size_t *row)
{
    const size_t width = 2 * most + 1, far = n + m + 1;
    for (size_t k = 0; k < width; k++)
        row[k] = k >= most && k - most <= m ? k - most : far;
    for (size_t i = 1; i <= n; i++) {
        /* From k to k the step is diagonal; from k + 1 it deletes of a, from k - 1 in this row it inserts. */
        size_t from = i < most ? most - i : 0, to = least(width, m + most + 1 - least(i, m + most + 1));
        for (size_t k = 0; k < from; k++)
            row[k] = far;
        for (size_t k = from; k < to; k++) {
            size_t j = i + k - most;
            size_t best = j ? row[k] + (a[i - 1] != b[j - 1]) : far;
            if (k + 1 < width)
                best = least(best, row[k + 1] + 1);
            if (k > from)
                best = least(best, row[k - 1] + 1);
            row[k] = best;
        }
        for (size_t k = to; k < width; k++)
            row[k] = far;
    }
    return m + most >= n && m + most - n < width ? row[m + most - n] : far;
}

size_t sweep_distance(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
    while (n && m && *a == *b)
        a++, b++, n--, m--;
    while (n && m && a[n - 1] == b[m - 1])
        n--, m--;
    if (!n || !m)
        return n + m;
    size_t apart = n > m ? n - m : m - n, longest = n > m ? n : m;
    for (size_t most = apart + 8;; most *= 2) {
        most = least(most, longest);
        size_t *row = vprec_alloc(2 * most + 1, sizeof *row), distance = banded(a, n, b, m, most, row);
        free(row);
        if (distance <= most || most == longest)
            return distance;
    }
}

/* The code point at `text`, or a byte that begins none, as a symbol beyond them; its length into `length`. */
static uint32_t code_point(const unsigned char *text, size_t left, size_t *length)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = *text;
    size_t bytes = first < 0x80 ? 1 : first >= 0xF0 && first < 0xF8 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
    *length = 1;
    if (bytes == 1)
        return first;
    uint32_t point = bytes ? first & (0x7FU >> bytes) : 0;
    bool good = bytes && first < 0xF8 && bytes <= left;
    for (size_t i = 1; good && i < bytes; i++) {
        good = (text[i] & 0xC0) == 0x80;
        point = point << 6 | (text[i] & 0x3FU);
    }
    if (!good || point < smallest[bytes] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return 0x110000U + first;
    *length = bytes;
    return point;
}

static bool blank(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xA0 || point == 0x3000 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
           point == 0x205F || point == 0x1680 || (point >= 0x1C && point <= 0x1F);
}

/* Code points, with one blank for white space between others. */
static symbols characters(const sweep_document *d)
{
    symbols s = {vprec_alloc(d->size, sizeof *s.items), 0};
    bool space = false;
    for (size_t at = 0, length; at < d->size; at += length) {
        uint32_t point = code_point((const unsigned char *)d->bytes + at, d->size - at, &length);
        if (blank(point)) {
            space = s.count > 0;
            continue;
        }
        if (space)
            s.items[s.count++] = ' ';
        space = false;
        s.items[s.count++] = point;
    }
    return s;
}

/* Words of two texts as numbers: equal words have equal ones. */
typedef struct dictionary {
    struct {
        const uint32_t *text;
        size_t length;
        uint32_t number;
    } *slots;
    size_t size; /* a power of two, more than the words */
    uint32_t words;
} dictionary;

static uint32_t word_number(dictionary *d, const uint32_t *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ text[i]) * 0x100000001b3;
    for (size_t slot = (hash ^ hash >> 32) & (d->size - 1);; slot = (slot + 1) & (d->size - 1)) {
        if (!d->slots[slot].text) {
            d->slots[slot].text = text;
            d->slots[slot].length = length;
            return d->slots[slot].number = d->words++;
        }
        if (d->slots[slot].length == length && !memcmp(d->slots[slot].text, text, length * sizeof *text))
            return d->slots[slot].number;
    }
}

static symbols words(const symbols *characters, dictionary *d)
{
    symbols s = {vprec_alloc(characters->count / 2 + 1, sizeof *s.items), 0};
    for (size_t at = 0; at < characters->count;) {
        size_t end = at;
        while (end < characters->count && characters->items[end] != ' ')
            end++;
        s.items[s.count++] = word_number(d, characters->items + at, end - at);
        at = end + 1;
    }
    return s;
}

static double rate(const symbols *is, const symbols *want)
{
    if (!want->count)
        return is->count ? NAN : 0;
    return (double)sweep_distance(is->items, is->count, want->items, want->count) / (double)want->count;
}

double sweep_character_errors(const sweep_document *is, const sweep_document *want)
{
    symbols a = characters(is), b = characters(want);
    double errors = rate(&a, &b);
    free(b.items);
    free(a.items);
    return errors;
}

/* The words of two texts, numbered. */
typedef struct word_pair {
    symbols is, want;
} word_pair;

static word_pair words_of(const sweep_document *is, const sweep_document *want)
{
    symbols a = characters(is), b = characters(want);
    dictionary d = {.size = 64};
    while (d.size < a.count + b.count + 2)
        d.size *= 2;
    d.slots = vprec_alloc(d.size, sizeof *d.slots);
    word_pair pair = {words(&a, &d), words(&b, &d)};
    free(d.slots);
    free(b.items);
    free(a.items);
    return pair;
}

static void release(word_pair *pair)
{
    free(pair->is.items);
    free(pair->want.items);
}

double sweep_word_errors(const sweep_document *is, const sweep_document *want)
{
    word_pair pair = words_of(is, want);
    double errors = rate(&pair.is, &pair.want);
    release(&pair);
    return errors;
}

size_t sweep_word_edits(const sweep_document *is, const sweep_document *want)
{
    word_pair pair = words_of(is, want);
    size_t edits = sweep_distance(pair.is.items, pair.is.count, pair.want.items, pair.want.count);
    release(&pair);
    return edits;
}

size_t sweep_word_prefix(const sweep_document *is, const sweep_document *want)
{
    word_pair pair = words_of(is, want);
    size_t most = least(pair.is.count, pair.want.count), equal = 0;
    while (equal < most && pair.is.items[equal] == pair.want.items[equal])
        equal++;
    release(&pair);
    return equal;
}
