/* SPDX-License-Identifier: Apache-2.0
 * test_refused.c: what the probe refuses, with which status and in which words; layers that fail, in any run. */
#include "measured.h"
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <string.h>

static vprec_status one(void *context, vprec_probe *probe)
{
    static const float x[4] = {1.1f, 2.2f, 3.3f, 0.7f};
    float y[4];
    (void)context;
    vprec_status status = vprec_round_f32(y, x, 4, vprec_probe_rounding(probe));
    return status ? status : vprec_probe_output_f32(probe, y, 4);
}

static char message[200];

static void refused(vprec_layer_run *run, void *context, const vprec_probe_options *given, vprec_status status,
                    const char *words)
{
    vprec_probe_options options = *given;
    options.message = message;
    options.size = sizeof message;
    message[0] = 0;
    vprec_layer_result result;
    memset(&result, 0x55, sizeof result);
    cr_expect_eq(vprec_probe_layer(run, context, &options, &result), status, "%s", message);
    cr_expect(strstr(message, words), "`%s`, not `%s`", message, words);
    cr_expect(!result.count && !result.measures && !result.smallest);
    options.message = NULL; /* and without words */
    cr_expect_eq(vprec_probe_layer(run, context, &options, &result), status);
}

Test(refused, options)
{
    const vprec_candidate good = {.text = "bf16"};
#define REFUSED(status, words, ...) refused(one, NULL, &(vprec_probe_options){__VA_ARGS__}, status, words)
#define CANDIDATE(...) .count = 2, .candidates = (const vprec_candidate[]){good, {__VA_ARGS__}}
    REFUSED(VPREC_EINVAL, "no such type: 2", .type = VPREC_TYPES);
    REFUSED(VPREC_EINVAL, "no such metric: 5", .metric = VPREC_METRICS);
    REFUSED(VPREC_EINVAL, "2 candidates at NULL", .count = 2);
    REFUSED(VPREC_EINVAL, "0 candidates at an address", .candidates = &good);
    REFUSED(VPREC_EINVAL, "65 random bits", .bits = 65);
    REFUSED(VPREC_EINVAL, "probability", .probability = 1);
    REFUSED(VPREC_EINVAL, "probability", .confidence = -0.5);
    REFUSED(VPREC_EINVAL, "probability", .probability = NAN);
    REFUSED(VPREC_EINVAL, "NaN", .tolerance = NAN);
    REFUSED(VPREC_EINVAL, "order", .order = VPREC_ORDERS);
    REFUSED(VPREC_EINVAL, "order", .order = VPREC_BLOCKED);
    REFUSED(VPREC_EFORMAT, "candidate 1: `nine`", CANDIDATE(.text = "nine"));
    REFUSED(VPREC_ERANGE, "candidate 1: `e11m52`", CANDIDATE(.text = "e11m52"));
    REFUSED(VPREC_EFORMAT, "candidate 1: `fp33`", CANDIDATE(.text = "fp16", .sums = "fp33"));
    REFUSED(VPREC_ERANGE, "candidate 1: its format is none", CANDIDATE(.text = NULL));
    REFUSED(VPREC_EINVAL, "candidate 1: no such mode: 7", CANDIDATE(.text = "fp16", .mode = VPREC_MODES));
    REFUSED(VPREC_EFORMAT, "reference 0: `nine`", .reference = &(const vprec_candidate){.text = "nine"});
    REFUSED(VPREC_EINVAL, "stochastic reference",
            .reference = &(const vprec_candidate){.text = "fp32", .mode = VPREC_SR});
    vprec_format wide;
    cr_assert_eq(vprec_format_parse("e11m52", VPREC_F64, &wide, NULL, 0), VPREC_OK);
    REFUSED(VPREC_ERANGE, "candidate 1: its format", CANDIDATE(.format = wide));
    cr_assert_eq(vprec_format_parse("bf16", VPREC_F32, &wide, NULL, 0), VPREC_OK);
    wide.max *= 2;
    REFUSED(VPREC_EINVAL, "candidate 1: its format", CANDIDATE(.format = wide));
}

Test(refused, what_is_not_there)
{
    vprec_layer_result result;
    vprec_network_result network;
    const vprec_layer layers[] = {{"first", one, NULL}, {"second", NULL, NULL}};
    vprec_probe_options options = {.message = message, .size = sizeof message};
    cr_expect_eq(vprec_probe_layer(one, NULL, NULL, NULL), VPREC_EINVAL);
    cr_expect_eq(vprec_probe_layer(NULL, NULL, NULL, &result), VPREC_EINVAL);
    cr_expect_eq(vprec_probe_network(layers, 2, &options, NULL), VPREC_EINVAL);
    cr_expect_eq(vprec_probe_network(layers, 0, &options, &network), VPREC_EINVAL);
    cr_expect(strstr(message, "without layers"));
    cr_expect_eq(vprec_probe_network(NULL, 2, &options, &network), VPREC_EINVAL);
    cr_expect_eq(vprec_probe_network(layers, 2, &options, &network), VPREC_EINVAL);
    cr_expect(strstr(message, "layer number 1 has no function"));
    cr_expect(!network.alone && !network.layers);
    cr_expect_null(vprec_probe_rounding(NULL));
    cr_expect_null(vprec_probe_sums(NULL));
    cr_expect_eq(vprec_probe_output_f32(NULL, NULL, 0), VPREC_EINVAL);
    cr_expect_eq(vprec_probe_output_f64(NULL, NULL, 0), VPREC_EINVAL);
    vprec_layer_result_free(NULL);
    vprec_network_result_free(NULL);
}

/* ---- layers that do not keep the contract ---- */

enum wrong { FAILS, SILENT, MORE, FEWER, NULLS, STATE };

typedef struct faulty {
    enum wrong what;
    int at, runs; /* wrong in this run */
    bool hides;   /* ignores what vprec_probe_output_ returns */
} faulty;

static vprec_status misbehave(void *context, vprec_probe *probe)
{
    faulty *f = context;
    bool now = f->runs++ == f->at;
    float y[6] = {1, 2, 3, 4, 5, 6};
    vprec_status status = vprec_round_f32(y, y, 6, vprec_probe_rounding(probe));
    if (status || (now && f->what == FAILS))
        return status ? status : VPREC_ERANGE;
    if (now && f->what == SILENT)
        return VPREC_OK;
    if (now && f->what == STATE)
        y[2] = 17;
    size_t n = now && f->what == MORE ? 6 : now && f->what == FEWER ? 3 : 5;
    status = vprec_probe_output_f32(probe, now && f->what == NULLS ? NULL : y, n);
    if (status && f->hides)
        return vprec_probe_output_f64(probe, (double[]){1}, 1) == status ? VPREC_OK : VPREC_ENOMEM;
    return status;
}

Test(refused, layers_that_fail)
{
    static const vprec_candidate candidates[] = {{.text = "bf16"}, {.text = "e8m3", .mode = VPREC_SR}};
    const vprec_probe_options options = {.candidates = candidates, .count = 2, .samples = 3};
    enum { RUNS = 1 + 1 + 3 + 1 };
    static const struct {
        enum wrong what;
        vprec_status status;
        const char *words;
        int first, last; /* runs in which it is noticed */
    } cases[] = {{FAILS, VPREC_ERANGE, "returned status 3", 0, RUNS - 1},
                 {SILENT, VPREC_EINVAL, "no outputs", 0, RUNS - 1},
                 {NULLS, VPREC_EINVAL, "NULL", 0, RUNS - 1}, {MORE, VPREC_EINVAL, "more than", 1, RUNS - 1},
                 {FEWER, VPREC_EINVAL, "fewer", 1, RUNS - 1},
                 {STATE, VPREC_EINVAL, "other outputs", RUNS - 1, RUNS - 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int at = cases[i].first; at <= cases[i].last; at++) {
            for (int hides = 0; hides < 2; hides++) {
                faulty f = {cases[i].what, at, 0, hides};
                vprec_probe_options with = options;
                vprec_layer_result result;
                with.message = message, with.size = sizeof message;
                cr_expect_eq(vprec_probe_layer(misbehave, &f, &with, &result), cases[i].status, "%zu in run %d", i, at);
                cr_expect(strstr(message, cases[i].words), "`%s`, not `%s`", message, cases[i].words);
                cr_expect(!result.measures && !result.count);
                cr_expect_eq(f.runs, at + 1, "it ran on");
            }
        }
    }
}

/* In a network the layers before the one that is tried must give what the reference gave. */
Test(refused, a_layer_with_state)
{
    faulty f = {STATE, 4, 0, false};
    const vprec_layer layers[] = {{"a rather long name of a layer, of which a message has not all", misbehave, &f},
                                  {NULL, one, NULL}};
    static const vprec_candidate candidates[] = {{.text = "bf16"}};
    vprec_probe_options options = {.candidates = candidates, .count = 1, .message = message, .size = sizeof message};
    vprec_network_result result;
    f.at = 2; /* the reference, layer 0, then layer 1 alone: layer 0 runs natively */
    cr_expect_eq(vprec_probe_network(layers, 2, &options, &result), VPREC_EINVAL);
    cr_expect(strstr(message, "of which a message has not al: other outputs"), "`%s`", message);
    f.at = 1, f.runs = 0, f.what = FAILS;
    cr_expect_eq(vprec_probe_network(layers, 2, &options, &result), VPREC_ERANGE);
}

/* A message longer than its room is cut and terminated. */
Test(refused, little_room)
{
    char small[8];
    memset(small, 'x', sizeof small);
    vprec_probe_options options = {.bits = 99, .message = small, .size = 5};
    vprec_layer_result result;
    cr_expect_eq(vprec_probe_layer(one, NULL, &options, &result), VPREC_EINVAL);
    cr_expect(!strcmp(small, "99 r") && small[5] == 'x');
}

/* The layer's function runs in the caller's floating-point environment, which stays as it is. */
static vprec_status look(void *context, vprec_probe *probe)
{
    cr_expect_eq(fegetround(), FE_UPWARD);
    return one(context, probe);
}

Test(refused, to_touch_the_environment)
{
    vprec_layer_result up, nearest;
    cr_assert_eq(vprec_probe_layer(one, NULL, NULL, &nearest), VPREC_OK);
    fesetround(FE_UPWARD);
    feclearexcept(FE_ALL_EXCEPT);
    vprec_status status = vprec_probe_layer(look, NULL, NULL, &up);
    cr_expect_eq(fegetround(), FE_UPWARD);
    cr_expect_eq(fetestexcept(FE_ALL_EXCEPT), 0);
    fesetround(FE_TONEAREST);
    cr_assert_eq(status, VPREC_OK);
    for (size_t c = 0; c < up.count; c++)
        cr_expect(measured_same(&up.measures[c], &nearest.measures[c], sizeof *up.measures));
    vprec_layer_result_free(&up);
    vprec_layer_result_free(&nearest);
}
