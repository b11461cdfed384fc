/* SPDX-License-Identifier: Apache-2.0
 * draw.c: a metric over fraction bits: a line for each series, error
 * bars, the native value and the threshold; and the scales that pictures share. */
#include "draw.h"
#include "common/say.h"
#include "style.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 34, TITLE_MOST = 52, DECADES_LOG = 3 };
/* Pixels of a picture of lines, from its top: title, rows of the key, axes, tics and the name of the x axis. */
enum { ABOVE = 38, KEY_ROW = 19, AXES = 230, BELOW = 50, KEY_COLUMN = 50, LETTER = 8 };

static void grow(page_scale *scale, double value)
{
    if (!(fabs(value) <= 1e300))
        return;
    scale->low = fmin(scale->low, value);
    scale->high = fmax(scale->high, value);
}

/* Powers of ten where the values are positive, or zero, and span more than three of them. */
static bool wants_logarithm(double least_positive, const page_scale *scale)
{
    return scale->least >= 0 && least_positive > 1e-300 && scale->most / least_positive >= pow(10, DECADES_LOG);
}

page_scale page_scale_of(const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m, bool lines)
{
    page_scale scale = {.low = INFINITY, .high = -INFINITY, .zero = NAN, .least = INFINITY, .most = -INFINITY};
    double least_positive = INFINITY;
    for (size_t s = first; s < end; s++)
        for (size_t c = 0; c < grid->series[s].count; c++) {
            page_value value = page_value_of(view, grid->series[s].cells[c], m);
            if (!page_drawable(&value))
                continue;
            scale.count++;
            scale.least = fmin(scale.least, value.value);
            scale.most = fmax(scale.most, value.value);
            if (value.value > 0)
                least_positive = fmin(least_positive, value.value);
            if (lines && value.n > 1 && value.sd > 0) {
                grow(&scale, value.value - value.sd);
                grow(&scale, value.value + value.sd);
            }
        }
    scale.logarithmic = wants_logarithm(least_positive, &scale);
    if (scale.logarithmic) {
        scale.low = pow(10, floor(log10(least_positive) + 1e-9));
        scale.high = pow(10, ceil(log10(scale.most) - 1e-9));
        if (scale.least == 0 && lines) {
            double room = fmax(1, round(log10(scale.high / scale.low) / 6));
            scale.zero = scale.low = scale.low * pow(10, -room);
        }
        return scale;
    }
    grow(&scale, scale.least);
    grow(&scale, scale.most);
    if (lines && m < view->metric_count && page_drawable(&view->native.values[m]))
        grow(&scale, view->native.values[m].value);
    if (lines && m == view->threshold)
        grow(&scale, view->limit);
    if (m == view->metric_count)
        grow(&scale, 0);
    double span = scale.high - scale.low;
    double margin = !lines ? 0 : span > 0 ? span * 0.05 : fmax(fabs(scale.high) * 0.1, 1e-6);
    if (!(span > 0))
        margin = fmax(fabs(scale.high) * 0.1, 1e-6);
    scale.low -= m == view->metric_count && scale.low >= 0 ? 0 : margin;
    scale.high += margin;
    return scale;
}

void page_put_powers(FILE *out, const page_scale *scale, const char *axis)
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    int low = (int)lround(log10(scale->low)), high = (int)lround(log10(scale->high)), step = 1 + (high - low) / 8;
    const char *comma = "";
    fprintf(out, "set logscale %s 10\nset %stics (", axis, axis);
    if (!isnan(scale->zero)) {
        fprintf(out, "'0' %.17g", scale->zero);
        comma = ", ";
        low++;
    }
    for (int power = high - (high - low) / step * step; power <= high; power += step) {
        char digits[16];
        fprintf(out, "%s'10%s", comma, power < 0 ? "⁻" : "");
        snprintf(digits, sizeof digits, "%d", power < 0 ? -power : power);
        for (const char *d = digits; *d; d++)
            fputs(raised[*d - '0'], out);
        fprintf(out, "' 1e%d", power);
        comma = ", ";
    }
    fputs(")\n", out);
}

double page_step(double span, int most)
{
    double power = pow(10, floor(log10(span / most)));
    int factor = (int)ceil(span / most / power - 1e-9); /* 1 to 10 */
    return power * (factor <= 2 ? factor : factor <= 5 ? 5 : 10);
}

void page_put_title(FILE *out, const char *title)
{
    fputs("set label 1 ", out);
    page_put_gnuplot(out, title, TITLE_MOST);
    fprintf(out, " at screen 0.02, screen 1 offset 0, character -1.1 left font ',14' tc rgb '%s'\n",
            page_light[PAGE_INK]);
}

void page_put_axis_name(FILE *out, const char *name)
{
    fprintf(out, "set label 2 '%s' at screen 0.5, screen 0 offset 0, character 0.65 center tc rgb '%s'\n", name,
            page_light[PAGE_INK]);
}

void page_put_margins(FILE *out, int above, int below, int height)
{
    fprintf(out, "set tmargin at screen %g\nset bmargin at screen %g\n", 1 - (double)above / height,
            (double)below / height);
}

/* Points of one series: x, y, deviation; a blank line where the next does not follow. */
static bool put_points(FILE *out, const page_view *view, const page_series *series, size_t m, const page_scale *scale)
{
    bool bars = false;
    for (size_t c = 0; c < series->count; c++) {
        page_value value = page_value_of(view, series->cells[c], m);
        if (!page_drawable(&value)) {
            fputs("\n", out);
            continue;
        }
        bool spread = value.n > 1 && value.sd > 0 && value.sd <= 1e300;
        bars |= spread;
        double y = value.value == 0 && !isnan(scale->zero) ? scale->zero : value.value;
        double low = fmax(spread ? y - value.sd : y, scale->low), high = spread ? value.value + value.sd : y;
        fprintf(out, "%d %.17g %.17g %.17g\n", page_fraction(series->cells[c]), y, fmin(low, y), high);
    }
    return bars;
}

/* Cells that ran but have no value to draw, for the lower edge. */
static size_t put_failures(FILE *out, const page_view *view, const page_series *series, size_t m, double y)
{
    size_t count = 0;
    for (size_t c = 0; c < series->count; c++) {
        page_value value = page_value_of(view, series->cells[c], m);
        if (!page_drawable(&value) && strcmp(series->cells[c]->status, "pending") != 0) {
            fprintf(out, "%d %g\n", page_fraction(series->cells[c]), y);
            count++;
        }
    }
    return count;
}

static void put_axes(FILE *out, const page_grid *grid, size_t first, size_t end, const page_scale *scale)
{
    int low = page_fraction(grid->series[first].cells[0]), high = low;
    for (size_t s = first; s < end; s++)
        for (size_t c = 0; c < grid->series[s].count; c++) {
            int x = page_fraction(grid->series[s].cells[c]);
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
    fprintf(out, "set border 3 lc rgb '%s'\nset tics nomirror out scale 0.6 tc rgb '%s'\n", page_light[PAGE_MUTED],
            page_light[PAGE_INK]);
    fprintf(out, "set grid ytics lt 1 lc rgb '%s'\n", page_light[PAGE_RULE]);
    page_put_axis_name(out, "fraction bits");
    fprintf(out, "set xrange [%g:%g]\nset xtics %d offset 0, 0.3\n", low - 0.5, high + 0.5,
            high - low <= 12 ? 1 : high - low <= 26 ? 2 : 4);
    fprintf(out, "set yrange [%.17g:%.17g]\nset y2range [0:1]\nset format y '%%g'\n", scale->low, scale->high);
    if (scale->logarithmic)
        page_put_powers(out, scale, "y");
}

/* A key above the axes, for so many names at most so long. Returns the height of the picture. */
static int put_key(FILE *out, size_t names, size_t longest)
{
    size_t columns = (size_t)(PAGE_WIDTH - 20) / (KEY_COLUMN + LETTER * longest);
    columns = !columns ? 1 : columns > names ? names : columns;
    int above = ABOVE + KEY_ROW * (int)((names + columns - 1) / columns), height = above + AXES + BELOW;
    fprintf(out, "set key at screen 0.02, screen %g left top horizontal Left reverse samplen 1.5 maxcols %zu\n"
            "set key tc rgb '%s'\n", 1 - 29.0 / height, columns, page_light[PAGE_INK]);
    page_put_margins(out, above, BELOW, height);
    return height;
}

/* A value over the whole width, if it is on the scale; returns whether it is. */
static bool put_level(FILE *out, const page_scale *scale, double value, const char *name, int dashes,
                      page_colour colour)
{
    if (!(value >= scale->low && value <= scale->high))
        return false;
    fprintf(out, ", %.17g with lines lc rgb '%s' lw 1.5 dt %d title '%s'", value, page_light[colour], dashes, name);
    return true;
}

/* A group alone stands in the title, so its lines are told apart by the exponent. */
static char *line_name(const page_view *view, const page_grid *grid, size_t first, size_t end, size_t s)
{
    int exponent = grid->series[s].cells[0]->exponent;
    return page_group_end(grid, first) >= end && exponent >= 0 ? vprec_text("e%d", exponent)
                                                               : page_series_name(view, &grid->series[s], true);
}

int page_draw_lines(FILE *out, const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m,
                    const char *title)
{
    static const int points[PAGE_LINES_MOST] = {7, 5, 9, 13, 11, 6, 4, 8, 12, 10};
    page_scale scale = page_scale_of(view, grid, first, end, m, true);
    bool bars[PAGE_LINES_MOST];
    size_t failures = 0, names = end - first, longest = strlen("threshold");
    char *plot = NULL;
    size_t size;
    FILE *command = page_open(&plot, &size);
    fputs("plot NaN notitle", command);
    names += put_level(command, &scale, m < view->metric_count ? view->native.values[m].value : 1, "native", 2,
                       PAGE_MUTED);
    names += m == view->threshold && m < view->metric_count &&
             put_level(command, &scale, view->limit, "threshold", 4, PAGE_BAD);
    for (size_t s = first; s < end; s++) {
        size_t i = s - first;
        const char *colour = page_light[PAGE_LINE_0 + i % PAGE_LINES];
        char *name = line_name(view, grid, first, end, s);
        fprintf(out, "$series%zu << END\n", i);
        bars[i] = put_points(out, view, &grid->series[s], m, &scale);
        fputs("END\n", out);
        if (bars[i])
            fprintf(command, ", $series%zu using 1:3:(0):($4-$3) with vectors heads size 0.12,90 fixed lc rgb '%s' "
                    "lw 1.2 notitle", i, colour);
        fprintf(command, ", $series%zu using 1:2 with linespoints lc rgb '%s' lw 2 pt %d ps 0.7 title ", i, colour,
                points[i]);
        page_put_gnuplot(command, name, NAME_MOST);
        longest = strlen(name) > longest ? strlen(name) : longest;
        free(name);
    }
    fputs("$failures << END\n", out);
    for (size_t s = first; s < end; s++)
        failures += put_failures(out, view, &grid->series[s], m, 0.03 + 0.05 * (double)(s - first));
    fputs("END\n", out);
    if (failures)
        fprintf(command, ", $failures using 1:2 axes x1y2 with points pt 2 ps 0.7 lw 1.5 lc rgb '%s' title 'no value'",
                page_light[PAGE_BAD]);
    page_close(command);
    page_put_title(out, title);
    put_axes(out, grid, first, end, &scale);
    int height = put_key(out, names + (failures > 0), longest > NAME_MOST ? NAME_MOST : longest);
    fprintf(out, "%s\n", plot);
    free(plot);
    return height;
}
