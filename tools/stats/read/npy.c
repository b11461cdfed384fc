/* SPDX-License-Identifier: Apache-2.0
 * npy.c: NumPy's .npy format, versions 1 to 3 (numpy.lib.format): the
 * header, and elements as doubles. */
#include "array.h"
#include "common/lanes.h"
#include "common/say.h"
#include "vprec.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MOST = 1 << 20 };

static const struct type {
    const char *name;
    char letter;
    int bytes, bits;
} types[STATS_TYPES_COUNT] = {
#define STATS_TYPE_ENTRY(name, letter, bytes, type, bits) {#name, letter, bytes, bits},
    STATS_TYPES(STATS_TYPE_ENTRY)
#undef STATS_TYPE_ENTRY
};

const char *stats_type_name(stats_type type)
{
    return types[type].name;
}

int stats_type_bits(stats_type type)
{
    return types[type].bits;
}

/* The header is a Python dictionary of three entries. */
typedef struct header {
    const stats_file *file;
    const char *array; /* the member's name */
    const char *text, *at, *end;
    uint64_t offset; /* of the text in the file */
} header;

static bool wrong(const header *h, const char *what)
{
    vprec_say("%s%s%s: byte %" PRIu64 ": no good .npy header: %s", h->file->name, *h->array ? ": " : "", h->array,
              h->offset + (uint64_t)(h->at - h->text), what);
    return false;
}

static void space(header *h)
{
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\n' || *h->at == '\t'))
        h->at++;
}

static bool take(header *h, char c)
{
    space(h);
    if (h->at == h->end || *h->at != c)
        return false;
    h->at++;
    return true;
}

static bool take_word(header *h, const char *word)
{
    size_t length = strlen(word);
    space(h);
    if ((size_t)(h->end - h->at) < length || memcmp(h->at, word, length))
        return false;
    h->at += length;
    return true;
}

static bool take_string(header *h, char *to, size_t size)
{
    space(h);
    if (h->end - h->at > 1 && (*h->at == 'u' || *h->at == 'b') && (h->at[1] == '\'' || h->at[1] == '"'))
        h->at++; /* of Python 2 */
    if (h->at == h->end || (*h->at != '\'' && *h->at != '"'))
        return wrong(h, "a string is expected");
    char quote = *h->at++;
    const char *close = memchr(h->at, quote, (size_t)(h->end - h->at));
    if (!close || (size_t)(close - h->at) >= size)
        return wrong(h, close ? "a string that is too long" : "a string that does not end");
    memcpy(to, h->at, (size_t)(close - h->at));
    to[close - h->at] = 0;
    h->at = close + 1;
    return true;
}

/* Why elements of that type are no numbers here; `spec` without the byte order. */
static const char *refusal(const char *spec)
{
    static const struct {
        const char *begin, *why;
    } refusals[] = {{"c", "complex numbers: save real and imaginary parts as arrays"},
                    {"O", "Python objects are no numbers"},
                    {"V2", "2 bytes of no named type, as ml_dtypes saves bfloat16: save it as float32"},
                    {"V1", "1 byte of no named type, as ml_dtypes saves the 8-bit floats: save it as float32"},
                    {"V", "elements of no known type: save them as float32"},
                    {"U", "texts are no numbers"},
                    {"S", "texts are no numbers"},
                    {"a", "texts are no numbers"},
                    {"M", "dates are no numbers: save them as int64"},
                    {"m", "durations: save them as int64"},
                    {"f12", "the long double of a 32-bit machine: save it as float64"}};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (!strncmp(spec, refusals[i].begin, strlen(refusals[i].begin)))
            return refusals[i].why;
    return "none of b1, i1-8, u1-8, f2-16, bfloat16";
}

static bool refuse_type(const header *h, const char *text, const char *why)
{
    char *what = vprec_text("the element type '%.60s': %s", text, why);
    wrong(h, what);
    free(what);
    return false;
}

static bool take_type(header *h, stats_array *array)
{
    char text[32] = "";
    space(h);
    if (h->at < h->end && *h->at == '[') {
        const char *close = memrchr(h->at, ']', (size_t)(h->end - h->at));
        char *what = vprec_text("%.*s", close ? (int)(close + 1 - h->at) : 1, h->at);
        refuse_type(h, what, "records have no order of numbers: save each field as an array of its own");
        free(what);
        return false;
    }
    const char *start = h->at;
    if (!take_string(h, text, sizeof text))
        return false;
    const char *behind = h->at, *spec = text;
    char order = strchr("<>=|", *spec) && *spec ? *spec++ : '=';
    for (array->type = 0; array->type < STATS_TYPES_COUNT; array->type++) {
        char own[16];
        const struct type *type = &types[array->type];
        if (type->letter == ' ')
            snprintf(own, sizeof own, "%s", type->name);
        else
            snprintf(own, sizeof own, "%c%d", type->letter, type->bytes);
        if (!strcmp(own, spec))
            break;
    }
    h->at = start;
    if (array->type == STATS_TYPES_COUNT)
        return refuse_type(h, text, refusal(spec));
    array->swapped = order == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
    if (array->swapped && array->type == STATS_TYPE_longdouble)
        return refuse_type(h, text, "the long double of another kind of machine: save it as float64");
    h->at = behind;
    return true;
}

static bool take_shape(header *h, stats_array *array)
{
    array->count = 1;
    array->dimensions = 0;
    if (!take(h, '('))
        return wrong(h, "the shape must begin with (");
    while (!take(h, ')')) {
        uint64_t n = 0;
        if (h->at == h->end || *h->at < '0' || *h->at > '9')
            return wrong(h, "the shape must be numbers");
        for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
            if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *h->at - '0', &n) || n > INT64_MAX)
                return wrong(h, "a dimension that is too large");
        if (array->dimensions == STATS_DIMENSIONS)
            return wrong(h, "more than 32 dimensions");
        if (h->at < h->end && *h->at == 'L') /* a long integer of Python 2 */
            h->at++;
        array->shape[array->dimensions++] = n;
        if (__builtin_mul_overflow(array->count, n, &array->count) || array->count > INT64_MAX / 16)
            return wrong(h, "more elements than any file has");
        if (!take(h, ',') && (space(h), h->at == h->end || *h->at != ')'))
            return wrong(h, "the shape must end with )");
    }
    return true;
}

static bool take_header(header *h, stats_array *array)
{
    unsigned seen = 0;
    if (!take(h, '{'))
        return wrong(h, "it must begin with {");
    while (!take(h, '}')) {
        char key[32];
        if (!take_string(h, key, sizeof key))
            return false;
        if (!take(h, ':'))
            return wrong(h, "a : is expected");
        unsigned which = !strcmp(key, "descr") ? 1 : !strcmp(key, "fortran_order") ? 2 : !strcmp(key, "shape") ? 4 : 0;
        if (!which || (seen & which))
            return wrong(h, which ? "a key that is there twice" : "a key that is none of descr, fortran_order, shape");
        seen |= which;
        if (which == 1 && !take_type(h, array))
            return false;
        if (which == 2 && !(array->fortran = take_word(h, "True")) && !take_word(h, "False"))
            return wrong(h, "True or False is expected");
        if (which == 4 && !take_shape(h, array))
            return false;
        if (!take(h, ',') && (space(h), h->at == h->end || *h->at != '}'))
            return wrong(h, "it must end with }");
    }
    space(h);
    if (h->at != h->end)
        return wrong(h, "something stands behind the }");
    return seen == 7 || wrong(h, "one of descr, fortran_order, shape is missing");
}

bool stats_npy_open(stats_file *file, uint64_t offset, uint64_t size, const char *name, stats_array *array)
{
    unsigned char head[12] = {0};
    const char *colon = *name ? ": " : "";
    *array = (stats_array){.file = file};
    if (!stats_file_read(file, head, size < sizeof head ? size : sizeof head, offset))
        return false;
    if (size < 10 || memcmp(head, "\x93NUMPY", 6)) {
        vprec_say("%s%s%s: no .npy data: it does not begin with \\x93NUMPY", file->name, colon, name);
        return false;
    }
    if (head[6] < 1 || head[6] > 3) {
        vprec_say("%s%s%s: .npy version %d, known are 1 to 3", file->name, colon, name, head[6]);
        return false;
    }
    uint64_t start = head[6] == 1 ? 10 : 12;
    uint64_t length = head[8] | (uint64_t)head[9] << 8;
    if (head[6] > 1)
        length |= (uint64_t)head[10] << 16 | (uint64_t)head[11] << 24;
    if (length > HEADER_MOST || start + length > size) {
        vprec_say("%s%s%s: the .npy header of %" PRIu64 " bytes is longer than %s", file->name, colon, name, length,
                  start + length > size ? "the file" : "any array needs");
        return false;
    }
    char *text = vprec_alloc(length + 1, 1);
    header h = {file, name, text, text, text + length, offset + start};
    bool ok = stats_file_read(file, text, length, offset + start) && take_header(&h, array);
    free(text);
    if (!ok)
        return false;
    uint64_t want = array->count * (uint64_t)types[array->type].bytes, have = size - start - length;
    if (want != have) {
        vprec_say("%s%s%s: %" PRIu64 " bytes of data, but its shape and type take %" PRIu64 "%s", file->name, colon,
                  name, have, want, have < want ? ": the file is cut off" : "");
        return false;
    }
    array->offset = offset + start + length;
    array->name = vprec_text("%s", name);
    return true;
}

bool stats_arrays_open(stats_file *file, stats_kind kind, stats_array **arrays, size_t *count)
{
    if (kind == STATS_NPZ)
        return stats_npz_open(file, arrays, count);
    *arrays = vprec_alloc(1, sizeof **arrays);
    *count = 1;
    if (stats_npy_open(file, 0, file->size, "", *arrays))
        return true;
    free(*arrays);
    return false;
}

void stats_arrays_close(stats_array *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (arrays[i].owned) {
            free(arrays[i].file->name);
            free(arrays[i].file);
        }
        free(arrays[i].name);
    }
    free(arrays);
}

static void swap(unsigned char *bytes, size_t count, size_t size)
{
    for (; count; count--, bytes += size)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char byte = bytes[i];
            bytes[i] = bytes[size - 1 - i];
            bytes[size - 1 - i] = byte;
        }
}

/* Where C-order element `index` lies in a Fortran-order array. */
static uint64_t fortran_place(const stats_array *array, uint64_t index)
{
    uint64_t place = 0, after = array->count;
    for (int d = array->dimensions - 1; d >= 0; d--) {
        after /= array->shape[d]; /* the elements that one step of index d passes */
        place += index % array->shape[d] * after;
        index /= array->shape[d];
    }
    return place;
}

/* Only where samples differ in their order; those that are all in Fortran order are read in that. */
static bool gather(const stats_array *array, uint64_t first, size_t count, char *raw)
{
    enum { WINDOW = 1 << 16 };
    static _Thread_local char window[WINDOW];
    size_t bytes = (size_t)types[array->type].bytes;
    uint64_t total = array->count * bytes, from = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = fortran_place(array, first + i) * bytes;
        if (at < from || at + bytes > from + size) {
            /* Small arrays come whole; of large ones only what is asked for. */
            from = total <= WINDOW ? 0 : at;
            size = total <= WINDOW ? total : bytes;
            if (!stats_file_read(array->file, window, size, array->offset + from))
                return false;
        }
        memcpy(raw + i * bytes, window + (at - from), bytes);
    }
    return true;
}

bool stats_array_read(const stats_array *array, uint64_t first, size_t count, void *raw)
{
    size_t bytes = (size_t)types[array->type].bytes;
    bool ok = array->fortran && array->dimensions > 1
                  ? gather(array, first, count, raw)
                  : stats_file_read(array->file, raw, count * bytes, array->offset + first * bytes);
    if (ok && array->swapped)
        swap(raw, count, bytes);
    return ok;
}

/* Codes of a 16-bit format. */
static void decode(const char *format, const uint16_t *from, size_t count, double *out)
{
    enum { PIECE = 256 };
    float values[PIECE];
    vprec_format half;
    vprec_format_parse(format, VPREC_F32, &half, NULL, 0);
    for (size_t part; count; count -= part, from += part) {
        part = count < PIECE ? count : PIECE;
        vprec_decode_u16_f32(values, from, part, &half);
        for (size_t i = 0; i < part; i++)
            *out++ = values[i];
    }
}

STATS_WIDE void stats_array_convert(const stats_array *array, const void *raw, size_t first, size_t count, double *out)
{
    const void *from = (const char *)raw + first * (size_t)types[array->type].bytes;
    if (array->type == STATS_TYPE_float16 || array->type == STATS_TYPE_bfloat16) {
        decode(array->type == STATS_TYPE_float16 ? "fp16" : "bf16", from, count, out);
        return;
    }
    switch (array->type) {
#define STATS_TYPE_ENTRY(name, letter, bytes, c_type, bits)                                                            \
    case STATS_TYPE_##name: {                                                                                          \
        const c_type *x = from;                                                                                        \
        for (size_t i = 0; i < count; i++)                                                                             \
            out[i] = (double)x[i];                                                                                     \
        break;                                                                                                         \
    }
        STATS_TYPES(STATS_TYPE_ENTRY)
#undef STATS_TYPE_ENTRY
    case STATS_TYPES_COUNT: break;
    }
}
