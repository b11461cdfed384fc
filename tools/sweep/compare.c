/* SPDX-License-Identifier: Apache-2.0
 * compare.c: see compare.h. A directory of --out has no report: vprec-sweep --report-only makes it. */
#include "compare.h"
#include "common/json.h"
#include "common/say.h"
#include "help.h"
#include "options.h"
#include "page/changes.h"
#include "page/view.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMED_MOST = 5 };

/* What vprec-sweep --report-only says of the directory; NULL: it has said why there is nothing. */
static json_t *report_of(const char *dir)
{
    int ends[2], status = -1;
    if (pipe(ends)) {
        vprec_say("cannot make a pipe (%s)", strerror(errno));
        return NULL;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "vprec-sweep", "--quiet", "--report-only", dir, "--json", "-", (char *)NULL);
        _exit(SWEEP_EXIT_FAILURE);
    }
    close(ends[1]);
    json_t *report = pid < 0 ? NULL : json_loadfd(ends[0], 0, NULL);
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pid < 0)
        vprec_say("cannot start vprec-sweep (%s)", strerror(errno));
    return report;
}

json_t *sweep_report_read(const char *path)
{
    struct stat st;
    bool directory = !stat(path, &st) && S_ISDIR(st.st_mode);
    char *inside = directory ? vprec_text("%s/report.json", path) : vprec_text("%s", path);
    json_t *report = NULL;
    if (!access(inside, F_OK))
        report = vprec_json_read(inside);
    else if (directory)
        report = report_of(path);
    bool good = !strcmp(page_string(report, "generator"), "vprec-sweep");
    if (!good && (report || !directory))
        vprec_say("'%s' is no report of vprec-sweep: name a file by --json, or a directory of --report or --out", path);
    free(inside);
    if (good)
        return report;
    json_decref(report);
    return NULL;
}

static void print_sweep(const char *which, const char *path, const json_t *report)
{
    printf("%s  %s: %s, vprec %s\n   %s\n", which, path, page_string(report, "finished"),
           page_string(report, "version"), page_string(json_object_get(report, "answer"), "text"));
}

static void print_missing(const char *which, json_t *ids)
{
    size_t i, count = json_array_size(ids);
    json_t *id;
    if (count)
        printf("Only in %s: ", which);
    json_array_foreach(ids, i, id)
        if (i < NAMED_MOST)
            printf("%s%s", i ? ", " : "", json_string_value(id));
    if (count)
        printf(count > NAMED_MOST ? " and %zu more\n" : "\n", count - NAMED_MOST);
    json_decref(ids);
}

/* Returns how many changes are for the worse. */
static size_t print_changes(const json_t *changes)
{
    size_t i, worse = 0;
    json_t *change;
    json_array_foreach(changes, i, change) {
        bool bad = json_is_true(json_object_get(change, "worse"));
        worse += bad;
        printf("%s%s  %s\n", i ? "" : "\n", bad ? "worse " : "better", page_string(change, "text"));
    }
    printf("\n%zu changes, %zu for the worse\n", json_array_size(changes), worse);
    return worse;
}

static int compare(char *const *paths, double tolerance, bool strict)
{
    json_t *a = sweep_report_read(paths[0]), *b = a ? sweep_report_read(paths[1]) : NULL;
    size_t worse = 0;
    if (a && b) {
        json_t *changes = page_changes(a, b, tolerance);
        const char *then = page_string(json_object_get(a, "threshold"), "question");
        const char *now = page_string(json_object_get(b, "threshold"), "question");
        print_sweep("A", paths[0], a);
        print_sweep("B", paths[1], b);
        if (strcmp(then, now) != 0)
            printf("They answer different questions: A %s, B %s\n", then, now);
        print_missing("A", page_missing(a, b));
        print_missing("B", page_missing(b, a));
        worse = print_changes(changes);
        json_decref(changes);
    }
    bool ok = a && b && vprec_stdout_done();
    json_decref(a);
    json_decref(b);
    return !ok ? SWEEP_EXIT_FAILURE : strict && worse ? SWEEP_EXIT_UNMET : 0;
}

int sweep_compare_main(int argc, char **argv)
{
    static const struct option options[] = {{"tolerance", required_argument, NULL, 't'},
                                            {"fail-if-worse", no_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    double tolerance = 0;
    bool strict = false;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;)
        if (option == 'h') {
            sweep_help_compare();
            return vprec_stdout_done() ? 0 : SWEEP_EXIT_FAILURE;
        } else if (option == 'f') {
            strict = true;
        } else if (option != 't') {
            vprec_say("compare: unknown option '%s': see vprec-sweep compare --help", argv[optind - 1]);
            return SWEEP_EXIT_USAGE;
        } else if (!sweep_take_share("--tolerance", optarg, &tolerance)) {
            return SWEEP_EXIT_USAGE;
        }
    if (argc - optind != 2) {
        vprec_say("compare takes two sweeps: vprec-sweep compare A B, each a file by --json or a directory of --report "
                  "or --out");
        return SWEEP_EXIT_USAGE;
    }
    return compare(argv + optind, tolerance, strict);
}
