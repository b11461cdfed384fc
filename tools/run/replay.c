/* SPDX-License-Identifier: Apache-2.0
 * replay.c: see replay.h. What is not on the list below, as a token or a password, is never written. */
#include "replay.h"
#include "common/json.h"
#include "common/say.h"
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* How many threads there are and how they sum, which kernels are chosen, where code is, how numbers are printed. */
static const char *const environment[] = {
    "PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "GLIBC_TUNABLES", "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED",
    "VIRTUAL_ENV", "CONDA_PREFIX", "LANG", "LC_*", "TZ", "OMP_*", "GOMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "GOTO_*",
    "BLIS_*", "VECLIB_*", "NUMEXPR_*", "NPY_*", "ATEN_CPU_CAPABILITY", "DNNL_*", "ONEDNN_*", "TF_ENABLE_ONEDNN_OPTS",
    "TF_DETERMINISTIC_OPS", "TF_NUM_*", "XLA_FLAGS", "JAX_PLATFORMS", "JAX_ENABLE_X64", "CUDA_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG", "ORT_DISABLE_TELEMETRY", "VPREC_CPU", "VPREC_SAMPLE", "VPREC_SAMPLE_DIR"};

static bool is_listed(const char *name, size_t length)
{
    char *copy = vprec_text("%.*s", (int)length, name);
    bool listed = false;
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++)
        listed |= !fnmatch(environment[i], copy, 0);
    free(copy);
    return listed;
}

static json_t *environment_now(void)
{
    json_t *object = vprec_json_must(json_object());
    for (char **entry = environ; *entry; entry++) {
        size_t length = strcspn(*entry, "=");
        if (!(*entry)[length] || !is_listed(*entry, length))
            continue;
        char *name = vprec_text("%.*s", (int)length, *entry);
        json_t *value = json_string(*entry + length + 1); /* NULL: no UTF-8, and so nothing that can be told */
        if (value)
            json_object_set_new(object, name, value);
        free(name);
    }
    return object;
}

/* A file, so that it is seen when it is another one. */
static json_t *file_of(const char *path)
{
    struct stat st;
    if (!path || stat(path, &st) || !S_ISREG(st.st_mode))
        return json_null();
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "path", vprec_json_text(path));
    vprec_json_put(object, "bytes", json_integer(st.st_size));
    vprec_json_put(object, "modified", json_real((double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec));
    return object;
}

/* The file that standard input is, by name; "" where it has none that another process can open: a pipe. */
static json_t *input_now(void)
{
    struct stat st;
    char path[4096];
    ssize_t length = readlink("/proc/self/fd/0", path, sizeof path - 1);
    if (fstat(STDIN_FILENO, &st) || length <= 0 || isatty(STDIN_FILENO))
        return json_null();
    path[length] = 0;
    return vprec_json_text(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) ? path : "");
}

json_t *vprec_replay_describe(const vprec_run *run)
{
    const vprec_options *o = run->options;
    json_t *object = vprec_json_must(json_object()), *options = vprec_json_must(json_array());
    json_t *files = vprec_json_must(json_array());
    char *seed = vprec_text("--seed=%" PRIu64, o->config.seed), *directory = getcwd(NULL, 0);
    for (size_t i = 0; i < o->givens; i++)
        vprec_json_add(options, vprec_json_text(o->given[i]));
    vprec_json_add(options, vprec_json_text(seed));
    vprec_json_add(files, file_of(run->program->path));
    vprec_json_add(files, file_of(o->program[1])); /* of an interpreter its script */
    vprec_json_put(object, "options", options);
    vprec_json_put(object, "directory", vprec_json_text(directory ? directory : ""));
    vprec_json_put(object, "stdin", input_now());
    vprec_json_put(object, "files", files);
    vprec_json_put(object, "environment", environment_now());
    free(directory);
    free(seed);
    return object;
}

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void add(char ***words, size_t *count, const char *word)
{
    *words = vprec_grow(*words, *count + 2, sizeof **words); /* NOLINT(bugprone-sizeof-expression): of pointers */
    (*words)[(*count)++] = vprec_text("%s", word);
    (*words)[*count] = NULL;
}

static void add_all(char ***words, size_t *count, const json_t *strings)
{
    size_t i;
    json_t *word;
    json_array_foreach(strings, i, word)
        if (json_is_string(word))
            add(words, count, json_string_value(word));
}

/* Whether the option of the run, "--format=e8m3", is given anew. */
static bool is_anew(const char *recorded, char **argv, size_t options)
{
    static const struct {
        char letter;
        const char *name;
    } letters[] = {{'f', "--format"}, {'m', "--mode"}, {'t', "--precision"}, {'s', "--seed"}};
    size_t length = strcspn(recorded, "=");
    for (size_t i = 1; i < options; i++) {
        if (!strncmp(argv[i], "--", 2)) {
            if (strcspn(argv[i], "=") == length && !strncmp(argv[i], recorded, length))
                return true;
            continue;
        }
        for (size_t k = 0; *argv[i] == '-' && k < sizeof letters / sizeof *letters; k++)
            if (argv[i][1] == letters[k].letter && strlen(letters[k].name) == length &&
                !strncmp(letters[k].name, recorded, length))
                return true;
    }
    return false;
}

/* The command line of the run, but for what is given anew beside --replay. */
static char **words_of(const json_t *report, char **argv, size_t options)
{
    char **words = NULL;
    size_t count = 0;
    add(&words, &count, argv[0]);
    size_t k;
    json_t *recorded;
    json_array_foreach(json_object_get(json_object_get(report, "replay"), "options"), k, recorded)
        if (json_is_string(recorded) && !is_anew(json_string_value(recorded), argv, options))
            add(&words, &count, json_string_value(recorded));
    for (size_t i = 1; i < options; i++) {
        bool ours = !strncmp(argv[i], "--repl", 6); /* or what getopt takes for it */
        if (ours && !strchr(argv[i], '='))
            i++;
        if (!ours && strcmp(argv[i], "--") != 0)
            add(&words, &count, argv[i]);
    }
    add(&words, &count, "--");
    add_all(&words, &count, json_object_get(report, "command"));
    return words;
}

/* Names of the list that the run did not have, it has not this time either. */
static void restore_environment(const json_t *then)
{
    json_t *now = environment_now(), *value;
    const char *name;
    json_object_foreach(now, name, value)
        if (!json_object_get(then, name))
            unsetenv(name);
    json_decref(now);
    json_object_foreach((json_t *)(uintptr_t)then, name, value)
        if (json_is_string(value) && is_listed(name, strlen(name)))
            setenv(name, json_string_value(value), 1);
}

/* What the run read, unless this one has an input of its own. */
static bool restore_input(const json_t *replay)
{
    const json_t *input = json_object_get(replay, "stdin");
    const char *path = json_string_value(input);
    if (!path || !isatty(STDIN_FILENO))
        return true;
    if (!*path) {
        vprec_say("the run read its standard input from a pipe, of which nothing is recorded: give it the same by | or "
                  "<");
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && dup2(fd, STDIN_FILENO) >= 0;
    if (!ok)
        vprec_say("the run read '%s' as its standard input, which cannot be read (%s): give it by <", path,
                  strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Says what is not the same any more. */
static void warn(const json_t *report)
{
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(json_object_get(report, "replay"), "files"), i, file) {
        json_t *now = file_of(string(file, "path"));
        if (json_is_object(file) && !json_equal(file, now))
            vprec_say("warning: '%s' is not what it was in that run", string(file, "path"));
        json_decref(now);
    }
    if (strcmp(string(report, "version"), VPREC_VERSION) != 0)
        vprec_say("warning: that run was made by vprec-run %s, and this is %s", string(report, "version"),
                  VPREC_VERSION);
}

/* A path that was given here, now that the directory is another one. Not freed: it lives as long as the options. */
static void keep_path(const char **path, const char *here)
{
    if (*path && **path && **path != '/' && strcmp(*path, "-") != 0)
        *path = vprec_text("%s/%s", here, *path);
}

static int with_report(vprec_options *options, const json_t *report, char **argv)
{
    const json_t *replay = json_object_get(report, "replay");
    const char *directory = string(replay, "directory");
    char *here = getcwd(NULL, 0), **words = words_of(report, argv, (size_t)(options->program - argv));
    bool quiet = options->quiet;
    int argc = 0;
    while (words[argc])
        argc++;
    vprec_options_free(options);
    optind = 0; /* getopt begins anew */
    int status = vprec_options_parse(options, argc, words); /* whose words stay */
    if (status >= 0)
        return status;
    keep_path(&options->report, here ? here : ".");
    keep_path(&options->dump, here ? here : ".");
    keep_path(&options->sampling.out, here ? here : ".");
    free(here);
    if (chdir(directory)) {
        vprec_say("the run was made in '%s', which cannot be entered (%s): make it, with the files that the program "
                  "reads", directory, strerror(errno));
        return VPREC_EXIT_FAILURE;
    }
    restore_environment(json_object_get(replay, "environment"));
    if (!quiet)
        warn(report);
    return restore_input(replay) ? -1 : VPREC_EXIT_FAILURE;
}

int vprec_replay(vprec_options *options, char **argv)
{
    const char *path = options->replay;
    json_t *report = vprec_json_read(path);
    int status = VPREC_EXIT_FAILURE;
    if (*options->program)
        vprec_say("--replay knows which program was run: leave out '%s'", *options->program);
    else if (strcmp(string(report, "tool"), "vprec-run") != 0)
        vprec_say("--replay '%s': this is no report of vprec-run: name a file by --report", path);
    else if (!json_is_object(json_object_get(report, "replay")))
        vprec_say("--replay '%s': an older vprec-run made it, which did not note how: give its command", path);
    else
        status = with_report(options, report, argv);
    json_decref(report);
    return status;
}
