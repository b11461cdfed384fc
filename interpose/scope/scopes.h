/* SPDX-License-Identifier: Apache-2.0
 * scopes.h: named dynamic extents, "torch:encoder.layer.3", which say what is rounded to what while they are open. A
 * scope belongs to the thread that opened it; a thread that follows (see vprec_scope_thread) and has none of its own
 * works in the one that is open elsewhere. Where two are open whose versions differ nobody knows which: that is noted.
 *
 * Of the open scopes the innermost one that a line of the recipe matches decides, and of the lines that match it the
 * last. With --within that holds only while one of those is open. */
#ifndef VPREC_SCOPE_SCOPES_H
#define VPREC_SCOPE_SCOPES_H

#include "runtime/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vprec_scope vprec_scope;

/* Whether anybody asks for scopes. Known once the process' versions are. */
bool vprec_scope_wanted(void);

/* Whether anybody asks for those whose names begin so, with --layers as `layers`: such that are innermost everywhere
 * would hide others. */
bool vprec_scope_asked(const char *source, enum vprec_layers layers);

/* Before the first one is opened. */
void vprec_scope_begin_all(void);

/* All scopes of a name: `source` is what precedes the colon, and lies there for good. `kind`: patterns find it by
 * "<kind>", too; "": it has none. NULL: no memory. For any thread. */
vprec_scope *vprec_scope_named(const char *source, const char *name, const char *kind);

/* Patterns find it by "<source>:<also>", too. Before it is opened. False: no memory. */
bool vprec_scope_also(vprec_scope *scope, const char *source, const char *also);

/* A text of known length, with a 0 behind it. */
typedef struct vprec_scope_text {
    const char *text;
    size_t length;
} vprec_scope_text;

/* The same, quickly, for who asks for the scope of a thing again and again: `thing` is what it had last time. */
vprec_scope *vprec_scope_of(const void *thing, const char *source, vprec_scope_text name, vprec_scope_text kind);

/* "ort:/conv1/Conv" */
const char *vprec_scope_name(const vprec_scope *scope);

/* Opens one in the calling thread, which works in it from its next entry or return on. Returns how many were open
 * before. */
uint32_t vprec_scope_open(vprec_scope *scope);
/* The same for one that ends when the function with that frame returns: if it was left in another way, the next such
 * call finds its frame gone, and closes it. */
uint32_t vprec_scope_open_frame(vprec_scope *scope, const void *frame);
/* The same for one that may be left by longjmp alone, which leaves that frame: vprec_scope_jump() closes it. */
uint32_t vprec_scope_open_within(vprec_scope *scope, const void *frame);
/* The same for a function that has just been called, by `frame`, the address of its return address, in whose place
 * vprec_returned stands while it is open (returns.h). */
uint32_t vprec_scope_open_function(vprec_scope *scope, const void *frame);
/* Closes what ends with that frame. */
void vprec_scope_close_function(const void *frame);
/* The frame of the one that it was called for last; NULL: none is open. */
const void *vprec_scope_innermost_function(void);
/* Whether the calling thread has that one open with that frame. */
bool vprec_scope_has_function(const vprec_scope *scope, const void *frame);
/* Control goes from stack pointer `from` up to `to`, of the same stack or another one. */
void vprec_scope_jump(uint64_t from, uint64_t to);
/* What the calling thread has open, as a whole: takes it away, or gives it back, or another one in its place; or nobody
 * comes back to it. For contexts.c, and not while the thread is busy with them: a signal's handler finds it so. */
typedef struct vprec_scope_list {
    struct opened *open;
    uint32_t depth, room;
} vprec_scope_list;
vprec_scope_list vprec_scope_take(void);
void vprec_scope_give(const vprec_scope_list *list);
void vprec_scope_drop(const vprec_scope_list *list);
bool vprec_scope_is_busy(void);
/* Closes the innermost ones until `depth` are open. */
void vprec_scope_close(uint32_t depth);
/* The same where threads may go on to work for one of them, which follow others from now on: what they give is of no
 * use. */
void vprec_scope_leave(uint32_t depth);
/* How many are open in the calling thread. */
uint32_t vprec_scope_depth(void);

/* With --layers: the counters of the scope that the calling thread works in, or of what is outside of all, for
 * vprec_counters. */
vprec_counts *vprec_scope_counts(uint32_t function, vprec_type type);

/* With --layers, what is counted inline is counted by scope, in meters (runtime/meter.h): each thread has one for each
 * scope that it works in, and those that follow look where functions are entered whether they are to go on in another
 * one. Before any is made, and only where programs may set GS by themselves (runtime/gs.h). */
void vprec_scope_meter_all(void);
extern bool vprec_scope_metered;
/* The calling thread's for what it works in now, for its GS base, which the caller sets; 0: one of no scope is to be
 * made for it. Async-signal-safe. */
uint64_t vprec_scope_meter(void);
/* Whether the GS base is that of some thread by these meters. Async-signal-safe. */
bool vprec_scope_has_base(uint64_t base);

/* With config.fork_at: called where the first scope that it matches, and that is no function, is about to be opened. Until then no line of
 * the recipe has an effect, which vprec_scope_ask_again() gives them. */
extern void (*vprec_scope_forks)(void);
/* In a child of fork, with another recipe. NULL; or the name of a scope that the recipe has something for, and that was
 * opened before this: it is too late for that. */
const char *vprec_scope_ask_again(void);

/* A thread starts. It follows: it was not started by an interpreter, and is not the first. */
void vprec_scope_thread(bool follows);

#endif
