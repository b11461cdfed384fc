/* SPDX-License-Identifier: Apache-2.0
 * stats.c: vprec-stats on samples larger than any cache, against cat of the same files to /dev/null in the same
 * second: wall time, CPU time of all threads, and peak memory. Checks no result.
 *
 *     stats VPREC_STATS [PAIRS [SAMPLES [NUMBERS]]]    default 7 pairs, 30 samples of 10^7 float32 (1.2 GB) */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 1 << 16, HEADER = 128, ACCEPTED_RATIO = 6, ACCEPTED_MIB = 1024 };

static char folder[4096];
static char **arguments; /* "cat" or vprec-stats and its options, then the files */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*state >> 32);
}

/* About normal, standard deviation 1: of four uniform numbers. */
static float noise(uint64_t *state)
{
    uint32_t a = next(state), b = next(state);
    int32_t sum = (int32_t)((a & 0xFFFF) + (a >> 16) + (b & 0xFFFF) + (b >> 16)) - 2 * 65535;
    return (float)sum * (1.7320508f / 65536);
}

/* Sample `number`: values of all sizes from 2^-8 to 2^8, about 11 of their bits the same in all samples. */
static void make(const char *path, uint64_t number, size_t count)
{
    static float piece[PIECE];
    char head[HEADER + 1];
    uint64_t same = 1, own = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);
    FILE *file = fopen(path, "wb");
    if (!file)
        die(path);
    snprintf(head, sizeof head, "\x93NUMPY\x01%c%c%c{'descr': '<f4', 'fortran_order': False, 'shape': (%zu,), }", 0,
             HEADER - 10, 0, count);
    size_t length = 10 + strlen(head + 10);
    memset(head + length, ' ', HEADER - length);
    head[HEADER - 1] = '\n';
    fwrite(head, 1, HEADER, file);
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < PIECE ? count - done : PIECE;
        for (size_t i = 0; i < part; i++) {
            uint32_t base = next(&same);
            float value = (float)(1 << (base & 15)) / 256 * (1 + (float)(base >> 8) / (1 << 24));
            piece[i] = (base & 16 ? -value : value) * (1 + noise(&own) / 4096);
        }
        fwrite(piece, sizeof *piece, part, file);
    }
    if (fclose(file))
        die(path);
}

typedef struct cost {
    double wall, cpu, mib;
} cost;

static cost run(char **argv)
{
    struct timespec before, after;
    struct rusage used;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t child = fork();
    if (!child) {
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        execvp(*argv, argv);
        perror(*argv);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        die(*argv);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (status) {
        fprintf(stderr, "%s: wait status %d\n", *argv, status);
        exit(1);
    }
    return (cost){(double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) * 1e-9,
                  (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                      (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6,
                  (double)used.ru_maxrss / 1024};
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static void clean(void)
{
    for (char **path = arguments + 1; *path; path++)
        unlink(*path);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    size_t pairs = argc > 2 ? strtoul(argv[2], NULL, 10) : 7, samples = argc > 3 ? strtoul(argv[3], NULL, 10) : 30,
           count = argc > 4 ? strtoul(argv[4], NULL, 10) : 10000000;
    if (argc < 2 || argc > 5 || !pairs || !samples || !count) {
        fprintf(stderr, "usage: stats VPREC_STATS [PAIRS [SAMPLES [NUMBERS]]]\n");
        return 2;
    }
    const char *top = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/vprec-stats-XXXXXX", top && *top ? top : "/tmp");
    arguments = calloc(samples + 2, sizeof *arguments);
    if (!arguments || !mkdtemp(folder))
        die(folder);
    atexit(clean);
    for (size_t i = 0; i < samples; i++) {
        if (asprintf(&arguments[i + 1], "%s/%zu.npy", folder, i) < 0)
            die("files");
        make(arguments[i + 1], i, count);
    }
    cost best[2] = {{1e9, 1e9, 0}, {1e9, 1e9, 0}};
    double ratio = 1e9;
    printf("%zu samples of %zu float32   wall s: cat  stats  ratio      CPU s: cat  stats  ratio   peak MiB\n", samples,
           count);
    for (size_t pair = 0; pair < pairs; pair++) {
        cost both[2];
        for (int which = 0; which < 2; which++) {
            arguments[0] = which ? argv[1] : "cat";
            both[which] = run(arguments);
            best[which].wall = smaller(best[which].wall, both[which].wall);
            best[which].cpu = smaller(best[which].cpu, both[which].cpu);
        }
        ratio = smaller(ratio, both[1].wall / both[0].wall);
        best[1].mib = both[1].mib > best[1].mib ? both[1].mib : best[1].mib;
        printf("pair %-3zu %36.3f %6.3f %6.2f %15.3f %6.3f %6.2f %10.1f\n", pair + 1, both[0].wall, both[1].wall,
               both[1].wall / both[0].wall, both[0].cpu, both[1].cpu, both[1].cpu / both[0].cpu, both[1].mib);
        fflush(stdout);
    }
    printf("best     %36.3f %6.3f %6.2f %15.3f %6.3f %6.2f %10.1f\n", best[0].wall, best[1].wall,
           best[1].wall / best[0].wall, best[0].cpu, best[1].cpu, best[1].cpu / best[0].cpu, best[1].mib);
    printf("the smallest ratio of a pair: %.2f (accepted: %d); peak memory %.1f MiB (accepted: %d)\n", ratio,
           ACCEPTED_RATIO, best[1].mib, ACCEPTED_MIB);
    return 0;
}
