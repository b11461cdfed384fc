/* SPDX-License-Identifier: Apache-2.0
 * require.c: see require.h. */
#include "require.h"
#include "say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool vprec_require_wrong(const char *option, const char *text, const char *what)
{
    vprec_say("%s '%s': %s: write for example 'accuracy>=0.95', 'cer<=2%%', 'labels>=99%%', or '1%%' for the "
              "first metric within 1 %% of native's", option, text, what);
    return false;
}

/* "0.95", "99%"; true in `*percent` for the latter. */
static bool number(const char *text, double *value, bool *percent)
{
    char *end;
    *value = strtod(text, &end);
    if (end == text || !isfinite(*value))
        return false;
    while (*end == ' ')
        end++;
    *percent = *end == '%';
    end += *percent;
    return !*end;
}

/* What stands behind the metric's name. */
static bool take_sign(vprec_requirement *r, const char *option, const char *sign)
{
    static const struct {
        const char *text;
        vprec_sign sign;
    } signs[] = {{">=", VPREC_AT_LEAST}, {">", VPREC_MORE},    {"<=", VPREC_AT_MOST}, {"<", VPREC_LESS},
                 {"==", VPREC_EXACTLY},  {"=", VPREC_EXACTLY}, {":", VPREC_WITHIN}};
    size_t length = strspn(sign, "<>=:"), i = 0;
    bool percent = false;
    while (i < sizeof signs / sizeof *signs && (strlen(signs[i].text) != length || strncmp(signs[i].text, sign, length)))
        i++;
    const char *behind = sign + length + strspn(sign + length, " ");
    if (i == sizeof signs / sizeof *signs)
        return vprec_require_wrong(option, r->text, "the sign is none of >=, >, <=, <, =");
    r->sign = signs[i].sign;
    if (r->sign == VPREC_EXACTLY && !strcmp(behind, "equal")) {
        r->sign = VPREC_AS_NATIVE;
        return true;
    }
    if (!number(behind, &r->value, &percent))
        return vprec_require_wrong(option, r->text, "no number behind the sign");
    if (r->sign == VPREC_WITHIN && (!percent || r->value < 0))
        return vprec_require_wrong(option, r->text, "behind ':' stands a share of native's, such as 1%");
    if (r->sign != VPREC_WITHIN && percent)
        r->value /= 100;
    return true;
}

/* One part, without blanks at its ends. */
static bool take(vprec_require *require, const char *option, const char *text, size_t length)
{
    bool percent = false;
    require->list = vprec_grow(require->list, require->count + 1, sizeof *require->list);
    vprec_requirement *r = &require->list[require->count++];
    *r = (vprec_requirement){.text = vprec_text("%.*s", (int)length, text), .sign = VPREC_WITHIN};
    size_t end = strcspn(r->text, "<>=:");
    const char *sign = r->text + end;
    if (!*sign)
        return (number(r->text, &r->value, &percent) && percent && r->value >= 0) ||
               vprec_require_wrong(option, r->text, "no metric, and no share such as 1%");
    while (end && r->text[end - 1] == ' ')
        end--;
    r->name = vprec_text("%.*s", (int)end, r->text);
    return (end || vprec_require_wrong(option, r->text, "no metric in front of the sign")) &&
           take_sign(r, option, sign);
}

bool vprec_require_parse(vprec_require *require, const char *option, const char *text)
{
    *require = (vprec_require){NULL, 0};
    for (const char *part = text;; part++) {
        part += strspn(part, " ");
        size_t whole = strcspn(part, ","), length = whole;
        while (length && part[length - 1] == ' ')
            length--;
        if (!take(require, option, part, length))
            return false;
        part += whole;
        if (!*part)
            return true;
    }
}

void vprec_require_free(vprec_require *require)
{
    for (size_t i = 0; i < require->count; i++) {
        free(require->list[i].text);
        free(require->list[i].name);
    }
    free(require->list);
    *require = (vprec_require){NULL, 0};
}

vprec_bounds vprec_require_bounds(const vprec_requirement *r, double native, int better, bool absolute)
{
    if (r->sign == VPREC_AS_NATIVE)
        return (vprec_bounds){native, native, false, false};
    if (r->sign == VPREC_WITHIN) {
        /* A bound that is reached but for the last bit of a decimal number is reached. */
        double room = (absolute ? 1 : fabs(native)) * r->value / 100 + 1e-12 * fabs(native);
        return (vprec_bounds){better < 0 ? -INFINITY : native - room, better > 0 ? INFINITY : native + room, false,
                              false};
    }
    bool more = r->sign == VPREC_AT_LEAST || r->sign == VPREC_MORE;
    bool less = r->sign == VPREC_AT_MOST || r->sign == VPREC_LESS;
    return (vprec_bounds){less ? -INFINITY : r->value, more ? INFINITY : r->value, r->sign == VPREC_MORE,
                          r->sign == VPREC_LESS};
}

bool vprec_bounds_keep(const vprec_bounds *b, double value)
{
    return value >= b->low && value <= b->high && !(b->above && value == b->low) && !(b->below && value == b->high);
}
