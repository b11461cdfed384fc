/* SPDX-License-Identifier: Apache-2.0
 * jumps.c: who leaves a signal handler by siglongjmp or setcontext goes back to
 * the mask of then: the C library saves and sets the kernel's, here the view's part
 * is noted in it. What must not have a frame of its own is in jumps.S. */
#include "masks.h"
#include "runtime/next.h"
#include "scope/contexts.h"
#include "scope/scopes.h"
#include "view.h"
#include <setjmp.h>
#include <ucontext.h>

#define PUBLIC __attribute__((visibility("default")))

void longjmp_chk(sigjmp_buf env, int value) __asm__("__longjmp_chk") __attribute__((noreturn));
int set_jump(jmp_buf env) __asm__("setjmp");
int set_signal_jump(sigjmp_buf env, int mask) __asm__("__sigsetjmp");

/* Those of jumps.S too, which go on to them. */
struct vprec_jumps {
    __typeof__(&set_signal_jump) sigsetjmp;
    __typeof__(&set_jump) setjmp;
    __typeof__(&getcontext) getcontext;
    __typeof__(&setcontext) setcontext;
    __typeof__(&swapcontext) swapcontext;
    __typeof__(&makecontext) makecontext;
} vprec_jumps __attribute__((visibility("hidden")));

void vprec_jumps_look_up(void);
__attribute__((constructor)) void vprec_jumps_look_up(void)
{
    vprec_jumps.setjmp = (__typeof__(&set_jump))dlsym(RTLD_NEXT, "setjmp");
    vprec_jumps.getcontext = (__typeof__(&getcontext))dlsym(RTLD_NEXT, "getcontext");
    vprec_jumps.setcontext = (__typeof__(&setcontext))dlsym(RTLD_NEXT, "setcontext");
    vprec_jumps.swapcontext = (__typeof__(&swapcontext))dlsym(RTLD_NEXT, "swapcontext");
    vprec_jumps.makecontext = (__typeof__(&makecontext))dlsym(RTLD_NEXT, "makecontext");
    vprec_jumps.sigsetjmp = (__typeof__(&set_signal_jump))dlsym(RTLD_NEXT, "__sigsetjmp"); /* last: see jumps.S */
}

#define EACH(_) _(longjmp) _(_longjmp) _(siglongjmp)
VPREC_NEXT_TABLE(EACH)

static void note(sigset_t *set)
{
    const vprec_view *view = vprec_view_here();
    if (view)
        vprec_masks_note(set, atomic_load(&view->blocked));
}

static void go_back(vprec_view *view, uint64_t blocked)
{
    atomic_store(&view->suspended, false);
    vprec_view_block(view, blocked);
}

void vprec_jumps_note(struct __jmp_buf_tag *env);
void vprec_jumps_note(struct __jmp_buf_tag *env)
{
    note(&env->__saved_mask);
}

void vprec_jumps_note_context(ucontext_t *uc);
void vprec_jumps_note_context(ucontext_t *uc)
{
    note(&uc->uc_sigmask);
}

/* The context that is to be gone to in the place of `uc`: one whose mask the kernel may have. */
static const ucontext_t *context(const ucontext_t *uc)
{
    vprec_view *view = vprec_view_here();
    if (!view)
        return uc;
    uint64_t blocked = *(const uint64_t *)(const void *)&uc->uc_sigmask & VPREC_SET_OURS;
    go_back(view, blocked | vprec_masks_noted(&uc->uc_sigmask));
    if (!blocked)
        return uc;
    /* a handler that comes in between and does the same takes another one */
    ucontext_t *copy = &view->next[atomic_fetch_add(&view->turn, 1) % (sizeof view->next / sizeof *view->next)];
    *copy = *uc;
    vprec_set_remove_ours(&copy->uc_sigmask);
    return copy;
}

static void switch_scopes(const ucontext_t *from, const ucontext_t *to)
{
    const vprec_switch s = {.from = from, .to = to, .link = to->uc_link, .here = (uint64_t)__builtin_frame_address(0),
                            .stack = (uint64_t)to->uc_mcontext.gregs[REG_RSP]};
    vprec_contexts_switch(&s);
}

const ucontext_t *vprec_jumps_set(const ucontext_t *to);
const ucontext_t *vprec_jumps_set(const ucontext_t *to)
{
    switch_scopes(NULL, to);
    return context(to);
}

const ucontext_t *vprec_jumps_swap(ucontext_t *from, const ucontext_t *to);
const ucontext_t *vprec_jumps_swap(ucontext_t *from, const ucontext_t *to)
{
    vprec_jumps_note_context(from);
    switch_scopes(from, to);
    return context(to);
}

void vprec_jumps_make(const ucontext_t *uc);
void vprec_jumps_make(const ucontext_t *uc)
{
    if (!vprec_jumps.makecontext)
        vprec_jumps_look_up();
    vprec_contexts_make(uc);
}

/* Where the stack pointer goes to: the C library keeps it as PTR_MANGLE leaves it (sysdeps/unix/sysv/linux/x86_64). */
static uint64_t stack_of(const struct __jmp_buf_tag *env)
{
    enum { RSP = 6 };
    uint64_t at = (uint64_t)env->__jmpbuf[RSP];
    __asm__("rorq $17, %0; xorq %%fs:0x30, %0" : "+r"(at) : : "cc");
    return at;
}

static void jump(const struct __jmp_buf_tag *env)
{
    vprec_scope_jump((uint64_t)__builtin_frame_address(0), stack_of(env));
    vprec_view *view = env->__mask_was_saved ? vprec_view_here() : NULL;
    if (view)
        go_back(view, vprec_masks_noted(&env->__saved_mask));
}

PUBLIC void longjmp(jmp_buf env, int value)
{
    jump(env);
    NEXT(longjmp)(env, value);
    __builtin_unreachable();
}

PUBLIC void _longjmp(jmp_buf env, int value)
{
    jump(env);
    NEXT(_longjmp)(env, value);
    __builtin_unreachable();
}

PUBLIC void siglongjmp(sigjmp_buf env, int value)
{
    jump(env);
    NEXT(siglongjmp)(env, value);
    __builtin_unreachable();
}

void *begin_catch(void *exception) __asm__("__cxa_begin_catch");

/* That of the C++ runtime of who calls from `back`: where it is not the whole program's it came with the library. Asked
 * once for each place: the loader may be at work, and wait for who catches. */
static __typeof__(&begin_catch) look_up_catch(const void *back)
{
    static const char name[] = "__cxa_begin_catch";
    __typeof__(&begin_catch) real = (__typeof__(real))dlsym(RTLD_NEXT, name);
    Dl_info info;
    void *library = !real && dladdr(back, &info) ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (library) {
        real = (__typeof__(real))dlsym(library, name);
        dlclose(library);
    }
    return real;
}

static __typeof__(&begin_catch) runtime_of(const void *back)
{
    enum { KNOWN_BITS = 8 };
    static struct {
        const void *_Atomic back;
        _Atomic(__typeof__(&begin_catch)) real; /* NULL: not written yet */
    } known[1 << KNOWN_BITS];
    const size_t place = (uint64_t)back * UINT64_C(0x9E3779B97F4A7C15) >> (64 - KNOWN_BITS);
    const void *there = atomic_load_explicit(&known[place].back, memory_order_acquire);
    __typeof__(&begin_catch) real = there == back ? atomic_load(&known[place].real) : NULL;
    if (real)
        return real;
    real = look_up_catch(back);
    if (!there && atomic_compare_exchange_strong(&known[place].back, &there, back))
        atomic_store(&known[place].real, real);
    return real;
}

/* An exception is caught by who calls: what had scopes open further down is gone. */
PUBLIC void *begin_catch(void *exception)
{
    enum { RETURN = 16 }; /* from the frame's address up to the caller's stack pointer */
    const uint64_t frame = (uint64_t)__builtin_frame_address(0);
    vprec_scope_jump(frame, frame + RETURN);
    return runtime_of(__builtin_return_address(0))(exception);
}

/* Checks that it goes up the stack, as seen from its caller: our frame makes no difference. */
PUBLIC void longjmp_chk(sigjmp_buf env, int value)
{
    static __typeof__(&longjmp_chk) real;
    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "__longjmp_chk");
    jump(env);
    real(env, value);
    __builtin_unreachable();
}
