/* SPDX-License-Identifier: Apache-2.0
 * units.c: see units.h. */
#include "units.h"
#include "common/demangle.h"
#include "common/recipe.h"
#include "common/say.h"
#include "sweep/tally.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sweep_list search_units_options(const search_options *o)
{
    sweep_list list = {NULL, 0};
    sweep_list_add(&list, vprec_text("--count=operations"));
    if (o->kind == SEARCH_LAYERS)
        sweep_list_add(&list, vprec_text("--layers=%s", o->units.items[0]));
    return list;
}

static bool matches_function(const char *glob, const char *symbol)
{
    char *whole = vprec_demangled(symbol, true), *name = vprec_demangled(symbol, false);
    bool matches = !fnmatch(glob, symbol, 0) || !fnmatch(glob, whole, 0) || !fnmatch(glob, name, 0);
    free(whole);
    free(name);
    return matches;
}

/* What the unit is called that the row is of, NULL: of none. */
static const char *unit_of(const search_options *o, const sweep_row *row)
{
    for (size_t i = 0; i < o->units.count; i++) {
        const char *glob = o->units.items[i], *base = vprec_base(row->object);
        if (o->kind == SEARCH_LAYERS && !*row->object && vprec_wire_names(glob, row->symbol))
            return row->symbol;
        if (o->kind == SEARCH_FUNCTIONS && *row->object && matches_function(glob, row->symbol))
            return row->symbol;
        if (o->kind == SEARCH_OBJECTS && *row->object && (!fnmatch(glob, base, 0) || !fnmatch(glob, row->object, 0)))
            return base;
    }
    return NULL;
}

static void take(search_units *u, const search_options *o, const sweep_row *row, size_t *room)
{
    static const char *const prefixes[] = {"", "code:", "obj:"};
    const char *name = unit_of(o, row);
    size_t i = 0;
    if (!name) {
        u->outside += row->operations;
        return;
    }
    while (i < u->count && strcmp(u->list[i].name, name))
        i++;
    if (i == u->count) {
        if (u->count == *room)
            u->list = vprec_grow(u->list, *room = 2 * *room + 64, sizeof *u->list);
        char *escaped = vprec_recipe_escaped(name), *spelled = vprec_recipe_spelled(escaped);
        u->list[u->count++] = (search_unit){.name = vprec_text("%s", name),
                                            .pattern = vprec_text("%s%s", prefixes[o->kind], spelled)};
        free(spelled);
        free(escaped);
    }
    u->list[i].operations[row->type] += row->operations;
    u->operations += row->operations;
}

static double all_of(const search_unit *unit)
{
    return unit->operations[VPREC_F32] + unit->operations[VPREC_F64];
}

static int by_operations(const void *a, const void *b)
{
    const search_unit *p = a, *q = b;
    double x = all_of(p), y = all_of(q);
    return x != y ? (x < y) - (x > y) : strcmp(p->name, q->name);
}

/* Native has 32 and 64 bits, and so have types without a format. */
static void set_bits(search_units *u, size_t level, const vprec_wire_config *config)
{
    for (int type = 0; type < VPREC_TYPES; type++) {
        const vprec_format *f = config ? &config->format[type] : NULL;
        u->bits[level][type] = f && config->use[type] == VPREC_USE_FORMAT ? 1 + f->ebits + f->fbits
                               : type == VPREC_F32                        ? 32
                                                                          : 64;
    }
}

static double cost_of_all(const search_units *u, size_t level)
{
    double cost = 0;
    for (size_t i = 0; i < u->count; i++)
        cost += search_unit_cost(u, i, (search_level)level);
    return cost;
}

/* The grid's formats, the widest first. */
static bool take_formats(search_units *u, const sweep_grid *grid)
{
    u->formats[SEARCH_NATIVE] = "native";
    set_bits(u, SEARCH_NATIVE, NULL);
    u->levels = 1;
    if (grid->count - 1 > SEARCH_LEVELS_MOST) {
        vprec_say("--formats: %zu formats, and a run holds at most %d: leave some out", grid->count - 1,
                  SEARCH_LEVELS_MOST);
        return false;
    }
    for (size_t i = 1; i < grid->count; i++) {
        size_t at = u->levels++;
        u->formats[at] = grid->cells[i].format;
        set_bits(u, at, &grid->cells[i].options.config);
        for (; at > 1 && cost_of_all(u, at) > cost_of_all(u, at - 1); at--) {
            const char *format = u->formats[at];
            int bits[VPREC_TYPES];
            memcpy(bits, u->bits[at], sizeof bits);
            u->formats[at] = u->formats[at - 1];
            memcpy(u->bits[at], u->bits[at - 1], sizeof bits);
            u->formats[at - 1] = format;
            memcpy(u->bits[at - 1], bits, sizeof bits);
        }
    }
    return true;
}

static bool complain(const search_options *o)
{
    static const char *const mend[] = {
        "vprec-run --format native --layers lists those that there are; for functions write 'code:*'",
        "vprec-run --format native --count lists those that calculate",
        "vprec-run --format native --count lists those that calculate"};
    vprec_say("--units: no %s that matches '%s' has executed an operation: %s", search_kind_names[o->kind],
              o->units.items[0], mend[o->kind]);
    return false;
}

bool search_units_read(search_units *u, const search_options *o, const sweep_grid *grid, const char *report)
{
    sweep_tally tally;
    size_t room = 0;
    bool ok = sweep_tally_read(&tally, report);
    *u = (search_units){0};
    for (size_t i = 0; ok && i < tally.count; i++)
        take(u, o, &tally.rows[i], &room);
    u->outside += tally.calls[VPREC_F32] + tally.calls[VPREC_F64];
    sweep_tally_free(&tally);
    if (!u->count)
        return complain(o);
    if (u->count > VPREC_SCOPES_MAX) {
        vprec_say("--units: %zu match, and a run holds at most %d: use narrower patterns", u->count, VPREC_SCOPES_MAX);
        return false;
    }
    qsort(u->list, u->count, sizeof *u->list, by_operations);
    return take_formats(u, grid);
}

bool search_units_drop(search_units *u, const char *pattern, size_t length)
{
    for (size_t i = 0; i < u->count; i++) {
        search_unit *unit = &u->list[i];
        if (unit->absent || strlen(unit->pattern) != length || strncmp(unit->pattern, pattern, length) != 0)
            continue;
        unit->absent = true;
        u->operations -= all_of(unit);
        u->outside += all_of(unit);
        return true;
    }
    return false;
}

void search_units_free(search_units *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->list[i].name);
        free(u->list[i].pattern);
    }
    free(u->list);
}

double search_unit_cost(const search_units *u, size_t unit, search_level level)
{
    double bits = 0;
    if (u->list[unit].absent)
        return 0;
    for (int type = 0; type < VPREC_TYPES; type++)
        bits += u->list[unit].operations[type] * u->bits[level][type];
    return bits / u->operations;
}

double search_cost(const search_units *u, const search_level *levels)
{
    double cost = 0;
    for (size_t i = 0; i < u->count; i++)
        cost += search_unit_cost(u, i, levels[i]);
    return cost;
}

char *search_spec(const search_units *u, const sweep_options *o, search_level level)
{
    const char *mode = o->modes.items[0];
    return level == SEARCH_NATIVE || !strcmp(mode, "rne") ? vprec_text("%s", u->formats[level])
                                                          : vprec_text("%s,mode=%s", u->formats[level], mode);
}

sweep_list search_lines(const search_units *u, const sweep_options *o, const search_level *levels)
{
    sweep_list lines = {NULL, 0};
    for (size_t i = 0; i < u->count; i++) {
        if (u->list[i].absent && levels[i] == SEARCH_NATIVE)
            continue;
        char *spec = search_spec(u, o, levels[i]);
        sweep_list_add(&lines, vprec_text("--scope=%s=%s", u->list[i].pattern, spec));
        free(spec);
    }
    return lines;
}
