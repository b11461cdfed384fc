/* SPDX-License-Identifier: Apache-2.0
 * extract.c: PCRE2's 8-bit library. Text that is UTF-8 is checked once, and not again at each match, which would take
 * quadratic time. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "extract.h"
#include "common/say.h"
#include "stats/read/piece.h"
#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sweep_pattern {
    pcre2_code *valid, *any; /* for text that is UTF-8, and for other */
    uint32_t groups;
};

static pcre2_code *compile(const char *expression, uint32_t more, int *error, size_t *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return NULL;
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | more, error, at, context);
    pcre2_compile_context_free(context);
    return code;
}

sweep_pattern *sweep_pattern_make(const char *expression, char **error)
{
    sweep_pattern *p = vprec_alloc(1, sizeof *p);
    int number = PCRE2_ERROR_NOMEMORY;
    size_t at = 0;
    p->valid = compile(expression, 0, &number, &at);
    p->any = p->valid ? compile(expression, PCRE2_MATCH_INVALID_UTF, &number, &at) : NULL;
    if (p->any) {
        pcre2_pattern_info(p->any, PCRE2_INFO_CAPTURECOUNT, &p->groups);
        return p;
    }
    PCRE2_UCHAR text[200] = "";
    size_t before = 0;
    pcre2_get_error_message(number, text, sizeof text);
    for (size_t i = 0; i < at && expression[i]; i++)
        before += (expression[i] & 0xC0) != 0x80;
    *error = before ? vprec_text("%s, after character %zu, '%.*s'", (char *)text, before, (int)at, expression)
                    : vprec_text("%s", (char *)text);
    sweep_pattern_free(p);
    return NULL;
}

void sweep_pattern_free(sweep_pattern *p)
{
    if (p) {
        pcre2_code_free(p->valid);
        pcre2_code_free(p->any);
    }
    free(p);
}

/* N of "K/N", a count of so many, else 0. */
static double whole_behind(const char *text, const char *rest, double value)
{
    char *end;
    if (*rest != '/' || strspn(text, "0123456789") != (size_t)(rest - text) || !isdigit((unsigned char)rest[1]))
        return 0;
    double of = strtod(rest + 1, &end);
    return end == rest + 1 + strspn(rest + 1, "0123456789") && of >= value && of < 9e15 ? of : 0;
}

/* The number that the text begins with; what follows may be a unit, but nothing that would make it another number. */
static char *read_number(const char *text, size_t size, double *value, double *of)
{
    while (size && isspace((unsigned char)*text))
        text++, size--;
    char *copy = vprec_text("%.*s", (int)(size < 1000 ? size : 1000), text), *rest, *why = NULL;
    stats_part number;
    *value = strtod(copy, &rest);
    if (stats_piece_number(copy, strcspn(copy, " \t\r\n\f\v%"), &number))
        *value = number.value;
    else if (rest == copy)
        why = vprec_text("'%.40s' is no number", copy);
    else if ((strchr(",._'", *rest) || strchr("dD+-", *rest)) && *rest && strpbrk(rest + 1, "0123456789") == rest + 1)
        why = vprec_text("'%.40s' is no number that is known: match so much of it as is one", copy);
    *of = why ? 0 : whole_behind(copy, rest, *value);
    free(copy);
    return why;
}

static bool is_no_utf(int code)
{
    return code <= PCRE2_ERROR_UTF8_ERR1 && code >= PCRE2_ERROR_UTF8_ERR21;
}

char *sweep_pattern_find(const sweep_pattern *p, const char *text, size_t size, double *value, double *of)
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->valid, NULL);
    const pcre2_code *code = p->valid;
    size_t start = 0, end = 0;
    uint32_t options = 0;
    bool found = false;
    int got = data ? 0 : PCRE2_ERROR_NOMEMORY;
    for (size_t from = 0; data && from <= size;) {
        got = pcre2_match(code, (PCRE2_SPTR)text, size, from, options, data, NULL);
        if (is_no_utf(got) && code == p->valid) {
            code = p->any;
            continue;
        }
        if (got <= 0)
            break;
        if (code == p->valid)
            options |= PCRE2_NO_UTF_CHECK;
        const size_t *at = pcre2_get_ovector_pointer(data);
        size_t group = p->groups ? 2 : 0;
        bool any = (size_t)got > group / 2 && at[group] != PCRE2_UNSET;
        if (any && !(found && at[group] == at[group + 1])) { /* .* is empty at the end of what it has found */
            start = at[group];
            end = at[group + 1] < start ? start : at[group + 1];
            found = true;
        }
        bool empty = at[1] <= from;
        from = empty ? from + 1 : at[1];
        while (empty && from < size && (text[from] & 0xC0) == 0x80) /* to the next character */
            from++;
    }
    pcre2_match_data_free(data);
    if (got < 0 && got != PCRE2_ERROR_NOMATCH) {
        PCRE2_UCHAR message[200] = "";
        pcre2_get_error_message(got, message, sizeof message);
        return vprec_text("the expression cannot be matched (%s)", (char *)message);
    }
    return found ? read_number(text + start, end - start, value, of)
                 : vprec_text("the expression matches nothing in the output");
}
