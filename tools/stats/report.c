/* SPDX-License-Identifier: Apache-2.0
 * report.c: the report as JSON. The table, Markdown and CSV are print.c's. */
#include "common/json.h"
#include "common/say.h"
#include "result.h"
#include "stats.h"
#include "summary.h"
#include "verdict.h"
#include "vprec.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCHEMA = 1 };

static void put_bits(json_t *object, const char *key, double bits)
{
    char *digits = vprec_text("%.*sdigits", (int)(strlen(key) - strlen("bits")), key);
    vprec_json_put(object, key, vprec_json_real(bits));
    vprec_json_put(object, digits, vprec_json_real(bits * log10(2)));
    free(digits);
}

static json_t *number_json(const stats_group *group, const stats_number *x, const stats_options *options)
{
    json_t *o = vprec_json_must(json_object());
    char *name = stats_number_name(group, x);
    vprec_json_put(o, "name", vprec_json_text(name));
    free(name);
    if (x->label)
        vprec_json_put(o, "label", vprec_json_text(x->label));
    vprec_json_put(o, "samples", vprec_json_number((uint64_t)x->n));
    vprec_json_put(o, "nan", vprec_json_number((uint64_t)x->nan));
    vprec_json_put(o, "inf", vprec_json_number((uint64_t)x->inf));
    vprec_json_put(o, "missing", vprec_json_number((uint64_t)x->missing));
    vprec_json_put(o, "mean", vprec_json_real(x->mean));
    vprec_json_put(o, "sd", vprec_json_real(x->sd));
    vprec_json_put(o, "min", vprec_json_real(x->low));
    vprec_json_put(o, "max", vprec_json_real(x->high));
    vprec_json_put(o, "reference", vprec_json_real(isnan(x->reference) ? x->mean : x->reference));
    vprec_json_put(o, "bias", vprec_json_real(x->bias));
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        if (stats_estimate_methods[e] & options->methods)
            put_bits(o, stats_estimate_keys[e], x->bits[e]);
    vprec_json_put(o, "equal", json_boolean(x->equal));
    vprec_json_put(o, "normal", x->tested ? json_boolean(x->normal) : json_null());
    vprec_json_put(o, "biased", isnan(x->bias) ? json_null() : json_boolean(x->biased));
    return o;
}

static json_t *total_json(const stats_total *t, const stats_options *options)
{
    static const struct {
        const char *key;
        double share;
    } quantiles[] = {{"p5", 0.05}, {"median", 0.5}, {"p95", 0.95}};
    json_t *o = vprec_json_must(json_object());
    vprec_json_put(o, "numbers", vprec_json_number(t->numbers));
    vprec_json_put(o, "nan", vprec_json_number((uint64_t)t->nan));
    vprec_json_put(o, "inf", vprec_json_number((uint64_t)t->inf));
    vprec_json_put(o, "missing", vprec_json_number((uint64_t)t->missing));
    vprec_json_put(o, "equal", vprec_json_number(t->equal));
    vprec_json_put(o, "tested", vprec_json_number(t->tested));
    vprec_json_put(o, "not_normal", vprec_json_number(t->not_normal));
    vprec_json_put(o, "biased", vprec_json_number(t->biased));
    vprec_json_put(o, "mean", vprec_json_real(stats_total_mean(t)));
    vprec_json_put(o, "rms_sd", vprec_json_real(stats_total_rms(t)));
    vprec_json_put(o, "mean_bias", vprec_json_real(stats_total_bias(t)));
    vprec_json_put(o, "max_bias", vprec_json_real(t->biases ? t->most_bias : NAN));
    vprec_json_put(o, "max_relative_bias", vprec_json_real(t->biases ? t->most_bias_relative : NAN));
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        if (!(stats_estimate_methods[e] & options->methods) || !t->known[e])
            continue;
        json_t *bits = vprec_json_must(json_object());
        vprec_json_put(bits, "numbers", vprec_json_number(t->known[e]));
        vprec_json_put(bits, "mean", vprec_json_real(t->sums.bits[e] / (double)t->known[e]));
        vprec_json_put(bits, "min", vprec_json_real(t->least[e]));
        for (size_t q = 0; q < sizeof quantiles / sizeof *quantiles; q++)
            vprec_json_put(bits, quantiles[q].key, vprec_json_real(stats_total_quantile(t, e, quantiles[q].share)));
        vprec_json_put(bits, "max", vprec_json_real(t->most[e]));
        json_t *histogram = vprec_json_must(json_array());
        for (size_t b = 0; t->histogram[e] && b < STATS_BINS; b++)
            if (t->histogram[e][b]) {
                json_t *bin = vprec_json_must(json_array());
                vprec_json_add(bin, json_real(STATS_BITS_LOW + (double)b / STATS_BINS_PER_BIT));
                vprec_json_add(bin, vprec_json_number(t->histogram[e][b]));
                vprec_json_add(histogram, bin);
            }
        vprec_json_put(bits, "histogram", histogram);
        vprec_json_put(o, stats_estimate_keys[e], bits);
    }
    return o;
}

static json_t *label_json(const stats_label *label, const stats_options *options)
{
    json_t *o = vprec_json_must(json_object());
    vprec_json_put(o, "name", vprec_json_text(label->name));
    vprec_json_put(o, "text", label->text ? vprec_json_text(label->text) : json_null());
    vprec_json_put(o, "agree", vprec_json_number(label->agree));
    vprec_json_put(o, "samples", vprec_json_number(label->samples));
    vprec_json_put(o, "agreement", vprec_json_real((double)label->agree / (double)label->samples));
    vprec_json_put(o, "agreement_bound", vprec_json_real(vprec_success_bound(label->agree, label->samples, options->confidence)));
    vprec_json_put(o, "variants", vprec_json_number(label->variants));
    vprec_json_put(o, "other", label->other ? vprec_json_text(label->other) : json_null());
    return o;
}

static json_t *group_json(const stats_group *g, const stats_options *options)
{
    json_t *o = vprec_json_must(json_object()), *numbers = vprec_json_must(json_array()),
           *labels = vprec_json_must(json_array());
    vprec_json_put(o, "name", vprec_json_text(g->name));
    vprec_json_put(o, "type", g->type ? json_string(g->type) : json_null());
    if (g->dimensions >= 0) {
        json_t *shape = vprec_json_must(json_array());
        for (int d = 0; d < g->dimensions; d++)
            vprec_json_add(shape, vprec_json_number(g->shape[d]));
        vprec_json_put(o, "shape", shape);
    }
    vprec_json_put(o, "total", total_json(&g->total, options));
    for (size_t i = 0; i < g->list.count; i++)
        vprec_json_add(numbers, number_json(g, &g->list.numbers[i], options));
    vprec_json_put(o, "numbers", numbers);
    vprec_json_put(o, "label_count", vprec_json_number(g->label_all));
    vprec_json_put(o, "label_flips", vprec_json_number((uint64_t)g->label_flips));
    vprec_json_put(o, "label_agreement", vprec_json_real(g->label_samples > 0 ? g->label_agree / g->label_samples : NAN));
    for (size_t i = 0; i < g->label_count; i++)
        vprec_json_add(labels, label_json(&g->labels[i], options));
    vprec_json_put(o, "labels", labels);
    return o;
}

static json_t *strings(char *const *list, size_t count)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < count; i++)
        vprec_json_add(array, vprec_json_text(list[i]));
    return array;
}

static json_t *document_json(const stats_document *d, const stats_options *options)
{
    json_t *o = vprec_json_must(json_object()), *groups = vprec_json_must(json_array());
    stats_total total = stats_document_total(d);
    vprec_json_put(o, "name", vprec_json_text(d->name));
    vprec_json_put(o, "kind", json_string(stats_kind_names[d->kind]));
    vprec_json_put(o, "samples", vprec_json_number(d->samples));
    vprec_json_put(o, "absent", vprec_json_number(d->absent));
    vprec_json_put(o, "reference", d->reference ? vprec_json_text(d->reference) : json_string("mean"));
    vprec_json_put(o, "warnings", strings(d->warnings, d->warning_count));
    vprec_json_put(o, "total", total_json(&total, options));
    for (size_t g = 0; g < d->group_count; g++)
        vprec_json_add(groups, group_json(d->groups[g], options));
    vprec_json_put(o, "groups", groups);
    stats_total_free(&total);
    return o;
}

bool stats_print_json(const stats_report *report, FILE *out)
{
    static const char *const methods[] = {"", "cnh", "bernoulli", "", "cestac"};
    const stats_options *options = report->options;
    json_t *root = vprec_json_must(json_object()), *documents = vprec_json_must(json_array()),
           *settings = vprec_json_must(json_object()), *list = vprec_json_must(json_array());
    vprec_json_put(root, "schema", json_integer(SCHEMA));
    vprec_json_put(root, "tool", json_string("vprec-stats"));
    vprec_json_put(root, "version", json_string(VPREC_VERSION));
    for (unsigned m = 1; m <= 4; m *= 2)
        if (options->methods & m)
            vprec_json_add(list, json_string(methods[m]));
    vprec_json_put(settings, "methods", list);
    vprec_json_put(settings, "error", json_string(options->absolute ? "abs" : "rel"));
    vprec_json_put(settings, "ddof", json_integer(options->ddof));
    vprec_json_put(settings, "confidence", vprec_json_real(options->confidence));
    vprec_json_put(settings, "probability", vprec_json_real(options->probability));
    vprec_json_put(settings, "contributing_probability", vprec_json_real(options->contributing));
    vprec_json_put(root, "settings", settings);
    vprec_json_put(root, "samples", vprec_json_number(report->samples));
    vprec_json_put(root, "samples_needed", vprec_json_real(vprec_samples_needed(options->probability, options->confidence)));
    char *verdict = stats_verdict(report);
    vprec_json_put(root, "verdict", vprec_json_text(verdict));
    free(verdict);
    vprec_json_put(root, "warnings", strings(report->warnings, report->warning_count));
    for (size_t d = 0; d < report->document_count; d++)
        vprec_json_add(documents, document_json(&report->documents[d], options));
    vprec_json_put(root, "documents", documents);
    fflush(out);
    bool ok = vprec_json_write(root, fileno(out));
    if (!ok)
        vprec_say("cannot write to standard output (%s): give it a file or pipe that takes the text", strerror(errno));
    json_decref(root);
    return ok;
}
