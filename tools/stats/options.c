/* SPDX-License-Identifier: Apache-2.0
 * options.c: parses and checks vprec-stats's command line. Opens nothing. */
#include "options.h"
#include "common/say.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, NUMBERS_SHOWN = 20, NUMBERS_KEPT = 10000 };

static const char help[] =
    "Usage: vprec-stats [options] FILE|DIR...\n"
    "       vprec-stats compare [options] A B     where two runs part, layer by layer: compare --help\n"
    "How many digits of a result can be trusted, from samples of it.\n"
    "\n"
    "DIR is a directory of vprec-run --samples; several DIRs may also be samples each, whose files\n"
    "are matched by name. Of FILEs each is a sample: .npy, .npz, .csv, .tsv, .json, .jsonl, text;\n"
    "- is standard input. Numbers are matched by their place, in text by their order where lines differ;\n"
    "words are labels that agree or not.\n"
    "\n"
    "  -r, --reference WHAT  a file, a directory, or a number to compare with. Default: DIR/reference\n"
    "                        where there is one, else the mean, which shows no bias\n"
    "  -m, --method LIST     cnh (normal samples), bernoulli (any), cestac, or all (default)\n"
    "  -e, --error KIND      rel (default) or abs\n"
    "      --ddof N          sd divides by n-N: 1 (default) or 0\n"
    "  -c, --confidence C    of the bounds, default 0.95\n"
    "  -p, --probability P[,Q]\n"
    "                        share of all runs for which significant (default 0.95) and contributing\n"
    "                        bits (0.51) hold\n"
    "      --rows            the samples are the rows of a file: lines of text, records of CSV, elements\n"
    "                        of a JSON array, the first index of an array\n"
    "  -i, --input KIND      auto (default: by name and content), npy, npz, csv, tsv, json or text\n"
    "  -n, --numbers N|all   of each array or column list so many, the worst; default 20 in tables,\n"
    "                        10000 in JSON and CSV\n"
    "      --failed WHAT     samples that failed: skip (default) or keep\n"
    "  -f, --format FORMAT   table (default), json, csv or md\n"
    "  -q, --quiet           no progress on the terminal\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "Exit status: 0, 1 something cannot be read or compared, 2 wrong usage.\n"
    "\n"
    "Examples\n"
    "  vprec-run -f bf16 -m sr -n 30 -o runs --reference native -- ./infer; vprec-stats runs\n"
    "  vprec-stats --reference exact.npy run*.npy\n"
    "  vprec-stats --rows --reference 2 samples.txt       one number in each line, compared with 2\n"
    "  vprec-stats --method bernoulli -p 0.99 -f json runs | jq .documents[].total\n"
    "  ./simulate | vprec-stats --rows -i csv -f md -\n";

enum { OPT_DDOF = 256, OPT_ROWS, OPT_FAILED };
static const struct option long_options[] = {
    {"reference", required_argument, NULL, 'r'}, {"method", required_argument, NULL, 'm'},
    {"error", required_argument, NULL, 'e'},     {"ddof", required_argument, NULL, OPT_DDOF},
    {"confidence", required_argument, NULL, 'c'}, {"probability", required_argument, NULL, 'p'},
    {"rows", no_argument, NULL, OPT_ROWS},       {"input", required_argument, NULL, 'i'},
    {"numbers", required_argument, NULL, 'n'},   {"failed", required_argument, NULL, OPT_FAILED},
    {"format", required_argument, NULL, 'f'},    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},            {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* The position of `text` in the list, or -1, having said what there is. */
static int choose(const char *option, const char *text, const char *const *list, size_t count, const char *all)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] && !strcmp(list[i], text))
            return (int)i;
    vprec_say("unknown %s '%s': there are %s", option, text, all);
    return -1;
}

static bool real_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end;
}

static bool between(const char *option, const char *text, double low, double high, bool closed, double *value)
{
    if (real_number(text, value) && *value > low && (*value < high || (closed && *value == high)))
        return true;
    vprec_say("%s '%s': give a number above %g and %s %g", option, text, low, closed ? "at most" : "below", high);
    return false;
}

static bool take_methods(stats_options *o, const char *text)
{
    static const char *const names[] = {"cnh", "bernoulli", "cestac", "all"};
    static const unsigned methods[] = {STATS_METHOD_CNH, STATS_METHOD_BERNOULLI, STATS_METHOD_CESTAC,
                                       STATS_METHOD_ALL};
    char *list = vprec_text("%s", text), *rest = list;
    bool ok = true;
    o->methods = 0;
    for (char *name; ok && (name = strsep(&rest, ","));) {
        int at = choose("--method", name, names, 4, "cnh, bernoulli, cestac and all");
        ok = at >= 0;
        o->methods |= ok ? methods[at] : 0;
    }
    free(list);
    return ok;
}

static bool take_probability(stats_options *o, const char *text)
{
    char *first = vprec_text("%s", text), *comma = strchr(first, ',');
    if (comma)
        *comma = 0;
    bool ok = between("--probability", first, 0, 1, false, &o->probability) &&
              (!comma || between("--probability for contributing bits", comma + 1, 0.5, 0.7, true, &o->contributing));
    free(first);
    return ok;
}

static bool take_numbers(stats_options *o, const char *text)
{
    char *end;
    if (!strcmp(text, "all")) {
        o->numbers = SIZE_MAX;
        return true;
    }
    errno = 0;
    o->numbers = strtoul(text, &end, 10);
    if (!errno && end != text && !*end && *text >= '0' && *text <= '9')
        return true;
    vprec_say("--numbers '%s': give a count, or all", text);
    return false;
}

static bool take(stats_options *o, int option, const char *text)
{
    static const char *const errors[] = {"rel", "abs"}, *const failed[] = {"skip", "keep"}, *const ddofs[] = {"0", "1"};
    int at = 0;
    switch (option) {
    case 'r':
        o->has_value = real_number(text, &o->value);
        o->reference = o->has_value ? NULL : text;
        if (o->has_value && !isfinite(o->value)) {
            vprec_say("--reference %s: give a finite number, or a file (./%s)", text, text);
            return false;
        }
        return true;
    case 'm': return take_methods(o, text);
    case 'p': return take_probability(o, text);
    case 'n': return take_numbers(o, text);
    case 'c': return between("--confidence", text, 0, 1, false, &o->confidence);
    case 'e':
        at = choose("--error", text, errors, 2, "rel and abs");
        o->absolute = at == 1;
        return at >= 0;
    case 'f':
        at = choose("--format", text, stats_format_names, STATS_OUT_COUNT, "table, json, csv and md");
        o->format = (stats_format)at;
        return at >= 0;
    case 'i':
        at = choose("--input", text, stats_kind_names, STATS_BINARY, "auto, npy, npz, csv, tsv, json and text");
        o->kind = (stats_kind)at;
        return at >= 0;
    case OPT_DDOF:
        at = choose("--ddof", text, ddofs, 2, "0 and 1");
        o->ddof = at;
        return at >= 0;
    case OPT_FAILED:
        at = choose("--failed", text, failed, 2, "skip and keep");
        o->failed = at == 1;
        return at >= 0;
    case OPT_ROWS: o->rows = true; return true;
    case 'q': o->quiet = true; return true;
    default: return false;
    }
}

int stats_options_parse(stats_options *o, int argc, char **argv)
{
    *o = (stats_options){.methods = STATS_METHOD_ALL, .ddof = 1, .confidence = 0.95, .probability = 0.95,
                         .contributing = 0.51, .numbers = SIZE_MAX - 1};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":r:m:e:c:p:i:n:f:qhV", long_options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(help, stdout);
            return vprec_stdout_done() ? 0 : 1;
        }
        if (option == 'V') {
            puts("vprec-stats " VPREC_VERSION);
            return vprec_stdout_done() ? 0 : 1;
        }
        if (option == '?' || option == ':') {
            vprec_say("%s %s: vprec-stats --help lists the options", option == '?' ? "unknown option" : "no argument of",
                      argv[optind - 1]);
            return EXIT_USAGE;
        }
        if (!take(o, option, optarg))
            return EXIT_USAGE;
    }
    o->paths = argv + optind;
    o->path_count = (size_t)(argc - optind);
    if (o->numbers == SIZE_MAX - 1)
        o->numbers = o->format == STATS_OUT_TABLE || o->format == STATS_OUT_MD ? NUMBERS_SHOWN : NUMBERS_KEPT;
    if (!o->path_count) {
        vprec_say("no samples: give files or directories; vprec-stats --help has examples");
        return EXIT_USAGE;
    }
    size_t inputs = o->reference && !strcmp(o->reference, "-");
    for (size_t i = 0; i < o->path_count; i++)
        inputs += !strcmp(o->paths[i], "-");
    if (inputs > 1) {
        vprec_say("- is there twice: standard input can be read once");
        return EXIT_USAGE;
    }
    return -1;
}
