/* SPDX-License-Identifier: Apache-2.0
 * recipe.c: see recipe.h. */
#include "recipe.h"
#include "common/json.h"
#include "common/recipe.h"
#include "common/say.h"
#include "page/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMATS_MOST = VPREC_VERSIONS_MAX - 2 }; /* what is native outside and inside are two more */
enum { NAMED_MOST = 5, COLUMN_MOST = 60 };

/* A cell that keeps the threshold: one layer alone in one format. */
typedef struct candidate {
    size_t layer;
    const sweep_cell *cell;
    double harm; /* the more, the worse */
    int bits;
} candidate;

struct sweep_recipe {
    const sweep_options *options;
    candidate *candidates; /* the worst first */
    size_t count;
    /* Recipe k takes for each layer the narrowest of the candidates from steps[k] on; of the last one all is native. */
    size_t *steps, step_count;
    long failing, keeping; /* the last step known to fail, the first known to keep */
    size_t tried[SWEEP_RECIPES_MOST], runs; /* steps that were run, in slots of the grid */
    bool begun, done;
    char *trouble; /* why there is none */
};

sweep_recipe *sweep_recipe_make(const sweep_options *o)
{
    if (!sweep_wants_recipe(o))
        return NULL;
    sweep_recipe *r = vprec_alloc(1, sizeof *r);
    r->options = o;
    r->failing = -1;
    return r;
}

void sweep_recipe_free(sweep_recipe *r)
{
    if (r) {
        free(r->candidates);
        free(r->steps);
        free(r->trouble);
    }
    free(r);
}

/* The row's pattern; NULL: it is none of --layers. */
static const char *pattern_of(const sweep_cell *c)
{
    return c->where && !strncmp(c->where, "within:", 7) ? c->where + 7 : NULL;
}

/* The layer of a cell; names.count: of none. */
static size_t layer_of(const sweep_options *o, const sweep_cell *c)
{
    size_t i = 0;
    const char *pattern = pattern_of(c);
    while (i < o->names.count && (!pattern || strcmp(o->names.items[i], pattern)))
        i++;
    return i;
}

/* Whether the cell may be a line: of a layer, in a format, in the first mode. */
static bool is_line(const sweep_recipe *r, const sweep_cell *c)
{
    return c->format && c->settled && !strcmp(c->mode, r->options->modes.items[0]) &&
           layer_of(r->options, c) < r->options->names.count;
}

static double harm_of(const sweep *s, const sweep_question *q, const sweep_cell *c)
{
    size_t metric = sweep_question_metric(q);
    double value = c->values[metric].value, native = s->grid.cells[SWEEP_NATIVE].values[metric].value;
    int better = s->options->metrics.list[metric].better;
    return better > 0 ? -value : better < 0 ? value : fabs(value - native);
}

static int by_harm(const void *a, const void *b)
{
    const candidate *p = a, *q = b;
    if (p->harm != q->harm)
        return p->harm < q->harm ? 1 : -1;
    if (p->bits != q->bits)
        return p->bits - q->bits;
    return p->cell < q->cell ? -1 : 1; /* the order in which they came */
}

static bool is_narrower(const candidate *a, const candidate *b)
{
    return a->bits != b->bits ? a->bits < b->bits : a->cell < b->cell;
}

/* The narrowest of the layer's candidates from `from` on; `count`: it has none. */
static size_t narrowest(const sweep_recipe *r, size_t layer, size_t from)
{
    size_t best = r->count;
    for (size_t i = from; i < r->count; i++) {
        const candidate *c = &r->candidates[i];
        if (c->layer == layer && (best == r->count || is_narrower(c, &r->candidates[best])))
            best = i;
    }
    return best;
}

/* Which formats there may be: a run takes so many, evenly chosen, the widest among them. */
static void few_formats(sweep_recipe *r)
{
    const candidate **kinds = vprec_alloc(r->count + 1, sizeof(void *));
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t at = 0;
        while (at < count && strcmp(kinds[at]->cell->format, r->candidates[i].cell->format))
            at++;
        if (at < count)
            continue;
        for (at = count++; at && r->candidates[i].bits < kinds[at - 1]->bits; at--)
            kinds[at] = kinds[at - 1];
        kinds[at] = &r->candidates[i];
    }
    sweep_list allowed = {NULL, 0};
    for (size_t i = 0; i < FORMATS_MOST && count > FORMATS_MOST; i++)
        sweep_list_add(&allowed, vprec_text("%s", kinds[i * (count - 1) / (FORMATS_MOST - 1)]->cell->format));
    free(kinds);
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++)
        if (!allowed.count || sweep_list_has(&allowed, r->candidates[i].cell->format))
            r->candidates[kept++] = r->candidates[i];
    r->count = kept;
    sweep_list_free(&allowed);
}

/* The recipes that there are, from the narrowest on. */
static void begin(sweep_recipe *r, const sweep *s, const sweep_question *q)
{
    const sweep_options *o = r->options;
    r->begun = true;
    r->candidates = vprec_alloc(s->grid.count, sizeof *r->candidates);
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        if (is_line(r, c) && sweep_answers(q, c))
            r->candidates[r->count++] = (candidate){layer_of(o, c), c, harm_of(s, q, c), sweep_bits(c)};
    }
    few_formats(r);
    if (r->count)
        qsort(r->candidates, r->count, sizeof *r->candidates, by_harm);
    size_t *chosen = vprec_alloc(o->names.count, sizeof *chosen);
    for (size_t layer = 0; layer < o->names.count; layer++)
        chosen[layer] = narrowest(r, layer, 0);
    r->steps = vprec_alloc(r->count + 1, sizeof *r->steps);
    r->steps[r->step_count++] = 0;
    for (size_t i = 0; i < r->count; i++)
        if (chosen[r->candidates[i].layer] == i) {
            chosen[r->candidates[i].layer] = narrowest(r, r->candidates[i].layer, i + 1);
            r->steps[r->step_count++] = i + 1;
        }
    free(chosen);
    r->keeping = (long)r->step_count - 1;
    r->done = !r->keeping || !sweep_answers(q, &s->grid.cells[SWEEP_NATIVE]);
    if (r->done)
        r->trouble = vprec_text("%s", r->keeping ? "the native run does not keep it"
                                                 : "no layer keeps it in any of the formats");
}

/* "e8m7", "e8m7,mode=ru", "native"; to be freed. */
static char *spec_in(const sweep_recipe *r, size_t at)
{
    if (at == r->count)
        return vprec_text("native");
    const sweep_cell *c = r->candidates[at].cell;
    return strcmp(c->mode, "rne") ? vprec_text("%s,mode=%s", c->format, c->mode) : vprec_text("%s", c->format);
}

/* The options of vprec-run for the recipe. */
static sweep_list lines_of(const sweep_recipe *r, size_t step)
{
    sweep_list lines = {NULL, 0};
    for (size_t layer = 0; layer < r->options->names.count; layer++) {
        char *pattern = vprec_recipe_spelled(r->options->names.items[layer]);
        char *spec = spec_in(r, narrowest(r, layer, r->steps[step]));
        sweep_list_add(&lines, vprec_text("--scope=%s=%s", pattern, spec));
        free(pattern);
        free(spec);
    }
    return lines;
}

static sweep_cell *cell_of(const sweep *s, size_t run)
{
    return &s->grid.cells[s->grid.recipe + run];
}

static bool want(sweep_recipe *r, sweep *s, size_t step)
{
    sweep_list lines = lines_of(r, step);
    bool ok = r->runs < s->grid.recipes && sweep_grid_fill(&s->grid, r->options, r->runs, (sweep_extra){.name = "recipe", .lines = &lines}) &&
              sweep_run_place(s, cell_of(s, r->runs));
    sweep_list_free(&lines);
    if (ok) {
        cell_of(s, r->runs)->wanted = true;
        r->tried[r->runs++] = step;
    } else {
        r->trouble = vprec_text("its run could not be prepared");
        r->done = true;
    }
    return ok;
}

/* What the last run has shown. */
static void learn(sweep_recipe *r, const sweep *s, const sweep_question *q)
{
    const sweep_cell *c = cell_of(s, r->runs - 1);
    long step = (long)r->tried[r->runs - 1];
    if (c->status == SWEEP_REFUSED_STATUS) {
        r->trouble = vprec_text("%s", c->note ? c->note : "vprec-run refused it");
        r->done = true;
    } else if (sweep_answers(q, c)) {
        r->keeping = step;
    } else {
        r->failing = step;
    }
    r->done |= r->keeping - r->failing == 1;
}

bool sweep_recipe_next(sweep_recipe *r, sweep *s, const sweep_question *q)
{
    if (!r || r->done)
        return false;
    for (size_t i = 1; i < s->grid.count; i++)
        if (s->grid.cells[i].wanted && !s->grid.cells[i].settled)
            return false; /* comes */
    if (!r->begun)
        begin(r, s, q);
    else if (r->runs && !cell_of(s, r->runs - 1)->settled)
        return false;
    else
        learn(r, s, q);
    return !r->done && want(r, s, r->runs ? (size_t)(r->failing + r->keeping) / 2 : 0);
}

/* ---- what is told ---- */

/* A layer and how wide it must be, alone. */
typedef struct need {
    size_t layer, at; /* the narrowest candidate, or count */
    int bits;
    double harm; /* in the narrowest format that was tried and gave a value */
} need;

static int by_need(const void *a, const void *b)
{
    const need *p = a, *q = b;
    if (p->bits != q->bits)
        return p->bits < q->bits ? 1 : -1;
    if (p->harm != q->harm && !(isnan(p->harm) && isnan(q->harm)))
        return isnan(p->harm) || p->harm > q->harm ? -1 : 1;
    return p->layer < q->layer ? -1 : 1;
}

/* What the layer does in the narrowest format of all; NaN: it gave no value. */
static double worst_harm(const sweep_recipe *r, const sweep *s, const sweep_question *q, size_t layer)
{
    const sweep_cell *least = NULL;
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        if (is_line(r, c) && layer_of(r->options, c) == layer && (!least || sweep_bits(c) < sweep_bits(least)))
            least = c;
    }
    return least && least->status == SWEEP_OK_STATUS && !least->values[sweep_question_metric(q)].error
               ? harm_of(s, q, least) : NAN;
}

static json_t *layer_json(const sweep_recipe *r, const sweep_question *q, const need *n, bool found)
{
    json_t *object = vprec_json_must(json_object());
    const sweep_cell *alone = n->at < r->count ? r->candidates[n->at].cell : NULL;
    char *spec = found ? spec_in(r, narrowest(r, n->layer, r->steps[r->keeping])) : NULL;
    vprec_json_put(object, "layer", vprec_json_text(r->options->names.items[n->layer]));
    vprec_json_put(object, "narrowest", alone ? vprec_json_text(alone->format) : json_null());
    vprec_json_put(object, "value",
                   alone ? vprec_json_real(alone->values[sweep_question_metric(q)].value) : json_null());
    vprec_json_put(object, "recipe", spec ? vprec_json_text(spec) : json_null());
    free(spec);
    return object;
}

/* The file. To be freed. */
static char *text_of(const sweep_recipe *r, const char *goal, double value, const char *from)
{
    char *text = NULL;
    size_t size;
    FILE *out = page_open(&text, &size);
    sweep_list lines = lines_of(r, (size_t)r->keeping);
    fprintf(out, SWEEP_RECIPE_BEGINS ": layers and the formats in which, all together, %s: it was %.6g.\n"
            "# vprec-run --format %s --scope @FILE -- PROGRAM\n", goal, value, from);
    size_t column = 0;
    for (size_t i = 0; i < lines.count; i++) {
        size_t length = strcspn(strchr(lines.items[i], '=') + 1, "=");
        column = length > column && length <= COLUMN_MOST ? length : column;
    }
    for (size_t i = 0; i < lines.count; i++) {
        char *pattern = strchr(lines.items[i], '=') + 1, *equals = strchr(pattern, '=');
        *equals = 0;
        fprintf(out, "%-*s = %s\n", (int)column, pattern, equals + 1);
    }
    page_close(out);
    sweep_list_free(&lines);
    return text;
}

static json_t *run_json(const sweep *s, const sweep_question *q, size_t run)
{
    const sweep_cell *c = cell_of(s, run);
    const sweep_summary *value = &c->values[sweep_question_metric(q)];
    json_t *object = vprec_json_must(json_object());
    char *directory = vprec_text(VPREC_RESULTS_CELLS "/%s", c->id);
    vprec_json_put(object, "status", vprec_json_text(sweep_status_names[c->status]));
    bool known = c->status == SWEEP_OK_STATUS && !value->error;
    vprec_json_put(object, "value", known ? vprec_json_real(value->value) : json_null());
    vprec_json_put(object, "kept", json_boolean(sweep_answers(q, c)));
    vprec_json_put(object, "directory", vprec_json_text(directory));
    free(directory);
    return object;
}

json_t *sweep_recipe_report(const sweep_recipe *r, const sweep *s, const sweep_question *q)
{
    if (!r || !r->begun)
        return json_null();
    const sweep_options *o = r->options;
    bool found = r->done && !r->trouble && r->keeping + 1 < (long)r->step_count;
    json_t *object = vprec_json_must(json_object()), *layers = vprec_json_must(json_array());
    json_t *runs = vprec_json_must(json_array());
    need *needs = vprec_alloc(o->names.count, sizeof *needs);
    for (size_t i = 0; i < o->names.count; i++) {
        size_t at = narrowest(r, i, 0);
        needs[i] = (need){i, at, at < r->count ? r->candidates[at].bits : INT32_MAX, worst_harm(r, s, q, i)};
    }
    qsort(needs, o->names.count, sizeof *needs, by_need);
    for (size_t i = 0; i < o->names.count; i++)
        vprec_json_add(layers, layer_json(r, q, &needs[i], found));
    free(needs);
    for (size_t i = 0; i < r->runs; i++)
        if (cell_of(s, i)->settled)
            vprec_json_add(runs, run_json(s, q, i));
    char *goal = sweep_question_text(q, &o->metrics), *from = sweep_grid_native_types(&s->grid), *text = NULL;
    for (size_t i = 0; found && i < r->runs; i++)
        if (r->tried[i] == (size_t)r->keeping) {
            text = text_of(r, goal, cell_of(s, i)->values[sweep_question_metric(q)].value, from);
            vprec_json_put(object, "value", vprec_json_real(cell_of(s, i)->values[sweep_question_metric(q)].value));
        }
    vprec_json_put(object, "keeps", vprec_json_text(goal));
    vprec_json_put(object, "found", json_boolean(found));
    vprec_json_put(object, "note", r->trouble ? vprec_json_text(r->trouble)
                                   : !r->done ? vprec_json_text("the sweep was interrupted")
                                   : !found   ? vprec_json_text("none of those that were run together keeps it")
                                              : json_null());
    vprec_json_put(object, "format", vprec_json_text(from));
    vprec_json_put(object, "layers", layers);
    vprec_json_put(object, "runs", runs);
    vprec_json_put(object, "text", text ? vprec_json_text(text) : json_null());
    free(text);
    free(from);
    free(goal);
    return object;
}

/* A line for each format, the widest first: how many layers need it, and the first of them. */
static void print_needs(const json_t *layers)
{
    size_t i, end;
    for (i = 0; i < json_array_size(layers); i = end) {
        const char *format = page_string(json_array_get(layers, i), "narrowest");
        for (end = i; end < json_array_size(layers); end++)
            if (strcmp(page_string(json_array_get(layers, end), "narrowest"), format) != 0)
                break;
        printf("  %-8s %3zu layer%s", *format ? format : "native", end - i, end - i == 1 ? ":  " : "s: ");
        for (size_t k = i; k < end && k < i + NAMED_MOST; k++)
            printf("%s%s", k > i ? ", " : "", page_string(json_array_get(layers, k), "layer"));
        if (end - i > NAMED_MOST)
            printf(" and %zu more", end - i - NAMED_MOST);
        putchar('\n');
    }
}

void sweep_recipe_print(const json_t *report, const sweep_options *o)
{
    if (!json_is_object(report))
        return;
    const json_t *layers = json_object_get(report, "layers"), *runs = json_object_get(report, "runs");
    const char *keeps = page_string(report, "keeps"), *text = page_string(report, "text");
    size_t count = json_array_size(runs);
    printf("\nLayers by what they need, each alone, to keep %s; those to be kept wide first:\n", keeps);
    print_needs(layers);
    if (!json_is_true(json_object_get(report, "found"))) {
        printf("\nNo recipe: %s (%zu run%s of all together)\n", page_string(report, "note"), count,
               count == 1 ? "" : "s");
        return;
    }
    json_t *first = json_object_get(json_array_get(runs, 0), "value");
    printf("\nRecipe, all together: %.6g, measured, the narrowest that keeps it in %zu run%s",
           page_number(json_object_get(report, "value")), count, count == 1 ? "" : "s");
    if (count > 1 && json_is_number(first))
        printf("; with each layer at its narrowest it is %.6g", json_number_value(first));
    printf("\n  vprec-run --format %s --scope @%s -- %s ...\n", page_string(report, "format"),
           o->recipe ? o->recipe : "FILE", vprec_base(o->program[0]));
    if (o->recipe)
        return;
    for (char *line; (line = page_next_line(&text)); free(line))
        if (*line != '#')
            printf("  %s\n", line);
}
