/* SPDX-License-Identifier: Apache-2.0
 * stats_arrays.c: documents of arrays: the blocks of an array are shared among
 * threads, and of each block all samples are read, so that memory depends on neither size nor number. */
#include "say.h"
#include "stats_array.h"
#include "stats_documents.h"
#include "stats_result.h"
#include "stats_state.h"
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MOST = 64 };
static const size_t BLOCK = 4096, CHUNK = 16;

/* The files of one document. */
typedef struct source {
    stats_file file;
    stats_array *arrays;
    size_t count;
} source;

/* One array in all samples. */
typedef struct job {
    const stats_options *options;
    stats_array **samples; /* with --rows all the same one */
    size_t count;
    const stats_array *reference;
    uint64_t elements;
    double precision;
    stats_sums *sums; /* of each block */
    atomic_uint_fast64_t next;
    atomic_bool failed;
} job;

typedef struct worker {
    job *job;
    stats_total total;
    stats_list list;
    pthread_t thread;
    bool started;
} worker;

static bool read_chunk(const job *job, size_t sample, size_t samples, uint64_t first, size_t count, double *values,
                       void *scratch)
{
    for (size_t s = 0; s < samples; s++) {
        uint64_t row = job->options->rows ? (sample + s) * job->elements : 0;
        if (!stats_array_read(job->samples[sample + s], row + first, count, values + s * BLOCK, scratch))
            return false;
    }
    return true;
}

static bool do_block(worker *w, uint64_t block, stats_state *state, double *values, double *reference, void *scratch,
                     stats_scale *scale)
{
    job *job = w->job;
    uint64_t first = block * BLOCK, left = job->elements - first;
    size_t count = left < BLOCK ? left : BLOCK;
    stats_state_clear(state, count);
    for (size_t s = 0; s < job->count; s += CHUNK) {
        size_t samples = job->count - s < CHUNK ? job->count - s : CHUNK;
        if (!read_chunk(job, s, samples, first, count, values, scratch))
            return false;
        stats_state_add(state, values, BLOCK, samples);
    }
    if (job->reference && !stats_array_read(job->reference, first, count, reference, scratch))
        return false;
    w->total.sums = (stats_sums){0};
    for (size_t i = 0; i < count; i++) {
        stats_number number;
        double y = job->reference ? reference[i] : job->options->has_value ? job->options->value : NAN;
        stats_number_fill(&number, scale, state, i, (double)job->count, y, job->precision);
        number.index = first + i;
        stats_total_add(&w->total, &number);
        stats_list_offer(&w->list, &number);
    }
    job->sums[block] = w->total.sums;
    return true;
}

static void *work(void *argument)
{
    worker *w = argument;
    job *job = w->job;
    stats_state state = {0};
    stats_scale scale = {.options = job->options};
    double *values = aligned_alloc(64, (CHUNK + 1) * BLOCK * sizeof *values + BLOCK * 16);
    if (!values) {
        vprec_say("out of memory for a block: free some, or raise the limit (ulimit -v)");
        job->failed = true;
        return NULL;
    }
    double *reference = values + CHUNK * BLOCK;
    memset(values, 0, CHUNK * BLOCK * sizeof *values);
    for (uint64_t block; !job->failed && (block = job->next++) * BLOCK < job->elements;)
        if (!do_block(w, block, &state, values, reference, reference + BLOCK, &scale))
            job->failed = true;
    stats_state_free(&state);
    free(values);
    return NULL;
}

static size_t threads_for(uint64_t blocks)
{
    cpu_set_t set;
    size_t count = sched_getaffinity(0, sizeof set, &set) ? 1 : (size_t)CPU_COUNT(&set);
    count = count < THREADS_MOST ? count : THREADS_MOST;
    return blocks < count ? (blocks ? blocks : 1) : count;
}

static bool run(job *job, stats_group *group)
{
    uint64_t blocks = (job->elements + BLOCK - 1) / BLOCK;
    size_t threads = threads_for(blocks);
    worker *workers = vprec_alloc(threads, sizeof *workers);
    job->sums = vprec_alloc(blocks, sizeof *job->sums);
    for (size_t t = 0; t < threads; t++) {
        workers[t].job = job;
        workers[t].list.most = group->list.most;
        workers[t].started = t && !pthread_create(&workers[t].thread, NULL, work, &workers[t]);
    }
    work(&workers[0]);
    for (size_t t = 0; t < threads; t++) {
        if (workers[t].started)
            pthread_join(workers[t].thread, NULL);
        stats_total_join(&group->total, &workers[t].total, false);
        stats_list_join(&group->list, &workers[t].list);
        stats_total_free(&workers[t].total);
    }
    /* In the order of the blocks: the same sums with any number of threads. */
    for (uint64_t b = 0; b < blocks; b++)
        stats_sums_join(&group->total.sums, &job->sums[b]);
    stats_list_sort(&group->list);
    free(job->sums);
    free(workers);
    return !job->failed;
}

static bool open_source(source *s, const char *path, stats_kind kind, bool rest)
{
    if (!stats_file_open(&s->file, path))
        return false;
    if (!stats_arrays_open(&s->file, kind, &s->arrays, &s->count)) {
        stats_file_close(&s->file);
        return false;
    }
    if (rest)
        stats_file_rest(&s->file);
    return true;
}

static void close_source(source *s)
{
    stats_arrays_close(s->arrays, s->count);
    if (s->file.name)
        stats_file_close(&s->file);
}

static stats_array *find_array(const source *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->arrays[i].name, name))
            return &s->arrays[i];
    return NULL;
}

static char *shape_text(const stats_array *a, int from)
{
    char *text = vprec_text("(");
    for (int d = from; d < a->dimensions; d++) {
        char *longer = vprec_text("%s%s%zu", text, d > from ? "," : "", a->shape[d]);
        free(text);
        text = longer;
    }
    char *whole = vprec_text("%s)", text);
    free(text);
    return whole;
}

static bool same_shape(const stats_array *a, const stats_array *b, int from)
{
    int rest = a->dimensions - from;
    if (b->dimensions == rest && !memcmp(a->shape + from, b->shape, (size_t)rest * sizeof *a->shape))
        return true;
    char *one = shape_text(b, 0), *other = shape_text(a, from);
    vprec_say("%s%s%s: shape %s, but %s has %s", b->file->name, *b->name ? ": " : "", b->name, one, a->file->name,
              other);
    free(one);
    free(other);
    return false;
}

/* Positions count in C order, unless all are in Fortran order: then that one is quicker. */
static bool common_order(job *job, const stats_array *reference)
{
    bool fortran = !job->options->rows && (!reference || reference->fortran);
    for (size_t i = 0; i < job->count; i++)
        fortran &= job->samples[i]->fortran;
    for (size_t i = 0; fortran && i < job->count; i++)
        job->samples[i]->fortran = false;
    return fortran;
}

static bool do_array(stats_document *document, const stats_options *options, source *sources, size_t count,
                     const source *reference, const char *name)
{
    job job = {.options = options, .precision = 0};
    stats_array *first = NULL, *compared = reference ? find_array(reference, name) : NULL;
    bool ok = true;
    job.samples = vprec_alloc(count, sizeof *job.samples); /* NOLINT(bugprone-sizeof-expression): of pointers */
    for (size_t i = 0; ok && i < count; i++) {
        stats_array *array = find_array(&sources[i], name);
        if (!array)
            continue;
        first = first ? first : array;
        ok = array == first || same_shape(first, array, 0);
        job.samples[job.count++] = array;
        job.precision = fmax(job.precision, stats_type_bits(array->type));
    }
    int from = options->rows ? 1 : 0;
    if (ok && options->rows && !first->dimensions) {
        vprec_say("%s: a single number has no rows", first->file->name);
        ok = false;
    }
    ok = ok && (!compared || same_shape(first, compared, from));
    if (ok) {
        if (job.count < count)
            stats_warn(document, "the array %s is missing in %zu of %zu samples", name, count - job.count, count);
        if (reference && !compared)
            stats_warn(document, "the reference has no array %s: compared with the mean", name);
        stats_group *group = stats_group_add(document, name, options);
        group->fortran = common_order(&job, compared);
        job.elements = first->count;
        if (options->rows) {
            job.count = first->shape[0];
            job.elements = job.count ? first->count / job.count : 0;
            free(job.samples);
            job.samples = vprec_alloc(job.count, sizeof *job.samples); /* NOLINT(bugprone-sizeof-expression) */
            for (size_t i = 0; i < job.count; i++)
                job.samples[i] = first;
            document->samples = job.count;
        }
        if (group->fortran && compared)
            compared->fortran = false;
        job.reference = compared;
        group->type = vprec_text("%s", stats_type_name(first->type));
        group->dimensions = first->dimensions - from;
        memcpy(group->shape, first->shape + from, (size_t)group->dimensions * sizeof *group->shape);
        ok = run(&job, group);
    }
    free(job.samples);
    return ok;
}

bool stats_arrays_document(stats_document *document, const stats_options *options, char **paths, size_t count,
                           const char *reference)
{
    source *sources = vprec_alloc(count, sizeof *sources), compared = {0};
    size_t most = stats_files_most(), opened = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        bool input = !strcmp(paths[i], "-");
        ok = open_source(&sources[i], paths[i], document->kind, !input && count > most / 2);
        opened += ok;
    }
    document->samples = count;
    if (ok && reference)
        ok = open_source(&compared, reference, document->kind, false);
    /* Every array that any sample has, in the order of the first that has it. */
    for (size_t i = 0; ok && i < opened; i++)
        for (size_t a = 0; ok && a < sources[i].count; a++) {
            bool known = false;
            for (size_t g = 0; g < document->group_count && !known; g++)
                known = !strcmp(document->groups[g]->name, sources[i].arrays[a].name);
            if (!known)
                ok = do_array(document, options, sources, opened, reference ? &compared : NULL,
                              sources[i].arrays[a].name);
        }
    for (size_t i = 0; i < opened; i++)
        close_source(&sources[i]);
    close_source(&compared);
    free(sources);
    return ok;
}
