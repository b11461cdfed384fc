/* SPDX-License-Identifier: Apache-2.0
 * results.c: DIR of --out. A name in it means something whole: run.json, stdin
 * and status.json are written under another name and renamed. */
#include "results.h"
#include "common/json.h"
#include "common/say.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "run.lock"
#define RUN_NAME "run.json"
#define INPUT_NAME "stdin"
enum { LOCK_TRIES = 200, LIVING_TRIES = 6, LOCK_PAUSE_US = 50000, INPUT_PATIENCE_MS = 3000 };

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

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static bool remove_tree(const char *path)
{
    if (!nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) || errno == ENOENT)
        return true;
    return cannot("remove", path);
}

bool vprec_results_prepare(const vprec_results *results, uint32_t number)
{
    char *path = vprec_results_file(results, number, ""), *files = vprec_results_file(results, number, "files");
    bool ok = remove_tree(path) && ((!mkdir(path, 0777) && !mkdir(files, 0777)) || cannot("make", path));
    free(files);
    free(path);
    return ok;
}

/* What vprec-run makes in DIR. `beginning`: also what a call that was killed before it wrote run.json may leave. */
static bool ours(const char *name, bool beginning)
{
    if (!strcmp(name, LOCK_NAME) || !strcmp(name, RUN_NAME ".tmp"))
        return true;
    if (beginning)
        return false;
    size_t digits = strspn(name, "0123456789");
    return (digits >= 4 && !name[digits]) || !strcmp(name, RUN_NAME) || !strcmp(name, INPUT_NAME) ||
           !strcmp(name, INPUT_NAME ".tmp") || !strcmp(name, "reference") || !strcmp(name, VPREC_RESULTS_CELLS);
}

/* True if DIR may be taken: there is nothing foreign in it, or a run of ours. */
static bool check_foreign(const vprec_results *results)
{
    DIR *directory = opendir(results->path);
    if (!directory)
        return cannot("read", results->path);
    char *foreign = NULL;
    bool run = false;
    for (struct dirent *entry; (entry = readdir(directory));) {
        const char *name = entry->d_name;
        run |= !strcmp(name, RUN_NAME);
        if (!foreign && strcmp(name, ".") && strcmp(name, "..") && !ours(name, true))
            foreign = vprec_text("%s", name);
    }
    closedir(directory);
    bool ok = run || !foreign;
    if (!ok)
        vprec_say("'%s' holds other files ('%s') and no run of %s: name a new or an empty directory for --out",
                  results->path, foreign, vprec_command);
    free(foreign);
    return ok;
}

/* Removes what we made but for `keep`, run.json last, so that what is left is always a run. */
static bool clear(const vprec_results *results, const char *keep)
{
    DIR *directory = opendir(results->path);
    if (!directory)
        return cannot("read", results->path);
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(directory));) {
        const char *name = entry->d_name;
        if (!ours(name, false) || !strcmp(name, LOCK_NAME) || !strcmp(name, RUN_NAME) || !strcmp(name, keep))
            continue;
        char *path = path_in(results, name);
        ok = remove_tree(path);
        free(path);
    }
    closedir(directory);
    char *run = path_in(results, RUN_NAME);
    ok = ok && remove_tree(run);
    free(run);
    return ok;
}

/* Whether the process that wrote its number into the lock is there, and no zombie, as it stays in a container where
 * nobody waits for orphans. */
static bool holder_lives(int lock)
{
    char text[16] = "", *line = NULL;
    long pid = pread(lock, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
    if (pid <= 0 || (kill((pid_t)pid, 0) && errno != EPERM))
        return false;
    char *path = vprec_text("/proc/%ld/stat", pid), state = '?';
    FILE *file = fopen(path, "re");
    size_t size = 0;
    /* "7 (name) Z ...": the name may hold anything. */
    const char *end = file && getline(&line, &size, file) > 0 ? strrchr(line, ')') : NULL;
    if (end && end[1])
        state = end[2];
    if (file)
        fclose(file);
    free(line);
    free(path);
    return state != 'Z' && state != 'X';
}

/* A run that was killed may not be gone yet, and leaves keepers that end its samples and hold the lock until then:
 * hence the tries. */
static bool lock(vprec_results *results)
{
    char *path = path_in(results, LOCK_NAME);
    results->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool ok = results->lock >= 0;
    if (!ok)
        cannot("write to", path);
    free(path);
    for (int i = 0; ok && flock(results->lock, LOCK_EX | LOCK_NB); i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cannot("lock", results->path);
        if (i == LOCK_TRIES || (i >= LIVING_TRIES && holder_lives(results->lock))) {
            vprec_say("another %s is using '%s': wait for its end, or name another --out", vprec_command,
                      results->path);
            return false;
        }
        usleep(LOCK_PAUSE_US);
    }
    /* For others to know that we live; without room they wait in vain, no more. */
    if (ok && !ftruncate(results->lock, 0))
        dprintf(results->lock, "%ld\n", (long)getpid());
    return ok;
}

/* FNV-1a of a file's bytes (Fowler, Noll, Vo 1991), after what came before. */
static uint64_t digest_add(uint64_t digest, const char *path)
{
    unsigned char buffer[1 << 16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got;
    while (fd >= 0 && ((got = read(fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR)))
        for (ssize_t i = 0; i < got; i++)
            digest = (digest ^ buffer[i]) * UINT64_C(0x100000001b3);
    if (fd >= 0)
        close(fd);
    return digest;
}

static json_t *digest(const char *first, const char *second)
{
    char digits[40];
    uint64_t value = digest_add(UINT64_C(0xcbf29ce484222325), first);
    snprintf(digits, sizeof digits, "fnv1a64:%016" PRIx64, second ? digest_add(value, second) : value);
    return json_string(digits);
}

/* What makes samples samples of the same: a member of run.json, and what a message calls it. */
static const struct {
    const char *key, *name;
    bool tell; /* its values mean something to a reader */
} identity[] = {
    {"tool", "another tool", true},
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
    vprec_json_put(run, "program", digest(program->path, script ? program->elf : NULL));
    vprec_json_put(run, "vprec", digest(self, preload));
    vprec_json_put(run, "samples", json_integer(options->sampling.samples));
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
        char *name = identity[i].tell
                         ? vprec_text("%s ('%.300s', now '%.300s')", identity[i].name, before, after)
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

static bool is_run(const json_t *old)
{
    return json_is_object(old) && json_integer_value(json_object_get(old, "schema")) == VPREC_RESULTS_SCHEMA;
}

static bool not_understood(const vprec_results *results)
{
    vprec_say("'%s/" RUN_NAME "' cannot be understood (damaged, or of another version of vprec): name another "
              "--out, or begin it anew with --restart", results->path);
    return false;
}

static bool save(const vprec_results *results)
{
    char *path = path_in(results, RUN_NAME);
    bool ok = vprec_json_replace(results->run, path) || cannot("write", path);
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

/* Reads standard input to its end into `path`; its length, or -1, having said why. */
static int64_t input_store(const char *path, bool quiet)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    struct stat st = {0};
    warn_of_waiting(quiet);
    if (fd < 0 || !vprec_copy(STDIN_FILENO, fd) || fsync(fd) || fstat(fd, &st)) {
        cannot("keep standard input in", path);
        st.st_size = -1;
    }
    if (fd >= 0)
        close(fd);
    return st.st_size;
}

static bool same_content(const char *a, const char *b)
{
    FILE *first = fopen(a, "re"), *second = fopen(b, "re");
    bool same = first && second;
    for (int c = 0; same && c != EOF;) {
        c = getc_unlocked(first);
        same = c == getc_unlocked(second);
    }
    same = same && !ferror(first) && !ferror(second);
    if (first)
        fclose(first);
    if (second)
        fclose(second);
    return same;
}

/* Every sample reads the same standard input, and a run that goes on reads what it began with. A terminal
 * is nobody's input: N programs cannot ask one person. */
static bool input_keep(vprec_results *results, vprec_results_policy policy, bool quiet)
{
    json_t *known = json_object_get(results->run, "stdin_bytes");
    bool first = !json_is_integer(known), ok = true;
    if (isatty(STDIN_FILENO)) {
        if (!first)
            return true;
        json_object_set_new(results->run, "stdin_bytes", json_integer(0));
        return save(results);
    }
    char *kept = path_in(results, INPUT_NAME), *partial = path_in(results, INPUT_NAME ".tmp");
    int64_t size = input_store(partial, quiet);
    ok = size >= 0;
    bool same = ok && !first && size == json_integer_value(known) && (!size || same_content(partial, kept));
    if (ok && !first && !same && policy == VPREC_RESULTS_ANEW) {
        vprec_say("'%s' was begun with another standard input: begun anew", results->path);
        ok = clear(results, INPUT_NAME ".tmp");
        first = true;
    }
    if (ok && first) {
        ok = (size ? !rename(partial, kept) : !unlink(partial)) || cannot("write", kept);
        json_object_set_new(results->run, "stdin_bytes", json_integer(size));
        ok = ok && save(results);
    } else {
        if (ok && !same)
            ok = differs(results, "another standard input");
        unlink(partial);
    }
    free(partial);
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

/* Whether DIR, begun with `old`, may be gone on with; `*anew`: it is empty now. */
static bool take_up(const vprec_results *results, const json_t *old, vprec_results_policy policy, bool *anew)
{
    char *name = is_run(old) ? difference(results, old) : vprec_text("another version of vprec, or is damaged");
    if (!name)
        return true;
    bool ok = policy == VPREC_RESULTS_ANEW;
    if (ok) {
        vprec_say("'%s' was begun with %s: begun anew", results->path, name);
        *anew = true;
        ok = clear(results, "");
    } else if (is_run(old)) {
        differs(results, name);
    } else {
        not_understood(results);
    }
    free(name);
    return ok;
}

/* What a run that goes on takes from its former calls: the most samples, the standard input, when it began. */
static void inherit(const vprec_results *results, json_t *old)
{
    static const char *const kept[] = {"stdin_bytes", "started"};
    json_int_t samples = json_integer_value(json_object_get(old, "samples"));
    if (samples > json_integer_value(json_object_get(results->run, "samples")))
        json_object_set_new(results->run, "samples", json_integer(samples));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(old, kept[i]))
            json_object_set(results->run, kept[i], json_object_get(old, kept[i]));
}

bool vprec_results_open(vprec_results *results, const char *out, json_t *run, vprec_results_policy policy, bool quiet)
{
    *results = (vprec_results){.lock = -1, .run = run};
    if (mkdir(out, 0777) && errno != EEXIST)
        return cannot("make", out);
    if (!(results->path = realpath(out, NULL)))
        return cannot("reach", out);
    results->top = vprec_text("%s", results->path);
    /* Looked at before anything is written there, and again when it is ours. */
    if (!check_foreign(results) || !lock(results) || !check_foreign(results))
        return false;
    if (policy == VPREC_RESULTS_RESTART && !clear(results, ""))
        return false;
    char *path = path_in(results, RUN_NAME);
    bool begun = !access(path, F_OK), anew = !begun;
    json_t *old = begun ? vprec_json_read(path) : NULL;
    free(path);
    bool ok = !begun || take_up(results, old, policy, &anew);
    if (ok && !anew)
        inherit(results, old);
    ok = ok && ((!anew && json_equal(old, results->run)) || save(results));
    json_decref(old);
    return ok && input_keep(results, policy, quiet);
}

void vprec_results_close(vprec_results *results)
{
    if (results->lock >= 0)
        close(results->lock);
    json_decref(results->run);
    free(results->path);
    free(results->top);
}
