/* SPDX-License-Identifier: Apache-2.0
 * probe.c: see probe.h. Tried on a page of this library's own code in which there is none: it is mapped as the code is
 * that is to be changed, and may go without X if it must. */
#include "probe.h"
#include "runtime/sys.h"

__asm__(".pushsection .text\n"
        ".balign 4096\n"
        "vprec_probe_page: .skip 4096, 0xCC\n"
        ".popsection\n");
extern uint8_t vprec_probe_page[] __attribute__((visibility("hidden")));

static bool try(void)
{
    volatile uint8_t *page = vprec_probe_page;
    if (vprec_sys_mprotect(page, 4096, PROT_READ | PROT_WRITE))
        return false;
    *page = 0x90;
    if (vprec_sys_mprotect(page, 4096, PROT_READ | PROT_EXEC))
        return false;
    void *memory = vprec_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool may = memory != MAP_FAILED && !vprec_sys_mprotect(memory, 4096, PROT_READ | PROT_EXEC);
    if (memory != MAP_FAILED)
        vprec_sys_munmap(memory, 4096);
    return may;
}

bool vprec_probe_executes(void)
{
    static int known; /* 1 no, 2 yes */
    if (!known)
        known = 1 + try();
    return known == 2;
}
