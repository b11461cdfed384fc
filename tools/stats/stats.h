/* SPDX-License-Identifier: Apache-2.0
 * stats.h: what the parts of vprec-stats hand to each other: what was asked
 * for, and what was found, from a number up to a document. Computes nothing. */
#ifndef VPREC_STATS_H
#define VPREC_STATS_H

#include "stats/read/file.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What is estimated, in bits: the key in reports, and the --method it belongs to. */
#define STATS_ESTIMATES(X)                                                                                             \
    X(CNH, "cnh_bits", STATS_METHOD_CNH)                                                                               \
    X(CNH_CONTRIBUTING, "cnh_contributing_bits", STATS_METHOD_CNH)                                                     \
    X(BERNOULLI, "bernoulli_bits", STATS_METHOD_BERNOULLI)                                                             \
    X(BERNOULLI_CONTRIBUTING, "bernoulli_contributing_bits", STATS_METHOD_BERNOULLI)                                   \
    X(CESTAC, "cestac_bits", STATS_METHOD_CESTAC)
enum { STATS_METHOD_CNH = 1, STATS_METHOD_BERNOULLI = 2, STATS_METHOD_CESTAC = 4, STATS_METHOD_ALL = 7 };
typedef enum stats_estimate {
#define STATS_ESTIMATE_ENTRY(id, key, method) STATS_##id,
    STATS_ESTIMATES(STATS_ESTIMATE_ENTRY)
#undef STATS_ESTIMATE_ENTRY
        STATS_ESTIMATES_COUNT
} stats_estimate;
extern const char *const stats_estimate_keys[STATS_ESTIMATES_COUNT];
extern const unsigned stats_estimate_methods[STATS_ESTIMATES_COUNT];

typedef enum stats_format { STATS_OUT_TABLE, STATS_OUT_JSON, STATS_OUT_CSV, STATS_OUT_MD, STATS_OUT_COUNT } stats_format;
extern const char *const stats_format_names[STATS_OUT_COUNT];

typedef struct stats_options {
    char **paths; /* FILE|DIR..., NULL-terminated */
    size_t path_count;
    const char *reference; /* a path, or NULL */
    bool has_value;
    double value; /* --reference VALUE */
    unsigned methods;
    bool absolute;
    int ddof;
    double confidence, probability, contributing;
    stats_format format;
    stats_kind kind; /* of every document; STATS_AUTO: by name and content */
    bool rows;       /* the samples are the rows of a document */
    bool failed;     /* samples that failed count too */
    bool quiet;
    size_t numbers; /* listed of each group */
    struct stats_progress *progress; /* NULL: nobody looks on */
} stats_options;

/* One number over all samples. Sums are over the finite ones. */
typedef struct stats_number {
    uint64_t index;   /* position in its group */
    char *name;       /* NULL: the position says it */
    char *label;      /* in text the word in front of it in its line; NULL */
    double n;         /* finite samples */
    double nan, inf, missing; /* samples */
    double mean, sd, low, high;
    double reference; /* NaN: none */
    double bias;      /* mean - reference; NaN where the reference is the mean */
    double bits[STATS_ESTIMATES_COUNT]; /* NaN: cannot be said */
    double worst;     /* what the numbers of a group are ranked by: the first estimate that there is */
    bool equal;       /* all samples are the same value */
    bool tested, normal; /* by Jarque and Bera */
    bool biased;      /* the bias is larger than the CNH bits allow */
} stats_number;

/* Histogram of bits: STATS_BINS_PER_BIT bins a bit, from STATS_BITS_LOW on. */
enum { STATS_BITS_LOW = -16, STATS_BITS_HIGH = 70, STATS_BINS_PER_BIT = 16,
       STATS_BINS = (STATS_BITS_HIGH - STATS_BITS_LOW) * STATS_BINS_PER_BIT };

enum { STATS_FEW = 64 }; /* so many numbers have exact quantiles */

/* The sums of a total, apart since they are added in a fixed order. What is beyond STATS_FAR, and a standard deviation
 * beyond STATS_SD_FAR or below STATS_SD_NEAR, whose squares have no double, is summed scaled. */
#define STATS_SUMS(X) X(mean) X(mean_far) X(variance) X(variance_near) X(variance_far) X(bias) X(bias_far)
#define STATS_FAR 0x1p900
#define STATS_FAR_SCALE 0x1p-200
#define STATS_SD_NEAR 0x1p-400
#define STATS_SD_FAR 0x1p400
#define STATS_SD_SCALE 0x1p700
typedef struct stats_sums {
#define STATS_SUM_ENTRY(name) double name;
    STATS_SUMS(STATS_SUM_ENTRY)
#undef STATS_SUM_ENTRY
    double bits[STATS_ESTIMATES_COUNT];
} stats_sums;

/* Many numbers together. */
typedef struct stats_total {
    uint64_t numbers, valued, biases, equal, tested, not_normal, biased;
    double nan, inf, missing; /* samples of numbers */
    double most_bias;         /* largest |bias| */
    double most_bias_relative;
    stats_sums sums;
    uint64_t known[STATS_ESTIMATES_COUNT]; /* numbers with that estimate */
    double least[STATS_ESTIMATES_COUNT], most[STATS_ESTIMATES_COUNT];
    uint64_t *histogram[STATS_ESTIMATES_COUNT]; /* from the second number on */
    double *few[STATS_ESTIMATES_COUNT];         /* with the histogram: all of them, while they are few */
    size_t few_count[STATS_ESTIMATES_COUNT];    /* in `few`; another number than `known`: not all */
} stats_total;

/* The numbers that are listed one by one: the worst, in the order of their positions when sorted. */
typedef struct stats_list {
    size_t most, count, room;
    stats_number *numbers; /* a heap with the best of them on top */
} stats_list;

/* A token that is no number, over all samples. */
typedef struct stats_label {
    char *name;
    char *text;      /* the reference's, or the most frequent */
    uint64_t agree, samples, variants;
    char *other;     /* the most frequent one that differs; NULL: none */
} stats_label;

/* An array, a column, or the values of one path in JSON. */
typedef struct stats_group {
    char *name;  /* "" where the document has one group only */
    char *type;  /* of an array's elements; NULL */
    size_t shape[32];
    int dimensions; /* -1: no array */
    bool fortran;   /* positions count with the first index innermost */
    stats_total total;
    stats_list list;
    stats_label *labels; /* listed: those that differ most */
    size_t label_count;  /* listed */
    uint64_t label_all;  /* all */
    double label_agree, label_samples, label_flips; /* samples that agree, samples, labels that ever differ */
} stats_group;

/* A file, the same in every sample. */
typedef struct stats_document {
    char *name;
    stats_kind kind;
    uint64_t samples, absent; /* samples that have it, and that do not */
    char *reference;          /* what it was compared with, in words */
    stats_group **groups;
    size_t group_count;
    char **warnings;
    size_t warning_count;
} stats_document;

void stats_warn(stats_document *document, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds an empty group; the name is copied. */
stats_group *stats_group_add(stats_document *document, const char *name, const stats_options *options);

void stats_document_free(stats_document *document);

/* ---- print.c, report.c ---- */

typedef struct stats_report {
    const stats_options *options;
    stats_document *documents;
    size_t document_count;
    uint64_t samples; /* found */
    char **warnings;
    size_t warning_count;
} stats_report;

/* Prints in the chosen format. False, having said why. */
bool stats_print(const stats_report *report, FILE *out);
bool stats_print_json(const stats_report *report, FILE *out);

/* The name of number `index` of a group: its own, or "[3,7]"; to be freed. */
char *stats_number_name(const stats_group *group, const stats_number *number);

#endif
