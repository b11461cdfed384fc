/* SPDX-License-Identifier: Apache-2.0
 * checks.c: see checks.h. */
#include "checks.h"
#include "common/json.h"
#include "common/say.h"
#include "page/changes.h"
#include "page/ci.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_MOST = 20 };

typedef enum outcome { MET, MISSED, NOT_RUN } outcome;

/* Takes the texts over. */
static void add(json_t *checks, char *name, const char *cell, outcome outcome, char *message, double seconds)
{
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "name", vprec_json_text(name));
    vprec_json_put(object, "cell", vprec_json_text(cell));
    vprec_json_put(object, "ok", json_boolean(outcome == MET));
    vprec_json_put(object, "skipped", json_boolean(outcome == NOT_RUN));
    vprec_json_put(object, "message", vprec_json_text(message));
    vprec_json_put(object, "seconds", isnan(seconds) ? json_null() : json_real(seconds));
    vprec_json_add(checks, object);
    free(message);
    free(name);
}

/* "accuracy is 0.94, native 0.96". */
static char *found_text(const sweep *s, const sweep_threshold *t, const sweep_cell *c)
{
    const sweep_summary *value = &c->values[t->metric], *native = &s->grid.cells[SWEEP_NATIVE].values[t->metric];
    const char *name = s->options->metrics.list[t->metric].name;
    if (c->status != SWEEP_OK_STATUS)
        return vprec_text("the run did not end well (%s)%s%s", sweep_status_names[c->status], c->note ? ": " : "",
                          c->note ? c->note : "");
    if (c->idle)
        return vprec_text("no operation was rounded, which says nothing of the format: %s", c->idle);
    if (value->error)
        return vprec_text("%s has no value: %s", name, value->error);
    return native->error ? vprec_text("%s is %.6g", name, value->value)
                         : vprec_text("%s is %.6g, native %.6g", name, value->value, native->value);
}

static void require(json_t *checks, const sweep *s, const sweep_question *q)
{
    for (size_t i = 1; i < s->grid.count; i++)
        for (size_t k = 0; k < q->count; k++) {
            const sweep_cell *c = &s->grid.cells[i];
            char *name = vprec_text("%s: %s", c->id, q->list[k].spec);
            if (c->settled)
                add(checks, name, c->id, sweep_keeps(&q->list[k], c) && !c->idle ? MET : MISSED,
                    found_text(s, &q->list[k], c), c->seconds);
            else
                add(checks, name, c->id, NOT_RUN, vprec_text("it has not been run"), NAN);
        }
}

/* Of a cell, or of the answer ("smallest"), the first change for the worse; NULL: there is none. */
static const char *worse(const json_t *changes, const char *cell)
{
    size_t i;
    json_t *change;
    json_array_foreach(changes, i, change)
        if (json_is_true(json_object_get(change, "worse")) &&
            !strcmp(json_string_value(json_object_get(change, "cell")), cell))
            return json_string_value(json_object_get(change, "text"));
    return NULL;
}

static void compare(json_t *checks, const sweep *s, const json_t *baseline, const json_t *report)
{
    json_t *changes = page_changes(baseline, report, s->options->tolerance), *missing = page_missing(report, baseline);
    const char *answer = worse(changes, "");
    bool same = json_equal(json_object_get(json_object_get(baseline, "threshold"), "spec"),
                           json_object_get(json_object_get(report, "threshold"), "spec"));
    add(checks, vprec_text("the smallest format is no wider than the baseline's"), "",
        !same ? NOT_RUN : answer ? MISSED : MET,
        vprec_text("%s", !same ? "the baseline answers another question" : answer ? answer : "it is not"), NAN);
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        bool known = true;
        size_t k;
        json_t *id;
        json_array_foreach(missing, k, id)
            known &= strcmp(json_string_value(id), c->id) != 0;
        const char *text = worse(changes, c->id);
        add(checks, vprec_text("%s: no worse than the baseline", c->id), c->id,
            !known || !c->settled ? NOT_RUN : text ? MISSED : MET,
            vprec_text("%s", !known ? "the baseline has no such cell" : !c->settled ? "it has not been run"
                             : text ? text : "it is not"), c->seconds);
    }
    json_decref(missing);
    json_decref(changes);
    missing = page_missing(baseline, report);
    size_t k;
    json_t *id;
    json_array_foreach(missing, k, id)
        add(checks, vprec_text("%s: no worse than the baseline", json_string_value(id)), json_string_value(id), NOT_RUN,
            vprec_text("this sweep has no such cell"), NAN);
    json_decref(missing);
}

json_t *sweep_checks(const sweep *s, const sweep_question *required, const json_t *baseline, const json_t *report)
{
    json_t *checks = vprec_json_must(json_array());
    if (required)
        require(checks, s, required);
    if (baseline)
        compare(checks, s, baseline, report);
    return checks;
}

void sweep_checks_print(const json_t *checks)
{
    size_t i, printed = 0, failed = page_checks_failed(checks), not_run = 0;
    json_t *check;
    json_array_foreach(checks, i, check) {
        bool skipped = json_is_true(json_object_get(check, "skipped"));
        not_run += skipped;
        if (!skipped && !json_is_true(json_object_get(check, "ok")) && printed++ < PRINTED_MOST)
            printf("%s  %s: %s\n", printed == 1 ? "\nNot met:\n" : "",
                   json_string_value(json_object_get(check, "name")),
                   json_string_value(json_object_get(check, "message")));
    }
    if (failed > PRINTED_MOST)
        printf("  and %zu more\n", failed - PRINTED_MOST);
    printf("\n%zu of %zu requirements met", json_array_size(checks) - failed - not_run, json_array_size(checks));
    printf(not_run ? ", %zu not run\n" : "\n", not_run);
}
