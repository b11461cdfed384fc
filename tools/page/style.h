/* SPDX-License-Identifier: Apache-2.0
 * style.h: the colours of page and pictures, light and dark, and the
 * style sheets made of them. Every colour stands here and nowhere else. */
#ifndef VPREC_PAGE_STYLE_H
#define VPREC_PAGE_STYLE_H

#include <stdio.h>

/* Name, on white, on dark. The lines differ for all common kinds of colour blindness (after Okabe and Ito, 2008), and
 * by the shape of their points too; each has a contrast of 3 to its ground, text one of 4.5. */
#define PAGE_COLOURS(X)                                                                                                \
    X(PAPER, paper, "#ffffff", "#14181d")                                                                              \
    X(PANEL, panel, "#f4f6f8", "#1d232a")                                                                              \
    X(INK, ink, "#1b2127", "#e7ebef")                                                                                  \
    X(MUTED, muted, "#59636e", "#a3adb8")                                                                              \
    X(RULE, rule, "#d5dae0", "#363e48")                                                                                \
    X(LINK, link, "#0a5a9c", "#7cb9f2")                                                                                \
    X(GOOD, good, "#0f6b3c", "#6fd39b")                                                                                \
    X(BAD, bad, "#a8321a", "#ff9c85")                                                                                  \
    X(LINE_0, line0, "#0072b2", "#56b4e9")                                                                             \
    X(LINE_1, line1, "#c94f00", "#ff9146")                                                                             \
    X(LINE_2, line2, "#00805c", "#2fcb9c")                                                                             \
    X(LINE_3, line3, "#8a4fa3", "#d5a3ea")                                                                             \
    X(LINE_4, line4, "#8f6a00", "#e6bd45")                                                                             \
    X(LINE_5, line5, "#5a6470", "#aeb8c4")
typedef enum page_colour {
#define PAGE_COLOUR_ENTRY(id, name, light, dark) PAGE_##id,
    PAGE_COLOURS(PAGE_COLOUR_ENTRY)
#undef PAGE_COLOUR_ENTRY
        PAGE_COLOURS_COUNT
} page_colour;
enum { PAGE_LINES = PAGE_LINE_5 - PAGE_LINE_0 + 1 };

extern const char *const page_light[PAGE_COLOURS_COUNT];

/* The style sheet of the page; it styles the pictures in it too. */
void page_put_style(FILE *out);
/* What a picture needs to follow the reader's choice of light or dark when it is opened alone. */
void page_put_picture_style(FILE *out);

#endif
