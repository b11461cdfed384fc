/* SPDX-License-Identifier: Apache-2.0
 * tf_outputs.c: see tf_outputs.h. TensorFlow's C interface for kernels gives outputs, but may not be asked for one that
 * there is not (of an operation that failed, or a branch that was not taken). So it is looked for in the context first:
 * an absl::InlinedVector of pairs, a mutex and a tensor. Where that lies is learnt of an operation that always has its
 * one output: its data is then what the interface says it is. */
#include "tf_outputs.h"
#include "dump.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

static struct {
    int (*count)(void *context);
    void *(*get)(void *context, int i, void *status);
    void *(*status_new)(void);
    void (*status_delete)(void *status);
    int (*type)(const void *tensor);
    int (*dimensions)(const void *tensor);
    int64_t (*extent)(const void *tensor, int i);
    size_t (*bytes)(const void *tensor);
    const void *(*data)(const void *tensor);
    void (*drop)(void *tensor);
} api;

static bool find_api(void)
{
    static const struct {
        void *to;
        const char *name;
    } names[] = {{&api.count, "TF_NumOutputs"},        {&api.get, "TF_GetMutableOutput"},
                 {&api.status_new, "TF_NewStatus"},    {&api.status_delete, "TF_DeleteStatus"},
                 {&api.type, "TF_TensorType"},         {&api.dimensions, "TF_NumDims"},
                 {&api.extent, "TF_Dim"},              {&api.bytes, "TF_TensorByteSize"},
                 {&api.data, "TF_TensorData"},         {&api.drop, "TF_DeleteTensor"}};
    void *library = dlopen(VPREC_TF_LIBRARY, RTLD_NOLOAD | RTLD_LAZY);
    for (size_t i = 0; library && i < sizeof names / sizeof *names; i++) {
        void *found = dlsym(library, names[i].name);
        if (!found)
            return false;
        memcpy(names[i].to, &found, sizeof found);
    }
    return library; /* it stays */
}

/* The tensors of the vector at `at`, if it is one of so many: 0 where there is none. False: it is not. */
static bool tensor_at(uint64_t at, uint64_t count, uint64_t i, uint64_t *tensor)
{
    uint64_t word[2] = {0}, pair[2] = {0};
    if (!vprec_sys_peek(at, word, sizeof word) || word[0] >> 1 != count ||
        !vprec_sys_peek((word[0] & 1 ? word[1] : at + 8) + 16 * i, pair, sizeof pair))
        return false;
    *tensor = pair[1];
    return true;
}

/* Whether the tensor has that data: its fourth word leads to a buffer that does. */
static bool has_data(uint64_t tensor, const void *data)
{
    uint64_t word[4] = {0}, buffer[4] = {0};
    if (!tensor || !vprec_sys_peek(tensor, word, sizeof word) || !vprec_sys_peek(word[3], buffer, sizeof buffer))
        return false;
    bool has = false;
    for (int i = 1; i < 4; i++)
        has |= buffer[i] == (uint64_t)data;
    return has;
}

static bool never_fails(const char *type)
{
    return !strcmp(type, "_Arg") || !strcmp(type, "Const") || !strcmp(type, "Identity");
}

enum { UNKNOWN = 0, OTHER = -1 };

/* Where contexts have their outputs. UNKNOWN: this operation does not tell. */
static int learn(const char *type, void *context)
{
    enum { MOST = 512 };
    uint64_t tensor = 0;
    int candidates = 0;
    if (!never_fails(type) || api.count(context) != 1)
        return UNKNOWN;
    for (int at = 8; at < MOST; at += 8)
        candidates += tensor_at((uint64_t)context + (uint64_t)at, 1, 0, &tensor) && tensor;
    if (!candidates)
        return OTHER;
    void *status = api.status_new(), *output = api.get(context, 0, status);
    const void *data = output ? api.data(output) : NULL;
    int place = OTHER;
    for (int at = 8; at < MOST && data && place == OTHER; at += 8)
        if (tensor_at((uint64_t)context + (uint64_t)at, 1, 0, &tensor) && has_data(tensor, data))
            place = at;
    if (output)
        api.drop(output);
    api.status_delete(status);
    return data ? place : UNKNOWN;
}

static bool kind_of(int type, enum vprec_dump_kind *kind)
{
    static const int8_t kinds[] = { /* by TF_DataType, and one more */
        [1] = VPREC_DUMP_F4 + 1, [2] = VPREC_DUMP_F8 + 1, [3] = VPREC_DUMP_I4 + 1, [4] = VPREC_DUMP_U1 + 1,
        [5] = VPREC_DUMP_I2 + 1, [6] = VPREC_DUMP_I1 + 1, [8] = VPREC_DUMP_C8 + 1, [9] = VPREC_DUMP_I8 + 1,
        [10] = VPREC_DUMP_B1 + 1, [14] = VPREC_DUMP_BF2 + 1, [17] = VPREC_DUMP_U2 + 1, [18] = VPREC_DUMP_C16 + 1,
        [19] = VPREC_DUMP_F2 + 1, [22] = VPREC_DUMP_U4 + 1, [23] = VPREC_DUMP_U8 + 1};
    if (type < 0 || (size_t)type >= sizeof kinds || !kinds[type])
        return false;
    *kind = (enum vprec_dump_kind)(kinds[type] - 1);
    return true;
}

static void put(const char *name, int number, void *tensor)
{
    static _Atomic bool said;
    int64_t extent[VPREC_DUMP_DIMENSIONS];
    vprec_dumped array = {api.data(tensor), 0, extent, (uint32_t)api.dimensions(tensor)};
    if (!kind_of(api.type(tensor), &array.kind) || array.dimensions > VPREC_DUMP_DIMENSIONS) {
        if (!atomic_exchange(&said, true))
            vprec_record_warning("--dump-layers: not all outputs of TensorFlow's operations are written: texts, "
                                 "resources, or types that NumPy does not have");
        return;
    }
    for (uint32_t i = 0; i < array.dimensions; i++)
        extent[i] = api.extent(tensor, (int)i);
    vprec_dump_put(name, number, &array);
}

/* Where outputs are, for this operation. Another thread may have learnt it meanwhile. */
static int place_for(const char *type, void *context)
{
    enum { UNASKED, THERE, MISSING };
    static _Atomic int place, library;
    int now = atomic_load(&library), unknown = UNKNOWN;
    if (now == UNASKED)
        atomic_store(&library, now = find_api() ? THERE : MISSING);
    int at = atomic_load(&place);
    if (at == UNKNOWN) {
        at = now == THERE ? learn(type, context) : OTHER;
        if (at != UNKNOWN && atomic_compare_exchange_strong(&place, &unknown, at) && at == OTHER)
            vprec_record_warning("--dump-layers: outputs of TensorFlow's operations are not written: this version of it "
                                 "is not known");
    }
    return at;
}

void vprec_tf_outputs_put(const char *name, const char *type, void *context)
{
    const int at = place_for(type, context);
    if (at <= 0)
        return;
    const int count = api.count(context);
    for (int i = 0; i < count; i++) {
        uint64_t there = 0;
        if (!tensor_at((uint64_t)context + (uint64_t)at, (uint64_t)count, (uint64_t)i, &there) || !there)
            continue; /* it has failed, or goes another way */
        void *status = api.status_new(), *tensor = api.get(context, i, status);
        if (tensor) {
            put(name, count > 1 ? i : -1, tensor);
            api.drop(tensor);
        }
        api.status_delete(status);
    }
}
