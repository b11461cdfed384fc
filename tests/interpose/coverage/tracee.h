/* SPDX-License-Identifier: Apache-2.0
 * tracee.h: what the stepper knows of a traced process's address space:
 * which bytes belong to a selected object, and what instruction is where. */
#ifndef VPREC_TESTS_TRACEE_H
#define VPREC_TESTS_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What an address holds, remembered until the address space changes. */
typedef struct tracee_code {
    uint64_t address; /* 0: empty */
    int space;        /* the address space, as the stepper numbers them */
    int kind;         /* enum arith_kind */
    bool selected;    /* in the file mapping of a selected object */
    bool passed_over; /* in that of an object whose functions are not stepped */
    bool syscall;     /* a system call instruction */
    bool ret;         /* a return */
} tracee_code;

enum { TRACEE_CODES = 1 << 16 };

typedef struct tracee_offender {
    uint64_t address, offset;
    char object[200], text[96];
    unsigned long long count;
} tracee_offender;

/* Which objects are selected, and which passed over (fnmatch, on path or base name). */
void tracee_select(const char *const *selected, int count, const char *const *passed_over, int passed_over_count);
bool tracee_matches(const char *path, const char *const *patterns, int count);

/* The instruction at `address`; read from the process at its first execution
 * and remembered for address space `space` until tracee_forget. */
const tracee_code *tracee_look(pid_t pid, int space, uint64_t address);
void tracee_forget(void);

/* Fills in where `address` lies and the text of its instruction. */
void tracee_describe(pid_t pid, uint64_t address, tracee_offender *offender);

/* Value of an auxv entry of the process, 0 if there is none. */
uint64_t tracee_auxv(pid_t pid, uint64_t type);

/* Address of a symbol of the process's executable, 0 if there is none. */
uint64_t tracee_symbol(pid_t pid, const char *name);

#endif
