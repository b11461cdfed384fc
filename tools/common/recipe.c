/* SPDX-License-Identifier: Apache-2.0
 * recipe.c: see recipe.h. */
#include "recipe.h"
#include "notes.h"
#include "options.h"
#include "runtime/source_lines.h"
#include "say.h"
#include "script.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *trimmed(char *text)
{
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        text[--length] = 0;
    return text + strspn(text, " \t");
}

/* What precedes the colon of patterns that are for no scopes. */
static enum vprec_line_kind line_of(const char *glob)
{
    return !strncmp(glob, "code:", 5)  ? VPREC_LINE_CODE
           : !strncmp(glob, "obj:", 4) ? VPREC_LINE_OBJECT
           : !strncmp(glob, "site:", 5) ? VPREC_LINE_SITE
                                        : VPREC_LINE_SCOPE;
}

static bool put(vprec_recipe *recipe, const char *glob, const char *spec, enum vprec_line_kind what, const char *where)
{
    vprec_source_lines lines;
    if (what == VPREC_LINE_SCOPE)
        what = line_of(glob);
    else if (line_of(glob) != VPREC_LINE_SCOPE) {
        vprec_say("%s: what is rounded within are scopes; for functions alone there is --function, for objects --object",
                  where);
        return false;
    }
    if (spec && strlen(spec) >= VPREC_SPEC_LENGTH)
        vprec_say("the format in %s is too long: at most %d characters", where, VPREC_SPEC_LENGTH - 1);
    else if (what == VPREC_LINE_SITE && !vprec_source_lines_of(strchr(glob, ':') + 1, &lines))
        vprec_say("no lines of source in %s: write FILE:LINES=FORMAT, as in 'net.c:120-180=e5m10'; vprec-run --list shows "
                  "them", where);
    else if (!*glob || ((what == VPREC_LINE_CODE || what == VPREC_LINE_OBJECT) && !strchr(glob, ':')[1]))
        vprec_say("empty pattern in %s: name scopes, as in 'api:head' or 'conv*'", where);
    else if (strlen(glob) >= VPREC_SCOPE_LENGTH)
        vprec_say("pattern '%.40s...' in %s is too long: at most %d characters", glob, where, VPREC_SCOPE_LENGTH - 1);
    else if (recipe->lines == VPREC_SCOPES_MAX)
        vprec_say("too many lines, with %s: at most %d of --scope and --within; use patterns", where, VPREC_SCOPES_MAX);
    else {
        recipe->line = vprec_grow(recipe->line, recipe->lines + 1, sizeof *recipe->line);
        recipe->line[recipe->lines++] = (vprec_recipe_line){vprec_text("%s", glob), spec ? vprec_text("%s", spec) : NULL,
                                                            vprec_text("%s", where), what};
        return true;
    }
    return false;
}

/* "GLOB=SPEC", of which it changes the bytes. */
static bool put_line(vprec_recipe *recipe, char *text, const char *where)
{
    char *equals = strchr(text, '=');
    if (!equals) {
        vprec_say("no format in %s: write GLOB=SPEC, as in 'head=e5m10'", where);
        return false;
    }
    *equals = 0;
    return put(recipe, trimmed(text), trimmed(equals + 1), VPREC_LINE_SCOPE, where);
}

static bool read_file(vprec_recipe *recipe, const char *name)
{
    FILE *file = fopen(name, "re");
    char *line = NULL;
    size_t room = 0;
    bool ok = file;
    for (unsigned number = 1; ok && getline(&line, &room, file) >= 0; number++) {
        char *comment = line, *where = vprec_text("%s:%u", name, number);
        while ((comment = strchr(comment, '#')) && comment != line && !strchr(" \t", comment[-1]))
            comment++; /* names have it, too: itt:convolution#3 */
        if (comment)
            *comment = 0;
        char *text = trimmed(line);
        ok = !*text || put_line(recipe, text, where);
        free(where);
    }
    if (!file || ferror(file)) {
        vprec_say("cannot read the recipe '%s' of --scope @FILE: %s", name, strerror(errno));
        ok = false;
    }
    free(line);
    if (file)
        fclose(file);
    return ok;
}

bool vprec_recipe_add(vprec_recipe *recipe, const char *text)
{
    if (*text == '@')
        return read_file(recipe, text + 1);
    char *copy = vprec_text("%s", text), *where = vprec_text("--scope %s", text);
    bool ok = put_line(recipe, copy, where);
    free(where);
    free(copy);
    return ok;
}

bool vprec_recipe_site(vprec_recipe *recipe, const char *text)
{
    char *copy = vprec_text("site:%s", text), *where = vprec_text("--site %s", text);
    bool ok = put_line(recipe, copy, where);
    free(where);
    free(copy);
    return ok;
}

bool vprec_recipe_within(vprec_recipe *recipe, const char *glob)
{
    char *where = vprec_text("--within %s", glob);
    bool ok = put(recipe, glob, NULL, VPREC_LINE_WITHIN, where);
    free(where);
    return ok;
}

bool vprec_recipe_name(vprec_recipe *recipe, const char *glob)
{
    char *where = vprec_text("--layers=%s", glob);
    bool ok = put(recipe, glob, NULL, VPREC_LINE_NAME, where);
    free(where);
    return ok;
}

/* Of a program: its lines, and its name for messages. */
typedef struct own {
    vprec_recipe recipe;
    const char *path;
} own;

static bool put_own(void *data, const char *glob, const char *spec)
{
    own *o = data;
    char *where = vprec_text("vprec_scope_format(\"%s\", \"%s\") in %s", glob, spec, o->path);
    bool ok = put(&o->recipe, glob, spec, VPREC_LINE_SCOPE, where);
    if (ok)
        o->recipe.line[o->recipe.lines - 1].own = true;
    free(where);
    return ok;
}

char *vprec_recipe_escaped(const char *name)
{
    char *text = vprec_alloc(2 * strlen(name) + 1, 1), *to = text;
    for (; *name; *to++ = *name++)
        if (strchr("*?[\\", *name))
            *to++ = '\\';
    return text;
}

char *vprec_recipe_spelled(const char *pattern)
{
    char *text = vprec_text("%s", pattern);
    for (char *c = text; *c; c++)
        if (strchr("=#", *c) || iscntrl((unsigned char)*c) || (*c == ' ' && (c == text || !c[1])))
            *c = '?';
    return text;
}

/* A name in a script as a pattern. */
static char *pattern_of(const char *name)
{
    char *escaped = vprec_recipe_escaped(name), *glob = vprec_text("api:%s", escaped);
    free(escaped);
    return glob;
}

static bool put_scripts(void *data, const char *name, const char *spec)
{
    own *o = data;
    char *where = vprec_text("scope(\"%s\", \"%s\") in the program", name, spec), *glob = pattern_of(name);
    const vprec_recipe_line *other = NULL;
    for (size_t i = 0; i < o->recipe.lines && !other; i++)
        other = strcmp(o->recipe.line[i].glob, glob) ? NULL : &o->recipe.line[i];
    bool ok = true;
    if (!other && (ok = put(&o->recipe, glob, spec, VPREC_LINE_SCOPE, where)))
        o->recipe.line[o->recipe.lines - 1].own = true;
    if (other && strcmp(other->spec, spec)) {
        vprec_say("%s: it has another format there, %s: give it another name", where, other->spec);
        ok = false;
    }
    free(glob);
    free(where);
    return ok;
}

bool vprec_recipe_own(vprec_recipe *recipe, const vprec_program *program, char *const *command)
{
    own o = {.path = program->elf};
    const bool ok = vprec_notes_formats(program->elf, put_own, &o) &&
                    vprec_script_formats(program->path, command, put_scripts, &o);
    const size_t lines = o.recipe.lines;
    if (lines) {
        o.recipe.line = vprec_grow(o.recipe.line, lines + recipe->lines, sizeof *recipe->line);
        if (recipe->lines)
            memcpy(o.recipe.line + lines, recipe->line, recipe->lines * sizeof *recipe->line);
        o.recipe.lines += recipe->lines;
        free(recipe->line);
        *recipe = o.recipe;
    }
    return ok;
}

static bool is_same(const vprec_wire_version *a, const vprec_wire_version *b)
{
    bool same = a->mode == b->mode && a->silent == b->silent;
    for (int type = 0; type < VPREC_TYPES && same; type++) {
        const vprec_format *f = &a->format[type], *g = &b->format[type];
        const vprec_noise *n = &a->noise[type], *o = &b->noise[type];
        same = a->use[type] == b->use[type] && a->bits[type] == b->bits[type] && f->ebits == g->ebits &&
               f->fbits == g->fbits && f->flags == g->flags && f->bias == g->bias && f->kind == g->kind &&
               n->what == o->what && n->precision == o->precision && n->error == o->error && n->exponent == o->exponent;
    }
    return same;
}

static vprec_wire_version version_of(const vprec_wire_config *config, bool native)
{
    vprec_wire_version v = {.mode = config->mode, .silent = config->silent};
    for (int type = 0; type < VPREC_TYPES; type++) {
        v.use[type] = config->use[type];
        v.bits[type] = config->bits[type];
        v.format[type] = config->format[type];
        v.noise[type] = config->noise[type];
        if (native) /* counted, where all is counted */
            v.use[type] = config->count ? VPREC_USE_NATIVE : VPREC_USE_NONE;
    }
    return v;
}

/* The number of that version; VPREC_VERSIONS_MAX: there are too many. What is outside of --within is no other's. */
static uint32_t number_of(vprec_wire_recipe *wire, const vprec_wire_version *version)
{
    for (uint32_t i = wire->within; i < wire->versions; i++)
        if (is_same(&wire->version[i], version))
            return i;
    if (wire->versions < VPREC_VERSIONS_MAX)
        wire->version[wire->versions] = *version;
    return wire->versions < VPREC_VERSIONS_MAX ? wire->versions++ : VPREC_VERSIONS_MAX;
}

bool vprec_recipe_finish(const vprec_recipe *recipe, const vprec_wire_config *config, vprec_wire_recipe **wire)
{
    if (!recipe->lines)
        return true;
    vprec_wire_recipe *to = *wire = vprec_alloc(1, vprec_wire_recipe_bytes((uint32_t)recipe->lines));
    const vprec_wire_version base = version_of(config, false), native = version_of(config, true);
    bool names = true;
    for (size_t i = 0; i < recipe->lines; i++) {
        to->within |= recipe->line[i].what == VPREC_LINE_WITHIN;
        names &= recipe->line[i].what == VPREC_LINE_NAME;
    }
    to->versions = 1 + to->within;
    to->version[0] = to->within ? native : base;
    to->version[to->within] = base;
    for (size_t i = 0; i < recipe->lines; i++) {
        const vprec_recipe_line *line = &recipe->line[i];
        vprec_wire_scope *s = &to->line[to->lines++];
        memcpy(s->glob, line->glob, strlen(line->glob) + 1);
        s->line = line->what;
        s->own = line->own;
        s->version = line->what == VPREC_LINE_WITHIN;
        if (!line->spec)
            continue;
        memcpy(s->spec, line->spec, strlen(line->spec) + 1);
        vprec_wire_config *scope = vprec_alloc(1, sizeof *scope); /* more than a small stack holds */
        const bool right = vprec_options_scope(config, line->where, line->spec, scope);
        const vprec_wire_version version = version_of(scope, !strcmp(line->spec, "native"));
        free(scope);
        if (!right)
            return false;
        s->version = number_of(to, &version);
        if (s->version == VPREC_VERSIONS_MAX) {
            vprec_say("too many formats, with that of %s: at most %d different ones in one run", line->where,
                      VPREC_VERSIONS_MAX);
            return false;
        }
    }
    if (to->versions == 1 && !names) /* every line says what holds anyway: scopes are told all the same */
        to->version[to->versions++] = base;
    return true;
}

void vprec_recipe_apply(vprec_wire_config *config, const vprec_wire_version *version)
{
    config->mode = version->mode;
    config->silent = version->silent;
    for (int type = 0; type < VPREC_TYPES; type++) {
        config->use[type] = version->use[type];
        config->bits[type] = version->bits[type];
        config->format[type] = version->format[type];
        config->noise[type] = version->noise[type];
    }
}

void vprec_recipe_free(vprec_recipe *recipe)
{
    for (size_t i = 0; i < recipe->lines; i++) {
        free(recipe->line[i].glob);
        free(recipe->line[i].spec);
        free(recipe->line[i].where);
    }
    free(recipe->line);
}
