/* SPDX-License-Identifier: Apache-2.0
 * samples.c: which samples there are to run, and the last words. Side by side they are run
 * by pool.c; one sample is sample.c's, the directory results.c's. */
#include "samples.h"
#include "common/json.h"
#include "common/say.h"
#include "pool.h"
#include "sample.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MOST = 8 }; /* samples named one by one in a message */

typedef struct campaign {
    const vprec_options *options;
    vprec_results results;
    vprec_pool pool;
    vprec_sample *samples; /* by number */
    vprec_keep *before;    /* by number, of those that run */
    uint32_t first, last;  /* numbers of this run: from the reference or from 1 */
    uint32_t next;         /* the next one to look at */
} campaign;

static void count(campaign *c, const vprec_sample *sample)
{
    c->pool.done++;
    c->pool.failed += sample->status != 0;
}

static long next_one(void *context)
{
    campaign *c = context;
    while (c->next <= c->last && c->samples[c->next].finished)
        c->next++;
    return c->next <= c->last ? (long)c->next++ : VPREC_POOL_NONE;
}

static pid_t start_one(void *context, long number, const vprec_inherited *inherited)
{
    campaign *c = context;
    if (!vprec_keep_look(&c->before[number], c->options->sampling.keep, c->results.path))
        return -1;
    return vprec_sample_start(&c->results, c->options, (uint32_t)number, inherited);
}

static int record_one(void *context, long number, const vprec_end *end)
{
    campaign *c = context;
    vprec_sample *sample = &c->samples[number];
    int failure = vprec_sample_record(&c->results, c->options, (uint32_t)number, &c->before[number], end, sample);
    vprec_keep_free(&c->before[number]);
    if (!failure)
        count(c, sample);
    return failure;
}

static void drop_one(void *context, long number)
{
    const campaign *c = context;
    vprec_sample_drop(&c->results, (uint32_t)number);
}

static void append(char **text, const char *more)
{
    char *joined = vprec_text("%s%s", *text, more);
    free(*text);
    *text = joined;
}

/* "samples 3, 9" of those that ended as `like` did. */
static char *named(const campaign *c, const vprec_sample *like)
{
    uint32_t count = 0, more = 0;
    char *text = vprec_text("%s", "");
    for (uint32_t i = 1; i <= c->last; i++) {
        const vprec_sample *sample = &c->samples[i];
        if (sample->status != like->status || sample->exited != like->exited || sample->signal != like->signal)
            continue;
        if (count++ < NAMED_MOST) {
            char *number = vprec_text("%s%" PRIu32, count > 1 ? ", " : "", i);
            append(&text, number);
            free(number);
        } else {
            more++;
        }
    }
    char *rest = more ? vprec_text(" and %" PRIu32 " more", more) : vprec_text("%s", "");
    char *whole = vprec_text("sample%s %s%s", count == 1 ? "" : "s", text, rest);
    free(rest);
    free(text);
    return whole;
}

static char *ending(const vprec_sample *sample)
{
    const char *name = sample->signal ? sigabbrev_np(sample->signal) : NULL;
    char *end = !sample->signal ? vprec_text("exited %d", sample->exited)
                : name          ? vprec_text("died of SIG%s", name)
                                : vprec_text("died of signal %d", sample->signal);
    if (sample->status == VPREC_EXIT_AUDIT)
        append(&end, " and executed operations unrounded (its report names them)");
    return end;
}

static bool plain_success(const vprec_sample *sample)
{
    return !sample->status && !sample->exited;
}

/* "28 of 30 samples exited 0; sample 7 died of SIGSEGV; samples 9, 12 exited 3" */
static char *tally(const campaign *c)
{
    uint32_t good = 0;
    for (uint32_t i = 1; i <= c->last; i++)
        good += plain_success(&c->samples[i]);
    char *text = vprec_text("%" PRIu32 " of %" PRIu32 " sample%s exited 0", good, c->last, c->last == 1 ? "" : "s");
    for (uint32_t i = 1; i <= c->last; i++) {
        const vprec_sample *sample = &c->samples[i];
        bool seen = plain_success(sample);
        for (uint32_t j = 1; j < i && !seen; j++)
            seen = c->samples[j].status == sample->status && c->samples[j].exited == sample->exited &&
                   c->samples[j].signal == sample->signal;
        if (seen)
            continue;
        char *who = named(c, sample), *how = ending(sample), *part = vprec_text("; %s %s", who, how);
        append(&text, part);
        free(part);
        free(how);
        free(who);
    }
    if (c->first == VPREC_REFERENCE) {
        char *how = ending(&c->samples[VPREC_REFERENCE]), *part = vprec_text("; the reference run %s", how);
        append(&text, part);
        free(part);
        free(how);
    }
    return text;
}

/* The samples' common status, 1 where they differ; 124 before both. */
static int common_status(const campaign *c)
{
    int status = c->samples[c->first].status;
    for (uint32_t i = c->first; i <= c->last; i++)
        if (c->samples[i].status == VPREC_EXIT_AUDIT)
            return VPREC_EXIT_AUDIT;
        else if (c->samples[i].status != status)
            status = 1;
    return status;
}

/* Puts the strings of `more` into `all`, each once. */
static void merge(json_t *all, const json_t *more)
{
    size_t i;
    json_t *text;
    json_array_foreach(more, i, text)
        if (json_is_string(text))
            json_object_set_new(all, json_string_value(text), json_true());
}

/* What the status files together say: warnings, what was rounded, and patterns of
 * --keep that no sample matched. False where there is such a pattern and samples ended well. */
static bool say_details(const campaign *c)
{
    json_t *warnings = vprec_json_must(json_object()), *natives = vprec_json_must(json_object()), *unmatched = NULL;
    json_t *shown = NULL; /* status of the first sample with a summary */
    uint32_t number = 0;
    const char *key;
    json_t *value;
    void *next;
    for (uint32_t i = c->first; i <= c->last; i++) {
        vprec_sample sample;
        json_t *status = vprec_sample_load(&c->results, c->options, i, &sample), *none = NULL;
        merge(warnings, json_object_get(status, "warnings"));
        merge(natives, json_object_get(status, "native"));
        if (i && !shown && json_is_string(json_object_get(status, "summary"))) {
            shown = json_incref(status);
            number = i;
        }
        if (plain_success(&sample)) {
            merge(none = vprec_json_must(json_object()), json_object_get(status, "keep_unmatched"));
            if (!unmatched) {
                unmatched = json_incref(none);
            } else {
                json_object_foreach_safe(unmatched, next, key, value)
                    if (!json_object_get(none, key))
                        json_object_del(unmatched, key);
            }
        }
        json_decref(none);
        json_decref(status);
    }
    size_t said = 0;
    json_object_foreach(natives, key, value) /* no remark, but what the results are worth */
        if (said++ < NAMED_MOST)
            vprec_say("%s", key);
    if (said > NAMED_MOST)
        vprec_say("and %zu more: the samples' status.json list them", said - NAMED_MOST);
    if (!c->options->quiet) {
        said = 0;
        json_object_foreach(warnings, key, value)
            if (said++ < NAMED_MOST)
                vprec_say("warning: %s", key);
        static const char *const lines[][2] = {
            {"summary", ""}, {"summary_left", "left native: "}, {"summary_hint", "hint: "}};
        for (size_t line = 0; line < sizeof lines / sizeof *lines; line++) {
            const char *text = json_string_value(json_object_get(shown, lines[line][0]));
            if (text)
                vprec_say("sample %" PRIu32 ": %s%s", number, lines[line][1], text);
        }
        if (!vprec_options_noisy(&c->options->config) && c->last > 1)
            vprec_say("hint: this rounding mode draws no random numbers: samples differ only where the program itself "
                      "does");
    }
    json_object_foreach(unmatched, key, value)
        vprec_say("--keep '%s' matched no file that a sample wrote: correct it, or leave it out (then name another "
                  "--out or --restart)", key);
    bool ok = !json_object_size(unmatched);
    json_decref(shown);
    json_decref(unmatched);
    json_decref(natives);
    json_decref(warnings);
    return ok;
}

static int conclude(campaign *c)
{
    uint32_t wanted = c->last - c->first + 1;
    if (c->pool.failure && !c->pool.done)
        return c->pool.failure;
    if (c->pool.stop || c->pool.failure) {
        char *why = c->pool.stop ? vprec_text("interrupted by SIG%s", sigabbrev_np(c->pool.stop))
                                 : vprec_text("stopped");
        vprec_say("%s: %" PRIu32 " of %" PRIu32 " runs are finished and kept in '%s': the same command runs the rest",
                  why, c->pool.done, wanted, c->results.path);
        free(why);
        return c->pool.failure ? c->pool.failure : 128 + c->pool.stop;
    }
    int status = common_status(c);
    if (!say_details(c))
        status = VPREC_EXIT_FAILURE;
    if (!c->options->quiet) {
        char *text = tally(c);
        vprec_say("%s; all in '%s'", text, c->results.path);
        free(text);
    }
    return status;
}

int vprec_samples_run(const vprec_options *options, const vprec_program *program, const char *preload)
{
    const vprec_sampling *sampling = &options->sampling;
    campaign c = {.options = options, .first = sampling->reference ? VPREC_REFERENCE : 1, .last = sampling->samples};
    vprec_streams_open();
    if (!vprec_results_open(&c.results, sampling->out,
                            vprec_results_describe(options, program, "/proc/self/exe", preload),
                            sampling->restart, options->quiet)) {
        vprec_results_close(&c.results);
        return VPREC_EXIT_FAILURE;
    }
    c.pool = (vprec_pool){.jobs = sampling->jobs, .context = &c, .next = next_one, .start = start_one,
                          .ended = record_one, .dropped = drop_one};
    c.samples = vprec_alloc((size_t)c.last + 1, sizeof *c.samples);
    c.before = vprec_alloc((size_t)c.last + 1, sizeof *c.before);
    c.next = c.first;
    for (uint32_t i = c.first; i <= c.last; i++) {
        json_decref(vprec_sample_load(&c.results, options, i, &c.samples[i]));
        if (c.samples[i].finished)
            count(&c, &c.samples[i]);
    }
    if (c.pool.done && !options->quiet)
        vprec_say("going on in '%s': %" PRIu32 " of %" PRIu32 " runs are finished", c.results.path, c.pool.done,
                  c.last - c.first + 1);
    vprec_pool_begin(&c.pool, c.last - c.first + 1, "samples", options->quiet);
    vprec_pool_work(&c.pool);
    int status = conclude(&c), stop = c.pool.stop;
    vprec_pool_end(&c.pool);
    for (uint32_t i = c.first; i <= c.last; i++)
        vprec_keep_free(&c.before[i]);
    free(c.before);
    free(c.samples);
    vprec_results_close(&c.results);
    if (stop)
        vprec_die_of(stop);
    return status;
}
