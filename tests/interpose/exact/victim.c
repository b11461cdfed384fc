/* SPDX-License-Identifier: Apache-2.0
 * victim.c: runs the kernels of the victim libraries and prints the bits of
 * their results. Computes nothing itself: what it prints is the libraries' work.
 *   victim VARIANT|all KERNEL|all SEED [N [quiet]]
 * `quiet` prints a checksum only: for the single-stepper, to which printing is dear. */
#include "exact.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const exact_variant exact_sse2, exact_sse42, exact_avx, exact_avx2, exact_avx2c, exact_avx512, exact_avx512c;

static int have(int level)
{
    switch (level) {
    case EXACT_SSE2: return 1;
    case EXACT_SSE42: return __builtin_cpu_supports("sse4.2");
    case EXACT_AVX: return __builtin_cpu_supports("avx");
    case EXACT_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    default: return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    }
}

static void print(const char *variant, const char *kernel, const exact_data *data)
{
    printf("%s %s f32", variant, kernel);
    for (uint32_t k = 0; k < data->nf; k++)
        printf(" %08x", data->f[k]);
    printf("\n%s %s f64", variant, kernel);
    for (uint32_t k = 0; k < data->nd; k++)
        printf(" %016llx", (unsigned long long)data->d[k]);
    putchar('\n');
}

static uint64_t checksum(uint64_t sum, const exact_data *data)
{
    for (uint32_t k = 0; k < data->nf; k++)
        sum = (sum ^ data->f[k]) * UINT64_C(0x100000001b3);
    for (uint32_t k = 0; k < data->nd; k++)
        sum = (sum ^ data->d[k]) * UINT64_C(0x100000001b3);
    return sum;
}

int main(int argc, char **argv)
{
    static const exact_variant *const variants[] = {&exact_sse2, &exact_sse42,  &exact_avx,    &exact_avx2,
                                                    &exact_avx2c, &exact_avx512, &exact_avx512c};
    static exact_data data;
    int n = argc > 4 ? atoi(argv[4]) : EXACT_N, ran = 0, quiet = argc > 5 && !strcmp(argv[5], "quiet");
    uint64_t sum = 0;

    if (argc < 4 || n < 20 || n > EXACT_N) {
        fprintf(stderr, "usage: victim VARIANT|all KERNEL|all SEED [N: 20 to %d [quiet]]\n", EXACT_N);
        return 2;
    }
    exact_fill(&data, strtoull(argv[3], NULL, 10));
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        if ((strcmp(argv[1], "all") && strcmp(argv[1], variants[v]->name)) || !have(variants[v]->level))
            continue;
        for (const exact_kernel *kernel = variants[v]->kernels; kernel->name; kernel++) {
            if (strcmp(argv[2], "all") && strcmp(argv[2], kernel->name))
                continue;
            exact_clear(&data);
            kernel->run(&data, n);
            if (quiet)
                sum = checksum(sum, &data);
            else
                print(variants[v]->name, kernel->name, &data);
            ran++;
        }
    }
    if (quiet)
        printf("%016llx\n", (unsigned long long)sum);
    return ran ? 0 : 3;
}
