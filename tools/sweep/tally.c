/* SPDX-License-Identifier: Apache-2.0
 * tally.c: see tally.h. */
#include "tally.h"
#include "common/json.h"
#include "common/options.h"
#include "common/say.h"
#include <stdlib.h>
#include <string.h>

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static double sum_of(const json_t *object)
{
    const char *key;
    json_t *value;
    double sum = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
        sum += json_number_value(value);
    return sum;
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "?";
}

double sweep_first_order(const json_t *record)
{
    return number(record, "order");
}

static void keep_earlier(const json_t **first, const json_t *record)
{
    if (record && (!*first || sweep_first_order(record) < sweep_first_order(*first)))
        *first = record;
}

/* Keeps in `first` what of these came before. */
static void look(const json_t *first[VPREC_FIRSTS], const json_t *firsts)
{
    static const char *const kinds[] = {
#define X(name, kind) kind,
        VPREC_FIRST_LIST(X)
#undef X
    };
    for (size_t kind = 0; kind < VPREC_FIRSTS; kind++)
        keep_earlier(&first[kind], json_object_get(firsts, kinds[kind]));
}

static void add(sweep_row *to, const sweep_row *row)
{
    to->operations += row->operations;
    to->overflows += row->overflows;
    to->underflows += row->underflows;
    to->flushed += row->flushed;
    to->nans += row->nans;
}

static int by_place(const void *a, const void *b)
{
    const sweep_row *p = a, *q = b;
    int order = strcmp(p->object, q->object);
    order = order ? order : strcmp(p->symbol, q->symbol);
    return order ? order : (int)p->type - (int)q->type;
}

static int by_operations(const void *a, const void *b)
{
    const sweep_row *p = a, *q = b;
    return p->operations != q->operations ? (p->operations < q->operations) - (p->operations > q->operations)
                                          : by_place(a, b);
}

/* Makes one row of those of one function. */
static void merge(sweep_tally *t)
{
    size_t count = 0;
    if (t->count)
        qsort(t->rows, t->count, sizeof *t->rows, by_place);
    for (size_t i = 0; i < t->count; i++) {
        sweep_row *row = &t->rows[i], *last = count ? &t->rows[count - 1] : NULL;
        if (!last || by_place(last, row) != 0) {
            t->rows[count++] = *row;
            continue;
        }
        add(last, row);
        for (size_t kind = 0; kind < VPREC_FIRSTS; kind++)
            keep_earlier(&last->first[kind], row->first[kind]);
        json_array_extend(last->exponents, row->exponents);
        json_decref(row->exponents);
    }
    t->count = count;
    if (count)
        qsort(t->rows, count, sizeof *t->rows, by_operations);
}

/* A function, or a scope, which has no object. */
static void take_function(sweep_tally *t, const json_t *function, size_t *room)
{
    const bool layer = !json_object_get(function, "object");
    for (int type = 0; type < VPREC_TYPES; type++) {
        const json_t *counts = json_object_get(json_object_get(function, "counts"), vprec_type_names[type]);
        sweep_row row = {.symbol = text(function, "name"), .object = layer ? "" : text(function, "object"),
                         .type = (vprec_type)type, .operations = sum_of(json_object_get(counts, "ops")),
                         .overflows = number(counts, "overflows"), .underflows = number(counts, "underflows"),
                         .flushed = number(counts, "flushed"), .nans = number(counts, "nans")};
        if (row.operations <= 0)
            continue;
        add(&t->sum[type], &row);
        look(row.first, json_object_get(counts, "first"));
        row.exponents = vprec_json_must(json_array());
        json_array_append(row.exponents, json_object_get(counts, "exponents"));
        if (t->count == *room)
            t->rows = vprec_grow(t->rows, *room = 2 * *room + 64, sizeof *t->rows);
        t->rows[t->count++] = row;
    }
}

bool sweep_tally_read(sweep_tally *t, const char *path)
{
    size_t i, room = 0;
    json_t *item;
    *t = (sweep_tally){.report = vprec_json_read(path)};
    const json_t *configuration = json_object_get(t->report, "configuration");
    if (!json_is_true(json_object_get(configuration, "count")) && !json_is_true(json_object_get(configuration, "layers")))
        return false;
    json_array_foreach(json_object_get(t->report, "functions"), i, item)
        take_function(t, item, &room);
    json_array_foreach(json_object_get(t->report, "scopes"), i, item) /* with --layers, which counts no functions */
        take_function(t, item, &room);
    json_array_foreach(json_object_get(t->report, "processes"), i, item)
        for (int type = 0; type < VPREC_TYPES; type++) {
            const char *name = vprec_type_names[type];
            t->calls[type] += number(json_object_get(item, "libm_calls"), name);
            look(t->called[type], json_object_get(json_object_get(item, "libm_first"), name));
        }
    merge(t);
    return true;
}

void sweep_tally_free(sweep_tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        json_decref(t->rows[i].exponents);
    free(t->rows);
    json_decref(t->report);
    *t = (sweep_tally){0};
}

static bool has_one(const sweep_tally *t, const sweep_row *like, enum vprec_first_kind kind)
{
    for (size_t i = 0; t && i < t->count; i++)
        if (!by_place(&t->rows[i], like))
            return t->rows[i].first[kind];
    return false;
}

sweep_first sweep_tally_first(const sweep_tally *t, const sweep_tally *native, enum vprec_first_kind kind)
{
    sweep_first first = {.record = NULL};
    for (size_t i = 0; i < t->count + VPREC_TYPES; i++) {
        static const sweep_row libm;
        const sweep_row *row = i < t->count ? &t->rows[i] : &libm;
        vprec_type type = i < t->count ? row->type : (vprec_type)(i - t->count);
        const json_t *record = i < t->count ? row->first[kind] : t->called[type][kind];
        if (!record)
            continue;
        bool natively = i < t->count && has_one(native, row, kind);
        bool better = !first.record || (first.natively != natively
                                            ? first.natively
                                            : sweep_first_order(record) < sweep_first_order(first.record));
        if (better)
            first = (sweep_first){record, row->symbol, row->object, type, natively};
    }
    return first;
}

double sweep_row_between(const sweep_row *row, int least, int most)
{
    double sum = 0;
    size_t i;
    json_t *exponents, *results;
    const char *exponent;
    json_array_foreach(row->exponents, i, exponents)
        json_object_foreach(exponents, exponent, results)
        {
            long e = strtol(exponent, NULL, 10);
            sum += e >= least && e <= most ? json_number_value(results) : 0;
        }
    return sum;
}

bool sweep_tally_range(const sweep_tally *t, vprec_type type, int *least, int *most)
{
    bool any = false;
    size_t k;
    json_t *exponents, *results;
    const char *exponent;
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i].type == type)
            json_array_foreach(t->rows[i].exponents, k, exponents)
                json_object_foreach(exponents, exponent, results)
                {
                    int e = (int)strtol(exponent, NULL, 10);
                    *least = !any || e < *least ? e : *least;
                    *most = !any || e > *most ? e : *most;
                    any = true;
                }
    return any;
}
