/* SPDX-License-Identifier: Apache-2.0
 * functions.c: what compiled code calls in place of a function of libm: the replacement that rounds, or the function. */
#include "cc/complex.h"
#include "cc/host.h"
#include "cc/site.h"
#include "cc/start.h"
#include "libm/libm.h"
#include "runtime/arith.h"
#include <dlfcn.h>
#include <link.h>
#include <math.h>
#include <string.h>

__attribute__((visibility("default"))) void *vprec_cc_function(vprec_cc_call *call);

#ifdef VPREC_CC_STATIC
/* The program's linker takes them from its libm, if they are there: of old names it has none. What pulled.S names is
 * there. */
#define X(kind, id, function, double_name, float_name)                                                                 \
    extern char own_##id[] __asm__(double_name) __attribute__((weak));                                                 \
    extern char own_##id##_f32[] __asm__(float_name) __attribute__((weak));
#include "libm/functions.h"
#undef X

/* Names that ISO C leaves to the program, and others of libm's functions of that name. */
#define FREE(X) X(gamma, __gamma) X(j0, __j0) X(j1, __j1) X(jn, __jn) X(y0, __y0) X(y1, __y1) X(yn, __yn)              \
    X(scalb, __scalb) X(significand, __significand) X(drem, remainder)
#define X(name, other)                                                                                                 \
    extern char other_##name[] __asm__(#other) __attribute__((weak));                                                  \
    extern char other_##name##_f32[] __asm__(#other "f") __attribute__((weak));
FREE(X)
#undef X

static void *original(const char *name)
{
    static const struct {
        const char *name;
        void *function;
    } all[] = {
#define X(name, other) {#name, other_##name}, {#name "f", other_##name##_f32},
        FREE(X)
#undef X
#define X(kind, id, function, double_name, float_name) {double_name, own_##id}, {float_name, own_##id##_f32},
#include "libm/functions.h"
#undef X
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i].name, name))
            return all[i].function;
    return NULL;
}

/* Where a function is that has several forms for several processors: behind a jump, which each of its names has. */
static const void *form(const void *function)
{
    const uint8_t *code = function;
    if (code && !memcmp(code, "\xf3\x0f\x1e\xfa", 4)) /* endbr64 */
        code += 4;
    if (!code || code[0] != 0xff || code[1] != 0x25) /* jmp *disp(%rip) */
        return function;
    int32_t distance;
    memcpy(&distance, code + 2, sizeof distance);
    const void *target;
    memcpy(&target, code + 6 + distance, sizeof target);
    return target;
}

static bool is_original(const vprec_cc_call *call, const void *own_function)
{
    return own_function && form(call->function) == form(own_function);
}

const struct vprec_cc_host *vprec_cc_find_host(void)
{
    return NULL;
}
#else
/* libm's own, of the version that a program is linked to today. */
static void *original(const char *name)
{
    static void *library;
    if (!library)
        library = dlopen("libm.so.6", RTLD_LAZY | RTLD_LOCAL);
    return library ? dlsym(library, name) : NULL;
}

/* Whether what an object calls is libm's: a program may have an exp of its own, and one that was linked at a fixed
 * address calls by way of itself. */
static bool is_original(const vprec_cc_call *call, const void *own)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    if (call->function == own)
        return true;
    return own && dladdr1(call->function, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol &&
           symbol->st_shndx == SHN_UNDEF;
}

const struct vprec_cc_host *vprec_cc_find_host(void)
{
    return dlsym(RTLD_DEFAULT, VPREC_CC_HOST);
}
#endif

void *vprec_cc_function(vprec_cc_call *call)
{
    vprec_cc_start();
    size_t n;
    const vprec_libm_entry *table = vprec_libm_table(&n), *entry = NULL;
    for (size_t i = 0; i < n && !entry; i++)
        if (!strcmp(table[i].name, call->name))
            entry = &table[i];
    const vprec_arith *arith = &vprec_arith_current; /* of --scope the run's */
    void *complex = vprec_cc_complex(call->name);
    if (complex)
        return call->instead = vprec_arith_rounds(arith) || vprec_cc_scoped ? complex : call->function;
    void *instead = call->function;
    if (entry && arith->use[entry->type] == VPREC_USE_FORMAT && arith->ops & VPREC_OPS_LIBM &&
        is_original(call, *entry->original) && (!entry->wide || *entry->wide))
        instead = entry->replacement;
    return call->instead = instead;
}

/* Before any call. */
void vprec_cc_functions_start(void)
{
#ifdef VPREC_CC_STATIC
    extern const char vprec_cc_pulled[];
    __asm__ volatile("" : : "r"(vprec_cc_pulled));
#endif
    size_t n;
    const vprec_libm_entry *table = vprec_libm_table(&n);
    for (size_t i = 0; i < n; i++)
        *table[i].original = original(table[i].name);
}
