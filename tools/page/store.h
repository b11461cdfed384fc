/* SPDX-License-Identifier: Apache-2.0
 * store.h: the files of a report until they are written, and which files in a directory of reports are ours:
 * report.files.json there lists them with digests of what we wrote. Nothing else is overwritten or removed. */
#ifndef VPREC_PAGE_STORE_H
#define VPREC_PAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_STORE_PICTURES "pictures" /* the directory in a report's */

typedef struct page_file {
    char *name; /* below the directory */
    char *data;
    size_t size;
} page_file;

typedef struct page_store {
    page_file *files;
    size_t count;
} page_store;

/* Takes name and data over. */
void page_store_add(page_store *store, char *name, char *data, size_t size);
void page_store_free(page_store *store);

/* Whether each of the names, NULL-terminated, is free in `dir`, or a file that we wrote and nobody changed. False,
 * having said why not. */
bool page_store_check(const char *dir, const char *const *names);

/* Writes the files to `dir`, each whole, and removes what an earlier report has left there. False, having said why;
 * where a name is taken nothing was written. */
bool page_store_write(const page_store *store, const char *dir);

#endif
