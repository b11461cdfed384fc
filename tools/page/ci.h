/* SPDX-License-Identifier: Apache-2.0
 * ci.h: what continuous integration reads of a report: its "checks", each with "name", "cell", "ok", "skipped",
 * "message", "seconds". */
#ifndef VPREC_PAGE_CI_H
#define VPREC_PAGE_CI_H

#include <jansson.h>
#include <stdio.h>

#define PAGE_JUNIT_BEGINS "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- vprec-sweep -->"
#define PAGE_MARKDOWN_BEGINS "<!-- vprec-sweep -->"

/* Those that are not met. */
size_t page_checks_failed(const json_t *checks);

/* A test suite in JUnit's XML: a test case for each check. */
void page_put_junit(FILE *out, const json_t *report);
/* GitHub's workflow commands: an error for each check that is not met, else a notice. */
void page_put_github(FILE *out, const json_t *report);
/* Markdown: the answer, the checks, the cells. */
void page_put_markdown_summary(FILE *out, const json_t *report);

#endif
