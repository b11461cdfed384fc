/* SPDX-License-Identifier: Apache-2.0
 * options.c: parses vprec-sweep's command line. */
#include "options.h"
#include "again.h"
#include "common/digest.h"
#include "common/options.h"
#include "common/say.h"
#include "help.h"
#include "vprec.h"
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_FUNCTION = 256,
    OPT_OBJECT,
    OPT_WITHIN,
    OPT_LAYERS,
    OPT_CUMULATIVE,
    OPT_FORK,
    OPT_PASSED,  /* goes to vprec-run, with its value */
    OPT_KEEP,
    OPT_RESTART,
    OPT_OWN,
    OPT_DRY,
    OPT_TIMEOUT,
    OPT_WHY,
    OPT_WHY_TIMEOUT,
    OPT_METRIC,
    OPT_EXTRACT,
    OPT_OUTPUT,
    OPT_TRUTH,
    OPT_HIGHER,
    OPT_LOWER,
    OPT_THRESHOLD,
    OPT_BISECT,
    OPT_REPORT,
    OPT_TITLE,
    OPT_JSON,
    OPT_CSV,
    OPT_RECIPE,
    OPT_REPORT_ONLY,
    OPT_REQUIRE,
    OPT_BASELINE,
    OPT_TOLERANCE,
    OPT_JUNIT,
    OPT_GITHUB,
    OPT_MARKDOWN
};
enum { SAMPLES_MOST = 1000000, JOBS_MOST = 4096 };
enum { WHY_SECONDS = 10 }; /* of one run that counts, unless --why-timeout says otherwise */

static const struct option own_options[] = {
    {"formats", required_argument, NULL, 'f'},
    {"modes", required_argument, NULL, 'm'},
    {"precision", required_argument, NULL, 't'},
    {"samples", required_argument, NULL, 'n'},
    {"seed", required_argument, NULL, 's'},
    {"function", required_argument, NULL, OPT_FUNCTION},
    {"object", required_argument, NULL, OPT_OBJECT},
    {"within", required_argument, NULL, OPT_WITHIN},
    {"layers", optional_argument, NULL, OPT_LAYERS},
    {"cumulative", no_argument, NULL, OPT_CUMULATIVE},
    {"fork-at", required_argument, NULL, OPT_FORK},
    {"dry-run", no_argument, NULL, OPT_DRY},
    {"jobs", required_argument, NULL, 'j'},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"why", required_argument, NULL, OPT_WHY},
    {"why-timeout", required_argument, NULL, OPT_WHY_TIMEOUT},
    {"out", required_argument, NULL, 'o'},
    {"restart", no_argument, NULL, OPT_RESTART},
    {"keep", required_argument, NULL, OPT_KEEP},
    {"own-directory", no_argument, NULL, OPT_OWN},
    {"metric", required_argument, NULL, OPT_METRIC},
    {"extract", required_argument, NULL, OPT_EXTRACT},
    {"output", required_argument, NULL, OPT_OUTPUT},
    {"truth", required_argument, NULL, OPT_TRUTH},
    {"higher", required_argument, NULL, OPT_HIGHER},
    {"lower", required_argument, NULL, OPT_LOWER},
    {"threshold", required_argument, NULL, OPT_THRESHOLD},
    {"bisect", no_argument, NULL, OPT_BISECT},
    {"require", required_argument, NULL, OPT_REQUIRE},
    {"baseline", required_argument, NULL, OPT_BASELINE},
    {"tolerance", required_argument, NULL, OPT_TOLERANCE},
    {"junit", required_argument, NULL, OPT_JUNIT},
    {"github", no_argument, NULL, OPT_GITHUB},
    {"markdown", required_argument, NULL, OPT_MARKDOWN},
    {"report", required_argument, NULL, OPT_REPORT},
    {"report-only", required_argument, NULL, OPT_REPORT_ONLY},
    {"title", required_argument, NULL, OPT_TITLE},
    {"json", required_argument, NULL, OPT_JSON},
    {"recipe", required_argument, NULL, OPT_RECIPE},
    {"csv", required_argument, NULL, OPT_CSV},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
};
enum { OWN = sizeof own_options / sizeof *own_options };
/* Options of vprec-run that a cell has no use for: what they do is done here. The others go to every cell. */
static const char *const refused[] = {"format", "mode", "list", "formats", "reference", "report", "replay", "dump-layers"};
#define SHORT_OPTIONS "f:m:t:n:s:j:o:qhV"

struct option *sweep_options_list(size_t *own)
{
    const struct option *theirs = vprec_options_list();
    size_t count = 0;
    for (const struct option *o = theirs; o->name; o++)
        count++;
    struct option *all = vprec_alloc(OWN + count + 1, sizeof *all);
    memcpy(all, own_options, sizeof own_options);
    struct option *end = all + OWN;
    *own = OWN;
    for (; theirs->name; theirs++) {
        bool ours = false;
        for (size_t i = 0; i < OWN; i++)
            ours |= !strcmp(own_options[i].name, theirs->name);
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            ours |= !strcmp(refused[i], theirs->name);
        if (!ours)
            *end++ = (struct option){theirs->name, theirs->has_arg, NULL, OPT_PASSED};
    }
    return all;
}

/* What is remembered until all options are known. */
typedef struct later {
    sweep_list higher, lower, words; /* words: what --formats was given, as it was written */
} later;

static void later_free(later *l)
{
    sweep_list_free(&l->higher);
    sweep_list_free(&l->lower);
    sweep_list_free(&l->words);
    *l = (later){.words = {NULL, 0}};
}

/* "e5m10" of "f64=e5m10" and of itself. */
static const char *without_type(const char *part)
{
    return !strncmp(part, "f32=", 4) || !strncmp(part, "f64=", 4) ? part + 4 : part;
}

/* Whether every format that the word stands for is one. */
static bool is_format(const char *word)
{
    sweep_list list = {NULL, 0};
    /* A path, or braces without a digit, is none; and so nothing is said about it. */
    bool good = *word && *word != '-' && (strpbrk(word, "0123456789") || !strpbrk(word, "{}"));
    for (const char *c = word; good && *c; c++)
        good = isalnum((unsigned char)*c) || strchr("{},.=:_-", *c);
    if (!good || strstr(word, ",,") || !sweep_expand("--formats", word, &list))
        return false;
    for (size_t i = 0; good && i < list.count; i++) {
        char *rest = list.items[i];
        for (char *part; good && (part = strsep(&rest, ","));) {
            vprec_format format;
            good = vprec_format_parse(without_type(part), VPREC_F64, &format, NULL, 0) == VPREC_OK;
        }
    }
    sweep_list_free(&list);
    return good;
}

/* --formats takes the words that follow, up to an option: all of them where -- ends them, else those that are
 * formats. */
static bool take_formats(sweep_options *o, later *l, int argc, char **argv)
{
    bool closed = false, ok = sweep_expand("--formats", optarg, &o->formats);
    sweep_list_add(&l->words, vprec_text("%s", optarg));
    for (int i = optind; i < argc && !closed; i++) {
        closed = !strcmp(argv[i], "--");
        if (*argv[i] == '-')
            break;
    }
    while (ok && optind < argc && *argv[optind] != '-' && (closed || is_format(argv[optind]))) {
        sweep_list_add(&l->words, vprec_text("%s", argv[optind]));
        ok = sweep_expand("--formats", argv[optind++], &o->formats);
    }
    o->formats_given = true;
    return ok;
}

/* What is to be said of formats that were written out; of those that braces stand for nothing. */
static void remark(const sweep_list *words)
{
    sweep_list said = {NULL, 0};
    for (size_t i = 0; i < words->count; i++) {
        char *rest = strchr(words->items[i], '{') ? NULL : words->items[i];
        for (char *part; (part = strsep(&rest, ","));) {
            vprec_format format;
            const char *text = NULL;
            if (vprec_format_parse(without_type(part), VPREC_F64, &format, NULL, 0) == VPREC_OK)
                text = vprec_format_remark(&format);
            if (!text || sweep_list_has(&said, text))
                continue;
            sweep_list_add(&said, vprec_text("%s", text));
            vprec_say("%s", text);
        }
    }
    sweep_list_free(&said);
}

static bool take_number(const char *option, const char *text, uint32_t most, uint32_t *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (!errno && *text >= '0' && *text <= '9' && !*end && value && value <= most) {
        *number = (uint32_t)value;
        return true;
    }
    vprec_say("bad number '%s' for %s: use a whole number from 1 to %u", text, option, most);
    return false;
}

static bool take_timeout(const char *option, const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    if (!strcmp(text, "none"))
        *seconds = 0;
    else if (end == text || *end || !(*seconds > 0 && *seconds < 1e9)) {
        vprec_say("%s '%s': give seconds, above 0, or none", option, text);
        return false;
    }
    return true;
}

bool sweep_take_share(const char *option, const char *text, double *share)
{
    char *end;
    *share = strtod(text, &end) / 100;
    if (end != text && *share >= 0 && *share < 1e9 && !strcmp(end + strspn(end, " "), "%"))
        return true;
    vprec_say("%s '%s': give a share, such as 1%%", option, text);
    return false;
}

static bool take_why(sweep_options *o, const char *text)
{
    static const char *const names[] = {"all", "native", "none"}; /* by enum sweep_why */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i])) {
            o->why = (sweep_why)i;
            return true;
        }
    vprec_say("--why '%s': say all, native or none", text);
    return false;
}

/* "--round=both" */
static void pass(sweep_options *o, const char *name, const char *value)
{
    sweep_list_add(&o->passed, value ? vprec_text("--%s=%s", name, value) : vprec_text("--%s", name));
}

static bool take_where(sweep_options *o, const char *kind, const char *glob)
{
    if (!*glob) {
        vprec_say("empty pattern for --%s: give a name or a glob such as 'lib*.so*'", kind);
        return false;
    }
    sweep_list_add(&o->wheres, vprec_text("%s:%s", kind, glob));
    return true;
}

static bool take_fork(sweep_options *o, const char *glob)
{
    if (!strncmp(glob, "fn:", 3)) {
        vprec_say("--fork-at '%s': no process can be made where a function is entered: name a scope of the program's or "
                  "of a framework's, as in 'api:network' or 'torch:<Net>'", glob);
        return false;
    }
    if (*glob && strlen(glob) < VPREC_SCOPE_LENGTH) {
        o->fork_at = glob;
        o->own = true; /* what one cell writes no other one reads */
        return true;
    }
    vprec_say("--fork-at '%.40s': name a scope, as in 'api:network' or 'torch:<Net>'", glob);
    return false;
}

static bool take(sweep_options *o, later *l, int option, const char *name, int argc, char **argv)
{
    switch (option) {
    case 'f': return take_formats(o, l, argc, argv);
    case 'm': return sweep_expand("--modes", optarg, &o->modes);
    case 't': return sweep_expand("--precision", optarg, &o->precisions);
    case 'n': return take_number("--samples", optarg, SAMPLES_MOST, &o->samples);
    case 'j': return take_number("--jobs", optarg, JOBS_MOST, &o->jobs);
    case 's': o->seed = optarg; return true;
    case 'o': free(o->out); o->out = vprec_text("%s", optarg); return true;
    case 'q': o->quiet = true; return true;
    case OPT_FUNCTION: return take_where(o, "function", optarg);
    case OPT_OBJECT: return take_where(o, "object", optarg);
    case OPT_WITHIN: return take_where(o, "within", optarg);
    case OPT_LAYERS: o->layers = optarg ? optarg : "*"; return true;
    case OPT_CUMULATIVE: o->cumulative = true; return true;
    case OPT_FORK: return take_fork(o, optarg);
    case OPT_PASSED: pass(o, name, optarg); return true;
    case OPT_KEEP: sweep_list_add(&o->keep, vprec_text("%s", optarg)); return true;
    case OPT_RESTART: o->restart = true; return true;
    case OPT_OWN: o->own = true; return true;
    case OPT_DRY: o->dry_run = true; return true;
    case OPT_TIMEOUT: return take_timeout("--timeout", optarg, &o->timeout);
    case OPT_WHY: return take_why(o, optarg);
    case OPT_WHY_TIMEOUT: return take_timeout("--why-timeout", optarg, &o->why_timeout);
    case OPT_METRIC: return sweep_metric_add(&o->metrics, optarg);
    case OPT_EXTRACT: return sweep_extract_add(&o->metrics, optarg);
    case OPT_OUTPUT: o->output = optarg; return true;
    case OPT_TRUTH: o->metrics.truth = optarg; return true;
    case OPT_HIGHER: sweep_list_add(&l->higher, vprec_text("%s", optarg)); return true;
    case OPT_LOWER: sweep_list_add(&l->lower, vprec_text("%s", optarg)); return true;
    case OPT_THRESHOLD: o->threshold = optarg; return true;
    case OPT_BISECT: o->bisect = true; return true;
    case OPT_REQUIRE: o->require = optarg; return true;
    case OPT_BASELINE: o->baseline = optarg; return true;
    case OPT_TOLERANCE: return sweep_take_share("--tolerance", optarg, &o->tolerance);
    case OPT_JUNIT: o->junit = optarg; return true;
    case OPT_GITHUB: o->github = true; return true;
    case OPT_MARKDOWN: o->markdown = optarg; return true;
    case OPT_REPORT: o->report = optarg; return true;
    case OPT_REPORT_ONLY: o->report_only = optarg; return true;
    case OPT_TITLE: o->title = optarg; return true;
    case OPT_JSON: o->json = optarg; return true;
    case OPT_CSV: o->csv = optarg; return true;
    case OPT_RECIPE: o->recipe = optarg; return true;
    default: return false;
    }
}

static bool direct(sweep_options *o, const sweep_list *names, const char *option, int better)
{
    for (size_t i = 0; i < names->count; i++) {
        sweep_metric *m = sweep_metric_find(&o->metrics, names->items[i]);
        if (!m) {
            vprec_say("%s '%s': there is no metric of that name: define it with --extract or --metric", option,
                      names->items[i]);
            return false;
        }
        m->better = better;
    }
    return true;
}

/* Where --out is not given: PROGRAM.sweep, or what else the command is; with arguments there are the first one's name and a digest of all in it, so
 * that two scripts of one interpreter do not meet: "python3-a.py-5f1c2a90.sweep". To be freed. */
static char *usual_out(char **program)
{
    enum { NAMED = 40 };
    const char *first = NULL;
    vprec_digest digest = VPREC_DIGEST_BEGIN;
    for (char **word = program; *word; word++) {
        digest = vprec_digest_bytes(digest, *word, strlen(*word) + 1);
        if (word > program && !first && **word != '-')
            first = vprec_base(*word);
    }
    const char *what = strchr(vprec_command, '-') + 1;
    if (!program[1])
        return vprec_text("%s.%s", vprec_base(*program), what);
    char *name = vprec_text("%s%.*s", first && *first ? "-" : "", NAMED, first ? first : "");
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
            *c = '_';
    char *whole = vprec_text("%s%s-%08" PRIx32 ".%s", vprec_base(*program), name, (uint32_t)(digest ^ digest >> 32),
                             what);
    free(name);
    return whole;
}

/* What a requirement, or NULL, speaks of is measured. */
static bool measure_asked(sweep_options *o, const char *asked)
{
    bool ok = true;
    for (const char *part = asked ? asked : ""; ok && *part; part += *part == ',') {
        part += strspn(part, " ");
        char *name = vprec_text("%s", part);
        name[strcspn(name, "<>=:, ")] = 0;
        if (sweep_metric_builtin(name) && !sweep_metric_find(&o->metrics, name))
            ok = sweep_metric_add(&o->metrics, name);
        free(name);
        part += strcspn(part, ",");
    }
    return ok;
}

static bool defaults(sweep_options *o)
{
    bool ok = true;
    if (!o->formats.count)
        ok = sweep_expand("--formats", "e8m{1,2,3,4,5,7,10,13,16,19,23},fp16", &o->formats);
    if (!o->modes.count)
        sweep_list_add(&o->modes, vprec_text("rne"));
    o->metrics_given = o->metrics.count > 0;
    o->threshold = o->threshold ? o->threshold : o->require;
    ok = ok && measure_asked(o, o->threshold) && measure_asked(o, o->require);
    if (!o->metrics.count) {
        ok = ok && sweep_metric_add(&o->metrics, "equal") && sweep_metric_add(&o->metrics, "labels") &&
             sweep_metric_add(&o->metrics, "max-rel");
        if (!o->threshold) /* SWEEP_USUAL_QUESTION */
            ok = ok && sweep_metric_add(&o->metrics, "lone") && sweep_metric_add(&o->metrics, "arrays");
        if (o->samples >= 3)
            ok = ok && sweep_metric_add(&o->metrics, "digits");
    }
    if (!o->out && o->program[0])
        o->out = usual_out(o->program);
    return ok;
}

bool sweep_wants_recipe(const sweep_options *o)
{
    return o->layers && o->threshold && !o->cumulative;
}

/* What does not go together. */
static bool check(const sweep_options *o)
{
    bool early = false;
    for (size_t i = 0; i < o->passed.count; i++)
        early |= !strncmp(o->passed.items[i], "--scope=", 8);
    for (size_t i = 0; i < o->wheres.count; i++)
        early |= !strncmp(o->wheres.items[i], "function:", 9) || !strncmp(o->wheres.items[i], "object:", 7);
    if (!o->program[0])
        vprec_say("no program given: add it, as in vprec-sweep --formats 'e8m{2..10}' -- PROGRAM [ARG...]");
    else if (!*o->out)
        vprec_say("empty name for --out: name a directory, it is made if it does not exist");
    else if (o->bisect && o->require)
        vprec_say("--require with --bisect: each cell has to keep it, and so is run: leave out --bisect");
    else if ((o->junit || o->github) && !o->require && !o->baseline)
        vprec_say("--junit and --github tell what is met: add --require, as in --require 'labels>=99%%', or --baseline");
    else if (o->tolerance > 0 && !o->baseline)
        vprec_say("--tolerance is for what has changed since a baseline: add --baseline FILE, a report by --json");
    else if (o->bisect && !o->threshold)
        vprec_say("--bisect finds a threshold: add --threshold, as in --threshold 'labels>=99%%'");
    else if (o->cumulative && !o->layers)
        vprec_say("--cumulative rounds all layers up to each one: add --layers, or --layers=GLOB");
    else if (o->recipe && !sweep_wants_recipe(o))
        vprec_say("--recipe is made of layers that keep a threshold, each alone: give --layers and --threshold, and no "
                  "--cumulative");
    else if (o->fork_at && early)
        vprec_say("--fork-at with --function, --object or --scope: cells differ in what is rounded while scopes are open: "
                  "use --within, or --layers, or leave out --fork-at");
    else if (o->own && o->keep.count)
        vprec_say("--keep with --own-directory: all that a run writes in its own directory is kept: leave out --keep");
    else if (o->keep.count && o->jobs > 1)
        vprec_say("--keep or --output with --jobs %u: runs side by side would write to the same files: use --jobs 1, "
                  "or --own-directory", o->jobs);
    else if (o->output && (*o->output == '/' || !*o->output || strstr(o->output, "..")))
        vprec_say("--output '%s': name a file below the working directory", o->output);
    else if (o->json && o->csv && !strcmp(o->json, "-") && !strcmp(o->csv, "-"))
        vprec_say("--json - and --csv -: only one can go to standard output");
    else
        return true;
    return false;
}

static void complain(int option, char **argv)
{
    if (option == ':')
        vprec_say("option '%s' needs a value: see vprec-sweep --help", argv[optind - 1]);
    else if (optopt && optopt < 256 && !strchr(SHORT_OPTIONS, optopt))
        vprec_say("unknown option '-%c': see vprec-sweep --help", optopt);
    else if (optopt)
        vprec_say("option '%s' takes no value: leave it out, see vprec-sweep --help", argv[optind - 1]);
    else
        vprec_say("unknown or ambiguous option '%s': see vprec-sweep --help; the program's own options follow its name",
                  argv[optind - 1]);
}

/* Options that say what is told of a sweep, where, and how it is run: --report-only has its own. */
static bool tells(int option)
{
    static const int telling[] = {'o', 'q', 'j', OPT_RESTART, OPT_DRY, OPT_REPORT, OPT_REPORT_ONLY, OPT_JSON, OPT_CSV,
                                  OPT_RECIPE, OPT_BASELINE, OPT_TOLERANCE, OPT_JUNIT, OPT_GITHUB, OPT_MARKDOWN};
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        if (option == telling[i])
            return true;
    return false;
}

/* Keeps the words of an option for --report-only, which is started elsewhere. */
static void give(sweep_options *o, int option, char *const *words, int count)
{
    char *path = option == OPT_TRUTH ? realpath(optarg, NULL) : NULL;
    if (path)
        sweep_list_add(&o->given, vprec_text("--truth=%s", path));
    for (int i = 0; !path && i < count; i++)
        sweep_list_add(&o->given, vprec_text("%s", words[i]));
    free(path);
}

/* The options of a command line. Returns -1, or the status to exit with, all being said. */
static int parse(sweep_options *o, later *l, int argc, char **argv)
{
    size_t own;
    struct option *all = sweep_options_list(&own);
    int status = -1;
    bool kept = false; /* one of several letters in a word is */
    opterr = 0;
    optind = 0;
    for (int option, at = 0, from = 1; status < 0;) {
        if ((option = getopt_long(argc, argv, "+:" SHORT_OPTIONS, all, &at)) == -1)
            break;
        if (option == 'h' || option == 'V') {
            if (option == 'h')
                sweep_help_print(all + own);
            else
                puts("vprec-sweep " VPREC_VERSION);
            status = vprec_stdout_done() ? 0 : SWEEP_EXIT_FAILURE;
        } else if (option == '?' || option == ':') {
            complain(option, argv);
            status = SWEEP_EXIT_USAGE;
        } else if (!take(o, l, option, option == OPT_PASSED ? all[at].name : NULL, argc, argv)) {
            status = SWEEP_EXIT_USAGE;
        }
        kept |= !tells(option);
        if (kept && optind > from)
            give(o, option, argv + from, optind - from);
        kept = kept && optind == from;
        from = optind;
    }
    free(all);
    return status;
}

static bool finish(sweep_options *o, const later *l)
{
    if (o->output && !o->own && !sweep_list_has(&o->keep, o->output))
        sweep_list_add(&o->keep, vprec_text("%s", o->output));
    if (o->fork_at && !o->wheres.count && !o->layers) /* what comes before it is nobody's */
        take_where(o, "within", o->fork_at);
    if (!defaults(o) || !direct(o, &l->higher, "--higher", 1) || !direct(o, &l->lower, "--lower", -1) || !check(o))
        return false;
    if (!o->quiet)
        remark(&l->words);
    return true;
}

/* The options that the sweep in --report-only was begun with, and then these again. The words are kept. */
static int parse_again(sweep_options *o, later *l, int argc, char **argv)
{
    sweep_options first = *o;
    int options = optind, status;
    *o = (sweep_options){.samples = 1, .jobs = 1, .seed = "1", .timeout = -1, .why_timeout = WHY_SECONDS};
    char **words = sweep_again_words(first.report_only, argv, options);
    sweep_options_free(&first);
    if (!words)
        return SWEEP_EXIT_FAILURE;
    for (argc = 0; words[argc]; argc++) {
    }
    status = parse(o, l, argc, words);
    o->again = words;
    o->program = words + optind;
    free(o->out);
    o->out = vprec_text("%s", o->report_only);
    return status;
}

int sweep_options_parse(sweep_options *o, int argc, char **argv)
{
    later l = {.words = {NULL, 0}};
    *o = (sweep_options){.samples = 1, .jobs = 1, .seed = "1", .timeout = -1, .why_timeout = WHY_SECONDS};
    int status = parse(o, &l, argc, argv);
    o->program = argv + optind;
    if (status < 0 && o->report_only && *o->program) {
        vprec_say("--report-only runs no program, and knows which one was run: leave out '%s'", *o->program);
        status = SWEEP_EXIT_USAGE;
    }
    if (status < 0 && o->report_only) {
        later_free(&l);
        status = parse_again(o, &l, argc, argv);
    }
    if (status < 0 && !finish(o, &l))
        status = SWEEP_EXIT_USAGE;
    later_free(&l);
    return status;
}

void sweep_options_free(sweep_options *o)
{
    sweep_list_free(&o->formats);
    sweep_list_free(&o->modes);
    sweep_list_free(&o->precisions);
    sweep_list_free(&o->wheres);
    sweep_list_free(&o->names);
    sweep_list_free(&o->given);
    for (char **word = o->again; word && *word; word++)
        free(*word);
    free(o->again);
    sweep_list_free(&o->passed);
    sweep_list_free(&o->keep);
    sweep_metrics_free(&o->metrics);
    free(o->out);
}
