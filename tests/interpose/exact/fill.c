/* SPDX-License-Identifier: Apache-2.0
 * fill.c: the inputs of the kernels, as bit patterns made by integer
 * arithmetic, so that no rounding touches them. */
#include "exact.h"
#include <string.h>

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A number with `fbits` fraction bits and an exponent field near the bias;
 * sometimes far from it or special, often with a tail of zeros or ones so that
 * ties and near-ties of every format occur. */
static uint64_t number(uint64_t *state, int ebits, int fbits, uint64_t seed)
{
    uint64_t r = next(state), s = next(state), bias = (UINT64_C(1) << (ebits - 1)) - 1;
    uint64_t fraction = s & ((UINT64_C(1) << fbits) - 1), sign = r >> 63, exponent;
    int kept = 2 + (int)(r >> 8 & 63) % (fbits - 1);

    switch (r >> 16 & 3) {
    case 0: fraction &= ~UINT64_C(0) << (fbits - kept); break;
    case 1: fraction |= ((UINT64_C(1) << (fbits - kept)) - 1); break;
    default: break;
    }
    exponent = bias - 3 + (r >> 24) % 6;
    if (seed & 1 && (r >> 32 & 7) == 0)
        exponent = bias - 20 + (r >> 40) % 40;
    if ((seed & 3) == 3 && (r >> 36 & 31) == 0)
        exponent = (r >> 40) % (2 * bias + 2);
    return sign << (ebits + fbits) | exponent << fbits | fraction;
}

void exact_clear(exact_data *data)
{
    /* Only what there is: a large memset is one step a byte under the single-stepper. */
    memset(data->f, 0, data->nf * sizeof *data->f);
    memset(data->d, 0, data->nd * sizeof *data->d);
    data->nf = data->nd = 0;
}

void exact_fill(exact_data *data, uint64_t seed)
{
    uint64_t state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;

    for (int k = 0; k < EXACT_N; k++) {
        data->x[k] = (uint32_t)number(&state, 8, 23, seed);
        data->y[k] = (uint32_t)number(&state, 8, 23, seed);
        data->z[k] = (uint32_t)number(&state, 8, 23, seed);
        data->xd[k] = number(&state, 11, 52, seed);
        data->yd[k] = number(&state, 11, 52, seed);
        data->zd[k] = number(&state, 11, 52, seed);
        data->i[k] = (int32_t)(next(&state) >> (32 + next(&state) % 31));
        data->i[k] = next(&state) & 1 ? -data->i[k] : data->i[k];
        data->u[k] = (uint32_t)(next(&state) >> (32 + next(&state) % 31));
        data->l[k] = (int64_t)(next(&state) >> (1 + next(&state) % 62));
        data->l[k] = next(&state) & 1 ? -data->l[k] : data->l[k];
        data->ul[k] = next(&state) >> next(&state) % 63;
    }
}
