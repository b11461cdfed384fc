/* SPDX-License-Identifier: Apache-2.0
 * metric.c: the metrics: their table, and the value of each. */
#include "metric.h"
#include "common/json.h"
#include "common/say.h"
#include "stats/read/tokens.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int better;
    const char *unit, *about;
} builtin[] = {
#define SWEEP_METRIC_ENTRY(id, name, better, unit, about) {name, better, unit, about},
    SWEEP_METRICS(SWEEP_METRIC_ENTRY)
#undef SWEEP_METRIC_ENTRY
};
enum { BUILTINS = sizeof builtin / sizeof *builtin };

void sweep_metrics_help(void)
{
    for (size_t i = 0; i < BUILTINS; i++)
        printf("                          %-8s %s\n", builtin[i].name, builtin[i].about);
}

static int builtin_index(const char *name)
{
    for (int i = 0; i < BUILTINS; i++)
        if (!strcmp(builtin[i].name, name))
            return i;
    return -1;
}

bool sweep_metric_builtin(const char *name)
{
    return builtin_index(name) >= 0;
}

const char *sweep_metric_kind(const sweep_metric *m)
{
    return m->kind == SWEEP_EXTRACT ? "extract" : m->kind == SWEEP_COMMAND ? "command" : builtin[m->kind].name;
}

const char *sweep_metric_unit(const sweep_metric *m)
{
    return (int)m->kind < BUILTINS ? builtin[m->kind].unit : "";
}

const char *sweep_metric_about(const sweep_metric *m)
{
    return m->kind == SWEEP_EXTRACT   ? "the number that an expression finds in the output"
           : m->kind == SWEEP_COMMAND ? "the last number that a command prints, which reads the output"
                                      : builtin[m->kind].about;
}

sweep_metric *sweep_metric_find(const sweep_metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (!strcmp(metrics->list[i].name, name))
            return &metrics->list[i];
    return NULL;
}

/* Takes `name` and `detail` over. NULL, having said why. */
static sweep_metric *add(sweep_metrics *metrics, sweep_kind kind, char *name, char *detail, int better)
{
    if (sweep_metric_find(metrics, name)) {
        vprec_say("two metrics are called '%s': name one of them otherwise, as in NAME=...", name);
        free(detail);
        free(name);
        return NULL;
    }
    metrics->list = vprec_grow(metrics->list, metrics->count + 1, sizeof *metrics->list);
    sweep_metric *m = &metrics->list[metrics->count++];
    *m = (sweep_metric){kind, name, detail, better, NULL};
    return m;
}

/* Length of NAME in NAME=REST, 0: there is none. */
static size_t name_length(const char *text)
{
    size_t length = 0;
    if (isalpha((unsigned char)*text))
        while (isalnum((unsigned char)text[length]) || (text[length] && strchr("_.-", text[length])))
            length++;
    return text[length] == '=' ? length : 0;
}

bool sweep_metric_add(sweep_metrics *metrics, const char *text)
{
    int at = builtin_index(text);
    if (at >= 0)
        return add(metrics, (sweep_kind)at, vprec_text("%s", text), vprec_text("%s", ""), builtin[at].better);
    size_t length = name_length(text);
    const char *command = length ? text + length + 1 : text;
    size_t word = strcspn(text, " \t\n/|;&<>$");
    if (!*command || (!length && !text[word] && word)) {
        vprec_say("unknown metric '%s': vprec-sweep --help lists them; a command is named, as in "
                  "score='python3 /path/score.py'", text);
        return false;
    }
    char *name = length ? vprec_text("%.*s", (int)length, text)
                        : vprec_text("%.*s", (int)strcspn(vprec_base(text), " \t"), vprec_base(text));
    return add(metrics, SWEEP_COMMAND, name, vprec_text("%s", command), 0);
}

bool sweep_extract_add(sweep_metrics *metrics, const char *text)
{
    size_t length = name_length(text);
    const char *expression = length ? text + length + 1 : text;
    size_t unnamed = 1;
    for (size_t i = 0; i < metrics->count; i++)
        unnamed += metrics->list[i].kind == SWEEP_EXTRACT;
    char *name = length         ? vprec_text("%.*s", (int)length, text)
                 : unnamed == 1 ? vprec_text("extract")
                                : vprec_text("extract-%zu", unnamed);
    sweep_metric *m = add(metrics, SWEEP_EXTRACT, name, vprec_text("%s", expression), 0);
    if (!m)
        return false;
    char *error = NULL;
    m->pattern = sweep_pattern_make(expression, &error);
    if (m->pattern)
        return true;
    vprec_say("--extract '%s' is no regular expression as Perl has them (%s): correct it, as in 'accuracy=^accuracy: "
              "([0-9.]+)'", expression, error);
    free(error);
    metrics->count--;
    free(m->name);
    free(m->detail);
    return false;
}

bool sweep_metric_of_truth(const sweep_metric *m)
{
    return m->kind == SWEEP_CER || m->kind == SWEEP_WER || m->kind == SWEEP_ACCURACY || m->kind == SWEEP_DROP;
}

bool sweep_metrics_open(sweep_metrics *metrics)
{
    if (!metrics->truth)
        return true;
    for (size_t i = 0; i < metrics->count; i++)
        if (sweep_metric_of_truth(&metrics->list[i])) {
            free(metrics->list[i].detail);
            metrics->list[i].detail = vprec_text("%s", metrics->truth);
        }
    bool items = false; /* of the text as a whole its bytes are enough */
    for (size_t i = 0; i < metrics->count; i++)
        items |= metrics->list[i].kind == SWEEP_ACCURACY || metrics->list[i].kind == SWEEP_DROP;
    metrics->truth_items = items;
    return sweep_document_read(&metrics->truth_document, metrics->truth, items ? STATS_AUTO : STATS_BINARY);
}

void sweep_metrics_free(sweep_metrics *metrics)
{
    for (size_t i = 0; i < metrics->count; i++) {
        sweep_metric *m = &metrics->list[i];
        sweep_pattern_free(m->pattern);
        free(m->name);
        free(m->detail);
    }
    free(metrics->list);
    sweep_document_free(&metrics->truth_document);
}

static sweep_value good(double value)
{
    return (sweep_value){.value = value};
}

static sweep_value bad(const char *why)
{
    return (sweep_value){.value = NAN, .error = vprec_text("%s", why)};
}

sweep_value sweep_metric_extract(const sweep_metric *metric, const sweep_document *is)
{
    sweep_value value = {.value = NAN};
    value.error = sweep_pattern_find(metric->pattern, is->bytes, is->size, &value.value, &value.of);
    return value;
}

sweep_value sweep_metric_printed(const sweep_document *printed)
{
    for (size_t i = printed->count; i--;)
        if (printed->tokens[i].number && !printed->tokens[i].part) /* of 961/1000 and 0.5+/-0.1 the first */
            return good(printed->tokens[i].value);
    return bad("the command printed no number");
}

static sweep_value share(uint64_t part, uint64_t of)
{
    return of ? good((double)part / (double)of) : bad("no labels in the output");
}

static sweep_value number_error(const sweep_errors *e, double value, const sweep_pair *worst,
                                const sweep_document *native)
{
    sweep_value result = e->numbers ? good(value) : bad("no numbers in native's output");
    result.worst = e->numbers && worst ? sweep_pair_text(worst, e, native) : NULL;
    return result;
}

static sweep_value of_rows(double value)
{
    return isnan(value) ? bad("no rows of numbers in native's output: lines of a text, the last axis of an array")
                        : good(value);
}

static sweep_value rate(double errors)
{
    return isnan(errors) ? bad("the reference text is empty") : good(errors);
}

static sweep_value broken(const sweep_document *native)
{
    char *why = vprec_text("the output is no good %s", stats_kind_names[native->kind]);
    sweep_value value = bad(why);
    free(why);
    return value;
}

sweep_measured sweep_measure(const sweep_metrics *metrics, const sweep_document *is, const sweep_document *native)
{
    const sweep_document *truth = metrics->truth_items ? &metrics->truth_document : NULL;
    return (sweep_measured){is, native, sweep_compare(is, native), sweep_judge(is, native, truth)};
}

static sweep_value of_items(double value)
{
    return isnan(value) ? bad("no items in native's output: words, rows of numbers, whole numbers") : good(value);
}

static sweep_value of_truth(const sweep_metrics *metrics, const sweep_judged *judged, double value)
{
    return !metrics->truth_items ? bad("what is right is not known: name its file by --truth")
           : !judged->truth      ? bad(judged->trouble)
                                 : good(value);
}

sweep_value sweep_metric_value(const sweep_metrics *metrics, const sweep_metric *metric, const sweep_measured *measured)
{
    const sweep_document *is = measured->is, *native = measured->native;
    const sweep_errors *errors = &measured->errors;
    const sweep_judged *judged = &measured->judged;
    const sweep_document *truth = metrics->truth ? &metrics->truth_document : native;
    bool by_place = metric->kind == SWEEP_LABELS || (metric->kind >= SWEEP_MAX_REL && metric->kind <= SWEEP_DROP);
    if (by_place && (is->broken || native->broken))
        return broken(native);
    switch (metric->kind) {
    case SWEEP_EQUAL: return good(is->size == native->size && !memcmp(is->bytes, native->bytes, is->size));
    case SWEEP_LABELS: return share(errors->agree, errors->labels);
    case SWEEP_CER: return rate(sweep_character_errors(is, truth));
    case SWEEP_WER: return rate(sweep_word_errors(is, truth));
    case SWEEP_MAX_REL: return number_error(errors, errors->max_rel, &errors->worst_rel, native);
    case SWEEP_MEAN_REL: return number_error(errors, errors->mean_rel, NULL, native);
    case SWEEP_MAX_ABS: return number_error(errors, errors->max_abs, &errors->worst_abs, native);
    case SWEEP_MEAN_ABS: return number_error(errors, errors->mean_abs, NULL, native);
    case SWEEP_LONE: return errors->lone ? number_error(errors, errors->max_lone, &errors->worst_lone, native)
                                         : bad("no numbers in native's output that stand in no array");
    case SWEEP_SQNR: return number_error(errors, errors->sqnr, NULL, native);
    case SWEEP_ARRAYS: return errors->arrays ? good(errors->worst_array) : bad("no arrays in native's output");
    case SWEEP_COSINE: return isnan(errors->cosine) ? bad("there is no angle to numbers that are all 0 or not finite")
                                                    : number_error(errors, errors->cosine, NULL, native);
    case SWEEP_KL: return of_rows(errors->divergence);
    case SWEEP_FLIPS: return of_rows(errors->flips);
    case SWEEP_CHANGED: return of_items(judged->count ? (double)judged->changed : NAN);
    case SWEEP_CHANGED_MOST:
        return of_items(vprec_share_most(judged->changed, judged->count, SWEEP_CONFIDENCE));
    case SWEEP_ACCURACY: return of_truth(metrics, judged, sweep_judged_accuracy(judged));
    case SWEEP_DROP: return of_truth(metrics, judged, sweep_judged_drop(judged));
    case SWEEP_PREFIX: return good((double)sweep_word_prefix(is, native));
    case SWEEP_EDITS: return good((double)sweep_word_edits(is, native));
    case SWEEP_EXTRACT: return sweep_metric_extract(metric, is);
    default: return bad("not a run's");
    }
}

sweep_summary sweep_summarize(sweep_value *values, size_t count)
{
    sweep_summary s = {.min = INFINITY, .max = -INFINITY};
    double sum = 0, squares = 0, most = 0;
    char *error = NULL;
    for (size_t i = 0; i < count; i++) {
        if (values[i].error) {
            free(error);
            error = values[i].error;
            continue;
        }
        double x = values[i].value;
        if (!s.worst || x > s.max || isnan(x)) {
            free(s.worst);
            s.worst = values[i].worst;
        } else {
            free(values[i].worst);
        }
        s.n++;
        sum += x;
        s.min = x < s.min || isnan(x) ? x : s.min;
        s.max = x > s.max || isnan(x) ? x : s.max;
    }
    if (!s.n) {
        s.min = s.max = s.value = NAN;
        s.error = error ? error : vprec_text("no run ended well");
        return s;
    }
    free(error);
    s.of = count == 1 ? values[0].of : 0;
    s.value = sum / (double)s.n;
    if (isinf(s.value) && isfinite(s.min) && isfinite(s.max)) { /* a sum without a double */
        s.value = 0;
        for (size_t i = 0; i < count; i++)
            s.value += values[i].error ? 0 : values[i].value / (double)s.n;
    }
    /* Squares of what is divided by the largest have a double. */
    for (size_t i = 0; i < count; i++)
        if (!values[i].error)
            most = fmax(most, fabs(values[i].value - s.value));
    for (size_t i = 0; i < count && most > 0; i++)
        if (!values[i].error) {
            double apart = isfinite(most) ? (values[i].value - s.value) / most : values[i].value - s.value;
            squares += apart * apart;
        }
    s.sd = s.n > 1 && most > 0 ? sqrt(squares / (double)(s.n - 1)) * (isfinite(most) ? most : 1) : 0;
    if (!isfinite(s.value) && s.n > 1)
        s.sd = NAN;
    return s;
}
