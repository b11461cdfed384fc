/* SPDX-License-Identifier: Apache-2.0
 * layers.c: see layers.h. The names are read from a report of vprec-run. */
#include "layers.h"
#include "common/json.h"
#include "common/recipe.h"
#include "common/say.h"
#include "sample/sample.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

/* A directory with links to what is in ours, as a cell has one; to be removed. NULL, having said why. */
static char *directory_make(const sweep_options *o, const char *folder)
{
    char *path = vprec_text("%s/vprec-layers-XXXXXX", folder), *here = getcwd(NULL, 0);
    if (here && mkdtemp(path)) {
        vprec_sample_link(NULL, here, path, o->output);
    } else {
        vprec_say("cannot make '%s' (%s): set TMPDIR to a folder that can be written to", path, strerror(errno));
        free(path);
        path = NULL;
    }
    free(here);
    return path;
}

/* The exit status of the command, run in the directory or, NULL, here; its output is of no interest. -1, having said
 * why. */
static int run(char **command, const char *directory)
{
    int status = 0;
    pid_t pid = fork();
    if (!pid) {
        int in = open("/dev/null", O_RDONLY), out = open("/dev/null", O_WRONLY);
        if (in >= 0 && out >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
            (!directory || !chdir(directory)))
            execv(*command, command);
        vprec_say("cannot start '%s' (%s): the names of layers are not known", *command, strerror(errno));
        _exit(VPREC_EXIT_FAILURE);
    }
    if (pid < 0) {
        vprec_say("cannot start a process (%s): end some others, or raise the limit (ulimit -u)", strerror(errno));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void sweep_layers_add(sweep_options *o, const char *pattern)
{
    if (sweep_list_has(&o->names, pattern))
        return;
    sweep_list_add(&o->names, vprec_text("%s", pattern));
    char *where = vprec_text("%s:%s", o->cumulative ? "upto" : "within", pattern);
    if (sweep_list_has(&o->wheres, where))
        free(where);
    else
        sweep_list_add(&o->wheres, where);
}

/* The scopes of the report that a pattern matched, each once, and a row for each. */
static size_t take(sweep_options *o, const char *path)
{
    json_t *report = vprec_json_read(path), *scope;
    size_t i;
    json_array_foreach(json_object_get(report, "scopes"), i, scope)
    {
        const char *name = json_string_value(json_object_get(scope, "name"));
        if (!name || !json_is_string(json_object_get(scope, "pattern")))
            continue;
        char *pattern = vprec_recipe_escaped(name);
        sweep_layers_add(o, pattern);
        free(pattern);
    }
    json_decref(report);
    return o->names.count;
}

bool sweep_layers_find(sweep_options *o, const char *runner)
{
    enum { OPEN_MOST = 16 };
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/tmp";
    char *path = vprec_text("%s/vprec-layers-XXXXXX", folder);
    int file = mkostemp(path, O_CLOEXEC);
    if (file < 0) {
        vprec_say("cannot make '%s' (%s): set TMPDIR to a folder that can be written to", path, strerror(errno));
        free(path);
        return false;
    }
    close(file);
    sweep_list command = {NULL, 0};
    sweep_list_add(&command, vprec_text("%s", runner));
    sweep_list_add(&command, vprec_text("--quiet"));
    sweep_list_add(&command, vprec_text("--format=native"));
    sweep_list_add(&command, vprec_text("--scope=%s=native", o->layers));
    sweep_list_add(&command, vprec_text("--report=%s", path));
    sweep_list_add(&command, vprec_text("--"));
    for (char **word = o->program; *word; word++)
        sweep_list_add(&command, vprec_text("%s", *word));
    if (!o->quiet)
        vprec_say("one run to learn the names of layers");
    char *directory = o->own ? directory_make(o, folder) : NULL;
    int status = o->own && !directory ? -1 : run(command.items, directory);
    if (directory)
        nftw(directory, remove_one, OPEN_MOST, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    free(directory);
    size_t found = status < 0 ? 0 : take(o, path);
    if (status >= 0 && !found)
        vprec_say("--layers '%s': no layer was found, in a run that ended with status %d: vprec-run --format native "
                  "--layers lists those that there are", o->layers, status);
    sweep_list_free(&command);
    unlink(path);
    free(path);
    return found;
}
