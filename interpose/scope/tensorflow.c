/* SPDX-License-Identifier: Apache-2.0
 * tensorflow.c: see tensorflow.h. Every operation on the processor is run by ThreadPoolDevice::Compute(kernel,
 * context), a virtual function whose symbol is exported. A kernel keeps two string views, of its node's name and of
 * its type; where they are is learnt of the first one that runs: TraceString() gives "name:type". */
#include "tensorflow.h"
#include "classes.h"
#include "dump.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "scopes.h"
#include "tf_outputs.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#define LIBRARY VPREC_TF_LIBRARY
#define COMPUTE "_ZN10tensorflow16ThreadPoolDevice7ComputeEPNS_8OpKernelEPNS_15OpKernelContextE"
#define TRACE "_ZNK10tensorflow8OpKernel11TraceStringB5cxx11ERKNS_15OpKernelContextEb"

enum { LONGEST = 1000 }; /* names */
enum { UNKNOWN = 0, OTHER = -1 };

typedef struct view {
    uint64_t length;
    const char *text;
} view;

static uint64_t *originals;
static _Atomic int place; /* of the two views in a kernel; UNKNOWN, OTHER */

bool vprec_tensorflow_is(const char *path)
{
    return !strcmp(vprec_name_base(path), LIBRARY);
}

static bool is_text(view v, const char *text)
{
    char there[LONGEST];
    return v.length && v.length <= LONGEST && vprec_sys_peek((uint64_t)v.text, there, v.length) &&
           !memcmp(there, text, v.length);
}

/* Where the kernel has the two views that `all`, "name:type", consists of; OTHER: nowhere. */
static int find_views(const char *kernel, const char *all, uint64_t length)
{
    enum { MOST = 768, STEP = 8 };
    for (int at = STEP; at < MOST; at += STEP) {
        view v[2];
        if (!vprec_sys_peek((uint64_t)kernel + (uint64_t)at, v, sizeof v))
            return OTHER;
        if (v[0].length < length && v[1].length < length && v[0].length + 1 + v[1].length == length &&
            all[v[0].length] == ':' && is_text(v[0], all) && is_text(v[1], all + v[0].length + 1))
            return at;
    }
    return OTHER;
}

/* In a thread of the program's, as any function that it calls. */
static int learn(const void *kernel, const void *context)
{
    struct { /* std::string; a long one's text is never given back */
        const char *text;
        uint64_t length, rest[2];
    } all;
    void *library = dlopen(LIBRARY, RTLD_NOLOAD | RTLD_LAZY), *found = library ? dlsym(library, TRACE) : NULL;
    void (*trace)(void *to, const void *kernel, const void *context, bool verbose);
    if (library)
        dlclose(library); /* it is in use all the same */
    if (!found)
        return OTHER;
    memcpy(&trace, &found, sizeof trace);
    trace(&all, kernel, context, false);
    return find_views(kernel, all.text, all.length);
}

static int place_in(const void *kernel, const void *context)
{
    int at = atomic_load_explicit(&place, memory_order_acquire), unknown = UNKNOWN;
    if (at != UNKNOWN)
        return at;
    at = learn(kernel, context);
    if (atomic_compare_exchange_strong(&place, &unknown, at) && at == OTHER)
        vprec_record_warning("TensorFlow's operations do not tell their names: this version of it is not known");
    return at;
}

/* `text`: the node's name and its type. */
static vprec_scope *scope_of(const void *kernel, int at, char text[2][LONGEST + 1])
{
    view v[2];
    vprec_scope_text texts[2];
    memcpy(v, (const char *)kernel + at, sizeof v);
    for (int i = 0; i < 2; i++) {
        const size_t length = v[i].length < LONGEST ? v[i].length : LONGEST;
        memcpy(text[i], v[i].text, length);
        text[i][length] = 0;
        texts[i] = (vprec_scope_text){text[i], length};
    }
    return vprec_scope_of(kernel, "tf", texts[0], texts[1]);
}

/* In place of ThreadPoolDevice::Compute. `class` comes by classes.c. */
static void run(void *device, void *kernel, void *context, uint64_t class)
{
    void (*original)(void *, void *, void *);
    memcpy(&original, &originals[class], sizeof original);
    const int at = place_in(kernel, context);
    char text[2][LONGEST + 1];
    vprec_scope *scope = at > 0 ? scope_of(kernel, at, text) : NULL;
    const bool scoped = scope && vprec_scope_wanted();
    const uint32_t depth = scoped ? vprec_scope_open_frame(scope, __builtin_frame_address(0)) : 0;
    original(device, kernel, context);
    if (scope && vprec_dump_wanted())
        vprec_tf_outputs_put(vprec_scope_name(scope), text[1], context);
    if (scoped)
        vprec_scope_close(depth);
}

/* The slot of Compute, by the name of the function that it leads to; -1: there is none. */
static int slot_of(vprec_object *object, const vprec_classes *c)
{
    enum { SLOTS = 64 };
    const uint64_t *table = (const uint64_t *)VPREC_AT(c->tables, uint64_t, 0);
    for (int i = 0; i < SLOTS && (uint64_t)&table[i] < c->relro_end && vprec_classes_is_code(c, table[i]); i++) {
        vprec_symbol f;
        if (vprec_object_function_at(object, table[i], &f) && f.start == table[i] && f.name && !strcmp(f.name, COMPUTE))
            return i;
    }
    return -1;
}

void vprec_tensorflow_begin(vprec_object *object)
{
    vprec_classes c;
    void (*to)(void *, void *, void *, uint64_t) = run;
    void (*plain)(void);
    memcpy(&plain, &to, sizeof plain);
    bool found = !originals && vprec_classes_find(&c, object, "N10tensorflow16ThreadPoolDeviceE", true);
    int slot = found && c.tables.count ? slot_of(object, &c) : -1;
    if (!originals && (slot < 0 || !vprec_classes_lead(&c, (unsigned)slot, 3, plain, &originals))) {
        originals = NULL;
        vprec_record_warning("TensorFlow's operations do not tell their names: this version of it is not known");
    }
    if (found)
        vprec_classes_free(&c);
}
