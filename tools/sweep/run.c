/* SPDX-License-Identifier: Apache-2.0
 * run.c: which run and which command of a metric is next. Side by side they are run by pool.c. */
#include "run.h"
#include "cell.h"
#include "common/say.h"
#include "forks.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Unless --timeout says otherwise: a program that does not converge in a small format shall not hang all night. */
enum { LIMIT_LEAST = 60, LIMIT_NATIVE = 1000 };
enum { RUN = -1 };

/* A run of a cell, or the command of a metric behind it. */
typedef struct job {
    size_t cell;
    uint32_t number;
    int metric; /* or RUN */
} job;

typedef struct runner {
    sweep *sweep;
    vprec_pool pool;
    job *jobs; /* all that were handed out or wait, by number */
    size_t count, room, next;
    char *here; /* $VPREC_DIRECTORY */
} runner;

static sweep_cell *cell_of(const runner *r, const job *j)
{
    return &r->sweep->grid.cells[j->cell];
}

static void push(runner *r, size_t cell, uint32_t number, int metric)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        r->jobs = vprec_grow(r->jobs, r->room, sizeof *r->jobs);
    }
    r->jobs[r->count++] = (job){cell, number, metric};
}

/* What must be known of the native run before other cells are run: how long a run may take, that there is one. */
static bool native_done(runner *r)
{
    sweep *s = r->sweep;
    sweep_cell *native = &s->grid.cells[SWEEP_NATIVE];
    char *path = sweep_output_path(s, native, 1), *second = sweep_output_path(s, native, 2);
    sweep_document again = {0};
    bool ok = !s->options->output || !access(path, F_OK);
    if (!ok)
        vprec_say("the native run has written no '%s': --output names a file below the working directory that the "
                  "program writes", s->options->output);
    s->refused = !ok;
    ok = ok && sweep_document_read(&s->native, path, STATS_AUTO);
    if (ok && (ok = sweep_document_read(&again, second, STATS_BINARY)))
        s->repeats = again.size == s->native.size && !memcmp(again.bytes, s->native.bytes, again.size);
    sweep_document_free(&again);
    free(second);
    free(path);
    return ok;
}

static bool settle(runner *r, size_t index)
{
    sweep *s = r->sweep;
    sweep_cell *cell = &s->grid.cells[index];
    if (index == SWEEP_NATIVE && !native_done(r))
        return false;
    sweep_cell_settle(s, cell);
    if (index != SWEEP_NATIVE)
        return true;
    if (s->options->timeout < 0)
        s->limit = LIMIT_LEAST + LIMIT_NATIVE * cell->seconds;
    s->refused = !s->known(s);
    return !s->refused;
}

/* The cell's commands that are still to be run; settles it where there are none and no run is left. */
static bool advance(runner *r, size_t index)
{
    sweep *s = r->sweep;
    sweep_cell *cell = &s->grid.cells[index];
    bool waiting = !sweep_cell_complete(cell);
    for (uint32_t i = 1; i <= cell->count && !cell->counts; i++)
        for (size_t m = 0; sweep_cell_good(cell, i) && m < s->options->metrics.count; m++)
                waiting |= !s->options->report_only && s->options->metrics.list[m].kind == SWEEP_COMMAND &&
                       !sweep_cell_measured(s, cell, i, m);
    return waiting || cell->settled || settle(r, index);
}

static void push_commands(runner *r, size_t index, uint32_t number)
{
    const sweep_metrics *metrics = &r->sweep->options->metrics;
    const sweep_cell *cell = &r->sweep->grid.cells[index];
    for (size_t m = 0; !cell->counts && sweep_cell_good(cell, number) && m < metrics->count; m++)
        if (metrics->list[m].kind == SWEEP_COMMAND && !sweep_cell_measured(r->sweep, cell, number, m)) {
            r->pool.progress.total++;
            push(r, index, number, (int)m);
        }
}

/* Looks what is there of a cell, and lines up what is not. */
static bool line_up(runner *r, size_t index)
{
    sweep_cell *cell = &r->sweep->grid.cells[index];
    r->pool.progress.total += cell->count;
    for (uint32_t i = 1; i <= cell->count; i++) {
        if (sweep_cell_load(r->sweep, cell, i)) {
            r->pool.done++;
            r->pool.failed += !cell->counts && !sweep_cell_good(cell, i);
            push_commands(r, index, i);
        }
    }
    for (uint32_t i = 1; i <= cell->count && !sweep_cell_complete(cell); i++)
        if (!cell->samples[i].finished)
            push(r, index, i, RUN);
    if (sweep_cell_complete(cell)) /* runs that are given up are done with */
        for (uint32_t i = 1; i <= cell->count; i++)
            r->pool.done += !cell->samples[i].finished;
    return advance(r, index);
}

static bool line_up_if_wanted(runner *r, size_t index)
{
    sweep_cell *cell = &r->sweep->grid.cells[index];
    if (!cell->wanted || cell->lined_up)
        return true;
    cell->lined_up = true;
    return line_up(r, index);
}

/* Once native is known: lines up the cells that are wanted, and those that are when these are known, from a former
 * call. The native run that counts comes first. */
static bool line_up_wanted(runner *r)
{
    sweep_grid *grid = &r->sweep->grid;
    if (!grid->cells[SWEEP_NATIVE].settled)
        return true;
    do {
        size_t counting = grid->cells[SWEEP_NATIVE].counting;
        if (counting && !line_up_if_wanted(r, counting))
            return false;
        for (size_t i = 1; i < grid->all; i++)
            if (!line_up_if_wanted(r, i))
                return false;
    } while (r->sweep->more(r->sweep));
    return true;
}

static long next_one(void *context)
{
    runner *r = context;
    for (; r->next < r->count; r->next++) {
        const job *j = &r->jobs[r->next];
        sweep_cell *cell = cell_of(r, j);
        /* The native runs go alone, one after the other: their time is what others are compared with. */
        if (j->cell == SWEEP_NATIVE && r->pool.running)
            return VPREC_POOL_NONE;
        if (j->metric != RUN || (!cell->settled && !(j->number > 1 && sweep_cell_complete(cell))))
            return (long)r->next++;
        r->pool.done++; /* given up */
    }
    return VPREC_POOL_NONE;
}

static pid_t start_command(runner *r, const job *j, const vprec_inherited *inherited)
{
    sweep *s = r->sweep;
    sweep_cell *cell = cell_of(r, j), *native = &s->grid.cells[SWEEP_NATIVE];
    size_t index = (size_t)j->metric;
    char *input = sweep_output_path(s, cell, j->number), *directory = vprec_results_file(&cell->results, j->number, "");
    char *reference = vprec_results_file(&native->results, 1, "");
    char *paths[2] = {sweep_metric_file(s, cell, j->number, index, "out"),
                      sweep_metric_file(s, cell, j->number, index, "err")};
    char shell[] = "sh", option[] = "-c", *command[] = {shell, option, s->options->metrics.list[index].detail, NULL};
    const char *environment[] = {"VPREC_CELL", directory, "VPREC_NATIVE", reference, "VPREC_DIRECTORY", r->here, NULL};
    int in = open(input, O_RDONLY | O_CLOEXEC), fds[2] = {-1, -1};
    bool begun = sweep_metric_begin(s, cell, j->number, index);
    for (size_t i = 0; begun && i < 2; i++)
        fds[i] = open(paths[i], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (in < 0) /* the run wrote no such file: the command may look at others */
        in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    vprec_task task = {.file = "/bin/sh", .command = command, .in = in, .out = fds[0], .err = fds[1],
                       .directory = directory, .environment = environment};
    pid_t pid = -1;
    if (begun && (fds[0] < 0 || fds[1] < 0))
        vprec_say("cannot write '%s' (%s): free room there or move away what has that name, and run the same command "
                  "again", paths[fds[0] >= 0], strerror(errno));
    else if (begun)
        pid = vprec_keeper_start(&task, inherited);
    close(in);
    for (size_t i = 0; i < 2; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        free(paths[i]);
    }
    free(reference);
    free(directory);
    free(input);
    return pid;
}

bool sweep_run_directory(const char *path)
{
    if (!mkdir(path, 0777) || errno == EEXIST)
        return true;
    vprec_say("cannot make '%s' (%s): free room there, check its permissions, or name another --out", path,
              strerror(errno));
    return false;
}

static pid_t start_one(void *context, long number, const vprec_inherited *inherited)
{
    runner *r = context;
    const job *j = &r->jobs[number];
    sweep_cell *cell = cell_of(r, j);
    r->pool.limit = sweep_cell_limit(r->sweep, cell);
    if (j->metric != RUN)
        return start_command(r, j, inherited);
    if (!sweep_run_directory(cell->results.path) || !sweep_forks_begin(r->sweep->forks, cell, inherited))
        return -1;
    if (!vprec_keep_look(&cell->before[j->number], cell->options.sampling.keep, r->sweep->results.top))
        return -1;
    return vprec_sample_start(&cell->results, &cell->options, j->number, inherited);
}

/* The native run is what all else is measured by. */
static int native_failed(const sweep *s, uint32_t number)
{
    const sweep_cell *cell = &s->grid.cells[SWEEP_NATIVE];
    const vprec_sample *sample = &cell->samples[number];
    char *path = vprec_results_file(&cell->results, number, "stderr");
    const char *name = sample->signal ? sigabbrev_np(sample->signal) : NULL;
    char *how = sample->timed_out ? vprec_text("took more than %g seconds", s->limit)
                : name            ? vprec_text("died of SIG%s", name)
                                  : vprec_text("exited %d", sample->exited);
    vprec_say("'%s' itself, without vprec, %s, so there is nothing to compare with: see what it said in '%s'; make it "
              "run first", s->options->program[0], how, path);
    free(how);
    free(path);
    return SWEEP_EXIT_FAILURE;
}

static int ended(void *context, long number, const vprec_end *end)
{
    runner *r = context;
    const job j = r->jobs[number]; /* a copy: the list may move */
    sweep *s = r->sweep;
    sweep_cell *cell = cell_of(r, &j);
    sweep_forks_hear(s->forks);
    if (j.metric != RUN) {
        if (!sweep_metric_record(s, cell, j.number, (size_t)j.metric, end))
            return SWEEP_EXIT_FAILURE;
        r->pool.done++;
    } else {
        int failure = vprec_sample_record(&cell->results, &cell->options, j.number, &cell->before[j.number], end,
                                          &cell->samples[j.number]);
        vprec_keep_free(&cell->before[j.number]);
        if (failure)
            return SWEEP_EXIT_FAILURE;
        r->pool.done++;
        r->pool.failed += !cell->counts && !sweep_cell_good(cell, j.number);
        if (j.cell == SWEEP_NATIVE && !sweep_cell_good(cell, j.number))
            return native_failed(s, j.number);
        push_commands(r, j.cell, j.number);
    }
    return advance(r, j.cell) && (!cell->settled || line_up_wanted(r)) ? 0 : SWEEP_EXIT_FAILURE;
}

static void dropped(void *context, long number)
{
    const runner *r = context;
    const job *j = &r->jobs[number];
    if (j->metric == RUN)
        vprec_sample_drop(&cell_of(r, j)->results, j->number);
}

static void place(const sweep *s, sweep_cell *cell)
{
    char *path = vprec_text("%s/" VPREC_RESULTS_CELLS "/%s", s->results.top, cell->id);
    cell->results = (vprec_results){.top = s->results.top, .path = path, .lock = -1, .run = s->results.run};
}

bool sweep_run_place(sweep *s, sweep_cell *cell)
{
    place(s, cell);
    return s->options->report_only || vprec_results_add(&s->results, cell->id, cell->count);
}

static void place_all(sweep *s)
{
    for (size_t i = 0; i < s->grid.all; i++)
        if (s->grid.cells[i].id)
            place(s, &s->grid.cells[i]);
}

static bool directories(sweep *s)
{
    char *cells = vprec_text("%s/" VPREC_RESULTS_CELLS, s->results.top);
    place_all(s);
    bool ok = sweep_run_directory(cells);
    free(cells);
    return ok;
}

int sweep_look(sweep *s)
{
    runner r = {.sweep = s};
    s->limit = s->options->timeout > 0 ? s->options->timeout : 0;
    place_all(s);
    bool ok = line_up(&r, SWEEP_NATIVE) && line_up_wanted(&r), native = s->grid.cells[SWEEP_NATIVE].settled;
    if (ok && !native)
        vprec_say("'%s' has no native run that is finished: there is nothing to report yet", s->results.path);
    s->complete = ok && native;
    for (size_t i = 0; i < s->grid.all; i++)
        s->complete &= !s->grid.cells[i].wanted || s->grid.cells[i].settled;
    free(r.jobs);
    return ok && native ? 0 : SWEEP_EXIT_FAILURE;
}

int sweep_run(sweep *s)
{
    runner r = {.sweep = s, .here = getcwd(NULL, 0)};
    r.pool = (vprec_pool){.jobs = s->options->jobs, .context = &r, .next = next_one, .start = start_one,
                          .ended = ended, .dropped = dropped};
    s->limit = s->options->timeout > 0 ? s->options->timeout : 0;
    if (!r.here)
        r.here = vprec_text(".");
    bool ok = directories(s);
    if (ok) {
        s->forks = sweep_forks_make(s);
        vprec_pool_begin(&r.pool, 0, "runs", s->options->quiet);
        ok = line_up(&r, SWEEP_NATIVE) && line_up_wanted(&r);
        if (ok && r.pool.done && !s->options->quiet)
            vprec_say("going on in '%s': %" PRIu32 " runs are finished", s->results.path, r.pool.done);
        if (ok)
            vprec_pool_work(&r.pool);
        sweep_forks_end(s->forks);
        vprec_pool_end(&r.pool);
    }
    free(r.jobs);
    free(r.here);
    s->complete = ok && !r.pool.stop && !r.pool.failure;
    return r.pool.stop ? -r.pool.stop : !ok || r.pool.failure ? SWEEP_EXIT_FAILURE : 0;
}
