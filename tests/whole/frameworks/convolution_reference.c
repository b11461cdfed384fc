/* SPDX-License-Identifier: Apache-2.0
 * convolution_reference.c: IN OUT CHANNELS KERNELS WIDTH SIDE BLOCK PRECISION: what a direct convolution must give when
 * each operation is rounded once, to nearest, to PRECISION bits, in the order of oneDNN's generated kernels: for every
 * block of BLOCK input channels, from 0, a fused multiply-add for each row and column of the kernel and each channel of
 * the block; then the first block adds the bias, the others what the blocks before gave. By MPFR, whose exponents are
 * wide: nothing may overflow or be subnormal. */
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>

static float *read_floats(const char *name, size_t count)
{
    FILE *file = fopen(name, "rb");
    float *values = malloc(count * sizeof *values);

    if (!file || !values || fread(values, sizeof *values, count, file) != count) {
        perror(name);
        exit(2);
    }
    fclose(file);
    return values;
}

int main(int argc, char **argv)
{
    size_t channels, kernels, width, side, block, out;
    float *image, *weights, *bias, *all;
    mpfr_t sum, whole, a, b;
    FILE *file;

    if (argc != 9)
        return 2;
    channels = strtoul(argv[3], NULL, 10);
    kernels = strtoul(argv[4], NULL, 10);
    width = strtoul(argv[5], NULL, 10);
    side = strtoul(argv[6], NULL, 10);
    block = strtoul(argv[7], NULL, 10);
    out = width - side + 1;
    mpfr_inits2(strtol(argv[8], NULL, 10), sum, whole, (mpfr_ptr)NULL);
    mpfr_inits2(24, a, b, (mpfr_ptr)NULL);
    all = read_floats(argv[1], channels * width * width + kernels * channels * side * side + kernels);
    image = all;
    weights = image + channels * width * width;
    bias = weights + kernels * channels * side * side;
    file = fopen(argv[2], "wb");
    if (!file)
        return 2;
    for (size_t k = 0; k < kernels; k++)
        for (size_t y = 0; y < out; y++)
            for (size_t x = 0; x < out; x++) {
                float result;

                for (size_t from = 0; from < channels; from += block) {
                    mpfr_set_zero(sum, 1);
                    for (size_t i = 0; i < side; i++)
                        for (size_t j = 0; j < side; j++)
                            for (size_t c = from; c < from + block; c++) {
                                mpfr_set_flt(a, image[(c * width + y + i) * width + x + j], MPFR_RNDN);
                                mpfr_set_flt(b, weights[((k * channels + c) * side + i) * side + j], MPFR_RNDN);
                                mpfr_fma(sum, a, b, sum, MPFR_RNDN);
                            }
                    if (from) {
                        mpfr_add(whole, sum, whole, MPFR_RNDN);
                    } else {
                        mpfr_set_flt(a, bias[k], MPFR_RNDN);
                        mpfr_add(whole, sum, a, MPFR_RNDN);
                    }
                }
                result = mpfr_get_flt(whole, MPFR_RNDN);
                fwrite(&result, sizeof result, 1, file);
            }
    return fclose(file) != 0;
}
