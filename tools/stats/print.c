/* SPDX-License-Identifier: Apache-2.0
 * print.c: the report as CSV, and which of its forms is printed. */
#include "common/say.h"
#include "csv.h"
#include "people.h"
#include "result.h"
#include "stats.h"
#include "summary.h"
#include "vprec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const stats_format_names[STATS_OUT_COUNT] = {
    [STATS_OUT_TABLE] = "table", [STATS_OUT_JSON] = "json", [STATS_OUT_CSV] = "csv", [STATS_OUT_MD] = "md"};

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
                stats_csv_real(out, (double)g->labels[n].agree / (double)g->labels[n].samples);
                putc('\n', out);
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
    case STATS_OUT_MD: stats_print_people(report, out, true); break;
    default: stats_print_people(report, out, false);
    }
    return vprec_stdout_done();
}
