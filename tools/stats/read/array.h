/* SPDX-License-Identifier: Apache-2.0
 * array.h: arrays in .npy and .npz files, read block by block as doubles. */
#ifndef VPREC_STATS_READ_ARRAY_H
#define VPREC_STATS_READ_ARRAY_H

#include "file.h"

enum { STATS_DIMENSIONS = 32 }; /* NumPy's most */

/* Element types: letter and bytes as in NumPy's '<f4', significant bits. */
#define STATS_TYPES(X)                                                                                                 \
    X(bool, 'b', 1, uint8_t, 53)                                                                                       \
    X(int8, 'i', 1, int8_t, 53)                                                                                        \
    X(int16, 'i', 2, int16_t, 53)                                                                                      \
    X(int32, 'i', 4, int32_t, 53)                                                                                      \
    X(int64, 'i', 8, int64_t, 53)                                                                                      \
    X(uint8, 'u', 1, uint8_t, 53)                                                                                      \
    X(uint16, 'u', 2, uint16_t, 53)                                                                                    \
    X(uint32, 'u', 4, uint32_t, 53)                                                                                    \
    X(uint64, 'u', 8, uint64_t, 53)                                                                                    \
    X(float16, 'f', 2, uint16_t, 11) /* its code: see convert */                                                       \
    X(bfloat16, ' ', 2, uint16_t, 8) /* likewise; known by its name alone */                                           \
    X(float32, 'f', 4, float, 24)                                                                                      \
    X(float64, 'f', 8, double, 53)                                                                                     \
    X(longdouble, 'f', 16, long double, 53)
typedef enum stats_type {
#define STATS_TYPE_ENTRY(name, letter, bytes, type, bits) STATS_TYPE_##name,
    STATS_TYPES(STATS_TYPE_ENTRY)
#undef STATS_TYPE_ENTRY
        STATS_TYPES_COUNT
} stats_type;

typedef struct stats_array {
    char *name;       /* "" for a .npy file, else the member's without .npy */
    stats_file *file; /* where the data are */
    bool owned;       /* an unpacked member: `file` is a view of the temporary file, the array's own */
    uint64_t offset;
    stats_type type;
    bool swapped; /* the other byte order */
    bool fortran; /* first index innermost */
    int dimensions;
    size_t shape[STATS_DIMENSIONS];
    uint64_t count; /* elements */
} stats_array;

const char *stats_type_name(stats_type type);
int stats_type_bits(stats_type type);

/* The arrays of a file; the file must stay open. False, having said why. */
bool stats_arrays_open(stats_file *file, stats_kind kind, stats_array **arrays, size_t *count);
void stats_arrays_close(stats_array *arrays, size_t count);

/* The array in bytes offset..offset+size of the file, named `name`. */
bool stats_npy_open(stats_file *file, uint64_t offset, uint64_t size, const char *name, stats_array *array);
bool stats_npz_open(stats_file *file, stats_array **arrays, size_t *count);

/* The elements first..first+count in C order, as they are in the file. `raw` has room for STATS_ELEMENT_MOST * count
 * bytes. False, having said why. */
enum { STATS_ELEMENT_MOST = 16 };
bool stats_array_read(const stats_array *array, uint64_t first, size_t count, void *raw);

/* out[i] = element first+i of what stats_array_read read. */
void stats_array_convert(const stats_array *array, const void *raw, size_t first, size_t count, double *out);

#endif
