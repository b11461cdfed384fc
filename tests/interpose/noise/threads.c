/* SPDX-License-Identifier: Apache-2.0
 * threads.c: programs whose threads and processes get the same work in every
 * run. Prints the bits of what they computed. Usage: threads openmp|sgemm|nested|fork */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 4096, SIZE = 160 };

static uint64_t hash(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}

/* Of all partial sums of tenths. */
static uint64_t work(void)
{
    volatile double tenth = 0.1;
    static _Thread_local double sums[1000];
    double sum = 0;
    for (int i = 0; i < 1000; i++)
        sums[i] = sum += tenth;
    return hash(sums, sizeof sums);
}

static void openmp(void)
{
    static float x[N];
#pragma omp parallel for schedule(static)
    for (int i = 0; i < N; i++) {
        float y = (float)(i + 1) / 3.0f;
        for (int j = 0; j < 20; j++)
            y = y * 0.7f + 1.0f / y;
        x[i] = y;
    }
    printf("%016llx\n", (unsigned long long)hash(x, sizeof x));
}

static void sgemm(void)
{
    typedef void function(int order, int transa, int transb, int m, int n, int k, float alpha, const float *a, int lda,
                          const float *b, int ldb, float beta, float *c, int ldc);
    static float a[SIZE * SIZE], b[SIZE * SIZE], c[SIZE * SIZE];
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    function *cblas_sgemm = library ? (function *)dlsym(library, "cblas_sgemm") : NULL;
    if (!cblas_sgemm)
        exit(77);
    for (int i = 0; i < SIZE * SIZE; i++) {
        a[i] = (float)(i % 97) / 97.0f;
        b[i] = (float)(i % 89) / 89.0f;
    }
    for (int i = 0; i < 3; i++)
        cblas_sgemm(101, 111, 111, SIZE, SIZE, SIZE, 1, a, SIZE, b, SIZE, 0, c, SIZE);
    printf("%016llx\n", (unsigned long long)hash(c, sizeof c));
}

enum { CHILDREN = 3 };

static void *leaf(void *result)
{
    *(uint64_t *)result = work();
    return NULL;
}

static void *branch(void *results)
{
    uint64_t *r = results;
    pthread_t threads[CHILDREN];
    for (int i = 0; i < CHILDREN; i++)
        pthread_create(&threads[i], NULL, leaf, &r[1 + i]);
    r[0] = work();
    for (int i = 0; i < CHILDREN; i++)
        pthread_join(threads[i], NULL);
    return NULL;
}

/* Threads that start threads, all at once: which of them comes first changes, what each computes does not. */
static void nested(void)
{
    static uint64_t r[CHILDREN * (1 + CHILDREN)];
    pthread_t threads[CHILDREN];
    for (int i = 0; i < CHILDREN; i++)
        pthread_create(&threads[i], NULL, branch, &r[i * (1 + CHILDREN)]);
    for (int i = 0; i < CHILDREN; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < CHILDREN * (1 + CHILDREN); i++)
        printf("%016llx\n", (unsigned long long)r[i]);
}

static void forks(void)
{
    uint64_t *r = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < CHILDREN; i++)
        if (!fork()) {
            r[2 * i] = work();
            if (!fork()) {
                r[2 * i + 1] = work();
                _exit(0);
            }
            wait(NULL);
            _exit(0);
        }
    r[2 * CHILDREN] = work();
    while (wait(NULL) > 0)
        continue;
    for (int i = 0; i <= 2 * CHILDREN; i++)
        printf("%016llx\n", (unsigned long long)r[i]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"openmp", openmp}, {"sgemm", sgemm}, {"nested", nested}, {"fork", forks}};
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(argv[1], parts[i].name))
            parts[i].run();
    return 0;
}
