/* SPDX-License-Identifier: Apache-2.0
 * functions.c: see functions.h. */
#include "functions.h"
#include "contexts.h"
#include "find/select.h"
#include "returns.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "x86/emulate/enter.h"
#include <string.h>

static const char source[] = "fn";

static bool asks(const vprec_wire_scope *line)
{
    return !strncmp(line->glob, source, sizeof source - 1) && line->glob[sizeof source - 1] == ':';
}

bool vprec_functions_any(void)
{
    static atomic_bool said;
    const vprec_wire_recipe *recipe = vprec_version_recipe;
    bool any = false;
    for (uint32_t i = 0; recipe && i < recipe->lines && !any; i++)
        any = asks(&recipe->line[i]);
    if (any && vprec_sys_shadow_stack()) { /* it would find out that a return address is another one */
        if (!atomic_exchange(&said, true))
            vprec_record_warning("the program has a shadow stack: its functions are no scopes");
        return false;
    }
    return any;
}

static bool asked(const char *name)
{
    const vprec_wire_recipe *recipe = vprec_version_recipe;
    bool any = false;
    for (uint32_t i = 0; name && recipe && i < recipe->lines && !any; i++)
        any = asks(&recipe->line[i]) && vprec_select_is_name(recipe->line[i].glob + sizeof source, name);
    return any;
}

/* What is not called, but jumped to from the middle of another function: there is no return address in its frame. Or
 * OCaml's, whose runtime knows all return addresses on its stacks; it is named so, too. */
static bool is_no_scope(const char *symbol)
{
    const char *cold = strstr(symbol, ".cold");
    return (cold && (!cold[5] || cold[5] == '.')) || !strncmp(symbol, "caml", 4);
}

enum { LONGEST = 4096 };

/* A name of the compiler's own, conv.constprop.0, is that of a copy of conv. */
static const char *whole(const char *symbol, char room[LONGEST])
{
    size_t length = strlen(symbol), n;
    if (length >= LONGEST)
        return symbol;
    memcpy(room, symbol, length + 1);
    while (!strstr(room, ".part.") && (n = vprec_wire_suffix(room, length)))
        room[length -= n] = 0;
    return room;
}

/* The scope, where a pattern matches one of the names that the symbol stands for. */
static vprec_scope *by_symbol(const char *symbol)
{
    static char room[LONGEST];
    bool wanted = asked(symbol);
    const vprec_names names = vprec_demangle(whole(symbol, room));
    const char *const all[] = {names.symbol, names.plain, names.full};
    for (size_t i = 0; i < sizeof all / sizeof *all && !wanted; i++)
        wanted = asked(all[i]);
    vprec_scope *scope = wanted ? vprec_scope_named(source, names.plain ? names.plain : names.symbol, "") : NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all && scope; i++)
        if (all[i] && !vprec_scope_also(scope, source, all[i]))
            scope = NULL;
    return scope && vprec_scope_also(scope, source, symbol) ? scope : NULL;
}

vprec_scope *vprec_functions_scope(vprec_object *object, uint64_t start, const char *nameless)
{
    vprec_vec names = VPREC_VEC(const char *);
    vprec_scope *scope = NULL;
    /* Go's stacks are moved, and with them what is known by the frame; the C library has what returns twice, and what
     * reads its own return address. */
    bool none = object->go || vprec_select_is_system(object->path);
    if (!vprec_object_names_of(object, start, &names))
        names.count = 0;
    for (size_t i = 0; i < names.count && !none; i++)
        none = is_no_scope(VPREC_AT(names, const char *, i));
    for (size_t i = 0; i < names.count && !scope && !none; i++)
        scope = by_symbol(VPREC_AT(names, const char *, i));
    vprec_vec_free(&names);
    if (!scope && !none && asked(nameless))
        scope = vprec_scope_named(source, nameless, "");
    return scope;
}

/* Whether a call returns to `back`: what is entered in another way has no return address there, but perhaps the count
 * of the program's arguments. */
static bool follows_call(uint64_t back)
{
    enum { LONGEST_CALL = 7, NEAR = 5, REL = 0xE8, GROUP = 0xFF, CALL = 2, KNOWN_BITS = 8 };
    static _Atomic uint64_t known[1 << KNOWN_BITS];
    _Atomic uint64_t *place = &known[back * UINT64_C(0x9E3779B97F4A7C15) >> (64 - KNOWN_BITS)];
    uint8_t before[LONGEST_CALL];
    if (atomic_load_explicit(place, memory_order_relaxed) == back)
        return true;
    if (!vprec_try_copy(before, (const void *)(back - LONGEST_CALL), sizeof before))
        return false;
    bool call = before[LONGEST_CALL - NEAR] == REL;
    for (unsigned n = 2; n <= LONGEST_CALL && !call; n++)
        call = before[LONGEST_CALL - n] == GROUP && (before[LONGEST_CALL - n + 1] >> 3 & 7) == CALL;
    if (call)
        atomic_store_explicit(place, back, memory_order_relaxed);
    return call;
}

static void enter(vprec_scope *scope, uint64_t *frame)
{
    static atomic_bool said;
    const bool open = *frame == (uint64_t)vprec_returned; /* by the function that has jumped here */
    if (open && vprec_scope_has_function(scope, frame))
        return; /* it was entered before, and is translated anew */
    if (!open && !follows_call(*frame))
        return;
    const uint32_t depth = vprec_scope_open_function(scope, frame);
    if (open || depth == UINT32_MAX)
        return;
    if (vprec_returns_keep(frame, *frame)) {
        *frame = (uint64_t)vprec_returned;
        return;
    }
    vprec_scope_close(depth);
    if (!atomic_exchange_explicit(&said, true, memory_order_relaxed))
        vprec_record_warning("too many functions that are scopes were open at once: those that came then were none");
}

static void leave(uint64_t *frame)
{
    *frame = vprec_returns_take(frame);
    vprec_scope_close_function(frame);
    vprec_contexts_return(frame);
}

/* The personality of vprec_returned (Itanium C++ ABI: Exception Handling, 1.6.2). Exceptions leave one frame after the
 * other from the innermost on; `context` can be asked by the unwinder alone that it is of. Where the frame returns to is
 * asked for behind this. */
int vprec_returned_unwound(int version, int actions, uint64_t class, const void *exception, const void *context);
__attribute__((visibility("hidden"))) int vprec_returned_unwound(int version, int actions, uint64_t class,
                                                                 const void *exception, const void *context)
{
    enum { CLEANUP_PHASE = 2, CONTINUE_UNWIND = 8 };
    const void *frame = actions & CLEANUP_PHASE ? vprec_scope_innermost_function() : NULL;
    (void)version, (void)class, (void)exception, (void)context;
    if (frame)
        vprec_scope_close_function(frame);
    return CONTINUE_UNWIND;
}

extern const vprec_site vprec_returned_site;
const vprec_site vprec_returned_site __attribute__((visibility("hidden"))) = {.address = (uint64_t)vprec_returned,
                                                                              .op = VPREC_OP_SCOPE};

static void on_scope(const vprec_site *site, vprec_cpu *cpu)
{
    enum { RSP = 4 };
    uint64_t *frame = (uint64_t *)cpu->gpr[RSP];
    if (site->mem.disp)
        enter((vprec_scope *)site->mem.disp, frame);
    else
        leave(frame);
}

void vprec_functions_begin(void)
{
    vprec_enter_scope = on_scope;
}
