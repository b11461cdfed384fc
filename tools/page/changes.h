/* SPDX-License-Identifier: Apache-2.0
 * changes.h: what has changed from one report of a sweep to another, and whether for the worse. */
#ifndef VPREC_PAGE_CHANGES_H
#define VPREC_PAGE_CHANGES_H

#include <jansson.h>
#include <stdbool.h>

/* The changes, an array to be released, of objects: "cell", "metric" ("status" where a run ended otherwise, "smallest"
 * of the narrowest format that keeps what is asked), "before" and "after" as texts, "worse", and "text", all of it in
 * words. A number has changed where it is further away than `tolerance`, a share of the one before (of a rate of errors, which
 * is often 0, the number itself), and, where there were samples, than twice the standard error of the difference. It is
 * worse where less is better and it is more, or the other way round, or neither is known. */
json_t *page_changes(const json_t *before, const json_t *after, double tolerance);

/* The ids of cells of `of` that `in` does not have; an array to be released. */
json_t *page_missing(const json_t *of, const json_t *in);

#endif
