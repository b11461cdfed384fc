/* SPDX-License-Identifier: Apache-2.0
 * ort_outputs.c: see ort_outputs.h. The context knows the frame that has all values of the graph, the kernel, and
 * where among the values' numbers those of its node begin, inputs, implicit inputs and outputs one behind the other; the
 * node knows how many of each there are:
 *
 *   context + 8 -> frame, + 16 -> kernel, + 40, 44, 48: the three beginnings
 *   frame + 8 -> numbers (absl::InlinedVector<int>), + 16: values (absl::InlinedVector<OrtValue>)
 *   node: vectors of NodeArg*: inputs, of int: how many each formal one has, of NodeArg*: outputs, implicit ones
 *   OrtValue: -> object, its count, -> type
 *   Tensor: -> data, shape at 24, -> type of elements at 88, memory's name at 96
 *
 * (1.20 to 1.32 are so.) Each has something to be checked by: the kernel is the one that ran, the counts fit, a short
 * shape and a short name lie in the tensor itself, types are classes of known names. All that is checked every time, and
 * read where it may not be readable. */
#include "ort_outputs.h"
#include "dump.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include <stdatomic.h>
#include <string.h>

enum { BEGINNINGS = 40, FRAME_NUMBERS = 8, FRAME_VALUES = 16, VALUE = 24 };
enum { MOST = 1 << 20 }; /* values of a graph, and of a node */

static bool read_at(uint64_t address, void *to, size_t bytes)
{
    return vprec_sys_peek(address, to, bytes);
}

/* The name of the class that the object is of, as it is mangled. */
static bool class_of(uint64_t object, char name[64])
{
    uint64_t table = 0, typeinfo = 0, text = 0;
    memset(name, 0, 64);
    if (!read_at(object, &table, 8) || !read_at(table - 8, &typeinfo, 8) || !read_at(typeinfo + 8, &text, 8))
        return false;
    for (size_t i = 0; i < 63; i++)
        if (!read_at(text + i, &name[i], 1) || !name[i])
            return i && !name[i];
    return false;
}

/* [count << 1 | is it elsewhere, where or the elements themselves] */
typedef struct vector {
    uint64_t count, at;
} vector;

static bool read_inlined(uint64_t address, vector *v)
{
    uint64_t word[2] = {0};
    if (!read_at(address, word, sizeof word))
        return false;
    *v = (vector){word[0] >> 1, word[0] & 1 ? word[1] : address + 8};
    return v->count <= MOST;
}

/* std::vector, of elements of so many bytes. */
static bool read_vector(uint64_t address, uint64_t bytes, vector *v)
{
    uint64_t word[3] = {0};
    if (!read_at(address, word, sizeof word) || word[1] < word[0] || word[2] < word[1] || (word[1] - word[0]) % bytes)
        return false;
    *v = (vector){(word[1] - word[0]) / bytes, word[0]};
    return v->count <= MOST && (word[0] || !word[2]);
}

/* The node's counts, which its formal inputs' add up to. */
typedef struct counts {
    uint64_t inputs, outputs, implicit;
} counts;

static bool read_counts(uint64_t at, counts *c)
{
    vector inputs, formal, outputs, implicit;
    enum { VECTOR = 24, FORMAL_MOST = 1024 };
    if (!read_vector(at, 8, &inputs) || !read_vector(at + VECTOR, 4, &formal) ||
        !read_vector(at + 2 * VECTOR, 8, &outputs) || !read_vector(at + 3 * VECTOR, 8, &implicit) ||
        formal.count > FORMAL_MOST)
        return false;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < formal.count; i++) {
        int32_t n = 0;
        if (!read_at(formal.at + 4 * i, &n, sizeof n) || n < 0)
            return false;
        sum += (uint64_t)n;
    }
    *c = (counts){inputs.count, outputs.count, implicit.count};
    return sum == inputs.count;
}

/* Where nodes have their counts; learnt of the first that has inputs and outputs. */
static bool find_counts(uint64_t node, const int32_t beginnings[3], counts *c)
{
    enum { LEAST = 128, LAST = 512 };
    static _Atomic uint32_t place;
    const uint32_t known = atomic_load(&place);
    const uint64_t inputs = (uint64_t)(beginnings[1] - beginnings[0]);
    const uint64_t implicit = (uint64_t)(beginnings[2] - beginnings[1]);
    for (uint32_t at = known ? known : LEAST; at <= (known ? known : LAST); at += 8)
        if (read_counts(node + at, c) && c->inputs == inputs && c->implicit == implicit &&
            (known || (c->inputs && c->outputs))) {
            atomic_store(&place, at);
            return true;
        }
    return false;
}

static bool kind_of(uint64_t type, enum vprec_dump_kind *kind)
{
    static const struct {
        const char *code;
        enum vprec_dump_kind kind;
    } codes[] = {{"f", VPREC_DUMP_F4}, {"d", VPREC_DUMP_F8}, {"NS_9MLFloat16E", VPREC_DUMP_F2},
                 {"NS_8BFloat16E", VPREC_DUMP_BF2}, {"l", VPREC_DUMP_I8}, {"i", VPREC_DUMP_I4}, {"s", VPREC_DUMP_I2},
                 {"a", VPREC_DUMP_I1}, {"m", VPREC_DUMP_U8}, {"j", VPREC_DUMP_U4}, {"t", VPREC_DUMP_U2},
                 {"h", VPREC_DUMP_U1}, {"b", VPREC_DUMP_B1}, {"St7complexIfE", VPREC_DUMP_C8},
                 {"St7complexIdE", VPREC_DUMP_C16}};
    static const char before[] = "N11onnxruntime17PrimitiveDataTypeI", behind[] = "EE";
    char name[64];
    if (!class_of(type, name) || strncmp(name, before, sizeof before - 1))
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const size_t length = strlen(codes[i].code);
        const char *code = name + sizeof before - 1;
        if (!strncmp(code, codes[i].code, length) && !strcmp(code + length, behind)) {
            *kind = codes[i].kind;
            return true;
        }
    }
    return false;
}

enum outcome { WRITTEN, NOTHING, OTHER };

enum { SHAPE = 5, TYPE = 11, MEMORY = 12, OLD_WORDS = 16, WORDS = 20 }; /* words of a tensor */

/* Whose memory the tensor is in begins with a name: a std::string in it; before 1.23 a pointer to a constant. WRITTEN: it
 * is main memory, and the data begin where the tensor says; else they may begin elsewhere. */
static enum outcome is_near(uint64_t itself, const uint64_t tensor[WORDS])
{
    enum { TEXT = 14, AT = 17, AT_OLD = 15, LONGEST = 16 };
    char memory[LONGEST];
    const bool old = tensor[MEMORY] != itself + 8 * (uint64_t)TEXT;
    if (!read_at(tensor[MEMORY], memory, sizeof memory) || !memchr(memory, 0, sizeof memory) ||
        (old ? tensor[MEMORY + 1] >> 48 : tensor[MEMORY + 1] != strlen(memory)))
        return OTHER;
    const bool begins = old ? !tensor[AT_OLD] : !tensor[AT] && !tensor[AT + 1] && !tensor[AT + 2];
    return begins && !strcmp(memory, "Cpu") ? WRITTEN : NOTHING;
}

/* NOTHING: there is none, or none that can be written, which is no reason to doubt. */
static enum outcome put_value(const char *name, int output, uint64_t value)
{
    enum { SHORT = 5 }; /* dimensions that have room in it */
    enum { BYTES_MOST_BITS = 40 };
    uint64_t word[3] = {0}, tensor[WORDS], size = 1;
    char of[64];
    if (!read_at(value, word, sizeof word))
        return OTHER;
    if (!word[0]) /* nobody uses it, or it has failed */
        return NOTHING;
    if (!class_of(word[2], of))
        return OTHER;
    static const char base[] = "N11onnxruntime14TensorTypeBaseE", of_type[] = "N11onnxruntime10TensorTypeI";
    if (strcmp(of, base) && strncmp(of, of_type, sizeof of_type - 1)) /* a sequence, a map, something sparse */
        return NOTHING;
    memset(tensor, 0, sizeof tensor);
    if (!read_at(word[0], tensor, OLD_WORDS * sizeof *tensor))
        return OTHER;
    read_at(word[0] + OLD_WORDS * sizeof *tensor, &tensor[OLD_WORDS], sizeof tensor - OLD_WORDS * sizeof *tensor);
    const uint64_t dimensions = tensor[3], shape = tensor[4], itself = word[0];
    vprec_dumped array = {(const void *)tensor[0], 0, NULL, (uint32_t)dimensions};
    if (dimensions > VPREC_DUMP_DIMENSIONS || (dimensions && (shape == itself + 8 * SHAPE) != (dimensions <= SHORT)))
        return OTHER;
    const enum outcome near = is_near(itself, tensor);
    if (near != WRITTEN || !kind_of(tensor[TYPE], &array.kind))
        return near == OTHER ? OTHER : NOTHING;
    int64_t extent[VPREC_DUMP_DIMENSIONS];
    if (!read_at(shape, extent, dimensions * sizeof *extent))
        return OTHER;
    for (uint64_t i = 0; i < dimensions; i++)
        if (extent[i] < 0 || __builtin_mul_overflow(size, (uint64_t)extent[i], &size) || size >> BYTES_MOST_BITS)
            return OTHER;
    array.shape = extent;
    vprec_dump_put(name, output, &array);
    return WRITTEN;
}

/* Whether all was as is known. */
static bool put_all(const char *name, const void *kernel, const void *node, const void *context)
{
    uint64_t head[3] = {0}, frame[2] = {0};
    int32_t beginnings[3] = {0}, number = 0;
    vector numbers, values;
    counts c;
    if (!read_at((uint64_t)context, head, sizeof head) || head[2] != (uint64_t)kernel ||
        !read_at((uint64_t)context + BEGINNINGS, beginnings, sizeof beginnings) || beginnings[0] < 0 ||
        beginnings[1] < beginnings[0] || beginnings[2] < beginnings[1] ||
        !read_at(head[1] + FRAME_NUMBERS, frame, sizeof frame) || !read_inlined(frame[0], &numbers) ||
        !read_inlined(head[1] + FRAME_VALUES, &values) || !find_counts((uint64_t)node, beginnings, &c) ||
        (uint64_t)beginnings[2] + c.outputs > numbers.count)
        return false;
    for (uint64_t i = 0; i < c.outputs; i++) {
        if (!read_at(numbers.at + 4 * ((uint64_t)beginnings[2] + i), &number, sizeof number) ||
            (number >= 0 && (uint64_t)number >= values.count))
            return false;
        if (number < 0) /* it has no name, and nobody asks for it */
            continue;
        const uint64_t value = values.at + VALUE * (uint64_t)number;
        const enum outcome how = put_value(name, c.outputs > 1 ? (int)i : -1, value);
        static _Atomic bool said;
        if (how == OTHER)
            return false;
        uint64_t object = 0;
        if (how == NOTHING && read_at(value, &object, sizeof object) && object && !atomic_exchange(&said, true))
            vprec_record_warning("--dump-layers: not all outputs of onnxruntime's nodes are written: texts, sequences, "
                                 "what is not in main memory, or types that NumPy does not have");
    }
    return true;
}

void vprec_ort_outputs_put(const char *name, const void *kernel, const void *node, const void *context)
{
    static _Atomic bool unknown;
    if (!atomic_load(&unknown) && !put_all(name, kernel, node, context) && !atomic_exchange(&unknown, true))
        vprec_record_warning("--dump-layers: outputs of onnxruntime's nodes are not written, or not all: this version of "
                             "it is not known");
}
