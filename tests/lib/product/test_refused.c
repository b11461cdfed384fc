/* SPDX-License-Identifier: Apache-2.0
 * test_refused.c: bad input to the sums of products, one argument at a time: the
 * status, and that nothing was written. And the edges that are allowed. */
#include "reference.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <xmmintrin.h>

enum { M = 3, N = 4, K = 5 };

/* A call that is right; each test breaks one thing. */
typedef struct call {
    size_t m, n, k;
    float *a, *b, *c;
    vprec_strides as, bs, cs;
    bool add;
    vprec_rounding sum, product, input;
    vprec_accumulation how;
    const vprec_accumulation *use;
} call;

static float memory[200];
static const float *const a0 = memory, *const b0 = memory + 50, *const c0 = memory + 100;

static vprec_rounding rounding(const char *text)
{
    vprec_rounding to = {.mode = VPREC_RNE};
    cr_assert_eq(vprec_format_parse(text, VPREC_F32, &to.format, NULL, 0), VPREC_OK);
    return to;
}

static void right(call *c)
{
    for (int i = 0; i < 200; i++)
        memory[i] = i / 8.0f;
    *c = (call){.m = M, .n = N, .k = K, .a = memory, .b = memory + 50, .c = memory + 100, .as = {K, 1}, .bs = {N, 1},
                .cs = {N, 1}, .sum = rounding("bf16"), .product = rounding("bf16"), .input = rounding("e4m3fn")};
    c->how = (vprec_accumulation){.input = &c->input, .product = &c->product, .sum = &c->sum, .block = 1, .threads = 1};
    c->use = &c->how;
}

static vprec_status gemm(const call *c)
{
    return vprec_gemm_f32(c->m, c->n, c->k, c->a, c->as, c->b, c->bs, c->c, c->cs, c->add, c->use);
}

#define REFUSED(want, breakage)                                                                                        \
    do {                                                                                                               \
        call c;                                                                                                        \
        right(&c);                                                                                                     \
        breakage;                                                                                                      \
        float before[200];                                                                                             \
        memcpy(before, memory, sizeof memory);                                                                         \
        vprec_status got = gemm(&c);                                                                                   \
        cr_expect_eq(got, want, "%s: status %d", #breakage, got);                                                      \
        cr_expect(!memcmp(before, memory, sizeof memory), "%s: something was written", #breakage);                     \
    } while (0)

Test(refused, gemm)
{
    call c;
    right(&c);
    cr_assert_eq(gemm(&c), VPREC_OK);
    REFUSED(VPREC_EINVAL, c.a = NULL);
    REFUSED(VPREC_EINVAL, c.b = NULL);
    REFUSED(VPREC_EINVAL, c.c = NULL);
    REFUSED(VPREC_EINVAL, c.a = (float *)((char *)memory + 1));
    REFUSED(VPREC_EINVAL, c.b = (float *)((char *)memory + 202));
    REFUSED(VPREC_EINVAL, c.c = (float *)((char *)memory + 403));
    REFUSED(VPREC_EINVAL, c.c = c.a);
    REFUSED(VPREC_EINVAL, c.c = c.b);
    REFUSED(VPREC_EINVAL, c.c = c.a + M * K - 1);
    REFUSED(VPREC_EINVAL, c.c = c.b - M * N + 1);
    REFUSED(VPREC_EINVAL, c.cs = ((vprec_strides){N - 1, 1}));
    REFUSED(VPREC_EINVAL, c.cs = ((vprec_strides){0, 1}));
    REFUSED(VPREC_EINVAL, c.cs = ((vprec_strides){N, 0}));
    REFUSED(VPREC_EINVAL, c.cs = ((vprec_strides){1, M - 1}));
    REFUSED(VPREC_EINVAL, c.use = NULL);
    REFUSED(VPREC_EINVAL, c.how.sum = NULL);
    REFUSED(VPREC_EINVAL, c.how.order = VPREC_ORDERS);
    REFUSED(VPREC_EINVAL, c.how.order = (vprec_order)-1);
    REFUSED(VPREC_EINVAL, (c.how.order = VPREC_BLOCKED, c.how.block = 0));
    REFUSED(VPREC_EINVAL, (c.how.order = VPREC_PAIRWISE, c.how.block = 0));
    REFUSED(VPREC_EINVAL, c.sum.mode = VPREC_MODES);
    REFUSED(VPREC_EINVAL, c.product.mode = (vprec_mode)99);
    REFUSED(VPREC_EINVAL, c.sum.mode = VPREC_SR);
    REFUSED(VPREC_EINVAL, (c.sum.mode = VPREC_SR, c.sum.random.bits = 8));
    REFUSED(VPREC_EINVAL, (c.product.mode = VPREC_SR, c.product.random.words = reference_words));
    REFUSED(VPREC_EINVAL,
            (c.input.mode = VPREC_SR, c.input.random.words = reference_words, c.input.random.bits = 65));
    REFUSED(VPREC_ERANGE, c.sum.format.fbits = 0);
    REFUSED(VPREC_EINVAL, c.product.format.max = 1);
    REFUSED(VPREC_ERANGE, memset(&c.input.format, 0, sizeof c.input.format));
    /* sizes that overflow: of the matrices, of their strides, of an address, of random indices */
    REFUSED(VPREC_EINVAL, c.m = SIZE_MAX);
    REFUSED(VPREC_EINVAL, c.k = SIZE_MAX);
    REFUSED(VPREC_EINVAL, (c.m = SIZE_MAX / 4, c.as.row = 0));
    REFUSED(VPREC_EINVAL, c.as.row = SIZE_MAX / 2);
    REFUSED(VPREC_EINVAL, c.bs.column = SIZE_MAX / 4);
    REFUSED(VPREC_EINVAL, (c.as = c.bs = (vprec_strides){0, 0}, c.k = SIZE_MAX));
    vprec_format wide;
    cr_assert_eq(vprec_format_parse("e11m52", VPREC_F64, &wide, NULL, 0), VPREC_OK);
    REFUSED(VPREC_ERANGE, c.sum.format = wide);
    REFUSED(VPREC_ERANGE, c.product.format = wide);
    REFUSED(VPREC_ERANGE, c.input.format = wide);
}

Test(refused, nothing_to_do)
{
    /* no outputs: no pointer is looked at, but the method is */
    REFUSED(VPREC_OK, (c.m = 0, c.a = c.b = c.c = NULL));
    REFUSED(VPREC_OK, (c.n = 0, c.a = c.b = c.c = NULL));
    REFUSED(VPREC_EINVAL, (c.n = 0, c.how.sum = NULL));
    /* no terms: A and B are not looked at */
    REFUSED(VPREC_OK, (c.k = 0, c.add = true, c.a = c.b = NULL));
    REFUSED(VPREC_EINVAL, (c.k = 0, c.c = NULL));
    call c;
    right(&c);
    c.k = 0, c.a = c.b = NULL;
    cr_assert_eq(gemm(&c), VPREC_OK);
    for (int i = 0; i < M * N; i++)
        cr_assert(c.c[i] == 0 && !signbit(c.c[i]));
    cr_assert_eq(c.c[M * N], (100 + M * N) / 8.0f);
}

Test(refused, allowed)
{
    call c;
    right(&c); /* blocks longer than the sum; A its own transpose's; the same array twice; elements used twice */
    c.how.order = VPREC_PAIRWISE, c.how.block = SIZE_MAX;
    c.b = c.a;
    cr_assert_eq(gemm(&c), VPREC_OK);
    right(&c);
    c.as = c.bs = (vprec_strides){0, 0};
    cr_assert_eq(gemm(&c), VPREC_OK);
    for (int i = 1; i < M * N; i++)
        cr_assert_eq(c.c[i], c.c[0]);
    right(&c);
    c.how.threads = 100000;
    cr_assert_eq(gemm(&c), VPREC_OK);
}

Test(refused, dot)
{
    call c;
    right(&c);
    float *out = memory + 150;
    cr_expect_eq(vprec_dot_f32(out, a0, b0, 9, false, &c.how), VPREC_OK);
    cr_expect_eq(vprec_dot_f32(NULL, a0, b0, 9, false, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(out, NULL, b0, 9, false, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(out, a0, NULL, 9, false, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(out, a0, b0, 9, false, NULL), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(out, a0, b0, SIZE_MAX, false, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(memory + 8, a0, b0, 9, false, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(memory + 50, a0, b0, 9, false, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_dot_f32(out, (const float *)((const char *)a0 + 2), b0, 9, false, &c.how), VPREC_EINVAL);
    *out = 3;
    cr_expect_eq(vprec_dot_f32(out, NULL, NULL, 0, true, &c.how), VPREC_OK);
    cr_expect_eq(*out, 3);
    cr_expect_eq(vprec_dot_f32(out, NULL, NULL, 0, false, &c.how), VPREC_OK);
    cr_expect_eq(*out, 0);
}

static const vprec_conv plain = {.batch = 1, .channels = 2, .filters = 2, .groups = 1, .size = {4, 4}, .kernel = {3, 3},
                                 .stride = {1, 1}, .pad = {0, 0}, .dilation = {1, 1}};

#define SHAPE(want, breakage)                                                                                          \
    do {                                                                                                               \
        vprec_conv s = plain;                                                                                          \
        size_t size[2] = {77, 77};                                                                                     \
        breakage;                                                                                                      \
        cr_expect_eq(vprec_conv_output(&s, size), want, "%s", #breakage);                                              \
        cr_expect(want != VPREC_OK ? size[0] == 77 && size[1] == 77 : size[0] != 77, "%s", #breakage);                 \
        float before[200];                                                                                             \
        memcpy(before, memory, sizeof memory);                                                                         \
        cr_expect_eq(vprec_conv_f32(memory + 150, a0, b0, NULL, &s, &c.how), want, "%s", #breakage);                   \
        cr_expect(!memcmp(before, memory, sizeof memory), "%s: something was written", #breakage);                     \
    } while (0)

Test(refused, convolutions)
{
    call c;
    right(&c);
    for (int i = 0; i < 2; i++) {
        SHAPE(VPREC_EINVAL, s.size[i] = 0);
        SHAPE(VPREC_EINVAL, s.kernel[i] = 0);
        SHAPE(VPREC_EINVAL, s.stride[i] = 0);
        SHAPE(VPREC_EINVAL, s.dilation[i] = 0);
        SHAPE(VPREC_EINVAL, s.pad[i] = SIZE_MAX / 2 + 1);
        SHAPE(VPREC_EINVAL, s.pad[i] = SIZE_MAX);
        SHAPE(VPREC_EINVAL, s.dilation[i] = SIZE_MAX);
        SHAPE(VPREC_OK, s.kernel[i] = 5); /* larger than the input: no output */
        SHAPE(VPREC_OK, s.dilation[i] = 2);
    }
    SHAPE(VPREC_EINVAL, s.batch = 0);
    SHAPE(VPREC_EINVAL, s.channels = 0);
    SHAPE(VPREC_EINVAL, s.filters = 0);
    SHAPE(VPREC_EINVAL, s.groups = 0);
    SHAPE(VPREC_EINVAL, s.groups = 3);
    SHAPE(VPREC_EINVAL, (s.groups = 2, s.filters = 3));
    size_t size[2];
    cr_expect_eq(vprec_conv_output(NULL, size), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_output(&plain, NULL), VPREC_EINVAL);

    float *out = memory + 150;
    const vprec_conv huge = {.batch = SIZE_MAX, .channels = 2, .filters = 2, .groups = 1, .size = {4, 4},
                             .kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
    cr_expect_eq(vprec_conv_f32(out, a0, b0, NULL, &plain, &c.how), VPREC_OK);
    cr_expect_eq(vprec_conv_f32(NULL, a0, b0, NULL, &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, NULL, b0, NULL, &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, a0, NULL, NULL, &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, a0, b0, NULL, NULL, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, a0, b0, NULL, &plain, NULL), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, a0, b0, NULL, &huge, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, a0, b0, out, &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(memory, a0, b0, NULL, &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(memory + 50, a0, b0, NULL, &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32(out, a0, b0, (const float *)((const char *)c0 + 1), &plain, &c.how), VPREC_EINVAL);
    cr_expect_eq(vprec_conv_f32((float *)((char *)out + 2), a0, b0, NULL, &plain, &c.how), VPREC_EINVAL);
}

/* Whatever direction, flushing or flags the caller has: the same bits, and MXCSR comes back whole. */
Test(refused, mxcsr_does_not_matter)
{
    static const char *const formats[] = {"bf16", "e8m22", "fp16", "e4m3fn", "e4m3fn:sat", "fp32", "fp16:nosub",
                                          "e4m3fnuz", "e5m21", "e5m22", "e5m23"};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        for (int split = 0; split < 2; split++) {
            call c;
            right(&c);
            for (int i = 0; i < 200; i++)
                memory[i] = (i % 7 - 3) * (i % 3 ? 0.3f : 1e-5f);
            c.sum = rounding(formats[f]);
            c.how.product = split ? &c.sum : NULL;
            c.how.input = NULL;
            cr_assert_eq(gemm(&c), VPREC_OK);
            float want[M * N];
            memcpy(want, c.c, sizeof want);
            for (unsigned control = 0; control < 64; control++) {
                unsigned csr = 0x1f80 | (control & 3) << 13 | (control >> 2 & 1) << 15 | (control >> 3 & 1) << 6 |
                               (control >> 4 & 3) * 0x11;
                unsigned before = _mm_getcsr();
                _mm_setcsr(csr);
                vprec_status status = gemm(&c);
                unsigned after = _mm_getcsr();
                _mm_setcsr(before);
                cr_assert_eq(status, VPREC_OK);
                cr_assert_eq(after, csr, "%s: %x, not %x", formats[f], after, csr);
                cr_assert(!memcmp(want, c.c, sizeof want), "%s, MXCSR %x", formats[f], csr);
            }
        }
    }
}
