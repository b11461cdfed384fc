/* SPDX-License-Identifier: Apache-2.0
 * options.c: parses and checks vprec-run's command line. Runs nothing. */
#include "options.h"
#include "help.h"
#include "mode_names.h"
#include "recipe.h"
#include "say.h"
#include "signature.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const vprec_type_names[VPREC_TYPES] = {"f32", "f64"};
const char *const vprec_ops_names[VPREC_OPS_NAMES] = {"add", "sub", "mul", "div", "sqrt", "fma", "cvt", "rcp", "libm"};

enum {
    OPT_ROUND = 256,
    OPT_FAST,
    OPT_INTEGERS,
    OPT_OPS,
    OPT_REPORT,
    OPT_REPLAY,
    OPT_COUNT,
    OPT_AUDIT,
    OPT_LIST,
    OPT_PERF_MAP,
    OPT_GDB,
    OPT_FORMATS,
    OPT_KEEP,
    OPT_RESTART,
    OPT_REFERENCE,
    OPT_ERROR,
    OPT_RATE,
    OPT_NOISE,
    OPT_PRESET,
    OPT_SCOPE,
    OPT_SITE,
    OPT_WITHIN,
    OPT_LAYERS,
    OPT_DUMP,
    OPT_RULE
};
enum { SAMPLES_MAX = 1000000, JOBS_MAX = 4096 };

static const struct option long_options[] = {
    {"format", required_argument, NULL, 'f'},
    {"mode", required_argument, NULL, 'm'},
    {"precision", required_argument, NULL, 't'},
    {"error-mode", required_argument, NULL, OPT_ERROR},
    {"noise-rate", required_argument, NULL, OPT_RATE},
    {"noise", required_argument, NULL, OPT_NOISE},
    {"round", required_argument, NULL, OPT_ROUND},
    {"object", required_argument, NULL, OPT_RULE + VPREC_RULE_OBJECT},
    {"skip-object", required_argument, NULL, OPT_RULE + VPREC_RULE_SKIP_OBJECT},
    {"function", required_argument, NULL, OPT_RULE + VPREC_RULE_FUNCTION},
    {"skip-function", required_argument, NULL, OPT_RULE + VPREC_RULE_SKIP_FUNCTION},
    {"exec", required_argument, NULL, OPT_RULE + VPREC_RULE_EXEC},
    {"jit", required_argument, NULL, OPT_RULE + VPREC_RULE_JIT},
    {"skip-jit", required_argument, NULL, OPT_RULE + VPREC_RULE_SKIP_JIT},
    {"elementary", required_argument, NULL, OPT_RULE + VPREC_RULE_ELEMENTARY},
    {"preset", required_argument, NULL, OPT_PRESET},
    {"scope", required_argument, NULL, OPT_SCOPE},
    {"site", required_argument, NULL, OPT_SITE},
    {"within", required_argument, NULL, OPT_WITHIN},
    {"layers", optional_argument, NULL, OPT_LAYERS},
    {"dump-layers", required_argument, NULL, OPT_DUMP},
    {"fast", no_argument, NULL, OPT_FAST},
    {"integer-rounding", required_argument, NULL, OPT_INTEGERS},
    {"ops", required_argument, NULL, OPT_OPS},
    {"report", required_argument, NULL, OPT_REPORT},
    {"replay", required_argument, NULL, OPT_REPLAY},
    {"count", optional_argument, NULL, OPT_COUNT},
    {"audit", optional_argument, NULL, OPT_AUDIT},
    {"list", no_argument, NULL, OPT_LIST},
    {"perf-map", no_argument, NULL, OPT_PERF_MAP},
    {"gdb", no_argument, NULL, OPT_GDB},
    {"formats", no_argument, NULL, OPT_FORMATS},
    {"seed", required_argument, NULL, 's'},
    {"samples", required_argument, NULL, 'n'},
    {"out", required_argument, NULL, 'o'},
    {"jobs", required_argument, NULL, 'j'},
    {"keep", required_argument, NULL, OPT_KEEP},
    {"reference", required_argument, NULL, OPT_REFERENCE},
    {"restart", no_argument, NULL, OPT_RESTART},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};
#define SHORT_OPTIONS "f:m:t:s:n:o:j:qhV"

/* These change how a run is made or told, not what it computes; the seed is kept apart. */
static const int not_given[] = {'s', 'n', 'o', 'j', 'q', OPT_KEEP, OPT_RESTART, OPT_REFERENCE, OPT_REPORT, OPT_REPLAY, OPT_LIST,
                                OPT_DUMP, OPT_PERF_MAP, OPT_GDB};

const struct option *vprec_options_list(void)
{
    return long_options;
}

const char *vprec_rule_option(uint32_t kind)
{
    static const char *const names[] = {"--object", "--skip-object", "--function", "--skip-function", "--exec",
                                        "--jit", "--skip-jit", "--elementary"};
    return kind < sizeof names / sizeof *names ? names[kind] : "?";
}

const char *vprec_round_name(uint32_t round)
{
    static const char *const names[] = {"nothing", "results", "operands", "both"};
    return names[round & (VPREC_ROUND_RESULTS | VPREC_ROUND_OPERANDS)];
}

void vprec_options_format(const vprec_wire_config *config, vprec_type type, char *text, size_t size)
{
    if (config->use[type] == VPREC_USE_FORMAT)
        vprec_format_print(&config->format[type], text, size);
    else
        snprintf(text, size, "%s", config->use[type] == VPREC_USE_NATIVE ? "native" : "");
}

/* One part of --format: "bf16", "native", "f64=e11m40". `alone`: it is the whole SPEC. */
static bool format_add(vprec_options *options, const char *part, bool alone)
{
    vprec_wire_config *config = &options->config;
    const char *equals = strchr(part, '=');
    const char *colon = strchr(part, ':');
    const char *spec = part;
    vprec_type type = VPREC_F32;
    /* The '=' of ":bias=N" is no type's. */
    if (equals && !(colon && colon < equals)) {
        size_t length = (size_t)(equals - part);
        for (type = 0; type < VPREC_TYPES; type++)
            if (strlen(vprec_type_names[type]) == length && !memcmp(part, vprec_type_names[type], length))
                break;
        if (type == VPREC_TYPES) {
            vprec_say("unknown type '%.*s' in --format: the types are f32 and f64, as in --format f32=bf16,f64=e11m40",
                      (int)length, part);
            return false;
        }
        spec = equals + 1;
    } else if (!strcmp(part, "native")) {
        if (!alone) {
            vprec_say("'native' stands for both types and must stand alone in --format: "
                      "for one type write f32=native or f64=native");
            return false;
        }
        if (config->use[VPREC_F32] || config->use[VPREC_F64]) {
            vprec_say("--format native names both types, but one has a format already: keep one of them");
            return false;
        }
        config->use[VPREC_F32] = config->use[VPREC_F64] = VPREC_USE_NATIVE;
        return true;
    }
    if (config->use[type]) {
        vprec_say("--format names %s twice: keep one of them (a bare format means f32)", vprec_type_names[type]);
        return false;
    }
    if (!strcmp(spec, "native")) {
        config->use[type] = VPREC_USE_NATIVE;
        return true;
    }
    char message[256] = "";
    vprec_format format;
    if (vprec_format_parse(spec, type, &format, message, sizeof message) != VPREC_OK) {
        vprec_say("bad --format for %s: %s", vprec_type_names[type], message);
        return false;
    }
    config->format[type] = format;
    config->use[type] = VPREC_USE_FORMAT;
    snprintf(options->spelled[type], sizeof options->spelled[type], "%s", spec);
    return true;
}

static bool format_parse(vprec_options *options, const char *text)
{
    char *copy = vprec_text("%s", text), *rest = copy;
    bool alone = !strchr(copy, ','), ok = true;
    while (ok && rest)
        ok = format_add(options, strsep(&rest, ","), alone);
    free(copy);
    return ok;
}

/* A whole number in decimal, or in hexadecimal after 0x. */
static bool number_parse(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    size_t length = strlen(digits);
    errno = 0;
    uint64_t value = strtoull(digits, NULL, hex ? 16 : 10);
    if (!length || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != length || errno || value < least ||
        value > most) {
        vprec_say("bad number '%s' for %s: use a whole number from %" PRIu64 " to %" PRIu64, text, name, least, most);
        return false;
    }
    *number = value;
    return true;
}

const char *vprec_mode_name(const vprec_wire_config *config)
{
    for (int i = 0; i < VPREC_MODE_ROWS; i++)
        if (config->mode == vprec_mode_rows[i].mode && config->noise[VPREC_F32].what == vprec_mode_rows[i].noise)
            return vprec_mode_rows[i].name;
    return "?";
}

/* "rtz", "sr", "sr:16", "mca" */
static bool mode_parse(vprec_wire_config *config, const char *text)
{
    size_t length = strcspn(text, ":");
    const vprec_mode_row *row = vprec_mode_find(text, length);
    if (row) {
        uint64_t bits = 0;
        if (text[length] && row->mode != VPREC_SR) {
            vprec_say("mode %s takes no number, which '%s' gives: only sr does, as in --mode sr:16; the precision of rr, "
                      "pb and mca is --precision", row->name, text);
            return false;
        }
        if (text[length] && !number_parse("the random bits of --mode sr:BITS", text + length + 1, 1, 64, &bits))
            return false;
        config->mode = row->mode;
        for (int type = 0; type < VPREC_TYPES; type++) {
            config->bits[type] = (uint32_t)bits;
            config->noise[type].what = row->noise;
        }
        return true;
    }
    vprec_say("unknown mode '%s': use rne, rna, rtz, ru, rd, rto, sr[:BITS], rr, pb or mca", text);
    return false;
}

enum { PRECISION_F32 = 24, PRECISION_F64 = 53 };
static const unsigned precision_most[VPREC_TYPES] = {PRECISION_F32, PRECISION_F64};

/* --precision: "20" for both types, or "f32=10,f64=30" */
static bool precision_parse(vprec_wire_config *config, const char *text)
{
    char *copy = vprec_text("%s", text), *rest = copy;
    bool ok = true;
    while (ok && rest) {
        char *part = strsep(&rest, ","), *equals = strchr(part, '=');
        uint64_t bits;
        ok = false;
        for (int type = 0; type < VPREC_TYPES; type++) {
            size_t length = strlen(vprec_type_names[type]);
            bool named = equals && (size_t)(equals - part) == length && !memcmp(part, vprec_type_names[type], length);
            if (equals && !named)
                continue;
            if (!number_parse("--precision", equals ? equals + 1 : part, 1, named ? precision_most[type] : PRECISION_F64, &bits))
                break;
            config->noise[type].precision = bits > precision_most[type] ? precision_most[type] : (unsigned)bits;
            ok = true;
        }
        if (!ok && equals && strncmp(part, "f32=", 4) && strncmp(part, "f64=", 4))
            vprec_say("unknown type in --precision %s: write T, or f32=T,f64=T", text);
    }
    free(copy);
    return ok;
}

/* --error-mode: "rel", "abs:EXP", "all:EXP" */
static bool error_parse(vprec_wire_config *config, const char *text)
{
    unsigned error = 0;
    char *end = NULL;
    long exponent = 0;
    if (!strcmp(text, "rel"))
        error = VPREC_ERROR_RELATIVE;
    else if (!strncmp(text, "abs:", 4) || !strncmp(text, "all:", 4)) {
        exponent = strtol(text + 4, &end, 10);
        if (text[4] && !*end && exponent >= -1200 && exponent <= 1200)
            error = VPREC_ERROR_ABSOLUTE | (text[1] == 'l' ? VPREC_ERROR_RELATIVE : 0);
    }
    if (!error) {
        vprec_say("unknown error mode '%s': use rel, abs:EXP (noise of 2^EXP) or all:EXP (both), EXP in -1200..1200", text);
        return false;
    }
    for (int type = 0; type < VPREC_TYPES; type++) {
        config->noise[type].error = error;
        config->noise[type].exponent = (int)exponent;
    }
    return true;
}

/* --noise-rate: the probability that a result has noise */
static bool rate_parse(vprec_wire_config *config, const char *text)
{
    char *end;
    double rate = strtod(text, &end);
    if (!*text || *end || !(rate > 0 && rate <= 1)) {
        vprec_say("--noise-rate '%s' is no probability: give a number above 0 and up to 1, as in --noise-rate 0.1", text);
        return false;
    }
    config->silent = (uint32_t)((1 - rate) * 4294967295.0);
    return true;
}

const char *vprec_noise_name(const vprec_wire_config *config)
{
    return config->keyed ? "operands" : "counter";
}

static bool noise_parse(vprec_wire_config *config, const char *text)
{
    for (config->keyed = 0; config->keyed < 2; config->keyed++)
        if (!strcmp(text, vprec_noise_name(config)))
            return true;
    vprec_say("unknown choice '%s' for --noise: use counter (by thread and count) or operands (by the operation and "
              "its operands)", text);
    return false;
}

/* What follows from the other options: the bits of --mode sr without a number are the fraction bits that the format
 * lacks of its type's, with which inline code works, if their bias of at most 2^-10 ulp will do, else more. Noise
 * needs no format. */
static bool mode_finish(vprec_options *options, bool noise_option)
{
    static const char *const whole[VPREC_TYPES] = {"fp32", "fp64"};
    vprec_wire_config *config = &options->config;
    bool noise = config->noise[VPREC_F32].what;
    if (noise_option && !noise) {
        vprec_say("--precision, --error-mode and --noise-rate are for --mode rr, pb and mca: give one of these modes");
        return false;
    }
    if (config->keyed && !vprec_options_noisy(config)) {
        vprec_say("--noise operands says what random numbers follow from: give a random --mode, sr, rr, pb or mca");
        return false;
    }
    bool none = !config->use[VPREC_F32] && !config->use[VPREC_F64];
    for (int type = 0; type < VPREC_TYPES; type++) {
        if (noise && none) {
            config->use[type] = VPREC_USE_FORMAT;
            vprec_format_parse(whole[type], type, &config->format[type], NULL, 0);
            snprintf(options->spelled[type], sizeof options->spelled[type], "%s", whole[type]);
        }
        if (!config->noise[type].precision)
            config->noise[type].precision = precision_most[type];
        if (!config->noise[type].error)
            config->noise[type].error = VPREC_ERROR_RELATIVE;
        unsigned fraction = precision_most[type] - 1;
        unsigned dropped = config->use[type] == VPREC_USE_FORMAT ? fraction - config->format[type].fbits : 0;
        if (config->mode == VPREC_SR && !config->bits[type])
            config->bits[type] = dropped >= 9 ? dropped : 32;
    }
    return true;
}

static bool round_parse(vprec_wire_config *config, const char *text)
{
    for (uint32_t round = VPREC_ROUND_RESULTS; round <= (VPREC_ROUND_RESULTS | VPREC_ROUND_OPERANDS); round++)
        if (!strcmp(text, vprec_round_name(round))) {
            config->round = round;
            return true;
        }
    vprec_say("unknown choice '%s' for --round: use results, operands or both", text);
    return false;
}

const char *vprec_shifters_name(uint32_t rounded)
{
    return rounded ? "rounded" : "exact";
}

static bool integers_parse(vprec_wire_config *config, const char *text)
{
    for (config->rounds_shifters = 0; config->rounds_shifters < 2; config->rounds_shifters++)
        if (!strcmp(text, vprec_shifters_name(config->rounds_shifters)))
            return true;
    vprec_say("unknown choice '%s' for --integer-rounding: use exact (additions such as x + 1.5*2^23 stay as they are) "
              "or rounded", text);
    return false;
}

static bool ops_parse(vprec_wire_config *config, const char *text)
{
    char *copy = vprec_text("%s", text), *rest = copy;
    bool ok = true;
    config->ops = 0;
    while (ok && rest) {
        const char *name = strsep(&rest, ",");
        uint32_t bit = 0;
        while (bit < VPREC_OPS_NAMES && strcmp(name, vprec_ops_names[bit]))
            bit++;
        ok = bit < VPREC_OPS_NAMES;
        if (ok)
            config->ops |= UINT32_C(1) << bit;
        else
            vprec_say("unknown operation '%s' in --ops: use add, sub, mul, div, sqrt, fma, cvt, rcp, libm", name);
    }
    free(copy);
    return ok;
}

static bool preset_parse(vprec_wire_config *config, const char *text)
{
    static const char *const names[] = {
#define X(name, text) text,
        VPREC_FRAMEWORK_LIST(X)
#undef X
    };
    char *copy = vprec_text("%s", text), *rest = copy;
    bool ok = true;
    config->presets = 0;
    while (ok && rest && strcmp(text, "none")) {
        const char *name = strsep(&rest, ",");
        uint32_t bit = 0;
        while (bit < VPREC_FRAMEWORKS && strcmp(name, names[bit]))
            bit++;
        ok = bit < VPREC_FRAMEWORKS;
        if (ok)
            config->presets |= UINT32_C(1) << bit;
        else
            vprec_say("unknown name '%s' in --preset: use torch, numpy, tensorflow, jax, onnxruntime, or none", name);
    }
    free(copy);
    return ok;
}

static bool rule_add(vprec_wire_config *config, uint32_t kind, const char *glob)
{
    if (!*glob) {
        vprec_say("empty pattern for %s: give a name or a glob such as 'lib*.so*'", vprec_rule_option(kind));
        return false;
    }
    if (strlen(glob) >= VPREC_RULE_LENGTH) {
        vprec_say("pattern '%.40s...' for %s is too long: at most %d characters", glob, vprec_rule_option(kind),
                  VPREC_RULE_LENGTH - 1);
        return false;
    }
    if (config->rules == VPREC_RULES_MAX) {
        vprec_say("too many patterns: at most %d of --object, --function, --exec and their --skip forms; use globs",
                  VPREC_RULES_MAX);
        return false;
    }
    vprec_wire_rule *rule = &config->rule[config->rules++];
    rule->kind = kind;
    memcpy(rule->glob, glob, strlen(glob) + 1);
    char *equals = kind == VPREC_RULE_ELEMENTARY ? strrchr(rule->glob, '=') : NULL;
    if (equals)
        *equals++ = 0;
    if (kind != VPREC_RULE_ELEMENTARY || (*rule->glob && vprec_signature_parse(equals ? equals : "f", &rule->routine)))
        return true;
    vprec_say("unknown result '%s' in --elementary: use f, d, f4, f8, f16, d2, d4, d8, 2f8, or for arrays the arguments, "
              "such as (n.f): see man vprec-run",
              glob);
    return false;
}

static bool count_parse(const char *name, const char *text, uint32_t most, uint32_t *count)
{
    uint64_t number;
    if (!number_parse(name, text, 1, most, &number))
        return false;
    *count = (uint32_t)number;
    return true;
}

static bool keep_add(vprec_sampling *sampling, const char *glob)
{
    if (!strncmp(glob, "./", 2))
        glob += 2;
    bool outside = *glob == '/';
    for (const char *part = glob; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        outside |= !strncmp(part, "..", 2) && (part[2] == '/' || !part[2]);
    if (!*glob || outside) {
        vprec_say("%s '%s' for --keep: name files below the working directory, such as 'out/*.txt'; for others let the "
                  "program write to $VPREC_SAMPLE_DIR", *glob ? "path" : "empty pattern", glob);
        return false;
    }
    sampling->keep = vprec_grow(sampling->keep, sampling->keeps + 2, sizeof *sampling->keep);
    sampling->keep[sampling->keeps++] = vprec_text("%s", glob);
    sampling->keep[sampling->keeps] = NULL;
    return true;
}

static bool reference_parse(vprec_sampling *sampling, const char *text)
{
    sampling->reference = !strcmp(text, "native");
    if (sampling->reference || !strcmp(text, "none"))
        return true;
    vprec_say("unknown choice '%s' for --reference: use native (one more run that rounds nothing) or none", text);
    return false;
}

static size_t name_length(const char *given)
{
    return strcspn(given, "=");
}

/* Remembers an option that decides results; by name, so that the order on the
 * command line does not matter, and the same name in the order given, so that the last one still wins. */
static void given_add(vprec_options *options, int option, const char *value)
{
    const struct option *entry = long_options;
    for (size_t i = 0; i < sizeof not_given / sizeof *not_given; i++)
        if (not_given[i] == option)
            return;
    while (entry->name && entry->val != option)
        entry++;
    if (!entry->name)
        return;
    char *text = value ? vprec_text("--%s=%s", entry->name, value) : vprec_text("--%s", entry->name);
    options->given = vprec_grow(options->given, options->givens + 2, sizeof *options->given);
    size_t at = options->givens++;
    for (; at; at--) {
        const char *other = options->given[at - 1];
        size_t length = name_length(text), more = name_length(other);
        int order = memcmp(other, text, length < more ? length : more);
        if (order < 0 || (!order && more <= length))
            break;
        options->given[at] = options->given[at - 1];
    }
    options->given[at] = text;
    options->given[options->givens] = NULL;
}

/* What does not go together in sampling; `asked`: an option that only sampling has. */
static bool sampling_check(vprec_options *options, const char *asked)
{
    vprec_sampling *sampling = &options->sampling;
    if (!sampling->out) {
        if (asked)
            vprec_say("%s needs a directory for what the samples write: add --out DIR", asked);
        return !asked;
    }
    if (!*sampling->out)
        vprec_say("empty name for --out: name a directory, it is made if it does not exist");
    else if (options->config.list)
        vprec_say("--list runs nothing, so there are no samples: leave out --list or --out");
    else if (options->dump)
        vprec_say("--dump-layers with --out: samples would write over each other: dump one run, without --out");
    else if (options->report)
        vprec_say("--report with --out: every sample has its report in DIR/NNNN/report.json: leave out --report");
    else if (sampling->keeps && sampling->jobs > 1)
        vprec_say("--keep with --jobs %u: samples side by side would write to the same files: use --jobs 1, or let "
                  "the program write to $VPREC_SAMPLE_DIR, each sample's own directory", sampling->jobs);
    else
        return true;
    return false;
}

bool vprec_options_scope(const vprec_wire_config *base, const char *where, const char *spec, vprec_wire_config *to)
{
    vprec_options *scope = vprec_alloc(1, sizeof *scope); /* more than a small stack holds */
    scope->config = *base;
    memset(scope->config.use, 0, sizeof scope->config.use);
    char *copy = vprec_text("%s", spec), *rest = copy, *formats = vprec_text("%s", ""), *before;
    bool ok = *spec, noise = false;
    while (ok && rest) {
        const char *part = strsep(&rest, ",");
        if (!strncmp(part, "mode=", 5)) {
            ok = mode_parse(&scope->config, part + 5);
        } else if (!strncmp(part, "precision=", 10)) {
            ok = precision_parse(&scope->config, part + 10);
            noise = true;
        } else {
            before = formats;
            formats = vprec_text("%s%s%s", before, *before ? "," : "", part);
            free(before);
        }
    }
    ok = ok && (!*formats || format_parse(scope, formats));
    for (int type = 0; type < VPREC_TYPES && strcmp(formats, "native"); type++)
        if (!scope->config.use[type]) {
            scope->config.use[type] = base->use[type];
            scope->config.format[type] = base->format[type];
        }
    ok = ok && mode_finish(scope, noise);
    if (!ok)
        vprec_say("that was in %s: write for example 'head=e5m10', 'conv*=f32=bf16,f64=e11m40' or "
                  "'head=e5m10,mode=sr'", where);
    free(formats);
    free(copy);
    *to = scope->config;
    free(scope);
    return ok;
}

bool vprec_options_noisy(const vprec_wire_config *config)
{
    return config->mode == VPREC_SR || config->noise[VPREC_F32].what;
}

void vprec_options_free(vprec_options *options)
{
    for (size_t i = 0; i < options->givens; i++)
        free(options->given[i]);
    for (size_t i = 0; i < options->sampling.keeps; i++)
        free(options->sampling.keep[i]);
    free(options->given);
    free(options->sampling.keep);
    free(options->recipe);
    vprec_recipe_free(&options->lines);
}

bool vprec_options_program(vprec_options *options, const vprec_program *program)
{
    const vprec_wire_config *config = &options->config;
    const size_t before = options->lines.lines;
    bool rounds = false;
    for (int type = 0; type < VPREC_TYPES; type++)
        rounds |= config->use[type] == VPREC_USE_FORMAT || config->noise[type].what;
    if (!rounds || config->list)
        return true;
    if (!vprec_recipe_own(&options->lines, program, options->program))
        return false;
    if (options->lines.lines == before)
        return true;
    free(options->recipe);
    options->recipe = NULL;
    return vprec_recipe_finish(&options->lines, config, &options->recipe);
}

static void unknown_option(char **argv)
{
    const char *given = argv[optind - 1];
    if (optopt && optopt < 256 && !strchr(SHORT_OPTIONS, optopt))
        vprec_say("unknown option '-%c': see vprec-run --help", optopt);
    else if (optopt)
        vprec_say("option '%s' takes no value: leave it out, see vprec-run --help", given);
    else
        vprec_say("unknown or ambiguous option '%s': see vprec-run --help; the program's own options follow its name",
                  given);
}

/* --audit, --audit=all */
static bool audit_parse(vprec_wire_config *config, const char *text)
{
    if (text && strcmp(text, "all")) {
        vprec_say("unknown --audit=%s: --audit asks for the types that have a format, --audit=all for long double too",
                  text);
        return false;
    }
    config->audit = text ? VPREC_AUDIT_ALL : VPREC_AUDIT_TYPES;
    return true;
}

static const char *const countings[] = {[VPREC_COUNT_OPERATIONS] = "operations", [VPREC_COUNT_QUICK] = "quick",
                                        [VPREC_COUNT_ALL] = "all"};

const char *vprec_counting_name(uint32_t counting)
{
    return countings[counting];
}

/* --count, --count=WHAT */
static bool counting_parse(vprec_wire_config *config, const char *text)
{
    config->count = VPREC_COUNT_QUICK;
    if (!text)
        return true;
    for (config->count = VPREC_COUNT_OPERATIONS; config->count <= VPREC_COUNT_ALL; config->count++)
        if (!strcmp(text, countings[config->count]))
            return true;
    vprec_say("unknown --count=%s: use --count=operations, --count=quick (the same as --count: exponents, too) or "
              "--count=all (cancellation and events, too; slow)", text);
    return false;
}

int vprec_options_parse(vprec_options *options, int argc, char **argv)
{
    *options = (vprec_options){
        .config = {.mode = VPREC_RNE, .round = VPREC_ROUND_RESULTS, .ops = VPREC_OPS_ALL,
                   .presets = (1u << VPREC_FRAMEWORKS) - 1, .seed = VPREC_SEED_DEFAULT},
        .sampling = {.samples = 1, .jobs = 1}};
    vprec_wire_config *config = &options->config;
    vprec_sampling *sampling = &options->sampling;
    const char *asked = NULL;
    bool reference = false;
    bool noise_option = false;
    vprec_recipe *recipe = &options->lines;
    int option;
    opterr = 0;
    /* '+': what follows PROGRAM belongs to PROGRAM. */
    while ((option = getopt_long(argc, argv, "+:" SHORT_OPTIONS, long_options, NULL)) != -1) {
        bool ok = true;
        switch (option) {
        case 'f': ok = format_parse(options, optarg); break;
        case 'm': ok = mode_parse(config, optarg); break;
        case 't': ok = precision_parse(config, optarg); noise_option = true; break;
        case OPT_ERROR: ok = error_parse(config, optarg); noise_option = true; break;
        case OPT_NOISE: ok = noise_parse(config, optarg); break;
        case OPT_RATE: ok = rate_parse(config, optarg); noise_option = true; break;
        case 'q': options->quiet = true; break;
        case 'h': vprec_help_print(); return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
        case 'V': printf("vprec-run %s\n", VPREC_VERSION); return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
        case OPT_FORMATS: vprec_formats_print(); return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
        case OPT_ROUND: ok = round_parse(config, optarg); break;
        case OPT_FAST: config->fast = 1; break;
        case OPT_INTEGERS: ok = integers_parse(config, optarg); break;
        case OPT_PRESET: ok = preset_parse(config, optarg); break;
        case OPT_SCOPE: ok = vprec_recipe_add(recipe, optarg); break;
        case OPT_SITE: ok = vprec_recipe_site(recipe, optarg); break;
        case OPT_WITHIN: ok = vprec_recipe_within(recipe, optarg); break;
        case OPT_LAYERS:
            options->layers = optarg ? optarg : "*";
            config->layers = !strncmp(options->layers, "aten:", 5)  ? VPREC_LAYERS_ATEN
                             : !strncmp(options->layers, "itt:", 4) ? VPREC_LAYERS_ITT
                                                                    : VPREC_LAYERS_ALL;
            ok = strncmp(options->layers, "fn:", 3) || vprec_recipe_name(recipe, options->layers);
            break;
        case OPT_OPS: ok = ops_parse(config, optarg); break;
        case OPT_REPORT: options->report = optarg; break;
        case OPT_REPLAY: options->replay = optarg; break;
        case OPT_DUMP: options->dump = optarg; break;
        case OPT_COUNT: ok = counting_parse(config, optarg); break;
        case OPT_AUDIT: ok = audit_parse(config, optarg); break;
        case OPT_LIST: config->list = 1; break;
        case OPT_PERF_MAP: config->perf_map = 1; break;
        case OPT_GDB: config->gdb = 1; break;
        case 's': ok = number_parse("--seed", optarg, 0, UINT64_MAX, &config->seed); break;
        case 'n': ok = count_parse(asked = "--samples", optarg, SAMPLES_MAX, &sampling->samples); break;
        case 'j': ok = count_parse(asked = "--jobs", optarg, JOBS_MAX, &sampling->jobs); break;
        case 'o': sampling->out = optarg; break;
        case OPT_KEEP: ok = keep_add(sampling, optarg); asked = "--keep"; break;
        case OPT_REFERENCE: ok = reference_parse(sampling, optarg); reference = true; break;
        case OPT_RESTART: sampling->restart = true; asked = "--restart"; break;
        case ':':
            vprec_say("option '%s' needs a value: see vprec-run --help", argv[optind - 1]);
            return VPREC_EXIT_FAILURE;
        case '?': unknown_option(argv); return VPREC_EXIT_FAILURE;
        default: ok = rule_add(config, (uint32_t)(option - OPT_RULE), optarg); break;
        }
        if (!ok)
            return VPREC_EXIT_FAILURE;
        if (option != OPT_SCOPE && option != OPT_SITE && option != OPT_WITHIN)
            given_add(options, option, optarg);
    }
    options->program = argv + optind;
    if (options->replay)
        return -1;
    if (options->report && !*options->report) {
        vprec_say("empty file name for --report: name a file, or - for standard output");
        return VPREC_EXIT_FAILURE;
    }
    if (options->dump && (config->list || !*options->dump)) {
        vprec_say("--dump-layers %s", config->list ? "with --list: nothing is run, and no layer gives an output: leave "
                                                     "out one of them"
                                                   : "'': name a new or an empty directory");
        return VPREC_EXIT_FAILURE;
    }
    if (!sampling_check(options, asked ? asked : reference && !options->dump ? "--reference" : NULL))
        return VPREC_EXIT_FAILURE;
    if (!mode_finish(options, noise_option))
        return VPREC_EXIT_FAILURE;
    if (!config->use[VPREC_F32] && !config->use[VPREC_F64]) {
        if (!config->list) {
            vprec_say("no format given: type for example vprec-run --format bf16 -- PROGRAM, or f32=e5m10,f64=e11m40, "
                      "or native; vprec-run --formats lists them");
            return VPREC_EXIT_FAILURE;
        }
        /* A listing without a choice shows what both types have. */
        config->use[VPREC_F32] = config->use[VPREC_F64] = VPREC_USE_NATIVE;
    }
    if (config->layers && !config->count)
        config->count = VPREC_COUNT_ALL;
    if (!*options->program) {
        vprec_say("no program given: add it, as in vprec-run --format bf16 -- PROGRAM [ARG...]");
        return VPREC_EXIT_FAILURE;
    }
    bool ok = vprec_recipe_finish(recipe, config, &options->recipe);
    for (size_t i = 0; i < recipe->lines; i++) { /* of a file what it says now */
        const vprec_recipe_line *line = &recipe->line[i];
        if (line->what == VPREC_LINE_NAME)
            continue;
        char *text = line->spec ? vprec_text("%s=%s", line->glob, line->spec) : NULL;
        given_add(options, text ? OPT_SCOPE : OPT_WITHIN, text ? text : line->glob);
        free(text);
    }
    if (!ok)
        return VPREC_EXIT_FAILURE;
    return -1;
}
