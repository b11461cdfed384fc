/* SPDX-License-Identifier: Apache-2.0
 * grid.c: from axes to cells. */
#include "grid.h"
#include "common/digest.h"
#include "common/say.h"
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sweep_status_names[SWEEP_STATUSES_COUNT] = {
#define SWEEP_STATUS_ENTRY(id, name) name,
    SWEEP_STATUSES(SWEEP_STATUS_ENTRY)
#undef SWEEP_STATUS_ENTRY
};

#define COUNT_OPTION "--count=all" /* all that it can tell */

/* What the cells have in common while they are made. */
typedef struct maker {
    sweep_grid *grid;
    const sweep_options *options;
    const vprec_program *program;
    const char *runner;
} maker;

/* A name that is a file's: other characters become '_', and then a hash tells such names apart. */
static char *file_name(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;
    char *name = vprec_text("%s", text);
    for (char *c = name; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
        if (!isalnum((unsigned char)*c) && !strchr("._=-+,", *c))
            *c = '_';
    }
    if (!strcmp(name, text))
        return name;
    char *longer = vprec_text("%.100s-%08" PRIx32, name, (uint32_t)(hash ^ hash >> 32));
    free(name);
    return longer;
}

/* "e8m7", also where the user wrote bf16; "native", "". */
static void spell(const vprec_wire_config *config, vprec_type type, char *text, size_t size)
{
    const char *name, *spelling;
    vprec_options_format(config, type, text, size);
    for (size_t i = 0; (name = vprec_format_preset(i, &spelling)); i++)
        if (!strcmp(name, text)) {
            snprintf(text, size, "%s", spelling);
            return;
        }
}

/* Both types' formats, in one spelling, so that bf16 and e8m7 are one. */
static char *canonical(const vprec_wire_config *config)
{
    char f32[64], f64[64];
    spell(config, VPREC_F32, f32, sizeof f32);
    spell(config, VPREC_F64, f64, sizeof f64);
    if (!*f64)
        return vprec_text("%s", f32);
    return *f32 ? vprec_text("f32=%s,f64=%s", f32, f64) : vprec_text("f64=%s", f64);
}

static void set_bits(sweep_cell *c)
{
    const vprec_wire_config *config = &c->options.config;
    c->exponent = c->fraction = -1;
    if (!c->format)
        return;
    for (int type = 0; type < VPREC_TYPES; type++)
        if (config->use[type] == VPREC_USE_FORMAT && config->use[!type] != VPREC_USE_FORMAT) {
            c->exponent = config->format[type].ebits;
            c->fraction = config->format[type].fbits;
        }
}

/* Whether the option may be given to a cell of that mode: what is for random numbers is an error elsewhere. */
static bool suits(const char *option, const sweep_cell *c)
{
    if (!strncmp(option, "--error-mode=", 13) || !strncmp(option, "--noise-rate=", 13))
        return c->precision != NULL;
    return strncmp(option, "--noise=", 8) || c->precision || !strncmp(c->mode, "sr", 2);
}

/* The options that restrict the cell to its row. */
static void restrict_to(sweep_list *list, const sweep_options *o, const char *where)
{
    const char *glob = strchr(where, ':') + 1;
    if (strncmp(where, "upto:", 5)) {
        sweep_list_add(list, vprec_text("--%.*s=%s", (int)strcspn(where, ":"), where, glob));
        return;
    }
    for (size_t i = 0; i < o->names.count; i++) {
        sweep_list_add(list, vprec_text("--within=%s", o->names.items[i]));
        if (!strcmp(o->names.items[i], glob))
            break;
    }
}

/* argv of vprec-run for the cell. */
static char **arguments(const maker *m, const sweep_cell *c)
{
    const sweep_options *o = m->options;
    sweep_list list = {NULL, 0};
    sweep_list_add(&list, vprec_text("vprec-run"));
    if (c->format || !c->mode)
        sweep_list_add(&list, vprec_text("--format=%s", c->format ? c->format : "native"));
    if (c->mode)
        sweep_list_add(&list, vprec_text("--mode=%s", c->mode));
    if (c->precision)
        sweep_list_add(&list, vprec_text("--precision=%s", c->precision));
    if (c->where)
        restrict_to(&list, o, c->where);
    for (size_t i = 0; c->mode && i < o->passed.count; i++)
        if (suits(o->passed.items[i], c))
            sweep_list_add(&list, vprec_text("%s", o->passed.items[i]));
    sweep_list_add(&list, vprec_text("--seed=%s", o->seed));
    sweep_list_add(&list, vprec_text("--"));
    for (char **word = o->program; *word; word++)
        sweep_list_add(&list, vprec_text("%s", *word));
    return list.items;
}

static void cell_free(sweep_cell *c, size_t metrics)
{
    for (size_t i = 0; c->argv && c->argv[i]; i++)
        free(c->argv[i]);
    for (size_t i = 0; c->values && i < metrics; i++) {
        free(c->values[i].error);
        free(c->values[i].worst);
    }
    for (uint32_t i = 0; c->before && i <= c->count; i++)
        vprec_keep_free(&c->before[i]);
    free(c->options.sampling.fork);
    vprec_options_free(&c->options);
    json_decref(c->digits);
    free(c->results.path);
    free(c->argv);
    free(c->values);
    free(c->before);
    free(c->samples);
    free(c->note);
    free(c->idle);
    json_decref(c->native);
    free(c->id);
    free(c->format);
    free(c->mode);
    free(c->precision);
    free(c->where);
}

static char *copy(const char *text)
{
    return text ? vprec_text("%s", text) : NULL;
}

/* Options that say what is rounded, not how: they go with a native run, too. */
static bool selects(const char *option)
{
    static const char *const names[] = {"skip-object", "skip-function", "exec",   "jit",
                                        "skip-jit",    "elementary",    "preset", "ops"};
    size_t length = strcspn(option + 2, "=");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && !strncmp(option + 2, names[i], length))
            return true;
    return false;
}

/* "-function:conv" of the cell's row; of one of several layers their names, too: it is another where they are. */
static char *row_name(const sweep_cell *c)
{
    char *name = vprec_text("%s%s", c->where ? "-" : "", c->where ? c->where : "");
    for (size_t i = 0; c->where && !strncmp(c->where, "upto:", 5) && i < c->options.givens; i++)
        if (!strncmp(c->options.given[i], "--within=", 9)) {
            char *longer = vprec_text("%s:%s", name, c->options.given[i] + 9);
            free(name);
            name = longer;
        }
    return name;
}

/* The cell's name: "e8m7-rne", "rr-t8", "e8m7-rne-function=conv". */
static char *identify(const sweep_cell *c)
{
    if (!c->mode)
        return vprec_text("native");
    char *format = c->format ? canonical(&c->options.config) : NULL;
    char *what = format ? vprec_text("%s-%s", format, c->mode) : vprec_text("%s-t%s", c->mode, c->precision);
    char *row = row_name(c), *whole = vprec_text("%s%s", what, row), *id = file_name(whole);
    free(whole);
    free(row);
    free(what);
    free(format);
    return id;
}

/* Parses its command line. False, having said what is wrong. */
static bool parse(sweep_cell *c)
{
    int argc = 0;
    while (c->argv[argc])
        argc++;
    optind = 0; /* another command line */
    return vprec_options_parse(&c->options, argc, c->argv) < 0;
}

bool sweep_grid_parse(sweep_cell *cell)
{
    return parse(cell);
}

void sweep_grid_free_cell(sweep_cell *cell)
{
    cell_free(cell, 0);
}

static const sweep_cell blank = {.status = SWEEP_PENDING_STATUS, .exited = -1, .seconds = NAN, .cpu_seconds = NAN};

/* What belongs to a cell of which command line and name are there, which is run `count` times. */
static void complete(sweep_cell *c, const sweep_options *o, const char *runner, uint32_t count)
{
    c->count = count;
    c->options.sampling.runner = runner;
    c->options.sampling.own = o->own;
    c->options.sampling.output = o->output;
    c->options.sampling.refusals = true;
    c->options.sampling.samples = c->count;
    c->options.quiet = true;
    for (size_t i = 0; i < o->keep.count; i++) {
        c->options.sampling.keep = vprec_grow(c->options.sampling.keep, i + 2, sizeof *c->options.sampling.keep);
        c->options.sampling.keep[i] = vprec_text("%s", o->keep.items[i]);
        c->options.sampling.keep[i + 1] = NULL;
        c->options.sampling.keeps = i + 1;
    }
    c->samples = vprec_alloc((size_t)c->count + 1, sizeof *c->samples);
    c->before = vprec_alloc((size_t)c->count + 1, sizeof *c->before);
    c->values = vprec_alloc(o->metrics.count, sizeof *c->values);
}

static void append(sweep_grid *grid, sweep_cell c)
{
    grid->cells = vprec_grow(grid->cells, grid->all + 1, sizeof *grid->cells);
    grid->cells[grid->all++] = c;
}

/* Makes the cell, of which command line and name are there, one of the grid. */
static void take(maker *m, sweep_cell c)
{
    const sweep_options *o = m->options;
    bool bare = !c.mode && !c.counts;
    set_bits(&c);
    complete(&c, o, m->runner,
             bare ? SWEEP_NATIVE_RUNS : !c.counts && vprec_options_noisy(&c.options.config) ? o->samples : 1);
    c.options.sampling.bare = bare ? m->program->path : NULL;
    append(m->grid, c);
}

static bool add(maker *m, const char *format, const char *mode, const char *precision, const char *where)
{
    sweep_cell c = blank;
    c.format = copy(format);
    c.mode = copy(mode);
    c.precision = copy(precision);
    c.where = copy(where);
    c.argv = arguments(m, &c);
    if (!parse(&c)) {
        cell_free(&c, 0);
        return false;
    }
    c.id = identify(&c);
    for (size_t i = 0; i < m->grid->all; i++)
        if (!strcmp(m->grid->cells[i].id, c.id)) {
            cell_free(&c, 0);
            return true;
        }
    take(m, c);
    return true;
}

char *sweep_grid_native_types(const sweep_grid *grid)
{
    bool any[VPREC_TYPES] = {false};
    for (size_t i = 1; i < grid->count; i++)
        for (int type = 0; type < VPREC_TYPES; type++)
            any[type] |= grid->cells[i].options.config.use[type] != VPREC_USE_NONE;
    return vprec_text("%s%s%s", any[VPREC_F32] ? "f32=native" : "", any[VPREC_F32] && any[VPREC_F64] ? "," : "",
                      any[VPREC_F64] ? "f64=native" : "");
}

/* argv of the native run that counts, or of the run of cell `of` that does. */
static char **counting_arguments(const maker *m, size_t of)
{
    const sweep_cell *c = &m->grid->cells[of];
    sweep_list list = {NULL, 0};
    if (of) {
        for (char **word = c->argv; *word; word++) {
            if (!strncmp(*word, "--seed=", 7))
                sweep_list_add(&list, vprec_text("%s", COUNT_OPTION));
            if (!strncmp(*word, "--seed=", 7) && m->options->layers)
                sweep_list_add(&list, vprec_text("--layers"));
            sweep_list_add(&list, vprec_text("%s", *word));
        }
        return list.items;
    }
    char *types = sweep_grid_native_types(m->grid);
    sweep_list_add(&list, vprec_text("vprec-run"));
    sweep_list_add(&list, vprec_text("--format=%s", types));
    sweep_list_add(&list, vprec_text("%s", COUNT_OPTION));
    for (size_t i = 0; i < m->options->passed.count; i++)
        if (selects(m->options->passed.items[i]))
            sweep_list_add(&list, vprec_text("%s", m->options->passed.items[i]));
    sweep_list_add(&list, vprec_text("--"));
    for (char **word = m->options->program; *word; word++)
        sweep_list_add(&list, vprec_text("%s", *word));
    free(types);
    return list.items;
}

/* A run that counts, of each cell whose format can be too small: what they are wanted for shows when it has failed. */
static bool add_counting(maker *m)
{
    sweep_grid *grid = m->grid;
    for (size_t i = 0; i < grid->count && m->options->why != SWEEP_WHY_NONE && grid->count > 1; i++) {
        if (i && (m->options->why != SWEEP_WHY_ALL || !grid->cells[i].format))
            continue;
        sweep_cell c = blank;
        c.counts = true;
        c.format = copy(grid->cells[i].format);
        c.mode = copy(grid->cells[i].mode);
        c.where = copy(grid->cells[i].where);
        c.argv = counting_arguments(m, i);
        c.id = vprec_text("%s-count", grid->cells[i].id);
        if (!parse(&c)) {
            cell_free(&c, 0);
            return false;
        }
        grid->cells[i].counting = grid->all;
        take(m, c);
    }
    return true;
}

static bool has_noise(const char *mode)
{
    return !strcmp(mode, "rr") || !strcmp(mode, "pb") || !strcmp(mode, "mca");
}

/* The virtual precision that has as many significant bits as the format: "8" for bf16; to be freed. */
static char *precision_of(const char *format)
{
    char *copy = vprec_text("%s", format), *rest = copy, *all = NULL;
    for (char *part; (part = strsep(&rest, ","));) {
        vprec_format f;
        bool wide = !strncmp(part, "f64=", 4);
        const char *spec = wide || !strncmp(part, "f32=", 4) ? part + 4 : part;
        if (vprec_format_parse(spec, wide ? VPREC_F64 : VPREC_F32, &f, NULL, 0) != VPREC_OK)
            continue;
        char *one = vprec_text("%s%s%s%d", all ? all : "", all ? "," : "", wide ? "f64=" : "f32=", f.fbits + 1);
        free(all);
        all = one;
    }
    if (all && !strchr(all, ',') && !strncmp(all, "f32=", 4))
        memmove(all, all + 4, strlen(all + 4) + 1);
    free(copy);
    return all;
}

static bool noise_cells(maker *m, const char *mode, const char *where)
{
    const sweep_options *o = m->options;
    bool ok = true;
    for (size_t i = 0; ok && i < o->precisions.count; i++)
        ok = add(m, NULL, mode, o->precisions.items[i], where);
    for (size_t i = 0; ok && !o->precisions.count && i < o->formats.count; i++) {
        char *precision = precision_of(o->formats.items[i]);
        ok = !precision || add(m, NULL, mode, precision, where);
        free(precision);
    }
    return ok;
}

bool sweep_grid_make(sweep_grid *grid, const sweep_options *o, const vprec_program *program, const char *runner)
{
    maker m = {grid, o, program, runner};
    *grid = (sweep_grid){NULL, 0, 0};
    bool ok = add(&m, NULL, NULL, NULL, NULL), noisy = false;
    for (size_t i = 0; i < o->modes.count; i++)
        noisy |= has_noise(o->modes.items[i]);
    if (o->precisions.count && !noisy) {
        vprec_say("--precision is for the modes rr, pb and mca: add one of them, as in --modes rne,rr");
        return false;
    }
    for (size_t w = 0; ok && w < (o->wheres.count ? o->wheres.count : 1); w++)
        for (size_t i = 0; ok && i < o->modes.count; i++) {
            const char *mode = o->modes.items[i], *where = o->wheres.count ? o->wheres.items[w] : NULL;
            if (has_noise(mode))
                ok = noise_cells(&m, mode, where);
            for (size_t f = 0; ok && !has_noise(mode) && f < o->formats.count; f++)
                ok = add(&m, o->formats.items[f], mode, NULL, where);
        }
    grid->count = grid->all;
    ok = ok && add_counting(&m);
    grid->recipe = grid->all;
    size_t slots = o->slots ? o->slots : sweep_wants_recipe(o) ? SWEEP_RECIPES_MOST : 0;
    for (; ok && grid->recipes < slots; grid->recipes++)
        append(grid, blank);
    return ok;
}

bool sweep_grid_fill(sweep_grid *grid, const sweep_options *o, size_t slot, sweep_extra extra)
{
    sweep_cell *c = &grid->cells[grid->recipe + slot], filled = blank;
    char *types = sweep_grid_native_types(grid);
    sweep_list list = {NULL, 0};
    vprec_digest digest = VPREC_DIGEST_BEGIN;
    bool draws = false;
    filled.counts = extra.counts;
    filled.mode = copy(o->modes.items[0]);
    sweep_list_add(&list, vprec_text("vprec-run"));
    sweep_list_add(&list, vprec_text("--format=%s", types));
    free(types);
    for (size_t i = 0; i < o->passed.count; i++)
        if (extra.counts ? selects(o->passed.items[i]) : suits(o->passed.items[i], &filled))
            sweep_list_add(&list, vprec_text("%s", o->passed.items[i]));
    for (size_t i = 0; i < extra.lines->count; i++) {
        sweep_list_add(&list, vprec_text("%s", extra.lines->items[i]));
        digest = vprec_digest_bytes(digest, extra.lines->items[i], strlen(extra.lines->items[i]) + 1);
        draws |= strstr(extra.lines->items[i], ",mode=sr") != NULL;
    }
    sweep_list_add(&list, vprec_text("--seed=%s", extra.seed ? extra.seed : o->seed));
    sweep_list_add(&list, vprec_text("--"));
    for (char **word = o->program; *word; word++)
        sweep_list_add(&list, vprec_text("%s", *word));
    filled.argv = list.items;
    filled.id = vprec_text("%s-%08" PRIx32, extra.name, (uint32_t)(digest ^ digest >> 32));
    if (!parse(&filled)) {
        cell_free(&filled, 0);
        return false;
    }
    complete(&filled, o, grid->cells[SWEEP_NATIVE].options.sampling.runner, draws ? o->samples : 1);
    *c = filled;
    return true;
}

void sweep_grid_free(sweep_grid *grid, size_t metrics)
{
    for (size_t i = 0; i < grid->all; i++)
        cell_free(&grid->cells[i], metrics);
    free(grid->cells);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* The type whose fraction bits order the cells: f32 if it has a format. */
static vprec_type leading(const sweep_cell *c)
{
    return c->options.config.use[VPREC_F32] == VPREC_USE_FORMAT ? VPREC_F32 : VPREC_F64;
}

/* Whether virtual precisions differ in one number alone: that of the same types, and of two types that of the first. */
static bool same_precisions(const sweep_cell *a, const sweep_cell *b)
{
    if (!a->precision || !b->precision)
        return !a->precision == !b->precision;
    bool named = strchr(a->precision, '='), both = strchr(a->precision, ',');
    if (named != (strchr(b->precision, '=') != NULL) || both != (strchr(b->precision, ',') != NULL))
        return false;
    if (named && strncmp(a->precision, b->precision, 4) != 0)
        return false;
    vprec_type other = strncmp(a->precision, "f64=", 4) ? VPREC_F64 : VPREC_F32;
    return !both || a->options.config.noise[other].precision == b->options.config.noise[other].precision;
}

bool sweep_same_series(const sweep_cell *a, const sweep_cell *b)
{
    const vprec_wire_config *x = &a->options.config, *y = &b->options.config;
    if (!same(a->mode, b->mode) || !same(a->where, b->where) || !a->format != !b->format)
        return false;
    if (!a->format)
        return same_precisions(a, b);
    if (memcmp(x->use, y->use, sizeof x->use) != 0)
        return false;
    vprec_format f = x->format[leading(a)], g = y->format[leading(b)];
    bool other = leading(a) == VPREC_F64 || x->use[VPREC_F64] != VPREC_USE_FORMAT ||
                 (x->format[VPREC_F64].ebits == y->format[VPREC_F64].ebits &&
                  x->format[VPREC_F64].fbits == y->format[VPREC_F64].fbits &&
                  x->format[VPREC_F64].flags == y->format[VPREC_F64].flags);
    return other && f.ebits == g.ebits && f.flags == g.flags && f.bias == g.bias;
}

int sweep_width(const sweep_cell *c)
{
    const vprec_wire_config *config = &c->options.config;
    if (c->format)
        return config->format[leading(c)].fbits;
    return c->precision ? (int)config->noise[strncmp(c->precision, "f64=", 4) ? VPREC_F32 : VPREC_F64].precision : -1;
}

int sweep_bits(const sweep_cell *c)
{
    int bits = 0;
    for (int type = 0; c->format && type < VPREC_TYPES; type++)
        if (c->options.config.use[type] == VPREC_USE_FORMAT)
            bits += 1 + c->options.config.format[type].ebits + c->options.config.format[type].fbits;
    return bits;
}
