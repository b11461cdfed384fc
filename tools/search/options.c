/* SPDX-License-Identifier: Apache-2.0
 * options.c: see options.h. Takes its own options, and hands all others to vprec-sweep's parser, spelled out. */
#include "options.h"
#include "common/say.h"
#include "vprec.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_REQUIRE = SEARCH_PASSED + 1,
    OPT_BUDGET,
    OPT_STRATEGY,
    OPT_CONFIRM,
    OPT_JSON,
    OPT_RECIPE,
    OPT_DRY,
    OPT_MODE
};
enum { BUDGET = 40, BUDGET_MOST = 100000 };
#define SHORT_OPTIONS "u:f:m:n:s:j:o:qhV"
#define FORMATS "e8m{1..8},e8m{10..19..3}"

const char *const search_kind_names[] = {"layer", "function", "object"};
const char *const search_strategy_names[SEARCH_STRATEGIES_COUNT] = {
#define SEARCH_STRATEGY_ENTRY(id, name, about) name,
    SEARCH_STRATEGIES(SEARCH_STRATEGY_ENTRY)
#undef SEARCH_STRATEGY_ENTRY
};

static const struct option own_options[] = {
    {"units", required_argument, NULL, 'u'},
    {"require", required_argument, NULL, OPT_REQUIRE},
    {"budget", required_argument, NULL, OPT_BUDGET},
    {"strategy", required_argument, NULL, OPT_STRATEGY},
    {"mode", required_argument, NULL, OPT_MODE},
    {"confirm", required_argument, NULL, OPT_CONFIRM},
    {"json", required_argument, NULL, OPT_JSON},
    {"recipe", required_argument, NULL, OPT_RECIPE},
    {"dry-run", no_argument, NULL, OPT_DRY},
};
enum { OWN = sizeof own_options / sizeof *own_options };
/* Of vprec-sweep's and vprec-run's those that go to every run; the others a search decides itself, or cannot use. */
static const char *const taken[] = {
    "formats",  "samples", "seed",   "jobs",          "timeout", "out",  "restart", "keep",    "own-directory",
    "metric",   "extract", "output", "truth",         "higher",  "lower", "quiet",  "help",    "version",
    "noise",    "round",   "exec",   "skip-function", "jit",     "fast", "preset",  "skip-jit", "skip-object",
    "elementary", "ops",   "integer-rounding"};

static bool is_taken(const char *name)
{
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(taken[i], name))
            return true;
    return false;
}

/* Ours, then vprec-sweep's: with a short name those that have one there, else SEARCH_PASSED. To be freed. */
static struct option *all_options(void)
{
    size_t own, count = 0;
    struct option *theirs = sweep_options_list(&own);
    while (theirs[count].name)
        count++;
    struct option *all = vprec_alloc(OWN + count + 1, sizeof *all), *end = all + OWN;
    memcpy(all, own_options, sizeof own_options);
    for (size_t i = 0; i < count; i++)
        if (is_taken(theirs[i].name))
            *end++ = (struct option){theirs[i].name, theirs[i].has_arg, NULL,
                                     i < own && theirs[i].val < 256 ? theirs[i].val : SEARCH_PASSED};
    free(theirs);
    return all;
}

static bool take_units(search_options *o, const char *text)
{
    static const struct {
        const char *prefix;
        search_kind kind;
    } kinds[] = {{"scope:", SEARCH_LAYERS}, {"code:", SEARCH_FUNCTIONS}, {"obj:", SEARCH_OBJECTS}};
    search_kind kind = SEARCH_LAYERS;
    const char *glob = text;
    if (!strncmp(text, "site:", 5)) {
        vprec_say("--units '%s': lines of a source are no units: give the functions that they are in, as in 'code:*'",
                  text);
        return false;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && glob == text; i++)
        if (!strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix))) {
            kind = kinds[i].kind;
            glob += strlen(kinds[i].prefix);
        }
    if (!*glob)
        vprec_say("--units '%s': an empty pattern: name layers, as in 'ort:*', or 'code:*' for all functions", text);
    else if (o->units.count && (kind != o->kind || kind == SEARCH_LAYERS))
        vprec_say("--units '%s': there are others: give one pattern of layers, or several of functions or of objects",
                  text);
    else {
        o->kind = kind;
        sweep_list_add(&o->units, vprec_text("%s", glob));
        return true;
    }
    return false;
}

static bool take_strategies(search_options *o, const char *text)
{
    char *copy = vprec_text("%s", text), *rest = copy, *part;
    bool ok = true;
    while (ok && (part = strsep(&rest, ","))) {
        size_t i = 0;
        while (i < SEARCH_STRATEGIES_COUNT && strcmp(part, search_strategy_names[i]))
            i++;
        ok = i < SEARCH_STRATEGIES_COUNT;
        if (ok)
            o->strategies[i] = true;
        else
            vprec_say("unknown strategy '%s': there are uniform, greedy, ddmin and ddmax, with commas between them",
                      part);
    }
    free(copy);
    return ok;
}

static bool take_budget(search_options *o, const char *text)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (!errno && *text >= '0' && *text <= '9' && !*end && n && n <= BUDGET_MOST) {
        o->budget = (uint32_t)n;
        return true;
    }
    vprec_say("bad number '%s' for --budget: use a whole number of runs from 1 to %d", text, BUDGET_MOST);
    return false;
}

static const char *name_of(const struct option *all, int option)
{
    while (all->name && all->val != option)
        all++;
    return all->name;
}

/* What remains for vprec-sweep's parser. */
typedef struct rest {
    sweep_list words;
    bool formats, mode;
} rest;

static bool take(search_options *o, rest *r, const struct option *all, int option, int at)
{
    const char *name = option == SEARCH_PASSED ? all[at].name : name_of(all, option);
    switch (option) {
    case 'u': return take_units(o, optarg);
    case OPT_REQUIRE: o->require = optarg; return true;
    case OPT_BUDGET: return take_budget(o, optarg);
    case OPT_STRATEGY: return take_strategies(o, optarg);
    case OPT_CONFIRM: o->confirm = optarg; return true;
    case OPT_JSON: o->json = optarg; return true;
    case OPT_RECIPE: o->recipe = optarg; return true;
    case OPT_DRY: o->dry_run = true; return true;
    case 'm':
    case OPT_MODE: name = "modes"; r->mode = true; break;
    case 'f': r->formats = true; break;
    default: break;
    }
    sweep_list_add(&r->words, optarg ? vprec_text("--%s=%s", name, optarg) : vprec_text("--%s", name));
    return true;
}

/* Whether vprec-sweep or vprec-run know what a word begins with. */
static bool is_theirs(const char *word)
{
    size_t own, length = strcspn(word, "=");
    struct option *theirs = sweep_options_list(&own);
    bool found = false;
    for (const struct option *o = theirs; o->name; o++)
        found |= strlen(o->name) == length && !strncmp(o->name, word, length);
    free(theirs);
    return found;
}

static void complain(int option, char **argv)
{
    const char *word = argv[optind - 1];
    if (option == ':')
        vprec_say("option '%s' needs a value: see vprec-search --help", word);
    else if (!strncmp(word, "--", 2) && !is_taken(word + 2) && is_theirs(word + 2))
        vprec_say("option '%s' is for vprec-sweep or vprec-run alone: see vprec-search --help", word);
    else
        vprec_say("unknown or ambiguous option '%s', or a value that it does not take: see vprec-search --help; the "
                  "program's own options follow its name", word);
}

/* What is said of the cells, by vprec-sweep's parser, which has measured what a threshold names. */
static int parse_rest(search_options *o, rest *r, char **program)
{
    sweep_list *argv = &o->words;
    sweep_list_add(argv, vprec_text("%s", vprec_command));
    for (size_t i = 0; i < r->words.count; i++)
        sweep_list_add(argv, vprec_text("%s", r->words.items[i]));
    if (!r->formats)
        sweep_list_add(argv, vprec_text("--formats=%s", FORMATS));
    sweep_list_add(argv, vprec_text("--why=none"));
    sweep_list_add(argv, vprec_text("--why-timeout=none"));
    if (o->require)
        sweep_list_add(argv, vprec_text("--threshold=%s", o->require));
    sweep_list_add(argv, vprec_text("--"));
    for (char **word = program; *word; word++)
        sweep_list_add(argv, vprec_text("%s", *word));
    optind = 0; /* another command line */
    int status = sweep_options_parse(&o->sweep, (int)argv->count, argv->items);
    o->sweep.program = program;
    return status;
}

/* A mode that rounds to formats. */
static bool is_rounding(const sweep_list *modes)
{
    static const char *const noisy[] = {"rr", "pb", "mca"};
    for (size_t i = 0; i < sizeof noisy / sizeof *noisy; i++)
        if (sweep_list_has(modes, noisy[i]))
            return false;
    return modes->count < 2;
}

static bool check(const search_options *o, char **program)
{
    if (!*program)
        vprec_say("no program given: add it, as in vprec-search --units 'ort:*' --require 'labels=equal' -- PROGRAM "
                  "[ARG...]");
    else if (!is_rounding(&o->sweep.modes))
        vprec_say("--mode: one mode that rounds to formats: rne, rna, rtz, ru, rd, rto or sr");
    else
        return true;
    return false;
}

int search_options_parse(search_options *o, int argc, char **argv)
{
    rest r = {{NULL, 0}, false, false};
    struct option *all = all_options();
    bool ok = true;
    int status = -1;
    *o = (search_options){.budget = BUDGET};
    opterr = 0;
    optind = 0; /* --confirm has the command line parsed once more */
    for (int option, at = 0; ok && status < 0;) {
        if ((option = getopt_long(argc, argv, "+:" SHORT_OPTIONS, all, &at)) == -1)
            break;
        if (option == 'h' || option == 'V') {
            if (option == 'h')
                search_help_print(all);
            else
                puts("vprec-search " VPREC_VERSION);
            status = vprec_stdout_done() ? 0 : SWEEP_EXIT_FAILURE;
            break;
        }
        ok = option != '?' && option != ':';
        if (!ok)
            complain(option, argv);
        ok = ok && take(o, &r, all, option, at);
    }
    char **program = argv + optind;
    free(all);
    if (status < 0 && ok && *program)
        status = parse_rest(o, &r, program);
    sweep_list_free(&r.words);
    if (status >= 0)
        return status;
    bool any = false;
    for (size_t i = 0; i < SEARCH_STRATEGIES_COUNT; i++)
        any |= o->strategies[i];
    o->strategies[SEARCH_GREEDY] |= !any;
    o->strategies[SEARCH_UNIFORM] |= o->strategies[SEARCH_GREEDY]; /* which begins where that ends */
    if (!o->units.count)
        sweep_list_add(&o->units, vprec_text("*"));
    o->sweep.slots = (size_t)o->budget + 1;
    return ok && check(o, program) ? -1 : SWEEP_EXIT_USAGE;
}

void search_options_free(search_options *o)
{
    sweep_options_free(&o->sweep);
    sweep_list_free(&o->units);
    sweep_list_free(&o->words);
}
