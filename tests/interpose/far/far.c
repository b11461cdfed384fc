/* SPDX-License-Identifier: Apache-2.0
 * far.c: takes all free memory within 3 GiB of its code, as a process with large reservations may, and calls many
 * functions then: at some time there is no room for clones any more. Prints the bits of each one's result. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define F1(n)                                                                                                          \
    __attribute__((noipa)) static float far_##n(float x, float y)                                                     \
    {                                                                                                                  \
        float a = x * y + x;                                                                                           \
        for (int i = 0; i < 2; i++) {                                                                                  \
            a = (a + y) * x - (a - x) * (y + a);                                                                       \
            a = (a * y - x) / (a * a + 1.5f) + x * (a - y);                                                            \
            a = (a - y * x) * (a + x) + (a * x - y) / (x + 2.5f);                                                      \
        }                                                                                                              \
        return a / 3;                                                                                                  \
    }
#define F8(n) F1(n##0) F1(n##1) F1(n##2) F1(n##3) F1(n##4) F1(n##5) F1(n##6) F1(n##7)
#define F64(n) F8(n##0) F8(n##1) F8(n##2) F8(n##3) F8(n##4) F8(n##5) F8(n##6) F8(n##7)
#define F512(n) F64(n##0) F64(n##1) F64(n##2) F64(n##3) F64(n##4) F64(n##5) F64(n##6) F64(n##7)
#define N1(n) far_##n,
#define N8(n) N1(n##0) N1(n##1) N1(n##2) N1(n##3) N1(n##4) N1(n##5) N1(n##6) N1(n##7)
#define N64(n) N8(n##0) N8(n##1) N8(n##2) N8(n##3) N8(n##4) N8(n##5) N8(n##6) N8(n##7)
#define N512(n) N64(n##0) N64(n##1) N64(n##2) N64(n##3) N64(n##4) N64(n##5) N64(n##6) N64(n##7)

F512(a) F512(b) F512(c) F512(d)
static float (*const functions[])(float, float) = {N512(a) N512(b) N512(c) N512(d)};

int main(void)
{
    const uint64_t here = (uint64_t)(uintptr_t)main & ~UINT64_C(4095), reach = UINT64_C(3) << 30;
    for (uint64_t size = UINT64_C(1) << 30; size >= 4096; size >>= 1)
        for (uint64_t at = (here - reach) & ~(size - 1); at < here + reach; at += size)
            mmap((void *)at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        float r = functions[i](1.1f + (float)i / 4096, 0.7f);
        uint32_t bits;
        memcpy(&bits, &r, sizeof bits);
        printf("%08x\n", bits);
    }
    return 0;
}
