/* SPDX-License-Identifier: Apache-2.0
 * why.c: which cells failed, what is counted of them, and what that says of each. The words are words.c's. */
#include "why.h"
#include "cell.h"
#include "common/demangle.h"
#include "common/json.h"
#include "common/say.h"
#include "page/text.h"
#include "words.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_MOST = 8 }; /* cells that are told of on a terminal */

bool sweep_failed(const sweep_question *question, const sweep_cell *c)
{
    if (!c->settled || c->status == SWEEP_REFUSED_STATUS || c->status == SWEEP_PENDING_STATUS)
        return false;
    if (c->status != SWEEP_OK_STATUS)
        return true;
    return !c->idle && (c->not_finite || (question && !sweep_answers(question, c)));
}

bool sweep_why_next(sweep *s, const sweep_question *question)
{
    bool any = false;
    for (size_t i = 0; i < s->grid.count; i++) {
        size_t counting = s->grid.cells[i].counting;
        if (!counting || s->grid.cells[counting].wanted || (i && !sweep_failed(question, &s->grid.cells[i])))
            continue;
        any = s->grid.cells[counting].wanted = true;
    }
    return any;
}

/* What was counted for cell `of`. False: nothing was. */
static bool read_tally(const sweep *s, size_t of, sweep_tally *tally)
{
    size_t index = s->grid.cells[of].counting;
    const sweep_cell *counting = index ? &s->grid.cells[index] : NULL;
    *tally = (sweep_tally){0};
    if (!counting || !counting->settled)
        return false;
    char *path = vprec_results_file(&counting->results, 1, "report.json");
    bool ok = sweep_tally_read(tally, path);
    tally->cut = counting->status == SWEEP_TIMEOUT_STATUS;
    free(path);
    return ok;
}

/* How the cell failed; to be freed. */
static char *because(const sweep *s, const sweep_question *q, const sweep_cell *c)
{
    const char *name = c->signal ? sigabbrev_np(c->signal) : NULL;
    switch (c->status) {
    case SWEEP_SIGNAL_STATUS:
        return name ? vprec_text("died of SIG%s", name) : vprec_text("died of signal %d", c->signal);
    case SWEEP_EXIT_STATUS: return vprec_text("ended with status %d", c->exited);
    case SWEEP_TIMEOUT_STATUS: return vprec_text("took longer than %.6g seconds", s->limit);
    default: break;
    }
    char *numbers = c->not_finite ? vprec_text("%" PRIu64 " number%s of its output %s NaN or infinite", c->not_finite,
                                               c->not_finite == 1 ? "" : "s", c->not_finite == 1 ? "is" : "are")
                                  : NULL;
    if (!q || sweep_answers(q, c))
        return numbers;
    const sweep_threshold *missed = sweep_question_missed(q, c);
    const sweep_summary *value = &c->values[missed->metric];
    char *goal = sweep_threshold_text(missed, &s->options->metrics);
    const char *metric = s->options->metrics.list[missed->metric].name;
    char number[32] = "NaN";
    if (!isnan(value->value))
        snprintf(number, sizeof number, "%.6g", value->value);
    char *text = value->error ? vprec_text("%s has no value%s%s", metric, numbers ? ", " : "", numbers ? numbers : "")
                              : vprec_text("%s is %s, not %s%s%s", metric, number, goal + strlen(metric) + 1,
                                           numbers ? ", " : "", numbers ? numbers : "");
    free(goal);
    free(numbers);
    return text;
}

static json_t *type_numbers(const sweep_cell *c, vprec_type type, const sweep_tally *own, const sweep_tally *native)
{
    const vprec_format *format = &c->options.config.format[type];
    json_t *object = vprec_json_must(json_object());
    char name[64];
    vprec_options_format(&c->options.config, type, name, sizeof name);
    vprec_json_put(object, "format", vprec_json_text(name));
    vprec_json_put(object, "largest", json_real(format->max));
    vprec_json_put(object, "smallest_normal", json_real(format->min_normal));
    const sweep_row *row = own ? &own->sum[type] : NULL;
    vprec_json_put(object, "operations", row ? sweep_words_count(row->operations) : json_null());
    vprec_json_put(object, "overflows", row ? sweep_words_count(row->overflows) : json_null());
    vprec_json_put(object, "underflows", row ? sweep_words_count(row->underflows) : json_null());
    vprec_json_put(object, "flushed", row ? sweep_words_count(row->flushed) : json_null());
    vprec_json_put(object, "nans", row ? sweep_words_count(row->nans) : json_null());
    double beyond = 0, below = 0;
    for (size_t i = 0; native && i < native->count; i++)
        if (native->rows[i].type == type) {
            beyond += sweep_row_between(&native->rows[i], ilogb(format->max) + 1, INT32_MAX);
            below += sweep_row_between(&native->rows[i], INT32_MIN, format->emin - 1);
        }
    vprec_json_put(object, "native_operations", native ? sweep_words_count(native->sum[type].operations) : json_null());
    vprec_json_put(object, "native_beyond", native ? sweep_words_count(beyond) : json_null());
    vprec_json_put(object, "native_below", native ? sweep_words_count(below) : json_null());
    return object;
}

/* The function as people know it, and its object, or the layer; NULL: none. */
static void put_name(json_t *json, const char *symbol, const char *object)
{
    const bool layer = object && !*object;
    char *name = symbol && !layer ? vprec_demangled(symbol, true) : NULL;
    vprec_json_put(json, "function", name ? vprec_json_text(name) : json_null());
    vprec_json_put(json, "object", object && *object ? vprec_json_text(object) : json_null());
    vprec_json_put(json, "layer", layer ? vprec_json_text(symbol) : json_null());
    free(name);
}

/* The functions in which something went wrong. */
static json_t *functions_of(const sweep_tally *own)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; own && i < own->count; i++) {
        const sweep_row *row = &own->rows[i];
        if (row->overflows + row->underflows + row->flushed + row->nans <= 0)
            continue;
        json_t *object = vprec_json_must(json_object());
        put_name(object, row->symbol, row->object);
        vprec_json_put(object, "type", vprec_json_text(vprec_type_names[row->type]));
        vprec_json_put(object, "operations", sweep_words_count(row->operations));
        vprec_json_put(object, "overflows", sweep_words_count(row->overflows));
        vprec_json_put(object, "underflows", sweep_words_count(row->underflows));
        vprec_json_put(object, "flushed", sweep_words_count(row->flushed));
        vprec_json_put(object, "nans", sweep_words_count(row->nans));
        vprec_json_add(array, object);
    }
    return array;
}

static json_t *firsts_of(const sweep_tally *own, const sweep_tally *native)
{
    static const char *const kinds[] = {
#define X(name, kind) kind,
        VPREC_FIRST_LIST(X)
#undef X
    };
    json_t *object = vprec_json_must(json_object());
    for (size_t kind = 0; own && kind < VPREC_FIRSTS; kind++) {
        sweep_first first = sweep_tally_first(own, native, (enum vprec_first_kind)kind);
        if (!first.record)
            continue;
        json_t *copy = vprec_json_must(json_copy((json_t *)(uintptr_t)first.record));
        char *text = sweep_words_operation(first.record);
        put_name(copy, first.symbol, first.object);
        vprec_json_put(copy, "type", vprec_json_text(vprec_type_names[first.type]));
        vprec_json_put(copy, "natively", json_boolean(first.natively));
        vprec_json_put(copy, "text", vprec_json_text(text));
        vprec_json_put(object, kinds[kind], copy);
        free(text);
    }
    return object;
}

/* Why nothing was counted of the cell itself. */
static void tell_uncounted(json_t *texts, const sweep *s, const sweep_cell *c)
{
    if (!c->counting)
        sweep_words_add(texts, "its operations were not counted (--why all does that)");
    else if (!s->grid.cells[c->counting].settled)
        sweep_words_add(texts, "its operations have not been counted yet: the same command goes on");
    else
        sweep_words_add(texts, "its operations could not be counted: see " VPREC_RESULTS_CELLS "/%s/0001/stderr",
                        s->grid.cells[c->counting].id);
}

static json_t *cell_of(const sweep *s, const sweep_question *q, size_t index, const sweep_tally *native)
{
    const sweep_cell *c = &s->grid.cells[index];
    sweep_tally own;
    bool counted = read_tally(s, index, &own), cut = counted && own.cut;
    json_t *object = vprec_json_must(json_object()), *types = vprec_json_must(json_object());
    json_t *texts = vprec_json_must(json_array());
    native = c->where ? NULL : native; /* it counts elsewhere, too */
    char *how = because(s, q, c);
    vprec_json_put(object, "id", vprec_json_text(c->id));
    vprec_json_put(object, "format", c->format ? vprec_json_text(c->format) : json_null());
    vprec_json_put(object, "mode", vprec_json_text(c->mode));
    vprec_json_put(object, "where", c->where ? vprec_json_text(c->where) : json_null());
    vprec_json_put(object, "because", how ? vprec_json_text(how) : json_null());
    vprec_json_put(object, "counted", json_boolean(counted));
    vprec_json_put(object, "cut", json_boolean(cut));
    for (int type = 0; type < VPREC_TYPES; type++)
        if (c->options.config.use[type] == VPREC_USE_FORMAT)
            vprec_json_put(types, vprec_type_names[type],
                           type_numbers(c, (vprec_type)type, counted ? &own : NULL, native));
    vprec_json_put(object, "types", types);
    vprec_json_put(object, "first", firsts_of(counted ? &own : NULL, native));
    vprec_json_put(object, "functions", functions_of(counted ? &own : NULL));
    if (cut)
        sweep_words_add(texts,
                        "counting was ended after %.6g seconds (--why-timeout): what follows is of the part that ran",
                        s->options->why_timeout);
    if (!counted)
        tell_uncounted(texts, s, c);
    sweep_words_tell(texts, c, counted ? &own : NULL, native);
    vprec_json_put(object, "text", texts);
    free(how);
    sweep_tally_free(&own);
    return object;
}

/* Operations of one object. */
typedef struct part {
    const char *object;
    double operations[VPREC_TYPES], sum;
} part;

static int by_sum(const void *a, const void *b)
{
    const part *p = a, *q = b;
    return p->sum != q->sum ? (p->sum < q->sum) - (p->sum > q->sum) : strcmp(p->object, q->object);
}

static part *parts_of(const sweep_tally *t, size_t *count)
{
    part *parts = vprec_alloc(t->count, sizeof *parts);
    *count = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t at = 0;
        while (at < *count && strcmp(parts[at].object, t->rows[i].object) != 0)
            at++;
        *count += at == *count;
        parts[at].object = t->rows[i].object;
        parts[at].operations[t->rows[i].type] += t->rows[i].operations;
        parts[at].sum += t->rows[i].operations;
    }
    if (*count)
        qsort(parts, *count, sizeof *parts, by_sum);
    return parts;
}

/* Which objects calculate how much, and how to round each of them alone. */
static void tell_objects(json_t *why, const sweep *s, const sweep_tally *t)
{
    enum { NAMED = 6 };
    size_t count;
    double sum = 0;
    part *parts = parts_of(t, &count);
    json_t *objects = vprec_json_must(json_array()), *options = vprec_json_must(json_array());
    bool given = false;
    for (size_t i = 0; i < s->options->wheres.count; i++)
        given |= !strncmp(s->options->wheres.items[i], "object:", 7);
    for (size_t i = 0; i < count; i++)
        sum += parts[i].sum;
    for (size_t i = 0; i < count; i++) {
        json_t *object = vprec_json_must(json_object()), *operations = vprec_json_must(json_object());
        for (int type = 0; type < VPREC_TYPES; type++)
            vprec_json_put(operations, vprec_type_names[type], sweep_words_count(parts[i].operations[type]));
        vprec_json_put(object, "object", vprec_json_text(parts[i].object));
        vprec_json_put(object, "operations", operations);
        vprec_json_put(object, "share", json_real(parts[i].sum / sum));
        vprec_json_add(objects, object);
        if (count < 2 || i >= NAMED || given)
            continue;
        vprec_json_add(options, json_string("--object"));
        vprec_json_add(options, vprec_json_text(vprec_base(parts[i].object)));
    }
    vprec_json_put(why, "objects", objects);
    vprec_json_put(why, "options", options);
    vprec_json_put(why, "text", sweep_words_objects(objects, options, t->cut));
    free(parts);
}

json_t *sweep_why_report(const sweep *s, const sweep_question *q)
{
    json_t *why = vprec_json_must(json_object()), *cells = vprec_json_must(json_array());
    sweep_tally native;
    bool counted = read_tally(s, SWEEP_NATIVE, &native);
    vprec_json_put(why, "counted", json_boolean(counted));
    vprec_json_put(why, "cut", json_boolean(counted && native.cut));
    tell_objects(why, s, &native);
    for (size_t i = 1; s->options->why != SWEEP_WHY_NONE && i < s->grid.count; i++)
        if (s->grid.cells[i].format && sweep_failed(q, &s->grid.cells[i]))
            vprec_json_add(cells, cell_of(s, q, i, counted ? &native : NULL));
    vprec_json_put(why, "cells", cells);
    sweep_tally_free(&native);
    return why;
}

/* Of many cells those are printed that are the widest of their series. */
static bool is_widest(const sweep *s, const sweep_question *q, size_t index)
{
    const sweep_cell *c = &s->grid.cells[index];
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *other = &s->grid.cells[i];
        bool counts = other->format && sweep_failed(q, other) && sweep_same_series(c, other);
        if (counts && sweep_width(other) > sweep_width(c))
            return false;
    }
    return true;
}

static size_t index_of(const sweep *s, const char *id)
{
    size_t i = 1;
    while (i < s->grid.count && strcmp(s->grid.cells[i].id, id) != 0)
        i++;
    return i;
}

void sweep_why_print(const sweep *s, const sweep_question *q, const json_t *why)
{
    const json_t *cells = json_object_get(why, "cells"), *cell, *text;
    size_t i, k, printed = 0, all = json_array_size(cells);
    json_array_foreach(cells, i, cell)
    {
        if (all > PRINTED_MOST && (printed == PRINTED_MOST ||
                                   !is_widest(s, q, index_of(s, json_string_value(json_object_get(cell, "id"))))))
            continue;
        char *title = page_why_title(cell);
        printf("%s  %s\n", printed++ ? "" : "\nWhy formats failed:\n", title);
        free(title);
        json_array_foreach(json_object_get(cell, "text"), k, text)
            printf("      %s\n", json_string_value(text));
    }
    if (printed < all)
        printf("  and %zu more, in the report (--report DIR, --json FILE)\n", all - printed);
    json_array_foreach(json_object_get(why, "text"), i, text)
        printf("%s%s\n", i ? "" : "\n", json_string_value(text));
}
