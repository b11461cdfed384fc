/* SPDX-License-Identifier: Apache-2.0
 * probe.c: owns the runs of layers in one arithmetic after the other, and what a
 * layer's function sees of one. What their outputs amount to is measure.c's.
 *
 * Random words: sample s of the seed's key, then the layer's number, the operation's, and of a sum of products which of
 * its three roundings. A layer thus meets the same words whatever the layers before it do. */
#include "exact.h"
#include "measure.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 64, SAMPLES = 30, BITS = 32, NAMED = 60 /* characters of a layer's name in a message */ };

/* A candidate, read. */
typedef struct arithmetic {
    vprec_format format, sums;
    vprec_mode mode;
    bool operands;
} arithmetic;

enum part { OPERANDS, PRODUCTS, SUMS, PARTS };

/* What an operation was given. */
typedef struct slot {
    vprec_source sources[PARTS];
    vprec_rounding roundings[PARTS];
    vprec_accumulation sums;
} slot;

struct vprec_probe {
    const vprec_probe_options *options;
    const arithmetic *how;
    uint64_t key; /* of the layer in this sample */
    uint64_t operations;
    bool counted;
    vprec_outcomes outcomes;
    double *values; /* outputs so far */
    size_t n, room;
    size_t most;    /* that may be: as many as the reference has, or SIZE_MAX while it runs */
    bool handed;    /* outputs, be it none */
    vprec_status status;
    slot slots[SLOTS];
};

/* ---- what a layer's function calls ---- */

static slot *next_slot(vprec_probe *probe)
{
    slot *s = &probe->slots[probe->operations % SLOTS];
    const arithmetic *how = probe->how;
    uint64_t key = vprec_key_child(probe->key, probe->operations++);
    for (int i = 0; i < PARTS; i++) {
        s->roundings[i] = (vprec_rounding){.format = i == OPERANDS ? how->format : how->sums, .mode = how->mode,
                                           .outcomes = probe->counted ? &probe->outcomes : NULL};
        if (how->mode != VPREC_SR)
            continue;
        vprec_source_init(&s->sources[i], vprec_key_child(key, i));
        s->roundings[i].random = vprec_source_random(&s->sources[i], probe->options->bits);
    }
    return s;
}

const vprec_rounding *vprec_probe_rounding(vprec_probe *probe)
{
    return probe ? &next_slot(probe)->roundings[OPERANDS] : NULL;
}

const vprec_accumulation *vprec_probe_sums(vprec_probe *probe)
{
    if (!probe)
        return NULL;
    slot *s = next_slot(probe);
    const vprec_probe_options *options = probe->options;
    s->sums = (vprec_accumulation){.input = probe->how->operands ? &s->roundings[OPERANDS] : NULL,
                                   .product = options->products ? &s->roundings[PRODUCTS] : NULL,
                                   .sum = &s->roundings[SUMS], .order = options->order, .block = options->block,
                                   .threads = options->threads};
    return &s->sums;
}

/* Room for `n` more; NULL: the run has failed. */
static double *append(vprec_probe *probe, const void *data, size_t n)
{
    size_t total, bytes;
    if ((n && !data) || __builtin_add_overflow(probe->n, n, &total) || total > probe->most) {
        probe->status = VPREC_EINVAL;
        return NULL;
    }
    if (total > probe->room || !probe->values) {
        size_t room = total > probe->room + probe->room / 2 ? total : probe->room + probe->room / 2;
        room += !room;
        double *values = __builtin_mul_overflow(room, sizeof *values, &bytes) ? NULL : realloc(probe->values, bytes);
        if (!values) {
            probe->status = VPREC_ENOMEM;
            return NULL;
        }
        probe->values = values;
        probe->room = room;
    }
    probe->handed = true;
    probe->n = total;
    return probe->values + total - n;
}

#define WIDE_f32(x) vprec_float_widen(x)
#define WIDE_f64(x) (x)
#define OUTPUT(type, T)                                                                                                \
    vprec_status vprec_probe_output_##type(vprec_probe *probe, const T *data, size_t n)                                \
    {                                                                                                                  \
        if (!probe || probe->status)                                                                                   \
            return probe ? probe->status : VPREC_EINVAL;                                                               \
        double *to = append(probe, data, n);                                                                           \
        for (size_t i = 0; to && i < n; i++)                                                                           \
            to[i] = WIDE_##type(data[i]);                                                                              \
        return probe->status;                                                                                          \
    }
OUTPUT(f32, float)
OUTPUT(f64, double)

/* ---- options ---- */

__attribute__((format(printf, 3, 4))) static vprec_status fail(const vprec_probe_options *options, vprec_status status,
                                                               const char *text, ...)
{
    if (!options || !options->message || !options->size)
        return status;
    va_list list;
    va_start(list, text);
    vsnprintf(options->message, options->size, text, list);
    va_end(list);
    return status;
}

static bool is_share(double p) { return p > 0 && p < 1; }

/* `options` with what is left out filled in. */
static vprec_status complete(const vprec_probe_options *options, vprec_probe_options *to)
{
    static const double tolerances[VPREC_METRICS] = {[VPREC_METRIC_SQNR] = 40, [VPREC_METRIC_MAX_RELATIVE] = 0.01,
                                                     [VPREC_METRIC_MEAN_RELATIVE] = 0.01,
                                                     [VPREC_METRIC_COSINE] = 0.999, [VPREC_METRIC_BITS] = 7};
    *to = options ? *options : (vprec_probe_options){0};
    if ((unsigned)to->type >= VPREC_TYPES)
        return fail(to, VPREC_EINVAL, "no such type: %d; VPREC_F32 and VPREC_F64 are known", (int)to->type);
    if ((unsigned)to->metric >= VPREC_METRICS)
        return fail(to, VPREC_EINVAL, "no such metric: %d", (int)to->metric);
    if (!to->candidates != !to->count)
        return fail(to, VPREC_EINVAL, "%zu candidates at %s", to->count, to->candidates ? "an address" : "NULL");
    if ((unsigned)to->order >= VPREC_ORDERS || (to->order != VPREC_SEQUENTIAL && !to->block))
        return fail(to, VPREC_EINVAL, "no such order of sums, or one that needs blocks, and blocks of 0 terms");
    to->samples = to->samples ? to->samples : SAMPLES;
    to->bits = to->bits ? to->bits : BITS;
    to->probability = to->probability == 0 ? 0.95 : to->probability;
    to->confidence = to->confidence == 0 ? 0.95 : to->confidence;
    to->tolerance = to->tolerance == 0 ? tolerances[to->metric] : to->tolerance;
    if (to->bits > 64)
        return fail(to, VPREC_EINVAL, "%u random bits; 1 to 64 are possible", to->bits);
    if (!is_share(to->probability) || !is_share(to->confidence))
        return fail(to, VPREC_EINVAL, "probability and confidence lie between 0 and 1");
    if (!(to->tolerance == to->tolerance))
        return fail(to, VPREC_EINVAL, "the tolerance is NaN");
    return VPREC_OK;
}

static vprec_status read_format(const char *text, const vprec_probe_options *options, const char *whose, size_t number,
                                vprec_format *format)
{
    char message[160];
    vprec_status status = vprec_format_parse(text, options->type, format, message, sizeof message);
    return status ? fail(options, status, "%s %zu: %s", whose, number, message) : VPREC_OK;
}

static vprec_status read_candidate(const vprec_candidate *candidate, const vprec_probe_options *options,
                                   const char *whose, size_t number, arithmetic *how)
{
    vprec_status status = VPREC_OK;
    *how = (arithmetic){.format = candidate->format, .mode = candidate->mode, .operands = candidate->operands};
    if ((unsigned)candidate->mode >= VPREC_MODES)
        return fail(options, VPREC_EINVAL, "%s %zu: no such mode: %d", whose, number, (int)candidate->mode);
    if (candidate->text)
        status = read_format(candidate->text, options, whose, number, &how->format);
    else if ((status = vprec_format_check(&how->format, options->type)))
        return fail(options, status, "%s %zu: its format is none, or does not fit the type", whose, number);
    how->sums = how->format;
    if (!status && candidate->sums)
        status = read_format(candidate->sums, options, whose, number, &how->sums);
    return status;
}

/* The arithmetics: the reference's, then the candidates'. Frees nothing. */
static vprec_status read_all(vprec_probe_options *options, arithmetic **all)
{
    static const char *const native[VPREC_TYPES] = {"fp32", "fp64"};
    static const int exponents[VPREC_TYPES] = {8, 11}, fractions[VPREC_TYPES] = {22, 51};
    const vprec_candidate own = {.text = native[options->type]};
    bool given = options->candidates;
    if (!given)
        options->count = fractions[options->type];
    *all = options->count < SIZE_MAX / sizeof **all ? calloc(options->count + 1, sizeof **all) : NULL;
    if (!*all)
        return fail(options, VPREC_ENOMEM, "no memory for %zu candidates", options->count);
    const vprec_candidate *reference = options->reference ? options->reference : &own;
    vprec_status status = read_candidate(reference, options, "reference", 0, &(*all)[0]);
    if (!status && (*all)[0].mode == VPREC_SR)
        status = fail(options, VPREC_EINVAL, "a stochastic reference has no one output to compare with");
    for (size_t i = 0; i < options->count && !status; i++) {
        char text[40];
        snprintf(text, sizeof text, "e%dm%zu", exponents[options->type], i + 1);
        const vprec_candidate made = {.text = text};
        status = read_candidate(given ? &options->candidates[i] : &made, options, "candidate", i, &(*all)[i + 1]);
    }
    return status;
}

/* ---- runs ---- */

/* What is probed, and what the reference gave. */
typedef struct work {
    const vprec_layer *layers;
    size_t count;
    vprec_probe_options options;
    arithmetic *all;
    double **outputs; /* [layers], of the reference */
    size_t *n;
    vprec_probe *probe;
} work;

/* The number or the name of a layer, for a message. */
static const char *name_of(const work *w, size_t layer, char space[32])
{
    if (w->layers[layer].name)
        return w->layers[layer].name;
    snprintf(space, 32, "number %zu", layer);
    return space;
}

/* Runs one layer; its outputs are then the probe's. */
static vprec_status run_layer(work *w, size_t layer, const arithmetic *how, unsigned sample, bool counted)
{
    vprec_probe *probe = w->probe;
    probe->how = how;
    probe->options = &w->options;
    probe->key = vprec_key_child(vprec_key_child(w->options.seed, sample), layer);
    probe->operations = 0;
    probe->counted = counted;
    probe->outcomes = (vprec_outcomes){0};
    probe->n = 0;
    probe->most = w->outputs[layer] ? w->n[layer] : SIZE_MAX;
    probe->handed = false;
    probe->status = VPREC_OK;
    char space[32];
    const char *name = name_of(w, layer, space);
    vprec_status status = w->layers[layer].run(w->layers[layer].context, probe);
    if (probe->status == VPREC_ENOMEM)
        return fail(&w->options, VPREC_ENOMEM, "layer %.*s: no memory for its outputs", NAMED, name);
    if (probe->status)
        return fail(&w->options, probe->status, "layer %.*s: its outputs are NULL, or more than in the reference run",
                    NAMED, name);
    if (status)
        return fail(&w->options, status, "layer %.*s: its function returned status %d", NAMED, name, (int)status);
    if (!probe->handed || (w->outputs[layer] && probe->n != w->n[layer]))
        return fail(&w->options, VPREC_EINVAL, "layer %.*s: it handed over %s outputs%s", NAMED, name,
                    probe->handed ? "fewer" : "no", probe->handed ? " than in the reference run" : "");
    return VPREC_OK;
}

/* Whether the outputs of the layer that just ran are the reference's, bit for bit. */
static vprec_status same_outputs(const work *w, size_t layer)
{
    char space[32];
    if (!w->n[layer] || !memcmp(w->probe->values, w->outputs[layer], w->n[layer] * sizeof(double)))
        return VPREC_OK;
    return fail(&w->options, VPREC_EINVAL,
                "layer %.*s: other outputs in the same arithmetic; it must not keep state or change its inputs", NAMED,
                name_of(w, layer, space));
}

static void label(vprec_measure *measure, const arithmetic *how)
{
    measure->format = how->format;
    measure->sums = how->sums;
    measure->mode = how->mode;
}

/* Runs all layers in the reference's arithmetic: at first, to keep what they give, and at last. */
static vprec_status run_reference(work *w, vprec_measure *measures)
{
    for (size_t l = 0; l < w->count; l++) {
        vprec_status status = run_layer(w, l, &w->all[0], 0, measures && !w->options.uncounted);
        if (!status && !measures)
            status = same_outputs(w, l);
        if (status)
            return status;
        if (!measures)
            continue;
        w->n[l] = w->probe->n;
        w->outputs[l] = w->probe->values; /* not NULL: outputs were handed over */
        w->probe->values = NULL;
        w->probe->room = 0;
        vprec_gather gather;
        vprec_gather_begin(&gather, w->n[l], false);
        vprec_gather_sample(&gather, w->outputs[l], w->outputs[l], &w->probe->outcomes);
        vprec_gather_measure(&gather, w->outputs[l], &w->options, &measures[l]);
        label(&measures[l], &w->all[0]);
    }
    return VPREC_OK;
}

static unsigned samples_of(const work *w, const arithmetic *how)
{
    return how->mode == VPREC_SR ? w->options.samples : 1;
}

/* Runs all layers, first..last of them in arithmetic `how`, sample by sample; gathers layer `last` and the network. */
static vprec_status gather_effect(work *w, const arithmetic *how, size_t first, size_t last, vprec_gather *own,
                                  vprec_gather *network)
{
    vprec_status status = VPREC_OK;
    for (unsigned sample = 0; sample < samples_of(w, how); sample++) {
        for (size_t l = 0; l < w->count && !status; l++) {
            bool inside = l >= first && l <= last;
            status = run_layer(w, l, inside ? how : &w->all[0], sample, l == last && !w->options.uncounted);
            if (!status && l < first)
                status = same_outputs(w, l);
            if (!status && l == last)
                vprec_gather_sample(own, w->probe->values, w->outputs[l], &w->probe->outcomes);
            if (!status && l == w->count - 1)
                vprec_gather_sample(network, w->probe->values, w->outputs[l], &w->probe->outcomes);
        }
    }
    return status;
}

static vprec_status run_effect(work *w, const arithmetic *how, size_t first, size_t last, vprec_effect *effect)
{
    vprec_gather own, network;
    bool several = samples_of(w, how) > 1;
    vprec_status status = vprec_gather_begin(&own, w->n[last], several);
    if (!status && (status = vprec_gather_begin(&network, w->n[w->count - 1], several)))
        vprec_gather_end(&own);
    if (status)
        return fail(&w->options, status, "no memory for the samples of layer %zu", last);
    status = gather_effect(w, how, first, last, &own, &network);
    vprec_gather_measure(&own, w->outputs[last], &w->options, &effect->own);
    vprec_gather_measure(&network, w->outputs[w->count - 1], &w->options, &effect->network);
    vprec_gather_end(&own);
    vprec_gather_end(&network);
    label(&effect->own, how);
    label(&effect->network, how);
    return status;
}

/* ---- results ---- */

/* Of measures `step` apart. */
static size_t find_smallest(const vprec_effect *effects, size_t count, size_t step, vprec_metric metric)
{
    size_t best = VPREC_NONE;
    int least = 0;
    for (size_t i = 0; i < count; i++) {
        const vprec_measure *m = &effects[i * step].network;
        int width = 1 + m->format.ebits + m->format.fbits;
        if (!m->within || (best != VPREC_NONE && width > least))
            continue;
        if (best == VPREC_NONE || width < least || vprec_measure_better(m, &effects[best * step].network, metric))
            best = i;
        least = width;
    }
    return best;
}

void vprec_network_result_free(vprec_network_result *result)
{
    if (!result)
        return;
    free(result->reference);
    free(result->alone);
    free(result->up_to);
    free(result->smallest_alone);
    *result = (vprec_network_result){0};
}

void vprec_layer_result_free(vprec_layer_result *result)
{
    if (!result)
        return;
    free(result->measures);
    *result = (vprec_layer_result){0};
}

/* All runs of the candidates, and the reference's last one. */
static vprec_status run_candidates(work *w, vprec_network_result *result)
{
    for (size_t c = 0; c < w->options.count; c++) {
        for (size_t l = 0; l < w->count; l++) {
            size_t at = c * w->count + l;
            vprec_status status = run_effect(w, &w->all[c + 1], l, l, &result->alone[at]);
            if (!status && l)
                status = run_effect(w, &w->all[c + 1], 0, l, &result->up_to[at]);
            if (status)
                return status;
            if (!l) /* the same runs */
                result->up_to[at] = result->alone[at];
        }
    }
    return run_reference(w, NULL);
}

static vprec_status allocate(work *w, vprec_network_result *result)
{
    size_t layers = w->count, effects;
    w->outputs = calloc(layers, sizeof *w->outputs);
    w->n = calloc(layers, sizeof *w->n);
    w->probe = calloc(1, sizeof *w->probe);
    if (__builtin_mul_overflow(layers, w->options.count, &effects))
        effects = SIZE_MAX;
    result->count = w->options.count;
    result->layers = layers;
    result->reference = calloc(layers, sizeof *result->reference);
    result->alone = calloc(effects, sizeof *result->alone);
    result->up_to = calloc(effects, sizeof *result->up_to);
    result->smallest_alone = calloc(layers, sizeof *result->smallest_alone);
    if (w->outputs && w->n && w->probe && result->reference && result->alone && result->up_to && result->smallest_alone)
        return VPREC_OK;
    return fail(&w->options, VPREC_ENOMEM, "no memory for the measures of %zu layers", layers);
}

static vprec_status run_all(work *w, vprec_network_result *result)
{
    vprec_status status = read_all(&w->options, &w->all);
    if (!status)
        status = allocate(w, result);
    if (!status)
        status = run_reference(w, result->reference);
    if (!status)
        status = run_candidates(w, result);
    for (size_t l = 0; l < w->count && !status; l++)
        result->smallest_alone[l] = find_smallest(result->alone + l, result->count, w->count, w->options.metric);
    if (!status)
        result->smallest = find_smallest(result->up_to + w->count - 1, result->count, w->count, w->options.metric);
    for (size_t l = 0; w->outputs && l < w->count; l++)
        free(w->outputs[l]);
    if (w->probe)
        free(w->probe->values);
    free(w->probe);
    free(w->outputs);
    free(w->n);
    free(w->all);
    return status;
}

vprec_status vprec_probe_network(const vprec_layer *layers, size_t count, const vprec_probe_options *options,
                                 vprec_network_result *result)
{
    if (!result)
        return fail(options, VPREC_EINVAL, "no place for the result");
    *result = (vprec_network_result){0};
    work w = {.layers = layers, .count = count};
    if (!layers || !count)
        return fail(options, VPREC_EINVAL, "a network without layers");
    for (size_t l = 0; l < count; l++) {
        if (!layers[l].run)
            return fail(options, VPREC_EINVAL, "layer number %zu has no function", l);
    }
    vprec_status status = complete(options, &w.options);
    if (status)
        return status;
    status = run_all(&w, result);
    if (status)
        vprec_network_result_free(result);
    return status;
}

vprec_status vprec_probe_layer(vprec_layer_run *run, void *context, const vprec_probe_options *options,
                               vprec_layer_result *result)
{
    const vprec_layer layer = {"0", run, context};
    vprec_network_result network;
    if (!result)
        return fail(options, VPREC_EINVAL, "no place for the result");
    *result = (vprec_layer_result){0};
    vprec_status status = vprec_probe_network(&layer, 1, options, &network);
    if (status)
        return status;
    result->measures = network.count ? calloc(network.count, sizeof *result->measures) : NULL;
    if (result->measures) {
        result->count = network.count;
        result->reference = network.reference[0];
        result->smallest = network.smallest;
        for (size_t c = 0; c < network.count; c++)
            result->measures[c] = network.alone[c].own;
    } else {
        status = fail(options, VPREC_ENOMEM, "no memory for %zu measures", network.count);
    }
    vprec_network_result_free(&network);
    return status;
}
