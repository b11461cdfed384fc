/* SPDX-License-Identifier: Apache-2.0
 * html.c: report.html, one file that asks for no other: style, pictures and a small script are inside, and the page
 * itself forbids all requests, and all other scripts. */
#include "files.h"
#include "script.h"
#include "style.h"
#include "table.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

enum {
    LONG_TABLE = 25, /* rows; a longer one gets a box of bounded height */
    LONG_TEXT = 40,  /* bytes; a longer one is broken into lines */
    PICTURES_MOST = 500000 /* bytes of pictures in the page, so that it can be sent: further ones are files beside it */
};

static void put_element(FILE *out, const char *before, const char *text, const char *after)
{
    fputs(before, out);
    page_put_html(out, text);
    fputs(after, out);
}

/* What a row's classes say in colour, its texts say too. */
static const char *row_class(const page_view *view, size_t row)
{
    if (!row)
        return "native";
    const page_cell *cell = &view->cells[row - 1];
    if (cell->smallest)
        return "best";
    return !strcmp(cell->status, "ok") ? NULL : !strcmp(cell->status, "pending") ? "pending" : "failed";
}

static const char *cell_class(const page_column *column, const char *text)
{
    if (column->number)
        return strlen(text) > LONG_TEXT ? " class=\"n text\"" : " class=\"n\"";
    if (!strncmp(text, "yes", 3) || !strcmp(text, "no"))
        return *text == 'y' ? " class=\"yes\"" : " class=\"no\"";
    return strlen(text) > LONG_TEXT ? " class=\"text\"" : "";
}

static void put_row(FILE *out, const page_table *table, size_t row, const char *class)
{
    fputs("<tr", out);
    if (class)
        fprintf(out, " class=\"%s\"", class);
    fputs(">", out);
    for (size_t c = 0; c < table->columns; c++) {
        const char *text = table->texts[row * table->columns + c];
        const char *kind = cell_class(&table->column[c], text);
        if (c)
            fprintf(out, "<td%s>", kind);
        else
            fprintf(out, "<th scope=\"row\"%s>", kind);
        page_put_html(out, text);
        fputs(c ? "</td>" : "</th>", out);
    }
    fputs("</tr>\n", out);
}

/* `view` where the rows are cells. */
static void put_table(FILE *out, page_table table, const char *label, const page_view *view)
{
    fprintf(out, "<div class=\"box%s\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">\n<table>\n<thead><tr>",
            table.rows > LONG_TABLE ? " long" : "", label);
    for (size_t c = 0; c < table.columns; c++)
        put_element(out, table.column[c].number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">",
                    table.column[c].head, "</th>");
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t r = 0; r < table.rows; r++)
        put_row(out, &table, r, view ? row_class(view, r) : NULL);
    fputs("</tbody>\n</table>\n</div>\n", out);
    page_table_free(&table);
}

static void put_header(FILE *out, const page_view *view)
{
    const char *title = page_string(view->root, "title");
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
          "script-src '", out);
    fprintf(out, "%s'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n", page_script_hash);
    put_element(out, "<title>", *title ? title : "Precision sweep", " - precision sweep</title>\n<style>\n");
    page_put_style(out);
    put_element(out, "</style>\n</head>\n<body>\n<header>\n<h1>", *title ? title : "Precision sweep", "</h1>\n");
    fprintf(out, "<p class=\"about\">Precision sweep, %zu cell%s", view->cell_count, view->cell_count == 1 ? "" : "s");
    if (*page_string(view->root, "finished"))
        put_element(out, ", finished ", page_string(view->root, "finished"), "");
    bool why = json_array_size(json_object_get(json_object_get(view->root, "why"), "cells"));
    fprintf(out, "</p>\n<nav aria-label=\"Parts of this page\"><a href=\"#cells\">Cells</a> %s"
            "<a href=\"#pictures\">Pictures</a> <a href=\"#repeat\">How to repeat</a></nav>\n</header>\n<main>\n",
            why ? "<a href=\"#why\">Why formats failed</a> " : "");
}

static void put_answer(FILE *out, const page_view *view, const page_answer *answer)
{
    put_element(out, "<section aria-label=\"Answer\">\n<p class=\"answer\"><strong>", answer->subject, "</strong>");
    put_element(out, "", answer->sentence, "</p>\n");
    for (size_t i = 0; i < answer->note_count; i++)
        put_element(out, i ? "<li>" : "<ul class=\"notes\">\n<li>", answer->notes[i],
                    i + 1 < answer->note_count ? "</li>\n" : "</li>\n</ul>\n");
    if (view->smallest_count)
        put_table(out, page_table_smallest(view), "Smallest formats", NULL);
    fputs("</section>\n", out);
}

/* Lines of a text as they are. */
static void put_lines(FILE *out, const char *text)
{
    for (char *line; (line = page_next_line(&text)); free(line)) {
        page_put_html(out, line);
        putc('\n', out);
    }
}

static void put_layers(FILE *out, const page_view *view)
{
    page_table table = page_table_layers(view);
    if (!table.rows) {
        page_table_free(&table);
        return;
    }
    char *line = page_recipe_line(view);
    fputs("<section aria-labelledby=\"layers\">\n<h2 id=\"layers\">Layers</h2>\n", out);
    put_element(out, "<p>", line, "</p>\n");
    put_table(out, table, "Layers", NULL);
    if (page_recipe(view)) {
        fputs("<h3>Recipe</h3>\n<pre><code>", out);
        put_lines(out, page_recipe(view));
        fputs("</code></pre>\n<p><a href=\"recipe.txt\">recipe.txt</a></p>\n", out);
    }
    fputs("</section>\n", out);
    free(line);
}

static void put_pictures(FILE *out, const page_gallery *gallery)
{
    fputs("<section aria-labelledby=\"pictures\">\n<h2 id=\"pictures\">Pictures</h2>\n<div class=\"pictures\">\n", out);
    size_t bytes = 0;
    for (size_t i = 0; i < gallery->count; i++) {
        const page_picture *picture = &gallery->pictures[i];
        bool inside = picture->svg && (bytes += strlen(picture->svg)) <= PICTURES_MOST;
        fprintf(out, "<figure>\n%s\n<figcaption>", inside ? picture->svg : "");
        if (!inside)
            put_element(out, "<strong>", picture->title, "</strong>: ");
        page_put_html(out, picture->svg ? picture->caption : picture->error);
        if (picture->svg)
            fprintf(out, " <a href=\"pictures/%s.svg\">SVG</a> <a href=\"pictures/%s.png\">PNG</a>", picture->name,
                    picture->name);
        fputs("</figcaption>\n</figure>\n", out);
    }
    fputs("</div>\n", out);
    if (gallery->note)
        put_element(out, "<p>", gallery->note, "</p>\n");
    fputs("</section>\n", out);
}

/* The sentences of an array, each in `before` and `after`. */
static void put_sentences(FILE *out, const json_t *texts, const char *before, const char *after)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
        put_element(out, before, json_is_string(text) ? json_string_value(text) : "", after);
}

static void put_why(FILE *out, const page_view *view)
{
    const json_t *why = json_object_get(view->root, "why"), *cells = json_object_get(why, "cells"), *cell;
    size_t i;
    if (json_array_size(cells))
        fputs("<section aria-labelledby=\"why\">\n<h2 id=\"why\">Why formats failed</h2>\n", out);
    json_array_foreach(cells, i, cell) {
        char *title = page_why_title(cell);
        put_element(out, "<h3>", title, "</h3>\n<ul>\n");
        put_sentences(out, json_object_get(cell, "text"), "<li>", "</li>\n");
        fputs("</ul>\n", out);
        free(title);
    }
    if (json_array_size(cells))
        fputs("</section>\n", out);
    if (!json_array_size(json_object_get(why, "text")))
        return;
    fputs("<section aria-labelledby=\"parts\">\n<h2 id=\"parts\">Where it calculates</h2>\n", out);
    put_sentences(out, json_object_get(why, "text"), "<p>", "</p>\n");
    fputs("</section>\n", out);
}

static void put_facts(FILE *out, page_table table)
{
    fputs("<dl>\n", out);
    for (size_t r = 0; r < table.rows; r++) {
        put_element(out, "<dt>", table.texts[r * table.columns], "</dt>");
        put_element(out, "<dd>", table.texts[r * table.columns + 1], "</dd>\n");
    }
    fputs("</dl>\n", out);
    page_table_free(&table);
}

static void put_repeat(FILE *out, const page_view *view)
{
    char *directory = page_directory_line(view), *command = page_command_line(view);
    fputs("<section aria-labelledby=\"repeat\">\n<h2 id=\"repeat\">How to repeat this run</h2>\n<pre><code>", out);
    put_element(out, "", directory, *directory ? "\n" : "");
    put_element(out, "", command, "</code></pre>\n");
    put_facts(out, page_table_facts(view));
    if (view->metric_count) {
        fputs("<h3>Metrics</h3>\n", out);
        put_table(out, page_table_metrics(view), "Metrics", NULL);
    }
    if (json_array_size(json_object_get(view->root, "objects"))) {
        fputs("<h3>Programs and libraries</h3>\n", out);
        put_table(out, page_table_objects(view), "Programs and libraries", NULL);
    }
    fputs("</section>\n", out);
    free(directory);
    free(command);
}

void page_put_page(FILE *out, const page_content *content)
{
    const page_view *view = content->view;
    put_header(out, view);
    put_answer(out, view, content->answer);
    put_layers(out, view);
    fputs("<section aria-labelledby=\"cells\">\n<h2 id=\"cells\">Cells</h2>\n", out);
    put_table(out, page_table_cells(view), "Cells", view);
    fputs("</section>\n", out);
    put_why(out, view);
    put_pictures(out, content->gallery);
    put_repeat(out, view);
    put_element(out, "</main>\n<footer>Written by vprec-sweep ", page_string(view->root, "version"),
                ". The same data: <a href=\"report.json\">report.json</a>, <a href=\"report.csv\">report.csv</a>, "
                "<a href=\"report.md\">report.md</a>.</footer>\n");
    fprintf(out, "<script>%s</script>\n</body>\n</html>\n", page_script);
}
