/* SPDX-License-Identifier: Apache-2.0
 * compare.c: owns the comparison of two runs' arrays, layer by layer in the order in which they were computed. The
 * measures are libvprec's; what is printed of them is compared.c's. */
#include "compare.h"
#include "common/say.h"
#include "measure.h"
#include "stats/read/array.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { EXIT_USAGE = 2, BLOCK = 4096 };

static const char help[] =
    "Usage: vprec-stats compare [options] A B\n"
    "Where two runs part: the outputs of their layers, compared in the order in which they were computed.\n"
    "\n"
    "A and B are directories of .npy and .npz files, a layer each, whose names in natural order (2 before 10)\n"
    "are the layers' order; or one .npz file each, whose members are. Layers are matched by name: of\n"
    "names with a number, '000012 conv', by what follows it, the first with the first and so on.\n"
    "B is measured against A.\n"
    "\n"
    "  -t, --threshold WHAT  what a layer must keep: 'sqnr>=40' (dB, default), 'max-rel<=X', 'mean-rel<=X'\n"
    "                        or 'cosine>=X'\n"
    "  -f, --format FORMAT   table (default), json, csv or md\n"
    "  -h, --help            this text\n"
    "\n"
    "Exit status: 0, also where layers differ; 1 something cannot be read; 2 wrong usage.\n"
    "\n"
    "Example\n"
    "  vprec-stats compare native/ bf16/\n";

/* An array of a run. */
typedef struct layer {
    char *name;
    const stats_array *array;
    bool matched;
} layer;

typedef struct source {
    stats_file file;
    stats_array *arrays;
    size_t count;
} source;

typedef struct run {
    source *sources;
    size_t source_count;
    layer *layers;
    size_t count;
} run;

static void free_run(run *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->layers[i].name);
    for (size_t i = 0; i < r->source_count; i++) {
        stats_arrays_close(r->sources[i].arrays, r->sources[i].count);
        stats_file_close(&r->sources[i].file);
    }
    free(r->layers);
    free(r->sources);
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n > e && !strcmp(name + n - e, ending);
}

/* The arrays of a file that is called `stem` in its run, "" where it is the whole run. */
static bool add_file(run *r, const char *path, const char *stem)
{
    source *s = &r->sources[r->source_count];
    if (!stats_file_open(&s->file, path))
        return false;
    stats_kind kind = stats_file_kind(&s->file);
    bool ok = kind == STATS_NPY || kind == STATS_NPZ;
    if (!ok && kind != STATS_AUTO)
        vprec_say("%s: not an array: compare takes .npy and .npz files, and directories of them", path);
    if (!ok || !stats_arrays_open(&s->file, kind, &s->arrays, &s->count)) {
        stats_file_close(&s->file);
        return false;
    }
    r->source_count++;
    r->layers = vprec_grow(r->layers, r->count + s->count, sizeof *r->layers);
    for (size_t i = 0; i < s->count; i++) {
        const char *name = s->arrays[i].name;
        bool alone = !*name || (s->count == 1 && *stem);
        char *whole = !*stem && !*name ? vprec_text("array")
                      : alone         ? vprec_text("%s", *stem ? stem : name)
                      : *stem         ? vprec_text("%s/%s", stem, name)
                                      : vprec_text("%s", name);
        r->layers[r->count++] = (layer){.name = whole, .array = &s->arrays[i]};
    }
    stats_file_rest(&s->file);
    return true;
}

static int wanted(const struct dirent *entry)
{
    return ends_in(entry->d_name, ".npy") || ends_in(entry->d_name, ".npz");
}

static bool open_run(run *r, const char *path)
{
    struct stat is;
    *r = (run){0};
    if (stat(path, &is) || !S_ISDIR(is.st_mode)) {
        r->sources = vprec_alloc(1, sizeof *r->sources);
        return add_file(r, path, "");
    }
    struct dirent **entries;
    int count = scandir(path, &entries, wanted, versionsort);
    if (count < 0) {
        vprec_say("%s: cannot read the directory (%s)", path, strerror(errno));
        return false;
    }
    r->sources = vprec_alloc((size_t)count + 1, sizeof *r->sources);
    bool ok = count > 0;
    if (!ok)
        vprec_say("%s: no .npy or .npz file in it: give the directory in which a run left its layers", path);
    for (int i = 0; i < count; i++) {
        char *whole = vprec_text("%s/%s", path, entries[i]->d_name), *stem = entries[i]->d_name;
        stem[strlen(stem) - strlen(".npy")] = 0;
        ok = ok && add_file(r, whole, stem);
        free(whole);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* ---- one layer ---- */

static bool same_shape(const stats_array *a, const stats_array *b)
{
    return a->dimensions == b->dimensions &&
           (!a->dimensions || !memcmp(a->shape, b->shape, (size_t)a->dimensions * sizeof *a->shape));
}

static bool measure(stats_pair *pair, const stats_array *a, const stats_array *b, const vprec_probe_options *threshold)
{
    static const vprec_outcomes none;
    static _Alignas(16) unsigned char raw[2][BLOCK * STATS_ELEMENT_MOST];
    static double y[BLOCK], x[BLOCK];
    vprec_gather gather = {0};
    for (uint64_t first = 0; first < a->count; first += gather.n) {
        gather.n = a->count - first < BLOCK ? (size_t)(a->count - first) : BLOCK;
        if (!stats_array_read(a, first, gather.n, raw[0]) || !stats_array_read(b, first, gather.n, raw[1]))
            return false;
        stats_array_convert(a, raw[0], 0, gather.n, y);
        stats_array_convert(b, raw[1], 0, gather.n, x);
        for (size_t i = 0; i < gather.n; i++) {
            uint64_t bits[2];
            memcpy(&bits[0], &y[i], sizeof bits[0]);
            memcpy(&bits[1], &x[i], sizeof bits[1]);
            pair->differ += bits[0] != bits[1] && !(isnan(y[i]) && isnan(x[i]));
        }
        vprec_gather_sample(&gather, x, y, &none);
    }
    vprec_gather_measure(&gather, NULL, threshold, &pair->measure);
    return true;
}

/* Without the number in front of it, "000012 conv", which says when it came: where threads run at once, that is now so,
 * now so. */
static const char *without_number(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    return digits && name[digits] == ' ' && name[digits + 1] ? name + digits + 1 : name;
}

/* The first one of the name that has not been matched yet. */
static layer *find(run *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->layers[i].matched && !strcmp(without_number(r->layers[i].name), without_number(name)))
            return &r->layers[i];
    return NULL;
}

static void note_first(stats_comparison *c, size_t i)
{
    const stats_pair *pair = &c->pairs[i];
    bool apart = pair->missing || !pair->shapes;
    if (c->first_different == VPREC_NONE && (apart || pair->differ))
        c->first_different = i;
    if (c->first_beyond == VPREC_NONE && (apart || !pair->measure.within))
        c->first_beyond = i;
}

static bool compare_runs(stats_comparison *c, run *a, run *b)
{
    c->pairs = vprec_alloc(a->count + b->count, sizeof *c->pairs);
    for (size_t i = 0; i < a->count; i++) {
        layer *other = find(b, a->layers[i].name);
        stats_pair *pair = &c->pairs[c->count++];
        *pair = (stats_pair){.name = vprec_text("%s", a->layers[i].name), .elements = a->layers[i].array->count,
                             .missing = other ? NULL : c->runs[1]};
        if (other)
            other->matched = true;
        pair->shapes = other && same_shape(a->layers[i].array, other->array);
        if (pair->shapes && !measure(pair, a->layers[i].array, other->array, &c->threshold))
            return false;
        note_first(c, c->count - 1);
    }
    for (size_t i = 0; i < b->count; i++) {
        if (b->layers[i].matched)
            continue;
        c->pairs[c->count++] = (stats_pair){.name = vprec_text("%s", b->layers[i].name), .missing = c->runs[0]};
        note_first(c, c->count - 1);
    }
    return true;
}

/* ---- the command line ---- */

const char *const stats_thresholds[VPREC_METRICS] = {
    [VPREC_METRIC_SQNR] = "sqnr>=",
    [VPREC_METRIC_MAX_RELATIVE] = "max-rel<=",
    [VPREC_METRIC_MEAN_RELATIVE] = "mean-rel<=",
    [VPREC_METRIC_COSINE] = "cosine>=",
    [VPREC_METRIC_BITS] = "bits>=",
};

static bool take_threshold(vprec_probe_options *threshold, const char *text)
{
    for (int i = 0; i < VPREC_METRICS; i++) {
        size_t length = strlen(stats_thresholds[i]);
        if (i == VPREC_METRIC_BITS || strncmp(text, stats_thresholds[i], length))
            continue;
        char *end;
        threshold->metric = (vprec_metric)i;
        threshold->tolerance = strtod(text + length, &end);
        if (end != text + length && !*end && !isnan(threshold->tolerance))
            return true;
        break;
    }
    vprec_say("--threshold '%s': give sqnr>=X, max-rel<=X, mean-rel<=X or cosine>=X, X a number", text);
    return false;
}

static bool take_format(stats_format *format, const char *text)
{
    for (int i = 0; i < STATS_OUT_COUNT; i++) {
        if (strcmp(stats_format_names[i], text))
            continue;
        *format = (stats_format)i;
        return true;
    }
    vprec_say("unknown --format '%s': there are table, json, csv and md", text);
    return false;
}

/* -1: go on; else the status to exit with, having said why. */
static int parse(stats_comparison *c, int argc, char **argv)
{
    static const struct option options[] = {{"threshold", required_argument, NULL, 't'},
                                            {"format", required_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":t:f:h", options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(help, stdout);
            return vprec_stdout_done() ? 0 : 1;
        }
        if (option == '?' || option == ':') {
            vprec_say("%s %s: vprec-stats compare --help lists the options",
                      option == '?' ? "unknown option" : "no argument of", argv[optind - 1]);
            return EXIT_USAGE;
        }
        if (!(option == 't' ? take_threshold(&c->threshold, optarg) : take_format(&c->format, optarg)))
            return EXIT_USAGE;
    }
    if (argc - optind != 2) {
        vprec_say("compare takes two runs, not %d: vprec-stats compare A B", argc - optind);
        return EXIT_USAGE;
    }
    c->runs[0] = argv[optind];
    c->runs[1] = argv[optind + 1];
    return -1;
}

int stats_compare(int argc, char **argv)
{
    stats_comparison c = {.threshold = {.metric = VPREC_METRIC_SQNR, .tolerance = 40, .probability = 0.95,
                                        .confidence = 0.95},
                          .first_different = VPREC_NONE, .first_beyond = VPREC_NONE};
    int status = parse(&c, argc, argv);
    if (status >= 0)
        return status;
    run a, b = {0};
    bool ok = open_run(&a, c.runs[0]) && open_run(&b, c.runs[1]) && compare_runs(&c, &a, &b);
    ok = ok && stats_comparison_print(&c, stdout);
    for (size_t i = 0; i < c.count; i++)
        free(c.pairs[i].name);
    free(c.pairs);
    free_run(&a);
    free_run(&b);
    return ok ? 0 : 1;
}
