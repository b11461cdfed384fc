/* SPDX-License-Identifier: Apache-2.0
 * clean.h: a JSON document made fit for files of text. */
#ifndef VPREC_PAGE_CLEAN_H
#define VPREC_PAGE_CLEAN_H

#include <jansson.h>

/* A deep copy, with U+FFFD for every NUL and every byte that is no UTF-8 in its strings. */
json_t *page_clean(const json_t *value);

#endif
