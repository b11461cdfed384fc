/* SPDX-License-Identifier: Apache-2.0
 * answer.h: what the sweep found out, in a sentence or two. */
#ifndef VPREC_PAGE_ANSWER_H
#define VPREC_PAGE_ANSWER_H

#include "view.h"

enum { PAGE_NOTES = 12 };

typedef struct page_answer {
    char *subject;           /* what the sentence is about, to be set in bold: "e8m3" */
    char *sentence;          /* how it goes on: " is the smallest format ..." */
    char *notes[PAGE_NOTES]; /* sentences: what failed, what is missing */
    size_t note_count;
} page_answer;

page_answer page_answer_make(const page_view *view);
void page_answer_free(page_answer *answer);

#endif
