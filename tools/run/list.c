/* SPDX-License-Identifier: Apache-2.0
 * list.c: the table of --list: what would be instrumented, and what refused. */
#include "common/demangle.h"
#include "common/say.h"
#include "common/sites.h"
#include "lines.h"
#include "native.h"
#include "run.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A name from a file, made harmless for a terminal. */
static void print_name(const char *name, int width)
{
    int length = 0;
    for (; *name; name++, length++)
        putchar((unsigned char)*name < 0x20 || *name == 0x7F ? '?' : *name);
    for (; length < width; length++)
        putchar(' ');
}

static void print_refused(const vprec_records *records)
{
    size_t count;
    vprec_finding *findings = vprec_findings_collect(records, &count);
    if (count)
        puts("\nRefused, these stay native:");
    for (size_t i = 0; i < count; i++) {
        print_name(vprec_base(findings[i].object), 0);
        printf("+0x%" PRIx64 "  ", findings[i].address);
        char *name = vprec_demangled(findings[i].function ? findings[i].function : "?", true);
        print_name(name, 0);
        free(name);
        printf("  ");
        print_name(findings[i].text, 0);
        char *line = vprec_line_text(vprec_line_of(records, findings[i].object, findings[i].address));
        print_name(line ? "  " : "", 0);
        print_name(line ? line : "", 0);
        free(line);
        putchar('\n');
    }
    free(findings);
}

/* What its file says that vprec-cc has compiled. */
static void print_compiled(const char *object)
{
    size_t count;
    vprec_source_site *sites = vprec_sites_read(object, &count);
    for (size_t i = 0; i < count; i++) {
        char *line = vprec_text("%s:%" PRIu32, *sites[i].file ? sites[i].file : "?", sites[i].line);
        char *name = vprec_demangled(sites[i].function, true);
        print_name(line, 40);
        putchar(' ');
        print_name(name, 48);
        printf(" %10" PRIu32 "\n", sites[i].operations);
        free(name);
        free(line);
    }
    vprec_sites_free(sites, count);
}

static void print_all_compiled(const vprec_records *records)
{
    size_t count, found = 0;
    vprec_left_native *natives = vprec_natives_collect(records, false, &count);
    for (size_t i = 0; i < count; i++) {
        if (natives[i].reason != VPREC_REASON_LEFT_COMPILED)
            continue;
        if (!found++)
            printf("\nBuilt by vprec-cc, operations by lines of the source, for --site FILE:LINES=FORMAT:\n%-40s %-48s %10s\n",
                   "FILE:LINE", "FUNCTION", "OPERATIONS");
        print_compiled(natives[i].object);
    }
    free(natives);
}

int vprec_list_print(const vprec_run *run)
{
    const vprec_records *records = run->records;
    size_t count = VPREC_ITEMS(records, FUNCTION).count;
    /* Not attached: vprec_run_conclude says so. */
    if (!vprec_run_attached(run))
        return VPREC_EXIT_FAILURE;
    if (run->outcome->exited) {
        vprec_say("'%s' could not be listed: it ended with %s %d before its code was read", run->options->program[0],
                  run->outcome->signal ? "signal" : "status",
                  run->outcome->signal ? run->outcome->signal : run->outcome->exited);
        return VPREC_EXIT_FAILURE;
    }
    printf("%-28s %-40s %8s %8s %8s\n", "OBJECT", "FUNCTION", "F32", "F64", "REFUSED");
    for (size_t i = 0; i < count; i++) {
        const vprec_function_record *function = vprec_function_at(records, i);
        size_t object = VPREC_ITEMS(records, FUNCTION).items[i].parent;
        print_name(vprec_base(vprec_object_path(records, object)), 28);
        putchar(' ');
        char *name = vprec_demangled(function->name, true);
        print_name(name, 40);
        free(name);
        printf(" %8" PRIu32 " %8" PRIu32 " %8" PRIu32 "\n", function->sites[VPREC_F32], function->sites[VPREC_F64],
               function->refused);
    }
    const vprec_totals *totals = run->totals;
    printf("%zu object%s, %zu function%s, %" PRIu64 " f32 sites, %" PRIu64 " f64 sites, %" PRIu64 " refused, %" PRIu64 " x87\n",
           totals->objects, totals->objects == 1 ? "" : "s", count, count == 1 ? "" : "s", totals->sites[VPREC_F32],
           totals->sites[VPREC_F64], totals->refused, totals->long_double);
    puts("This is an upper bound: what the code of these objects holds, whatever of it runs. Objects that the program opens "
         "while it runs are not in it.");
    for (int type = 0; type < VPREC_TYPES; type++)
        if (totals->native[type])
            printf("%" PRIu64 " %s sites left native: no format for %s\n", totals->native[type],
                   vprec_type_names[type], vprec_type_names[type]);
    print_refused(records);
    print_all_compiled(records);
    return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
}
