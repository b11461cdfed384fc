/* SPDX-License-Identifier: Apache-2.0
 * frame.c: see frame.h. The frame is the kernel's rt_sigframe, from its lower end:
 *
 *   the restorer's address | ucontext, of which the kernel knows 304 bytes | siginfo | ... | the XSAVE area
 *
 * As Linux has it for x86-64: the area is aligned to 64, and the first field lies
 * where a return address would. */
#include "frame.h"
#include <stddef.h>
#include <string.h>

enum { CONTEXT = 304, FRAME = 8 + CONTEXT + sizeof(siginfo_t) };
enum { MXCSR = 24, SOFTWARE = 464, HEADER = 512, MAGIC = 0x46505853 /* FP_XSTATE_MAGIC1 */ };
_Static_assert(offsetof(ucontext_t, uc_sigmask) == CONTEXT - 8, "the kernel's mask has 8 bytes");

static bool is_extended(const uint8_t *area)
{
    uint32_t magic;
    memcpy(&magic, area + SOFTWARE, 4);
    return magic == MAGIC;
}

static size_t area_size(const uint8_t *area)
{
    uint32_t extended;
    memcpy(&extended, area + SOFTWARE + 4, 4);
    return is_extended(area) ? extended : 512;
}

/* No call: the C library's may be somebody else's, who is not for signal handlers. */
static void copy_area(void *to, const void *from, size_t n)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

bool vprec_frame_copy(vprec_frame *to, const siginfo_t *info, const ucontext_t *uc, uint64_t top, uint64_t low,
                      uint64_t restorer)
{
    const uint8_t *area = (const uint8_t *)uc->uc_mcontext.fpregs;
    size_t size = area ? area_size(area) : 0;
    uint64_t copy = (top - size) & ~UINT64_C(63);
    uint64_t rsp = ((copy - FRAME) & ~UINT64_C(15)) - 8;
    if (rsp < low || rsp > top)
        return false;
    *to = (vprec_frame){(siginfo_t *)(rsp + 8 + CONTEXT), (ucontext_t *)(rsp + 8), rsp};
    copy_area((void *)copy, area, size);
    memcpy(to->info, info, sizeof *info);
    memcpy(to->uc, uc, CONTEXT);
    if (area)
        to->uc->uc_mcontext.fpregs = (fpregset_t)copy;
    *(uint64_t *)rsp = restorer;
    return true;
}

/* What the kernel gives to a handler: nothing in the registers, every exception masked. */
static void clear_vectors(uint8_t *area)
{
    const uint32_t mxcsr = 0x1F80;
    uint64_t used;
    memcpy(area + MXCSR, &mxcsr, sizeof mxcsr);
    if (!is_extended(area))
        return;
    memcpy(&used, area + HEADER, 8);
    used &= 1 << 9; /* the rights of protection keys */
    memcpy(area + HEADER, &used, 8);
}

void vprec_frame_call(ucontext_t *uc, const vprec_frame *frame, vprec_frame_function *function, int number,
                      uint64_t data, uint64_t mask)
{
    enum { TRAP = 1 << 8, DIRECTION = 1 << 10, RESUME = 1 << 16 };
    greg_t *r = uc->uc_mcontext.gregs;
    r[REG_RSP] = (greg_t)frame->rsp;
    r[REG_RIP] = (greg_t)function;
    r[REG_RDI] = number;
    r[REG_RSI] = (greg_t)frame->info;
    r[REG_RDX] = (greg_t)frame->uc;
    r[REG_RCX] = (greg_t)data;
    r[REG_RAX] = 0;
    r[REG_EFL] &= ~(greg_t)(TRAP | DIRECTION | RESUME);
    memcpy(&uc->uc_sigmask, &mask, sizeof mask);
    if (uc->uc_mcontext.fpregs)
        clear_vectors((uint8_t *)uc->uc_mcontext.fpregs);
}
