/* SPDX-License-Identifier: Apache-2.0
 * words.c: see words.h. Each sentence is true by itself; what is not known is not said. */
#include "words.h"
#include "common/demangle.h"
#include "common/json.h"
#include "common/say.h"
#include "page/text.h"
#include "run/counts.h"
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 3 }; /* functions named in a sentence */

json_t *sweep_words_count(double count)
{
    return vprec_json_number((uint64_t)count);
}

void sweep_words_add(json_t *texts, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        vprec_json_must(NULL);
    va_end(arguments);
    vprec_json_add(texts, vprec_json_text(text));
    free(text);
}

/* "8 %", "0.25 %", "less than 0.01 %". */
static char *share_text(double part, double whole)
{
    double percent = 100 * part / whole;
    return percent < 0.01 ? vprec_text("less than 0.01 %%")
           : percent > 99 && part < whole ? vprec_text("%.4g %%", fmin(percent, 99.99))
                                          : vprec_text("%.2g %%", percent == 100 ? 100 : percent);
}

static double operand(const json_t *first, size_t i)
{
    return page_number(json_array_get(json_object_get(first, "operands"), i));
}

/* The operation without its result. */
static char *formula(const json_t *first)
{
    const char *operation = page_string(first, "operation"), *name = page_string(first, "name");
    size_t operands = json_array_size(json_object_get(first, "operands"));
    double a = operand(first, 0), b = operand(first, 1), c = operand(first, 2);
    static const struct {
        const char *operation, *sign;
    } signs[] = {{"add", "+"}, {"sub", "-"}, {"mul", "*"}, {"div", "/"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (!strcmp(operation, signs[i].operation))
            return vprec_text("%.6g %s %.6g", a, signs[i].sign, b);
    if (!strcmp(operation, "fma"))
        return vprec_text("%.6g * %.6g + %.6g", a, b, c);
    if (!strcmp(operation, "sqrt"))
        return vprec_text("sqrt(%.6g)", a);
    if (!strcmp(operation, "convert"))
        return vprec_text("the conversion of %.9g", a);
    if (!strcmp(operation, "scale"))
        return vprec_text("%.6g times a power of two", a);
    if (strcmp(operation, "call") != 0)
        return vprec_text("a function's or instruction's result");
    return operands > 1 ? vprec_text("%s(%.6g, %.6g)", name, a, b) : vprec_text("%s(%.6g)", name, a);
}

char *sweep_words_operation(const json_t *first)
{
    double exact = page_number(json_object_get(first, "exact")), result = page_number(json_object_get(first, "result"));
    bool converts = !strcmp(page_string(first, "operation"), "convert");
    char *left = formula(first), *text;
    if (isnan(result) || (isinf(exact) && isinf(result)))
        text = vprec_text("%s = %.6g", left, result);
    else if (fabs(exact) >= DBL_MAX || exact == 0 || converts) /* beyond what is known of it */
        text = vprec_text("%s became %.6g", left, result);
    else
        text = vprec_text("%s = %.6g became %.6g", left, exact, result);
    free(left);
    return text;
}

/* "dot (libnet.so)", or a layer's name; to be freed. */
static char *place_of(const char *symbol, const char *object)
{
    const size_t length = strlen(symbol);
    const bool bare = !*object && length && symbol[length - 1] == ':'; /* "(outside):" */
    if (!*object)
        return vprec_text("%.*s", (int)(length - bare), symbol);
    char *name = vprec_demangled(symbol, false), *place = vprec_text("%s (%s)", name, vprec_base(object));
    free(name);
    return place;
}

static void tell_first(json_t *texts, const sweep_first *first, const char *what)
{
    const char *natively = first->natively ? ", which has one natively, too" : "";
    char *operation = sweep_words_operation(first->record);
    char *place = first->symbol ? place_of(first->symbol, first->object) : NULL;
    if (place)
        sweep_words_add(texts, "%s: %s, in %s%s", what, operation, place, natively);
    else
        sweep_words_add(texts, "%s: %s, a call of libm", what, operation);
    free(place);
    free(operation);
}

/* Of a row. */
typedef double measure(const sweep_row *row, const vprec_format *format);

static double overflows(const sweep_row *row, const vprec_format *format)
{
    (void)format;
    return row->overflows;
}

static double underflows(const sweep_row *row, const vprec_format *format)
{
    (void)format;
    return row->underflows;
}

static double nans(const sweep_row *row, const vprec_format *format)
{
    (void)format;
    return row->nans;
}

static double beyond(const sweep_row *row, const vprec_format *format)
{
    return sweep_row_between(row, ilogb(format->max) + 1, INT_MAX);
}

static double below(const sweep_row *row, const vprec_format *format)
{
    return sweep_row_between(row, INT_MIN, format->emin - 1);
}

/* What a measure comes to: in all, and in the functions with the most of it. */
typedef struct found {
    double sum;
    char *functions; /* "dot (net) 41 of 256, norm (net) 2 of 9 and 3 more functions" */
} found;

static found find(const sweep_tally *t, vprec_type type, const vprec_format *format, measure *of)
{
    const sweep_row *top[NAMED] = {NULL};
    double most[NAMED] = {0};
    found f = {0, vprec_text("%s", "")};
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++) {
        double value = t->rows[i].type == type ? of(&t->rows[i], format) : 0;
        const sweep_row *row = &t->rows[i];
        f.sum += value;
        count += value > 0;
        for (size_t k = 0; k < NAMED && value > 0; k++)
            if (value > most[k]) { /* the others move down */
                double less = most[k];
                const sweep_row *other = top[k];
                most[k] = value;
                top[k] = row;
                value = less;
                row = other;
            }
    }
    for (size_t k = 0; k < NAMED && top[k]; k++) {
        char *place = place_of(top[k]->symbol, top[k]->object);
        char *longer = vprec_text("%s%s%s %.0f of %.0f", f.functions, k ? ", " : "", place, most[k], top[k]->operations);
        free(place);
        free(f.functions);
        f.functions = longer;
    }
    if (count > NAMED) {
        char *longer = vprec_text("%s and %zu more %s%s", f.functions, count - NAMED,
                                  top[0] && !*top[0]->object ? "layer" : "function", count - NAMED == 1 ? "" : "s");
        free(f.functions);
        f.functions = longer;
    }
    return f;
}

static void tell_overflows(json_t *texts, const sweep_tally *own, vprec_type type, const vprec_format *format,
                           const char *name)
{
    found f = find(own, type, format, overflows);
    if (f.sum > 0) {
        char *share = share_text(f.sum, own->sum[type].operations);
        sweep_words_add(texts,
                        "overflow: %.0f of %.0f %s operations (%s) are beyond %.6g, the largest number of %s: %s",
                        f.sum, own->sum[type].operations, vprec_type_names[type], share, format->max, name,
                        f.functions);
        free(share);
    }
    free(f.functions);
}

static void tell_underflows(json_t *texts, const sweep_tally *own, vprec_type type, const vprec_format *format,
                            const char *name)
{
    found f = find(own, type, format, underflows);
    if (f.sum > 0) {
        char *share = share_text(f.sum, own->sum[type].operations);
        sweep_words_add(texts,
                        "underflow: %.0f of %.0f %s operations (%s) lost bits, being below %.6g, the smallest normal "
                        "number of %s: %s; %.0f of all became 0",
                        f.sum, own->sum[type].operations, vprec_type_names[type], share, format->min_normal, name,
                        f.functions, own->sum[type].flushed);
        free(share);
    }
    free(f.functions);
}

static void tell_nans(json_t *texts, const sweep_tally *own, const sweep_tally *native, vprec_type type,
                      const vprec_format *format)
{
    found f = find(own, type, format, nans);
    double before = native ? native->sum[type].nans : 0;
    char *natively = before > 0 ? vprec_text(" (natively %.0f)", before) : vprec_text("%s", "");
    if (f.sum > 0)
        sweep_words_add(texts, "NaN: %.0f of %.0f %s operations made one of operands that are none%s: %s", f.sum,
                        own->sum[type].operations, vprec_type_names[type], natively, f.functions);
    free(natively);
    free(f.functions);
}

/* What the native run has that the format cannot hold. */
static bool tell_native(json_t *texts, const sweep_tally *native, vprec_type type, const vprec_format *format)
{
    const char *where = native->cut ? "what was counted of native arithmetic" : "native arithmetic";
    int least, most, top = ilogb(format->max) + 1;
    if (!sweep_tally_range(native, type, &least, &most))
        return false;
    found high = find(native, type, format, beyond), low = find(native, type, format, below);
    double all = native->sum[type].operations;
    if (high.sum > 0) {
        char *share = share_text(high.sum, all);
        unsigned bits = vprec_bits_for_most(most);
        sweep_words_add(texts,
                        "in %s %.0f of %.0f %s results (%s) are 2^%d or more, the largest at least 2^%d, which takes "
                        "%u exponent bits: %s",
                        where, high.sum, all, vprec_type_names[type], share, top, most, bits, high.functions);
        free(share);
    }
    if (low.sum > 0) {
        char *share = share_text(low.sum, all);
        unsigned bits = vprec_bits_for_least(least);
        char *need = bits > 11 ? vprec_text("%s", "")
                               : vprec_text(", a normal number from %u exponent bits on", bits);
        sweep_words_add(texts, "in %s %.0f of %.0f %s results (%s) are below 2^%d, the smallest below 2^%d%s: %s",
                        where, low.sum, all, vprec_type_names[type], share, format->emin, least + 1, need,
                        low.functions);
        free(need);
        free(share);
    }
    bool any = high.sum > 0 || low.sum > 0;
    free(low.functions);
    free(high.functions);
    return any;
}

/* What is left where nothing went wrong with the range. */
static void tell_fraction(json_t *texts, const sweep_cell *cell, const sweep_tally *own, const sweep_tally *native)
{
    const vprec_wire_config *config = &cell->options.config;
    double wrong = 0, all = 0;
    int fraction = INT_MAX;
    for (int type = 0; type < VPREC_TYPES; type++)
        if (config->use[type] == VPREC_USE_FORMAT) {
            wrong += own->sum[type].underflows + own->sum[type].flushed;
            all += own->sum[type].operations;
            fraction = config->format[type].fbits < fraction ? config->format[type].fbits : fraction;
        }
    sweep_first zero = sweep_tally_first(own, native, VPREC_FIRST_ZERO);
    bool natively = false;
    for (size_t kind = 0; kind < VPREC_FIRSTS; kind++) {
        sweep_first first = sweep_tally_first(own, native, (enum vprec_first_kind)kind);
        if (kind != VPREC_FIRST_ZERO && first.record && !first.natively)
            return;
        natively |= kind != VPREC_FIRST_ZERO && first.record;
    }
    const char *bits = fraction == 1 ? "bit" : "bits", *but = natively ? ", but for what does so natively" : "";
    if (own->cut)
        sweep_words_add(texts, "nothing overflowed or became NaN in that part%s", but);
    else if (wrong == 0 && !zero.record)
        sweep_words_add(texts,
                        "nothing overflowed, underflowed or became NaN in it%s: its range is wide enough, its %d "
                        "fraction %s %s too few",
                        but, fraction, bits, fraction == 1 ? "is" : "are");
    else if (wrong < all / 1000)
        sweep_words_add(texts,
                        "nothing overflowed or became NaN in it%s, and little underflowed: its %d fraction %s may be "
                        "too few",
                        but, fraction, bits);
}

/* What came first of each kind, in the order in which it came. */
static void tell_firsts(json_t *texts, const sweep_tally *own, const sweep_tally *native)
{
    static const char *const names[] = {[VPREC_FIRST_OVERFLOW] = "the first overflow",
                                        [VPREC_FIRST_NAN] = "the first NaN",
                                        [VPREC_FIRST_DIVISION] = "the first division by zero",
                                        [VPREC_FIRST_ZERO] = "the first that became 0"};
    sweep_first firsts[VPREC_FIRSTS];
    for (size_t kind = 0; kind < VPREC_FIRSTS; kind++)
        firsts[kind] = sweep_tally_first(own, native, (enum vprec_first_kind)kind);
    for (size_t n = 0; n < VPREC_FIRSTS; n++) {
        size_t next = VPREC_FIRSTS;
        for (size_t kind = 0; kind < VPREC_FIRSTS; kind++)
            if (firsts[kind].record && (next == VPREC_FIRSTS || sweep_first_order(firsts[kind].record) <
                                                                    sweep_first_order(firsts[next].record)))
                next = kind;
        if (next == VPREC_FIRSTS)
            return;
        tell_first(texts, &firsts[next], names[next]);
        firsts[next].record = NULL;
    }
}

/* As the user has it, where it is one format. */
static void name_format(const sweep_cell *cell, vprec_type type, char *name, size_t size)
{
    if (cell->format && !strchr(cell->format, '=') && strlen(cell->format) < size)
        memcpy(name, cell->format, strlen(cell->format) + 1);
    else
        vprec_options_format(&cell->options.config, type, name, size);
}

void sweep_words_tell(json_t *texts, const sweep_cell *cell, const sweep_tally *own, const sweep_tally *native)
{
    const vprec_wire_config *config = &cell->options.config;
    bool ranges = false;
    for (int type = 0; own && type < VPREC_TYPES; type++) {
        const vprec_format *format = &config->format[type];
        char name[64];
        if (config->use[type] != VPREC_USE_FORMAT)
            continue;
        name_format(cell, (vprec_type)type, name, sizeof name);
        tell_overflows(texts, own, (vprec_type)type, format, name);
        tell_underflows(texts, own, (vprec_type)type, format, name);
        tell_nans(texts, own, native, (vprec_type)type, format);
    }
    if (own)
        tell_firsts(texts, own, native);
    for (int type = 0; native && type < VPREC_TYPES; type++)
        if (config->use[type] == VPREC_USE_FORMAT)
            ranges |= tell_native(texts, native, (vprec_type)type, &config->format[type]);
    if (own)
        tell_fraction(texts, cell, own, native);
    else if (native && !ranges)
        sweep_words_add(texts, native->cut ? "all that was counted of native arithmetic is in its range"
                                           : "all results of native arithmetic are in its range");
}

json_t *sweep_words_objects(const json_t *objects, const json_t *options, bool cut)
{
    enum { SHOWN = 6 };
    json_t *texts = vprec_json_must(json_array());
    size_t count = json_array_size(objects);
    if (count < 2)
        return texts;
    const char *part = cut ? ", before counting was ended (--why-timeout)" : "";
    char *list = vprec_text("%s", "");
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        const json_t *object = json_array_get(objects, i);
        char *share = share_text(json_number_value(json_object_get(object, "share")), 1);
        char *longer = vprec_text("%s%s%s %s", list, i ? ", " : "", vprec_base(page_string(object, "object")), share);
        free(share);
        free(list);
        list = longer;
    }
    if (count > SHOWN)
        sweep_words_add(texts, "Operations by object, native%s: %s and %zu more", part, list, count - SHOWN);
    else
        sweep_words_add(texts, "Operations by object, native%s: %s", part, list);
    free(list);
    if (json_array_size(options)) {
        char *line = page_shell(options);
        sweep_words_add(texts, "To see on which of them the result hangs, round each alone: %s", line);
        free(line);
    }
    return texts;
}
