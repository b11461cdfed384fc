/* SPDX-License-Identifier: Apache-2.0
 * opencv_outputs.c: see opencv_outputs.h. What is given as outputs is an object of cv::_OutputArray that stands for a
 * std::vector of cv::Mat:
 *
 *   _OutputArray: kind and access, at 8 -> vector
 *   Mat, OpenCV 4: flags and type, dimensions, at 16 -> data, at 32 -> its end, at 64 -> extents; 96 bytes
 *   Mat, OpenCV 5: flags and type, dimensions, at 24 -> data, at 40 -> its end, at 72 dimensions, layout, channels,
 *                  extents; 208 bytes
 *
 * Each is checked by its magic number, and by its extents, which must fill the data. In blocks of channels, as OpenCV
 * 5 has what is between convolutions (N, C/8, H, W, 8), there is more than the layer gives: channels that fill up the
 * last block. They are written as N, C, H, W. */
#include "opencv_outputs.h"
#include "dump.h"
#include "runtime/memory.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { KIND_VECTOR_OF_MAT = 5, KIND_SHIFT = 16, KIND_MASK = 31 };
enum { MAGIC = 0x42FF, MOST = 1 << 16, MOST_DIMENSIONS = 10, LAYOUT_BLOCK = 7 };

typedef struct form {
    uint64_t bytes, data, end; /* of a Mat; where that lies in it */
    unsigned depth_bits;
    bool has_extents; /* in itself */
} form;
static const form forms[] = {{96, 16, 32, 3, false}, {208, 24, 40, 5, true}};

typedef struct array {
    uint64_t data, bytes;
    int64_t extent[MOST_DIMENSIONS + 1]; /* with the channels of elements, where they have several */
    uint32_t dimensions, channels;       /* channels: of the second and last dimension together; 0: it has no blocks */
    enum vprec_dump_kind kind;
} array;

static const struct {
    enum vprec_dump_kind kind;
    uint32_t bytes;
} depths[] = {{VPREC_DUMP_U1, 1}, {VPREC_DUMP_I1, 1}, {VPREC_DUMP_U2, 2}, {VPREC_DUMP_I2, 2}, {VPREC_DUMP_I4, 4},
              {VPREC_DUMP_F4, 4}, {VPREC_DUMP_F8, 8}, {VPREC_DUMP_F2, 2}, {VPREC_DUMP_BF2, 2}, {VPREC_DUMP_B1, 1},
              {VPREC_DUMP_U8, 8}, {VPREC_DUMP_I8, 8}, {VPREC_DUMP_U4, 4}};

/* The extents of the Mat at `at`. False: it is none of this form. */
static bool read_extents(const form *f, uint64_t at, const uint8_t *mat, array *a)
{
    enum { PLACE = 72, CHANNELS = 80, EXTENTS = 84, POINTER = 64, ROWS = 8 };
    int32_t head[3] = {0}, extents[MOST_DIMENSIONS] = {0}, before = (int32_t)a->dimensions;
    if (f->has_extents) {
        memcpy(head, mat + PLACE, sizeof head);
        memcpy(extents, mat + EXTENTS, sizeof extents);
    } else {
        uint64_t to;
        memcpy(&to, mat + POINTER, sizeof to);
        if ((a->dimensions > 2 && !vprec_sys_peek(to - sizeof before, &before, sizeof before)) ||
            (a->dimensions <= 2 && to != at + ROWS) || !vprec_sys_peek(to, extents, a->dimensions * sizeof *extents))
            return false;
        head[0] = before;
    }
    if (head[0] != (int32_t)a->dimensions || (f->has_extents && head[1] == LAYOUT_BLOCK && a->dimensions != 5))
        return false;
    a->channels = f->has_extents && head[1] == LAYOUT_BLOCK ? (uint32_t)head[2] : 0;
    for (uint32_t i = 0; i < a->dimensions; i++)
        a->extent[i] = extents[i];
    return !a->channels || ((int64_t)a->channels <= a->extent[1] * a->extent[4] &&
                            (int64_t)a->channels > (a->extent[1] - 1) * a->extent[4]);
}

enum outcome { KNOWN, NOTHING, OTHER };

static enum outcome read_mat(const form *f, uint64_t at, array *a)
{
    uint8_t mat[208];
    uint32_t flags;
    uint64_t end, elements = 1;
    memset(a, 0, sizeof *a);
    if (!vprec_sys_peek(at, mat, f->bytes))
        return OTHER;
    memcpy(&flags, mat, sizeof flags);
    memcpy(&a->dimensions, mat + sizeof flags, sizeof a->dimensions);
    memcpy(&a->data, mat + f->data, sizeof a->data);
    memcpy(&end, mat + f->end, sizeof end);
    if (flags >> 16 != MAGIC || a->dimensions > MOST_DIMENSIONS)
        return OTHER;
    if (!a->data)
        return NOTHING;
    const uint32_t depth = flags & ((1U << f->depth_bits) - 1), of_element = (flags >> f->depth_bits & 127) + 1;
    if (depth >= sizeof depths / sizeof *depths || !read_extents(f, at, mat, a))
        return OTHER;
    a->kind = depths[depth].kind;
    if (of_element > 1)
        a->extent[a->dimensions++] = of_element;
    for (uint32_t i = 0; i < a->dimensions; i++)
        if (a->extent[i] < 0 || __builtin_mul_overflow(elements, (uint64_t)a->extent[i], &elements))
            return OTHER;
    a->bytes = elements * depths[depth].bytes;
    return end - a->data == a->bytes ? KNOWN : OTHER;
}

/* In the order of a plain array. False: no memory. */
static bool put_blocks(const char *name, int output, const array *a)
{
    const uint64_t images = (uint64_t)a->extent[0], blocks = (uint64_t)a->extent[1], block = (uint64_t)a->extent[4];
    const uint64_t pixels = (uint64_t)a->extent[2] * (uint64_t)a->extent[3];
    const uint64_t size = a->bytes && blocks ? a->bytes / (images * blocks * pixels * block) : 0;
    uint8_t *plain = vprec_pages(a->bytes + 1), *to = plain;
    const uint8_t *from = (const uint8_t *)a->data;
    for (uint64_t n = 0; plain && size && n < images; n++)
        for (uint64_t c = 0; c < a->channels; c++)
            for (uint64_t p = 0; p < pixels; p++, to += size)
                memcpy(to, from + (((n * blocks + c / block) * pixels + p) * block + c % block) * size, size);
    const int64_t shape[] = {a->extent[0], a->channels, a->extent[2], a->extent[3]};
    const vprec_dumped array = {plain, a->kind, shape, 4};
    if (plain) {
        vprec_dump_put(name, output, &array);
        vprec_pages_free(plain, a->bytes + 1);
    }
    return plain;
}

/* Whether all was as is known. */
static bool put_all(const char *name, const void *outputs)
{
    uint64_t head[2] = {0}, vector[3] = {0};
    array a;
    if (!vprec_sys_peek((uint64_t)outputs, head, sizeof head) ||
        (head[0] >> KIND_SHIFT & KIND_MASK) != KIND_VECTOR_OF_MAT ||
        !vprec_sys_peek(head[1], vector, sizeof vector) || vector[1] < vector[0] || vector[2] < vector[1])
        return false;
    const uint64_t bytes = vector[1] - vector[0];
    const form *f = NULL;
    for (size_t i = 0; bytes && i < sizeof forms / sizeof *forms && !f; i++)
        f = bytes % forms[i].bytes || read_mat(&forms[i], vector[0], &a) == OTHER ? NULL : &forms[i];
    if (!bytes)
        return true;
    if (!f || bytes / f->bytes > MOST)
        return false;
    for (uint64_t i = 0; i < bytes / f->bytes; i++) {
        const int output = bytes > f->bytes ? (int)i : -1;
        const enum outcome how = read_mat(f, vector[0] + i * f->bytes, &a);
        if (how == OTHER)
            return false;
        const vprec_dumped plain = {(const void *)a.data, a.kind, a.extent, a.dimensions};
        if (how == KNOWN && !a.channels)
            vprec_dump_put(name, output, &plain);
        else if (how == KNOWN && !put_blocks(name, output, &a))
            return false;
    }
    return true;
}

void vprec_opencv_outputs_put(const char *name, const void *outputs)
{
    static _Atomic bool said;
    if (!put_all(name, outputs) && !atomic_exchange(&said, true))
        vprec_record_warning("--dump-layers: not all outputs of OpenCV's layers are written: arrays on a device or "
                             "with gaps, or this version of it is not known");
}
