/* SPDX-License-Identifier: Apache-2.0
 * file.h: files that are read at any place: on disk, or standard input
 * and unpacked data in a temporary file. Knows no format but by its first bytes. */
#ifndef VPREC_STATS_READ_FILE_H
#define VPREC_STATS_READ_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of documents: the name, and what a file's name ends in. */
#define STATS_KINDS(X)                                                                                                 \
    X(AUTO, "auto", NULL)                                                                                              \
    X(NPY, "npy", ".npy")                                                                                              \
    X(NPZ, "npz", ".npz")                                                                                              \
    X(CSV, "csv", ".csv")                                                                                              \
    X(TSV, "tsv", ".tsv")                                                                                              \
    X(JSON, "json", ".json")                                                                                           \
    X(TEXT, "text", ".txt")                                                                                            \
    X(BINARY, "binary", NULL)
typedef enum stats_kind {
#define STATS_KIND_ENTRY(id, name, ending) STATS_##id,
    STATS_KINDS(STATS_KIND_ENTRY)
#undef STATS_KIND_ENTRY
        STATS_KINDS_COUNT
} stats_kind;
extern const char *const stats_kind_names[STATS_KINDS_COUNT];

/* `name` is what messages call it. Opened anew for each reading where too many are open already (fd < 0). */
typedef struct stats_file {
    char *name;
    int fd;
    uint64_t size;
} stats_file;

/* "-" is standard input. False, having said why. */
bool stats_file_open(stats_file *file, const char *path);
/* An empty temporary file without a name on disk; $TMPDIR. */
bool stats_file_temporary(stats_file *file, const char *name);
void stats_file_close(stats_file *file);

/* Keeps the file without a descriptor until it is read again; only for files with a path. */
void stats_file_rest(stats_file *file);

/* All of them, or false, having said why. */
bool stats_file_read(const stats_file *file, void *to, size_t size, uint64_t offset);
bool stats_file_append(stats_file *file, const void *from, size_t size);

/* The whole content with a 0 behind it; to be freed. NULL, having said why. */
char *stats_file_text(const stats_file *file);

/* By the name's ending, else by the first bytes. STATS_AUTO, having said why, where they cannot be read. */
stats_kind stats_file_kind(const stats_file *file);

/* Lets as many files be open as the system allows; how many that is. */
size_t stats_files_most(void);

#endif
