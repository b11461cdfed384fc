/* SPDX-License-Identifier: Apache-2.0
 * precise.c: see precise.h. Meanwhile every signal but ours is blocked. */
#include "precise.h"
#include "clone/image.h"
#include "guest.h"
#include "runtime/sys.h"
#include <string.h>

enum { TRAP_FLAG = 1 << 8, STEPS = 1 << 15 }; /* the emulator takes some thousand, under a sanitizer more */

/* Whether the instruction at `original` cannot run there: it is under a jump that leads elsewhere. */
static bool is_overwritten(uint64_t original)
{
    const vprec_image *image = vprec_image_of(original);
    if (!image)
        return false;
    if (vprec_image_patch_over(image, original))
        return true;
    const vprec_patch *patch = vprec_image_patch_over(image, original + 1);
    vprec_place place;
    return patch && patch->at == original &&
           !(vprec_where_original(&image->where, patch->to, &place) && place.original == original);
}

/* Whether nothing of the instruction has been done, or what was done leaves no trace. */
static bool is_border(uint64_t rip)
{
    static const uint8_t call[] = {0x0F, 0xB6, 0xC8, 0x49, 0xBB}; /* clone.c's system call: only rcx and r11 */
    const vprec_image *image = vprec_image_of_clone(rip);
    vprec_place place;
    if (!image || rip == image->code || !vprec_where_original(&image->where, rip, &place) || !place.original)
        return true;
    if (place.kind == VPREC_WHERE_TIE)
        return false;
    return place.kind != VPREC_WHERE_BODY || rip == place.start || !memcmp((const void *)place.start, call, sizeof call);
}

static bool is_precise(int number, const siginfo_t *info, ucontext_t *uc)
{
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    siginfo_t copy = *info;
    vprec_guest guest;
    if (!is_border(rip))
        return false;
    vprec_guest_show(&guest, number, &copy, uc);
    bool shown = guest.shown_rip != rip;
    vprec_guest_back(&guest);
    return !shown || !is_overwritten(guest.shown_rip);
}

bool vprec_precise_waits(vprec_view *view, int number, const siginfo_t *info, ucontext_t *uc)
{
    bool happened = info->si_code > 0 && (number == SIGFPE || number == SIGILL || number == SIGBUS || number == SIGSYS);
    if (happened || view->postponed || is_precise(number, info, uc))
        return false;
    view->postponed_info = *info;
    memcpy(&view->postponed_mask, &uc->uc_sigmask, sizeof view->postponed_mask);
    view->steps = 0;
    view->stepped = true;
    view->postponed = number;
    const uint64_t others = ~VPREC_SET_OURS;
    memcpy(&uc->uc_sigmask, &others, sizeof others);
    uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
    return true;
}

static void end(vprec_view *view, ucontext_t *uc)
{
    view->postponed = 0;
    memcpy(&uc->uc_sigmask, &view->postponed_mask, sizeof view->postponed_mask);
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

bool vprec_precise_stepped(vprec_view *view, ucontext_t *uc, int *number, siginfo_t *info)
{
    *number = 0;
    if (!view->stepped)
        return false;
    if (!view->postponed) {
        uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
        return true;
    }
    if (++view->steps < STEPS && !is_precise(view->postponed, &view->postponed_info, uc)) {
        uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG; /* popf may have put it back */
        return true;
    }
    *number = view->postponed;
    *info = view->postponed_info;
    end(view, uc);
    return true;
}

void vprec_precise_give_up(vprec_view *view, ucontext_t *uc)
{
    int number = view->postponed;
    if (!number)
        return;
    end(view, uc);
    vprec_sys(SYS_rt_tgsigqueueinfo, vprec_sys_getpid(), vprec_sys_gettid(), number, (long)&view->postponed_info, 0, 0);
}
