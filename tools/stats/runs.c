/* SPDX-License-Identifier: Apache-2.0
 * runs.c: samples, their documents, the reference. */
#include "runs.h"
#include "common/json.h"
#include "common/say.h"
#include "progress.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void push(char ***list, size_t *count, char *text)
{
    *list = vprec_grow(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_directory(const char *path)
{
    struct stat is;
    return !stat(path, &is) && S_ISDIR(is.st_mode);
}

static bool all_digits(const char *text)
{
    for (; *text; text++)
        if (!isdigit((unsigned char)*text))
            return false;
    return true;
}

/* Paths of the regular files below `top`/`below`, relative to `top`. */
static bool list_files(const char *top, const char *below, char ***list, size_t *count)
{
    char *path = vprec_text("%s%s%s", top, *below ? "/" : "", below);
    DIR *directory = opendir(path);
    bool ok = directory != NULL;
    if (!ok)
        vprec_say("%s: cannot read the directory (%s)", path, strerror(errno));
    for (struct dirent *entry; ok && (entry = readdir(directory));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        struct stat is;
        char *name = vprec_text("%s%s%s", below, *below ? "/" : "", entry->d_name);
        char *whole = vprec_text("%s/%s", top, name);
        if (!lstat(whole, &is) && S_ISDIR(is.st_mode))
            ok = list_files(top, name, list, count);
        else if (S_ISREG(is.st_mode)) {
            push(list, count, name);
            name = NULL;
        }
        free(whole);
        free(name);
    }
    if (directory)
        closedir(directory);
    free(path);
    return ok;
}

/* A sample of vprec-run leaves standard output and files/; any other directory is documents all through. */
static bool list_documents(const char *sample, char ***list, size_t *count)
{
    char *output = vprec_text("%s/stdout", sample), *files = vprec_text("%s/files", sample);
    bool ok = true;
    if (!access(output, F_OK)) {
        push(list, count, vprec_text("stdout"));
        if (is_directory(files))
            ok = list_files(sample, "files", list, count);
    } else {
        ok = list_files(sample, "", list, count);
    }
    free(output);
    free(files);
    return ok;
}

/* Whether a sample of vprec-run counts; else why not, in `why`. */
static bool sample_counts(const char *path, const stats_options *options, const char **why)
{
    char *output = vprec_text("%s/stdout", path), *name = vprec_text("%s/status.json", path);
    json_t *status = NULL;
    *why = NULL;
    if (!access(output, F_OK)) {
        status = vprec_json_read(name);
        json_t *signal = json_object_get(status, "program_signal");
        if (!status)
            *why = "not finished";
        else if (!options->failed && (json_integer_value(json_object_get(status, "status")) ||
                                      json_integer_value(json_object_get(status, "program_status")) ||
                                      (signal && !json_is_null(signal))))
            *why = "failed";
    }
    json_decref(status);
    free(output);
    free(name);
    return !*why;
}

static void warn(stats_runs *runs, char *text)
{
    push(&runs->warnings, &runs->warning_count, text);
}

/* The samples DIR/NNNN of a directory of vprec-run; false where there are none. */
static bool add_numbered(stats_runs *runs, const char *path, size_t index, const stats_options *options)
{
    DIR *directory = opendir(path);
    char **names = NULL, *failed = NULL;
    size_t count = 0, left_out[2] = {0};
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (all_digits(entry->d_name))
            push(&names, &count, vprec_text("%s/%s", path, entry->d_name));
    if (directory)
        closedir(directory);
    if (count)
        qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++) {
        const char *why;
        double share = ((double)index + (double)i / (double)count) / (double)options->path_count;
        stats_progress_tell(options->progress, share / 2); /* the other half lists documents */
        if (sample_counts(names[i], options, &why)) {
            push(&runs->samples, &runs->count, names[i]);
        } else {
            bool ended = !strcmp(why, "failed");
            if (ended && !failed)
                failed = vprec_text("%s/stderr", names[i]);
            left_out[ended]++;
            free(names[i]);
        }
    }
    free(names);
    if (left_out[0])
        warn(runs, vprec_text("%zu of %zu samples in %s are not finished and left out", left_out[0], count, path));
    if (left_out[1])
        warn(runs, vprec_text("%zu of %zu samples in %s failed and are left out: see %s; --failed keep counts them too",
                              left_out[1], count, path, failed));
    free(failed);
    return count > 0;
}

static bool add_directory(stats_runs *runs, const char *path, size_t index, const stats_options *options)
{
    char *reference = vprec_text("%s/reference", path);
    bool numbered = add_numbered(runs, path, index, options);
    if (numbered && !runs->reference && !options->has_value && !options->reference && is_directory(reference)) {
        const char *why;
        if (sample_counts(reference, options, &why)) {
            runs->reference = reference;
            reference = NULL;
        } else {
            warn(runs, vprec_text("the reference run %s %s: compared with the mean instead", reference,
                                  !strcmp(why, "failed") ? "failed" : "is not finished"));
        }
    }
    free(reference);
    if (!numbered)
        push(&runs->samples, &runs->count, vprec_text("%s", path));
    return true;
}

/* All names that any sample has: standard output first, the others sorted, each once. */
static bool join_documents(stats_runs *runs, stats_progress *progress)
{
    char **all = NULL;
    size_t count = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < runs->count; i++) {
        stats_progress_tell(progress, 0.5 + (double)i / (double)runs->count / 2);
        ok = list_documents(runs->samples[i], &all, &count);
        if (count > 65536 || i + 1 == runs->count || !ok) { /* keep it small: sort, and away with what is there twice */
            size_t kept = 0;
            if (count)
                qsort(all, count, sizeof *all, by_text);
            for (size_t k = 0; k < count; k++)
                if (kept && !strcmp(all[kept - 1], all[k]))
                    free(all[k]);
                else
                    all[kept++] = all[k];
            count = kept;
        }
    }
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < count; k++)
            if (!strcmp(all[k], "stdout") == !pass)
                push(&runs->documents, &runs->document_count, all[k]);
    free(all);
    return ok;
}

static int find_samples(stats_runs *runs, const stats_options *options)
{
    size_t directories = 0;
    for (size_t i = 0; i < options->path_count; i++) {
        const char *path = options->paths[i];
        if (strcmp(path, "-") && access(path, F_OK)) {
            vprec_say("cannot read '%s' (%s): check the path", path, strerror(errno));
            return 1;
        }
        directories += is_directory(path);
    }
    runs->directories = directories > 0;
    if (directories && directories < options->path_count) {
        vprec_say("files and directories are mixed: give the samples' files, or their directories");
        return 2;
    }
    if (directories && options->rows) {
        vprec_say("--rows is for files: a directory is a sample, or holds samples");
        return 2;
    }
    for (size_t i = 0; i < options->path_count; i++)
        if (!directories)
            push(&runs->samples, &runs->count, vprec_text("%s", options->paths[i]));
        else
            add_directory(runs, options->paths[i], i, options);
    return 0;
}

int stats_runs_find(stats_runs *runs, const stats_options *options)
{
    *runs = (stats_runs){0};
    int status = find_samples(runs, options);
    if (status)
        return status;
    if (options->reference) {
        if (strcmp(options->reference, "-") && access(options->reference, F_OK)) {
            vprec_say("--reference %s: %s: give a file, a directory or a number", options->reference, strerror(errno));
            return 1;
        }
        if (is_directory(options->reference) != runs->directories) {
            vprec_say("--reference %s: %s", options->reference,
                      runs->directories ? "the samples are directories, so the reference must be one"
                                        : "the samples are files, so the reference must be one");
            return 2;
        }
        runs->reference = vprec_text("%s", options->reference);
    }
    if (!runs->count) {
        for (size_t i = 0; i < runs->warning_count; i++)
            vprec_say("%s", runs->warnings[i]);
        vprec_say("no sample is left");
        return 1;
    }
    if (runs->count < 2 && !options->rows) {
        vprec_say("%s: one sample says nothing about its digits: give more files, a directory of samples, or "
                  "--rows where the samples are the rows of one file",
                  runs->samples[0]);
        return 2;
    }
    if (runs->directories)
        return join_documents(runs, options->progress) ? 0 : 1;
    for (size_t i = 0; i < (options->rows ? runs->count : 1); i++) {
        const char *base = vprec_base(runs->samples[i]);
        bool same = true;
        for (size_t k = 1; k < runs->count && !options->rows; k++)
            same &= !strcmp(base, vprec_base(runs->samples[k]));
        push(&runs->documents, &runs->document_count,
             options->rows ? vprec_text("%s", runs->samples[i])
             : same        ? vprec_text("%s", base)
                           : vprec_text("%s ... %s", runs->samples[0], runs->samples[runs->count - 1]));
    }
    return 0;
}

static void free_all(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

void stats_runs_free(stats_runs *runs)
{
    free_all(runs->samples, runs->count);
    free_all(runs->documents, runs->document_count);
    free_all(runs->warnings, runs->warning_count);
    free(runs->reference);
}

static char *path_below(const stats_runs *runs, const char *top, size_t document)
{
    if (!runs->directories)
        return vprec_text("%s", top);
    char *path = vprec_text("%s/%s", top, runs->documents[document]);
    if (!access(path, F_OK))
        return path;
    free(path);
    return NULL;
}

char *stats_runs_path(const stats_runs *runs, size_t sample, size_t document)
{
    return path_below(runs, runs->samples[sample], document);
}

char *stats_runs_reference(const stats_runs *runs, size_t document)
{
    return runs->reference ? path_below(runs, runs->reference, document) : NULL;
}
