/* SPDX-License-Identifier: Apache-2.0
 * piece.h: where a piece of text ends, and what it is: numbers, a unit, or a label. Knows no documents. */
#ifndef VPREC_STATS_READ_PIECE_H
#define VPREC_STATS_READ_PIECE_H

#include <stdbool.h>
#include <stddef.h>

/* What a piece holds: 3.4GB/s is a number and a unit, 961/1000 two numbers. */
enum { STATS_PARTS = 3 };
typedef struct stats_part {
    const char *text; /* not terminated */
    size_t length;
    bool number, unit;
    double value; /* of a number */
    int bits;     /* as far as its digits go: 53 for integers */
} stats_part;

/* Bytes of the piece that begins at `at`, up to white space and any of = : , ; ( ) [ ] { } < > | " ' `. A time of day,
 * a date with it, an address of a network and nan(...) are one piece. 0: it begins with what ends a piece. */
size_t stats_piece_length(const char *at, const char *end);

/* The parts of a piece, one at least: a label as a whole, or one or two numbers and perhaps their unit. */
size_t stats_piece_split(const char *text, size_t length, stats_part *parts);

/* Whether the text as a whole is a number: decimal, as Fortran prints them, hexadecimal, infinite or NaN. */
bool stats_piece_number(const char *text, size_t length, stats_part *part);

#endif
