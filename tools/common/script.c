/* SPDX-License-Identifier: Apache-2.0
 * script.c: see script.h. Of Python it knows comments, strings and names; it runs nothing. */
#include "script.h"
#include "say.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 16 << 20 };

typedef struct reader {
    const char *at;
    bool (*take)(void *data, const char *name, const char *spec);
    void *data;
} reader;

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* From the quote on: behind the string, or at the text's end. `*inside`, unless NULL, becomes what is between the quotes,
 * to be freed. */
static const char *skip_string(const char *at, char **inside)
{
    const char quote = *at;
    const size_t width = at[1] == quote && at[2] == quote ? 3 : 1;
    const char *start = at + width, *end = start;
    while (*end && strncmp(end, (const char[]){quote, quote, quote, 0}, width) && (width == 3 || *end != '\n'))
        end += *end == '\\' && end[1] ? 2 : 1;
    if (inside)
        *inside = vprec_text("%.*s", (int)(end - start), start);
    return *end == quote ? end + width : end;
}

/* Blanks, line ends and comments. */
static const char *skip_blank(const char *at)
{
    for (;; at++) {
        if (*at == '#')
            at += strcspn(at, "\n");
        if (!*at || !strchr(" \t\r\n\\", *at))
            return at;
    }
}

/* A literal without escapes whose letters say no more than what it is; NULL: it is none. */
static char *literal(const char **from)
{
    const char *at = *from;
    const bool raw = strchr("rR", *at) && *at;
    char *inside;
    at += raw || *at == 'u';
    if (*at != '"' && *at != '\'')
        return NULL;
    at = skip_blank(skip_string(at, &inside));
    if ((!raw && strchr(inside, '\\')) || !strchr(",)", *at)) {
        free(inside);
        return NULL;
    }
    *from = at;
    return inside;
}

/* Behind "scope": ("head", "bf16") or ("head", format="bf16"). */
static bool take_call(reader *r)
{
    static const char keyword[] = "format";
    const char *at = skip_blank(r->at);
    char *spec = NULL;
    if (*at != '(')
        return true;
    at = skip_blank(at + 1);
    char *name = literal(&at);
    if (name && *at == ',') {
        at = skip_blank(at + 1);
        const char *equals = strncmp(at, keyword, sizeof keyword - 1) ? at : skip_blank(at + sizeof keyword - 1);
        at = equals > at && *equals == '=' ? skip_blank(equals + 1) : at;
        spec = literal(&at);
    }
    const bool ok = !spec || r->take(r->data, name, spec);
    free(name);
    free(spec);
    return ok;
}

/* A string may have letters in front: they are a name that a quote follows. */
static bool read_text(const char *text, bool (*take)(void *data, const char *name, const char *spec), void *data)
{
    reader r = {text, take, data};
    bool ok = true;
    if (!strstr(text, "vprec"))
        return true;
    while (ok && *r.at) {
        const char *word = r.at;
        if (*r.at == '#') {
            r.at += strcspn(r.at, "\n");
        } else if (*r.at == '"' || *r.at == '\'') {
            r.at = skip_string(r.at, NULL);
        } else if (is_name(*r.at)) {
            while (is_name(*r.at))
                r.at++;
            if (r.at - word == 5 && !strncmp(word, "scope", 5))
                ok = take_call(&r);
        } else {
            r.at++;
        }
    }
    return ok;
}

static bool read_file(const char *path, bool (*take)(void *data, const char *name, const char *spec), void *data)
{
    FILE *file = fopen(path, "re");
    char *text = file ? vprec_alloc(LONGEST + 1, 1) : NULL;
    bool ok = true;
    if (file) {
        text[fread(text, 1, LONGEST, file)] = 0;
        ok = read_text(text, take, data);
        fclose(file);
    }
    free(text);
    return ok;
}

/* "#!/usr/bin/env python3" */
static bool is_for(const char *path, const char *interpreter)
{
    char line[256] = "";
    FILE *file = fopen(path, "re");
    const bool read = file && fgets(line, sizeof line, file);
    if (file)
        fclose(file);
    return read && line[0] == '#' && line[1] == '!' && strstr(line, interpreter);
}

/* "a.b" is the file of that name below a folder a, or the package there. */
static bool read_module(const char *name, bool (*take)(void *data, const char *name, const char *spec), void *data)
{
    char *folder = vprec_text("%s", name);
    for (char *dot = folder; (dot = strchr(dot, '.'));)
        *dot = '/';
    char *file = vprec_text("%s.py", folder), *main = vprec_text("%s/__main__.py", folder);
    const bool ok = read_file(file, take, data) && read_file(main, take, data);
    free(main);
    free(file);
    free(folder);
    return ok;
}

/* The words behind "python". */
static bool read_words(char *const *word, bool (*take)(void *data, const char *name, const char *spec), void *data)
{
    for (; *word; word++) {
        const char *at = *word;
        if (*at != '-' || !at[1])
            return *at == '-' || read_file(at, take, data);
        if (at[1] == '-') {
            word += !strcmp(at, "--check-hash-based-pycs") && word[1];
            continue;
        }
        const char *option = at + 1 + strcspn(at + 1, "cmWX");
        const char *value = !*option ? NULL : option[1] ? option + 1 : *++word;
        if (*option && !value)
            return true;
        if (*option == 'c')
            return read_text(value, take, data);
        if (*option == 'm')
            return read_module(value, take, data);
    }
    return true;
}

static bool ends_so(const char *word, const char *end)
{
    const size_t length = strlen(word);
    return length > strlen(end) && !strcmp(word + length - strlen(end), end);
}

bool vprec_script_formats(const char *path, char *const *command,
                          bool (*take)(void *data, const char *name, const char *spec), void *data)
{
    static const char python[] = "python";
    for (char *const *word = command; *word; word++)
        if (!strncmp(vprec_base(*word), python, sizeof python - 1) && !ends_so(*word, ".py"))
            return read_words(word + 1, take, data);
    for (char *const *word = command + 1; *word; word++)
        if (ends_so(*word, ".py"))
            return read_file(*word, take, data);
    return !is_for(path, python) || read_file(path, take, data);
}
