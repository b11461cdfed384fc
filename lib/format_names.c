/* SPDX-License-Identifier: Apache-2.0
 * format_names.c: owns the table of formats' names, the only place where one stands: those of C, CUDA, IEEE 754,
 * numpy, ml_dtypes, torch, JAX and XLA, ONNX, Triton. What eXmY and suffixes mean: format.c. */
#include "format_names.h"
#include <stdio.h>
#include <string.h>

static const vprec_preset presets[] = {
    /* numpy's float is Python's, a double */
    {"fp64", "e11m52", "float64 double f64 binary64 float64_t np.float numpy.float cuda_r_64f"},
    {"fp32", "e8m23", "float32 float single f32 binary32 float32_t cuda_r_32f"},
    {"fp16", "e5m10", "float16 half f16 binary16 float16_t __fp16 cuda_r_16f"},
    {"bf16", "e8m7", "bfloat16 bfloat __bf16 bfloat16_t nv_bfloat16 hip_bfloat16 cuda_r_16bf"},
    {"tf32", "e8m10", "tensorfloat32 tfloat32"},
    {"fp24", "e7m16", "float24"},
    {"pxr24", "e8m15", ""},
    {"e5m2", "e5m2", "float8_e5m2 fp8_e5m2 f8e5m2 fp8e5 float8e5 nv_fp8_e5m2 cuda_r_8f_e5m2"},
    {"e4m3", "e4m3", "float8_e4m3 fp8_e4m3 f8e4m3"},
    {"e3m4", "e3m4", "float8_e3m4 fp8_e3m4 f8e3m4"},
    {"e4m3fn", "e4m3:noinf", "float8_e4m3fn fp8_e4m3fn f8e4m3fn fp8e4nv float8e4nv nv_fp8_e4m3 cuda_r_8f_e4m3 hf8"},
    {"e5m2fnuz", "e5m2:noinf:nonegzero:bias=16", "float8_e5m2fnuz fp8_e5m2fnuz f8e5m2fnuz fp8e5b16 float8e5b16"},
    {"e4m3fnuz", "e4m3:noinf:nonegzero:bias=8", "float8_e4m3fnuz fp8_e4m3fnuz f8e4m3fnuz fp8e4b8 float8e4b8"},
    {"e4m3b11fnuz", "e4m3:noinf:nonegzero:bias=11",
     "float8_e4m3b11fnuz fp8_e4m3b11fnuz f8e4m3b11fnuz float8_e4m3b11 f8e4m3b11"},
    {"e3m2fn", "e3m2:sat:noinf:nonan", "float6_e3m2fn fp6_e3m2fn f6e3m2fn float6_e3m2 fp6_e3m2"},
    {"e2m3fn", "e2m3:sat:noinf:nonan", "float6_e2m3fn fp6_e2m3fn f6e2m3fn float6_e2m3 fp6_e2m3"},
    {"e2m1fn", "e2m1:sat:noinf:nonan",
     "float4_e2m1fn fp4_e2m1fn f4e2m1fn float4_e2m1 fp4_e2m1 float4_e2m1fn_x2 float4 fp4"},
};
enum { PRESETS = sizeof presets / sizeof *presets };

/* Names that are known and still no format. */
static const struct {
    const char *names, *reason;
} refused[] = {
    {"fp8 float8",
     "several have that name: e4m3fn (largest 448), e5m2 (57344), e4m3 (240), e4m3fnuz, e5m2fnuz; say which"},
    {"f8", "numpy's double is fp64; of 8 bits there are e4m3fn (largest 448), e5m2 (57344) and others"},
    {"bf8", "it is e5m2 to Intel and OCP, e5m2fnuz to AMD's MI300; say which"},
    {"fp6 float6 f6", "two have that name: e3m2fn (largest 28) and e2m3fn (7.5); say which"},
    {"f4", "numpy's float is fp32; the one of 4 bits is e2m1fn"},
    {"e8m0 e8m0fnu float8_e8m0fnu fp8_e8m0fnu f8e8m0fnu float8_e8m0 fp8_e8m0 f8e8m0 ue8m0",
     "a scale of block formats, without sign, zero or fraction: nothing can be computed in it"},
    {"mxfp8 mxfp8_e4m3 mxfp8_e5m2 mxfp6 mxfp6_e3m2 mxfp6_e2m3 mxfp4 mxfp4_e2m1 nvfp4",
     "a block format, whose numbers share scales; vprec knows their elements: e4m3fn e5m2 e3m2fn e2m3fn e2m1fn"},
    {"nf4", "a table of 16 numbers, no floating-point format"},
    {"fp80 float80 longdouble long_double extended float96 fp128 float128 binary128 quad",
     "wider than what vprec computes in, binary64 (fp64)"},
    {"int2 int4 int8 int16 int32 int64 uint2 uint4 uint8 uint16 uint32 uint64",
     "an integer type; vprec rounds to floating-point formats"},
    {"posit posit8 posit16 posit32 posit64", "posits are not among vprec's formats"},
    {"complex64 complex128 cfloat cdouble", "a pair of numbers: give the format of one, fp32 or fp64"},
};
enum { REFUSED = sizeof refused / sizeof *refused };

/* Whose name it is makes no difference. */
static const char *const libraries[] = {"torch.",      "np.", "numpy.",      "jnp.", "jax.numpy.", "ml_dtypes.",
                                        "tf.dtypes.",  "tf.", "tensorflow.", "tl.",  "mx.",        "onnx.TensorProto.",
                                        "TensorProto."};
enum { LIBRARIES = sizeof libraries / sizeof *libraries };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool vprec_name_same(const char *a, size_t m, const char *b, size_t n)
{
    for (size_t i = 0; m == n && i < m; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return m == n;
}

/* Past what may stand between the parts of a name. */
static size_t skip(const char *text, size_t length, size_t at)
{
    while (at < length && (text[at] == '_' || text[at] == '-'))
        at++;
    return at;
}

/* The same, but for '_' and '-' too. */
static bool alike(const char *a, size_t m, const char *b, size_t n)
{
    for (size_t i = 0, j = 0;; i++, j++) {
        i = skip(a, m, i);
        j = skip(b, n, j);
        if (i == m || j == n)
            return i == m && j == n;
        if (lower(a[i]) != lower(b[j]))
            return false;
    }
}

/* Goes through words with blanks between. */
static bool next_word(const char **list, const char **word, size_t *length)
{
    *word = *list + strspn(*list, " ");
    *length = strcspn(*word, " ");
    *list = *word + *length;
    return *length;
}

static bool among(const char *list, const char *text, size_t length)
{
    const char *word;
    size_t size;
    while (next_word(&list, &word, &size))
        if (alike(word, size, text, length))
            return true;
    return false;
}

/* Leaves a library's name in front out. */
static void strip(const char **text, size_t *length)
{
    for (int i = 0; i < LIBRARIES; i++) {
        size_t size = strlen(libraries[i]);
        if (*length > size && vprec_name_same(libraries[i], size, *text, size)) {
            *text += size;
            *length -= size;
            return;
        }
    }
}

static const vprec_preset *find(const char *text, size_t length)
{
    for (size_t i = 0; i < PRESETS; i++)
        if (vprec_name_same(presets[i].name, strlen(presets[i].name), text, length) ||
            among(presets[i].also, text, length))
            return &presets[i];
    return NULL;
}

const vprec_preset *vprec_preset_at(size_t index)
{
    return index < PRESETS ? &presets[index] : NULL;
}

const vprec_preset *vprec_preset_find(const char *text, size_t length)
{
    const vprec_preset *preset = find(text, length);
    if (!preset) {
        strip(&text, &length);
        preset = find(text, length);
    }
    return preset;
}

const char *vprec_name_refused(const char *text, size_t length)
{
    strip(&text, &length);
    for (int i = 0; i < REFUSED; i++)
        if (among(refused[i].names, text, length))
            return refused[i].reason;
    return NULL;
}

enum { LONGEST = 32 };

/* How many letters must be put in, left out, changed or swapped with the next (optimal string alignment). */
static int distance(const char *a, size_t m, const char *b, size_t n)
{
    int rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= m; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            int change = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            int one = 1 + (last[j] < row[j - 1] ? last[j] : row[j - 1]);
            row[j] = change < one ? change : one;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        int *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[n];
}

/* Takes the word if it is nearer than `best`; of words as near, one with the same first letter. */
static void consider(const char *text, size_t length, const char *word, size_t size, int *best, char *nearest,
                     size_t room)
{
    if (size > LONGEST || size >= room)
        return;
    int d = 2 * distance(text, length, word, size) + (lower(*text) != lower(*word));
    if (d >= *best)
        return;
    *best = d;
    snprintf(nearest, room, "%.*s", (int)size, word);
}

void vprec_name_nearest(const char *text, size_t length, char *nearest, size_t size)
{
    *nearest = 0;
    strip(&text, &length);
    if (length > LONGEST)
        return;
    int wrong = length < 4 ? 0 : length < 8 ? 1 : 2, best = 2 * wrong + 2; /* one letter of four, two of eight */
    for (size_t i = 0; i < PRESETS; i++) {
        const char *list = presets[i].also, *word;
        size_t letters;
        consider(text, length, presets[i].name, strlen(presets[i].name), &best, nearest, size);
        while (next_word(&list, &word, &letters))
            consider(text, length, word, letters, &best, nearest, size);
    }
}
