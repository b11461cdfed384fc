/* SPDX-License-Identifier: Apache-2.0
 * report.c: the JSON of vprec-search. */
#include "common/json.h"
#include "common/options.h"
#include "common/say.h"
#include "tell.h"
#include "vprec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *bits_json(const int *bits)
{
    json_t *object = vprec_json_must(json_object());
    for (int type = 0; type < VPREC_TYPES; type++)
        vprec_json_put(object, vprec_type_names[type], json_integer(bits[type]));
    return object;
}

static json_t *units_json(const search *s)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < s->units.count; i++) {
        const search_unit *unit = &s->units.list[i];
        json_t *object = vprec_json_must(json_object()), *operations = vprec_json_must(json_object());
        vprec_json_put(object, "name", vprec_json_text(unit->name));
        vprec_json_put(object, "pattern", vprec_json_text(unit->pattern));
        for (int type = 0; type < VPREC_TYPES; type++)
            vprec_json_put(operations, vprec_type_names[type], vprec_json_number((uint64_t)unit->operations[type]));
        vprec_json_put(object, "operations", operations);
        vprec_json_put(object, "absent", json_boolean(unit->absent));
        vprec_json_add(array, object);
    }
    return array;
}

static json_t *formats_json(const search *s)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < s->units.levels; i++) {
        json_t *object = vprec_json_must(json_object());
        vprec_json_put(object, "format", vprec_json_text(s->units.formats[i]));
        vprec_json_put(object, "bits", bits_json(s->units.bits[i]));
        vprec_json_add(array, object);
    }
    return array;
}

static json_t *values_json(const search *s, const sweep_cell *cell)
{
    json_t *object = vprec_json_must(json_object());
    for (size_t m = 0; m < s->sweep.options->metrics.count; m++) {
        const sweep_summary *value = &cell->values[m];
        bool none = !cell->settled || cell->status != SWEEP_OK_STATUS || value->error;
        vprec_json_put(object, s->sweep.options->metrics.list[m].name,
                       none ? json_null() : vprec_json_real(value->value));
    }
    return object;
}

/* The formats of units by their names. */
static json_t *assignment_json(const search *s, const search_level *levels)
{
    json_t *object = vprec_json_must(json_object());
    for (size_t i = 0; i < s->units.count; i++)
        vprec_json_put(object, s->units.list[i].pattern, vprec_json_text(s->units.formats[levels[i]]));
    return object;
}

/* `whole`: with the format of each unit, else with those of each run's in short. */
static json_t *trial_json(const search *s, const search_trial *t, bool whole)
{
    if (!t)
        return json_null();
    json_t *object = vprec_json_must(json_object()), *levels = vprec_json_must(json_array());
    const sweep_cell *cell = search_cell(s, t);
    vprec_json_put(object, "id", vprec_json_text(cell->id));
    vprec_json_put(object, "strategy", vprec_json_text(t->by));
    vprec_json_put(object, "control", json_boolean(t->control));
    vprec_json_put(object, "status", vprec_json_text(sweep_status_names[cell->status]));
    vprec_json_put(object, "note", cell->note ? vprec_json_text(cell->note) : json_null());
    vprec_json_put(object, "cost", vprec_json_real(search_cost(&s->units, t->levels)));
    vprec_json_put(object, "keeps", cell->settled ? json_boolean(search_keeps(s, t)) : json_null());
    vprec_json_put(object, "metrics", values_json(s, cell));
    vprec_json_put(object, "seconds", vprec_json_real(cell->seconds));
    for (size_t i = 0; i < s->units.count; i++) /* indices into formats, in the order of units */
        vprec_json_add(levels, json_integer(t->levels[i]));
    vprec_json_put(object, "levels", levels);
    if (whole)
        vprec_json_put(object, "formats", assignment_json(s, t->levels));
    return object;
}

static json_t *answer_json(search_answer answer)
{
    return answer == SEARCH_UNKNOWN ? json_null() : json_boolean(answer == SEARCH_KEEPS);
}

static json_t *set_json(const search *s, const search_set *set, bool asked)
{
    if (!asked)
        return json_null();
    json_t *object = vprec_json_must(json_object()), *names = vprec_json_must(json_array());
    for (size_t i = 0; set->found && i < s->units.count; i++)
        if (set->in[i])
            vprec_json_add(names, vprec_json_text(s->units.list[i].name));
    vprec_json_put(object, "format", vprec_json_text(s->units.formats[s->units.levels - 1]));
    vprec_json_put(object, "found", json_boolean(set->found));
    vprec_json_put(object, "units", names);
    vprec_json_put(object, "minimal", json_boolean(set->minimal));
    vprec_json_put(object, "control", answer_json(set->control));
    vprec_json_put(object, "note", !set->found && set->note ? vprec_json_text(set->note) : json_null());
    return object;
}

static json_t *confirmation_json(const search *s)
{
    const search_confirmation *c = &s->confirmation;
    if (!c->done)
        return json_null();
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "command", vprec_json_text(s->options->confirm));
    vprec_json_put(object, "tried", json_integer((json_int_t)c->tried));
    vprec_json_put(object, "native", vprec_json_text(c->native));
    vprec_json_put(object, "best", c->values ? vprec_json_text(c->values) : json_null());
    vprec_json_put(object, "uniform", c->uniform ? vprec_json_text(c->uniform) : json_null());
    return object;
}

/* Whether no run was both cheaper and nearer to native in the first metric, or as good in one and better in the other;
 * of equal ones the first. */
static bool is_on_front(const search *s, size_t at)
{
    const search_trial *t = &s->trials[at];
    double cost = search_cost(&s->units, t->levels), harm = search_harm(s, t);
    if (t->control || !search_cell(s, t)->settled || isinf(harm))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const search_trial *other = &s->trials[i];
        if (i == at || other->control || !search_cell(s, other)->settled)
            continue;
        double c = search_cost(&s->units, other->levels), h = search_harm(s, other);
        if (c <= cost && h <= harm && (c < cost || h < harm || i < at))
            return false;
    }
    return true;
}

/* Pareto's front of cost and the first metric that is asked for. */
static json_t *front_json(const search *s)
{
    json_t *array = vprec_json_must(json_array());
    size_t metric = s->question.list[0].metric;
    for (size_t i = 0; i < s->count; i++) {
        if (!is_on_front(s, i))
            continue;
        const sweep_cell *cell = search_cell(s, &s->trials[i]);
        json_t *object = vprec_json_must(json_object());
        vprec_json_put(object, "id", vprec_json_text(cell->id));
        vprec_json_put(object, "cost", vprec_json_real(search_cost(&s->units, s->trials[i].levels)));
        vprec_json_put(object, "value", vprec_json_real(cell->values[metric].value));
        vprec_json_put(object, "keeps", json_boolean(search_keeps(s, &s->trials[i])));
        vprec_json_add(array, object);
    }
    return array;
}

json_t *search_report(const search *s, char **argv, bool complete)
{
    json_t *report = vprec_json_must(json_object()), *runs = vprec_json_must(json_array());
    const search_trial *best = search_best(s), *uniform = search_uniform_trial(s);
    char *goal = search_goal(s), *recipe = search_recipe(s);
    vprec_json_put(report, "schema", json_integer(1));
    vprec_json_put(report, "generator", vprec_json_text("vprec-search"));
    vprec_json_put(report, "version", vprec_json_text(VPREC_VERSION));
    vprec_json_put(report, "command", vprec_json_strings(s->sweep.options->program));
    vprec_json_put(report, "arguments", vprec_json_strings(argv));
    vprec_json_put(report, "require", vprec_json_text(goal));
    vprec_json_put(report, "complete", json_boolean(complete));
    vprec_json_put(report, "budget", json_integer(s->options->budget));
    vprec_json_put(report, "budget_spent", json_boolean(s->cut));
    vprec_json_put(report, "kind", vprec_json_text(search_kind_names[s->options->kind]));
    vprec_json_put(report, "units", units_json(s));
    vprec_json_put(report, "operations_outside", vprec_json_real(s->units.outside));
    vprec_json_put(report, "formats", formats_json(s));
    vprec_json_put(report, "native", values_json(s, &s->sweep.grid.cells[SWEEP_NATIVE]));
    vprec_json_put(report, "repeats", json_boolean(s->sweep.repeats));
    vprec_json_put(report, "uniform", trial_json(s, uniform, true));
    vprec_json_put(report, "monotone", s->uniform_known ? json_boolean(s->monotone) : json_null());
    vprec_json_put(report, "best", trial_json(s, best, true));
    vprec_json_put(report, "confirmed", s->confirmation.done ? json_boolean(best != NULL) : answer_json(s->control));
    vprec_json_put(report, "saving", best && uniform ? vprec_json_real(1 - search_cost(&s->units, best->levels) /
                                                                               search_cost(&s->units, uniform->levels))
                                                     : json_null());
    vprec_json_put(report, "confirm", confirmation_json(s));
    vprec_json_put(report, "changed_at_most", vprec_json_real(s->confirmation.done ? s->confirmation.changed_most
                                                              : search_changed_most(s, best, s->count)));
    vprec_json_put(report, "ddmin", set_json(s, &s->breaking, s->options->strategies[SEARCH_DDMIN]));
    vprec_json_put(report, "ddmax", set_json(s, &s->wide, s->options->strategies[SEARCH_DDMAX]));
    vprec_json_put(report, "recipe", recipe ? vprec_json_text(recipe) : json_null());
    for (size_t i = 0; i < s->count; i++)
        vprec_json_add(runs, trial_json(s, &s->trials[i], false));
    vprec_json_put(report, "front", front_json(s));
    vprec_json_put(report, "runs", runs);
    free(recipe);
    free(goal);
    return report;
}
