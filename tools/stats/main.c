/* SPDX-License-Identifier: Apache-2.0
 * main.c: vprec-stats: finds the samples, goes through their documents,
 * prints what they tell. */
#include "common/say.h"
#include "common/shortest.h"
#include "compare.h"
#include "documents.h"
#include "options.h"
#include "progress.h"
#include "result.h"
#include "runs.h"
#include "stats.h"
#include "stats/read/file.h"
#include "summary.h"
#include <stdlib.h>
#include <string.h>

/* The kind of a document is that of its first sample. */
static stats_kind kind_of(const stats_options *options, const char *path)
{
    stats_file file;
    if (options->kind != STATS_AUTO)
        return options->kind;
    if (!strcmp(path, "-")) {
        vprec_say("what standard input is cannot be told by its name: give --input, as in --input csv");
        return STATS_AUTO;
    }
    if (!stats_file_open(&file, path))
        return STATS_AUTO;
    stats_kind kind = stats_file_kind(&file);
    stats_file_close(&file);
    return kind;
}

static char *reference_words(const stats_options *options, const char *path)
{
    char number[VPREC_SHORTEST_ROOM];
    if (options->has_value)
        return vprec_text("%s", vprec_shortest(number, options->value));
    return path ? vprec_text("%s", path) : NULL;
}

/* One document, from the samples that have it. */
static bool do_document(const stats_runs *runs, const stats_options *options, size_t index, stats_document *document)
{
    size_t samples = options->rows ? 1 : runs->count, count = 0;
    char **paths = vprec_alloc(samples, sizeof *paths), *reference = stats_runs_reference(runs, index);
    *document = (stats_document){.name = vprec_text("%s", runs->documents[index])};
    for (size_t i = 0; i < samples; i++)
        if ((paths[count] = stats_runs_path(runs, options->rows ? index : i, index)))
            count++;
    document->absent = samples - count;
    document->reference = reference_words(options, reference);
    if (!count)
        vprec_say("%s: it went away since the samples were listed", document->name);
    document->kind = count ? kind_of(options, paths[0]) : STATS_AUTO;
    bool ok = document->kind != STATS_AUTO;
    if (ok)
        ok = (document->kind == STATS_NPY || document->kind == STATS_NPZ ? stats_arrays_document
                                                                         : stats_tokens_document)(
            document, options, paths, count, reference);
    if (ok && runs->reference && !reference)
        stats_warn(document, "the reference does not have it: compared with the mean");
    if (ok)
        stats_document_judge(document, options);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
    free(reference);
    return ok;
}

int main(int argc, char **argv)
{
    stats_options options;
    stats_runs runs;
    vprec_command = "vprec-stats";
    vprec_failure = 1;
    if (argc > 1 && !strcmp(argv[1], "compare"))
        return stats_compare(argc - 1, argv + 1);
    int status = stats_options_parse(&options, argc, argv);
    if (status >= 0)
        return status;
    stats_progress progress;
    stats_progress_begin(&progress, 1, "the list of samples", options.quiet);
    options.progress = &progress;
    status = stats_runs_find(&runs, &options);
    stats_progress_end(&progress);
    stats_report report = {.options = &options, .samples = runs.count, .warnings = runs.warnings,
                           .warning_count = runs.warning_count};
    report.documents = vprec_alloc(runs.document_count, sizeof *report.documents);
    stats_progress_begin(&progress, runs.document_count, "the samples", options.quiet);
    for (size_t i = 0; !status && i < runs.document_count; i++) {
        status = !do_document(&runs, &options, i, &report.documents[i]);
        report.document_count++;
        if (options.rows && (!i || report.documents[i].samples > report.samples))
            report.samples = report.documents[i].samples;
        stats_progress_next(&progress);
    }
    stats_progress_end(&progress);
    if (!status)
        status = !stats_print(&report, stdout);
    for (size_t i = 0; i < report.document_count; i++)
        stats_document_free(&report.documents[i]);
    free(report.documents);
    stats_runs_free(&runs);
    return status;
}
