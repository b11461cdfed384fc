/* SPDX-License-Identifier: Apache-2.0
 * select.h: which processes, objects and functions are instrumented. */
#ifndef VPREC_FIND_SELECT_H
#define VPREC_FIND_SELECT_H

#include "demangle.h"
#include "runtime/wire.h"
#include <stdbool.h>

/* Whether the pattern is for that name, which may have brackets and stars of its own: operator[], operator*. */
bool vprec_select_is_name(const char *glob, const char *name);

/* The same for any name of the function of the symbol, whose caller holds the instrumentation lock: see
 * vprec_select_match. */
bool vprec_select_names(const char *glob, const char *symbol);
/* Whether it is for the object at `path`: for its base name or all of it. */
bool vprec_select_is_object(const char *glob, const char *path);

/* Each counts the hits of the rules that it consults. */
bool vprec_select_process(vprec_wire_config *config, const char *path);
/* The same of a process that does not run yet, without counting. */
bool vprec_select_asks_process(const vprec_wire_config *config, const char *path);
/* False: `*why` tells why not; VPREC_REASON_NONE for vprec itself and for libm, whose calls are operations. */
bool vprec_select_object(vprec_wire_config *config, const char *path, enum vprec_reason *why);
/* Whether there are rules for functions at all. */
bool vprec_select_has_functions(const vprec_wire_config *config);
/* Which of them (bit i: rule i) match a function by its symbol or by either of its demangled names; what a compiler has
 * cut off a function, ff.cold or ff.part.0, belongs to it. The caller holds the instrumentation lock. */
uint64_t vprec_select_match(const vprec_wire_config *config, const char *symbol);
/* What follows for a function from the rules that match any of its names. */
enum vprec_choice {
    VPREC_CHOICE_SKIPPED, /* by a rule */
    VPREC_CHOICE_OTHER,   /* none of those that are asked for */
    VPREC_CHOICE_NAMED,   /* by a rule */
    VPREC_CHOICE_ANY      /* nothing is asked for */
};
enum vprec_choice vprec_select_function(const vprec_wire_config *config, uint64_t matched);
/* The function is a hit of these rules; or it has nothing to round, but names something that exists, in the object of
 * the record at that offset. */
void vprec_select_hit(vprec_wire_config *config, uint64_t matched);
void vprec_select_idle(vprec_wire_config *config, uint64_t matched, uint64_t object);

/* Whether code that the object at `path` generates is translated; `selected`: the object is. */
bool vprec_select_jit(const vprec_wire_config *config, const char *path, bool selected);

/* This library, or of its making. */
bool vprec_select_is_ours(const char *path);
/* libm or libmvec, whose functions are one operation each. */
bool vprec_select_is_libm(const char *path);
/* One of the system's own and the compilers' runtimes. */
bool vprec_select_is_system(const char *path);

/* A sanitizer's runtime: it sets signal handlers where nobody can follow it. */
bool vprec_select_is_sanitizer(const char *path);

/* What compilers call to convert a floating-point number to an integer: its steps are exact, its result no number to
 * round. */
bool vprec_select_is_exact(const char *name);

/* What compilers call for an arithmetic operation of the language, and link in or take from libgcc_s: ordinary
 * arithmetic of whoever calls. By a function's name, by an object's path. */
bool vprec_select_is_helper(const char *name);
bool vprec_select_helpers(vprec_wire_config *config, const char *path);
/* A library of elementary functions, whose calls are operations: see elementary.h. */
bool vprec_select_library(vprec_wire_config *config, const char *path);

#endif
