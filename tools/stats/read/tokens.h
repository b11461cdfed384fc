/* SPDX-License-Identifier: Apache-2.0
 * tokens.h: text, CSV and JSON as a row of tokens, numbers and labels.
 * Knows one document at a time, no samples. */
#ifndef VPREC_STATS_TOKENS_H
#define VPREC_STATS_TOKENS_H

#include "file.h"

/* A token and its place. Two documents' tokens are the same number where group and index are. */
typedef struct stats_token {
    const char *group; /* column, or path without indices; "" in text */
    uint64_t index;
    const char *name; /* of the place, good until the next token */
    bool number;
    double value;
    int bits;         /* a number's, as far as its digits go: 53 for integers */
    const char *text; /* a label's, not terminated */
    size_t length;
} stats_token;

typedef struct stats_sink {
    void (*token)(void *context, const stats_token *token);
    void (*row)(void *context); /* a sample has ended; called only with `rows` */
    void *context;
} stats_sink;

/* Parses the document; with `rows` each line, record or element of the array is a sample. `text`, of `size` bytes,
 * ends in a 0, and may be changed. `name` is what messages call it. False, having said why and where. */
bool stats_parse(stats_kind kind, const char *name, char *text, size_t size, bool rows, const stats_sink *sink);

bool stats_parse_text(const char *name, char *text, size_t size, bool rows, const stats_sink *sink);
bool stats_parse_csv(const char *name, char *text, size_t size, char separator, bool rows, const stats_sink *sink);
bool stats_parse_json(const char *name, char *text, size_t size, bool rows, const stats_sink *sink);

/* Whether the piece as a whole is a decimal or hexadecimal number, inf, infinity or nan; fills value and bits. */
bool stats_parse_number(const char *text, size_t length, stats_token *token);

#endif
