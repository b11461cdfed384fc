/* SPDX-License-Identifier: Apache-2.0
 * codes.c: all numbers of a small format, by their codes: those of OCP's 4 bits, and how many NaN those of 8 have.
 *   cc codes.c $(pkg-config --cflags --libs vprec) && ./a.out
 * prints:
 * e2m1fn: 0 0.5 1 1.5 2 3 4 6
 * e4m3fn: 2 of 256 codes are NaN, the largest number is 448
 * e4m3fnuz: 1 of 256 codes are NaN, the largest number is 240 */
#include <math.h>
#include <stdio.h>
#include <vprec.h>

int main(void)
{
    static const char *const names[] = {"float8_e4m3fn", "float8_e4m3fnuz"}; /* as torch has them */
    vprec_format format;
    char message[160], name[64];
    if (vprec_format_parse("fp4", VPREC_F32, &format, message, sizeof message) != VPREC_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    vprec_format_print(&format, name, sizeof name);
    printf("%s:", name);
    for (unsigned code = 0; code < 8; code++)
        printf(" %g", vprec_decode(code, &format));
    printf("\n");
    for (int i = 0; i < 2; i++) {
        if (vprec_format_parse(names[i], VPREC_F32, &format, message, sizeof message) != VPREC_OK) {
            fprintf(stderr, "%s\n", message);
            return 1;
        }
        int nans = 0;
        for (unsigned code = 0; code < 256; code++)
            nans += !!isnan(vprec_decode(code, &format));
        vprec_format_print(&format, name, sizeof name);
        printf("%s: %d of 256 codes are NaN, the largest number is %g\n", name, nans, format.max);
    }
    return 0;
}
