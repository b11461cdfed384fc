/* SPDX-License-Identifier: Apache-2.0
 * items.h: what a program says of each of many items, as a label for each picture: how many of them changed, and, where
 * it is known what is right, how accuracy did. Knows no cells. */
#ifndef VPREC_SWEEP_ITEMS_H
#define VPREC_SWEEP_ITEMS_H

#include "common/proportion.h"
#include "text.h"
#include <jansson.h>

#define SWEEP_CONFIDENCE 0.95 /* of all that is said of items */

/* What the items of a document are: its words; else the place of the largest number of each row of several; else, where
 * all are whole, its numbers. */
typedef enum sweep_items_kind { SWEEP_NO_ITEMS, SWEEP_WORDS, SWEEP_ROWS, SWEEP_NUMBERS } sweep_items_kind;

typedef struct sweep_judged {
    sweep_items_kind kind;
    uint64_t count, changed; /* items of native or of the run; those that are not the same in both */
    bool truth;              /* it is known what is right */
    vprec_paired right;      /* `first` natively, `second` in the run */
    const char *trouble;     /* why it is not known, though there is a truth; NULL */
} sweep_judged;

/* `truth` may be NULL. */
sweep_judged sweep_judge(const sweep_document *is, const sweep_document *native, const sweep_document *truth);

/* Of those that are right, in the run: NaN where it is not known. */
double sweep_judged_accuracy(const sweep_judged *judged);
/* How much accuracy has fallen at most: the end of its interval. NaN likewise. */
double sweep_judged_drop(const sweep_judged *judged);

/* The "items" of the report; null where there are none. */
json_t *sweep_judged_json(const sweep_judged *judged);

#endif
