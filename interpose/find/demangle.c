/* SPDX-License-Identifier: Apache-2.0
 * demangle.c: see demangle.h. */
#include "demangle.h"
#include "runtime/memory.h"
#include "x86/emulate/stack.h"
#include <libiberty/demangle.h>
#include <string.h>

/* libiberty takes some 100 KB for a long name, where a thread that calls dlopen may have 16. */
enum { STACK = 1 << 20, LONGEST = 4096 };

typedef struct text {
    const char *symbol;
    int options;
    size_t length;
    bool whole;
    char text[LONGEST];
} text;

static void append(const char *part, size_t length, void *data)
{
    text *t = data;
    if (length >= sizeof t->text - t->length) {
        t->whole = false;
        return;
    }
    memcpy(t->text + t->length, part, length);
    t->text[t->length += length] = 0;
}

static void work(void *data)
{
    text *t = data;
    t->length = 0;
    t->whole = true;
    int done = rust_demangle_callback(t->symbol, t->options, append, t);
    if (!done) {
        t->length = 0;
        t->whole = true;
        done = cplus_demangle_v3_callback(t->symbol, t->options, append, t);
    }
    t->whole &= done && t->length;
}

vprec_names vprec_demangle(const char *symbol)
{
    static text plain, full;
    static void *stack;
    vprec_names names = {.symbol = symbol};
    if (symbol[0] != '_' || (symbol[1] != 'Z' && symbol[1] != 'R'))
        return names;
    if (!stack && !(stack = vprec_pages(STACK)))
        return names;
    plain.symbol = full.symbol = symbol;
    plain.options = DMGL_ANSI;
    full.options = DMGL_ANSI | DMGL_PARAMS;
    vprec_stack_call(work, &plain, (uint64_t)stack + STACK);
    vprec_stack_call(work, &full, (uint64_t)stack + STACK);
    if (plain.whole && full.whole) {
        names.plain = plain.text;
        names.full = full.text;
    }
    return names;
}
