/* SPDX-License-Identifier: Apache-2.0
 * example.c: what somebody's first program with the installed library looks like,
 * in the common part of C and C++: formats, scalars, arrays, codes. */
#include <stdio.h>
#include <vprec.h>

int main(void)
{
    static vprec_rounding to; /* zero */
    float x[3] = {0.1f, 1e6f, -3.3f};
    uint8_t codes[3];
    char message[160];
    to.mode = VPREC_RNE;
    if (vprec_format_parse("e4m3fn:sat", VPREC_F32, &to.format, message, sizeof message) != VPREC_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    if (vprec_encode_f32_u8(codes, x, 3, &to) != VPREC_OK || vprec_add_f32(x, x, x, 3, &to) != VPREC_OK)
        return 1;
    printf("%02x %02x %02x  %g %g %g  %g\n", codes[0], codes[1], codes[2], x[0], x[1], x[2],
           vprec_sqrt(2, &to.format, VPREC_RU));
    return 0;
}
