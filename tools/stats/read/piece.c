/* SPDX-License-Identifier: Apache-2.0
 * piece.c: numbers as programs print them, and what stands around them. */
#include "piece.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_MOST = 400, UNIT_MOST = 16 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(const char *at, const char *end)
{
    size_t n = 0;
    while (at + n < end && is_digit(at[n]))
        n++;
    return n;
}

static bool begins(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(end - at) >= length && !strncasecmp(at, word, length);
}

/* ---- Numbers ---- */

/* inf, infinity, nan, nan(ind), and Microsoft's 1.#INF, 1.#QNAN0: their length, 0: none of them. */
static size_t special_at(const char *at, const char *end, double *value)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"infinity", INFINITY}, {"inf", INFINITY}, {"nan", NAN},     {"1.#INF", INFINITY},
                 {"1.#IND", NAN},        {"1.#QNAN", NAN},  {"1.#SNAN", NAN}, {"1.#NAN", NAN},
                 {"\u221E", INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!begins(at, end, words[i].word))
            continue;
        const char *next = at + strlen(words[i].word), *close = next;
        *value = words[i].value;
        while (*at == '1' && next < end && *next == '0')
            next++;
        if (isnan(*value) && close < end && *close == '(') {
            do
                close++;
            while (close < end && (isalnum((unsigned char)*close) || *close == '_'));
            if (close < end && *close == ')')
                next = close + 1;
        }
        return (size_t)(next - at);
    }
    return 0;
}

/* Fortran's 1.5D+01, and 1.2341-103, whose exponent leaves no room for a letter; Julia's 1.5f-3 and Mathematica's
 * 1.5*^-3. `copy` ends in a 0; `used` of it is a number already. What is one then, with an e in its place. */
static size_t other_exponent(char *copy, size_t length, size_t used)
{
    const char *end = copy + length;
    bool point = memchr(copy, '.', used);
    char *at = copy + used;
    if (!*at || memchr(copy, 'e', used) || memchr(copy, 'E', used))
        return used;
    size_t sign = at[1] == '+' || at[1] == '-';
    if (at[0] == '*' && at[1] == '^') {
        size_t minus = at[2] == '-', digits = digits_at(at + 2 + minus, end);
        if (digits && digits <= 5) {
            at[0] = 'e';
            memmove(at + 1, at + 2, strlen(at + 2) + 1);
            return used + 2 + minus + digits;
        }
    } else if (strchr("dDqQfF", *at) && (point || (sign && *at != 'f' && *at != 'F'))) {
        size_t digits = digits_at(at + 1 + sign, end);
        if (digits && digits <= 5) {
            *at = 'e';
            return used + 1 + sign + digits;
        }
    } else if ((*at == '+' || *at == '-') && point && digits_at(at + 1, end) == 3 && at + 4 == end) {
        memmove(at + 1, at, 5);
        *at = 'e';
        return used + 4;
    }
    return used;
}

/* Bits that the digits of a real number are worth; 53 of an integer. */
static int bits_of(const char *body, const char *end, bool hexadecimal)
{
    size_t digits = 0;
    bool real = false, leading = true;
    for (const char *c = body; c < end; c++) {
        if (*c == 'p' || *c == 'P' || (!hexadecimal && c > body && !is_digit(*c) && *c != '.')) {
            real = true; /* an exponent */
            break;
        }
        real |= *c == '.';
        leading &= *c == '0' || *c == '.';
        digits += isxdigit((unsigned char)*c) && !leading;
    }
    double bits = hexadecimal ? 4 * (double)digits : floor((double)digits * 3.3219280948873623);
    return real && bits < 53 ? (int)(bits > 1 ? bits : 1) : 53;
}

/* The length of the number at the beginning of the text, 0: there is none. */
static size_t number_at(const char *text, size_t length, stats_part *part)
{
    char copy[NUMBER_MOST + 2], *end;
    size_t sign = length && (*text == '+' || *text == '-'), most = length < NUMBER_MOST ? length : NUMBER_MOST;
    const char *body = text + sign;
    if (length <= sign)
        return 0;
    *part = (stats_part){.text = text, .number = true, .bits = 53};
    size_t used = special_at(body, text + length, &part->value);
    if (used) {
        part->value = *text == '-' ? -part->value : part->value;
        return part->length = sign + used;
    }
    if (!is_digit(*body) && !(*body == '.' && length > sign + 1 && is_digit(body[1])))
        return 0;
    memcpy(copy, text, most);
    copy[most] = 0;
    part->value = strtod(copy, &end);
    used = (size_t)(end - copy);
    bool hexadecimal = used > sign + 1 && (body[1] == 'x' || body[1] == 'X');
    size_t longer = hexadecimal ? used : other_exponent(copy, most, used);
    if (longer > used)
        part->value = strtod(copy, NULL);
    used = longer;
    if (used == most && most < length)
        return 0; /* longer than any number that a program prints */
    part->bits = bits_of(body, text + used, hexadecimal);
    return part->length = used;
}

bool stats_piece_number(const char *text, size_t length, stats_part *part)
{
    return length && number_at(text, length, part) == length;
}

/* ---- What stands around them ---- */

static const char *const before[] = {"~", "$", "#", "@", "*", "_", "\u00B1", "\u2248", "\u20AC", "\u00A3",
                                     "\u2264", "\u2265"};
static const char after[] = ".!?*_~-%"; /* the end of a sentence, a per cent sign, half of an arrow */

static void trim(const char **text, size_t *length)
{
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        while (*length > strlen(before[i]) && begins(*text, *text + *length, before[i])) {
            *text += strlen(before[i]);
            *length -= strlen(before[i]);
        }
    while (*length > 1 && strchr(after, (*text)[*length - 1]))
        --*length;
}

/* ms, GB/s, m/s^2, with a blank before it in a cell of a table; 3rd, 28x28 and 1.2rc1 have none. */
static bool is_unit(const char *text, size_t length, const stats_part *of)
{
    bool divided = false, whole = !memchr(of->text, '.', of->length);
    if (!length || length > UNIT_MOST || !isfinite(of->value))
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool letter = isalpha(c) || c >= 0x80 || c == '%';
        if (!c)
            return false;
        divided |= c == '/' || c == '^';
        bool inside = i && (strchr("^*.-", c) || (divided && isdigit(c) && text[i - 1] != '/'));
        if (!letter && !inside && !(c == '/' && i + 1 < length))
            return false;
    }
    if (*text == '/' && !isalpha((unsigned char)text[1]))
        return false;
    return !(whole && length == 2 &&
             (begins(text, text + 2, "st") || begins(text, text + 2, "nd") || begins(text, text + 2, "rd") ||
              begins(text, text + 2, "th")));
}

/* What stands between two numbers that are one piece. */
static size_t between(const char *at, const char *end)
{
    static const char *const signs[] = {"/", "%/", "\u00B1", "+/-", "+-"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (begins(at, end, signs[i]))
            return strlen(signs[i]);
    return 0;
}

static size_t label(const char *text, size_t length, stats_part *parts)
{
    parts[0] = (stats_part){.text = text, .length = length};
    return 1;
}

size_t stats_piece_split(const char *text, size_t length, stats_part *parts)
{
    const char *all = text, *end;
    size_t whole = length, count = 1;
    if (stats_piece_number(text, length, parts))
        return 1;
    trim(&text, &length);
    end = text + length;
    const char *at = text + number_at(text, length, &parts[0]);
    if (at == text)
        return label(all, whole, parts);
    size_t sign = at < end ? between(at, end) : 0, second = 0;
    /* A complex number: the second part has a sign of its own, and an i or j behind it. */
    if (at < end && (*at == '+' || *at == '-') && end[-1] && strchr("ijIJ", end[-1]) &&
        stats_piece_number(at, (size_t)(end - 1 - at), &parts[1]))
        return 2;
    if (sign && isfinite(parts[0].value) && (second = number_at(at + sign, (size_t)(end - at) - sign, &parts[1]))) {
        at += sign + second;
        count = 2;
    }
    if (at == end)
        return count;
    at += *at == ' ';
    if (!is_unit(at, (size_t)(end - at), &parts[count - 1]))
        return label(all, whole, parts);
    if (end - at > 1 || *at != '%')
        parts[count++] = (stats_part){.text = at, .length = (size_t)(end - at), .unit = true};
    return count;
}

/* ---- Where a piece ends ---- */

static bool ends_piece(char c)
{
    return isspace((unsigned char)c) || c == '\033' || (c && strchr("=:,;()[]{}<>|\"'`", c));
}

static bool is_end(const char *at, const char *end)
{
    return at >= end || (ends_piece(*at) && *at != ':');
}

/* 12:30:45, 12:30:45.678: its length, or 0. */
static size_t time_at(const char *at, const char *end)
{
    const char *start = at;
    size_t hours = digits_at(at, end);
    if (!hours || hours > 2)
        return 0;
    at += hours;
    for (int i = 0; i < 2; i++, at += 3)
        if (end - at < 3 || *at != ':' || digits_at(at + 1, end) != 2)
            return 0;
    if (at < end && *at == '.')
        at += 1 + digits_at(at + 1, end);
    return (size_t)(at - start);
}

/* 2024-11-29T12:30:45+01:00; 0 where it is none, or has no time. */
static size_t moment_at(const char *at, const char *end)
{
    if (end - at < 11 || digits_at(at, end) != 4 || at[4] != '-' || digits_at(at + 5, end) != 2 || at[7] != '-' ||
        digits_at(at + 8, end) != 2 || at[10] != 'T')
        return 0;
    size_t length = 11;
    while (at + length < end && (is_digit(at[length]) || strchr(":.+-Z", at[length])))
        length++;
    return length;
}

/* A hardware address, 00:1a:2b:3c:4d:5e, or one of IPv6. */
static size_t address_at(const char *at, const char *end)
{
    size_t length = 0, colons = 0, run = 0;
    bool twice = false, hexadecimal = false;
    for (; at + length < end && (at[length] == ':' || isxdigit((unsigned char)at[length])); length++) {
        bool colon = at[length] == ':';
        twice |= colon && length && at[length - 1] == ':';
        colons += colon;
        hexadecimal |= !colon;
        run = colon ? 0 : run + 1;
        if (run > 4)
            return 0;
    }
    return hexadecimal && (colons >= 5 || (twice && colons >= 2)) ? length : 0;
}

size_t stats_piece_length(const char *at, const char *end)
{
    if (is_digit(*at) || isxdigit((unsigned char)*at)) {
        size_t length = time_at(at, end);
        length = length ? length : moment_at(at, end);
        length = length ? length : address_at(at, end);
        if (length && is_end(at + length, end))
            return length;
    }
    const char *stop = at;
    while (stop < end && !ends_piece(*stop))
        stop++;
    if (stop < end && *stop == '(' && stop > at) { /* nan(ind) */
        double value;
        const char *body = at + (*at == '+' || *at == '-');
        size_t length = special_at(body, end, &value);
        if (length > 4 && body + length > stop && body[length - 1] == ')' && is_end(body + length, end))
            stop = body + length;
    }
    return (size_t)(stop - at);
}
