/* SPDX-License-Identifier: Apache-2.0
 * digits.c: small histograms of the significant digits of several cells,
 * on the same axes. */
#include "common/say.h"
#include "draw.h"
#include "style.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>

/* Returns the highest share, in percent. */
static double put_counts(FILE *out, const page_cell *cell, size_t number)
{
    const json_t *counts = json_object_get(cell->digits, "counts");
    double from = page_number(json_object_get(cell->digits, "from")), all = 0;
    double width = page_number(json_object_get(cell->digits, "width"));
    size_t i;
    json_t *count;
    json_array_foreach(counts, i, count)
        all += page_number(count);
    double most = 0;
    fprintf(out, "$digits%zu << END\n", number);
    json_array_foreach(counts, i, count) {
        double share = all > 0 ? 100 * page_number(count) / all : 0;
        fprintf(out, "%.17g %.17g\n", from + ((double)i + 0.5) * width, share);
        most = fmax(most, share);
    }
    fputs("END\n", out);
    return most;
}

static void put_histogram(FILE *out, const page_view *view, const page_cell *cell, size_t number, bool last)
{
    double median = page_number(json_object_get(cell->digits, "median"));
    double width = page_number(json_object_get(cell->digits, "width"));
    char *name = vprec_text("%s%s%s%s%s", *cell->format ? cell->format : cell->id, view->modes ? " " : "",
                            view->modes ? cell->mode : "", *cell->where ? " in " : "", cell->where);
    char *title = isnan(median) ? vprec_text("%s", name) : vprec_text("%s: median %.1f", name, median);
    fputs("set title ", out);
    page_put_gnuplot(out, title, 36);
    fprintf(out, " offset 0,-0.7 font ',11' tc rgb '%s'\nunset arrow\n", page_light[PAGE_INK]);
    if (!isnan(median))
        fprintf(out, "set arrow from %.17g, graph 0 to %.17g, graph 1 nohead front lw 1.5 dt 2 lc rgb '%s'\n", median,
                median, page_light[PAGE_LINE_1]);
    fprintf(out, "set format x '%s'\nset boxwidth %.17g\nplot $digits%zu using 1:2 with boxes lc rgb '%s' notitle\n"
            "unset label\n", last ? "%g" : "", width * 0.9, number, page_light[PAGE_LINE_0]);
    free(name);
    free(title);
}

int page_draw_digits(FILE *out, const page_view *view, const page_cell *const *cells, size_t count, const char *title)
{
    double low = 0, high = 1, most = 1;
    size_t rows = (count + 1) / 2;
    int height = 76 + 96 * (int)rows;
    for (size_t i = 0; i < count; i++) {
        const json_t *digits = cells[i]->digits;
        double from = page_number(json_object_get(digits, "from"));
        double width = page_number(json_object_get(digits, "width"));
        most = fmax(most, put_counts(out, cells[i], i));
        low = fmin(low, from);
        high = fmax(high, from + width * (double)json_array_size(json_object_get(digits, "counts")));
    }
    page_put_title(out, title);
    page_put_axis_name(out, "significant decimal digits");
    fprintf(out, "set border 3 lc rgb '%s'\nset tics nomirror out scale 0.5 tc rgb '%s' font ',11'\n",
            page_light[PAGE_MUTED], page_light[PAGE_INK]);
    fprintf(out, "set grid ytics lt 1 lc rgb '%s'\nset style fill solid 1 noborder\nunset key\n",
            page_light[PAGE_RULE]);
    fprintf(out, "set xrange [%g:%g]\nset xtics %g offset 0, 0.3\n", low, high, page_step(high - low, 10));
    fprintf(out, "set yrange [0:%g]\nset ytics %g\nset format y '%%g %%%%'\n", most * 1.05, page_step(most * 1.05, 3));
    fprintf(out, "set multiplot layout %zu,2 margins screen 0.11,0.98,%g,%g spacing screen 0.12,%g\n", rows,
            48.0 / height, 1 - 50.0 / height, 34.0 / height);
    for (size_t i = 0; i < count; i++)
        put_histogram(out, view, cells[i], i, i + 2 >= count);
    fputs("unset multiplot\n", out);
    return height;
}
