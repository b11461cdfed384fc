/* SPDX-License-Identifier: Apache-2.0
 * layers.c: a network of three layers that tells vprec-run which one it is in, for layers.sh: how many of 1000 labels
 * are those of a computation in double? */
#include <stdio.h>
#include <vprec_scope.h>

enum { INPUTS = 16, WIDTH = 32, LABELS = 10, ITEMS = 1000 };

static unsigned state = 1;

/* Between -1 and 1. */
static float number(void)
{
    state = state * 1664525u + 1013904223u;
    return (float)(int)(state >> 8) / 8388608.0f - 1.0f;
}

#define DEFINE_LAYER(name, T)                                                                                         \
    static void name(const float *weights, const T *in, int n, T *out, int m, int relu)                               \
    {                                                                                                                 \
        for (int i = 0; i < m; i++) {                                                                                 \
            T sum = 0;                                                                                                \
            for (int k = 0; k < n; k++)                                                                               \
                sum += weights[i * n + k] * in[k];                                                                    \
            out[i] = relu && sum < 0 ? 0 : sum;                                                                       \
        }                                                                                                             \
    }
DEFINE_LAYER(layer, float)
DEFINE_LAYER(layer_exact, double)

#define LARGEST(out)                                                                                                  \
    int best = 0;                                                                                                     \
    for (int i = 1; i < LABELS; i++)                                                                                  \
        best = (out)[i] > (out)[best] ? i : best;                                                                     \
    return best

static float first[WIDTH * INPUTS], second[WIDTH * WIDTH], head[LABELS * WIDTH];

static int label(const float *in)
{
    float a[WIDTH], b[WIDTH], out[LABELS];
    vprec_scope_begin("first");
    layer(first, in, INPUTS, a, WIDTH, 1);
    vprec_scope_end();
    vprec_scope_begin("second");
    layer(second, a, WIDTH, b, WIDTH, 1);
    vprec_scope_end();
    vprec_scope_begin("head");
    layer(head, b, WIDTH, out, LABELS, 0);
    vprec_scope_end();
    LARGEST(out);
}

static int label_exact(const float *in)
{
    double x[INPUTS], a[WIDTH], b[WIDTH], out[LABELS];
    for (int i = 0; i < INPUTS; i++)
        x[i] = in[i];
    layer_exact(first, x, INPUTS, a, WIDTH, 1);
    layer_exact(second, a, WIDTH, b, WIDTH, 1);
    layer_exact(head, b, WIDTH, out, LABELS, 0);
    LARGEST(out);
}

int main(void)
{
    int same = 0;
    for (int i = 0; i < WIDTH * INPUTS; i++)
        first[i] = number();
    for (int i = 0; i < WIDTH * WIDTH; i++)
        second[i] = number();
    for (int i = 0; i < LABELS * WIDTH; i++)
        head[i] = number();
    for (int item = 0; item < ITEMS; item++) {
        float in[INPUTS];
        for (int i = 0; i < INPUTS; i++)
            in[i] = number();
        same += label(in) == label_exact(in);
    }
    printf("%d of %d labels\n", same, ITEMS);
    return 0;
}
