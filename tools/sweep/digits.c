/* SPDX-License-Identifier: Apache-2.0
 * digits.c: significant digits of the samples' outputs, by the estimators of vprec-stats. */
#include "common/json.h"
#include "common/say.h"
#include "metric.h"
#include "stats/documents.h"
#include "stats/read/file.h"
#include "stats/result.h"
#include "stats/summary.h"
#include <math.h>
#include <stdlib.h>

enum { SAMPLES_LEAST = 3, DIGITS_MOST = 17 }; /* decimal digits: a bin each, from 0 on */
#define DIGITS_PER_BIT 0.30102999566398120

/* The kind is the first sample's. STATS_AUTO, having said why. */
static stats_kind kind_of(const char *path)
{
    stats_file file;
    stats_kind kind = STATS_AUTO;
    if (stats_file_open(&file, path)) {
        kind = stats_file_kind(&file);
        stats_file_close(&file);
    }
    return kind;
}

static sweep_summary none(const char *why)
{
    return (sweep_summary){.value = NAN, .min = NAN, .max = NAN, .error = vprec_text("%s", why)};
}

/* A bar for each digit: numbers with less than one in the first. */
static json_t *histogram_of(const stats_total *t, double median)
{
    uint64_t counts[DIGITS_MOST] = {0};
    size_t bins = t->known[STATS_CNH] > 1 ? STATS_BINS : 0;
    for (size_t b = 0; b < bins; b++) {
        double digits = (STATS_BITS_LOW + ((double)b + 0.5) / STATS_BINS_PER_BIT) * DIGITS_PER_BIT;
        size_t bin = digits < 0 ? 0 : (size_t)digits;
        counts[bin < DIGITS_MOST ? bin : DIGITS_MOST - 1] += t->histogram[STATS_CNH][b];
    }
    if (!bins)
        counts[median < 0 ? 0 : median < DIGITS_MOST ? (size_t)median : DIGITS_MOST - 1] = 1;
    json_t *object = vprec_json_must(json_object()), *array = vprec_json_must(json_array());
    for (size_t i = 0; i < DIGITS_MOST; i++)
        vprec_json_add(array, vprec_json_number(counts[i]));
    vprec_json_put(object, "from", json_integer(0));
    vprec_json_put(object, "width", json_integer(1));
    vprec_json_put(object, "counts", array);
    vprec_json_put(object, "median", json_real(median));
    return object;
}

sweep_summary sweep_digits(char **paths, size_t count, json_t **histogram)
{
    const stats_options options = {.methods = STATS_METHOD_CNH, .ddof = 1, .confidence = 0.95, .probability = 0.95,
                                   .contributing = 0.51, .quiet = true};
    *histogram = NULL;
    if (count < SAMPLES_LEAST)
        return none("fewer than 3 samples that ended well");
    stats_document document = {.name = vprec_text("output"), .kind = kind_of(paths[0]), .samples = count};
    bool ok = document.kind != STATS_AUTO && document.kind != STATS_BINARY &&
              (document.kind == STATS_NPY || document.kind == STATS_NPZ ? stats_arrays_document
                                                                        : stats_tokens_document)(&document, &options,
                                                                                                 paths, count, NULL);
    sweep_summary s = none(ok ? "no numbers in the output" : "the output cannot be read");
    stats_total t = stats_document_total(&document);
    if (ok && t.known[STATS_CNH]) {
        double median = stats_total_quantile(&t, STATS_CNH, 0.5) * DIGITS_PER_BIT;
        free(s.error);
        s = (sweep_summary){.value = median, .min = t.least[STATS_CNH] * DIGITS_PER_BIT,
                            .max = t.most[STATS_CNH] * DIGITS_PER_BIT, .n = t.known[STATS_CNH]};
        *histogram = histogram_of(&t, median);
    }
    stats_total_free(&t);
    stats_document_free(&document);
    return s;
}
