/* SPDX-License-Identifier: Apache-2.0
 * reference.c: what the victim must print: the same kernels, each operation
 * done and rounded once by the oracle. Never run under vprec-run.
 *   reference SEED FORMAT [N] */
#include "exact.h"
#include "oracle_types.h"
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>

oracle_format reference_format[2];
int reference_contracted;

#define REFERENCE 1
#define NOIPA __attribute__((noipa))
#define ONE_BY_ONE
#define FUSABLE

#include "loops.inc"
#include "doubles.inc"
#include "calls.inc"
#include "vector.inc"
#include "integers.inc"

static const struct {
    const char *name;
    void (*run)(exact_data *data, int n);
    int level;
} kernels[] = {
#define ENTRY(name) {#name, name, EXACT_SSE2},
    LOOP_KERNELS(ENTRY) DOUBLE_KERNELS(ENTRY) CALL_KERNELS(ENTRY) BASE_VECTOR_KERNELS(ENTRY) INTEGER_KERNELS(ENTRY)
    ENTRY(integer_built) ENTRY(integer_mixed)
#undef ENTRY
#define ENTRY(name) {#name, name, EXACT_SSE42},
    SSE42_KERNELS(ENTRY)
#undef ENTRY
#define ENTRY(name) {#name, name, EXACT_AVX},
    AVX_KERNELS(ENTRY)
#undef ENTRY
#define ENTRY(name) {#name, name, EXACT_AVX2},
    FMA_KERNELS(ENTRY)
#undef ENTRY
#define ENTRY(name) {#name, name, EXACT_AVX512},
    AVX512_KERNELS(ENTRY) INTEGER_512_KERNELS(ENTRY)
};

/* One line for plain builds and one for contracted ones; the driver picks. */
int main(int argc, char **argv)
{
    static exact_data data;
    int n = argc > 3 ? atoi(argv[3]) : EXACT_N;

    if (argc < 3 || !oracle_parse(argv[2], reference_format)) {
        fprintf(stderr, "usage: reference SEED FORMAT [N]\n");
        return 2;
    }
    exact_fill(&data, strtoull(argv[1], NULL, 10));
    for (reference_contracted = 0; reference_contracted < 2; reference_contracted++)
        for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
            if (kernels[k].level == EXACT_AVX512 && !__builtin_cpu_supports("avx512vl"))
                continue;
            exact_clear(&data);
            kernels[k].run(&data, n);
            printf("%s %s f32", reference_contracted ? "contracted" : "plain", kernels[k].name);
            for (uint32_t j = 0; j < data.nf; j++)
                printf(" %08x", data.f[j]);
            printf("\n%s %s f64", reference_contracted ? "contracted" : "plain", kernels[k].name);
            for (uint32_t j = 0; j < data.nd; j++)
                printf(" %016llx", (unsigned long long)data.d[j]);
            putchar('\n');
        }
    return 0;
}
