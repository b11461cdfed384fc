/* SPDX-License-Identifier: Apache-2.0
 * train.c: a neural network of 2, 16 and 1 neurons learns by stochastic gradient descent which points lie in a circle,
 * then says how many of 1000 new ones it gets right. Knows nothing of vprec: see bits.sh, samples.sh, sweep.sh. */
#include <stdio.h>

enum { HIDDEN = 16, STEPS = 60000, TEST = 1000 };

static float in[HIDDEN][3], out[HIDDEN + 1], hidden[HIDDEN];

/* -1..1, the same numbers each time. In double, as is what the network is judged by: that stays native. */
static double draw(void)
{
    static unsigned state = 1;
    state = state * 1664525 + 1013904223;
    return (int)(state >> 8) / 8388608.0 - 1;
}

static float forward(float x, float y)
{
    float sum = out[HIDDEN];
    for (int i = 0; i < HIDDEN; i++) {
        float h = in[i][0] * x + in[i][1] * y + in[i][2];
        hidden[i] = h > 0 ? h : 0;
        sum += out[i] * hidden[i];
    }
    return sum;
}

static int inside(double x, double y)
{
    return x * x + y * y < 0.64;
}

int main(void)
{
    for (int i = 0; i < HIDDEN; i++) {
        for (int k = 0; k < 3; k++)
            in[i][k] = (float)draw();
        out[i] = (float)draw() / 4;
    }
    for (int step = 0; step < STEPS; step++) {
        double px = draw(), py = draw();
        float x = (float)px, y = (float)py, rate = 0.01f;
        float error = forward(x, y) - (inside(px, py) ? 1.0f : -1.0f);
        for (int i = 0; i < HIDDEN; i++) {
            float back = hidden[i] > 0 ? error * out[i] : 0;
            out[i] -= rate * error * hidden[i];
            in[i][0] -= rate * back * x;
            in[i][1] -= rate * back * y;
            in[i][2] -= rate * back;
        }
        out[HIDDEN] -= rate * error;
    }
    int right = 0;
    for (int i = 0; i < TEST; i++) {
        double x = draw(), y = draw();
        right += (forward((float)x, (float)y) > 0) == inside(x, y);
    }
    printf("accuracy %d/%d\n", right, TEST);
    return 0;
}
