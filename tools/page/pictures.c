/* SPDX-License-Identifier: Apache-2.0
 * pictures.c: which pictures a sweep gets, their names and captions;
 * has them drawn one by one, so that one that fails leaves the others. */
#include "pictures.h"
#include "common/say.h"
#include "draw.h"
#include "gnuplot.h"
#include "style.h"
#include "svg.h"
#include "text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES_MOST = 60, SLUG_MOST = 40, ROWS_MOST = 40, COLUMNS_MOST = 40 };

typedef struct studio {
    page_gallery *gallery;
    const page_view *view;
    page_store *store;
    page_grid grid, rows;
    size_t left_out;
    bool missing; /* gnuplot is not there */
} studio;

/* A name for files: letters, digits and '-' of `text`. */
static char *slug(const char *text)
{
    char *name = vprec_alloc(SLUG_MOST + 1, 1);
    size_t length = 0;
    for (; *text && length < SLUG_MOST; text++)
        if (isascii(*text) && isalnum((unsigned char)*text))
            name[length++] = (char)tolower((unsigned char)*text);
        else if (length && name[length - 1] != '-')
            name[length++] = '-';
    while (length && name[length - 1] == '-')
        name[--length] = 0;
    return name;
}

static void put_terminal(FILE *script, const char *terminal, int scale, int height, const char *output)
{
    fprintf(script, "reset\nset terminal %s size %d,%d noenhanced background rgb '%s' font 'sans-serif,13' rounded\n"
            "set output '%s'\n", terminal, PAGE_WIDTH * scale, height * scale, page_light[PAGE_PAPER], output);
}

/* Both pictures of one script. PNG is for slides and mails, twice the size. */
static char *whole_script(const char *body, int height)
{
    char *script = NULL;
    size_t size;
    FILE *out = page_open(&script, &size);
    fputs("set encoding utf8\n", out);
    put_terminal(out, "svg dynamic name 'plot'", 1, height, PAGE_SVG_OUTPUT);
    fputs(body, out);
    put_terminal(out, "pngcairo fontscale 1.6 linewidth 2 pointscale 2", 2, height, PAGE_PNG_OUTPUT);
    fprintf(out, "%sset output\n", body);
    page_close(out);
    return script;
}

static void draw(studio *studio, page_picture *picture, const char *body, int height)
{
    page_bytes svg, png;
    char *script = whole_script(body, height), *file = NULL;
    page_drawn drawn = page_gnuplot(script, &svg, &png, &picture->error);
    studio->missing = drawn == PAGE_NO_GNUPLOT;
    if (drawn == PAGE_DRAWN) {
        picture->svg = page_svg_element(svg.data, svg.size, picture->name, picture->title, picture->caption);
        file = picture->svg ? page_svg_file(picture->svg) : NULL;
        if (!file)
            picture->error = vprec_text("gnuplot wrote an SVG of a kind that is not known here");
    }
    if (file) {
        size_t length = strlen(file);
        page_store_add(studio->store, vprec_text(PAGE_STORE_PICTURES "/%s.svg", picture->name), file, length);
        page_store_add(studio->store, vprec_text(PAGE_STORE_PICTURES "/%s.png", picture->name), png.data, png.size);
        png.data = NULL;
    } else if (!studio->missing) {
        vprec_say("no picture '%s': %s", picture->title, picture->error);
    }
    free(svg.data);
    free(png.data);
    free(script);
}

/* Takes over the strings. `height` is what drawing `body` returned. */
static void add(studio *studio, const char *kind, char *title, char *caption, char *body, int height)
{
    page_gallery *gallery = studio->gallery;
    if (gallery->count < PICTURES_MOST && !studio->missing) {
        gallery->pictures = vprec_grow(gallery->pictures, gallery->count + 1, sizeof *gallery->pictures);
        page_picture *picture = &gallery->pictures[gallery->count++];
        char *name = slug(kind);
        *picture = (page_picture){.name = vprec_text("%02zu-%s", gallery->count, *name ? name : "picture"),
                                  .title = vprec_text("%s", title), .caption = vprec_text("%s", caption)};
        free(name);
        draw(studio, picture, body, height);
    } else {
        studio->left_out++;
    }
    free(title);
    free(caption);
    free(body);
}

/* What is added to a title where a metric has more than one picture. */
static char *part_text(const studio *studio, size_t first, size_t end)
{
    if (!first && end == studio->grid.count)
        return vprec_text("%s", "");
    char *name = page_series_name(studio->view, &studio->grid.series[first], false);
    char *text = page_group_end(&studio->grid, first) >= end && *name
                     ? vprec_text(", %s", name)
                     : vprec_text(", series %zu to %zu", first + 1, end);
    free(name);
    return text;
}

static void add_lines(studio *studio, size_t first, size_t end, size_t m)
{
    const page_view *view = studio->view;
    page_scale scale = page_scale_of(view, &studio->grid, first, end, m, true);
    if (!scale.count)
        return;
    bool timing = m == view->metric_count;
    int better = timing ? -1 : view->metrics[m].better;
    char *part = part_text(studio, first, end);
    char *title = vprec_text("%s over fraction bits%s", timing ? "Run time over native" : view->metrics[m].name, part);
    char *caption = vprec_text("From %.4g to %.4g%s. Each line is one exponent width%s.%s%s", scale.least, scale.most,
                               better > 0 ? "; higher is better" : better ? "; lower is better" : "",
                               view->modes || view->wheres ? ", mode and place" : "",
                               scale.logarithmic ? " The scale is logarithmic." : "",
                               view->samples && !timing ? " Bars are one standard deviation over the samples." : "");
    char *body = NULL, *kind = vprec_text("%s", timing ? "time" : view->metrics[m].name);
    size_t size;
    FILE *out = page_open(&body, &size);
    int height = page_draw_lines(out, view, &studio->grid, first, end, m, title);
    page_close(out);
    add(studio, kind, title, caption, body, height);
    free(kind);
    free(part);
}

/* Whole groups as long as they fit into one picture. */
static void add_all_lines(studio *studio, size_t m)
{
    const page_grid *grid = &studio->grid;
    for (size_t first = 0, end; first < grid->count; first = end) {
        end = page_group_end(grid, first);
        for (size_t next; end < grid->count && (next = page_group_end(grid, end)) - first <= PAGE_LINES_MOST;)
            end = next;
        if (end - first > PAGE_LINES_MOST)
            end = first + PAGE_LINES_MOST;
        add_lines(studio, first, end, m);
    }
}

static bool is_grid(const page_grid *grid, size_t first, size_t end)
{
    bool exponents = end - first >= 2 && grid->series[end - 2].cells[0]->exponent >= 0;
    for (size_t s = first; s < end; s++)
        for (size_t c = 0; c < grid->series[s].count; c++)
            if (page_fraction(grid->series[s].cells[c]) != page_fraction(grid->series[first].cells[0]))
                return exponents;
    return false;
}

static void add_map(studio *studio, size_t first, size_t end, size_t m)
{
    const page_view *view = studio->view;
    page_scale scale = page_scale_of(view, &studio->grid, first, end, m, false);
    if (!scale.count || !is_grid(&studio->grid, first, end))
        return;
    char *part = part_text(studio, first, end);
    char *title = vprec_text("%s by format%s", view->metrics[m].name, part);
    char *caption = vprec_text("%s%s Crosses have no finite value.",
                               view->metrics[m].better ? "Brighter is better." : "Brighter is higher.",
                               m == view->threshold ? " Dots mark the formats that keep the threshold." : "");
    char *body = NULL, *kind = vprec_text("%s-map", view->metrics[m].name);
    size_t size;
    FILE *out = page_open(&body, &size);
    int height = page_draw_map(out, view, &studio->grid, first, end, m, title);
    page_close(out);
    add(studio, kind, title, caption, body, height);
    free(kind);
    free(part);
}

/* Whether a map of these rows says more than a line, and can be read. */
static bool is_field(const page_grid *rows, size_t first, size_t end)
{
    size_t most = 0;
    for (size_t s = first; s < end; s++)
        most = rows->series[s].count > most ? rows->series[s].count : most;
    return end - first > 1 && most > 1 && most <= COLUMNS_MOST;
}

/* Whether the cells of the mode are in a map of rows, and need none for each place. */
static bool has_field(const studio *studio, const char *mode)
{
    const page_grid *rows = &studio->rows;
    for (size_t first = 0, end; first < rows->count; first = end) {
        end = page_rows_end(rows, first);
        if (!strcmp(rows->series[first].cells[0]->mode, mode))
            return is_field(rows, first, end);
    }
    return false;
}

/* What is left out of the names of rows, for a caption; "". To be freed. */
static char *skipped(const page_grid *rows, size_t first, size_t end)
{
    const char *name = rows->series[first].cells[0]->where, *colon = strchr(name, ':');
    size_t skip = page_rows_skip(rows, first, end), kind = colon ? (size_t)(colon - name) + 1 : 0;
    return skip <= kind ? vprec_text("%s", "")
                        : vprec_text(" All names begin with \"%.*s\".", (int)(skip - kind), name + kind);
}

/* The rows of one mode, in as many pictures as they need. */
static void add_rows(studio *studio, size_t first, size_t end, size_t m)
{
    const page_view *view = studio->view;
    const page_grid *rows = &studio->rows;
    const page_scale scale = page_scale_of(view, rows, first, end, m, false);
    if (!scale.count || !is_field(rows, first, end))
        return;
    const char *where = rows->series[first].cells[0]->where, *mode = rows->series[first].cells[0]->mode;
    bool layers = !strncmp(where, "within:", 7), upto = !strncmp(where, "upto:", 5);
    for (size_t from = first, to; from < end; from = to) {
        to = end - from > ROWS_MOST ? from + ROWS_MOST : end;
        char *part = to - from < end - first ? vprec_text(", %zu to %zu", from - first + 1, to - first) : NULL;
        char *title = vprec_text("%s by %s and format%s%s%s", view->metrics[m].name, layers || upto ? "layer" : "place",
                                 view->modes ? ", " : "", view->modes ? mode : "", part ? part : "");
        char *names = skipped(rows, from, to);
        char *caption = vprec_text("%s%s%s Crosses have no finite value, and what is blank was not run.%s",
                                   layers ? "Each alone in each format, the rest native. "
                                   : upto ? "All layers up to each one in each format, the rest native. "
                                          : "",
                                   view->metrics[m].better ? "Brighter is better." : "Brighter is higher.",
                                   m == view->threshold ? " Dots mark what keeps the threshold." : "", names);
        char *body = NULL, *kind = vprec_text("%s-layers", view->metrics[m].name);
        size_t size;
        FILE *out = page_open(&body, &size);
        int height = page_draw_rows(out, view, rows, from, to, m, &scale, title);
        page_close(out);
        add(studio, kind, title, caption, body, height);
        free(kind);
        free(names);
        free(part);
    }
}

static void add_digits(studio *studio)
{
    const page_view *view = studio->view;
    const page_cell **cells = vprec_alloc(view->cell_count, sizeof(void *)), *chosen[PAGE_DIGITS_MOST];
    size_t count = 0, most = PAGE_DIGITS_MOST, size;
    for (size_t c = 0; c < view->cell_count; c++)
        if (view->cells[c].digits)
            cells[count++] = &view->cells[c];
    /* The first, the last, and evenly between. */
    size_t take = count < most ? count : most;
    for (size_t i = 0; i < take; i++)
        chosen[i] = cells[take > 1 ? i * (count - 1) / (take - 1) : 0];
    free(cells);
    if (!take)
        return;
    char *body = NULL;
    FILE *out = page_open(&body, &size);
    char *title = vprec_text("Significant digits of the output");
    int height = page_draw_digits(out, view, chosen, take, title);
    page_close(out);
    char *caption = vprec_text("Share of the numbers in the output over their significant decimal digits, as the "
                               "samples show them; the dashed line is the median.%s",
                               take < count ? " Some of the cells, evenly chosen." : "");
    add(studio, "digits", title, caption, body, height);
}

void page_gallery_make(page_gallery *gallery, const page_view *view, page_store *store)
{
    studio studio = {.gallery = gallery, .view = view, .store = store, .grid = page_grid_make(view),
                     .rows = page_rows_make(view)};
    *gallery = (page_gallery){0};
    for (size_t m = 0; m < view->metric_count; m++)
        for (size_t first = 0; first < studio.rows.count; first = page_rows_end(&studio.rows, first))
            add_rows(&studio, first, page_rows_end(&studio.rows, first), m);
    for (size_t m = 0; m <= view->metric_count; m++)
        add_all_lines(&studio, m);
    for (size_t m = 0; m < view->metric_count; m++)
        for (size_t first = 0; first < studio.grid.count; first = page_group_end(&studio.grid, first))
            if (!has_field(&studio, studio.grid.series[first].cells[0]->mode))
                add_map(&studio, first, page_group_end(&studio.grid, first), m);
    add_digits(&studio);
    if (studio.missing) {
        page_gallery_free(gallery);
        gallery->note = vprec_text("There are no pictures, since gnuplot is not installed. Install it (on Debian: "
                                   "apt-get install gnuplot-nox) and give the same command again.");
        vprec_say("no pictures, since gnuplot is not installed: apt-get install gnuplot-nox, then give the same "
                  "command again");
    } else if (studio.left_out) {
        gallery->note = vprec_text("%zu more pictures were left out. The tables have all numbers.", studio.left_out);
    } else if (!gallery->count) {
        gallery->note = vprec_text("There is nothing to draw: a picture needs cells with a value and a number of "
                                   "fraction bits.");
    }
    page_grid_free(&studio.grid);
    page_grid_free(&studio.rows);
}

void page_gallery_free(page_gallery *gallery)
{
    for (size_t i = 0; i < gallery->count; i++) {
        page_picture *picture = &gallery->pictures[i];
        free(picture->name);
        free(picture->title);
        free(picture->caption);
        free(picture->svg);
        free(picture->error);
    }
    free(gallery->pictures);
    free(gallery->note);
    *gallery = (page_gallery){0};
}
