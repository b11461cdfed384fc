/* SPDX-License-Identifier: Apache-2.0
 * table.c: rows as they finish, coloured on a terminal, and what they come to. */
#include "table.h"
#include "cell.h"
#include "common/json.h"
#include "common/say.h"
#include "page/text.h"
#include "report.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REASONS_MOST = 5, LACKING_MOST = 4 };
enum { BITS_WIDTH = 4, STATUS_WIDTH = 8, VALUE_WIDTH = 9, SPREAD_WIDTH = 16, TIME_WIDTH = 7 };
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

/* https://no-color.org: any value but the empty one. */
static bool coloured(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(none && *none) && !(terminal && !strcmp(terminal, "dumb"));
}

/* Columns of a text in UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += (*text & 0xC0) != 0x80;
    return width;
}

static char *status_text(const sweep_cell *c)
{
    const char *name = c->signal ? sigabbrev_np(c->signal) : NULL;
    char *how = c->status == SWEEP_SIGNAL_STATUS && name ? vprec_text("SIG%s", name)
                : c->status == SWEEP_EXIT_STATUS     ? vprec_text("exit %d", c->exited)
                                                     : vprec_text("%s", sweep_status_names[c->status]);
    if (c->count == 1 || !c->failed)
        return how;
    char *more = vprec_text("%s (%" PRIu32 "/%" PRIu32 ")", how, c->failed, c->count);
    free(how);
    return more;
}

static char *value_text(const sweep_cell *c, size_t metric, bool spread)
{
    const sweep_summary *s = &c->values[metric];
    if (s->error)
        return vprec_text("-");
    return spread && s->n > 1 ? vprec_text("%.4g ±%.2g", s->value, s->sd) : vprec_text("%.4g", s->value);
}

static const char *name_of(const sweep_cell *c)
{
    return !c->mode ? "native" : c->format ? c->format : c->precision;
}

/* What the columns hold, and how wide they are: known before the first row is. */
typedef struct layout {
    size_t format, mode, where, value; /* widths; `where` 0: there is no such column */
    bool *shown;                       /* of each metric */
} layout;

static size_t wider(size_t width, const char *text)
{
    size_t is = width_of(text);
    return is > width ? is : width;
}

static const char *where_of(const sweep_cell *c)
{
    return c->where ? strchr(c->where, ':') + 1 : "";
}

static layout layout_of(const sweep *s)
{
    const sweep_options *o = s->options;
    layout l = {.format = strlen("FORMAT"), .mode = strlen("MODE"), .value = VALUE_WIDTH};
    l.shown = vprec_alloc(o->metrics.count, sizeof *l.shown);
    for (size_t i = 0; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        size_t format = width_of(name_of(c)) + (c->mode && !c->format ? strlen("t=") : 0);
        l.format = format > l.format ? format : l.format;
        l.mode = wider(l.mode, c->mode ? c->mode : "");
        l.where = o->wheres.count ? wider(wider(l.where, "WHERE"), where_of(c)) : 0;
        l.value = i && c->count > 1 ? SPREAD_WIDTH : l.value;
    }
    /* Of the usual metrics those have a column that the native run has a value of. */
    for (size_t m = 0; m < o->metrics.count; m++)
        l.shown[m] = o->metrics_given || o->metrics.list[m].kind == SWEEP_DIGITS ||
                     !s->grid.cells[SWEEP_NATIVE].values[m].error;
    return l;
}

/* A text in its column. It is taken over. */
static void put_left(size_t width, char *text)
{
    size_t is = width_of(text);
    printf("%s%*s  ", text, is < width ? (int)(width - is) : 0, "");
    free(text);
}

static void put_right(size_t width, char *text)
{
    size_t is = width_of(text);
    printf("  %*s%s", is < width ? (int)(width - is) : 0, "", text);
    free(text);
}

static void put_head(const sweep *s, const layout *l)
{
    const sweep_metrics *metrics = &s->options->metrics;
    put_left(l->format, vprec_text("FORMAT"));
    put_left(BITS_WIDTH, vprec_text("BITS"));
    put_left(l->mode, vprec_text("MODE"));
    if (l->where)
        put_left(l->where, vprec_text("%s", s->options->cumulative ? "UP TO" : "WHERE"));
    printf("%-*s", STATUS_WIDTH, "STATUS");
    for (size_t m = 0; m < metrics->count; m++)
        if (l->shown[m])
            put_right(wider(l->value, metrics->list[m].name), vprec_text("%s", metrics->list[m].name));
    put_right(TIME_WIDTH, vprec_text("TIME"));
    putchar('\n');
}

static void put_row(const sweep *s, const layout *l, const sweep_cell *c)
{
    const sweep_metrics *metrics = &s->options->metrics;
    const double native = s->grid.cells[SWEEP_NATIVE].seconds;
    int bits = sweep_bits(c);
    put_left(l->format, vprec_text("%s%s", c->mode && !c->format ? "t=" : "", name_of(c)));
    put_left(BITS_WIDTH, bits ? vprec_text("%4d", bits) : vprec_text("   -"));
    put_left(l->mode, vprec_text("%s", c->mode ? c->mode : ""));
    if (l->where)
        put_left(l->where, vprec_text("%s", where_of(c)));
    char *status = status_text(c);
    printf("%-*s", STATUS_WIDTH, status);
    free(status);
    for (size_t m = 0; m < metrics->count; m++)
        if (l->shown[m])
            put_right(wider(l->value, metrics->list[m].name),
                      value_text(c, m, metrics->list[m].kind != SWEEP_DIGITS && c->mode));
    put_right(TIME_WIDTH, isnan(c->seconds) ? vprec_text("-")
                          : c->mode         ? vprec_text("%.2fx", c->seconds / native)
                                            : vprec_text("%.3g s", c->seconds));
}

static void print_row(sweep_table *t, const sweep *s, const sweep_question *q, size_t index)
{
    const sweep_cell *c = &s->grid.cells[index];
    const char *tint = !index || !coloured() ? NULL : sweep_answers(q, c) ? GREEN : RED;
    layout l = layout_of(s);
    if (*vprec_say_first) /* a line of progress */
        fputs(vprec_say_first, stderr);
    if (!t->printed) {
        t->printed = vprec_alloc(s->grid.count, sizeof *t->printed);
        put_head(s, &l);
    }
    fputs(tint ? tint : "", stdout);
    put_row(s, &l, c);
    puts(tint ? PLAIN : "");
    fflush(stdout); /* who has seen enough (vprec-sweep ... | head) kills no sweep: SIGPIPE is ignored by now */
    t->printed[index] = true;
    free(l.shown);
}

void sweep_table_rows(sweep_table *t, const sweep *s, const sweep_question *q, bool rest)
{
    for (size_t i = 0; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        if (c->settled && !(t->printed && t->printed[i]))
            print_row(t, s, q, i);
        else if (!c->settled && c->wanted && !rest)
            return; /* its row is the next one */
    }
}

void sweep_table_free(sweep_table *t)
{
    free(t->printed);
    t->printed = NULL;
}

/* A metric that nothing could be said of, with the reason. */
static void say_reasons(const sweep *s)
{
    const sweep_metrics *metrics = &s->options->metrics;
    for (size_t m = 0; m < metrics->count; m++) {
        const char *why = NULL;
        bool any = false;
        for (size_t i = 0; i < s->grid.count; i++) {
            const sweep_cell *c = &s->grid.cells[i];
            if (!c->settled || c->status != SWEEP_OK_STATUS)
                continue;
            any |= !c->values[m].error && i > 0;
            why = c->values[m].error && i ? c->values[m].error : why;
        }
        bool usual = !s->options->metrics_given && s->grid.cells[SWEEP_NATIVE].values[m].error;
        if (!any && why && !usual)
            vprec_say("%s: %s", metrics->list[m].name, why);
    }
}

/* Where the largest of the largest errors is. */
static void print_worst(const sweep *s)
{
    const sweep_metrics *metrics = &s->options->metrics;
    for (size_t m = 0; m < metrics->count; m++) {
        const sweep_cell *most = NULL;
        for (size_t i = 1; i < s->grid.count; i++) {
            const sweep_cell *c = &s->grid.cells[i];
            if (c->settled && c->values[m].worst && (!most || c->values[m].max > most->values[m].max))
                most = c;
        }
        if (most)
            printf("%s is largest (%.6g) in %s\n", metrics->list[m].name, most->values[m].max, most->values[m].worst);
    }
}

/* The line that repeats the run of the cell that failed: by its report, or where a run left none by its options. */
static void print_repeat(const sweep *s, const sweep_cell *c)
{
    uint32_t number = 1;
    while (number < c->count && sweep_cell_good(c, number))
        number++;
    char *report = vprec_results_file(&c->results, number, "report.json");
    json_t *words = vprec_json_must(json_array());
    if (!access(report, R_OK)) {
        vprec_json_add(words, json_string("--replay"));
        vprec_json_add(words, vprec_json_text(report));
    } else {
        for (size_t i = 0; i < c->options.givens; i++)
            vprec_json_add(words, vprec_json_text(c->options.given[i]));
        vprec_json_add(words, json_string("--"));
        for (char **word = s->options->program; *word; word++)
            vprec_json_add(words, vprec_json_text(*word));
    }
    char *line = page_shell(words);
    vprec_say("  to repeat it: vprec-run %s", line);
    free(line);
    json_decref(words);
    free(report);
}

/* How the cell ended, and why if that is known; to be freed. */
static char *failure_text(const sweep_cell *c)
{
    char *how = status_text(c);
    bool refused = c->status == SWEEP_REFUSED_STATUS;
    char *text = vprec_text("%s%s%s", how, !c->note  ? ""
                                           : refused ? ": "
                                                     : "; its last line on standard error: ", c->note ? c->note : "");
    free(how);
    return text;
}

static bool has_failed(const sweep_cell *c)
{
    return c->settled && (c->status != SWEEP_OK_STATUS || c->note);
}

/* Why cells failed, each reason once. */
static void say_failures(const sweep *s)
{
    size_t said = 0;
    for (size_t i = 1; i < s->grid.count && said < REASONS_MOST; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        bool seen = !has_failed(c);
        char *text = seen ? NULL : failure_text(c);
        for (size_t k = 1; k < i && !seen; k++) {
            char *other = has_failed(&s->grid.cells[k]) ? failure_text(&s->grid.cells[k]) : NULL;
            seen = other && !strcmp(other, text);
            free(other);
        }
        if (!seen) {
            vprec_say("%s: %s", c->id, text);
            print_repeat(s, c);
            said++;
        }
        free(text);
    }
}

static void print_series(const sweep_series *series, const sweep_question *question)
{
    const sweep_cell *first = series->cells[0];
    char *line = first->exponent >= 0 ? vprec_text("  %d exponent bits, %s", first->exponent, first->mode)
                                      : vprec_text("  %s", first->mode);
    printf("%s%s%s: ", line, first->where ? ", " : "", first->where ? first->where : "");
    free(line);
    if (series->smallest < series->count) {
        const sweep_cell *c = series->cells[series->smallest];
        printf("%s%s", c->format ? "" : "t=", name_of(c));
        if (question->count == 1)
            printf(" (%.6g)", c->values[sweep_question_metric(question)].value);
    } else {
        printf("none");
    }
    printf("%s%s\n", series->note ? "; " : "", series->note ? series->note : "");
}

/* "labels is 0.9375": what the widest of the narrower formats lacks, so that one knows what decides. */
static void print_lacking(const sweep *s, const sweep_series *series, const sweep_question *question)
{
    for (size_t i = series->smallest; i-- > 0;) {
        const sweep_cell *c = series->cells[i];
        const sweep_threshold *missed = sweep_question_missed(question, c);
        if (!c->settled)
            continue;
        if (missed) {
            const sweep_metric *m = &s->options->metrics.list[missed->metric];
            const sweep_summary *v = &c->values[missed->metric];
            printf("  %s does not: %s %s %.6g\n", name_of(c), m->name, v->error ? "has no value, not" : "is",
                   v->error ? NAN : !question->usual ? v->value : m->better < 0 ? v->max : v->min);
        }
        return;
    }
}

/* Whether nothing was rounded in any cell: then no format has been tried. */
static bool is_idle(const sweep *s)
{
    bool any = false;
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        bool good = c->settled && c->status == SWEEP_OK_STATUS;
        if (good && !c->idle)
            return false;
        any |= good;
    }
    return any;
}

void sweep_table_print(const sweep *s, const sweep_question *question, const sweep_series *series, size_t count,
                       const json_t *answer)
{
    json_t *note;
    size_t i;
    print_worst(s);
    printf("\nQuestion: %s\nAnswer: %s\n", json_string_value(json_object_get(answer, "question")),
           json_string_value(json_object_get(answer, "text")));
    json_array_foreach(json_object_get(answer, "notes"), i, note)
        printf("  %s\n", json_string_value(note));
    if (!question->count || is_idle(s))
        return;
    char *text = sweep_question_text(question, &s->options->metrics);
    printf("\nSmallest that keeps %s", text);
    if (question->count == 1)
        printf(" (native %.6g)", s->grid.cells[SWEEP_NATIVE].values[sweep_question_metric(question)].value);
    puts(":");
    free(text);
    for (i = 0; i < count; i++) {
        print_series(&series[i], question);
        if (question->count > 1 && count <= LACKING_MOST && series[i].smallest < series[i].count)
            print_lacking(s, &series[i], question);
    }
}

void sweep_table_warn(const sweep *s)
{
    say_reasons(s);
    say_failures(s);
    json_t *natives = sweep_report_native(s), *cells;
    const char *text;
    size_t said = 0;
    json_object_foreach(natives, text, cells)
        if (said++ < REASONS_MOST)
            vprec_say("%s (in %" JSON_INTEGER_FORMAT " of %zu cells)", text, json_integer_value(cells),
                      s->grid.count - 1);
    if (said > REASONS_MOST)
        vprec_say("and %zu more: native_parts in the report by --json lists them", said - REASONS_MOST);
    json_decref(natives);
    const sweep_cell *first = NULL;
    size_t idle = 0, good = 0;
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        good += c->settled && c->status == SWEEP_OK_STATUS;
        idle += c->settled && c->status == SWEEP_OK_STATUS && c->idle;
        if (!first && c->idle)
            first = c;
    }
    if (!idle)
        return;
    if (idle == good)
        vprec_say("warning: no operation was rounded in any cell: all are the native run once more, and say nothing of "
                  "formats: %s", first->idle);
    else
        vprec_say("warning: no operation was rounded in %zu of %zu cells, such as %s: they are the native run once "
                  "more: %s", idle, good, first->id, first->idle);
}

void sweep_table_list(const sweep *s)
{
    size_t runs = 0;
    for (size_t i = 0; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        printf("%s", c->id);
        for (size_t o = 0; c->mode && o < c->options.givens; o++)
            printf(" %s", c->options.given[o]);
        if (c->count > 1)
            printf(" (%" PRIu32 " runs)", c->count);
        putchar('\n');
        runs += c->count;
    }
    size_t counting = s->grid.all - s->grid.count - s->grid.recipes;
    printf("%zu cells, %zu runs", s->grid.count, runs);
    if (counting > 1)
        printf(", one that counts, and one for each format that fails (at most %zu)", counting - 1);
    if (s->grid.recipes)
        printf(", a few that measure recipes (at most %zu)", s->grid.recipes);
    puts(counting == 1 ? ", and one that counts" : "");
}
