/* SPDX-License-Identifier: Apache-2.0
 * arrays.c: documents of arrays: the blocks of an array are shared among
 * threads, and of each block all samples are read, so that memory depends on neither size nor number. */
#include "common/say.h"
#include "documents.h"
#include "number.h"
#include "progress.h"
#include "result.h"
#include "stats/read/array.h"
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of BLOCK numbers CHUNK samples are read at a time (in float32 half a MiB, for the second-level cache), and made
 * doubles TILE numbers at a time, for the first-level cache. */
enum { THREADS_MOST = 64, BLOCK = 4096, CHUNK = 32, TILE = 128 };

static const double OPENING = 0.05; /* the share of the work that opening many files is thought to be */

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
    double before, part; /* shares of the document: arrays that are read, and this one */
    stats_sums *sums; /* of each block */
    atomic_uint_fast64_t next;
    atomic_bool failed;
} job;

typedef struct worker {
    job *job;
    stats_total total;
    stats_list list;
    pthread_t thread;
    bool started, first; /* first: the caller's thread */
} worker;

/* What a thread works with. */
typedef struct workspace {
    char raw[CHUNK][BLOCK * STATS_ELEMENT_MOST];
    double tile[CHUNK][TILE], references[BLOCK];
    stats_scale scale;
} workspace;

static bool add_chunk(const job *job, size_t sample, size_t samples, uint64_t first, stats_state *state, workspace *w)
{
    for (size_t s = 0; s < samples; s++) {
        uint64_t row = job->options->rows ? (sample + s) * job->elements : 0;
        if (!stats_array_read(job->samples[sample + s], row + first, state->count, w->raw[s]))
            return false;
    }
    for (size_t i = 0; i < state->count; i += TILE) {
        size_t count = state->count - i < TILE ? state->count - i : TILE;
        for (size_t s = 0; s < samples; s++)
            stats_array_convert(job->samples[sample + s], w->raw[s], i, count, w->tile[s]);
        stats_state_add_some(state, i, count, w->tile[0], TILE, samples);
    }
    return true;
}

static bool do_block(worker *w, uint64_t block, stats_state *state, workspace *space)
{
    job *job = w->job;
    uint64_t first = block * BLOCK, left = job->elements - first;
    size_t count = left < BLOCK ? left : BLOCK;
    stats_state_clear(state, count);
    for (size_t s = 0; s < job->count; s += CHUNK)
        if (!add_chunk(job, s, job->count - s < CHUNK ? job->count - s : CHUNK, first, state, space))
            return false;
    if (job->reference) {
        if (!stats_array_read(job->reference, first, count, space->raw[0]))
            return false;
        stats_array_convert(job->reference, space->raw[0], 0, count, space->references);
    }
    bool compared = job->reference || job->options->has_value;
    stats_block numbers = {state, first, compared ? space->references : NULL, (double)job->count, job->precision};
    w->total.sums = (stats_sums){0};
    stats_block_add(&numbers, &space->scale, &w->total, &w->list);
    job->sums[block] = w->total.sums;
    return true;
}

static void *work(void *argument)
{
    worker *w = argument;
    job *job = w->job;
    stats_state state = {0};
    workspace *space = aligned_alloc(64, (sizeof *space + 63) / 64 * 64);
    if (!space) {
        vprec_say("out of memory for a block: free some, or raise the limit (ulimit -v)");
        job->failed = true;
        return NULL;
    }
    memset(space->tile, 0, sizeof space->tile);
    space->scale = (stats_scale){.options = job->options};
    for (size_t i = 0; i < BLOCK; i++)
        space->references[i] = job->options->value;
    for (uint64_t block; !job->failed && (block = job->next++) * BLOCK < job->elements;) {
        if (!do_block(w, block, &state, space))
            job->failed = true;
        else if (w->first)
            stats_progress_tell(job->options->progress,
                                job->before + job->part * (double)block * BLOCK / (double)job->elements);
    }
    stats_state_free(&state);
    free(space);
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
    workers[0].first = true;
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
        job.part = (1 - OPENING) / fmax((double)sources[0].count, (double)document->group_count);
        job.before = OPENING + job.part * (double)(document->group_count - 1);
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
        stats_progress_tell(options->progress, OPENING * (double)i / (double)count);
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
