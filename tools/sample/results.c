/* SPDX-License-Identifier: Apache-2.0
 * results.c: DIR of --out. A name in it means something whole: run.json, stdin
 * and status.json get their names when they are on disk. What is ours in DIR is what run.json lists: the samples by
 * number, of a sweep by cell; reference/, stdin. */
#include "results.h"
#include "common/digest.h"
#include "common/json.h"
#include "common/say.h"
#include "common/whole.h"
#include "lock.h"
#include "own.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_NAME "run.json"
#define INPUT_NAME "stdin"
enum { INPUT_PATIENCE_MS = 3000 };

static bool cannot(const char *what, const char *path)
{
    vprec_say("cannot %s '%s' (%s): free room there, check its permissions, or name another --out", what, path,
              strerror(errno));
    return false;
}

static char *path_in(const vprec_results *results, const char *name)
{
    return vprec_text("%s/%s", results->top, name);
}

char *vprec_results_file(const vprec_results *results, uint32_t number, const char *name)
{
    const char *slash = *name ? "/" : "";
    return number == VPREC_REFERENCE ? vprec_text("%s/reference%s%s", results->path, slash, name)
                                     : vprec_text("%s/%04" PRIu32 "%s%s", results->path, number, slash, name);
}

bool vprec_results_prepare(const vprec_results *results, uint32_t number)
{
    char *path = vprec_results_file(results, number, ""), *files = vprec_results_file(results, number, VPREC_OWN_FILES);
    const char *here = json_string_value(json_object_get(results->run, "directory"));
    bool ok = vprec_own_clear(results->top, path + strlen(results->top) + 1, here) &&
              (((!mkdir(path, 0777) || errno == EEXIST) && !mkdir(files, 0777)) || cannot("make", path));
    free(files);
    free(path);
    return ok;
}

/* The samples that run.json lists: those of DIR itself, or the cells of a sweep. */
typedef bool visit(const vprec_results *results, const char *sample, void *context);

/* Visits samples 1 to `count` in `below`, "" or "cells/ID/", but for the first `known`. */
static bool visit_some(const vprec_results *results, const char *below, json_int_t known, json_int_t count, visit *each,
                       void *context)
{
    bool ok = true;
    for (json_int_t i = known + 1; ok && i <= count; i++) {
        char *sample = vprec_text("%s%04" JSON_INTEGER_FORMAT, below, i);
        ok = each(results, sample, context);
        free(sample);
    }
    return ok;
}

static json_int_t listed(const json_t *run, const char *key)
{
    return json_integer_value(json_object_get(run, key));
}

/* Visits what `run` lists and `known`, which may be NULL, does not. */
static bool visit_listed(const vprec_results *results, json_t *run, const json_t *known, visit *each, void *context)
{
    json_t *cells = json_object_get(run, "cells"), *count;
    const char *id;
    bool ok = visit_some(results, "", listed(known, "samples"), listed(run, "samples"), each, context);
    if (ok && json_is_true(json_object_get(run, "reference")) && !json_is_true(json_object_get(known, "reference")))
        ok = each(results, "reference", context);
    json_object_foreach(cells, id, count)
    {
        char *below = vprec_text(VPREC_RESULTS_CELLS "/%s/", id);
        json_int_t before = listed(json_object_get(known, "cells"), id);
        ok = ok && visit_some(results, below, before, json_integer_value(count), each, context);
        free(below);
    }
    return ok;
}

static bool vacant(const vprec_results *results, const char *sample, void *context)
{
    (void)context;
    if (vprec_own_vacant(results->top, sample))
        return true;
    vprec_say("'%s/%s' is in the way, and no run of %s that is known has made it: move it away, or name another --out",
              results->top, sample, vprec_command);
    return false;
}

static bool clear_sample(const vprec_results *results, const char *sample, void *here)
{
    return vprec_own_clear(results->top, sample, here);
}

/* Away with what `old` lists. What else is there stays, run.json too, so that what is left is always a run. */
static bool clear(const vprec_results *results, json_t *old)
{
    json_t *cells = json_object_get(old, "cells"), *count;
    const char *id, *here = json_string_value(json_object_get(old, "directory"));
    if (!visit_listed(results, old, NULL, clear_sample, (void *)(uintptr_t)here))
        return false;
    json_object_foreach(cells, id, count)
    {
        if (strchr(id, '/') || !strcmp(id, ".."))
            continue; /* none that we write */
        char *path = vprec_text("%s/" VPREC_RESULTS_CELLS "/%s", results->top, id);
        rmdir(path); /* this and the next, where nothing of others is in it */
        free(path);
    }
    char *path = path_in(results, VPREC_RESULTS_CELLS);
    rmdir(path);
    free(path);
    int top = open(results->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = top >= 0 && (listed(old, "stdin_bytes") <= 0 || vprec_own_remove(top, INPUT_NAME));
    if (!ok)
        cannot("take away what is in", results->top);
    if (top >= 0)
        close(top);
    return ok;
}

/* What is found in DIR without run.json: what a call left that was killed before it wrote that, or others' files. */
static bool is_beginning(int directory, const char *name)
{
    if (!strcmp(name, ".") || !strcmp(name, "..") || !strncmp(name, VPREC_WHOLE_PREFIX, strlen(VPREC_WHOLE_PREFIX)))
        return true;
    if (strcmp(name, VPREC_LOCK_NAME))
        return false;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ours = fd >= 0 && vprec_lock_is_ours(fd);
    if (fd >= 0)
        close(fd);
    return ours;
}

/* True if there is nothing of others in DIR, which has no run.json. */
static bool check_foreign(const vprec_results *results)
{
    DIR *directory = opendir(results->path);
    if (!directory)
        return cannot("read", results->path);
    char *foreign = NULL;
    for (struct dirent *entry; !foreign && (entry = readdir(directory));)
        if (!is_beginning(dirfd(directory), entry->d_name))
            foreign = vprec_text("%s", entry->d_name);
    closedir(directory);
    if (foreign)
        vprec_say("'%s' holds other files ('%s') and no run of %s: name a new or an empty directory for --out",
                  results->path, foreign, vprec_command);
    bool ok = !foreign;
    free(foreign);
    return ok;
}

/* Says why run.json proves nothing. Nothing in DIR is touched then. */
static bool is_run(const vprec_results *results, const json_t *old)
{
    const char *tool = json_string_value(json_object_get(old, "tool"));
    json_int_t schema = listed(old, "schema");
    if (tool && schema == VPREC_RESULTS_SCHEMA && !strcmp(tool, vprec_command))
        return true;
    if (schema > VPREC_RESULTS_SCHEMA)
        vprec_say("'%s/" RUN_NAME "' is of another version of vprec (schema %" JSON_INTEGER_FORMAT "), and so nothing "
                  "beside it is touched, with --restart neither: use that version, or name another --out",
                  results->path, schema);
    else if (tool && schema == VPREC_RESULTS_SCHEMA)
        vprec_say("'%s' was begun with another tool ('%.40s', now '%s'), and so is not touched, with --restart "
                  "neither: name another --out",
                  results->path, tool, vprec_command);
    else
        vprec_say("'%s/" RUN_NAME "' is damaged, or not vprec's, and so nothing beside it is touched, with --restart "
                  "neither: name another --out, or remove the directory yourself if you know what is in it",
                  results->path);
    return false;
}

/* Reads run.json into *old, NULL where there is none. False, having said why, where DIR is not ours to use. */
static bool examine(const vprec_results *results, json_t **old)
{
    char *path = path_in(results, RUN_NAME);
    struct stat st;
    *old = NULL;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok = true;
    if (fd < 0 && errno == ENOENT) {
        ok = check_foreign(results);
    } else if (fd < 0 && errno != ELOOP) {
        ok = cannot("read", path);
    } else {
        if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
            *old = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
        ok = is_run(results, *old);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return ok;
}

/* The script that an interpreter is given as its first argument: it is the program as much as its interpreter is. Else
 * NULL. What other programs are given may be what they write. */
static const char *script_of(char *const *program)
{
    static const char *const interpreters[] = {"python*", "perl*",   "node*", "ruby*", "lua*", "php*",
                                               "julia*",  "Rscript", "sh",    "bash",  "dash", "zsh"};
    struct stat st;
    if (!program[1] || stat(program[1], &st) || !S_ISREG(st.st_mode))
        return NULL;
    for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++)
        if (!fnmatch(interpreters[i], vprec_base(program[0]), 0))
            return program[1];
    return NULL;
}

/* Of up to three files: the others may be NULL. */
static json_t *digest(const char *first, const char *second, const char *third)
{
    vprec_digest value = vprec_digest_file(VPREC_DIGEST_BEGIN, first);
    value = second ? vprec_digest_file(value, second) : value;
    char *text = vprec_digest_text(third ? vprec_digest_file(value, third) : value);
    json_t *string = json_string(text);
    free(text);
    return string;
}

/* What makes samples samples of the same: a member of run.json, and what a message calls it. */
static const struct {
    const char *key, *name;
    bool tell; /* its values mean something to a reader */
} identity[] = {
    {"command", "another command", true},
    {"options", "other options", true},
    {"seed", "another --seed", true},
    {"keep", "another --keep", true},
    {"directory", "another working directory", true},
    {"program", "another build of the program", false},
    {"vprec", "another build of vprec", false},
};
enum { IDENTITIES = sizeof identity / sizeof *identity };

json_t *vprec_results_describe(const vprec_options *options, const vprec_program *program, const char *self,
                               const char *preload)
{
    static char *const none[] = {NULL};
    json_t *run = vprec_json_must(json_object());
    char *directory = getcwd(NULL, 0);
    bool script = strcmp(program->path, program->elf);
    vprec_json_put(run, "schema", json_integer(VPREC_RESULTS_SCHEMA));
    vprec_json_put(run, "tool", vprec_json_text(vprec_command));
    vprec_json_put(run, "version", vprec_json_text(VPREC_VERSION));
    vprec_json_put(run, "command", vprec_json_strings(options->program));
    vprec_json_put(run, "options", vprec_json_strings(options->given ? options->given : none));
    vprec_json_put(run, "seed", vprec_json_seed(options->config.seed));
    vprec_json_put(run, "keep", vprec_json_strings(options->sampling.keep ? options->sampling.keep : none));
    vprec_json_put(run, "directory", vprec_json_text(directory ? directory : ""));
    vprec_json_put(run, "program", digest(program->path, script ? program->elf : NULL, script_of(options->program)));
    vprec_json_put(run, "vprec", digest(self, preload, NULL));
    vprec_json_put(run, "samples", json_integer(options->sampling.samples));
    vprec_json_put(run, "reference", json_boolean(options->sampling.reference));
    vprec_json_put(run, "stdin_bytes", json_null()); /* not kept yet */
    free(directory);
    return run;
}

/* A value of run.json for a message: strings joined by blanks. */
static char *shown(const json_t *value)
{
    if (!json_is_array(value))
        return vprec_text("%s", json_is_string(value) ? json_string_value(value) : "");
    char *line = vprec_text("%s", "");
    size_t i;
    json_t *part;
    json_array_foreach(value, i, part)
    {
        const char *word = json_is_string(part) ? json_string_value(part) : "?";
        char *more = vprec_text("%s%s%s", line, i ? " " : "", word);
        free(line);
        line = more;
    }
    return line;
}

/* What `old`, what DIR was begun with, has that is not this run's, in words, to be freed; NULL where it is this run. */
static char *difference(const vprec_results *results, const json_t *old)
{
    for (size_t i = 0; i < IDENTITIES; i++) {
        json_t *then = json_object_get(old, identity[i].key), *now = json_object_get(results->run, identity[i].key);
        if (json_equal(then, now))
            continue;
        char *before = shown(then), *after = shown(now);
        char *name = identity[i].tell ? vprec_text("%s ('%.300s', now '%.300s')", identity[i].name, before, after)
                                      : vprec_text("%s (its file has changed since)", identity[i].name);
        free(after);
        free(before);
        return name;
    }
    return NULL;
}

static bool differs(const vprec_results *results, const char *name)
{
    vprec_say("'%s' was begun with %s: go on with the same, name another --out, or begin it anew with --restart",
              results->path, name);
    return false;
}

/* `begun`: there is one already, which examine() knows. */
static bool save(const vprec_results *results, bool begun)
{
    char *path = path_in(results, RUN_NAME);
    bool ok = (begun ? vprec_json_replace : vprec_json_create)(results->run, path) || cannot("write", path);
    free(path);
    return ok;
}

bool vprec_copy(int from, int to)
{
    char buffer[1 << 16];
    for (ssize_t got;;) {
        while ((got = read(from, buffer, sizeof buffer)) < 0 && errno == EINTR) {
        }
        if (got <= 0)
            return !got;
        for (ssize_t done = 0, some; done < got; done += some)
            while ((some = write(to, buffer + done, (size_t)(got - done))) < 0)
                if (errno != EINTR)
                    return false;
    }
}

/* Nothing comes and no end either: say what is waited for, so that nobody thinks that the program hangs. */
static void warn_of_waiting(bool quiet)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!poll(&input, 1, INPUT_PATIENCE_MS) && !quiet)
        vprec_say("waiting for the end of standard input, which all samples get: give < /dev/null if they need none");
}

/* Reads standard input to its end into the file; its length, or -1, having said why. */
static int64_t input_read(const vprec_whole *file, bool quiet)
{
    struct stat st = {0};
    warn_of_waiting(quiet);
    if (vprec_copy(STDIN_FILENO, file->fd) && !fsync(file->fd) && !fstat(file->fd, &st))
        return st.st_size;
    cannot("keep standard input in", file->path);
    return -1;
}

static bool same_content(int fd, const char *path)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    FILE *first = copy < 0 ? NULL : fdopen(copy, "r"), *second = fopen(path, "re");
    bool same = first && second && !fseek(first, 0, SEEK_SET);
    for (int c = 0; same && c != EOF;) {
        c = getc_unlocked(first);
        same = c == getc_unlocked(second);
    }
    same = same && !ferror(first) && !ferror(second);
    if (first)
        fclose(first);
    else if (copy >= 0)
        close(copy);
    if (second)
        fclose(second);
    return same;
}

/* Every sample reads the same standard input, and a run that goes on reads what it began with. A terminal
 * is nobody's input: N programs cannot ask one person. */
static bool input_keep(vprec_results *results, bool quiet)
{
    json_t *known = json_object_get(results->run, "stdin_bytes");
    bool first = !json_is_integer(known);
    if (isatty(STDIN_FILENO)) {
        if (!first)
            return true;
        json_object_set_new(results->run, "stdin_bytes", json_integer(0));
        return save(results, true);
    }
    char *kept = path_in(results, INPUT_NAME);
    vprec_whole file;
    bool ok = vprec_whole_begin(&file, kept) || cannot("write", kept);
    int64_t size = ok ? input_read(&file, quiet) : -1;
    ok = size >= 0;
    if (ok && !first && (size != json_integer_value(known) || (size && !same_content(file.fd, kept))))
        ok = differs(results, "another standard input");
    bool keep = ok && first && size > 0;
    if (!vprec_whole_end(&file, keep, false) && keep)
        ok = cannot("write", kept);
    if (ok && first) {
        json_object_set_new(results->run, "stdin_bytes", json_integer(size));
        ok = save(results, true);
    }
    free(kept);
    return ok;
}

int vprec_results_input(const vprec_results *results)
{
    bool any = json_integer_value(json_object_get(results->run, "stdin_bytes")) > 0;
    char *path = any ? path_in(results, INPUT_NAME) : vprec_text("/dev/null");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        cannot("read", path);
    free(path);
    return fd;
}

/* What a run that goes on takes from its former calls: what they list, the standard input, when it began. */
static void inherit(const vprec_results *results, json_t *old)
{
    static const char *const kept[] = {"stdin_bytes", "started"};
    json_t *cells = json_object_get(results->run, "cells"), *count;
    const char *id;
    if (listed(old, "samples") > listed(results->run, "samples"))
        json_object_set(results->run, "samples", json_object_get(old, "samples"));
    if (json_is_true(json_object_get(old, "reference")))
        json_object_set_new(results->run, "reference", json_true());
    json_object_foreach(json_object_get(old, "cells"), id, count) if (json_integer_value(count) > listed(cells, id))
        json_object_set(cells, id, count);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(old, kept[i]))
            json_object_set(results->run, kept[i], json_object_get(old, kept[i]));
}

/* A run that goes on must be this very one; with `restart` what the former one left goes. Nothing is removed before
 * all that is to be made can be. */
static bool take_up(const vprec_results *results, json_t *old, bool restart)
{
    char *name = old && !restart ? difference(results, old) : NULL;
    bool ok = !name || differs(results, name);
    free(name);
    ok = ok && (!old || visit_listed(results, results->run, old, vacant, NULL));
    if (ok && old && restart)
        return clear(results, old);
    if (ok && old)
        inherit(results, old);
    return ok;
}

bool vprec_results_open(vprec_results *results, const char *out, json_t *run, bool restart, bool quiet)
{
    *results = (vprec_results){.lock = -1, .run = run};
    if (mkdir(out, 0777) && errno != EEXIST)
        return cannot("make", out);
    if (!(results->path = realpath(out, NULL)))
        return cannot("reach", out);
    results->top = vprec_text("%s", results->path);
    /* Looked at before anything is written there, and again when nobody else uses it. */
    json_t *before, *old = NULL;
    bool ok = examine(results, &before) && (results->lock = vprec_lock_take(results->path)) >= 0 &&
              examine(results, &old) && take_up(results, old, restart);
    if (ok && (!old || !json_equal(old, run)))
        ok = save(results, old != NULL);
    json_decref(before);
    json_decref(old);
    return ok && input_keep(results, quiet);
}

bool vprec_results_look(vprec_results *results, const char *out)
{
    *results = (vprec_results){.lock = -1, .path = realpath(out, NULL)};
    if (!results->path)
        return cannot("reach", out);
    results->top = vprec_text("%s", results->path);
    char *record = path_in(results, RUN_NAME);
    const bool there = !access(record, F_OK);
    free(record);
    if (there)
        return examine(results, &results->run) && results->run;
    vprec_say("'%s' holds no run of %s: name the directory of its --out", out, vprec_command);
    return false;
}

bool vprec_results_add(vprec_results *results, const char *cell, uint32_t samples)
{
    json_t *cells = json_object_get(results->run, "cells");
    json_int_t known = listed(cells, cell);
    char *below = vprec_text(VPREC_RESULTS_CELLS "/%s/", cell);
    bool ok = visit_some(results, below, known, (json_int_t)samples, vacant, NULL);
    free(below);
    if (!ok || known >= (json_int_t)samples)
        return ok;
    json_object_set_new(cells, cell, json_integer((json_int_t)samples));
    return save(results, true);
}

void vprec_results_close(vprec_results *results)
{
    if (results->lock >= 0)
        close(results->lock);
    json_decref(results->run);
    free(results->path);
    free(results->top);
}
