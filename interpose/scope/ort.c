/* SPDX-License-Identifier: Apache-2.0
 * ort.c: see ort.h. A node's work is done by a kernel, an object of a class that derives from onnxruntime::OpKernel, in
 * its function Compute(context), the third of its virtual table. Which node it belongs to the kernel knows:
 *
 *   kernel + 8 -> OpKernelInfo + 8 -> Node: strings name, type of operation and domain at 8, 40 and 72
 *
 * That is asked of the first kernel that runs (1.20 to 1.32 are so). */
#include "ort.h"
#include "classes.h"
#include "dump.h"
#include "find/presets.h"
#include "ort_outputs.h"
#include "peek.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "scopes.h"
#include <stdatomic.h>
#include <string.h>

enum { COMPUTE = 2, IS_ASYNC = 3 }; /* slots */
enum { LONGEST = VPREC_PEEK_LONGEST };

typedef void *compute(void *status, void *kernel, void *context);

#define UNKNOWN "onnxruntime's nodes do not tell their names: this version of it is not known"

static uint64_t *originals;
static bool scoped, dumped; /* what is asked for */

bool vprec_ort_is(const char *path)
{
    const char *base = vprec_name_base(path);
    return !strncmp(base, "libonnxruntime.so", 17) || !strncmp(base, "onnxruntime_pybind11_state", 26);
}

static bool is_identifier(const char *text)
{
    const char *at = text;
    for (; *at; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_'))
            return false;
    return at != text;
}

static uint64_t node_of(const void *kernel)
{
    uint64_t info, node;
    memcpy(&info, (const char *)kernel + 8, sizeof info);
    memcpy(&node, (const char *)info + 8, sizeof node);
    return node;
}

/* Whether the kernel, the first that runs, knows its node as we think. */
static bool looks_right(const void *kernel)
{
    uint64_t info, node;
    char name[LONGEST + 1], type[LONGEST + 1], domain[LONGEST + 1];
    if (!vprec_sys_peek((uint64_t)kernel + 8, &info, sizeof info) ||
        !vprec_sys_peek(info + 8, &node, sizeof node) || !vprec_peek_string(node + 8, name) ||
        !vprec_peek_string(node + 40, type) || !vprec_peek_string(node + 72, domain))
        return false;
    return is_identifier(type) && (!*domain || strchr(domain, '.'));
}

static bool is_known(const void *kernel)
{
    static _Atomic int known;
    return vprec_peek_known(&known, looks_right, kernel, UNKNOWN);
}

/* Of an executor. What folds constants, before anything runs, has a plain OpKernelContext. */
static bool runs_graph(const void *context)
{
    static _Atomic uint64_t table;
    uint64_t here, typeinfo;
    const char *name;
    memcpy(&here, context, sizeof here);
    if (here == atomic_load_explicit(&table, memory_order_relaxed))
        return true;
    memcpy(&typeinfo, (const char *)here - 8, sizeof typeinfo);
    memcpy(&name, (const char *)typeinfo + 8, sizeof name);
    if (!strstr(name, "OpKernelContextInternal"))
        return false;
    atomic_store_explicit(&table, here, memory_order_relaxed);
    return true;
}

static vprec_scope *scope_of(const void *kernel)
{
    const uint64_t node = node_of(kernel);
    vprec_scope_text name, type; /* as strings begin */
    memcpy(&name, (const char *)node + 8, sizeof name);
    memcpy(&type, (const char *)node + 40, sizeof type);
    char of_type[LONGEST + 3];
    if (!name.length) { /* a node without a name */
        const size_t length = type.length < LONGEST ? type.length : LONGEST;
        of_type[0] = '<';
        memcpy(of_type + 1, type.text, length);
        memcpy(of_type + 1 + length, ">", 2);
        name = (vprec_scope_text){of_type, length + 2};
    }
    return vprec_scope_of(kernel, "ort", name, type);
}

/* In place of every kernel's Compute. `class` comes by classes.c. */
static void *run(void *status, void *kernel, void *context, uint64_t class)
{
    compute *original;
    memcpy(&original, &originals[class], sizeof original);
    vprec_scope *scope = is_known(kernel) && runs_graph(context) ? scope_of(kernel) : NULL;
    if (!scope)
        return original(status, kernel, context);
    const uint32_t depth = scoped ? vprec_scope_open_frame(scope, __builtin_frame_address(0)) : 0;
    void *result = original(status, kernel, context);
    if (dumped) {
        const void *failed;
        memcpy(&failed, status, sizeof failed);
        if (!failed)
            vprec_ort_outputs_put(vprec_scope_name(scope), kernel, (const void *)node_of(kernel), context);
    }
    if (scoped)
        vprec_scope_close(depth);
    return result;
}

/* Whether most kernels have the same function in the slot of IsAsync, and that says no. */
static bool is_laid_out(const vprec_classes *c)
{
    static const uint8_t no[] = {0x31, 0xC0, 0xC3}, endbr[] = {0xF3, 0x0F, 0x1E, 0xFA}; /* xor eax, eax; ret */
    enum { LEAST = 100, OF_TEN = 8 };
    size_t same = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < c->tables.count; i++) { /* the majority, if there is one (Boyer and Moore) */
        const uint64_t slot = ((const uint64_t *)VPREC_AT(c->tables, uint64_t, i))[IS_ASYNC];
        most = same ? most : slot;
        same = slot == most ? same + 1 : same - 1;
    }
    same = 0;
    for (size_t i = 0; i < c->tables.count; i++)
        same += ((const uint64_t *)VPREC_AT(c->tables, uint64_t, i))[IS_ASYNC] == most;
    if (c->tables.count < LEAST || same * 10 < c->tables.count * OF_TEN || !vprec_classes_is_code(c, most))
        return false;
    const uint8_t *code = (const uint8_t *)most;
    return !memcmp(memcmp(code, endbr, sizeof endbr) ? code : code + sizeof endbr, no, sizeof no);
}

bool vprec_ort_leaves(const vprec_object *object, unsigned preset, vprec_vec *functions)
{
    vprec_classes c;
    const bool found = vprec_classes_find(&c, object, "N11onnxruntime8OpKernelE", false);
    const size_t count = found && is_laid_out(&c) ? c.tables.count : 0;
    bool done = true;
    for (size_t i = 0; i < count && done; i++) {
        const uint64_t *table = (const uint64_t *)VPREC_AT(c.tables, uint64_t, i);
        const char *name;
        memcpy(&name, (const char *)table[-1] + 8, sizeof name);
        done = !vprec_preset_leaves(preset, name) || vprec_vec_add_u64(functions, table[COMPUTE]);
    }
    if (found)
        vprec_classes_free(&c);
    return done;
}

void vprec_ort_begin(vprec_object *object)
{
    vprec_classes c;
    void *(*to)(void *, void *, void *, uint64_t) = run;
    void (*plain)(void);
    memcpy(&plain, &to, sizeof plain);
    scoped = vprec_scope_wanted();
    dumped = vprec_dump_wanted();
    bool found = !originals && vprec_classes_find(&c, object, "N11onnxruntime8OpKernelE", false);
    if (!originals && (!found || !is_laid_out(&c) || !vprec_classes_lead(&c, COMPUTE, 3, plain, &originals))) {
        originals = NULL;
        vprec_record_warning(UNKNOWN);
    }
    if (found)
        vprec_classes_free(&c);
}
