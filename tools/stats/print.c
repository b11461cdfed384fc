/* SPDX-License-Identifier: Apache-2.0
 * print.c: the report as a table for people, as Markdown and as CSV. */
#include "common/say.h"
#include "csv.h"
#include "result.h"
#include "stats.h"
#include "summary.h"
#include "table.h"
#include "vprec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const stats_format_names[STATS_OUT_COUNT] = {
    [STATS_OUT_TABLE] = "table", [STATS_OUT_JSON] = "json", [STATS_OUT_CSV] = "csv", [STATS_OUT_MD] = "md"};

static char *short_real(double x)
{
    return isnan(x) ? vprec_text("-") : vprec_text("%.6g", x);
}

static char *short_bits(double x)
{
    return isnan(x) ? vprec_text("-") : vprec_text("%.1f", x);
}

static const char *const headings[STATS_ESTIMATES_COUNT] = {
    [STATS_CNH] = "CNH bits", [STATS_CNH_CONTRIBUTING] = "contributing", [STATS_BERNOULLI] = "Bernoulli bits",
    [STATS_BERNOULLI_CONTRIBUTING] = "contributing", [STATS_CESTAC] = "CESTAC bits"};

/* Bits of each method, and decimal digits of what is significant. */
static size_t put_bits(stats_table *t, size_t row, size_t column, const double *bits, const stats_options *options)
{
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        if (!(stats_estimate_methods[e] & options->methods))
            continue;
        stats_table_put(t, row, column++, bits ? short_bits(bits[e]) : vprec_text("%s", headings[e]));
        if (e == STATS_CNH || e == STATS_BERNOULLI || e == STATS_CESTAC)
            stats_table_put(t, row, column++, bits ? short_bits(bits[e] * log10(2)) : vprec_text("digits"));
    }
    return column;
}

static size_t bits_columns(const stats_options *options)
{
    size_t columns = 0;
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        if (stats_estimate_methods[e] & options->methods)
            columns += e == STATS_CNH || e == STATS_BERNOULLI || e == STATS_CESTAC ? 2 : 1;
    return columns;
}

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

static void put_row(stats_table *t, char *name, double mean, double sd, double bias, const double *bits, char *note,
                    const stats_options *options)
{
    size_t row = t->rows;
    stats_table_put(t, row, 0, name);
    stats_table_put(t, row, 1, short_real(mean));
    stats_table_put(t, row, 2, short_real(sd));
    stats_table_put(t, row, 3, short_real(bias));
    stats_table_put(t, row, put_bits(t, row, 4, bits, options), note);
}

static void put_total(stats_table *t, const char *what, const stats_total *x, const stats_options *options)
{
    double bits[3][STATS_ESTIMATES_COUNT];
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        bits[0][e] = x->known[e] ? x->sums.bits[e] / (double)x->known[e] : NAN;
        bits[1][e] = stats_total_quantile(x, e, 0.5);
        bits[2][e] = x->known[e] ? x->least[e] : NAN;
    }
    put_row(t, vprec_text("mean of %" PRIu64 "%s%s", x->numbers, *what ? " in " : "", what), stats_total_mean(x),
            stats_total_rms(x), stats_total_bias(x), bits[0], vprec_text("%s", ""), options);
    put_row(t, vprec_text("median"), NAN, NAN, NAN, bits[1], vprec_text("%s", ""), options);
    put_row(t, vprec_text("least"), NAN, NAN, NAN, bits[2], vprec_text("%s", ""), options);
}

static char *joined(const char *group, char *name)
{
    char *text = *group && *name && strncmp(name, group, 1) ? vprec_text("%s %s", group, name)
                 : *name                                    ? vprec_text("%s%s", *name == '[' ? group : "", name)
                                                            : vprec_text("%s", group);
    free(name);
    return text;
}

static void put_group(stats_table *t, const stats_group *g, const stats_options *options)
{
    bool cut = g->list.count && g->total.numbers > g->list.count;
    size_t listed = 0;
    for (size_t i = 0; i < g->list.count; i++) {
        const stats_number *x = &g->list.numbers[i];
        if (cut && x->equal && !x->biased) /* many more are like it */
            continue;
        listed++;
        char *name = joined(g->name, stats_number_name(g, x)),
             *full = x->label ? vprec_text("%s %s", name, x->label) : name;
        if (full != name)
            free(name);
        put_row(t, full, x->mean, x->sd, x->bias, x->bits, notes(x, options), options);
    }
    if (cut) {
        size_t row = t->rows;
        for (size_t c = 1; c < t->columns; c++)
            stats_table_put(t, row, c, vprec_text("%s", ""));
        stats_table_put(t, row, 0, listed ? vprec_text("(the %zu worst of %" PRIu64 ")", listed, g->total.numbers)
                               : vprec_text("(%" PRIu64 " are equal in all samples)", g->total.equal));
    }
    if (g->total.numbers > 1)
        put_total(t, g->name, &g->total, options);
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
            stats_table_put(t, row, 0, joined(g->name, vprec_text("%s", label->name)));
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

static void print_document(const stats_document *d, stats_table *t, const stats_options *options)
{
    stats_total total = stats_document_total(d);
    uint64_t labels = 0;
    for (size_t g = 0; g < d->group_count; g++)
        labels += d->groups[g]->label_all;
    fprintf(t->out, "%s%s%s%s%s: %s, %" PRIu64 " samples, ", t->markdown ? "## " : "", t->colour ? "\033[1m" : "",
            d->name, t->colour ? "\033[0m" : "", t->markdown ? "\n\n" : "", stats_kind_names[d->kind], d->samples);
    if (total.numbers || labels)
        fprintf(t->out, "numbers: %" PRIu64 ", compared with %s\n\n", total.numbers,
                d->reference ? d->reference : "the mean");
    else
        fputs("empty\n", t->out);
    if (total.numbers) {
        size_t last = 4 + bits_columns(options);
        t->columns = last + 1;
        static const char *const names[] = {"number", "mean", "sd", "bias"};
        for (size_t c = 0; c < 4; c++)
            stats_table_put(t, 0, c, vprec_text("%s", names[c]));
        put_bits(t, 0, 4, NULL, options);
        stats_table_put(t, 0, last, vprec_text("notes"));
        for (size_t g = 0; g < d->group_count; g++)
            put_group(t, d->groups[g], options);
        if (d->group_count > 1)
            put_total(t, d->name, &total, options);
        stats_table_flush(t);
    }
    print_labels(d, t, options);
    for (size_t w = 0; w < d->warning_count; w++)
        fprintf(t->out, "%s%s%s%s%s\n", w ? "" : "\n", t->markdown ? "- " : "  ", t->colour ? "\033[33m" : "",
                d->warnings[w], t->colour ? "\033[0m" : "");
    putc('\n', t->out);
    stats_total_free(&total);
}

static void print_people(const stats_report *report, FILE *out, bool markdown)
{
    const stats_options *o = report->options;
    const char *no_colour = getenv("NO_COLOR");
    stats_table t = {.markdown = markdown, .out = out,
               .colour = !markdown && !(no_colour && *no_colour) && isatty(fileno(out))};
    if (markdown)
        fputs("# Significant digits\n\n", out);
    fprintf(out, "%s error; significant bits hold for %g of all runs, contributing bits for %g, confidence %g; "
            "standard deviation with ddof %d\n\n", o->absolute ? "Absolute" : "Relative", o->probability,
            o->contributing, o->confidence, o->ddof);
    for (size_t w = 0; w < report->warning_count; w++)
        fprintf(out, "%s%s\n\n", markdown ? "- " : "", report->warnings[w]);
    for (size_t d = 0; d < report->document_count; d++)
        print_document(&report->documents[d], &t, o);
}

/* ---- CSV ---- */

static void csv_text(FILE *out, const char *text)
{
    stats_csv_text(out, text);
    putc(',', out);
}

static void csv_real(FILE *out, double x)
{
    stats_csv_real(out, x);
    putc(',', out);
}

static void csv_bits(FILE *out, const double *bits, const stats_options *options)
{
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        if (stats_estimate_methods[e] & options->methods)
            csv_real(out, bits[e]);
}

static void csv_total(FILE *out, const stats_document *d, const char *level, const char *group, const stats_total *t,
                      const stats_options *options)
{
    static const char *const names[] = {"mean", "median", "min"};
    for (size_t k = 0; k < 3; k++) {
        double bits[STATS_ESTIMATES_COUNT];
        for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
            bits[e] = !t->known[e] ? NAN
                      : k == 0     ? t->sums.bits[e] / (double)t->known[e]
                      : k == 1     ? stats_total_quantile(t, e, 0.5)
                                   : t->least[e];
        csv_text(out, level);
        csv_text(out, d->name);
        csv_text(out, group);
        csv_text(out, names[k]);
        fprintf(out, "%" PRIu64 ",%.0f,%.0f,%.0f,", t->numbers, t->nan, t->inf, t->missing);
        csv_real(out, k ? NAN : stats_total_mean(t));
        csv_real(out, k ? NAN : stats_total_rms(t));
        fputs(",,,", out); /* min, max, reference */
        csv_real(out, k ? NAN : stats_total_bias(t));
        csv_bits(out, bits, options);
        fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",\n", t->equal, t->not_normal, t->biased);
    }
}

static void csv_number(FILE *out, const stats_document *d, const stats_group *g, const stats_number *x,
                       const stats_options *options)
{
    char *name = stats_number_name(g, x);
    csv_text(out, "number");
    csv_text(out, d->name);
    csv_text(out, g->name);
    csv_text(out, name);
    fprintf(out, "%.0f,%.0f,%.0f,%.0f,", x->n, x->nan, x->inf, x->missing);
    csv_real(out, x->mean);
    csv_real(out, x->sd);
    csv_real(out, x->low);
    csv_real(out, x->high);
    csv_real(out, isnan(x->reference) ? x->mean : x->reference);
    csv_real(out, x->bias);
    csv_bits(out, x->bits, options);
    fprintf(out, "%d,%d,%d,\n", x->equal, x->tested && !x->normal, x->biased);
    free(name);
}

static void print_csv(const stats_report *report, FILE *out)
{
    const stats_options *options = report->options;
    fputs("level,file,group,name,count,nan,inf,missing,mean,sd,min,max,reference,bias,", out);
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        if (stats_estimate_methods[e] & options->methods)
            fprintf(out, "%s,", stats_estimate_keys[e]);
    fputs("equal,not_normal,biased,agreement\n", out);
    size_t methods = (size_t)(options->methods & STATS_METHOD_CNH ? 2 : 0) +
                     (options->methods & STATS_METHOD_BERNOULLI ? 2 : 0) + (options->methods & STATS_METHOD_CESTAC ? 1 : 0);
    for (size_t i = 0; i < report->document_count; i++) {
        const stats_document *d = &report->documents[i];
        stats_total total = stats_document_total(d);
        for (size_t k = 0; k < d->group_count; k++) {
            const stats_group *g = d->groups[k];
            for (size_t n = 0; n < g->list.count; n++)
                csv_number(out, d, g, &g->list.numbers[n], options);
            if (g->total.numbers)
                csv_total(out, d, "group", g->name, &g->total, options);
            for (size_t n = 0; n < g->label_count; n++) {
                csv_text(out, "label");
                csv_text(out, d->name);
                csv_text(out, g->name);
                csv_text(out, g->labels[n].name);
                fprintf(out, "%" PRIu64 ",,,,,,,,", g->labels[n].samples);
                csv_text(out, g->labels[n].text);
                for (size_t m = 0; m < methods + 4; m++)
                    putc(',', out);
                fprintf(out, "%.17g\n", (double)g->labels[n].agree / (double)g->labels[n].samples);
            }
        }
        if (total.numbers)
            csv_total(out, d, "file", "", &total, options);
        stats_total_free(&total);
    }
}

bool stats_print(const stats_report *report, FILE *out)
{
    switch (report->options->format) {
    case STATS_OUT_JSON: return stats_print_json(report, out);
    case STATS_OUT_CSV: print_csv(report, out); break;
    case STATS_OUT_MD: print_people(report, out, true); break;
    default: print_people(report, out, false);
    }
    return vprec_stdout_done();
}
