/* SPDX-License-Identifier: Apache-2.0
 * tell.c: the text of vprec-search, and its recipe. */
#include "tell.h"
#include "common/proportion.h"
#include "common/say.h"
#include "page/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MOST = 32, NAMED_MOST = 6, COLUMN_MOST = 60 };

char *search_goal(const search *s)
{
    return sweep_question_text(&s->question, &s->sweep.options->metrics);
}

/* `text` with what follows; frees both. */
static char *with(char *text, char *more)
{
    char *longer = vprec_text("%s%s%s", text, *text ? ", " : "", more);
    free(text);
    free(more);
    return longer;
}

static char *values_of(const search *s, const sweep_cell *cell)
{
    if (cell->status != SWEEP_OK_STATUS)
        return vprec_text("%s%s%.80s", sweep_status_names[cell->status], cell->note ? ": " : "",
                          cell->note ? cell->note : "");
    char *text = vprec_text("%s", "");
    for (size_t i = 0; i < s->question.count; i++) {
        const sweep_summary *value = &cell->values[s->question.list[i].metric];
        const char *name = s->sweep.options->metrics.list[s->question.list[i].metric].name;
        text = with(text, value->error ? vprec_text("no %s", name) : vprec_text("%s %.6g", name, value->value));
    }
    return text;
}

char *search_values(const search *s, const search_trial *trial)
{
    return values_of(s, trial ? search_cell(s, trial) : &s->sweep.grid.cells[SWEEP_NATIVE]);
}

const search_trial *search_uniform_trial(const search *s)
{
    search_level *levels = vprec_alloc(s->units.count, sizeof *levels);
    memset(levels, (int)s->uniform, s->units.count);
    const search_trial *trial = s->uniform ? search_find(s, levels, 0) : NULL;
    free(levels);
    return trial;
}

const char *search_plural(const search *s)
{
    static const char *const names[] = {"layers", "functions", "objects"};
    return s->units.count == 1 ? search_kind_names[s->options->kind] : names[s->options->kind];
}

static double share_of(const search *s, size_t unit)
{
    const double *operations = s->units.list[unit].operations;
    return s->units.list[unit].absent ? 0 : 100 * (operations[VPREC_F32] + operations[VPREC_F64]) / s->units.operations;
}

/* Of many units a line for each format, the widest first. */
static void print_formats(const search *s, const search_level *levels)
{
    const search_units *u = &s->units;
    for (size_t level = 0; level < u->levels; level++) {
        size_t count = 0, named = 0;
        double share = 0;
        for (size_t i = 0; i < u->count; i++) {
            count += levels[i] == level;
            share += levels[i] == level ? share_of(s, i) : 0;
        }
        if (!count)
            continue;
        printf("  %-8s %5.1f %% of their operations, %zu: ", u->formats[level], share, count);
        for (size_t i = 0; i < u->count && named < NAMED_MOST; i++)
            if (levels[i] == level)
                printf("%s%s", named++ ? ", " : "", u->list[i].name);
        if (count > named)
            printf(" and %zu more", count - named);
        putchar('\n');
    }
}

static void print_units(const search *s, const search_level *levels)
{
    const search_units *u = &s->units;
    int width = 0;
    for (size_t i = 0; i < u->count; i++) {
        int length = (int)strlen(u->list[i].name);
        width = length > width && length <= COLUMN_MOST ? length : width;
    }
    for (size_t i = 0; i < u->count; i++)
        printf("  %-*s  %-8s %5.1f %% of their operations\n", width, u->list[i].name,
               levels ? u->formats[levels[i]] : "", share_of(s, i));
}

void search_tell_units(const search *s, bool whole)
{
    const search_units *u = &s->units;
    double outside = u->outside / (u->outside + u->operations);
    char *goal = search_goal(s);
    printf("%zu %s with operations; %zu format%s%s, and native: %.4g bits an operation\n", u->count, search_plural(s),
           u->levels - 1, u->levels > 2 ? "s, the widest " : ", ", u->formats[1],
           search_cost(u, (search_level[VPREC_SCOPES_MAX]){0}));
    printf("To be kept: %s\n", goal);
    if (outside > 0.0005)
        printf("%.1f %% of all operations are in none of them, stay native, and are not in the costs\n", 100 * outside);
    free(goal);
    if (!whole)
        return;
    printf("At most %u runs, of about %.3g seconds (a run that counts) each, or somewhat more\n", s->options->budget,
           search_cell(s, &(search_trial){.slot = 0})->seconds);
    print_units(s, NULL);
}

/* Units that stay native; runs that vprec-run has refused. */
static void tell_refused(const search *s)
{
    size_t absent = 0, refused = 0;
    const char *why = NULL;
    for (size_t i = 0; i < s->units.count; i++)
        if (s->units.list[i].absent)
            printf("%s%s", absent++ ? ", " : "Native, for a run that rounds has no such code of its own: ",
                   s->units.list[i].name);
    if (absent)
        putchar('\n');
    for (size_t i = 0; i < s->count; i++) {
        const sweep_cell *cell = search_cell(s, &s->trials[i]);
        if (cell->status == SWEEP_REFUSED_STATUS && !s->trials[i].dropped && ++refused)
            why = cell->note;
    }
    if (refused)
        printf("vprec-run has refused %zu of %zu runs: %s\n", refused, s->count, why ? why : "see their directories");
}

static void tell_uniform(const search *s)
{
    const search_units *u = &s->units;
    const search_trial *trial = search_uniform_trial(s);
    size_t tried = 0;
    search_level *levels = vprec_alloc(u->count, sizeof *levels);
    for (size_t i = 1; i < u->levels; i++) {
        memset(levels, (int)i, u->count);
        const search_trial *t = search_find(s, levels, 0);
        tried += t && search_cell(s, t)->settled;
    }
    free(levels);
    if (!tried)
        return;
    char *values = search_values(s, trial);
    if (trial)
        printf("\nOne format for all: %s keeps it (%s), %.4g bits an operation", u->formats[s->uniform], values,
               search_cost(u, trial->levels));
    else
        printf("\nOne format for all: none of those that were run keeps it");
    if (s->uniform_known)
        printf("; %s the %zu of %zu formats that were run", s->monotone ? "monotone in" : "NOT monotone in", tried,
               u->levels - 1);
    putchar('\n');
    free(values);
}

/* What items that changed say of those of other data; that this assignment was chosen is accounted for as if all that
 * were run had been looked at (C. E. Bonferroni's inequality). */
double search_changed_most(const search *s, const search_trial *best, size_t chosen_of)
{
    bool asked = false;
    for (size_t i = 0; i < s->question.count; i++) {
        sweep_kind kind = s->sweep.options->metrics.list[s->question.list[i].metric].kind;
        asked |= kind == SWEEP_CHANGED || kind == SWEEP_CHANGED_MOST;
    }
    const sweep_judged *judged = best && asked ? &search_cell(s, best)->judged : NULL;
    return judged && judged->kind != SWEEP_NO_ITEMS
               ? vprec_share_most(judged->changed, judged->count, 1 - (1 - SWEEP_CONFIDENCE) / (double)chosen_of)
               : NAN;
}

static void tell_bound(const search *s, const search_trial *best)
{
    const search_confirmation *confirmed = &s->confirmation;
    if (confirmed->done)
        printf("  On the data of --confirm: %s; one format for all: %s%s; tried: %zu\n", confirmed->values,
               s->uniform ? s->units.formats[s->uniform] : "none", s->uniform ? "" : " keeps it", confirmed->tried);
    size_t chosen_of = confirmed->done ? confirmed->tried : s->count;
    double most = confirmed->done ? confirmed->changed_most : search_changed_most(s, best, chosen_of);
    if (!isnan(most))
        printf("  Of other data like these at most %.2g %% change, with %g %% confidence, if items are independent;\n"
               "  that it was chosen of %zu run%s is in it\n", 100 * most, 100 * SWEEP_CONFIDENCE, chosen_of,
               chosen_of == 1 ? "" : "s");
}

static void tell_best(const search *s)
{
    const search_units *u = &s->units;
    const search_trial *best = search_best(s), *uniform = search_uniform_trial(s);
    if (!best) {
        printf("\nNothing that was run keeps it but native%s\n",
               s->confirmation.done ? ": on the data of --confirm none of those that do here" : "");
        return;
    }
    double cost = search_cost(u, best->levels), before = uniform ? search_cost(u, uniform->levels) : 0;
    char *values = search_values(s, best);
    printf("\nBest: %.4g bits an operation (%s)", cost, values);
    if (best == uniform)
        printf(", the one format for all");
    else if (uniform)
        printf(", %.1f %% less than one format for all", 100 * (1 - cost / before));
    puts(s->confirmation.done         ? "; other data keep it, too"
         : s->control == SEARCH_KEEPS ? "; one more run keeps it, too"
         : s->control == SEARCH_FAILS ? "; ONE MORE RUN DOES NOT KEEP IT: the program does not repeat itself"
                                      : "; not run once more");
    free(values);
    (u->count > ROWS_MOST ? print_formats : print_units)(s, best->levels);
    tell_bound(s, best);
    char *types = sweep_grid_native_types(&s->sweep.grid);
    printf("  vprec-run --format %s --scope @%s%s -- %s ...\n", types,
           s->options->recipe ? s->options->recipe : s->sweep.results.top, s->options->recipe ? "" : "/recipe.txt",
           vprec_base(s->sweep.options->program[0]));
    free(types);
}

static void tell_set(const search *s, const search_set *set, const char *what)
{
    printf("\n%s in %s: ", what, s->units.formats[s->units.levels - 1]);
    if (!set->found) {
        printf("none was found: %s\n", set->note);
        return;
    }
    printf("%zu of %zu%s%s\n", set->count, s->units.count,
           set->minimal ? ", and none of them can be left out" : "; whether all of them are needed was not run",
           set->control == SEARCH_KEEPS   ? "; a control run agrees"
           : set->control == SEARCH_FAILS ? "; A CONTROL RUN DOES NOT AGREE: the program does not repeat itself"
                                          : "");
    for (size_t i = 0; i < s->units.count; i++)
        if (set->in[i])
            printf("  %s\n", s->units.list[i].name);
}

void search_tell(const search *s)
{
    search_tell_units(s, false);
    tell_refused(s);
    tell_uniform(s);
    if (s->options->strategies[SEARCH_DDMIN])
        tell_set(s, &s->breaking, "Smallest that breaks it alone (ddmin)");
    if (s->options->strategies[SEARCH_DDMAX])
        tell_set(s, &s->wide, "Smallest to be kept native with all others narrow (ddmax)");
    tell_best(s);
    printf("\n%zu run%s%s\n", s->count, s->count == 1 ? "" : "s", s->cut ? ": the budget is spent" : "");
}

char *search_recipe(const search *s)
{
    const search_units *u = &s->units;
    const search_trial *best = search_best(s);
    if (!best)
        return NULL;
    char *text = NULL, *goal = search_goal(s), *values = search_values(s, best);
    char *types = sweep_grid_native_types(&s->sweep.grid);
    size_t size, column = 0;
    FILE *out = page_open(&text, &size);
    fprintf(out, SEARCH_RECIPE_BEGINS ": formats that, all together, keep %s: it was %s, at %.4g bits an operation.\n"
            "# vprec-run --format %s --scope @FILE -- PROGRAM\n", goal, values, search_cost(u, best->levels), types);
    for (size_t i = 0; i < u->count; i++) {
        size_t length = strlen(u->list[i].pattern);
        column = length > column && length <= COLUMN_MOST ? length : column;
    }
    sweep_list lines = search_lines(u, s->sweep.options, best->levels);
    for (size_t i = 0; i < lines.count; i++) {
        char *pattern = strchr(lines.items[i], '=') + 1, *equals = strchr(pattern, '=');
        *equals = 0;
        fprintf(out, "%-*s = %s\n", (int)column, pattern, equals + 1);
    }
    sweep_list_free(&lines);
    page_close(out);
    free(types);
    free(values);
    free(goal);
    return text;
}
