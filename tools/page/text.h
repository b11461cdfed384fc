/* SPDX-License-Identifier: Apache-2.0
 * text.h: text on its way into HTML, SVG, Markdown, shell and gnuplot:
 * numbers as people read them, and what is special there made harmless. */
#ifndef VPREC_PAGE_TEXT_H
#define VPREC_PAGE_TEXT_H

#include "view.h"
#include <stdio.h>

/* A stream into memory, at `*text` once it is closed; to be freed. Without memory they say so and exit. */
FILE *page_open(char **text, size_t *size);
void page_close(FILE *stream);

/* All take clean UTF-8. A control character or noncharacter, which no markup may hold, becomes U+FFFD, a line's end or
 * tab a blank. page_put_html is for content and quoted attributes, of SVG too. */
void page_put_html(FILE *out, const char *text);
void page_put_markdown(FILE *out, const char *text);

/* A string of gnuplot, in quotes within which nothing is special; past `most` characters it ends with an ellipsis. */
void page_put_gnuplot(FILE *out, const char *text, size_t most);

/* The text, or where it has more than `most` characters an ellipsis and its end. To be freed. */
char *page_end_of(const char *text, size_t most);

/* The strings of an array as words that a POSIX shell reads back, control characters as $'\n' (bash). To be freed. */
char *page_shell(const json_t *words);

/* "e4m3 rne, function:dot: died of SIGFPE" of a member of why.cells. To be freed. */
char *page_why_title(const json_t *cell);

/* The recipe of layers as its file has it, NULL: there is none; and what is to be said of it, to be freed. */
const char *page_recipe(const page_view *view);
/* The next line of `*text`, to be freed; NULL: there is none. */
char *page_next_line(const char **text);
char *page_recipe_line(const page_view *view);

/* How the whole sweep is run again: a line that changes the directory, and the command. To be freed. */
char *page_directory_line(const page_view *view);
char *page_command_line(const page_view *view);

/* The strings of an array with `between` between them. To be freed. */
char *page_words(const json_t *strings, const char *between);

/* "0.955" or "0.955 ± 0.002", with the unit if there is one; "–" where there is no value. To be freed. */
char *page_value_text(const page_value *value, const char *unit);
char *page_seconds_text(double seconds);

#endif
