/* SPDX-License-Identifier: Apache-2.0
 * plt.h: what linkers write into PLTs. Reads bytes, knows no object. */
#ifndef VPREC_FIND_PLT_H
#define VPREC_FIND_PLT_H

#include <stdint.h>

enum { VPREC_PLT_BYTES = 11 }; /* of the longest form */

/* The GOT's word that the PLT entry at `address` jumps through; 0: it is none. Reads VPREC_PLT_BYTES bytes. */
static inline uint64_t vprec_plt_slot(uint64_t address)
{
    const uint8_t *at = (const uint8_t *)address;
    if (at[0] == 0xF3 && at[1] == 0x0F && at[2] == 0x1E && at[3] == 0xFA) /* endbr64 */
        at += 4;
    if (at[0] == 0xF2) /* bnd */
        at++;
    if (at[0] != 0xFF || at[1] != 0x25)
        return 0;
    int32_t displacement;
    __builtin_memcpy(&displacement, at + 2, sizeof displacement);
    return (uint64_t)at + 6 + (uint64_t)(int64_t)displacement;
}

#endif
