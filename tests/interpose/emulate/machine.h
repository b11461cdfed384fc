/* SPDX-License-Identifier: Apache-2.0
 * machine.h: a whole processor state, code that runs on it, instructions made
 * by hand: what the emulator is held against. Shares no code with it. */
#ifndef VPREC_TESTS_MACHINE_H
#define VPREC_TESTS_MACHINE_H

#include "x86/site.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MACHINE_XSAVE = 2816 };

typedef struct machine {
    uint8_t xsave[MACHINE_XSAVE] __attribute__((aligned(64))); /* standard format */
    uint64_t gpr[16]; /* rax rcx rdx rbx rsp ...; rsp: the code's, set by machine_run */
    uint64_t flags;
} machine;

/* Calls `code` in the state `in` and saves what it leaves in `out`. */
void machine_run(const machine *in, machine *out, const void *code);

/* machine_run's XSAVE components: 0xE6 where the processor has AVX-512, else 6 or 2. */
extern uint32_t machine_components;

/* Reads CPUID; false if the processor lacks what the tests need. */
bool machine_detect(void);

/* Component offsets by number (2, 5, 6, 7), 0 if absent. */
extern uint32_t machine_offset[8];

/* Bytes 0..63 of a vector register, zero where the component is in its initial state. */
void machine_vector(const machine *m, unsigned reg, uint8_t bytes[64]);
uint64_t machine_mask(const machine *m, unsigned k);
uint32_t machine_mxcsr(const machine *m);
void machine_set_mxcsr(machine *m, uint32_t mxcsr);

/* Random registers and flags, for elements of `elem`; all components in use. */
void machine_randomise(machine *m, unsigned elem);
/* An element drawn from the boundaries of its type, sometimes of random bits. */
uint64_t machine_element(unsigned elem);
void machine_fill(uint8_t *bytes, size_t size, unsigned elem);

/* First difference as text, or NULL. `flags_ignored`: of MXCSR. */
const char *machine_difference(const machine *expected, const machine *got, uint32_t flags_ignored);

uint64_t machine_random(void);

/* A page in the low 2 GB: open, write, seal, run. */
uint8_t *machine_code(void);
void machine_code_open(void);
void machine_code_seal(void);

/* The bytes of `site`'s instruction as it stands at `address`. Returns their number. */
size_t machine_encode(const vprec_site *site, uint64_t address, uint8_t *bytes);

/* The same, and the site says that it stands there. */
void machine_place(vprec_site *site, uint64_t address, uint8_t *bytes);

#endif
