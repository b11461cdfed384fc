/* SPDX-License-Identifier: Apache-2.0
 * people.c: see people.h. */
#include "people.h"
#include "common/say.h"
#include "result.h"
#include "summary.h"
#include "table.h"
#include "verdict.h"
#include "vprec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS_MOST = 100 };

static char *short_real(double x)
{
    return isnan(x) ? vprec_text("-") : vprec_text("%.4g", x);
}

static char *short_bits(double x)
{
    return isnan(x) ? vprec_text("-") : vprec_text("%.1f", x);
}

/* A line, broken at blanks where it is too long for the terminal. */
static void put_line(const stats_table *t, const char *before, const char *text)
{
    size_t indent = strlen(before), room = t->markdown ? SIZE_MAX : COLUMNS_MOST - indent;
    for (const char *first = before; *text; first = "") {
        size_t length = strlen(text);
        if (length > room) {
            length = room;
            while (length && text[length] != ' ')
                length--;
            length = length ? length : strcspn(text, " ");
        }
        fprintf(t->out, "%*s%.*s\n", (int)indent, first, (int)length, text);
        text += length + strspn(text + length, " ");
    }
}

/* What a table says of digits: all that was estimated where one method was asked for, of several the digits of each. */
typedef struct digit_column {
    const char *head;
    stats_estimate estimate;
    bool decimal;
} digit_column;

static size_t digit_columns(const stats_options *options, digit_column *columns)
{
    static const digit_column all[] = {{"CNH bits", STATS_CNH, false}, {"digits", STATS_CNH, true},
                                       {"contributing", STATS_CNH_CONTRIBUTING, false},
                                       {"Bernoulli bits", STATS_BERNOULLI, false}, {"digits", STATS_BERNOULLI, true},
                                       {"contributing", STATS_BERNOULLI_CONTRIBUTING, false},
                                       {"CESTAC bits", STATS_CESTAC, false}, {"digits", STATS_CESTAC, true}};
    static const digit_column few[] = {{"bits", STATS_CNH, false}, {"digits", STATS_CNH, true},
                                       {"Bernoulli", STATS_BERNOULLI, true}, {"CESTAC", STATS_CESTAC, true}};
    bool one = options->methods == STATS_METHOD_CNH || options->methods == STATS_METHOD_BERNOULLI ||
               options->methods == STATS_METHOD_CESTAC;
    const digit_column *from = one ? all : few;
    size_t count = 0;
    for (size_t i = 0; i < (one ? sizeof all / sizeof *all : sizeof few / sizeof *few); i++)
        if (stats_estimate_methods[from[i].estimate] & options->methods)
            columns[count++] = from[i];
    return count;
}
enum { DIGIT_COLUMNS_MOST = 8, FIRST = 4 };

static char *notes(const stats_number *x, const stats_options *options)
{
    char *text = vprec_text("%s%s%s", x->equal && x->n > 1 ? "equal " : "", x->biased ? "biased " : "",
                            x->tested && !x->normal && options->methods & STATS_METHOD_CNH ? "not-normal " : "");
    const struct {
        const char *what;
        double count;
    } counts[] = {{"nan", x->nan}, {"inf", x->inf}, {"missing", x->missing}};
    for (size_t i = 0; i < 3; i++)
        if (counts[i].count > 0) {
            char *longer = vprec_text("%s%s:%.0f ", text, counts[i].what, counts[i].count);
            free(text);
            text = longer;
        }
    size_t length = strlen(text);
    if (length)
        text[length - 1] = 0;
    return text;
}


typedef struct row {
    char *name; /* taken over, as is the note */
    double mean, sd, bias;
    const double *bits;
    char *note;
} row;

static void put_row(stats_table *t, row r, const stats_options *options)
{
    digit_column columns[DIGIT_COLUMNS_MOST];
    size_t count = digit_columns(options, columns), at = t->rows;
    stats_table_put(t, at, 0, r.name);
    stats_table_put(t, at, 1, short_real(r.mean));
    stats_table_put(t, at, 2, short_real(r.sd));
    stats_table_put(t, at, 3, short_real(r.bias));
    for (size_t c = 0; c < count; c++)
        stats_table_put(t, at, FIRST + c,
                        short_bits(r.bits[columns[c].estimate] * (columns[c].decimal ? log10(2) : 1)));
    stats_table_put(t, at, FIRST + count, r.note);
}

static void put_head(stats_table *t, const stats_options *options)
{
    digit_column columns[DIGIT_COLUMNS_MOST];
    static const char *const names[] = {"number", "mean", "sd", "bias"};
    size_t count = digit_columns(options, columns);
    t->columns = FIRST + count + 1;
    for (size_t c = 0; c < FIRST; c++)
        stats_table_put(t, 0, c, vprec_text("%s", names[c]));
    for (size_t c = 0; c < count; c++)
        stats_table_put(t, 0, FIRST + c, vprec_text("%s", columns[c].head));
    stats_table_put(t, 0, FIRST + count, vprec_text("notes"));
}

static void put_total(stats_table *t, const stats_total *x, const stats_options *options)
{
    double bits[3][STATS_ESTIMATES_COUNT];
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        bits[0][e] = x->known[e] ? x->sums.bits[e] / (double)x->known[e] : NAN;
        bits[1][e] = stats_total_quantile(x, e, 0.5);
        bits[2][e] = x->known[e] ? x->least[e] : NAN;
    }
    put_row(t, (row){vprec_text("mean of %" PRIu64, x->numbers), stats_total_mean(x), stats_total_rms(x),
                     stats_total_bias(x), bits[0], vprec_text("%s", "")}, options);
    put_row(t, (row){vprec_text("median"), NAN, NAN, NAN, bits[1], vprec_text("%s", "")}, options);
    put_row(t, (row){vprec_text("least"), NAN, NAN, NAN, bits[2], vprec_text("%s", "")}, options);
}

/* A row of text alone. */
static void put_remark(stats_table *t, char *text)
{
    size_t at = t->rows;
    for (size_t c = 1; c < t->columns; c++)
        stats_table_put(t, at, c, vprec_text("%s", ""));
    stats_table_put(t, at, 0, text);
}

/* The worst numbers of the document, worst first. Where not all are listed, those that never change are many. */
static void put_worst(stats_table *t, const stats_report *report, const stats_document *d, const stats_total *total)
{
    const stats_options *options = report->options;
    size_t count, listed = 0;
    stats_place *worst = stats_worst(report, d, &count);
    bool cut = total->numbers > options->numbers || total->numbers > count;
    for (size_t i = 0; i < count && listed < options->numbers; i++) {
        const stats_number *x = worst[i].number;
        if (cut && x->equal && !x->biased)
            continue;
        listed++;
        put_row(t, (row){stats_place_name(&worst[i]), x->mean, x->sd, x->bias, x->bits, notes(x, options)}, options);
    }
    if (cut)
        put_remark(t, listed ? vprec_text("(the %zu worst of %" PRIu64 ")", listed, total->numbers)
                             : vprec_text("(%" PRIu64 " are equal in all samples)", total->equal));
    free(worst);
}

static char *label_name(const stats_group *g, const stats_label *label)
{
    return *g->name && *label->name && strncmp(label->name, g->name, 1) != 0
               ? vprec_text("%s %s", g->name, label->name)
               : vprec_text("%s%s", *label->name == '[' || !*label->name ? g->name : "", label->name);
}

static void print_labels(const stats_document *d, stats_table *t, const stats_options *options)
{
    double all = 0, flips = 0, agree = 0, samples = 0;
    size_t listed = 0;
    for (size_t i = 0; i < d->group_count; i++) {
        const stats_group *g = d->groups[i];
        all += (double)g->label_all;
        flips += g->label_flips;
        agree += g->label_agree;
        samples += g->label_samples;
    }
    if (all == 0)
        return;
    fprintf(t->out, "\n%s%.0f labels: agreement %.6g, %.0f of them differ in some sample\n\n", t->markdown ? "" : "  ",
            all, agree / samples, flips);
    t->columns = 6;
    static const char *const names[] = {"label", "agree", "of", "at least", "variants", "texts"};
    for (size_t i = 0; i < d->group_count; i++) {
        const stats_group *g = d->groups[i];
        for (size_t k = 0; k < g->label_count && listed < options->numbers; k++) {
            const stats_label *label = &g->labels[k];
            if (label->agree == label->samples)
                continue;
            for (size_t c = 0; !listed && c < 6; c++)
                stats_table_put(t, 0, c, vprec_text("%s", names[c]));
            size_t row = t->rows;
            listed++;
            stats_table_put(t, row, 0, label_name(g, label));
            stats_table_put(t, row, 1, vprec_text("%" PRIu64, label->agree));
            stats_table_put(t, row, 2, vprec_text("%" PRIu64, label->samples));
            double bound = vprec_success_bound(label->agree, label->samples, options->confidence);
            stats_table_put(t, row, 3, vprec_text("%.3f", bound));
            stats_table_put(t, row, 4, vprec_text("%" PRIu64, label->variants));
            stats_table_put(t, row, 5, vprec_text("%s%s%s", label->text ? label->text : "(none)",
                                                  label->other ? " | " : "", label->other ? label->other : ""));
        }
    }
    stats_table_flush(t);
}

static void print_document(const stats_report *report, const stats_document *d, stats_table *t)
{
    const stats_options *options = report->options;
    stats_total total = stats_document_total(d);
    uint64_t labels = 0;
    for (size_t g = 0; g < d->group_count; g++)
        labels += d->groups[g]->label_all;
    char *what = total.numbers || labels
                     ? vprec_text("numbers: %" PRIu64 ", compared with %s", total.numbers,
                                  d->reference ? d->reference : "the mean")
                     : vprec_text("empty");
    char *title = vprec_text("%s%s: %s, %" PRIu64 " samples, %s", t->markdown ? "## " : "", d->name,
                             stats_kind_names[d->kind], d->samples, what);
    fputs(t->colour ? "\033[1m" : "", t->out);
    put_line(t, "", title);
    fputs(t->colour ? "\033[0m\n" : "\n", t->out);
    free(title);
    free(what);
    if (total.numbers) {
        put_head(t, options);
        put_worst(t, report, d, &total);
        if (total.numbers > 1)
            put_total(t, &total, options);
        stats_table_flush(t);
    }
    print_labels(d, t, options);
    for (size_t w = 0; w < d->warning_count; w++) {
        fputs(w ? "" : "\n", t->out);
        fputs(t->colour ? "\033[33m" : "", t->out);
        put_line(t, t->markdown ? "- " : "  ", d->warnings[w]);
        fputs(t->colour ? "\033[0m" : "", t->out);
    }
    putc('\n', t->out);
    stats_total_free(&total);
}

/* An array of a file, a column, the values of one path in JSON, or a layer's file: with numbers. */
typedef struct tensor {
    const stats_document *document;
    const stats_group *group;
    double median, least;
} tensor;

static int by_digits(const void *a, const void *b)
{
    const tensor *p = a, *q = b;
    double x = isnan(p->least) ? -INFINITY : p->least, y = isnan(q->least) ? -INFINITY : q->least;
    if (x != y)
        return x < y ? -1 : 1;
    if (p->document != q->document)
        return p->document < q->document ? -1 : 1;
    return p->group < q->group ? -1 : p->group > q->group;
}

static char *tensor_name(const tensor *x, bool several)
{
    const char *group = x->group->name;
    return !several ? vprec_text("%s", group) : *group ? vprec_text("%s %s", x->document->name, group)
                                                       : vprec_text("%s", x->document->name);
}

static char *shape_text(const stats_group *g)
{
    char *text = vprec_text("%s", "");
    for (int d = 0; d < g->dimensions; d++) {
        char *longer = vprec_text("%s%s%zu", text, d ? "x" : "", g->shape[d]);
        free(text);
        text = longer;
    }
    return text;
}

/* Digits tensor by tensor, layer by layer, the worst first; where there are several. */
static void print_tensors(const stats_report *report, stats_table *t)
{
    stats_estimate e = stats_verdict_estimate(report);
    size_t count = 0;
    tensor *list = NULL;
    for (size_t d = 0; d < report->document_count; d++)
        for (size_t g = 0; g < report->documents[d].group_count; g++) {
            const stats_group *group = report->documents[d].groups[g];
            if (!group->total.numbers)
                continue;
            list = vprec_grow(list, count + 1, sizeof *list);
            list[count++] = (tensor){&report->documents[d], group, stats_total_quantile(&group->total, e, 0.5),
                                     group->total.known[e] ? group->total.least[e] : NAN};
        }
    static const char *const names[] = {"tensor", "numbers", "median digits", "least digits", "shape"};
    t->columns = 5;
    for (size_t c = 0; count > 1 && c < t->columns; c++)
        stats_table_put(t, 0, c, vprec_text("%s", names[c]));
    if (count > 1)
        qsort(list, count, sizeof *list, by_digits);
    for (size_t i = 0; count > 1 && i < count && i < report->options->numbers; i++) {
        size_t at = t->rows;
        stats_table_put(t, at, 0, tensor_name(&list[i], report->document_count > 1));
        stats_table_put(t, at, 1, vprec_text("%" PRIu64, list[i].group->total.numbers));
        stats_table_put(t, at, 2, short_bits(list[i].median * log10(2)));
        stats_table_put(t, at, 3, short_bits(list[i].least * log10(2)));
        stats_table_put(t, at, 4, shape_text(list[i].group));
    }
    if (count > 1 && count > report->options->numbers)
        put_remark(t, vprec_text("(the %zu worst of %zu)", report->options->numbers, count));
    if (count > 1) {
        stats_table_flush(t);
        putc('\n', t->out);
    }
    free(list);
}

void stats_print_people(const stats_report *report, FILE *out, bool markdown)
{
    const stats_options *o = report->options;
    const char *no_colour = getenv("NO_COLOR");
    stats_table t = {.markdown = markdown, .out = out, .most = markdown ? 0 : COLUMNS_MOST,
                     .colour = !markdown && !(no_colour && *no_colour) && isatty(fileno(out))};
    char *verdict = stats_verdict(report), *samples = stats_verdict_samples(report);
    fputs(markdown ? "# Significant digits\n\n**" : t.colour ? "\033[1m" : "", out);
    fprintf(out, "%s%s\n", verdict, markdown ? "**\n" : t.colour ? "\033[0m" : "");
    put_line(&t, "", samples);
    fprintf(out, "%s%s error; contributing bits hold for %g of all runs; standard deviation with ddof %d\n\n",
            markdown ? "\n" : "", o->absolute ? "Absolute" : "Relative", o->contributing, o->ddof);
    free(samples);
    free(verdict);
    for (size_t w = 0; w < report->warning_count; w++) {
        put_line(&t, markdown ? "- " : "", report->warnings[w]);
        putc('\n', out);
    }
    print_tensors(report, &t);
    for (size_t d = 0; d < report->document_count; d++)
        print_document(report, &report->documents[d], &t);
}
