/* SPDX-License-Identifier: Apache-2.0
 * tokens.h: text, CSV and JSON as a row of tokens, numbers and labels.
 * Knows one document at a time, no samples. */
#ifndef VPREC_STATS_READ_TOKENS_H
#define VPREC_STATS_READ_TOKENS_H

#include "file.h"

/* A token and its place. Two documents' tokens are the same number where group and index are. */
typedef struct stats_token {
    const char *group; /* column, or path without indices; "" in text */
    uint64_t index;
    const char *name; /* of the place, good until the next token; NULL in text: see stats_token_name */
    uint64_t line;    /* in text: from 1 on; 0 with `rows` */
    uint64_t piece;   /* in its line, from 1 on */
    unsigned part;    /* of its piece or cell, from 0 on */
    bool unit;        /* a label that is the unit of the number before it */
    bool number;
    double value;
    int bits;         /* a number's, as far as its digits go: 53 for integers */
    const char *text; /* a label's, not terminated */
    size_t length;
} stats_token;

typedef struct stats_sink {
    void (*token)(void *context, const stats_token *token);
    void (*row)(void *context, double share); /* a sample has ended, so much of the file; called only with `rows` */
    void *context;
} stats_sink;

/* Parses the document; with `rows` each line, record or element of the array is a sample. `text`, of `size` bytes,
 * ends in a 0, and may be changed. `name` is what messages call it. False, having said why and where. */
bool stats_parse(stats_kind kind, const char *name, char *text, size_t size, bool rows, const stats_sink *sink);

bool stats_parse_text(const char *name, char *text, size_t size, bool rows, const stats_sink *sink);
bool stats_parse_csv(const char *name, char *text, size_t size, char separator, bool rows, const stats_sink *sink);
bool stats_parse_json(const char *name, char *text, size_t size, bool rows, const stats_sink *sink);

/* Whether the text is one JSON document or several. */
bool stats_json_is(const char *text, size_t size);

/* A name for people, to be freed: "3:2" is the second piece of line 3, "3:2 unit" what stands behind its number. */
char *stats_token_name(const stats_token *token);

/* What the cell of a table or a string of JSON holds: its parts as tokens at the place that `token` has. */
void stats_emit_cell(const char *text, size_t length, stats_token *token, const stats_sink *sink);

#endif
