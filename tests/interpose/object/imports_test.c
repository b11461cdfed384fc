/* SPDX-License-Identifier: Apache-2.0
 * imports_test.c: what vprec_imports_any() asks about against nm: of this program and of the libraries that it is given,
 * all of them loaded. */
#include "find/imports.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 20000 };
typedef struct list {
    char *name[NAMES];
    size_t count;
} list;
static list asked_for, wanted;

static void add(list *l, const char *name)
{
    if (l->count == NAMES || !(l->name[l->count++] = strdup(name))) {
        fprintf(stderr, "too many names\n");
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(list *l)
{
    qsort((void *)l->name, l->count, sizeof *l->name, compare);
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if (!kept || strcmp(l->name[i], l->name[kept - 1]) != 0)
            l->name[kept++] = l->name[i];
    l->count = kept;
}

static bool note(const char *name)
{
    add(&asked_for, name);
    return false;
}

static const char *last;
static bool is_last(const char *name)
{
    return !strcmp(name, last);
}

static void ask_nm(const char *path)
{
    char command[4200], line[4096];
    snprintf(command, sizeof command, "nm -D --undefined-only --format=posix '%s'", path);
    FILE *nm = popen(command, "r"); /* NOLINT(cert-env33-c): binutils are this test's oracle */
    while (nm && fgets(line, sizeof line, nm)) {
        line[strcspn(line, "@ \n")] = 0;
        add(&wanted, line);
    }
    if (!nm || pclose(nm)) {
        fprintf(stderr, "%s: nm failed\n", path);
        exit(1);
    }
}

static int check(const char *path, const struct link_map *map)
{
    asked_for.count = wanted.count = 0;
    bool any = vprec_imports_any(map, note);
    ask_nm(path);
    sort(&asked_for);
    sort(&wanted);
    int failures = any;
    for (size_t i = 0, j = 0; i < asked_for.count || j < wanted.count;) {
        int order = i == asked_for.count ? 1 : j == wanted.count ? -1 : strcmp(asked_for.name[i], wanted.name[j]);
        if (order)
            fprintf(stderr, "%s: %s %s\n", path, order < 0 ? "not imported:" : "not found:",
                    order < 0 ? asked_for.name[i] : wanted.name[j]);
        failures += order != 0;
        i += order <= 0;
        j += order >= 0;
    }
    last = wanted.count ? wanted.name[wanted.count - 1] : "";
    if (!wanted.count || !vprec_imports_any(map, is_last)) {
        fprintf(stderr, "%s: imports nothing\n", path);
        failures++;
    }
    return failures;
}

int main(int argc, char **argv)
{
    int failures = check(argv[0], _r_debug.r_map);
    for (int i = 1; i < argc; i++) {
        const struct link_map *map = dlopen(argv[i], RTLD_NOW);
        if (!map) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        failures += check(argv[i], map);
    }
    return failures != 0;
}
