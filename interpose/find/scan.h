/* SPDX-License-Identifier: Apache-2.0
 * scan.h: whether a page of code may become executable as it is: whether nothing in it, read at any byte, is an
 * instruction that has to be seen. It knows no functions and no boundaries of instructions; both would be guesses. */
#ifndef VPREC_FIND_SCAN_H
#define VPREC_FIND_SCAN_H

#include "runtime/memory.h"
#include "vprec.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a page must not hold. x87 is never looked for: its bytes, D8 to DF, stand on every page. */
typedef struct vprec_scan {
    bool type[VPREC_TYPES];  /* sites whose results are of the type, and refused instructions that take or give it */
    bool control;            /* ldmxcsr, fxrstor, xrstor in all forms */
    bool syscalls;           /* syscall, sysenter, int 0x80 */
    const uint64_t *targets; /* sorted; `jmp rel32`, `jcc rel32` to one of them, `jmp` or `call` through such a word */
    size_t target_count;
} vprec_scan;

/* Whether nothing that counts starts at any of the `size` bytes at `bytes`, which lie at `address` in the process;
 * `behind`: how many bytes may be read behind them (more than 15 are of no use). An instruction that starts before
 * `bytes` is not seen: hand over 14 bytes more there. False may be wrong, seldom; true is not.
 *
 * Legacy SSE tells types by a prefix, and a page is read at any byte: where binary32 counts, the `addps` within an
 * `addsd` (F2 0F 58) does, for F2 is as well the end of an instruction before, as in `mov %esi, %edx; addps`. */
bool vprec_scan_clean(const vprec_scan *scan, const uint8_t *bytes, size_t size, size_t behind, uint64_t address);

/* Appends to `places` (uint64_t) the addresses of what could be an instruction with VEX or EVEX that names an opmask or a
 * vector register above 15, and more: the decoder tells. False: no memory. */
bool vprec_scan_extended(const uint8_t *bytes, size_t size, uint64_t address, vprec_vec *places);

/* Appends to `targets` (uint64_t) those in [lo, hi) of all that could be a `jmp rel32`, `jcc rel32` or `call rel32` at
 * any of the bytes, in their order. False: no memory. */
bool vprec_scan_jumps(const uint8_t *bytes, size_t size, size_t behind, uint64_t address, uint64_t lo, uint64_t hi,
                      vprec_vec *targets);

#endif
