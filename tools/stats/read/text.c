/* SPDX-License-Identifier: Apache-2.0
 * text.c: numbers and labels of plain text and CSV (RFC 4180). */
#include "common/say.h"
#include "piece.h"
#include "tokens.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *stats_token_name(const stats_token *token)
{
    char part[24] = "";
    if (token->part && !token->unit)
        snprintf(part, sizeof part, "#%u", token->part + 1);
    const char *rest = token->unit ? " unit" : part;
    return token->name   ? vprec_text("%s%s", token->name, rest)
           : token->line ? vprec_text("%" PRIu64 ":%" PRIu64 "%s", token->line, token->piece, rest)
                         : vprec_text("%" PRIu64 "%s", token->piece, rest);
}

void stats_emit_cell(const char *text, size_t length, stats_token *token, const stats_sink *sink)
{
    stats_part parts[STATS_PARTS];
    size_t count = stats_piece_split(text, length, parts);
    uint64_t index = token->index;
    for (size_t i = 0; i < count; i++) {
        const stats_part *p = &parts[i];
        token->index = index ^ (uint64_t)i << 60; /* no two of a cell at one place */
        token->part = (unsigned)i;
        token->unit = p->unit;
        token->number = p->number;
        token->value = p->value;
        token->bits = p->bits;
        token->text = p->text;
        token->length = p->length;
        sink->token(sink->context, token);
    }
}

/* Behind a terminal's colours and the like, where there are some at `at`. */
static const char *behind_escape(const char *at, const char *end)
{
    if (*at != '\033' || end - at < 2 || at[1] != '[')
        return at + 1;
    for (at += 2; at < end && (*at < '@' || *at > '~'); at++)
        if (*at == '\n')
            return at;
    return at < end ? at + 1 : at;
}

static const char *behind_mark(const char *text, size_t size)
{
    return size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? text + 3 : text; /* a byte order mark */
}

bool stats_parse_text(const char *name, char *text, size_t size, bool rows, const stats_sink *sink)
{
    (void)name;
    uint64_t line = 1, piece = 0;
    const char *end = text + size;
    for (const char *at = behind_mark(text, size); at < end;) {
        size_t length = stats_piece_length(at, end);
        if (*at == '\n') {
            if (rows && piece)
                sink->row(sink->context, (double)(at - text) / (double)size);
            line++;
            piece = 0;
            at++;
        } else if (!length) {
            at = behind_escape(at, end);
        } else {
            piece++;
            stats_token token = {
                .group = "", .index = (rows ? 0 : line << 32) + piece, .line = rows ? 0 : line, .piece = piece};
            stats_emit_cell(at, length, &token, sink);
            at += length;
        }
    }
    if (rows && piece)
        sink->row(sink->context, 1);
    return true;
}

/* One cell; `next` is behind it and its separator. */
typedef struct cell {
    char *text;
    size_t length;
    bool quoted, last; /* of its row */
    char *next;
} cell;

typedef struct csv {
    const char *name;
    char *start, *end;
    char separator;
    bool comma; /* the decimal point */
    uint64_t line;
} csv;

static bool csv_wrong(const csv *c, uint64_t line, const char *what)
{
    vprec_say("%s: line %" PRIu64 ": no good CSV: %s", c->name, line, what);
    return false;
}

/* Quotes are taken away in place. */
static bool take_cell(csv *c, char *at, cell *cell)
{
    char *to = at;
    *cell = (struct cell){.text = at};
    if (at < c->end && *at == '"') {
        uint64_t opened = c->line;
        cell->quoted = true;
        for (at++;; at++) {
            if (at >= c->end)
                return csv_wrong(c, opened, "a quotation mark that is not closed");
            if (*at == '"' && (at + 1 >= c->end || *++at != '"'))
                break;
            c->line += *at == '\n';
            *to++ = *at;
        }
        at += at + 1 >= c->end && at < c->end && *at == '"';
        if (at < c->end && *at == '\r')
            at++;
        if (at < c->end && *at != '\n' && *at != c->separator)
            return csv_wrong(c, c->line, "something stands behind a closing quotation mark");
    } else {
        while (at < c->end && *at != '\n' && *at != c->separator)
            if (!*at++)
                return csv_wrong(c, c->line, "a byte that is 0");
        to = at > cell->text && at[-1] == '\r' ? at - 1 : at;
        while (cell->text < to && *cell->text == ' ')
            cell->text++;
        while (cell->text < to && to[-1] == ' ')
            to--;
    }
    cell->length = (size_t)(to - cell->text);
    cell->last = at >= c->end || *at == '\n';
    c->line += at < c->end && *at == '\n';
    cell->next = at < c->end ? at + 1 : at;
    return true;
}

/* Makes 1,5 to 1.5 where that is the decimal point and the cell a number then. */
static void take_comma(const csv *c, cell *cell)
{
    char *comma = c->comma ? memchr(cell->text, ',', cell->length) : NULL;
    stats_part parts[STATS_PARTS];
    if (!comma || memchr(comma + 1, ',', cell->length - (size_t)(comma + 1 - cell->text)))
        return;
    *comma = '.';
    stats_piece_split(cell->text, cell->length, parts);
    if (!parts[0].number)
        *comma = ',';
}

/* A first row without a number, where there is more than one row, names the columns. Numbers with something behind
 * them, as in 25%, may be names: unless all of them are. */
static bool is_header(csv c, char *at)
{
    cell one;
    stats_part parts[STATS_PARTS];
    bool named = false, words = false;
    /* On a copy: taking cells changes the text. */
    char *copy = vprec_alloc((size_t)(c.end - at) + 1, 1), *next = copy;
    memcpy(copy, at, (size_t)(c.end - at));
    c.end = copy + (c.end - at);
    do {
        bool good = take_cell(&c, next, &one);
        if (good)
            take_comma(&c, &one);
        if (!good || stats_piece_number(one.text, one.length, parts)) {
            named = false;
            break;
        }
        named |= one.length > 0;
        if (one.length)
            stats_piece_split(one.text, one.length, parts);
        words |= one.length && !parts[0].number;
        next = one.next;
    } while (!one.last);
    named &= words && next < c.end;
    free(copy);
    return named;
}

static char **take_header(csv *c, char **at, size_t *count)
{
    cell one;
    char **names = NULL;
    *count = 0;
    do {
        if (!take_cell(c, *at, &one)) {
            for (size_t i = 0; i < *count; i++)
                free(names[i]);
            free(names);
            return NULL;
        }
        names = vprec_grow(names, *count + 1, sizeof *names);
        bool known = !one.length;
        for (size_t i = 0; i < *count && !known; i++)
            known = strlen(names[i]) == one.length && !memcmp(names[i], one.text, one.length);
        names[*count] = known ? vprec_text("%.*s (column %zu)", (int)one.length, one.text, *count + 1)
                              : vprec_text("%.*s", (int)one.length, one.text);
        ++*count;
        *at = one.next;
    } while (!one.last);
    return names;
}

/* With `grow` this row says how many columns there are. */
static bool take_row(csv *c, char **at, char ***names, size_t *columns, bool grow, uint64_t row, bool rows,
                     const stats_sink *sink)
{
    cell one;
    char place[32];
    uint64_t line = c->line;
    size_t column = 0;
    snprintf(place, sizeof place, "row %" PRIu64, row);
    do {
        if (!take_cell(c, *at, &one))
            return false;
        *at = one.next;
        if (grow) {
            *names = vprec_grow(*names, ++*columns, sizeof **names);
            (*names)[column] = vprec_text("column %zu", column + 1);
        }
        if (column < *columns) {
            stats_token token = {.group = (*names)[column], .index = rows ? 0 : row, .name = place};
            take_comma(c, &one);
            if (one.length)
                stats_emit_cell(one.text, one.length, &token, sink);
        }
        column++;
    } while (!one.last);
    if (column != *columns) {
        char *what = vprec_text("%zu cells, where the first row has %zu", column, *columns);
        csv_wrong(c, line, what);
        free(what);
        return false;
    }
    if (rows)
        sink->row(sink->context, (double)(*at - c->start) / (double)(c->end - c->start));
    return true;
}

/* Where a semicolon stands between cells the comma is the decimal point, or in texts alone. */
static bool by_semicolon(const char *at, const char *end)
{
    bool semicolon = false, quoted = false, comma = false;
    for (const char *start = at; at < end && *at != '\n'; at++) {
        quoted ^= *at == '"';
        semicolon |= !quoted && *at == ';';
        comma |= !quoted && *at == ',' &&
                 !(at > start && isdigit((unsigned char)at[-1]) && at + 1 < end && isdigit((unsigned char)at[1]));
    }
    return semicolon && !comma;
}

/* Whether tabs stand between numbers with a decimal comma: some cell is one, it cannot be thousands, none has a point.
 */
static bool by_tab_with_comma(const char *at, const char *end)
{
    bool found = false;
    while (at < end) {
        const char *stop = at;
        while (stop < end && *stop != '\t' && *stop != '\n' && *stop != '\r')
            stop++;
        const char *digits = at + (at < stop && (*at == '-' || *at == '+')), *point = digits;
        while (point < stop && isdigit((unsigned char)*point))
            point++;
        const char *behind = point + (point < stop);
        while (behind < stop && isdigit((unsigned char)*behind))
            behind++;
        if (point > digits && point < stop && *point == '.' && behind == stop)
            return false;
        found |= point > digits && point < stop && *point == ',' && behind == stop && behind - point > 1 &&
                 (behind - point != 4 || point - digits > 3 || *digits == '0');
        at = stop + (stop < end);
    }
    return found;
}

bool stats_parse_csv(const char *name, char *text, size_t size, char separator, bool rows, const stats_sink *sink)
{
    size_t columns = 0;
    char **names = NULL, *at = text + (behind_mark(text, size) - text);
    csv c = {name, at, text + size, separator, false, 1};
    bool ok = true;
    if (separator == ',' && by_semicolon(at, c.end))
        c.separator = ';';
    c.comma = c.separator == ';' || (separator == '\t' && by_tab_with_comma(at, c.end));
    bool header = at < c.end && is_header(c, at);
    if (header)
        ok = (names = take_header(&c, &at, &columns)) != NULL;
    for (uint64_t row = 1; ok && at < c.end; row++) {
        if (columns != 1 && (*at == '\n' || (*at == '\r' && at + 1 < c.end && at[1] == '\n'))) {
            at += *at == '\r' ? 2 : 1; /* an empty line */
            c.line++;
            row--;
            continue;
        }
        ok = take_row(&c, &at, &names, &columns, !header && row == 1, row, rows, sink);
    }
    for (size_t i = 0; i < columns; i++)
        free(names[i]);
    free(names);
    return ok;
}

bool stats_parse(stats_kind kind, const char *name, char *text, size_t size, bool rows, const stats_sink *sink)
{
    switch (kind) {
    case STATS_CSV: return stats_parse_csv(name, text, size, ',', rows, sink);
    case STATS_TSV: return stats_parse_csv(name, text, size, '\t', rows, sink);
    case STATS_JSON: return stats_parse_json(name, text, size, rows, sink);
    default: return stats_parse_text(name, text, size, rows, sink);
    }
}
