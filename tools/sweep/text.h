/* SPDX-License-Identifier: Apache-2.0
 * text.h: how far two texts are apart: numbers and labels token by token, characters, words. Knows no cells. */
#ifndef VPREC_SWEEP_TEXT_H
#define VPREC_SWEEP_TEXT_H

#include "stats/stats.h"

typedef struct sweep_token {
    const char *group; /* as in stats_token */
    uint64_t index, line, piece;
    uint64_t row; /* its line in a text, its place but for the last axis in an array, from 1 on; 0: none */
    const char *name; /* of its place; NULL in text and arrays */
    unsigned part;
    bool unit, number;
    bool array; /* a number that stands in an array: see sweep_errors */
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

/* A number of native's and what it is in the run; NULL: it is not there. */
typedef struct sweep_pair {
    const sweep_token *is, *want;
} sweep_pair;

/* In a line of a text so many numbers are an array. */
enum { SWEEP_ARRAY_LEAST = 4 };

/* Numbers of `is` against those of `want`: of a text in the same order, wherever its lines break, else at the same
 * place. NaN against NaN is no error; what is missing, or not finite on one side, is an infinite one. */
typedef struct sweep_errors {
    uint64_t numbers; /* compared */
    double max_rel, mean_rel, max_abs, mean_abs;
    sweep_pair worst_rel, worst_abs; /* the first of the largest errors above 0 */
    /* Numbers stand in an array where there are SWEEP_ARRAY_LEAST of them in a line of a text, whose lines of that kind
     * are one array, and elsewhere where there are two of one name: in a column, a list of JSON, an array of a file.
     * The others stand alone. */
    uint64_t lone, arrays;
    double max_lone, worst_array; /* the largest relative error; the lowest sqnr */
    sweep_pair worst_lone;
    uint64_t missing, added;         /* numbers that `is` does not have, and has besides */
    uint64_t not_finite;             /* NaN and infinities of `is` where `want` has none */
    uint64_t labels, agree;          /* labels of both, each once; equal ones */
    double sqnr, cosine;             /* as of vprec_measure */
    double divergence, flips;        /* of rows, as stats_rows has them; NaN: there are none */
} sweep_errors;
sweep_errors sweep_compare(const sweep_document *is, const sweep_document *want);

/* Where the number is, and both values: "2:4 'loss': 0.5, native 0.4"; to be freed. NULL: none differs. */
char *sweep_pair_text(const sweep_pair *worst, const sweep_errors *errors, const sweep_document *want);

/* Levenshtein's distance of two texts in UTF-8 over the length of `want`, in code points, or in words; white space is
 * one blank, and nothing at the ends. Bytes that are no UTF-8 are characters. NaN where only `want` is empty. */
double sweep_character_errors(const sweep_document *is, const sweep_document *want);
double sweep_word_errors(const sweep_document *is, const sweep_document *want);

/* The same in words, not over any length; and how many words are equal before the first that is not. */
size_t sweep_word_edits(const sweep_document *is, const sweep_document *want);
size_t sweep_word_prefix(const sweep_document *is, const sweep_document *want);

/* The least number of insertions, deletions and substitutions that makes `b` of `a`. */
size_t sweep_distance(const uint32_t *a, size_t n, const uint32_t *b, size_t m);

#endif
