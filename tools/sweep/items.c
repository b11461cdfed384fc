/* SPDX-License-Identifier: Apache-2.0
 * items.c: see items.h. */
#include "items.h"
#include "common/json.h"
#include "common/say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct items {
    const sweep_token **list; /* a word, a number; of a row its largest number */
    uint64_t *place;          /* of a row: which of its numbers that is */
    size_t count;
} items;

/* Numbers of one row follow each other. */
static size_t row_end(const sweep_document *d, size_t begin)
{
    size_t end = begin + 1;
    while (end < d->count && d->tokens[end].number && d->tokens[end].row == d->tokens[begin].row &&
           !strcmp(d->tokens[end].group, d->tokens[begin].group))
        end++;
    return end;
}

static void add_rows(items *list, const sweep_document *d)
{
    for (size_t i = 0, end; i < d->count; i = end) {
        end = i + 1;
        if (!d->tokens[i].number || !d->tokens[i].row)
            continue;
        end = row_end(d, i);
        size_t most = i;
        for (size_t k = i; k < end; k++)
            if (d->tokens[k].value > d->tokens[most].value || isnan(d->tokens[most].value))
                most = k;
        if (end - i < 2)
            continue;
        list->place[list->count] = isfinite(d->tokens[most].value) ? most - i : UINT64_MAX;
        list->list[list->count++] = &d->tokens[most];
    }
}

static items items_of(const sweep_document *d, sweep_items_kind kind)
{
    items list = {vprec_alloc(d->count, sizeof *list.list), /* NOLINT(bugprone-sizeof-expression): of pointers */
                  vprec_alloc(d->count, sizeof *list.place), 0};
    if (kind == SWEEP_ROWS)
        add_rows(&list, d);
    for (size_t i = 0; i < d->count && kind != SWEEP_ROWS; i++)
        if (!d->tokens[i].unit && d->tokens[i].number == (kind == SWEEP_NUMBERS))
            list.list[list.count++] = &d->tokens[i];
    return list;
}

static void release(items *list)
{
    free(list->list);
    free(list->place);
}

static bool same(const items *a, const items *b, size_t i, sweep_items_kind kind)
{
    if (i >= a->count || i >= b->count)
        return false;
    const sweep_token *x = a->list[i], *y = b->list[i];
    return kind == SWEEP_WORDS  ? !strcmp(x->text, y->text)
           : kind == SWEEP_ROWS ? a->place[i] == b->place[i] && a->place[i] != UINT64_MAX
                                : x->value == y->value;
}

static sweep_items_kind kind_of(const sweep_document *d)
{
    bool words = false, numbers = false, whole = true;
    for (size_t i = 0; i < d->count; i++) {
        const sweep_token *t = &d->tokens[i];
        words |= !t->number && !t->unit;
        numbers |= t->number;
        whole &= !t->number || (isfinite(t->value) && t->value == floor(t->value));
    }
    items rows = items_of(d, SWEEP_ROWS);
    size_t count = rows.count;
    release(&rows);
    return words ? SWEEP_WORDS : count ? SWEEP_ROWS : numbers && whole ? SWEEP_NUMBERS : SWEEP_NO_ITEMS;
}

/* Whether item `i` is right. The truth of rows is a number: the place of the largest. */
static bool right(const items *is, const items *truth, size_t i, sweep_items_kind kind, bool classes)
{
    if (classes)
        return i < is->count && is->place[i] != UINT64_MAX && (double)is->place[i] == truth->list[i]->value;
    return same(is, truth, i, kind);
}

static void judge_truth(sweep_judged *j, const sweep_document *is, const sweep_document *native,
                        const sweep_document *truth)
{
    sweep_items_kind kind = kind_of(truth);
    bool classes = kind == SWEEP_NUMBERS && kind_of(native) == SWEEP_ROWS;
    items want = items_of(truth, kind), a = items_of(native, classes ? SWEEP_ROWS : kind);
    items b = items_of(is, classes ? SWEEP_ROWS : kind);
    j->truth = want.count && want.count == a.count;
    j->trouble = j->truth ? NULL : "--truth and the native output have not as many labels, one for each item";
    for (size_t i = 0; j->truth && i < want.count; i++) {
        bool then = right(&a, &want, i, kind, classes), now = right(&b, &want, i, kind, classes);
        (*(then && now ? &j->right.both : then ? &j->right.first : now ? &j->right.second : &j->right.neither))++;
    }
    release(&b);
    release(&a);
    release(&want);
}

sweep_judged sweep_judge(const sweep_document *is, const sweep_document *native, const sweep_document *truth)
{
    sweep_judged j = {.kind = kind_of(native)};
    if (truth)
        judge_truth(&j, is, native, truth);
    if (j.kind == SWEEP_NO_ITEMS)
        return j;
    items a = items_of(is, j.kind), b = items_of(native, j.kind);
    j.count = a.count > b.count ? a.count : b.count;
    for (size_t i = 0; i < j.count; i++)
        j.changed += !same(&a, &b, i, j.kind);
    release(&b);
    release(&a);
    return j;
}

static uint64_t total(const vprec_paired *p)
{
    return p->both + p->first + p->second + p->neither;
}

double sweep_judged_accuracy(const sweep_judged *j)
{
    return j->truth ? (double)(j->right.both + j->right.second) / (double)total(&j->right) : NAN;
}

double sweep_judged_drop(const sweep_judged *j)
{
    return j->truth ? -vprec_paired_interval(&j->right, SWEEP_CONFIDENCE).low : NAN;
}

json_t *sweep_judged_json(const sweep_judged *j)
{
    static const char *const names[] = {"none", "words", "rows", "numbers"};
    if (!j->count && !j->truth)
        return json_null();
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "of", json_string(names[j->kind]));
    vprec_json_put(object, "count", vprec_json_number(j->count));
    vprec_json_put(object, "changed", vprec_json_number(j->changed));
    vprec_json_put(object, "changed_at_most",
                   vprec_json_real(vprec_share_most(j->changed, j->count, SWEEP_CONFIDENCE)));
    vprec_json_put(object, "confidence", json_real(SWEEP_CONFIDENCE));
    if (!j->truth)
        return object;
    const vprec_paired *p = &j->right;
    vprec_share_bounds difference = vprec_paired_interval(p, SWEEP_CONFIDENCE);
    double native = (double)(p->both + p->first) / (double)total(p), is = sweep_judged_accuracy(j);
    json_t *paired = vprec_json_must(json_object());
    vprec_json_put(paired, "both_right", vprec_json_number(p->both));
    vprec_json_put(paired, "native_alone", vprec_json_number(p->first));
    vprec_json_put(paired, "format_alone", vprec_json_number(p->second));
    vprec_json_put(paired, "both_wrong", vprec_json_number(p->neither));
    vprec_json_put(paired, "native_accuracy", json_real(native));
    vprec_json_put(paired, "accuracy", json_real(is));
    vprec_json_put(paired, "difference", json_real(is - native));
    vprec_json_put(paired, "low", json_real(difference.low));
    vprec_json_put(paired, "high", json_real(difference.high));
    vprec_json_put(paired, "mcnemar", json_real(vprec_paired_mcnemar(p)));
    vprec_json_put(object, "paired", paired);
    return object;
}
