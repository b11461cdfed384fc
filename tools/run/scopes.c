/* SPDX-License-Identifier: Apache-2.0
 * scopes.c: see scopes.h. */
#include "scopes.h"
#include "common/recipe.h"
#include "common/say.h"
#include "counts.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MOST = 6 };

/* It is the program's. */
static bool is_named(const vprec_scope_record *scope)
{
    return strcmp(scope->name, VPREC_SCOPE_OUTSIDE ":") && strcmp(scope->name, VPREC_SCOPE_SEVERAL ":");
}

/* Not the first of its name: another process, or a child after a fork, had told it before. */
static bool is_repeated(const vprec_run *run, size_t i)
{
    bool repeated = false;
    for (size_t j = 0; j < i && !repeated; j++)
        repeated = !strcmp(vprec_scope_at(run->records, j)->name, vprec_scope_at(run->records, i)->name);
    return repeated;
}

/* The first few names: "there were api:conv1, api:head and 3 more". To be freed. */
static char *names_of(const vprec_run *run)
{
    char *text = vprec_text("%s", ""), *before;
    size_t named = 0, more = 0;
    for (size_t i = 0; i < VPREC_ITEMS(run->records, SCOPE).count; i++) {
        if (is_repeated(run, i) || !is_named(vprec_scope_at(run->records, i)))
            continue;
        if (named++ >= NAMED_MOST) {
            more++;
            continue;
        }
        before = text;
        text = vprec_text("%s%s%s", before, *before ? ", " : "there were ", vprec_scope_at(run->records, i)->name);
        free(before);
    }
    before = text;
    text = !named ? vprec_text("the program opened no scope at all")
           : more ? vprec_text("%s and %zu more", before, more)
                  : vprec_text("%s", before);
    free(before);
    return text;
}

static bool say_lines(const vprec_run *run)
{
    const vprec_wire_recipe *recipe = run->options->recipe;
    bool right = true;
    for (uint32_t i = 0; i < recipe->lines; i++) {
        const vprec_wire_scope *line = &recipe->line[i];
        if (run->records->scope_hits[i] || line->line == VPREC_LINE_NAME || line->own) /* --layers says so by itself */
            continue;
        char *names = line->line <= VPREC_LINE_WITHIN ? names_of(run) : NULL;
        if (names)
            vprec_say("%s '%s' matched no scope (%s): correct it, or leave it out",
                      line->line == VPREC_LINE_WITHIN ? "--within" : "--scope", line->glob, names);
        else if (line->line == VPREC_LINE_SITE)
            vprec_say("--site '%s' matched no line that ran and was rounded: correct it, or leave it out; --list shows the "
                      "lines of what vprec-cc has built", strchr(line->glob, ':') + 1);
        else
            vprec_say("--scope '%s' matched no code that was rounded: correct it, or leave it out; --list shows the %s",
                      line->glob, line->line == VPREC_LINE_CODE ? "functions" : "objects");
        free(names);
        right = false;
    }
    return right;
}

static const vprec_scope_record *at_offset(const vprec_run *run, uint64_t offset)
{
    size_t i = vprec_item_at(run->records, VPREC_RECORD_SCOPE, offset);
    return i == VPREC_NO_PARENT ? NULL : vprec_scope_at(run->records, i);
}

static bool say_ambiguous(const vprec_run *run)
{
    bool ambiguous = false;
    for (size_t i = 0; i < VPREC_ITEMS(run->records, PROCESS).count; i++)
        ambiguous |= vprec_process_at(run->records, i)->ambiguous != 0;
    if (!ambiguous)
        return true;
    const vprec_scope_record *one = NULL, *other = NULL;
    for (size_t i = 0; i < VPREC_ITEMS(run->records, SCOPE).count && !other; i++) {
        one = vprec_scope_at(run->records, i);
        other = one->rival ? at_offset(run, one->rival) : NULL;
    }
    vprec_say("scopes of different formats were open in two threads at once%s%s%s%s%s, while others worked for one of "
              "them, nobody knows which: let the program work on one at a time (such as one inter-op thread), or give "
              "them the same format", other ? " (" : "", other ? one->name : "", other ? " and " : "",
              other ? other->name : "", other ? ")" : "");
    return false;
}

bool vprec_scopes_say(const vprec_run *run)
{
    if (!run->options->recipe)
        return true;
    bool right = say_lines(run);
    return say_ambiguous(run) && right;
}

char *vprec_scopes_summary(const vprec_run *run)
{
    uint64_t calls = 0;
    size_t names = 0;
    if (!run->options->recipe && !run->options->layers)
        return NULL;
    for (size_t i = 0; i < VPREC_ITEMS(run->records, SCOPE).count; i++) {
        calls += vprec_scope_at(run->records, i)->calls;
        names += !is_repeated(run, i) && is_named(vprec_scope_at(run->records, i));
    }
    return vprec_text("%zu scope%s, %" PRIu64 " time%s entered", names, names == 1 ? "" : "s", calls,
                      calls == 1 ? "" : "s");
}

/* What all scopes of the name counted, from the first one on. */
static void sum_up(const vprec_run *run, size_t first, vprec_type type, vprec_counts *counts, uint64_t *calls)
{
    const char *name = vprec_scope_at(run->records, first)->name;
    memset(counts, 0, sizeof *counts);
    *calls = 0;
    for (size_t i = first; i < VPREC_ITEMS(run->records, SCOPE).count; i++)
        if (!strcmp(vprec_scope_at(run->records, i)->name, name)) {
            vprec_counts_add(counts, vprec_scope_counts_of(run->records, i, type));
            *calls += vprec_scope_at(run->records, i)->calls;
        }
}

#define ROW "%-*s %7s %4s %7s %7s %7s %11s %6s %6s %6s"
enum { NAME_WIDTH = 40 };

static void tell_row(const vprec_run *run, const char *name, uint64_t calls, vprec_type type,
                     const vprec_counts *counts)
{
    const bool all = run->options->config.count == VPREC_COUNT_ALL;
    char fitted[NAME_WIDTH + 1], text[7][16], exponents[32] = "-";
    uint64_t operations = vprec_counts_operations(counts);
    int least, most;
    if (vprec_span_exponents(&counts->results, &least, &most))
        snprintf(exponents, sizeof exponents, "%d..%d", least, most);
    const bool named = name[strlen(name) - 1] != ':';
    vprec_profile_fitted(name, NAME_WIDTH, fitted);
    if (!named)
        *strchr(fitted, ':') = 0;
    vprec_say(ROW, NAME_WIDTH, fitted, named ? vprec_profile_brief(calls, text[0]) : "-", vprec_type_names[type],
              vprec_profile_brief(operations, text[1]), vprec_profile_brief(counts->ops[VPREC_OP_FMA], text[2]),
              vprec_profile_brief(counts->ops[VPREC_OP_MUL], text[3]), exponents,
              all ? vprec_profile_brief(counts->overflows, text[4]) : "-",
              all ? vprec_profile_brief(counts->underflows, text[5]) : "-",
              all ? vprec_profile_brief(counts->nans, text[6]) : "-");
}

void vprec_scopes_tell(const vprec_run *run)
{
    size_t shown = 0;
    for (size_t i = 0; i < VPREC_ITEMS(run->records, SCOPE).count; i++) {
        const vprec_scope_record *scope = vprec_scope_at(run->records, i);
        if (is_repeated(run, i) || !vprec_wire_names(run->options->layers, scope->name))
            continue;
        for (int type = 0; type < VPREC_TYPES; type++) {
            static vprec_counts counts;
            uint64_t calls;
            sum_up(run, i, (vprec_type)type, &counts, &calls);
            bool wanted = run->options->config.use[type] && (calls || vprec_counts_operations(&counts));
            bool other = type && !vprec_counts_operations(&counts);
            if (!wanted || other)
                continue;
            if (!shown++)
                vprec_say(ROW, NAME_WIDTH, "LAYER", "CALLS", "TYPE", "OPS", "FMA", "MUL", "EXPONENTS", "OVER", "UNDER",
                          "NAN");
            tell_row(run, scope->name, calls, (vprec_type)type, &counts);
        }
    }
    if (!shown)
        vprec_say("no layer: the program opened no scope that matches '%s'", run->options->layers);
}

static json_t *scope_of(const vprec_run *run, size_t i)
{
    const vprec_scope_record *scope = vprec_scope_at(run->records, i);
    const vprec_wire_recipe *recipe = run->options->recipe;
    bool known = recipe && scope->line && scope->line <= recipe->lines;
    size_t process = VPREC_ITEMS(run->records, SCOPE).items[i].parent;
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "name", vprec_json_text(scope->name));
    vprec_json_put(object, "calls", vprec_json_number(scope->calls));
    vprec_json_put(object, "pattern", known ? vprec_json_text(recipe->line[scope->line - 1].glob) : json_null());
    if (run->options->layers) {
        json_t *counts = vprec_json_must(json_object());
        for (int type = 0; type < VPREC_TYPES; type++)
            if (run->options->config.use[type])
                vprec_json_put(counts, vprec_type_names[type],
                               vprec_report_counts(run->records, vprec_scope_counts_of(run->records, i, (vprec_type)type),
                                                   vprec_counts_precision(&run->options->config, (vprec_type)type),
                                                   run->options->config.count));
        vprec_json_put(object, "counts", counts);
    }
    vprec_json_put(object, "process_index", process == VPREC_NO_PARENT ? json_null() : json_integer((json_int_t)process));
    return object;
}

json_t *vprec_scopes_report(const vprec_run *run)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < VPREC_ITEMS(run->records, SCOPE).count; i++)
        if (is_named(vprec_scope_at(run->records, i)) || run->options->layers)
            vprec_json_add(array, scope_of(run, i));
    return array;
}

json_t *vprec_scopes_recipe(const vprec_run *run)
{
    const vprec_wire_recipe *recipe = run->options->recipe;
    json_t *array = vprec_json_must(json_array());
    vprec_wire_config *config = vprec_alloc(1, sizeof *config); /* more than a small stack holds */
    for (uint32_t i = 0; recipe && i < recipe->lines; i++) {
        json_t *line = vprec_json_must(json_object());
        *config = run->options->config;
        vprec_recipe_apply(config, &recipe->version[recipe->line[i].version]);
        vprec_json_put(line, "pattern", vprec_json_text(recipe->line[i].glob));
        vprec_json_put(line, "within", json_boolean(recipe->line[i].line == VPREC_LINE_WITHIN));
        for (int type = 0; type < VPREC_TYPES; type++) {
            char text[64];
            vprec_options_format(config, type, text, sizeof text);
            vprec_json_put(line, vprec_type_names[type], vprec_json_text(*text ? text : "native"));
        }
        vprec_json_put(line, "mode", vprec_json_text(vprec_mode_name(config)));
        vprec_json_put(line, "matched", vprec_json_number(run->records->scope_hits[i]));
        vprec_json_add(array, line);
    }
    free(config);
    return array;
}
