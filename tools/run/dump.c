/* SPDX-License-Identifier: Apache-2.0
 * dump.c: see dump.h. */
#include "dump.h"
#include "common/say.h"
#include "sample/results.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many entries the directory has; -1: it cannot be read. */
static long entries(const char *path)
{
    DIR *directory = opendir(path);
    long count = directory ? 0 : -1;
    for (struct dirent *e; directory && (e = readdir(directory));)
        count += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    if (directory)
        closedir(directory);
    return count;
}

/* What is in the directory: all of it, or the part for the run that is not native. */
static bool set_place(vprec_options *options, const char *path)
{
    const bool both = options->sampling.reference;
    char *place = vprec_text("%s%s", path, both ? "/rounded" : "");
    bool ok = strlen(place) < sizeof options->config.dump && (!both || !mkdir(place, 0777));
    if (ok)
        memcpy(options->config.dump, place, strlen(place) + 1);
    else if (strlen(place) >= sizeof options->config.dump)
        vprec_say("the path of '%s' for --dump-layers is too long: at most %zu characters", options->dump,
                  sizeof options->config.dump - 1);
    else
        vprec_say("cannot make '%s' for --dump-layers (%s): name another directory", place, strerror(errno));
    free(place);
    return ok;
}

bool vprec_dump_open(vprec_options *options)
{
    if (!options->dump)
        return true;
    char *path = NULL;
    bool ok = (!mkdir(options->dump, 0777) || errno == EEXIST) && (path = realpath(options->dump, NULL));
    long there = ok ? entries(path) : 0;
    if (!ok || there < 0)
        vprec_say("cannot make '%s' for --dump-layers (%s): name another directory", options->dump, strerror(errno));
    else if (there)
        vprec_say("'%s' holds files: name a new or an empty directory for --dump-layers", options->dump);
    ok = ok && !there && set_place(options, path);
    free(path);
    return ok;
}

/* Standard input of a run that is not the only one. */
typedef struct input {
    int native;   /* what the native run reads; -1: as it is */
    off_t before; /* where standard input stood; -1: it does not go back */
} input;

/* A file is read twice; a terminal is for the run that is meant; what else can be read once only is kept. */
static bool input_open(input *in)
{
    struct stat st;
    *in = (input){.native = -1, .before = -1};
    if (fstat(STDIN_FILENO, &st) || (S_ISCHR(st.st_mode) && !isatty(STDIN_FILENO)))
        return true;
    if (S_ISREG(st.st_mode)) {
        in->before = lseek(STDIN_FILENO, 0, SEEK_CUR);
        return true;
    }
    if (isatty(STDIN_FILENO)) {
        in->native = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return in->native >= 0;
    }
    int kept = memfd_create("stdin", MFD_CLOEXEC);
    bool ok = kept >= 0 && vprec_copy(STDIN_FILENO, kept) && !lseek(kept, 0, SEEK_SET) && dup2(kept, STDIN_FILENO) >= 0;
    if (kept >= 0)
        close(kept);
    in->before = 0;
    return ok;
}

static void input_back(const input *in)
{
    if (in->native >= 0)
        close(in->native);
    if (in->before >= 0)
        lseek(STDIN_FILENO, in->before, SEEK_SET);
}

static int open_new(const char *folder, const char *name)
{
    char *path = vprec_text("%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    free(path);
    return fd;
}

/* This command, for the same objects. */
static void execute(const vprec_options *options, const char *folder)
{
    const vprec_wire_config *config = &options->config;
    size_t count = 0, at = 0;
    while (options->program[count])
        count++;
    char **argv = vprec_alloc(count + config->rules + 8, sizeof *argv);
    argv[at++] = vprec_text("%s", "vprec-run");
    argv[at++] = vprec_text("%s", "-q");
    argv[at++] = vprec_text("%s", "--format=native");
    argv[at++] = vprec_text("--dump-layers=%s/native", folder);
    for (uint32_t i = 0; i < config->rules; i++)
        if (config->rule[i].kind != VPREC_RULE_ELEMENTARY)
            argv[at++] = vprec_text("%s=%s", vprec_rule_option(config->rule[i].kind), config->rule[i].glob);
    argv[at++] = vprec_text("%s", "--");
    memcpy(&argv[at], options->program, count * sizeof *argv);
    execv("/proc/self/exe", argv);
    _exit(VPREC_EXIT_FAILURE);
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return VPREC_EXIT_FAILURE;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_native(const vprec_options *options, const input *in)
{
    char *folder = realpath(options->dump, NULL);
    int out = folder ? open_new(folder, "native.stdout") : -1, error = folder ? open_new(folder, "native.stderr") : -1;
    const pid_t self = getpid(), pid = out < 0 || error < 0 ? -1 : fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* which it passes on */
        if (getppid() == self && (in->native < 0 || dup2(in->native, STDIN_FILENO) >= 0) &&
            dup2(out, STDOUT_FILENO) >= 0 && dup2(error, STDERR_FILENO) >= 0)
            execute(options, folder);
        _exit(VPREC_EXIT_FAILURE);
    }
    int failed = errno, status = pid < 0 ? VPREC_EXIT_FAILURE : wait_for(pid);
    if (pid < 0)
        vprec_say("cannot start the native run (%s): free some room in '%s', or leave out --reference",
                  strerror(failed), options->dump);
    if (out >= 0)
        close(out);
    if (error >= 0)
        close(error);
    free(folder);
    return status;
}

int vprec_dump_reference(const vprec_options *options)
{
    input in;
    if (!options->dump || !options->sampling.reference)
        return 0;
    if (!input_open(&in)) {
        vprec_say("cannot keep standard input for two runs (%s): give it as a file", strerror(errno));
        return VPREC_EXIT_FAILURE;
    }
    const int status = run_native(options, &in);
    input_back(&in);
    if (status)
        vprec_say("the native run ended with status %d: see %s/native.stderr", status, options->dump);
    const bool in_vain = status == 128 + SIGINT || status == 128 + SIGTERM || status == VPREC_EXIT_FAILURE ||
                         status == VPREC_EXIT_REFUSED || status == VPREC_EXIT_MISSING;
    return in_vain ? status : 0;
}

static void say_count(const vprec_options *options, long there)
{
    char *next = options->sampling.reference ? vprec_text("/rounded': vprec-stats compare %s/native %s/rounded",
                                                          options->dump, options->dump)
                                             : vprec_text("'");
    vprec_say("%ld output%s %s in '%s%s", there, there == 1 ? "" : "s", there == 1 ? "is" : "are", options->dump, next);
    free(next);
}

void vprec_dump_tell(const vprec_options *options)
{
    if (!options->dump)
        return;
    long there = entries(options->config.dump);
    if (there <= 0)
        vprec_say("--dump-layers: no layer has left an output: only modules of PyTorch, nodes of onnxruntime, operations "
                  "of TensorFlow, and vprec_probe_f32 and _f64 do");
    else if (!options->quiet)
        say_count(options, there);
}
