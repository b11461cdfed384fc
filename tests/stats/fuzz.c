/* SPDX-License-Identifier: Apache-2.0
 * fuzz.c: the readers of vprec-stats on mutated files. The first byte says the kind of document; the rest is
 * two samples of it. With libFuzzer (clang -fsanitize=fuzzer), or alone on the files that are its arguments. */
#include "stats_documents.h"
#include "stats_options.h"
#include "say.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int quiet(void)
{
    static int null = -1;
    if (null < 0) {
        null = open("/dev/null", O_WRONLY);
        if (!getenv("FUZZ_LOUD"))
            dup2(null, STDERR_FILENO);
    }
    return null;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const stats_kind kinds[] = {STATS_NPY, STATS_NPZ, STATS_CSV, STATS_JSON, STATS_TEXT, STATS_TSV, STATS_BINARY};
    if (!size)
        return 0;
    quiet();
    int fd = memfd_create("sample", 0);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    char *path = vprec_text("/proc/self/fd/%d", fd), *paths[] = {path, path};
    stats_options options = {.methods = STATS_METHOD_ALL, .ddof = 1, .confidence = 0.95, .probability = 0.95,
                             .contributing = 0.51, .numbers = 10, .rows = data[0] >> 7};
    stats_document document = {.name = vprec_text("x"), .kind = kinds[data[0] % (sizeof kinds / sizeof *kinds)]};
    bool arrays = document.kind <= STATS_NPZ;
    if (options.rows)
        (arrays ? stats_arrays_document : stats_tokens_document)(&document, &options, paths, 1, NULL);
    else
        (arrays ? stats_arrays_document : stats_tokens_document)(&document, &options, paths, 2, path);
    stats_document_free(&document);
    free(path);
    close(fd);
    return 0;
}
