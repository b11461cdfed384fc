/* SPDX-License-Identifier: Apache-2.0
 * verdict.c: see verdict.h. */
#include "verdict.h"
#include "common/say.h"
#include "result.h"
#include "summary.h"
#include "vprec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BIASED_FEW = 20 }; /* one of so many may be biased */

stats_total stats_report_total(const stats_report *report)
{
    stats_total total = {0};
    for (size_t d = 0; d < report->document_count; d++)
        for (size_t g = 0; g < report->documents[d].group_count; g++)
            stats_total_join(&total, &report->documents[d].groups[g]->total, true);
    return total;
}

stats_estimate stats_verdict_estimate(const stats_report *report)
{
    const stats_options *o = report->options;
    stats_total total = stats_report_total(report);
    /* A bias, and what is not normal, CNH does not see. */
    bool sound = !stats_not_by_chance(&total, o->confidence) && total.biased * BIASED_FEW <= total.numbers;
    bool cnh = o->methods & STATS_METHOD_CNH && (sound || !(o->methods & STATS_METHOD_BERNOULLI));
    stats_total_free(&total);
    return cnh ? STATS_CNH : o->methods & STATS_METHOD_BERNOULLI ? STATS_BERNOULLI : STATS_CESTAC;
}

char *stats_place_name(const stats_place *p)
{
    const char *group = p->group->name;
    char *name = stats_number_name(p->group, p->number);
    char *text = *group && *name && strncmp(name, group, 1) ? vprec_text("%s %s", group, name)
                 : *name                                    ? vprec_text("%s%s", *name == '[' ? group : "", name)
                                                            : vprec_text("%s", group);
    char *whole = p->number->label ? vprec_text("%s %s", text, p->number->label) : vprec_text("%s", text);
    free(text);
    free(name);
    return whole;
}

/* Where nothing can be said it is worst. */
static double badness(const stats_place *p)
{
    return isnan(p->number->worst) ? -INFINITY : p->number->worst;
}

static int by_badness(const void *a, const void *b)
{
    const stats_place *p = a, *q = b;
    double x = badness(p), y = badness(q);
    if (x != y)
        return x < y ? -1 : 1;
    if (p->document != q->document || p->group != q->group)
        return p->document < q->document || (p->document == q->document && p->group < q->group) ? -1 : 1;
    return p->number->index < q->number->index ? -1 : p->number->index > q->number->index;
}

stats_place *stats_worst(const stats_report *report, const stats_document *of, size_t *count)
{
    stats_place *list = NULL;
    *count = 0;
    for (size_t d = 0; d < report->document_count; d++) {
        const stats_document *document = &report->documents[d];
        for (size_t g = 0; (!of || of == document) && g < document->group_count; g++) {
            const stats_group *group = document->groups[g];
            if (group->list.count)
                list = vprec_grow(list, *count + group->list.count, sizeof *list);
            for (size_t i = 0; i < group->list.count; i++)
                list[(*count)++] = (stats_place){document, group, &group->list.numbers[i]};
        }
    }
    if (*count)
        qsort(list, *count, sizeof *list, by_badness);
    return list;
}

/* "1.4"; "no" where a sample is NaN or infinite, or nothing can be said. */
static char *digits_text(double bits)
{
    return isfinite(bits) ? vprec_text("%.1f", bits * log10(2)) : vprec_text(bits > 0 ? "all" : "no");
}

/* "; 1 of 21 labels changes" */
static char *labels_text(const stats_report *report)
{
    double all = 0, flips = 0;
    for (size_t d = 0; d < report->document_count; d++)
        for (size_t g = 0; g < report->documents[d].group_count; g++) {
            all += (double)report->documents[d].groups[g]->label_all;
            flips += report->documents[d].groups[g]->label_flips;
        }
    return all > 0 ? vprec_text("%.0f of %.0f labels change%s", flips, all, flips == 1 ? "s" : "")
                   : vprec_text("%s", "");
}

/* "1.4 digits in the median of 81 numbers, -0.6 in the worst (19:4 dog)" */
static char *digits_sentence(const stats_report *report, const stats_total *total)
{
    enum { NAME_MOST = 30 };
    stats_estimate e = stats_verdict_estimate(report);
    size_t count;
    stats_place *worst = stats_worst(report, NULL, &count);
    char *name = count ? stats_place_name(worst) : vprec_text("%s", "");
    char *place = strlen(name) && strlen(name) <= NAME_MOST ? vprec_text(" (%s)", name) : vprec_text("%s", "");
    char *median = digits_text(stats_total_quantile(total, e, 0.5));
    char *least = digits_text(count ? badness(worst) : total->known[e] ? total->least[e] : NAN);
    char *text = total->numbers == 1
                     ? vprec_text("%s digits%s", least, place)
                     : vprec_text("%s digits in the median of %" PRIu64 " numbers, %s in the worst%s", median,
                                  total->numbers, least, place);
    free(least);
    free(median);
    free(place);
    free(name);
    free(worst);
    return text;
}

char *stats_verdict(const stats_report *report)
{
    stats_total total = stats_report_total(report);
    char *labels = labels_text(report);
    char *digits = total.numbers ? digits_sentence(report, &total) : vprec_text("%s", "");
    char *text = *digits || *labels ? vprec_text("%s%s%s", digits, *digits && *labels ? "; " : "", labels)
                                    : vprec_text("no numbers and no labels");
    free(digits);
    free(labels);
    stats_total_free(&total);
    return text;
}

char *stats_verdict_samples(const stats_report *report)
{
    const stats_options *o = report->options;
    double needed = vprec_samples_needed(o->probability, o->confidence);
    stats_estimate e = stats_verdict_estimate(report);
    const char *method = e == STATS_CNH         ? "if they are normally distributed (CNH)"
                         : e == STATS_BERNOULLI ? "however they are distributed (Bernoulli)"
                                                : "by CESTAC";
    return vprec_text("%" PRIu64 " samples; %.0f are needed to hold for %g of all runs with confidence %g whatever the "
                      "distribution; digits here hold %s", report->samples, needed, o->probability, o->confidence,
                      method);
}
