/* SPDX-License-Identifier: Apache-2.0
 * children_sum.c: a library that adds, to be opened late. */
float vprec_test_sum(int n);

float vprec_test_sum(int n)
{
    volatile float s = 0;
    for (int i = 0; i < n; i++)
        s += 0.1f;
    return s;
}
