/* SPDX-License-Identifier: Apache-2.0
 * text.h: how far two texts are apart: numbers and labels token by token, characters, words. Knows no cells. */
#ifndef VPREC_SWEEP_TEXT_H
#define VPREC_SWEEP_TEXT_H

#include "stats/stats.h"

typedef struct sweep_token {
    const char *group; /* as in stats_token */
    uint64_t index;
    bool number;
    double value;
    const char *text; /* of a label, 0 at its end */
} sweep_token;

/* A document: its bytes and its tokens; arrays have numbers only. */
typedef struct sweep_document {
    char *bytes;
    size_t size;
    stats_kind kind;
    bool broken; /* it is not of its kind: there are no tokens */
    sweep_token *tokens;
    size_t count, room;
    char **owned; /* texts of the tokens */
    size_t owned_count, owned_room;
} sweep_document;

/* Reads the file whole. With `kind` STATS_AUTO the kind is that of its name and content. False, having said why, where
 * it cannot be read; then `document` is empty. To be freed in any case. */
bool sweep_document_read(sweep_document *document, const char *path, stats_kind kind);
void sweep_document_free(sweep_document *document);

/* Numbers of `is` against those of `want` at the same place. NaN against NaN is no error; what is missing, or not
 * finite on one side, is an infinite one. */
typedef struct sweep_errors {
    uint64_t numbers; /* compared */
    double max_rel, mean_rel, max_abs, mean_abs;
    uint64_t labels, agree; /* labels of both, each place once; equal ones */
} sweep_errors;
sweep_errors sweep_compare(const sweep_document *is, const sweep_document *want);

/* Levenshtein's distance of two texts in UTF-8 over the length of `want`, in code points, or in words; white space is
 * one blank, and nothing at the ends. Bytes that are no UTF-8 are characters. NaN where only `want` is empty. */
double sweep_character_errors(const sweep_document *is, const sweep_document *want);
double sweep_word_errors(const sweep_document *is, const sweep_document *want);

/* The least number of insertions, deletions and substitutions that makes `b` of `a`. */
size_t sweep_distance(const uint32_t *a, size_t n, const uint32_t *b, size_t m);

#endif
