/* SPDX-License-Identifier: Apache-2.0
 * text.c: numbers and labels of plain text and CSV (RFC 4180). */
#include "common/say.h"
#include "tokens.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_MOST = 400 };

bool stats_parse_number(const char *text, size_t length, stats_token *token)
{
    char copy[NUMBER_MOST + 1], *end;
    size_t digits = 0, sign = length && (*text == '+' || *text == '-');
    bool real = false, leading = true;
    if (length <= sign || length > NUMBER_MOST)
        return false;
    const char *body = text + sign;
    size_t rest = length - sign;
    bool word = (rest == 3 && (!strncasecmp(body, "nan", 3) || !strncasecmp(body, "inf", 3))) ||
                (rest == 8 && !strncasecmp(body, "infinity", 8));
    if (!word && !isdigit((unsigned char)*body) && *body != '.')
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    token->value = strtod(copy, &end);
    if (end != copy + length)
        return false;
    bool hexadecimal = rest > 1 && (body[1] == 'x' || body[1] == 'X');
    for (const char *c = body; *c && c < text + length; c++) {
        if ((!hexadecimal && (*c == 'e' || *c == 'E')) || *c == 'p' || *c == 'P') {
            real = true;
            break;
        }
        real |= *c == '.';
        leading &= *c == '0' || *c == '.';
        digits += isxdigit((unsigned char)*c) && !leading;
    }
    double bits = hexadecimal ? 4 * (double)digits : floor((double)digits * 3.3219280948873623);
    token->bits = real && bits < 53 ? (int)(bits > 1 ? bits : 1) : 53;
    token->number = true;
    return true;
}

/* White space and these end a piece; a piece as a whole is a number or a label. */
static bool ends_piece(char c)
{
    return isspace((unsigned char)c) || (c && strchr("=:,;()[]{}<>|\"'`", c));
}

static void emit_piece(const char *start, size_t length, stats_token *token, const stats_sink *sink)
{
    token->number = false;
    token->text = start;
    token->length = length;
    /* The end of a sentence and a per cent sign are no part of a number. */
    if (!stats_parse_number(start, length, token) && length > 1 &&
        (start[length - 1] == '%' || start[length - 1] == '.' || start[length - 1] == '!'))
        stats_parse_number(start, length - 1, token);
    sink->token(sink->context, token);
}

bool stats_parse_text(const char *name, char *text, size_t size, bool rows, const stats_sink *sink)
{
    (void)name;
    char place[64];
    uint64_t line = 1, piece = 0;
    const char *end = text + size;
    for (const char *at = text; at < end;) {
        if (*at == '\n') {
            if (rows && piece)
                sink->row(sink->context);
            line++;
            piece = 0;
            at++;
        } else if (ends_piece(*at)) {
            at++;
        } else {
            const char *start = at;
            while (at < end && !ends_piece(*at))
                at++;
            piece++;
            if (rows)
                snprintf(place, sizeof place, "%" PRIu64, piece);
            else
                snprintf(place, sizeof place, "%" PRIu64 ":%" PRIu64, line, piece);
            stats_token token = {.group = "", .index = (rows ? 0 : line << 32) + piece, .name = place};
            emit_piece(start, (size_t)(at - start), &token, sink);
        }
    }
    if (rows && piece)
        sink->row(sink->context);
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
    char *end;
    char separator;
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

/* A first row without a number, where there is more than one row, names the columns. */
static bool is_header(csv c, char *at)
{
    cell one;
    stats_token token;
    char *start = at;
    bool named = false;
    /* On a copy: taking cells changes the text. */
    char *copy = vprec_alloc((size_t)(c.end - at) + 1, 1);
    memcpy(copy, at, (size_t)(c.end - at));
    c.end = copy + (c.end - start);
    at = copy;
    do {
        if (!take_cell(&c, at, &one) || stats_parse_number(one.text, one.length, &token)) {
            named = false;
            break;
        }
        named |= one.length > 0;
        at = one.next;
    } while (!one.last);
    named &= at < c.end;
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
            stats_token token = {.group = (*names)[column], .index = rows ? 0 : row, .name = place,
                                 .text = one.text, .length = one.length};
            if (one.length && !stats_parse_number(one.text, one.length, &token))
                token.number = false;
            if (one.length)
                sink->token(sink->context, &token);
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
        sink->row(sink->context);
    return true;
}

bool stats_parse_csv(const char *name, char *text, size_t size, char separator, bool rows, const stats_sink *sink)
{
    csv c = {name, text + size, separator, 1};
    size_t columns = 0;
    char **names = NULL, *at = text;
    bool ok = true;
    if (size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) /* a byte order mark */
        at += 3;
    /* Where the comma is the decimal point, a semicolon stands between cells. */
    const char *newline = memchr(at, '\n', (size_t)(c.end - at));
    size_t first = (size_t)((newline ? newline : c.end) - at);
    if (separator == ',' && !memchr(at, ',', first) && memchr(at, ';', first))
        c.separator = ';';
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
