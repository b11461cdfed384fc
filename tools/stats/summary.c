/* SPDX-License-Identifier: Apache-2.0
 * summary.c: what a document's numbers call for saying in words. */
#include "summary.h"
#include "common/say.h"
#include "result.h"
#include "vprec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

stats_total stats_document_total(const stats_document *document)
{
    stats_total total = {0};
    for (size_t g = 0; g < document->group_count; g++)
        stats_total_join(&total, &document->groups[g]->total, true);
    return total;
}

/* More than chance explains, three standard deviations above: of normal samples a share 1-c fails the test. */
bool stats_not_by_chance(const stats_total *t, double confidence)
{
    double expected = (double)t->tested * (1 - confidence);
    return (double)t->not_normal > expected + 3 * sqrt(expected * confidence);
}

void stats_document_judge(stats_document *document, const stats_options *options)
{
    stats_total t = stats_document_total(document);
    double needed = vprec_samples_needed(options->probability, options->confidence), n = (double)document->samples;
    if (document->absent)
        stats_warn(document, "%" PRIu64 " of %" PRIu64 " samples do not have it", document->absent,
                   document->absent + document->samples);
    if (t.nan > 0 || t.inf > 0)
        stats_warn(document, "%.0f NaN and %.0f infinite values are left out: the digits are those of the finite ones",
                   t.nan, t.inf);
    if (options->methods & STATS_METHOD_CNH && t.not_normal && (t.tested == 1 || stats_not_by_chance(&t, options->confidence)))
        stats_warn(document, "%" PRIu64 " of %" PRIu64 " numbers are not normally distributed, so that the CNH digits do "
                   "not hold: take Bernoulli's", t.not_normal, t.tested);
    if (t.biased)
        stats_warn(document, "%" PRIu64 " of %" PRIu64 " numbers are biased: mean and reference differ in digits that "
                   "CNH, which sees the spread alone, calls significant", t.biased, t.numbers);
    if (t.numbers && options->methods & STATS_METHOD_BERNOULLI && n < needed)
        stats_warn(document, "%.0f samples: Bernoulli's bits of %g of all runs need %.0f for confidence %g; these give "
                   "%.3g", n, options->probability, needed, options->confidence, 1 - pow(options->probability, n));
    uint64_t unknown = t.valued > t.known[STATS_CNH] ? t.valued - t.known[STATS_CNH] : 0;
    if (options->methods & STATS_METHOD_CNH && unknown && n > 1)
        stats_warn(document, "%" PRIu64 " of %" PRIu64 " numbers have the reference 0 and no relative error: try "
                   "--error abs", unknown, t.numbers);
    stats_total_free(&t);
}

char *stats_number_name(const stats_group *group, const stats_number *number)
{
    if (number->name)
        return vprec_text("%s", number->name);
    if (group->dimensions <= 0)
        return vprec_text("%s", group->dimensions ? "" : "value");
    uint64_t rest = number->index;
    size_t at[32];
    for (int i = 0; i < group->dimensions; i++) {
        int d = group->fortran ? i : group->dimensions - 1 - i;
        at[d] = rest % group->shape[d];
        rest /= group->shape[d];
    }
    char *text = vprec_text("[%zu", at[0]);
    for (int d = 1; d < group->dimensions; d++) {
        char *longer = vprec_text("%s,%zu", text, at[d]);
        free(text);
        text = longer;
    }
    char *whole = vprec_text("%s]", text);
    free(text);
    return whole;
}
