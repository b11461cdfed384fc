/* SPDX-License-Identifier: Apache-2.0
 * options.c: parses and checks vprec-run's command line. Runs nothing. */
#include "options.h"
#include "help.h"
#include "say.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const vprec_type_names[VPREC_TYPES] = {"f32", "f64"};
const char *const vprec_ops_names[VPREC_OPS_NAMES] = {"add", "sub", "mul", "div", "sqrt", "fma", "cvt", "rcp", "libm"};

enum { OPT_ROUND = 256, OPT_FAST, OPT_OPS, OPT_REPORT, OPT_COUNT, OPT_AUDIT, OPT_LIST, OPT_FORMATS, OPT_RULE };

static const struct option long_options[] = {
    {"format", required_argument, NULL, 'f'},
    {"mode", required_argument, NULL, 'm'},
    {"round", required_argument, NULL, OPT_ROUND},
    {"object", required_argument, NULL, OPT_RULE + VPREC_RULE_OBJECT},
    {"skip-object", required_argument, NULL, OPT_RULE + VPREC_RULE_SKIP_OBJECT},
    {"function", required_argument, NULL, OPT_RULE + VPREC_RULE_FUNCTION},
    {"skip-function", required_argument, NULL, OPT_RULE + VPREC_RULE_SKIP_FUNCTION},
    {"exec", required_argument, NULL, OPT_RULE + VPREC_RULE_EXEC},
    {"fast", no_argument, NULL, OPT_FAST},
    {"ops", required_argument, NULL, OPT_OPS},
    {"report", required_argument, NULL, OPT_REPORT},
    {"count", no_argument, NULL, OPT_COUNT},
    {"audit", no_argument, NULL, OPT_AUDIT},
    {"list", no_argument, NULL, OPT_LIST},
    {"formats", no_argument, NULL, OPT_FORMATS},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};
#define SHORT_OPTIONS "f:m:qhV"

const char *vprec_rule_option(uint32_t kind)
{
    static const char *const names[] = {"--object", "--skip-object", "--function", "--skip-function", "--exec"};
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

static bool mode_parse(vprec_wire_config *config, const char *text)
{
    static const char *const later[] = {"rna", "rtz", "ru", "rd", "rto", "sr", "rr", "pb", "mca"};
    if (!strcmp(text, "rne")) {
        config->mode = VPREC_RNE;
        return true;
    }
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strlen(later[i]) == length && !memcmp(text, later[i], length)) {
            vprec_say("mode %s is not available in this version yet: use --mode rne", text);
            return false;
        }
    vprec_say("unknown mode '%s': use --mode rne (to nearest, ties to even)", text);
    return false;
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
    strcpy(rule->glob, glob);
    return true;
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

int vprec_options_parse(vprec_options *options, int argc, char **argv)
{
    *options = (vprec_options){.config = {.mode = VPREC_RNE, .round = VPREC_ROUND_RESULTS, .ops = VPREC_OPS_ALL}};
    vprec_wire_config *config = &options->config;
    int option;
    opterr = 0;
    /* '+': what follows PROGRAM belongs to PROGRAM. */
    while ((option = getopt_long(argc, argv, "+:" SHORT_OPTIONS, long_options, NULL)) != -1) {
        bool ok = true;
        switch (option) {
        case 'f': ok = format_parse(options, optarg); break;
        case 'm': ok = mode_parse(config, optarg); break;
        case 'q': options->quiet = true; break;
        case 'h': vprec_help_print(); return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
        case 'V': printf("vprec-run %s\n", VPREC_VERSION); return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
        case OPT_FORMATS: vprec_formats_print(); return vprec_stdout_done() ? 0 : VPREC_EXIT_FAILURE;
        case OPT_ROUND: ok = round_parse(config, optarg); break;
        case OPT_FAST: config->fast = 1; break;
        case OPT_OPS: ok = ops_parse(config, optarg); break;
        case OPT_REPORT: options->report = optarg; break;
        case OPT_COUNT: config->count = 1; break;
        case OPT_AUDIT: config->audit = 1; break;
        case OPT_LIST: config->list = 1; break;
        case ':':
            vprec_say("option '%s' needs a value: see vprec-run --help", argv[optind - 1]);
            return VPREC_EXIT_FAILURE;
        case '?': unknown_option(argv); return VPREC_EXIT_FAILURE;
        default: ok = rule_add(config, (uint32_t)(option - OPT_RULE), optarg); break;
        }
        if (!ok)
            return VPREC_EXIT_FAILURE;
    }
    options->program = argv + optind;
    if (options->report && !*options->report) {
        vprec_say("empty file name for --report: name a file, or - for standard output");
        return VPREC_EXIT_FAILURE;
    }
    if (!config->use[VPREC_F32] && !config->use[VPREC_F64]) {
        if (!config->list) {
            vprec_say("no format given: type for example vprec-run --format bf16 -- PROGRAM, or f32=e5m10,f64=e11m40, "
                      "or native; vprec-run --formats lists them");
            return VPREC_EXIT_FAILURE;
        }
        /* A listing without a choice shows what both types have. */
        config->use[VPREC_F32] = config->use[VPREC_F64] = VPREC_USE_NATIVE;
    }
    if (!*options->program) {
        vprec_say("no program given: add it, as in vprec-run --format bf16 -- PROGRAM [ARG...]");
        return VPREC_EXIT_FAILURE;
    }
    return -1;
}
