/* SPDX-License-Identifier: Apache-2.0
 * python.c: see python.h. Of CPython it uses what has been stable since 3.7, found by name in the running process:
 * there is nothing to compile against. All but vprec_python_meet() runs with the interpreter's lock held. */
#include "python.h"
#include "aten.h"
#include "runtime/memory.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "scopes.h"
#include "xla.h"
#include <dlfcn.h>
#include <string.h>
#include <sys/types.h>

typedef struct object object; /* PyObject */

typedef struct method { /* PyMethodDef */
    const char *name;
    object *(*function)(object *self, object *const *arguments, ssize_t count);
    int flags;
    const char *doc;
} method;

static struct {
    int (*add_pending_call)(int (*)(void *), void *);
    object *(*function_new)(method *, object *, object *);
    object *(*dict_new)(void);
    int (*dict_set)(object *, const char *, object *);
    object *(*run)(const char *, int, object *, object *);
    object *(*builtins)(void);
    const char *(*text)(object *);
    object *(*text_new)(const char *);
    void *(*pointer)(object *);
    long long (*number)(object *);
    object *(*error)(void);
    void (*error_clear)(void);
    void (*increase)(object *);
    void (*decrease)(object *);
    object *none, *no;
} python;

static bool find_python(void)
{
    static const struct {
        void *to;
        const char *name;
    } names[] = {{&python.add_pending_call, "Py_AddPendingCall"}, {&python.function_new, "PyCFunction_NewEx"},
                 {&python.dict_new, "PyDict_New"},                {&python.dict_set, "PyDict_SetItemString"},
                 {&python.run, "PyRun_String"},                   {&python.builtins, "PyEval_GetBuiltins"},
                 {&python.text, "PyUnicode_AsUTF8"},              {&python.pointer, "PyLong_AsVoidPtr"},
                 {&python.number, "PyLong_AsLongLong"},           {&python.error, "PyErr_Occurred"},
                 {&python.error_clear, "PyErr_Clear"},            {&python.increase, "Py_IncRef"},
                 {&python.decrease, "Py_DecRef"},                 {&python.none, "_Py_NoneStruct"},
                 {&python.no, "_Py_FalseStruct"},         {&python.text_new, "PyUnicode_FromString"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *found = dlsym(RTLD_DEFAULT, names[i].name);
        if (!found)
            return false;
        memcpy(names[i].to, &found, sizeof found);
    }
    return true;
}

/* Scopes by the address of a module; `scope` NULL: free, but others may lie behind it. */
typedef struct entry {
    const void *module;
    vprec_scope *scope;
} entry;

static entry *entries;
static size_t room, used;

static entry *place_of(const void *module)
{
    size_t i = (size_t)((uint64_t)module * UINT64_C(0x9E3779B97F4A7C15) >> 32);
    while (entries[i &= room - 1].module && entries[i].module != module)
        i++;
    return &entries[i];
}

static bool grow(void)
{
    enum { FIRST = 1024 };
    entry *before = entries;
    const size_t many = room;
    entry *more = vprec_pages((room ? 2 * room : FIRST) * sizeof *more);
    if (!more)
        return false;
    entries = more;
    room = room ? 2 * room : FIRST;
    used = 0;
    for (size_t i = 0; i < many; i++)
        if (before[i].scope) {
            *place_of(before[i].module) = before[i];
            used++;
        }
    if (many)
        vprec_pages_free(before, many * sizeof *before);
    return true;
}

static object *result(object *value)
{
    python.increase(value);
    return value;
}

static object *named(object *self, object *const *arguments, ssize_t count)
{
    (void)self;
    const void *module = count == 3 ? python.pointer(arguments[0]) : NULL;
    const char *name = module ? python.text(arguments[1]) : NULL, *kind = name ? python.text(arguments[2]) : NULL;
    if (!kind)
        return python.error() ? NULL : result(python.none);
    if (2 * used >= room && !grow())
        return result(python.none);
    entry *e = place_of(module);
    used += !e->module;
    *e = (entry){module, vprec_scope_named("torch", name, kind)};
    return result(python.none);
}

static object *forget(object *self, object *const *arguments, ssize_t count)
{
    (void)self;
    if (count == 1 && room)
        place_of(python.pointer(arguments[0]))->scope = NULL;
    return python.error() ? NULL : result(python.none);
}

static object *begin(object *self, object *const *arguments, ssize_t count)
{
    (void)self;
    entry *e = count == 1 && room ? place_of(arguments[0]) : NULL;
    if (!e || !e->scope)
        return result(python.no);
    vprec_scope_open(e->scope);
    return result(python.none);
}

static object *end(object *self, object *const *arguments, ssize_t count)
{
    (void)self, (void)arguments, (void)count;
    const uint32_t depth = vprec_scope_depth();
    if (depth)
        vprec_scope_close(depth - 1);
    return result(python.none);
}

static object *operators(object *self, object *const *arguments, ssize_t count)
{
    (void)self, (void)arguments, (void)count;
    return result(!vprec_aten_wanted() || vprec_aten_begin() ? python.none : python.no);
}

static object *scoped(object *self, object *const *arguments, ssize_t count)
{
    (void)self, (void)arguments, (void)count;
    return result(vprec_scope_wanted() ? python.none : python.no);
}

static object *folder(object *self, object *const *arguments, ssize_t count)
{
    (void)self, (void)arguments, (void)count;
    const char *dump = vprec_wire_shared->config.dump;
    return *dump ? python.text_new(dump) : result(python.none);
}

static object *say(object *self, object *const *arguments, ssize_t count)
{
    (void)self;
    const char *text = count == 1 ? python.text(arguments[0]) : NULL;
    if (!text)
        return NULL;
    vprec_record_warning(text);
    return result(python.none);
}

static object *origin(object *self, object *const *arguments, ssize_t count)
{
    (void)self;
    const long long module = count == 3 ? python.number(arguments[0]) : 0;
    const char *step = count == 3 ? python.text(arguments[1]) : NULL, *from = step ? python.text(arguments[2]) : NULL;
    if (from && !python.error())
        vprec_xla_comes_from(module, step, from);
    return python.error() ? NULL : result(python.none);
}

/* torch.py and jax.py, by embed.py */
extern const char vprec_torch_script[] __attribute__((visibility("hidden")));
extern const char vprec_jax_script[] __attribute__((visibility("hidden")));

/* What is run when which library is there; how it is put that it cannot be. */
static const struct library {
    const char *name, *script, *unknown;
} libraries[] = {{"libtorch_python.so", vprec_torch_script,
                  "PyTorch's modules do not tell their names: this Python interpreter is not known"},
                 {"libjax_common.so", vprec_jax_script,
                  "JAX does not tell what XLA's steps come from: this Python interpreter is not known"}};
enum { LIBRARIES = sizeof libraries / sizeof *libraries };

static int run(void *data)
{
    enum { FASTCALL = 0x80, FILE_INPUT = 257 };
    static method methods[] = {{"named", named, FASTCALL, NULL}, {"forget", forget, FASTCALL, NULL},
                               {"begin", begin, FASTCALL, NULL}, {"end", end, FASTCALL, NULL},
                               {"operators", operators, FASTCALL, NULL}, {"origin", origin, FASTCALL, NULL},
                               {"scoped", scoped, FASTCALL, NULL}, {"folder", folder, FASTCALL, NULL},
                               {"say", say, FASTCALL, NULL}};
    const struct library *library = data;
    object *space = python.dict_new(), *done = NULL;
    bool made = space && !python.dict_set(space, "__builtins__", python.builtins());
    for (size_t i = 0; i < sizeof methods / sizeof *methods && made; i++) {
        object *function = python.function_new(&methods[i], NULL, NULL);
        made = function && !python.dict_set(space, methods[i].name, function);
        if (function)
            python.decrease(function);
    }
    if (made)
        done = python.run(library->script, FILE_INPUT, space, space);
    if (!done) {
        python.error_clear();
        vprec_record_warning(library->unknown);
    } else {
        python.decrease(done);
    }
    if (space)
        python.decrease(space);
    return 0;
}

void vprec_python_meet(const char *path)
{
    static bool met[LIBRARIES];
    const char *base = vprec_name_base(path);
    for (size_t i = 0; i < LIBRARIES; i++) {
        if (met[i] || strcmp(base, libraries[i].name) || (i && !vprec_scope_wanted()))
            continue;
        met[i] = true;
        if (!find_python() || python.add_pending_call(run, (void *)(uintptr_t)&libraries[i]))
            vprec_record_warning(libraries[i].unknown);
    }
}
