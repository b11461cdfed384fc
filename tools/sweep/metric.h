/* SPDX-License-Identifier: Apache-2.0
 * metric.h: what is measured of a run's output. Reads files, starts nothing: the commands of --metric are run by
 * run.c, and their output is read here. */
#ifndef VPREC_SWEEP_METRIC_H
#define VPREC_SWEEP_METRIC_H

#include "extract.h"
#include "items.h"
#include <jansson.h>

/* The built-in ones: name, which values are better, unit, what --help says. */
#define SWEEP_METRICS(X)                                                                                               \
    X(EQUAL, "equal", 1, "", "1 where the output has the same bytes as native's, else 0")                              \
    X(LABELS, "labels", 1, "", "share of words, that are no numbers, equal to native's")                               \
    X(CER, "cer", -1, "", "character error rate against --truth, else native's")                                       \
    X(WER, "wer", -1, "", "word error rate, likewise")                                                                 \
    X(MAX_REL, "max-rel", -1, "", "largest relative error of a number against native's")                               \
    X(MEAN_REL, "mean-rel", -1, "", "mean of them")                                                                    \
    X(MAX_ABS, "max-abs", -1, "", "largest absolute error")                                                            \
    X(MEAN_ABS, "mean-abs", -1, "", "mean of them")                                                                    \
    X(LONE, "lone", -1, "", "largest relative error of a number that stands in no array")                              \
    X(SQNR, "sqnr", 1, "dB", "signal over noise of all numbers, in decibels")                                          \
    X(ARRAYS, "arrays", 1, "dB", "the lowest sqnr of an array")                                                        \
    X(COSINE, "cosine", 1, "", "cosine of the angle between all numbers and native's")                                 \
    X(KL, "kl", -1, "nats", "mean divergence of rows of scores (Kullback-Leibler)")                                    \
    X(FLIPS, "flips", -1, "", "share of rows whose largest number moved: top-1 flips")                                 \
    X(CHANGED, "changed", -1, "", "words that changed, else rows' largest, else whole numbers")                        \
    X(CHANGED_MOST, "changed-most", -1, "", "the share of them at most, with 95 % confidence")                         \
    X(ACCURACY, "accuracy", 1, "", "share of items that are those of --truth")                                         \
    X(DROP, "accuracy-drop", -1, "", "how far it has fallen at most, with 95 % confidence, paired")                    \
    X(PREFIX, "prefix", 1, "words", "words before the first one that is not native's")                                 \
    X(EDITS, "edits", -1, "words", "words to insert, delete or replace to get native's text")                          \
    X(DIGITS, "digits", 1, "digits", "median of the numbers' significant decimal digits over samples")
typedef enum sweep_kind {
#define SWEEP_METRIC_ENTRY(id, name, better, unit, about) SWEEP_##id,
    SWEEP_METRICS(SWEEP_METRIC_ENTRY)
#undef SWEEP_METRIC_ENTRY
        SWEEP_EXTRACT, /* --extract */
    SWEEP_COMMAND /* --metric COMMAND */
} sweep_kind;

typedef struct sweep_metric {
    sweep_kind kind;
    char *name;
    char *detail; /* the expression, the command, the reference file; "" */
    int better;   /* 1 higher, -1 lower, 0 not known */
    sweep_pattern *pattern; /* of EXTRACT */
} sweep_metric;

typedef struct sweep_metrics {
    sweep_metric *list;
    size_t count;
    const char *truth; /* --truth, or NULL */
    sweep_document truth_document;
    bool truth_items; /* its items are looked at */
} sweep_metrics;

/* --metric: a built-in name, NAME=COMMAND, or COMMAND; --extract: [NAME=]REGEX. False, having said why. */
bool sweep_metric_add(sweep_metrics *metrics, const char *text);
bool sweep_extract_add(sweep_metrics *metrics, const char *text);
bool sweep_metric_builtin(const char *name);
/* The metric of that name, NULL: none. */
sweep_metric *sweep_metric_find(const sweep_metrics *metrics, const char *name);
/* What --help prints of the built-in ones. */
void sweep_metrics_help(void);
const char *sweep_metric_kind(const sweep_metric *metric);
const char *sweep_metric_unit(const sweep_metric *metric);
/* What it is, in a sentence without its full stop. */
const char *sweep_metric_about(const sweep_metric *metric);
/* Whether it is compared with --truth. */
bool sweep_metric_of_truth(const sweep_metric *metric);
/* Reads --truth. False, having said why. */
bool sweep_metrics_open(sweep_metrics *metrics);
void sweep_metrics_free(sweep_metrics *metrics);

/* A metric of one run. */
typedef struct sweep_value {
    double value;
    double of;   /* of a count, K/N, that N; 0: it is none */
    char *error; /* why there is none, NULL: there is one */
    char *worst; /* of a largest error: which number it is; NULL */
} sweep_value;

/* What the documents of a run and of native have in common. */
typedef struct sweep_measured {
    const sweep_document *is, *native;
    sweep_errors errors;
    sweep_judged judged;
} sweep_measured;
sweep_measured sweep_measure(const sweep_metrics *metrics, const sweep_document *is, const sweep_document *native);

/* Of a run's output. DIGITS is no single run's. */
sweep_value sweep_metric_value(const sweep_metrics *metrics, const sweep_metric *metric,
                               const sweep_measured *measured);

/* Of EXTRACT: what its expression finds in any document. */
sweep_value sweep_metric_extract(const sweep_metric *metric, const sweep_document *is);

/* Of a COMMAND: the last number that it printed. */
sweep_value sweep_metric_printed(const sweep_document *printed);

/* A metric over the runs of a cell. */
typedef struct sweep_summary {
    double value, sd, min, max; /* value: the mean; of digits the median */
    uint64_t n;
    double of;   /* of one count, K/N, that N; else 0 */
    char *error; /* NULL: there is a value */
    char *worst; /* of the run with the largest value; NULL */
} sweep_summary;

/* Takes the texts over. */
sweep_summary sweep_summarize(sweep_value *values, size_t count);

/* Significant digits of the documents; `histogram` gets the "digits" of the report, or NULL. */
sweep_summary sweep_digits(char **paths, size_t count, json_t **histogram);

#endif
