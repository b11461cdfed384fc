/* SPDX-License-Identifier: Apache-2.0
 * ranges_part.c: a library of which ranges.c calls a function. */
float dot(const float *a, const float *b, int n);

__attribute__((noipa)) float dot(const float *a, const float *b, int n)
{
    float s = 0;
    for (int i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}
