/* SPDX-License-Identifier: Apache-2.0
 * text.c: escaping for each language that the report is written in, and
 * numbers for people. Knows nothing of where they stand. */
#include "text.h"
#include "common/json.h"
#include "common/say.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char unknown[] = "\xEF\xBF\xBD"; /* U+FFFD */

FILE *page_open(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);
    if (!stream)
        vprec_json_must(NULL);
    return stream;
}

void page_close(FILE *stream)
{
    bool lost = ferror(stream);
    if (fclose(stream) || lost)
        vprec_json_must(NULL);
}

/* The bytes of the character at `text`, which is clean and not at its end. */
static size_t length_of(const char *text)
{
    unsigned char first = (unsigned char)*text;
    return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Controls and noncharacters: allowed in no XML or HTML text. */
static bool forbidden(const char *text, size_t length)
{
    uint32_t code = length == 1 ? (unsigned char)*text : (unsigned char)*text & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0xFDD0 && code <= 0xFDEF) ||
           (code & 0xFFFE) == 0xFFFE;
}

/* The next character as it may be shown, in `shown`; returns the bytes it takes in `text`, 0 at the end. */
static size_t next(const char *text, char shown[5])
{
    if (!*text)
        return 0;
    size_t length = length_of(text);
    const char *show = *text == '\n' || *text == '\t' || *text == '\r' ? " " : forbidden(text, length) ? unknown : text;
    size_t size = show == text ? length : strlen(show);
    memcpy(shown, show, size);
    shown[size] = 0;
    return length;
}

void page_put_html(FILE *out, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    char shown[5];
    for (size_t length; (length = next(text, shown)); text += length) {
        const char *found = strchr(special, *shown);
        fputs(found ? entities[found - special] : shown, out);
    }
}

void page_put_markdown(FILE *out, const char *text)
{
    char shown[5];
    for (size_t length; (length = next(text, shown)); text += length) {
        if (strchr("\\`*_{}[]<>#|~&$!", *shown))
            putc('\\', out);
        fputs(shown, out);
    }
}

void page_put_gnuplot(FILE *out, const char *text, size_t most)
{
    char shown[5];
    size_t count = 0;
    putc('\'', out);
    for (size_t length; (length = next(text, shown)); text += length) {
        if (++count > most) {
            fputs("…", out);
            break;
        }
        fputs(*shown == '\'' ? "''" : shown, out);
    }
    putc('\'', out);
}

char *page_end_of(const char *text, size_t most)
{
    size_t count = 0;
    char shown[5];
    for (size_t at = 0, length; (length = next(text + at, shown)); at += length)
        count++;
    size_t skip = count > most ? count - most + 1 : 0;
    for (size_t i = 0; i < skip; i++)
        text += next(text, shown);
    return vprec_text("%s%s", skip ? "…" : "", text);
}

static void put_shell(FILE *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    bool control = false;
    for (const char *c = text; *c; c++)
        control |= (unsigned char)*c < 0x20 || *c == 0x7F;
    if (*text && !text[strspn(text, plain)]) {
        fputs(text, out);
        return;
    }
    fputs(control ? "$'" : "'", out);
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            fprintf(out, "\\%03o", (unsigned)*text);
        else if (*text == '\'')
            fputs(control ? "\\'" : "'\\''", out);
        else
            fprintf(out, "%s%c", control && *text == '\\' ? "\\" : "", *text);
    putc('\'', out);
}

static char *join(const json_t *strings, const char *between, void (*put)(FILE *, const char *))
{
    char *text = NULL;
    size_t size, i;
    json_t *string;
    FILE *out = page_open(&text, &size);
    json_array_foreach(strings, i, string) {
        fputs(i ? between : "", out);
        put(out, json_is_string(string) ? json_string_value(string) : "");
    }
    page_close(out);
    return text;
}

static void put_plain(FILE *out, const char *text)
{
    fputs(text, out);
}

char *page_shell(const json_t *words)
{
    return join(words, " ", put_shell);
}

char *page_words(const json_t *strings, const char *between)
{
    return join(strings, between, put_plain);
}

char *page_why_title(const json_t *cell)
{
    const char *where = page_string(cell, "where");
    return vprec_text("%s %s%s%s: %s", page_string(cell, "format"), page_string(cell, "mode"), *where ? ", " : "",
                      where, page_string(cell, "because"));
}

const char *page_recipe(const page_view *view)
{
    return json_string_value(json_object_get(json_object_get(view->root, "recipe"), "text"));
}

char *page_next_line(const char **text)
{
    if (!*text || !**text)
        return NULL;
    size_t length = strcspn(*text, "\n");
    char *line = vprec_text("%.*s", (int)length, *text);
    *text += length + ((*text)[length] == '\n');
    return line;
}

char *page_recipe_line(const page_view *view)
{
    const json_t *recipe = json_object_get(view->root, "recipe"), *runs = json_object_get(recipe, "runs");
    size_t count = json_array_size(runs);
    double value = page_number(json_object_get(recipe, "value"));
    double first = page_number(json_object_get(json_array_get(runs, 0), "value"));
    if (!page_recipe(view))
        return vprec_text("No recipe of all layers together keeps %s: %s.", page_string(recipe, "keeps"),
                          page_string(recipe, "note"));
    char *narrowest = count > 1 && !isnan(first)
                          ? vprec_text(" With each layer in the narrowest format that it bears alone it is %.6g.",
                                       first)
                          : vprec_text("%s", "");
    char *line = vprec_text("The recipe gives all layers their formats together, and keeps %s: %.6g, measured; %zu "
                            "run%s of all together led to it.%s", page_string(recipe, "keeps"), value, count,
                            count == 1 ? "" : "s", narrowest);
    free(narrowest);
    return line;
}

char *page_command_line(const page_view *view)
{
    const json_t *sweep = json_object_get(view->root, "sweep");
    return page_shell(json_array_size(sweep) ? sweep : json_object_get(view->root, "command"));
}

char *page_directory_line(const page_view *view)
{
    json_t *words = json_pack("[s]", page_string(view->root, "directory"));
    char *directory = page_shell(words), *line = vprec_text("%s%s", *directory ? "cd " : "", directory);
    json_decref(words);
    free(directory);
    return line;
}

char *page_value_text(const page_value *value, const char *unit)
{
    if (!value->there)
        return *value->error ? vprec_text("not computed: %s", value->error) : vprec_text("–");
    char *spread = value->n > 1 && value->sd > 0 ? vprec_text(" ± %.2g", value->sd) : vprec_text("%s", "");
    char *text = vprec_text("%.6g%s%s%s", value->value, spread, *unit ? " " : "", unit);
    free(spread);
    return text;
}

char *page_seconds_text(double seconds)
{
    return isnan(seconds) ? vprec_text("–") : vprec_text("%.3g s", seconds);
}
