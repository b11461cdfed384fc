/* SPDX-License-Identifier: Apache-2.0
 * tables_test.c: vprec_object_read against readelf on one real file: code and
 * PLT ranges, functions, pointers, imports, build id; vprec_object_name_at against a
 * linear search; landing pads must be instructions in objdump's eyes. */
#include "find/object.h"
#include "readelf.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path;
static uint64_t bias;
static int failures;

static void fail(const char *what, uint64_t got, uint64_t expected)
{
    if (failures++ < 20)
        fprintf(stderr, "%s bias %#" PRIx64 ": %s: got %#" PRIx64 ", expected %#" PRIx64 "\n", path, bias, what, got,
                expected);
}

static void check_u64(const char *what, uint64_t got, uint64_t expected)
{
    if (got != expected)
        fail(what, got, expected);
}

static int compare_functions(const void *a, const void *b)
{
    const re_function *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return 0;
}

static void check_ranges(const char *what, const vprec_vec *got, const re_list *expected)
{
    check_u64(what, got->count, expected->count / 2);
    for (size_t i = 0; i < got->count && 2 * i < expected->count; i++) {
        check_u64(what, VPREC_AT(*got, vprec_extent, i).start, expected->at[2 * i] + bias);
        check_u64(what, VPREC_AT(*got, vprec_extent, i).end, expected->at[2 * i + 1] + bias);
    }
}

static void check_list(const char *what, const vprec_vec *got, const re_list *expected)
{
    check_u64(what, got->count, expected->count);
    for (size_t i = 0, j = 0; i < got->count || j < expected->count;) {
        uint64_t g = i < got->count ? VPREC_AT(*got, uint64_t, i) : UINT64_MAX;
        uint64_t e = j < expected->count ? expected->at[j] + bias : UINT64_MAX;
        if (g != e)
            fail(g < e ? "one too many" : "one is missing", g, e);
        i += g <= e;
        j += e <= g;
    }
}

static int compare_imports(const void *a, const void *b)
{
    const re_import *x = a, *y = b;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static void check_imports(const vprec_object *object, const re_facts *facts)
{
    qsort(facts->imports, facts->import_count, sizeof *facts->imports, compare_imports);
    check_u64("imports", object->imports.count, facts->import_count);
    for (size_t i = 0; i < facts->import_count && i < object->imports.count; i++) {
        const vprec_import *import = &VPREC_AT(object->imports, vprec_import, i);
        check_u64("slot of an import", import->slot, facts->imports[i].slot + bias);
        if (strcmp(import->name, facts->imports[i].name))
            fail(import->name, import->slot, facts->imports[i].slot + bias);
    }
}

/* Where the code range of `start` ends: no function is longer. */
static uint64_t code_end(const re_facts *facts, uint64_t start)
{
    for (size_t i = 0; i < facts->code.count; i += 2)
        if (start >= facts->code.at[i] && start < facts->code.at[i + 1])
            return facts->code.at[i + 1];
    return 0;
}

/* Functions by start: equal starts, the largest end, a name if any has one.
 * The merged list stays in facts->functions (the names of a start adjacent). */
static size_t check_functions(const vprec_object *object, re_facts *facts, re_function *merged)
{
    size_t count = 0;
    qsort(facts->functions, facts->count, sizeof *facts->functions, compare_functions);
    for (size_t i = 0, next; i < facts->count; i = next, count++) {
        re_function *f = facts->functions, one = f[i];
        uint64_t limit = code_end(facts, one.start);
        bool named = false, same = false, best = true;
        const vprec_symbol *got =
            count < object->symbols.count ? &VPREC_AT(object->symbols, vprec_symbol, count) : NULL;
        for (next = i; next < facts->count && f[next].start == one.start; next++) {
            one.end = f[next].end > one.end ? f[next].end : one.end;
            named |= f[next].name != NULL;
            same |= f[next].name && got && got->name && !strcmp(f[next].name, got->name);
            if (f[next].name && got && got->name) { /* fewest leading underscores, then shortest */
                size_t bars = strspn(f[next].name, "_"), got_bars = strspn(got->name, "_");
                best &= got_bars < bars || (got_bars == bars && strlen(got->name) <= strlen(f[next].name));
            }
            if (!one.name)
                one.name = f[next].name;
        }
        one.end = one.end < limit ? one.end : limit;
        merged[count] = one;
        if (!got) {
            fail("a function is missing", 0, one.start + bias);
            continue;
        }
        check_u64("start of a function", got->start, one.start + bias);
        check_u64("end of a function", got->end, one.end + bias);
        check_u64("a function has a name", got->name != NULL, named);
        if (!best)
            fail("name that is not the plainest", got->start, one.start + bias);
        if (named && !same)
            fail("name that readelf does not know", got->start, one.start + bias);
    }
    check_u64("functions", object->symbols.count, count);
    return count;
}

/* The nearest named function that contains the address, else the nearest nameless one. */
static void check_name_at(const vprec_object *object, const re_facts *facts, const re_function *merged, size_t count)
{
    uint64_t state = 1, unsized = 0, hits = 0;
    for (size_t i = 0; i < count; i++)
        unsized += merged[i].end == merged[i].start;
    for (int trial = 0; trial < 3000; trial++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t range = (state >> 20) % (facts->code.count / 2) * 2;
        uint64_t start = facts->code.at[range], end = facts->code.at[range + 1];
        uint64_t address = start + (state >> 24) % (end - start);
        if (trial % 3 == 0 && count) /* starts and the bytes around them */
            address = merged[(state >> 24) % count].start + (state >> 60) % 3 - 1;
        const re_function *named = NULL, *nameless = NULL;
        for (size_t i = 0; i < count && merged[i].start <= address; i++) {
            uint64_t stop = merged[i].end;
            if (stop == merged[i].start)
                stop = i + 1 < count && merged[i + 1].start < code_end(facts, stop) ? merged[i + 1].start
                                                                                   : code_end(facts, stop);
            if (address < stop)
                *(merged[i].name ? &named : &nameless) = &merged[i];
        }
        const re_function *expected = named ? named : nameless;
        const char *name = NULL;
        uint64_t at = 0;
        bool found = vprec_object_name_at(object, address + bias, &name, &at);
        check_u64("name_at found one", found, expected != NULL);
        if (found && expected) {
            hits++;
            check_u64("name_at start", at, expected->start + bias);
            check_u64("name_at named", name != NULL, expected->name != NULL);
        }
    }
    printf("  name_at: 3000 addresses, %" PRIu64 " inside a function; %" PRIu64 " functions of unknown size\n", hits,
           unsized);
}

static void instruction_line(char *line, void *data)
{
    uint64_t address;
    int length = 0;
    if (sscanf(line, " %" SCNx64 ":%n", &address, &length) == 1 && length && line[length] == '\t')
        re_push(data, address);
}

static void check_pads(const vprec_object *object)
{
    re_list instructions = {0};
    if (!object->pads.count)
        return;
    if (re_lines(instruction_line, &instructions, "LC_ALL=C objdump -d --no-show-raw-insn '%s'", path))
        fail("exit status of objdump", 1, 0);
    re_sort(&instructions);
    size_t j = 0;
    for (size_t i = 0; i < object->pads.count; i++) {
        uint64_t pad = VPREC_AT(object->pads, uint64_t, i) - bias;
        while (j < instructions.count && instructions.at[j] < pad)
            j++;
        if (j == instructions.count || instructions.at[j] != pad)
            fail("a landing pad is no instruction", pad, j < instructions.count ? instructions.at[j] : 0);
    }
    free(instructions.at);
}

int main(int argc, char **argv)
{
    re_facts facts;
    path = argc > 1 ? argv[1] : "";
    if (!re_read(path, &facts)) {
        fprintf(stderr, "skipped: '%s' or readelf is not there\n", path);
        return 77;
    }
    re_function *merged = calloc(facts.count + 1, sizeof *merged);
    enum vprec_reason why = VPREC_REASON_NONE;
    vprec_object object;
    bias = facts.exec ? 0 : UINT64_C(0x7f1234567000);
    if (!merged || !facts.code.count || (why = vprec_object_read(&object, path, bias))) {
        fprintf(stderr, "%s: refused: reason %d\n", path, (int)why);
        return 1;
    }
    check_u64("pie", object.pie, !facts.exec);
    check_ranges("code", &object.code, &facts.code);
    check_ranges("plt", &object.plt, &facts.plt);
    size_t count = check_functions(&object, &facts, merged);
    check_list("pointers", &object.pointers, &facts.pointers);
    check_imports(&object, &facts);
    check_pads(&object);
    check_name_at(&object, &facts, merged, count);
    char id[41] = "";
    for (int i = 0; i < object.build_id_length; i++)
        snprintf(id + 2 * i, 3, "%02x", object.build_id[i]);
    if (strcmp(id, facts.build_id)) {
        fprintf(stderr, "%s: build id %s, expected %s\n", path, id, facts.build_id);
        failures++;
    }
    printf("%s: %zu symbols, %zu FDEs -> %zu functions; %zu pointers (%zu RELATIVE, %zu RELR); %zu imports; %zu pads; "
           "id %s\n", path, facts.symbols, facts.fdes, object.symbols.count, object.pointers.count, facts.relative,
           facts.relr, object.imports.count, object.pads.count, id);
    vprec_object_release(&object);
    return failures != 0;
}
