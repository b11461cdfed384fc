/* SPDX-License-Identifier: Apache-2.0
 * gemm.c: square matrix products by OpenBLAS. The environment picks its kernels (OPENBLAS_CORETYPE).
 *
 *   gemm LIBRARY CORE s|d SIZE REPEATS [random|short] */
#include <dlfcn.h>
#include <string.h>
#include <strings.h>

#include "steady.h"

typedef void gemm_function(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                           const void *alpha, const void *a, const int *lda, const void *b, const int *ldb,
                           const void *beta, void *c, const int *ldc);

static gemm_function *gemm;
static const void *one, *zero;
static void *a, *b, *c;
static int size;

static void multiply(void)
{
    gemm("N", "N", &size, &size, &size, one, a, &size, b, &size, zero, c, &size);
}

/* Values in [-1/2, 1/2): of all bits that the type has; or short ones, which fit every format of the benchmark, and
 * whose sums are midpoints of the format time and again: multiples of 1/16. */
static void *matrix(int is_double, int is_short, int step)
{
    int count = size * size;
    void *values = malloc(count * (is_double ? sizeof(double) : sizeof(float)));
    uint64_t state = (uint64_t)step;
    for (int i = 0; values && i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth's MMIX */
        double value = is_short ? i * (int64_t)step % 16 / 16.0 - 0.5 : (double)(state >> 11) * 0x1p-53 - 0.5;
        if (is_double)
            ((double *)values)[i] = value;
        else
            ((float *)values)[i] = (float)value;
    }
    return values;
}

int main(int argc, char **argv)
{
    static const float ones[] = {1, 0};
    static const double oned[] = {1, 0};
    if (argc < 6 || argc > 7 || (argc == 7 && strcmp(argv[6], "random") && strcmp(argv[6], "short")))
        return 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "gemm: %s\n", dlerror());
        return 1;
    }
    int is_double = argv[3][0] == 'd', is_short = argc == 7 && !strcmp(argv[6], "short");
    char *(*corename)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
    gemm = (gemm_function *)dlsym(library, is_double ? "dgemm_" : "sgemm_");
    if (!corename || !gemm || strcasecmp(corename(), argv[2])) {
        fprintf(stderr, "gemm: OpenBLAS runs its %s kernels, not %s\n", corename ? corename() : "?", argv[2]);
        return 1;
    }
    one = is_double ? (const void *)oned : ones;
    zero = is_double ? (const void *)(oned + 1) : ones + 1;
    size = atoi(argv[4]);
    a = matrix(is_double, is_short, 7);
    b = matrix(is_double, is_short, 11);
    c = matrix(is_double, is_short, 13);
    return a && b && c ? steady_run(multiply, atoi(argv[5])) : 1;
}
