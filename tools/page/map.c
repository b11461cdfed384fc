/* SPDX-License-Identifier: Apache-2.0
 * map.c: the heat maps of a metric: exponent bits by fraction bits, and places by formats. */
#include "common/say.h"
#include "draw.h"
#include "style.h"
#include "text.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_MOST = 8, TICS_MOST = 12 };
/* Characters of a name; pixels of each, of its height, of the scale of colours. */
enum { NAME_MOST = 30, LETTER = 8, LINE = 20, COLOURS = 90 };
/* Where on the palette black text reads better than white. */
#define LIGHT_FROM 0.43

/* Dark to light, even to the eye and to the colour blind (viridis: Smith and van der Walt, 2015). On it these stand out
 * in both schemes; they are not quite white and black, which the style sheet turns. */
static const char palette[] =
    "(0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', 5 '#28ae80', 6 '#5ec962', 7 '#addc30', "
    "8 '#fde725')";
static const char on_dark[] = "#fefefe", on_light[] = "#010101";

/* All bits of a number, so that formats come from the narrowest to the widest. */
static int width_of(const page_cell *cell)
{
    return cell->exponent < 0 ? INT_MAX : 1 + cell->exponent + cell->fraction;
}

/* The order of columns, 0: one column. By formats those of one width stay as they came. */
static int compare_columns(const page_cell *a, const page_cell *b, bool formats)
{
    if (!formats)
        return page_fraction(a) - page_fraction(b);
    if (!strcmp(a->format, b->format) && a->precision == b->precision)
        return 0;
    return width_of(a) != width_of(b) ? (width_of(a) > width_of(b)) - (width_of(a) < width_of(b)) : -1;
}

/* A cell of each of the columns of these series, in their order. */
static size_t columns_of(const page_grid *grid, size_t first, size_t end, bool formats, const page_cell **columns)
{
    size_t count = 0;
    for (size_t s = first; s < end; s++)
        for (size_t c = 0; c < grid->series[s].count; c++) {
            const page_cell *cell = grid->series[s].cells[c];
            size_t at = 0, same = 0;
            while (same < count && compare_columns(columns[same], cell, formats))
                same++;
            if (same < count)
                continue;
            while (at < count && compare_columns(columns[at], cell, formats) < 0)
                at++;
            memmove(columns + at + 1, columns + at, (count - at) * sizeof(void *));
            columns[at] = cell;
            count++;
        }
    return count;
}

/* Where on the palette a value stands, 0 to 1, the better the brighter. */
static double place(const page_scale *scale, double value, bool reversed)
{
    double low = scale->low, high = scale->high;
    if (scale->logarithmic) {
        value = log10(fmax(value, low));
        low = log10(low);
        high = log10(high);
    }
    double t = fmin(fmax((value - low) / (high - low), 0), 1);
    return reversed ? 1 - t : t;
}

typedef struct map {
    FILE *out;
    const page_view *view;
    const page_grid *grid;
    size_t first, end, m;
    page_scale scale;
    bool formats; /* by place and format */
    const page_cell **columns; /* a cell of each */
    size_t column_count;
} map;

/* As exact as there is room in a box. */
static void put_label(FILE *out, size_t x, size_t y, double value)
{
    char text[32];
    for (int digits = 3; digits; digits--) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strlen(text) <= 5)
            break;
    }
    if (fabs(value) >= 1000 && fabs(value) < 9999.5)
        snprintf(text, sizeof text, "%.0f", value);
    else if (strlen(text) > 5)
        snprintf(text, sizeof text, "%.0e", value);
    fprintf(out, "%zu %zu %s\n", x, y, text);
}

/* What of a cell goes into one data block. */
typedef enum layer { BOXES, MARKS_DARK, MARKS_LIGHT, LABELS_DARK, LABELS_LIGHT, NONE } layer;

static void put_layer(const map *map, layer which)
{
    static const char *const names[] = {"boxes", "marks_dark", "marks_light", "labels_dark", "labels_light", "none"};
    bool reversed = map->view->metrics[map->m].better < 0;
    fprintf(map->out, "$%s << END\n", names[which]);
    for (size_t s = map->first; s < map->end; s++)
        for (size_t c = 0; c < map->grid->series[s].count; c++) {
            const page_cell *cell = map->grid->series[s].cells[c];
            const page_value *value = &cell->values[map->m];
            size_t x = 0, y = s - map->first;
            while (compare_columns(map->columns[x], cell, map->formats))
                x++;
            bool drawn = page_drawable(value), light = drawn && place(&map->scale, value->value, reversed) > LIGHT_FROM;
            bool labels = which == LABELS_DARK || which == LABELS_LIGHT;
            bool marks = which == MARKS_DARK || which == MARKS_LIGHT;
            if (which == NONE ? drawn || !strcmp(cell->status, "pending") : !drawn)
                continue;
            if ((labels || marks) && light != (which == LABELS_LIGHT || which == MARKS_LIGHT))
                continue;
            if (marks && (map->m != map->view->threshold || page_keeps(map->view, cell) != 1))
                continue;
            double shown = map->scale.logarithmic ? fmax(value->value, map->scale.low) : value->value;
            if (labels)
                put_label(map->out, x, y, value->value);
            else
                fprintf(map->out, "%zu %zu %.17g\n", x, y, which == BOXES ? shown : 0);
        }
    fputs("END\n", map->out);
}

static void put_columns(const map *map, int room)
{
    FILE *out = map->out;
    size_t longest = 0, step = 1 + (map->column_count - 1) / (size_t)(map->formats ? room / LINE : TICS_MOST);
    for (size_t x = 0; x < map->column_count; x++) {
        size_t length = strlen(map->columns[x]->format);
        longest = length > longest ? length : longest;
    }
    bool level = !map->formats || (int)(longest * LETTER * map->column_count / step) < room;
    fprintf(out, "set xtics %s (", level ? "offset 0, 0.3" : "rotate by 40 right offset 0, 0.2");
    for (size_t x = 0; x < map->column_count; x += step) {
        const page_cell *cell = map->columns[x];
        char *name = !map->formats    ? vprec_text("%d", page_fraction(cell))
                     : *cell->format ? vprec_text("%s", cell->format)
                                     : vprec_text("t=%d", cell->precision);
        fputs(x ? ", " : "", out);
        page_put_gnuplot(out, name, NAME_MOST);
        fprintf(out, " %zu", x);
        free(name);
    }
    fputs(")\n", out);
}

/* Names begin where they begin to differ, and a long one keeps its end. Returns the pixels of the longest. */
static int put_rows(const map *map)
{
    FILE *out = map->out;
    size_t longest = 0, skip = page_rows_skip(map->grid, map->first, map->end);
    fputs("set ytics (", out);
    for (size_t s = map->first; s < map->end; s++) {
        const char *name = map->grid->series[s].cells[0]->where;
        char *shown = map->formats ? page_end_of(name + (strlen(name) > skip ? skip : 0), NAME_MOST)
                                   : vprec_text("%d", map->grid->series[s].cells[0]->exponent);
        longest = strlen(shown) > longest ? strlen(shown) : longest;
        fputs(s > map->first ? ", " : "", out);
        page_put_gnuplot(out, shown, NAME_MOST + 1);
        fprintf(out, " %zu", s - map->first);
        free(shown);
    }
    fputs(")\n", out);
    return (int)(longest > NAME_MOST ? NAME_MOST : longest) * LETTER;
}

static void put_map_axes(const map *map)
{
    FILE *out = map->out;
    size_t rows = map->end - map->first;
    fprintf(out, "set palette defined %s%s\n", palette, map->view->metrics[map->m].better < 0 ? " negative" : "");
    fprintf(out, "set cbrange [%.17g:%.17g]\nset format cb '%%g'\nunset key\nset style fill solid 1 noborder\n",
            map->scale.low, map->scale.high);
    fprintf(out, "set border 0\nset tics nomirror scale 0 tc rgb '%s'\nset colorbox noborder\n", page_light[PAGE_INK]);
    int left = put_rows(map);
    if (map->formats) {
        fprintf(out, "set lmargin at screen %g\nset yrange [%zu.5:-0.5]\n", (left + 16.0) / PAGE_WIDTH, rows - 1);
    } else {
        fprintf(out, "set ylabel 'exponent bits' tc rgb '%s'\n", page_light[PAGE_INK]);
        fprintf(out, "set yrange [-0.5:%zu.5]\n", rows - 1);
        page_put_axis_name(out, "fraction bits");
    }
    fprintf(out, "set xrange [-0.5:%zu.5]\n", map->column_count - 1);
    put_columns(map, PAGE_WIDTH - left - COLOURS);
    if (map->scale.logarithmic)
        page_put_powers(out, &map->scale, "cb");
    else
        fprintf(out, "set cbtics %g\n", page_step(map->scale.high - map->scale.low, 5));
}

static int draw(map *map, const char *title)
{
    FILE *out = map->out;
    size_t rows = map->end - map->first;
    bool labels = map->column_count <= LABELS_MOST;
    for (layer which = BOXES; which <= NONE; which++)
        put_layer(map, which);
    int height = 92 + (int)rows * (rows > 6 ? 24 : 36);
    page_put_title(out, title);
    page_put_margins(out, 38, 50, height);
    put_map_axes(map);
    /* The ground shows between rows, and between columns that have room. */
    double half = labels ? 0.48 : 0.5;
    fprintf(out, "plot $boxes using 1:2:($1-%g):($1+%g):($2-0.47):($2+0.47):3 with boxxyerror lc palette", half, half);
    fprintf(out, ", $none using 1:2 with points pt 2 ps 0.9 lw 1.5 lc rgb '%s'", page_light[PAGE_BAD]);
    const char *raise = !labels ? "2" : map->formats ? "($2+0.28)" : "($2-0.28)";
    fprintf(out, ", $marks_dark using 1:%s with points pt 7 ps 0.45 lc rgb '%s'", raise, on_dark);
    fprintf(out, ", $marks_light using 1:%s with points pt 7 ps 0.45 lc rgb '%s'", raise, on_light);
    if (labels)
        fprintf(out, ", $labels_dark using 1:2:3 with labels font ',11' tc rgb '%s'"
                ", $labels_light using 1:2:3 with labels font ',11' tc rgb '%s'", on_dark, on_light);
    fputs("\n", out);
    return height;
}

static int draw_map(FILE *out, const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m,
                    const char *title, const page_scale *scale, bool formats)
{
    map map = {out, view, grid, first, end, m, *scale, formats, vprec_alloc(view->cell_count, sizeof(void *)), 0};
    map.column_count = columns_of(grid, first, end, formats, map.columns);
    int height = draw(&map, title);
    free(map.columns);
    return height;
}

int page_draw_map(FILE *out, const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m,
                  const char *title)
{
    page_scale scale = page_scale_of(view, grid, first, end, m, false);
    return draw_map(out, view, grid, first, end, m, title, &scale, false);
}

int page_draw_rows(FILE *out, const page_view *view, const page_grid *rows, size_t first, size_t end, size_t m,
                   const page_scale *scale, const char *title)
{
    return draw_map(out, view, rows, first, end, m, title, scale, true);
}
