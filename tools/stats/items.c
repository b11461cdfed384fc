/* SPDX-License-Identifier: Apache-2.0
 * items.c: documents of tokens: the same token of every sample is one item, a number with its moments or a label with
 * its variants. Tokens of tables and JSON are the same where their places are; those of text where they stand in the
 * same order, whatever breaks their lines, or is added and lost between them. */
#include "align.h"
#include "common/say.h"
#include "documents.h"
#include "number.h"
#include "progress.h"
#include "stats/read/file.h"
#include "stats/read/tokens.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VARIANTS_MOST = 8, TEXT_MOST = 200, LABEL_MOST = 40, WORD_FAR = 64 };

typedef struct variant {
    char *text;
    uint64_t count;
} variant;

/* What a label was in the samples. */
typedef struct variants {
    char *reference; /* NULL: none */
    uint64_t agree, samples, others;
    size_t count;
    variant list[VARIANTS_MOST]; /* more of them are `others` */
} variants;

typedef struct item {
    stats_group *group;
    uint64_t index;
    char *name;
    char *before;     /* the word in front of a number in its line; NULL */
    double reference; /* NaN: none */
    variants *label;  /* NULL: a number */
    int bits;
} item;

/* A token of the sample that is read, until all of them are known; its value is in a step. */
typedef struct held {
    const char *text;
    size_t length;
    uint64_t line, piece;
    unsigned part;
    bool unit;
    int bits;
} held;

/* The order of a text's tokens. */
typedef struct sequence {
    stats_step *steps; /* of all samples so far */
    size_t *items;     /* the item of each */
    size_t count;
    stats_step *now; /* of the sample that is read */
    held *held;
    size_t now_count, now_room;
    uint64_t moved, lost; /* samples with another order, and those too different to be matched by it */
} sequence;

typedef struct collector {
    stats_document *document;
    const stats_options *options;
    item *items;
    size_t count, room, next; /* next: the item that probably comes */
    uint32_t *table;          /* items + 1 by hash, open addressing, a power of two */
    size_t table_size;
    stats_state state;
    double *values; /* of the sample that is read */
    size_t values_room;
    uint64_t samples, references; /* rows of the reference, of which the last one counts */
    bool referring;               /* the reference is read */
    stats_group *group;
    bool ordered; /* by the sequence */
    sequence sequence;
    const char *path; /* the file that is read */
} collector;

static size_t slot_of(const collector *c, const char *group, uint64_t index)
{
    uint64_t hash = index * 0x9E3779B97F4A7C15;
    for (; *group; group++)
        hash = (hash ^ (unsigned char)*group) * 0x100000001B3;
    hash ^= hash >> 32;
    size_t slot = hash & (c->table_size - 1);
    return slot;
}

static bool is_item(const item *i, const char *group, uint64_t index)
{
    return i->index == index && !strcmp(i->group->name, group);
}

static void table_grow(collector *c)
{
    c->table_size = c->table_size ? 2 * c->table_size : 1024;
    free(c->table);
    c->table = vprec_alloc(c->table_size, sizeof *c->table);
    for (size_t i = 0; i < c->count; i++) {
        size_t slot = slot_of(c, c->items[i].group->name, c->items[i].index);
        while (c->table[slot])
            slot = (slot + 1) & (c->table_size - 1);
        c->table[slot] = (uint32_t)i + 1;
    }
}

static stats_group *group_of(collector *c, const char *name)
{
    if (c->group && !strcmp(c->group->name, name))
        return c->group;
    for (size_t g = 0; g < c->document->group_count; g++)
        if (!strcmp(c->document->groups[g]->name, name))
            return c->group = c->document->groups[g];
    return c->group = stats_group_add(c->document, name, c->options);
}

static char *label_text(const stats_token *token)
{
    size_t length = token->length < TEXT_MOST ? token->length : TEXT_MOST;
    char *text = vprec_alloc(length + 1, 1);
    memcpy(text, token->text, length);
    return text;
}

/* Takes the name over. */
static item *item_new(collector *c, const stats_token *token, char *name)
{
    if (c->count == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->items = vprec_grow(c->items, c->room, sizeof *c->items);
    }
    item *i = &c->items[c->count++];
    *i = (item){group_of(c, token->group), token->index, name, NULL, NAN, NULL, 0};
    if (!token->number)
        i->label = vprec_alloc(1, sizeof *i->label);
    return i;
}

static item *item_of(collector *c, const stats_token *token)
{
    if (c->next < c->count && is_item(&c->items[c->next], token->group, token->index))
        return &c->items[c->next++];
    if (2 * c->count >= c->table_size)
        table_grow(c);
    size_t slot = slot_of(c, token->group, token->index);
    for (; c->table[slot]; slot = (slot + 1) & (c->table_size - 1))
        if (is_item(&c->items[c->table[slot] - 1], token->group, token->index)) {
            c->next = c->table[slot];
            return &c->items[c->table[slot] - 1];
        }
    c->next = c->count + 1;
    c->table[slot] = (uint32_t)c->next;
    return item_new(c, token, stats_token_name(token));
}

static void count_variant(variants *v, const stats_token *token)
{
    v->samples++;
    if (v->reference && strlen(v->reference) == (token->length < TEXT_MOST ? token->length : TEXT_MOST) &&
        !memcmp(v->reference, token->text, strlen(v->reference))) {
        v->agree++;
        return;
    }
    size_t length = token->length < TEXT_MOST ? token->length : TEXT_MOST;
    for (size_t i = 0; i < v->count; i++)
        if (strlen(v->list[i].text) == length && !memcmp(v->list[i].text, token->text, length)) {
            v->list[i].count++;
            return;
        }
    if (v->count < VARIANTS_MOST)
        v->list[v->count++] = (variant){label_text(token), 1};
    else
        v->others++;
}

static void values_grow(collector *c)
{
    size_t room = stats_round_up(2 * c->count);
    double *values = aligned_alloc(64, (room * sizeof *values + 63) / 64 * 64);
    if (!values) {
        vprec_say("out of memory for %zu numbers: free some, or raise the limit (ulimit -v)", room);
        exit(vprec_failure);
    }
    for (size_t i = 0; i < room; i++)
        values[i] = i < c->values_room ? c->values[i] : stats_missing();
    free(c->values);
    c->values = values;
    c->values_room = room;
}

static void put_token(collector *c, item *i, const stats_token *token)
{
    size_t at = (size_t)(i - c->items);
    if (c->referring) {
        if (i->label && !i->label->reference)
            i->label->reference = label_text(token);
        else if (!i->label && token->number)
            i->reference = token->value;
        return;
    }
    if (i->label) {
        count_variant(i->label, token);
    } else if (token->number) {
        if (c->count > c->values_room)
            values_grow(c);
        c->values[at] = token->value;
        i->bits = token->bits > i->bits ? token->bits : i->bits;
    }
}

static void hold_token(sequence *s, const stats_token *token)
{
    if (s->now_count == s->now_room) {
        s->now_room = s->now_room ? 2 * s->now_room : 256;
        s->now = vprec_grow(s->now, s->now_room, sizeof *s->now);
        s->held = vprec_grow(s->held, s->now_room, sizeof *s->held);
    }
    s->now[s->now_count] = stats_step_of(token);
    s->held[s->now_count++] =
        (held){token->text, token->length, token->line, token->piece, token->part, token->unit, token->bits};
}

static void take_token(void *context, const stats_token *token)
{
    collector *c = context;
    if (c->ordered)
        hold_token(&c->sequence, token);
    else
        put_token(c, item_of(c, token), token);
}

/* What no sample had before goes where it stands in this one. The items by their old places, to be freed. */
static size_t *sequence_widen(collector *c, const size_t *match, size_t added)
{
    sequence *s = &c->sequence;
    size_t count = s->count + added, from = 0, to = 0;
    stats_step *steps = vprec_alloc(count, sizeof *steps);
    size_t *items = vprec_alloc(count, sizeof *items);
    for (size_t i = 0; i <= s->now_count; i++) {
        size_t until = i == s->now_count ? s->count : match[i] == STATS_UNMATCHED ? from : match[i] + 1;
        for (; from < until; from++, to++) {
            steps[to] = s->steps[from];
            items[to] = s->items[from];
        }
        if (i < s->now_count && match[i] == STATS_UNMATCHED) {
            steps[to] = s->now[i];
            items[to++] = SIZE_MAX; /* an item to come */
        }
    }
    size_t *old = s->items;
    free(s->steps);
    s->steps = steps;
    s->items = items;
    s->count = count;
    return old;
}

/* The word in front of token i in its line; NULL: none. */
static char *word_before(const sequence *s, size_t i)
{
    uint64_t line = s->held[i].line;
    for (int steps = 0; steps < WORD_FAR && i-- && s->held[i].line == line; steps++)
        if (!s->now[i].number && !s->held[i].unit)
            return vprec_text("%.*s", (int)(s->held[i].length < LABEL_MOST ? s->held[i].length : LABEL_MOST),
                              s->held[i].text);
    return NULL;
}

/* The sample is read: its tokens are matched with those of the samples before it. */
static void settle(collector *c)
{
    sequence *s = &c->sequence;
    size_t *match = vprec_alloc(s->now_count, sizeof *match), added = 0;
    bool first = !s->count, moved = false;
    s->lost += !stats_align(s->now, s->now_count, s->steps, s->count, match, &moved);
    s->moved += moved && !first;
    for (size_t i = 0; i < s->now_count; i++)
        added += match[i] == STATS_UNMATCHED;
    size_t *items = s->items; /* by the old places */
    if (added)
        items = sequence_widen(c, match, added);
    for (size_t i = 0, at = 0; i < s->now_count; i++) {
        const held *h = &s->held[i];
        stats_token token = {.group = "",
                             .line = h->line,
                             .piece = h->piece,
                             .part = h->part,
                             .unit = h->unit,
                             .number = s->now[i].number,
                             .value = s->now[i].value,
                             .bits = h->bits,
                             .text = h->text,
                             .length = h->length};
        if (match[i] != STATS_UNMATCHED) {
            put_token(c, &c->items[items[match[i]]], &token);
            continue;
        }
        char *name = stats_token_name(&token);
        if (!first) {
            char *whole = vprec_text("%s (%s)", name, c->path);
            free(name);
            name = whole;
        }
        while (s->items[at] != SIZE_MAX)
            at++;
        s->items[at] = c->count;
        item *new = item_new(c, &token, name);
        new->before = token.number ? word_before(s, i) : NULL;
        put_token(c, new, &token);
    }
    if (added)
        free(items);
    free(match);
    s->now_count = 0;
}

static void take_sample(void *context, double share)
{
    collector *c = context;
    if (c->ordered)
        settle(c);
    if (c->options->rows)
        stats_progress_tell(c->options->progress, share);
    c->next = 0;
    if (c->referring) {
        c->references++;
        return;
    }
    c->samples++;
    if (!c->count)
        return;
    if (c->count > c->values_room)
        values_grow(c);
    stats_state_resize(&c->state, c->count);
    stats_state_add(&c->state, c->values, c->values_room, 1);
    for (size_t i = 0; i < c->count; i++)
        c->values[i] = stats_missing();
}

/* A file that is no text is one label: its length and a hash of its content (FNV-1a). */
static void take_binary(collector *c, const char *bytes, size_t size)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001B3;
    char *text = vprec_text("%zu bytes, hash %016" PRIx64, size, hash);
    stats_token token = {.group = "", .name = "content", .text = text, .length = strlen(text)};
    take_token(c, &token);
    free(text);
}

/* One sample, or with `rows` many. */
static bool read_file(collector *c, const char *path, bool rows)
{
    stats_file file;
    stats_sink sink = {take_token, take_sample, c};
    if (!stats_file_open(&file, path))
        return false;
    char *text = stats_file_text(&file);
    bool ok = text != NULL;
    c->path = file.name;
    if (ok && c->document->kind == STATS_BINARY)
        take_binary(c, text, file.size);
    else if (ok)
        ok = stats_parse(c->document->kind, file.name, text, file.size, rows, &sink);
    if (ok && !rows)
        take_sample(c, 1);
    free(text);
    stats_file_close(&file);
    return ok;
}

/* Most frequent first. */
static int by_count(const void *a, const void *b)
{
    uint64_t i = ((const variant *)a)->count, j = ((const variant *)b)->count;
    return (i < j) - (i > j);
}

static void put_label(collector *c, item *i)
{
    variants *v = i->label;
    stats_group *g = i->group;
    if (!v->samples && !c->samples)
        return;
    qsort(v->list, v->count, sizeof *v->list, by_count);
    size_t other = 0;
    if (!v->reference && v->count) {
        v->reference = v->list[0].text;
        v->agree = v->list[0].count;
        v->list[0].text = NULL;
        other = 1;
    }
    stats_label label = {.name = i->name, .text = v->reference, .agree = v->agree, .samples = c->samples,
                         .variants = v->count - other + (v->agree > 0) + (v->others > 0),
                         .other = other < v->count ? vprec_text("%s", v->list[other].text) : NULL};
    g->label_all++;
    g->label_agree += (double)label.agree;
    g->label_samples += (double)label.samples;
    g->label_flips += label.agree < label.samples;
    /* Only those that differ are worth a line; all the same, some show what the document is about. */
    g->labels = vprec_grow(g->labels, g->label_count + 1, sizeof *g->labels);
    g->labels[g->label_count++] = label;
    i->name = NULL;
    v->reference = NULL;
}

static int by_agreement(const void *a, const void *b)
{
    const stats_label *x = a, *y = b;
    double i = (double)x->agree / (double)x->samples, j = (double)y->agree / (double)y->samples;
    return i != j ? (i > j) - (i < j) : 0;
}

static void cut_labels(stats_group *g, size_t most)
{
    if (!g->label_count)
        return;
    qsort(g->labels, g->label_count, sizeof *g->labels, by_agreement);
    while (g->label_count > most) {
        stats_label *label = &g->labels[--g->label_count];
        free(label->name);
        free(label->text);
        free(label->other);
    }
}

static void finish(collector *c)
{
    stats_scale scale = {.options = c->options};
    uint64_t incomplete = 0, unknown = 0;
    stats_state_resize(&c->state, c->count);
    for (size_t k = 0; k < c->count; k++) {
        size_t at = c->ordered ? c->sequence.items[k] : k;
        item *i = &c->items[at];
        stats_number number;
        if (i->label) {
            incomplete += i->label->samples < c->samples;
            put_label(c, i);
            continue;
        }
        double reference = c->options->has_value ? c->options->value : i->reference;
        stats_number_fill(&number, &scale, &c->state, at, (double)c->samples, reference, i->bits);
        number.index = k;
        number.name = i->name;
        number.label = i->before;
        i->name = i->before = NULL;
        incomplete += number.missing > 0;
        unknown += isnan(reference);
        stats_total_add(&i->group->total, &number);
        stats_list_offer(&i->group->list, &number);
    }
    for (size_t g = 0; g < c->document->group_count; g++) {
        stats_list_sort(&c->document->groups[g]->list);
        cut_labels(c->document->groups[g], c->options->numbers);
    }
    if (incomplete)
        stats_warn(c->document, "%" PRIu64 " of %zu tokens are not in every sample, or are words in some: %s",
                   incomplete, c->count,
                   c->ordered
                       ? "they are matched by their order"
                       : "they are matched by their places, so what stands behind a place that is added or lost is "
                         "compared wrongly");
    if (c->sequence.moved)
        stats_warn(c->document,
                   "in %" PRIu64 " samples lines break elsewhere, or words are more, fewer or others, than in "
                   "%s: matched by their order",
                   c->sequence.moved, c->document->reference && !c->options->has_value ? "the reference" : "the first");
    if (c->sequence.lost)
        stats_warn(
            c->document,
            "%" PRIu64 " samples are too long and too different to be matched by their order: their "
            "tokens are counted from the first difference on, and what is added or lost there is compared wrongly",
            c->sequence.lost);
    if (c->references > 1)
        stats_warn(c->document, "the reference has %" PRIu64 " rows, where one is expected: numbers are compared with "
                   "the last that has them", c->references);
    if (unknown && c->document->reference)
        stats_warn(c->document, "%" PRIu64 " numbers are not in the reference: compared with their mean", unknown);
    c->document->samples = c->samples;
}

static void collector_free(collector *c)
{
    for (size_t i = 0; i < c->count; i++) {
        variants *v = c->items[i].label;
        for (size_t k = 0; v && k < v->count; k++)
            free(v->list[k].text);
        if (v)
            free(v->reference);
        free(v);
        free(c->items[i].name);
        free(c->items[i].before);
    }
    free(c->items);
    free(c->table);
    free(c->sequence.steps);
    free(c->sequence.items);
    free(c->sequence.now);
    free(c->sequence.held);
    free(c->values);
    stats_state_free(&c->state);
}

bool stats_tokens_document(stats_document *document, const stats_options *options, char **paths, size_t count,
                           const char *reference)
{
    collector c = {.document = document, .options = options, .ordered = document->kind == STATS_TEXT};
    bool ok = true;
    if (reference) {
        c.referring = true;
        /* In JSON the reference is one element of the array. */
        ok = read_file(&c, reference, options->rows && document->kind != STATS_JSON);
        c.referring = false;
    }
    for (size_t i = 0; ok && i < count; i++) {
        stats_progress_tell(options->progress, (double)i / (double)count);
        ok = read_file(&c, paths[i], options->rows);
    }
    if (ok)
        finish(&c);
    collector_free(&c);
    return ok;
}
