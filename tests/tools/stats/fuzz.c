/* SPDX-License-Identifier: Apache-2.0
 * fuzz.c: the readers of vprec-stats on mutated files, for libFuzzer (tests/tools/stats/fuzz); without it, on each of the
 * files in the directories that are its arguments. The first byte of a file says the kind of document; the rest is two
 * samples of it, or rows. */
#include "common/say.h"
#include "stats/documents.h"
#include "stats/summary.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is fuzzed together; ROWS in the first byte: the samples are the rows. */
enum { ROWS = 0x80 };
static const struct group {
    const char *name;
    stats_kind kinds[3];
    size_t count;
} groups[] = {{"arrays", {STATS_NPY, STATS_NPZ}, 2},
              {"text", {STATS_CSV, STATS_TSV, STATS_TEXT}, 3},
              {"json", {STATS_JSON}, 1}};
enum { GROUPS = sizeof groups / sizeof *groups };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kind of document that a byte means: any of the group that FUZZ_GROUP names, or of all. */
static stats_kind kind_of(unsigned byte)
{
    const char *name = getenv("FUZZ_GROUP");
    size_t count = 0;
    for (size_t g = 0; g < GROUPS; g++) {
        if (name && strcmp(name, groups[g].name) != 0)
            continue;
        if (name)
            return groups[g].kinds[byte % groups[g].count];
        count += groups[g].count;
    }
    for (size_t g = 0, at = count ? byte % count : 0; g < GROUPS; at -= groups[g++].count)
        if (at < groups[g].count)
            return groups[g].kinds[at];
    return STATS_BINARY;
}

/* All that is printed of it. */
static void judge(stats_document *document, const stats_options *options)
{
    static FILE *null;
    null = null ? null : fopen("/dev/null", "w");
    stats_document_judge(document, options);
    stats_report report = {.options = options, .documents = document, .document_count = 1, .samples = 2};
    if (null)
        stats_print(&report, null);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    int fd = memfd_create("sample", 0);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    char *path = vprec_text("/proc/self/fd/%d", fd), *paths[] = {path, path};
    stats_options options = {.methods = STATS_METHOD_ALL, .ddof = 1, .confidence = 0.95, .probability = 0.95,
                             .contributing = 0.51, .numbers = 10, .rows = data[0] & ROWS,
                             .format = data[0] & ROWS ? STATS_OUT_TABLE : STATS_OUT_CSV};
    stats_document document = {.name = vprec_text("x"), .kind = kind_of(data[0] & ~(unsigned)ROWS)};
    bool arrays = document.kind == STATS_NPY || document.kind == STATS_NPZ;
    bool ok = (arrays ? stats_arrays_document : stats_tokens_document)(
        &document, &options, paths, options.rows ? 1 : 2, options.rows ? NULL : path);
    if (ok)
        judge(&document, &options);
    stats_document_free(&document);
    free(path);
    close(fd);
    return 0;
}

#ifndef STATS_LIBFUZZER
static size_t replay(const char *folder)
{
    size_t files = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        static uint8_t data[1 << 20];
        char *path = vprec_text("%s/%s", folder, entry->d_name);
        FILE *file = *entry->d_name == '.' ? NULL : fopen(path, "rb");
        if (file) {
            printf("%s\n", path);
            fflush(stdout);
            LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, file));
            fclose(file);
            files++;
        }
        free(path);
    }
    if (directory)
        closedir(directory);
    return files;
}

int main(int argc, char **argv)
{
    vprec_command = "fuzz";
    for (int i = 1; i < argc; i++) {
        const char *group = strrchr(argv[i], '/');
        setenv("FUZZ_GROUP", group ? group + 1 : argv[i], 1);
        if (!replay(argv[i])) {
            printf("%s: no files\n", argv[i]);
            return 1;
        }
    }
    return argc < 2;
}
#endif
