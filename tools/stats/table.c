/* SPDX-License-Identifier: Apache-2.0
 * table.c: cells in columns that line up, as text or as Markdown. */
#include "table.h"
#include "common/say.h"
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MOST = 16 };

void stats_table_put(stats_table *t, size_t row, size_t column, char *text)
{
    if (row >= t->rows) {
        t->cells = vprec_grow(t->cells, (row + 1) * t->columns, sizeof *t->cells);
        memset(t->cells + t->rows * t->columns, 0, (row + 1 - t->rows) * t->columns * sizeof *t->cells);
        t->rows = row + 1;
    }
    t->cells[row * t->columns + column] = text;
}

/* Columns on a terminal: bytes that begin a character. Control characters are taken out. */
static size_t width(char *text)
{
    size_t n = 0;
    for (; text && *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = '?';
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

static void print_text(const stats_table *t, const char *text)
{
    for (; text && *text; text++) {
        if (t->markdown && (*text == '|' || *text == '\\' || *text == '*' || *text == '_' || *text == '<'))
            putc('\\', t->out);
        putc(*text, t->out);
    }
}

/* Cuts the text to so many columns: "~" stands for what is left out of its middle. */
static void cut(char *text, size_t to)
{
    size_t is = width(text), head = (to - 1) / 2, tail = to - 1 - head;
    if (!text || is <= to)
        return;
    const char *from = text;
    char *into = text;
    for (size_t i = 0; i < head; i++) /* whole characters */
        do
            from++, into++;
        while (((unsigned char)*from & 0xC0) == 0x80);
    for (size_t i = head; i < is - tail; i++)
        do
            from++;
        while (((unsigned char)*from & 0xC0) == 0x80);
    *into++ = '~';
    memmove(into, from, strlen(from) + 1);
}

/* Cuts what is too long in column `c`, so that the table fits; not below `least`. */
static void fit(stats_table *t, size_t *widths, size_t c, size_t least)
{
    size_t all = 0;
    for (size_t i = 0; i < t->columns; i++)
        all += 2 + widths[i];
    if (!t->most || all <= t->most)
        return;
    size_t over = all - t->most, to = widths[c] > over + least ? widths[c] - over : least;
    if (to >= widths[c])
        return;
    for (size_t r = 0; r < t->rows; r++)
        cut(t->cells[r * t->columns + c], to);
    widths[c] = to;
}

/* Without spaces behind the last cell that holds something, but in Markdown, where all columns are there. */
static void print_row(const stats_table *t, char **cells, const size_t *widths)
{
    size_t used = t->columns;
    while (!t->markdown && used && (!cells[used - 1] || !*cells[used - 1]))
        used--;
    for (size_t c = 0; c < used; c++) {
        int pad = (int)(widths[c] - width(cells[c]));
        bool left = !c || c == t->columns - 1;
        fputs(t->markdown ? "| " : "  ", t->out);
        if (!left)
            fprintf(t->out, "%*s", pad, "");
        print_text(t, cells[c]);
        if (left && (t->markdown || c + 1 < used))
            fprintf(t->out, "%*s", pad, "");
        if (t->markdown)
            putc(' ', t->out);
    }
    fputs(t->markdown ? "|\n" : "\n", t->out);
}

void stats_table_flush(stats_table *t)
{
    size_t widths[COLUMNS_MOST] = {0};
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        size_t w = width(t->cells[i]);
        if (w > widths[i % t->columns])
            widths[i % t->columns] = w;
    }
    enum { NAME_LEAST = 16, LAST_LEAST = 12 };
    fit(t, widths, 0, NAME_LEAST);
    fit(t, widths, t->columns - 1, LAST_LEAST);
    for (size_t r = 0; r < t->rows; r++) {
        if (t->colour && !r)
            fputs("\033[1m", t->out);
        print_row(t, &t->cells[r * t->columns], widths);
        if (t->colour && !r)
            fputs("\033[0m", t->out);
        for (size_t c = 0; t->markdown && !r && c <= t->columns; c++)
            fputs(c == t->columns ? "|\n" : !c || c == t->columns - 1 ? "|:---" : "|---:", t->out);
    }
    for (size_t i = 0; i < t->rows * t->columns; i++)
        free(t->cells[i]);
    free(t->cells);
    t->cells = NULL;
    t->rows = 0;
}
