/* SPDX-License-Identifier: Apache-2.0
 * meters.c: see meters.h. Where the program uses %gs itself, what would be
 * counted then is left out, and told to be. */
#include "meters.h"
#include "clone/follow.h"
#include "clone/image.h"
#include "runtime/gs.h"
#include "runtime/meter.h"
#include "runtime/next.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "scope/scopes.h"
#include "x86/decode.h"
#include "x86/emulate/stack.h"
#include <aio.h>
#include <asm/prctl.h>
#include <netdb.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

static bool on, by_instruction, is_quiet;

static void set_base(uint64_t base)
{
    if (by_instruction)
        vprec_gs_set(base);
    else
        vprec_sys(SYS_arch_prctl, ARCH_SET_GS, (long)base, 0, 0, 0, 0);
}

static uint64_t base_here(void)
{
    uint64_t base = 0;
    if (by_instruction)
        return vprec_gs();
    vprec_sys(SYS_arch_prctl, ARCH_GET_GS, (long)&base, 0, 0, 0, 0);
    return base;
}

/* The thread's meter, made if need be; 0: no memory. */
static uint64_t meter_here(void)
{
    uint64_t by_scope = vprec_scope_metered ? vprec_scope_meter() : 0;
    if (by_scope)
        return by_scope;
    vprec_stacks *s = vprec_stack_find();
    if (!s)
        s = vprec_stack_make();
    uint64_t lineage = vprec_meter_lineage();
    if (!s)
        return (uint64_t)vprec_meter_make();
    if (!s->meter || s->lineage != lineage) {
        s->meter = (uint64_t)vprec_meter_make();
        s->lineage = lineage;
    }
    return s->meter;
}

void vprec_meters_begin(void)
{
    by_instruction = vprec_gs_able();
    on = vprec_meter_begin();
}

bool vprec_meters_on(void)
{
    return on;
}

/* It may be the maker's of this thread or process, or the program's own. */
static void leave(void)
{
    uint64_t base = on ? base_here() : 0;
    if (base && vprec_scope_metered && vprec_scope_has_base(base)) {
        set_base(0);
        return;
    }
    for (const vprec_stacks *s = base ? vprec_stack_all() : NULL; s; s = s->others)
        if (s->meter && base == s->meter + VPREC_METER_ABOVE) {
            set_base(0);
            return;
        }
}

void vprec_meters_enter(void)
{
    uint64_t meter = on && !base_here() ? meter_here() : 0;
    if (meter)
        set_base(meter + VPREC_METER_ABOVE);
}

void vprec_meters_leave(void)
{
    static atomic_bool told;
    if (!is_quiet)
        leave();
    else if (on && !atomic_exchange(&told, true))
        vprec_record_warning("under a debugger or sanitizer, what is counted of threads and processes that are not made by "
                             "pthread_create or fork may be too little: use --count=all");
}

void vprec_meters_start(void)
{
    leave();
    if (is_quiet)
        vprec_meters_enter();
}

void vprec_meters_quiet(void)
{
    is_quiet = true;
    vprec_meters_enter();
}

/* The instruction at `rip`, in a clone, if it counts: its length. They end in their displacement, which has neither a
 * base nor an index register. */
static unsigned counting(uint64_t rip)
{
    enum { GS = 0x65, NO_REGISTERS = 0x25, LONGEST = 15 };
    const uint8_t *at = (const uint8_t *)rip;
    vprec_insn insn;
    int32_t displacement;
    if (at[0] != GS || !vprec_insn_decode(at, LONGEST, rip, &insn) || insn.length < 6 ||
        at[insn.length - 5] != NO_REGISTERS)
        return 0;
    memcpy(&displacement, at + insn.length - 4, sizeof displacement);
    return (uint32_t)displacement - (uint32_t)VPREC_METER_DISPLACEMENT < VPREC_METER_BYTES ? insn.length : 0;
}

void vprec_meters_follow(void)
{
    const uint64_t base = vprec_scope_metered ? base_here() : 0;
    const uint64_t meter = base && vprec_scope_has_base(base) ? vprec_scope_meter() : 0;
    if (meter)
        set_base(meter + VPREC_METER_ABOVE);
}

bool vprec_meters_fault(const siginfo_t *info, ucontext_t *uc)
{
    static atomic_bool told;
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    if (!on || info->si_code <= 0 || !vprec_image_of_clone(rip))
        return false;
    if (vprec_scope_metered && vprec_follow_is_trap((const uint8_t *)rip)) {
        vprec_meters_follow();
        uc->uc_mcontext.gregs[REG_RIP] = (greg_t)rip + 1;
        return true;
    }
    unsigned length = counting(rip);
    if (length && vprec_scope_metered && vprec_follow_asks((const uint8_t *)rip))
        length = VPREC_FOLLOW_QUESTION; /* without a meter there is nothing to ask */
    if (!length)
        return false;
    uint64_t meter = base_here() ? 0 : meter_here();
    if (meter) {
        set_base(meter + VPREC_METER_ABOVE);
        return true;
    }
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(rip + length);
    if (!atomic_exchange(&told, true))
        vprec_record_warning("the program uses the register gs, by which operations are counted: what it computes then is "
                             "not counted; use --count=all");
    return true;
}

/* What makes threads in the C library, but for those of events.c; and a process without its atfork. */
#define EACH(_) _(aio_read) _(aio_write) _(aio_fsync) _(lio_listio) _(getaddrinfo_a) _(_Fork) _(clone)
VPREC_NEXT_TABLE(EACH)

PUBLIC int aio_read(struct aiocb *block)
{
    vprec_meters_leave();
    return NEXT(aio_read)(block);
}

PUBLIC int aio_write(struct aiocb *block)
{
    vprec_meters_leave();
    return NEXT(aio_write)(block);
}

PUBLIC int aio_fsync(int operation, struct aiocb *block)
{
    vprec_meters_leave();
    return NEXT(aio_fsync)(operation, block);
}

PUBLIC int lio_listio(int mode, struct aiocb *const blocks[restrict], int count, struct sigevent *restrict event)
{
    vprec_meters_leave();
    return NEXT(lio_listio)(mode, blocks, count, event);
}

PUBLIC int getaddrinfo_a(int mode, struct gaicb *blocks[], int count, struct sigevent *event)
{
    vprec_meters_leave();
    return NEXT(getaddrinfo_a)(mode, blocks, count, event);
}

/* As the C library's, which asks the flags how many arguments there are; a child of vfork works with what its parent
 * has. */
PUBLIC int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    va_list more;
    va_start(more, argument);
    pid_t *parent = va_arg(more, pid_t *);
    void *pointer = va_arg(more, void *);
    pid_t *child = va_arg(more, pid_t *);
    va_end(more);
    if (~flags & (CLONE_VM | CLONE_VFORK))
        vprec_meters_leave();
    return NEXT(clone)(function, stack, flags, argument, parent, pointer, child);
}

PUBLIC pid_t _Fork(void)
{
    vprec_meters_leave();
    return NEXT(_Fork)();
}
