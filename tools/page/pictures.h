/* SPDX-License-Identifier: Apache-2.0
 * pictures.h: the pictures of a report: which there are, and their files. */
#ifndef VPREC_PAGE_PICTURES_H
#define VPREC_PAGE_PICTURES_H

#include "store.h"
#include "view.h"

typedef struct page_picture {
    char *name;    /* of its files, without their ending: "01-accuracy" */
    char *title;   /* what it shows, as a heading */
    char *caption; /* how it is read */
    char *svg;     /* the element as a page takes it in; NULL: it could not be drawn */
    char *error;   /* why not, or NULL */
} page_picture;

typedef struct page_gallery {
    page_picture *pictures;
    size_t count;
    char *note; /* why there are none or not all of them, or NULL */
} page_gallery;

/* Draws the pictures, and adds their files to the store. */
void page_gallery_make(page_gallery *gallery, const page_view *view, page_store *store);
void page_gallery_free(page_gallery *gallery);

#endif
