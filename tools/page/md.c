/* SPDX-License-Identifier: Apache-2.0
 * md.c: report.md, as GitHub reads it: the answer, the cells, the
 * pictures by reference, how to repeat the run. */
#include "files.h"
#include "table.h"
#include "text.h"
#include <stdlib.h>

static void put_row(FILE *out, const page_table *table, size_t row)
{
    for (size_t c = 0; c < table->columns; c++) {
        fputs("| ", out);
        page_put_markdown(out, table->texts[row * table->columns + c]);
        putc(' ', out);
    }
    fputs("|\n", out);
}

static void put_table(FILE *out, page_table table)
{
    for (size_t c = 0; c < table.columns; c++) {
        fputs("| ", out);
        page_put_markdown(out, table.column[c].head);
        putc(' ', out);
    }
    fputs("|\n", out);
    for (size_t c = 0; c < table.columns; c++)
        fputs(table.column[c].number ? "|---:" : "|:---", out);
    fputs("|\n", out);
    for (size_t r = 0; r < table.rows; r++)
        put_row(out, &table, r);
    putc('\n', out);
    page_table_free(&table);
}

static void put_pictures(FILE *out, const page_gallery *gallery)
{
    fputs("## Pictures\n\n", out);
    for (size_t i = 0; i < gallery->count; i++) {
        const page_picture *picture = &gallery->pictures[i];
        fputs(picture->svg ? "![" : "", out);
        page_put_markdown(out, picture->title);
        if (picture->svg)
            fprintf(out, "](pictures/%s.svg)\n\n", picture->name);
        else
            fputs(": ", out);
        page_put_markdown(out, picture->svg ? picture->caption : picture->error);
        fputs("\n\n", out);
    }
    if (gallery->note) {
        page_put_markdown(out, gallery->note);
        fputs("\n\n", out);
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
    fputs("## Layers\n\n", out);
    page_put_markdown(out, line);
    fputs("\n\n", out);
    put_table(out, table);
    free(line);
    const char *text = page_recipe(view);
    for (; (line = page_next_line(&text)); free(line))
        fprintf(out, "    %s\n", line);
    putc('\n', out);
}

static void put_repeat(FILE *out, const page_view *view)
{
    char *directory = page_directory_line(view), *command = page_command_line(view);
    /* A block by indentation, which no text can close. */
    fputs("## How to repeat this run\n\n", out);
    if (*directory)
        fprintf(out, "    %s\n", directory);
    fprintf(out, "    %s\n\n", command);
    free(directory);
    free(command);
    put_table(out, page_table_facts(view));
    if (view->metric_count)
        put_table(out, page_table_metrics(view));
    if (json_array_size(json_object_get(view->root, "objects")))
        put_table(out, page_table_objects(view));
}

static void put_sentences(FILE *out, const json_t *texts, const char *before, const char *after)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text) {
        fputs(before, out);
        page_put_markdown(out, json_is_string(text) ? json_string_value(text) : "");
        fputs(after, out);
    }
}

static void put_why(FILE *out, const page_view *view)
{
    const json_t *why = json_object_get(view->root, "why"), *cells = json_object_get(why, "cells"), *cell;
    size_t i;
    fputs(json_array_size(cells) ? "## Why formats failed\n\n" : "", out);
    json_array_foreach(cells, i, cell) {
        char *title = page_why_title(cell);
        fputs("### ", out);
        page_put_markdown(out, title);
        fputs("\n\n", out);
        put_sentences(out, json_object_get(cell, "text"), "- ", "\n");
        fputs("\n", out);
        free(title);
    }
    fputs(json_array_size(json_object_get(why, "text")) ? "## Where it calculates\n\n" : "", out);
    put_sentences(out, json_object_get(why, "text"), "", "\n\n");
}

static void put_answer(FILE *out, const page_content *content)
{
    const page_answer *answer = content->answer;
    fputs("# ", out);
    page_put_markdown(out, page_string(content->view->root, "title"));
    fputs("\n\n**", out);
    page_put_markdown(out, answer->subject);
    fputs("**", out);
    page_put_markdown(out, answer->sentence);
    fputs("\n\n", out);
    for (size_t i = 0; i < answer->note_count; i++) {
        fputs("- ", out);
        page_put_markdown(out, answer->notes[i]);
        fputs(i + 1 < answer->note_count ? "\n" : "\n\n", out);
    }
}

void page_put_summary(FILE *out, const page_content *content)
{
    put_answer(out, content);
    page_table checks = page_table_checks(content->view);
    if (checks.rows) {
        fputs("## Requirements\n\n", out);
        put_table(out, checks);
    } else {
        page_table_free(&checks);
    }
    fputs("## Cells\n\n", out);
    put_table(out, page_table_cells(content->view));
}

void page_put_text(FILE *out, const page_content *content)
{
    put_answer(out, content);
    if (content->view->smallest_count)
        put_table(out, page_table_smallest(content->view));
    put_layers(out, content->view);
    fputs("## Cells\n\n", out);
    put_table(out, page_table_cells(content->view));
    put_why(out, content->view);
    put_pictures(out, content->gallery);
    put_repeat(out, content->view);
}
