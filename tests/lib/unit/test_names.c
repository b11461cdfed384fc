/* SPDX-License-Identifier: Apache-2.0
 * test_names.c: the formats' names in other tools: that each is accepted however it is written, means what its
 * maker publishes, and that what is no format is refused with the reason. */
#include "support.h"
#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What ml_dtypes.finfo of version 0.6.0 prints, and numpy.finfo of its own: exponent and fraction bits, largest
 * finite, smallest normal and subnormal; whether infinities and NaN come back from the type. */
static const struct {
    const char *names;
    int ebits, fbits;
    double max, min_normal, min_subnormal;
    bool inf, nan;
} published[] = {
    {"bfloat16 ml_dtypes.bfloat16 jnp.bfloat16 torch.bfloat16 BFLOAT16 BF16 bf16 __nv_bfloat16 "
     "hip_bfloat16 CUDA_R_16BF tensorflow.bfloat16",
     8, 7, 0x1.fep127, 0x1p-126, 0x1p-133, true, true},
    {"float16 half np.float16 np.half torch.float16 torch.half FLOAT16 F16 f16 _Float16 fp16 tl.float16 tf.half __half "
     "__fp16 CUDA_R_16F tensorflow.float16",
     5, 10, 65504, 0x1p-14, 0x1p-24, true, true},
    {"float32 float single np.float32 np.single torch.float torch.float32 FLOAT TensorProto.FLOAT f32 FP32 binary32 "
     "CUDA_R_32F",
     8, 23, 0x1.fffffep127, 0x1p-126, 0x1p-149, true, true},
    {"float64 double np.float64 np.double torch.double DOUBLE onnx.TensorProto.DOUBLE f64 FP64 np.float_ np.float "
     "CUDA_R_64F",
     11, 52, 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-1074, true, true},
    {"float8_e3m4 ml_dtypes.float8_e3m4 f8E3M4 fp8_e3m4 e3m4", 3, 4, 15.5, 0x1p-2, 0x1p-6, true, true},
    {"float8_e4m3 ml_dtypes.float8_e4m3 f8E4M3 fp8_e4m3 fp8e4m3 E4M3", 4, 3, 240, 0x1p-6, 0x1p-9, true, true},
    {"float8_e4m3b11fnuz ml_dtypes.float8_e4m3b11fnuz f8E4M3B11FNUZ fp8_e4m3b11fnuz float8_e4m3b11", 4, 3, 30, 0x1p-10,
     0x1p-13, false, true},
    {"float8_e4m3fn ml_dtypes.float8_e4m3fn torch.float8_e4m3fn jnp.float8_e4m3fn FLOAT8E4M3FN "
     "TensorProto.FLOAT8E4M3FN "
     "f8E4M3FN f8e4m3fn fp8_e4m3fn fp8e4m3fn fp8-e4m3fn E4M3FN fp8e4nv tl.float8e4nv __nv_fp8_e4m3 CUDA_R_8F_E4M3",
     4, 3, 448, 0x1p-6, 0x1p-9, false, true},
    {"float8_e4m3fnuz ml_dtypes.float8_e4m3fnuz torch.float8_e4m3fnuz FLOAT8E4M3FNUZ f8E4M3FNUZ fp8e4b8", 4, 3, 240,
     0x1p-7, 0x1p-10, false, true},
    {"float8_e5m2 ml_dtypes.float8_e5m2 torch.float8_e5m2 FLOAT8E5M2 f8E5M2 fp8e5m2 fp8_e5m2 E5M2 fp8e5 tl.float8e5 "
     "CUDA_R_8F_E5M2",
     5, 2, 57344, 0x1p-14, 0x1p-16, true, true},
    {"float8_e5m2fnuz ml_dtypes.float8_e5m2fnuz torch.float8_e5m2fnuz FLOAT8E5M2FNUZ f8E5M2FNUZ fp8e5b16", 5, 2, 57344,
     0x1p-15, 0x1p-17, false, true},
    {"float6_e2m3fn ml_dtypes.float6_e2m3fn f6E2M3FN fp6_e2m3 fp6e2m3fn e2m3fn", 2, 3, 7.5, 0x1p0, 0x1p-3, false,
     false},
    {"float6_e3m2fn ml_dtypes.float6_e3m2fn f6E3M2FN fp6_e3m2 fp6e3m2fn E3M2FN", 3, 2, 28, 0x1p-2, 0x1p-4, false,
     false},
    {"float4_e2m1fn ml_dtypes.float4_e2m1fn f4E2M1FN FLOAT4E2M1 torch.float4_e2m1fn_x2 fp4 fp4_e2m1 E2M1FN", 2, 1, 6,
     0x1p0, 0x1p-1, false, false},
    /* NVIDIA's, by its white paper on the A100: the range of binary32, the precision of binary16 */
    {"tf32 TF32 tensorfloat32 TensorFloat-32", 8, 10, 0x1.ffcp127, 0x1p-126, 0x1p-136, true, true},
};
enum { PUBLISHED = sizeof published / sizeof *published };

/* Calls `check` for each word of the list. */
static unsigned each(const char *list, void (*check)(const char *name, size_t row), size_t row)
{
    char words[512], *rest = words;
    unsigned count = 0;
    snprintf(words, sizeof words, "%s", list);
    for (char *word; (word = strsep(&rest, " ")); count++)
        check(word, row);
    return count;
}

static void check_published(const char *name, size_t row)
{
    vprec_format f;
    char message[160] = "";
    vprec_status status = vprec_format_parse(name, VPREC_F64, &f, message, sizeof message);
    cr_expect(status == VPREC_OK, "%s", message);
    if (status)
        return;
    cr_expect(f.ebits == published[row].ebits && f.fbits == published[row].fbits, "%s: e%um%u", name, f.ebits, f.fbits);
    cr_expect(f.max == published[row].max, "%s: largest %a", name, f.max);
    cr_expect(f.min_normal == published[row].min_normal, "%s: smallest normal %a", name, f.min_normal);
    cr_expect(f.min_subnormal == published[row].min_subnormal, "%s: smallest subnormal %a", name, f.min_subnormal);
    /* Not what flags say, but what rounding gives. */
    cr_expect_eq(!!isinf(vprec_round(INFINITY, &f, VPREC_RNE)), published[row].inf, "%s: infinity", name);
    cr_expect_eq(!!isnan(vprec_round(NAN, &f, VPREC_RNE)), published[row].nan, "%s: NaN", name);
}

Test(names, mean_what_is_published)
{
    unsigned count = 0;
    for (size_t i = 0; i < PUBLISHED; i++)
        count += each(published[i].names, check_published, i);
    cr_assert_gt(count, 100);
}

/* Every other name of every preset, in lower case, in capitals, without '_', with suffixes: the preset. */
Test(names, however_written)
{
    unsigned count = 0;
    const char *name, *also;
    for (size_t i = 0; (name = vprec_format_preset(i, NULL)); i++) {
        char words[256], *rest = words;
        also = vprec_format_aliases(i);
        cr_assert(also && strlen(also) < sizeof words);
        snprintf(words, sizeof words, "%s", also);
        for (char *word; *also && (word = strsep(&rest, " ")); count++) {
            char capitals[64], bare[64], longer[80], *end = bare;
            for (size_t k = 0; k <= strlen(word); k++) {
                capitals[k] = (char)toupper((unsigned char)word[k]);
                if (word[k] != '_')
                    *end++ = word[k];
            }
            snprintf(longer, sizeof longer, "%s:NOSUB", capitals);
            const char *forms[] = {word, capitals, bare, longer};
            for (int k = 0; k < 4; k++) {
                vprec_format format;
                char message[160] = "", printed[64], want[64];
                vprec_status status = vprec_format_parse(forms[k], VPREC_F64, &format, message, sizeof message);
                cr_expect(status == VPREC_OK, "%s", message);
                if (status)
                    continue;
                vprec_format_print(&format, printed, sizeof printed);
                snprintf(want, sizeof want, "%s%s", name, k == 3 ? ":nosub" : "");
                cr_expect_str_eq(printed, want, "%s is %s, not %s", forms[k], printed, want);
            }
        }
    }
    cr_assert_gt(count, 50);
    cr_assert_null(vprec_format_aliases(1000));
}

/* A name stands for one: else the order in the table would decide. */
Test(names, are_unique)
{
    static char seen[200][64];
    static size_t row[200];
    size_t count = 0;
    const char *name;
    for (size_t i = 0; (name = vprec_format_preset(i, NULL)); i++) {
        char words[256], *rest = words;
        snprintf(words, sizeof words, "%s %s", name, vprec_format_aliases(i));
        for (char *word; (word = strsep(&rest, " "));) {
            char bare[64], *end = bare;
            if (!*word)
                continue;
            for (; *word; word++)
                if (*word != '_')
                    *end++ = *word;
            *end = 0;
            for (size_t k = 0; k < count; k++)
                cr_expect(row[k] == i || strcmp(seen[k], bare) != 0, "%s stands for two", bare);
            cr_assert_lt(count, 200);
            row[count] = i;
            memcpy(seen[count++], bare, sizeof bare);
        }
    }
}

/* Name and what the message must hold. */
static const char *const refused[][2] = {
    {"fp8", "e4m3fn (largest 448), e5m2 (57344), e4m3 (240)"},
    {"FLOAT8", "e4m3fn"},
    {"f8", "fp64"},
    {"fp6", "e3m2fn (largest 28) and e2m3fn (7.5)"},
    {"float8_e8m0fnu", "without sign, zero or fraction"},
    {"torch.float8_e8m0fnu", "without sign, zero or fraction"},
    {"FLOAT8E8M0", "without sign, zero or fraction"},
    {"e8m0", "without sign, zero or fraction"},
    {"mxfp4", "e2m1fn"},
    {"nvfp4", "share scales"},
    {"int8", "integer"},
    {"torch.uint8", "integer"},
    {"np.longdouble", "binary64"},
    {"float128", "binary64"},
    {"complex64", "fp32"},
    {"fp8:sat", "e4m3fn"},
};

Test(names, what_is_no_format_is_refused_with_the_reason)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        vprec_format format;
        char message[160] = "";
        vprec_status status = vprec_format_parse(refused[i][0], VPREC_F64, &format, message, sizeof message);
        cr_expect(status == VPREC_EFORMAT, "%s: status %d", refused[i][0], status);
        cr_expect(strstr(message, refused[i][1]), "%s: no `%s`", message, refused[i][1]);
        cr_expect(strlen(message) < 159, "%s: cut", message);
    }
}

static const char *const misspelled[][2] = {
    {"bfloat61", "bfloat16"},
    {"blfoat16", "bfloat16"},
    {"bflot16", "bfloat16"},
    {"hlaf", "half"},
    {"torch.flaot32", "float32"},
    {"e4m3nf", "e4m3fn"},
    {"tf23", "tf32"},
    {"doubel", "double"},
    {"FLOAT8E4M3FNZ", "float8_e4m3fn"},
    {"bloat16", "bfloat16"},
    {"halff", "half"},
    {"float8_e5m2fnu", "float8_e5m2fn"},
};

Test(names, the_nearest_is_suggested)
{
    for (size_t i = 0; i < sizeof misspelled / sizeof *misspelled; i++) {
        vprec_format format;
        char message[160] = "", want[64];
        snprintf(want, sizeof want, "did you mean `%s", misspelled[i][1]);
        cr_expect(vprec_format_parse(misspelled[i][0], VPREC_F64, &format, message, sizeof message) == VPREC_EFORMAT);
        cr_expect(strstr(message, want), "%s", message);
    }
    static const char *const far[] = {"gcc", "resnet50", "x", "banana", "5m10"};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        vprec_format format;
        char message[160] = "";
        vprec_format_parse(far[i], VPREC_F64, &format, message, sizeof message);
        cr_expect(!strstr(message, "did you mean") && strstr(message, "--formats"), "%s", message);
    }
}

/* Where OCP's name without "fn" is an IEEE-like format with another largest number, a line says so. */
Test(names, a_bare_name_that_means_another_is_remarked)
{
    static const char *const said[][2] = {{"e4m3", "448"},    {"E4M3", "240"}, {"float8_e4m3", "e4m3fn"},
                                          {"e3m2", "28"},     {"e2m3", "7.5"}, {"e2m1", "e2m1fn, largest 6"},
                                          {"e4m3:sat", "448"}};
    static const char *const silent[] = {"e4m3fn", "e4m3:noinf", "e4m3fnuz", "e4m3:bias=8", "e5m2", "fp16",
                                         "e3m2fn", "e2m1fn",     "e3m4",     "e5m3",        "fp64"};
    vprec_format format;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        cr_assert(vprec_format_parse(said[i][0], VPREC_F32, &format, NULL, 0) == VPREC_OK);
        const char *remark = vprec_format_remark(&format);
        cr_expect(remark && strstr(remark, said[i][1]), "%s: %s", said[i][0], remark ? remark : "nothing");
    }
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        cr_assert(vprec_format_parse(silent[i], VPREC_F64, &format, NULL, 0) == VPREC_OK, "%s", silent[i]);
        cr_expect_null(vprec_format_remark(&format), "%s", silent[i]);
    }
}
