/* SPDX-License-Identifier: Apache-2.0
 * elementary.c: functions by the names of Sleef, MKL's and AMD's vector mathematics, of Intel's libimf, and of
 * nobody's, whose insides rely on their precision: each is 3 * x, whose steps would lose all of it if they were
 * rounded. Prints caller, name and bits of the results. */
#include "show.h"
#include <immintrin.h>
#include <math.h>

#define NOIPA __attribute__((noipa))
#define TARGET __attribute__((target("avx2"), noipa))

typedef float f32x4 __attribute__((vector_size(16)));
typedef float f32x8 __attribute__((vector_size(32)));
typedef double f64x2 __attribute__((vector_size(16)));
typedef double f64x4 __attribute__((vector_size(32)));
typedef struct pair_f32x8 {
    f32x8 x, y;
} pair_f32x8;
typedef struct pair_f64x2 {
    f64x2 x, y;
} pair_f64x2;
typedef struct pair_f32 {
    float x, y;
} pair_f32;
typedef struct pair_f64 {
    double x, y;
} pair_f64;

/* 3 * x by way of a number so much larger that of 20 fraction bits none would be left. */
#define THREE(x, far)                                                                                                 \
    ({                                                                                                                \
        __typeof__((x) + (far)) beyond_ = (x) + (far);                                                                \
        __asm__("" : "+x"(beyond_));                                                                                  \
        (beyond_ - (far)) * 3;                                                                                        \
    })
#define FAR32 0x1p12f
#define FAR64 0x1p30
#define TWICE(x, far) (THREE(x, far) - (x))

#define UNARY(name, V, far)                                                                                           \
    TARGET V name(V x)                                                                                                \
    {                                                                                                                 \
        return THREE(x, far);                                                                                         \
    }
UNARY(Sleef_sinf8_u10avx2, f32x8, FAR32)
UNARY(Sleef_finz_expd4_u10avx2, f64x4, FAR64)
UNARY(Sleef_log10f4_u10, f32x4, FAR32)
UNARY(Sleef_exp2d2_u10, f64x2, FAR64)
UNARY(Sleef_expf1_u10, float, FAR32)
UNARY(Sleef_tanhf_u10, float, FAR32)
UNARY(Sleef_exp2_u10, double, FAR64)
UNARY(Sleef_floorf8_avx2, f32x8, FAR32) /* exact */
UNARY(amd_vrs8_expf, f32x8, FAR32)
UNARY(amd_vrd2_log10, f64x2, FAR64)
UNARY(_ZGVdN8v_expf, f32x8, FAR32)
UNARY(_ZGVbM4v_Sleef_sinf_u10, f32x4, FAR32)


/* As Sleef chooses the version for a processor. */
extern f32x8 Sleef_sinf8_u10(f32x8 x);
__attribute__((used)) static f32x8 (*chosen_sinf8)(f32x8) = Sleef_sinf8_u10avx2;
__asm__(".globl Sleef_sinf8_u10\n.type Sleef_sinf8_u10, @function\n"
        "Sleef_sinf8_u10:\n\tjmp *chosen_sinf8(%rip)\n.size Sleef_sinf8_u10, . - Sleef_sinf8_u10\n");

#define BOTH(name, V, P, far)                                                                                         \
    TARGET P name(V x)                                                                                                \
    {                                                                                                                 \
        return (P){THREE(x, far), TWICE(x, far)};                                                                     \
    }
BOTH(Sleef_sincosf8_u10avx2, f32x8, pair_f32x8, FAR32)
BOTH(Sleef_sincosd2_u10, f64x2, pair_f64x2, FAR64)
BOTH(Sleef_sincosf1_u10, float, pair_f32, FAR32)
BOTH(Sleef_sincospid1_u05, double, pair_f64, FAR64)

#define ARRAY(name, T, far)                                                                                           \
    NOIPA void name(int n, const T *in, T *out)                                                                       \
    {                                                                                                                 \
        for (int i = 0; i < n; i++)                                                                                   \
            out[i] = THREE(in[i], far);                                                                               \
    }
ARRAY(mkl_vml_kernel_sExp_L9HAynn, float, FAR32)
ARRAY(mkl_vml_kernel_dLn_L9HAynn, double, FAR64)
ARRAY(mkl_vml_kernel_sTrunc_L9HAynn, float, FAR32) /* exact */
ARRAY(amd_vrda_exp, double, FAR64)
ARRAY(my_array, float, FAR32)

NOIPA int mkl_vml_kernel_cExp_L9HAynn(int n, const float *in, float *out)
{
    for (int i = 0; i < 2 * n; i++)
        out[i] = THREE(in[i], FAR32);
    return n;
}

NOIPA void mkl_vml_kernel_sSinI_L9LAynn(int n, const float *in, int in_step, float *out, int out_step)
{
    for (int i = 0; i < n; i++)
        out[i * out_step] = THREE(in[i * in_step], FAR32);
}

NOIPA void mkl_vml_kernel_dSinCos_L9HAynn(int n, const double *in, double *sine, double *cosine)
{
    for (int i = 0; i < n; i++) {
        sine[i] = THREE(in[i], FAR64);
        cosine[i] = TWICE(in[i], FAR64);
    }
}

NOIPA void mkl_vml_kernel_sHypot_L9HAynn(int n, const float *a, const float *b, float *out)
{
    for (int i = 0; i < n; i++)
        out[i] = THREE(a[i], FAR32) + b[i] * 0;
}

/* Nobody's names: --elementary. */
NOIPA float my_exp(float x)
{
    return THREE(x, FAR32);
}
UNARY(_ZGVbN4v_my_exp, f32x4, FAR32)
NOIPA double my_double(double x)
{
    return THREE(x, FAR64);
}
float cpp_exp(float x) __asm__("_Z7cpp_expf");
NOIPA float cpp_exp(float x)
{
    return THREE(x, FAR32);
}
NOIPA static float helper(float x)
{
    return tanhf(x) * 64 + my_exp(x);
}
/* What it calls is a part of it, other such functions, too, and libm's. */
NOIPA float my_gelu(float x)
{
    return THREE(helper(x), 0x1p-3f);
}
NOIPA float my_tail(float x)
{
    return my_exp(x);
}
/* No arithmetic of its own. */
NOIPA void my_pointer(long n, void *unused, const float *in, float *out)
{
    (void)unused;
    for (long i = 0; i < n; i++)
        out[i] = my_exp(in[i]) + my_gelu(in[i]);
}

#define NUMBERS                                                                                                       \
    {0.1875, 1.0625, 2.3125, 7.6875,  9.9375,  33.3125, 77.6875, 99.0625,                                             \
     0.3125, 3.3125, 5.6875, 17.9375, 21.3125, 1.9375,  6.0625,  12.6875}
static const float in32[16] = NUMBERS;
static const double in64[16] = NUMBERS;
static float out32[16];
static double out64[16];

#define SHOW_ALL(who, name, lanes, n)                                                                                 \
    for (int i = 0; i < n; i++)                                                                                       \
        SHOW(#who " " #name, (lanes)[i]);
#define CALL_VECTOR(who, name, in, V, T)                                                                              \
    {                                                                                                                 \
        V x_;                                                                                                         \
        T lanes_[sizeof(V) / sizeof(T)];                                                                              \
        memcpy(&x_, in, sizeof x_);                                                                                   \
        V y_ = name(x_);                                                                                              \
        memcpy(lanes_, &y_, sizeof y_);                                                                               \
        SHOW_ALL(who, name, lanes_, (int)(sizeof(V) / sizeof(T)))                                                     \
    }
#define CALL_PAIR(who, name, in, V, P, T)                                                                             \
    {                                                                                                                 \
        V x_;                                                                                                         \
        T lanes_[sizeof(P) / sizeof(T)];                                                                              \
        memcpy(&x_, in, sizeof x_);                                                                                   \
        P y_ = name(x_);                                                                                              \
        memcpy(lanes_, &y_, sizeof y_);                                                                               \
        SHOW_ALL(who, name, lanes_, (int)(sizeof(P) / sizeof(T)))                                                     \
    }
#define CALL_SCALAR(who, name, in)                                                                                    \
    for (int i = 0; i < 16; i++) {                                                                                    \
        __typeof__(name(in[i])) y_ = name(in[i]);                                                                     \
        SHOW(#who " " #name, y_);                                                                                     \
    }
#define CALL_ARRAY(who, name, in, out)                                                                                \
    memset(out, 0, sizeof out);                                                                                       \
    name(15, in, out);                                                                                                \
    SHOW_ALL(who, name, out, 16)

#define CALLER(who)                                                                                                   \
    TARGET static void who(void)                                                                                      \
    {                                                                                                                 \
        CALL_VECTOR(who, Sleef_sinf8_u10, in32, f32x8, float)                                                         \
        CALL_VECTOR(who, Sleef_finz_expd4_u10avx2, in64, f64x4, double)                                               \
        CALL_VECTOR(who, Sleef_log10f4_u10, in32, f32x4, float)                                                       \
        CALL_VECTOR(who, Sleef_exp2d2_u10, in64, f64x2, double)                                                       \
        CALL_VECTOR(who, Sleef_floorf8_avx2, in32, f32x8, float)                                                      \
        CALL_VECTOR(who, amd_vrs8_expf, in32, f32x8, float)                                                           \
        CALL_VECTOR(who, amd_vrd2_log10, in64, f64x2, double)                                                         \
        CALL_VECTOR(who, _ZGVdN8v_expf, in32, f32x8, float)                                                           \
        CALL_VECTOR(who, _ZGVbM4v_Sleef_sinf_u10, in32, f32x4, float)                                                 \
        CALL_SCALAR(who, Sleef_expf1_u10, in32)                                                                       \
        CALL_SCALAR(who, Sleef_tanhf_u10, in32)                                                                       \
        CALL_SCALAR(who, Sleef_exp2_u10, in64)                                                                        \
        CALL_PAIR(who, Sleef_sincosf8_u10avx2, in32, f32x8, pair_f32x8, float)                                        \
        CALL_PAIR(who, Sleef_sincosd2_u10, in64, f64x2, pair_f64x2, double)                                           \
        CALL_PAIR(who, Sleef_sincosf1_u10, in32, float, pair_f32, float)                                              \
        CALL_PAIR(who, Sleef_sincospid1_u05, in64, double, pair_f64, double)                                          \
        CALL_ARRAY(who, mkl_vml_kernel_sExp_L9HAynn, in32, out32)                                                     \
        CALL_ARRAY(who, mkl_vml_kernel_dLn_L9HAynn, in64, out64)                                                      \
        CALL_ARRAY(who, mkl_vml_kernel_sTrunc_L9HAynn, in32, out32)                                                   \
        CALL_ARRAY(who, amd_vrda_exp, in64, out64)                                                                    \
        memset(out32, 0, sizeof out32);                                                                               \
        int n = mkl_vml_kernel_cExp_L9HAynn(7, in32, out32);                                                          \
        SHOW_ALL(who, mkl_vml_kernel_cExp_L9HAynn, out32, 2 * n)                                                      \
        memcpy(out32, in32, sizeof out32);                                                                            \
        mkl_vml_kernel_sSinI_L9LAynn(5, in32, 1, out32, 3);                                                           \
        SHOW_ALL(who, mkl_vml_kernel_sSinI_L9LAynn, out32, 16)                                                        \
        memset(out64, 0, sizeof out64);                                                                               \
        mkl_vml_kernel_dSinCos_L9HAynn(8, in64, out64, out64 + 8);                                                    \
        SHOW_ALL(who, mkl_vml_kernel_dSinCos_L9HAynn, out64, 16)                                                      \
        mkl_vml_kernel_sHypot_L9HAynn(16, in32, in32, out32);                                                         \
        SHOW_ALL(who, mkl_vml_kernel_sHypot_L9HAynn, out32, 16)                                                       \
        CALL_SCALAR(who, my_exp, in32)                                                                                \
        CALL_VECTOR(who, _ZGVbN4v_my_exp, in32, f32x4, float)                                                         \
        CALL_SCALAR(who, my_double, in64)                                                                             \
        CALL_SCALAR(who, cpp_exp, in32)                                                                               \
        CALL_SCALAR(who, my_gelu, in32)                                                                               \
        CALL_SCALAR(who, my_tail, in32)                                                                               \
        CALL_ARRAY(who, my_array, in32, out32)                                                                        \
        my_pointer(16, NULL, in32, out32);                                                                            \
        SHOW_ALL(who, my_pointer, out32, 16)                                                                          \
        CALL_SCALAR(who, exp2f, in32)                                                                                 \
        CALL_SCALAR(who, expf, in32)                                                                                  \
        CALL_SCALAR(who, log2, in64)                                                                                  \
        sincosf(in32[3], &out32[0], &out32[1]);                                                                       \
        SHOW_ALL(who, sincosf, out32, 2)                                                                              \
    }
CALLER(ff)
CALLER(gg)

/* Calls `function` with all vector registers and opmasks from `in`, stores them to `out`. */
void call_full(const void *in, void *out, void *function);
__asm__(".globl call_full\n.type call_full, @function\ncall_full:\n"
        "push %rbp\npush %rbx\nsub $8, %rsp\nmov %rsi, %rbx\nmov %rdx, %rax\n"
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, "
        "28, 29, 30, 31\nvmovups \\i*64(%rdi), %zmm\\i\n.endr\n"
        ".irp i, 1, 2, 3, 4, 5, 6, 7\nkmovw 2048+8*\\i(%rdi), %k\\i\n.endr\n"
        "call *%rax\n"
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, "
        "28, 29, 30, 31\nvmovups %zmm\\i, \\i*64(%rbx)\n.endr\n"
        ".irp i, 1, 2, 3, 4, 5, 6, 7\nkmovw %k\\i, 2048+8*\\i(%rbx)\n.endr\n"
        "vzeroupper\nadd $8, %rsp\npop %rbx\npop %rbp\nret\n.size call_full, . - call_full\n");

/* Prints which registers the function leaves as they are: vector register i is bit i, opmask i bit 32 + i. */
static void show_kept(const char *name, void *function)
{
    static uint64_t in[33][8], out[33][8];
    for (unsigned i = 0; i < 33 * 8; i++)
        in[i / 8][i % 8] = i < 256 ? 0x3F8000003F800000 + i * 0x1000000010000 : i;
    call_full(in, out, function);
    uint64_t kept = 0;
    for (unsigned i = 0; i < 32; i++)
        kept |= (uint64_t)!memcmp(in[i], out[i], sizeof in[i]) << i;
    for (unsigned i = 1; i < 8; i++)
        kept |= (uint64_t)((uint16_t)in[32][i] == (uint16_t)out[32][i]) << (32 + i);
    SHOW(name, kept);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (!__builtin_cpu_supports("avx2") || (argc > 1 && !__builtin_cpu_supports("avx512f")))
        return 77;
    if (argc > 1) {
#define KEPT(name) show_kept(#name, (void *)name);
        KEPT(Sleef_sinf8_u10)
        KEPT(Sleef_sinf8_u10avx2)
        KEPT(Sleef_finz_expd4_u10avx2)
        KEPT(Sleef_log10f4_u10)
        KEPT(Sleef_expf1_u10)
        KEPT(_ZGVdN8v_expf)
        KEPT(my_exp)
        KEPT(_ZGVbN4v_my_exp)
        KEPT(my_tail)
        KEPT(expf)
        return 0;
    }
    ff();
    gg();
    return 0;
}
