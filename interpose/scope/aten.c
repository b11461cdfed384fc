/* SPDX-License-Identifier: Apache-2.0
 * aten.c: see aten.h. PyTorch calls observers (RecordFunction) at the begin and the end of each operator. */
#include "aten.h"
#include "scopes.h"
#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libtorch_cpu.so"
#define ADD "_ZN2at17addGlobalCallbackENS_22RecordFunctionCallbackE"
#define NAME "_ZNK2at14RecordFunction4nameEv"

static const char *(*name_of)(const void *function);

/* at::RecordFunctionCallback of PyTorch 2. */
typedef struct callback {
    void *(*start)(void **context, const void *function); /* returns a unique_ptr, in memory of the caller's */
    void (*end)(const void *function, void *context);
    double probability;
    bool scopes[10]; /* kinds of what is observed */
    bool inputs, outputs, ids;
} callback;
enum { FUNCTION = 0, SCRIPT = 2, USER = 7 }; /* such kinds */

static void *start(void **context, const void *function)
{
    const char *name = name_of(function);
    vprec_scope_open(vprec_scope_named("aten", strncmp(name, "aten::", 6) ? name : name + 6, ""));
    *context = NULL;
    return context;
}

static void end(const void *function, void *context)
{
    (void)function, (void)context;
    const uint32_t depth = vprec_scope_depth();
    if (depth)
        vprec_scope_close(depth - 1);
}

bool vprec_aten_wanted(void)
{
    return vprec_scope_asked("aten:", VPREC_LAYERS_ATEN);
}

bool vprec_aten_begin(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOLOAD | RTLD_LAZY);
    void *add = library ? dlsym(library, ADD) : NULL, *name = library ? dlsym(library, NAME) : NULL;
    unsigned long (*add_callback)(callback);
    if (library)
        dlclose(library); /* it is in use all the same */
    if (!add || !name)
        return false;
    memcpy(&add_callback, &add, sizeof add);
    memcpy(&name_of, &name, sizeof name);
    callback observer = {.start = start, .end = end, .probability = 1};
    observer.scopes[FUNCTION] = observer.scopes[SCRIPT] = observer.scopes[USER] = true;
    add_callback(observer);
    return true;
}
