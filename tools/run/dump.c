/* SPDX-License-Identifier: Apache-2.0
 * dump.c: see dump.h. */
#include "dump.h"
#include "common/say.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    else if (strlen(path) >= sizeof options->config.dump)
        vprec_say("the path of '%s' for --dump-layers is too long: at most %zu characters", options->dump,
                  sizeof options->config.dump - 1);
    else
        memcpy(options->config.dump, path, strlen(path) + 1);
    free(path);
    return *options->config.dump;
}

void vprec_dump_tell(const vprec_options *options)
{
    if (!options->dump)
        return;
    long there = entries(options->config.dump);
    if (there <= 0)
        vprec_say("--dump-layers: no layer has left an output: only modules of PyTorch and vprec_probe_f32 and _f64 do");
    else if (!options->quiet)
        vprec_say("%ld output%s %s in '%s'", there, there == 1 ? "" : "s", there == 1 ? "is" : "are",
                  options->dump);
}
