/* SPDX-License-Identifier: Apache-2.0
 * gnuplot.h: runs gnuplot on a script and takes its two pictures. */
#ifndef VPREC_PAGE_GNUPLOT_H
#define VPREC_PAGE_GNUPLOT_H

#include <stddef.h>

typedef struct page_bytes {
    char *data; /* a NUL behind it */
    size_t size;
} page_bytes;

typedef enum page_drawn { PAGE_DRAWN, PAGE_NOT_DRAWN, PAGE_NO_GNUPLOT } page_drawn;

/* Where the script writes to: gnuplot's `set output` takes these names. */
#define PAGE_SVG_OUTPUT "/dev/fd/3"
#define PAGE_PNG_OUTPUT "/dev/fd/4"

/* Takes whole pictures only. Else *error, to be freed, says what was wrong. */
page_drawn page_gnuplot(const char *script, page_bytes *svg, page_bytes *png, char **error);

#endif
