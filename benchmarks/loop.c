/* SPDX-License-Identifier: Apache-2.0
 * loop.c: a matrix product of 256 x 256 floats as three plain loops, vectorised by the compiler (AVX2 and FMA).
 *
 *   loop REPEATS */
#include "steady.h"

enum { N = 256 };
static float a[N][N], b[N][N], c[N][N];

static void loop(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++)
            c[i][j] = 0;
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++)
                c[i][j] += a[i][k] * b[k][j];
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 37 + j * 11) % 64 / 64.0f - 0.5f;
            b[i][j] = (i * 13 + j * 29) % 64 / 64.0f - 0.5f;
        }
    return steady_run(loop, atoi(argv[1]));
}
