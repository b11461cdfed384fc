/* SPDX-License-Identifier: Apache-2.0
 * vprec_scope.h: names parts of a program's run, so that vprec-run can round each part to a format of its own:
 *
 *     #include <vprec_scope.h>
 *
 *     vprec_scope_begin("conv1");
 *     convolve(image, weights, activations);
 *     vprec_scope_end();
 *
 *     vprec-run --format e8m10 --scope conv1=e5m2 -- ./infer
 *
 * This header is all there is: nothing is linked. Without vprec-run a call is a load and a jump that is not taken. It
 * can be included by C (gcc or clang, C99 and later) and C++, on any platform; where there is no vprec-run its
 * functions do nothing. See vprec_scope(3). */
#ifndef VPREC_SCOPE_H
#define VPREC_SCOPE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined __x86_64__ && defined __linux__ && defined __ELF__ && defined __GNUC__

#define VPREC_SCOPE_NOTE 2u              /* the type of the note by which vprec-run finds the hooks, */
#define VPREC_SCOPE_FORMAT_NOTE 3u       /* of one with a pattern and a format */
#define VPREC_SCOPE_INNERMOST UINT32_MAX /* for vprec_scope_hooks.end: the innermost scope alone */

/* Set by vprec-run; NULL: the program runs without it. */
struct vprec_scope_hooks {
    uint32_t (*begin)(const char *name, const void *frame); /* returns how many were open before */
    void (*end)(uint32_t depth);                            /* closes the innermost ones until so many are open */
    void (*probe)(const char *name, const void *data, size_t n, int is_double);
};

__attribute__((weak, visibility("hidden"))) struct vprec_scope_hooks vprec_scope_hooks_2;

__asm__(".pushsection .note.vprec, \"aG\", @note, vprec_scope_note_2, comdat\n\t"
        ".balign 4\n\t"
        ".long 6, 8, 2\n\t"
        ".asciz \"vprec\"\n\t"
        ".balign 4\n\t"
        ".weak vprec_scope_hooks_2\n\t"
        ".hidden vprec_scope_hooks_2\n\t"
        ".quad vprec_scope_hooks_2 - .\n\t"
        ".popsection");

/* What "--scope GLOB=SPEC" says, said by the program: vprec_scope_format("head", "e5m10,mode=sr"); both are literals. It
 * is a statement or stands outside of functions, and holds for the whole run: vprec-run reads it in the program's file.
 * Lines of --scope come behind it, and so decide. Where --format is native nothing is rounded. */
#define vprec_scope_format(glob, spec)                                                                                 \
    __asm__(".pushsection .note.vprec.format, \"a\", @note\n\t"                                                       \
            ".balign 4\n\t"                                                                                            \
            ".long 6, 8842f - 8841f, 3\n\t"                                                                            \
            ".asciz \"vprec\"\n\t"                                                                                     \
            ".balign 4\n"                                                                                              \
            "8841: .asciz \"" glob "\", \"" spec "\"\n"                                                               \
            "8842: .balign 4\n\t"                                                                                      \
            ".popsection")

/* They are part of the function that calls them, and so is its frame: a scope ends when longjmp leaves that. */
#define VPREC_SCOPE_INLINE static inline __attribute__((always_inline))

/* Begins the scope "api:NAME" in the calling thread: what it computes from its next function call or return on, and
 * what threads compute for it that have no scope of their own, is part of it, until the vprec_scope_end() that
 * belongs to it. Scopes nest. `name` is copied. Returns how many scopes were open before, for vprec_scope_end_to(). */
VPREC_SCOPE_INLINE uint32_t vprec_scope_begin(const char *name)
{
    return __builtin_expect(vprec_scope_hooks_2.begin != 0, 0)
               ? vprec_scope_hooks_2.begin(name, __builtin_frame_address(0))
               : 0;
}

/* Ends the scope that was begun last in the calling thread, and is still open. */
VPREC_SCOPE_INLINE void vprec_scope_end(void)
{
    if (__builtin_expect(vprec_scope_hooks_2.end != 0, 0))
        vprec_scope_hooks_2.end(VPREC_SCOPE_INNERMOST);
}

/* Ends as many as are needed for `depth` to be left open: what vprec_scope_begin() has returned. For ends that may have
 * been missed on the way, by an exception. */
VPREC_SCOPE_INLINE void vprec_scope_end_to(uint32_t depth)
{
    if (__builtin_expect(vprec_scope_hooks_2.end != 0, 0))
        vprec_scope_hooks_2.end(depth);
}

/* Shows vprec-run the `n` values at `data` by a name: their range and moments are in its report, and with
 * --dump-layers DIR they are written to DIR/000012 probe:NAME.npy, for vprec-stats compare. Changes nothing. */
VPREC_SCOPE_INLINE void vprec_probe_f32(const char *name, const float *data, size_t n)
{
    if (__builtin_expect(vprec_scope_hooks_2.probe != 0, 0))
        vprec_scope_hooks_2.probe(name, data, n, 0);
}

VPREC_SCOPE_INLINE void vprec_probe_f64(const char *name, const double *data, size_t n)
{
    if (__builtin_expect(vprec_scope_hooks_2.probe != 0, 0))
        vprec_scope_hooks_2.probe(name, data, n, 1);
}

#else

#define vprec_scope_format(glob, spec) struct vprec_scope_nowhere

static inline uint32_t vprec_scope_begin(const char *name)
{
    (void)name;
    return 0;
}

static inline void vprec_scope_end(void)
{
}

static inline void vprec_scope_end_to(uint32_t depth)
{
    (void)depth;
}

static inline void vprec_probe_f32(const char *name, const float *data, size_t n)
{
    (void)name, (void)data, (void)n;
}

static inline void vprec_probe_f64(const char *name, const double *data, size_t n)
{
    (void)name, (void)data, (void)n;
}

#endif

#ifdef __cplusplus
}

namespace vprec {

/* A scope for as long as the object lives: vprec::scope s("conv1"); */
class scope {
public:
#ifdef __GNUC__
    __attribute__((always_inline))
#endif
    explicit scope(const char *name) : depth(vprec_scope_begin(name))
    {
    }
    ~scope()
    {
        vprec_scope_end_to(depth);
    }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

private:
    uint32_t depth;
};

} // namespace vprec
#endif

#endif
