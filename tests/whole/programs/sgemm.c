/* SPDX-License-Identifier: Apache-2.0
 * sgemm.c: multiplies matrices whose elements fit ten fraction bits with OpenBLAS and writes what comes out, for
 * sgemm.py to judge. Inputs are put together from integers, so no rounding touches them; reference sums are in
 * binary64, which the test leaves native.
 *
 *   sgemm LIBRARY CORE FILE M,N,K,TRANSA,TRANSB,THREADS...
 * For each product FILE receives M*N floats, then M*N sums of a*b and M*N sums of |a*b| as doubles. */
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef void sgemm_function(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
                            const float *beta, float *c, const int *ldc);

static sgemm_function *sgemm;
static void (*set_num_threads)(int count);

/* A random float of either sign in [1/4, 2) with ten fraction bits. */
static float element(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint32_t random = (uint32_t)(*state >> 32);
    uint32_t exponent = 125 + (random >> 11) % 3, fraction = random >> 1 & 1023;
    uint32_t bits = (random & 1) << 31 | exponent << 23 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float *matrix(int count, uint64_t seed)
{
    float *values = malloc(count * sizeof *values);
    for (int i = 0; values && i < count; i++)
        values[i] = element(&seed);
    return values;
}

/* One product and its references; 0 if all went well. */
static int multiply(FILE *file, int m, int n, int k, char transa, char transb)
{
    int rows_a = transa == 'N' ? m : k, rows_b = transb == 'N' ? k : n;
    size_t count = (size_t)m * n;
    float *a = matrix(m * k, 1), *b = matrix(k * n, 2), *c = calloc(count, sizeof *c);
    double *sums = calloc(count, sizeof *sums), *magnitudes = calloc(count, sizeof *magnitudes);
    if (!a || !b || !c || !sums || !magnitudes)
        return -1;
    float one = 1, zero = 0;
    sgemm(&transa, &transb, &m, &n, &k, &one, a, &rows_a, b, &rows_b, &zero, c, &m);

    for (int j = 0; j < n; j++)
        for (int l = 0; l < k; l++)
            for (int i = 0; i < m; i++) {
                double left = transa == 'N' ? a[i + l * m] : a[l + i * k];
                double right = transb == 'N' ? b[l + j * k] : b[j + l * n];
                sums[i + j * m] += left * right;
                magnitudes[i + j * m] += fabs(left * right);
            }
    int bad = fwrite(c, sizeof *c, count, file) != count || fwrite(sums, sizeof *sums, count, file) != count ||
              fwrite(magnitudes, sizeof *magnitudes, count, file) != count;
    free(a);
    free(b);
    free(c);
    free(sums);
    free(magnitudes);
    return bad;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "sgemm: %s\n", dlerror());
        return 1;
    }
    char *(*corename)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
    set_num_threads = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    sgemm = (sgemm_function *)dlsym(library, "sgemm_");
    if (!corename || !set_num_threads || !sgemm || strcasecmp(corename(), argv[2])) {
        fprintf(stderr, "sgemm: OpenBLAS runs its %s kernels, not %s\n", corename ? corename() : "?", argv[2]);
        return 1;
    }
    FILE *file = fopen(argv[3], "wb");
    if (!file) {
        perror(argv[3]);
        return 1;
    }
    for (int i = 4; i < argc; i++) {
        int m, n, k, threads;
        char transa, transb;
        if (sscanf(argv[i], "%d,%d,%d,%c,%c,%d", &m, &n, &k, &transa, &transb, &threads) != 6)
            return 2;
        set_num_threads(threads);
        if (multiply(file, m, n, k, transa, transb)) {
            fprintf(stderr, "sgemm: no memory for the product, or %s cannot be written\n", argv[3]);
            return 1;
        }
    }
    if (fclose(file)) {
        perror(argv[3]);
        return 1;
    }
    return 0;
}
