/* SPDX-License-Identifier: Apache-2.0
 * cramer.c: .2161x + .1441y = .1440, 1.2969x + .8648y = .8642 by Cramer's rule; the solution is (2, -2), the condition
 * number 3e8. Knows nothing of vprec. */
#include <stdio.h>

int main(void)
{
    volatile double a = .2161, b = .1441, e = .1440, c = 1.2969, d = .8648, f = .8642; /* not solved by the compiler */
    double determinant = a * d - b * c;
    printf("x = %.17g\n", (e * d - b * f) / determinant);
    printf("y = %.17g\n", (a * f - e * c) / determinant);
    return 0;
}
