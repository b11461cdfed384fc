/* SPDX-License-Identifier: Apache-2.0
 * steady.h: times repeated work inside a process, after a warm-up, and prints it for benchmarks/run. Knows nothing of
 * start-up: that is what the whole process used and this did not. */
#ifndef STEADY_H
#define STEADY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t steady_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline int steady_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Calls work once to warm up, then `repeats` times; prints the median and the sum of their CPU times in ns. Integers
 * only: this program's own arithmetic may be rounded. */
static inline int steady_run(void (*work)(void), int repeats)
{
    int64_t *times = calloc(repeats, sizeof *times), sum = 0;
    if (!times || repeats < 1)
        return 1;
    work();
    for (int i = 0; i < repeats; i++) {
        int64_t start = steady_cpu_ns();
        work();
        times[i] = steady_cpu_ns() - start;
        sum += times[i];
    }
    qsort(times, repeats, sizeof *times, steady_compare);
    printf("median %lld sum %lld\n", (long long)times[repeats / 2], (long long)sum);
    free(times);
    return 0;
}

#endif
