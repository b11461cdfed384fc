/* SPDX-License-Identifier: Apache-2.0
 * files.h: the writers of the single files of a report, each into a stream in memory. */
#ifndef VPREC_PAGE_FILES_H
#define VPREC_PAGE_FILES_H

#include "answer.h"
#include "pictures.h"
#include "view.h"
#include <stdio.h>

/* What all of them say. */
typedef struct page_content {
    const page_view *view;
    const page_answer *answer;
    const page_gallery *gallery;
} page_content;

void page_put_page(FILE *out, const page_content *content); /* HTML */
void page_put_text(FILE *out, const page_content *content); /* Markdown as GitHub reads it */
void page_put_summary(FILE *out, const page_content *content); /* Markdown, the answer and tables alone */
void page_put_csv(FILE *out, const page_content *content);  /* RFC 4180, a row for each cell */

#endif
