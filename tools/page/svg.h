/* SPDX-License-Identifier: Apache-2.0
 * svg.h: what gnuplot draws, made fit for a page and for its own file. */
#ifndef VPREC_PAGE_SVG_H
#define VPREC_PAGE_SVG_H

#include <stdbool.h>
#include <stddef.h>

/* The picture as an element `<svg>` with title and description for those who do not see it, with ids that begin with p
 * and `name`, colours as #rrggbb. To be freed; NULL where `svg` is not what gnuplot writes. */
char *page_svg_element(const char *svg, size_t size, const char *name, const char *title, const char *description);

/* The same as a file of its own, which follows light and dark. To be freed. */
char *page_svg_file(const char *element);

#endif
