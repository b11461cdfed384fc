/* SPDX-License-Identifier: Apache-2.0
 * kernels.h: what every program of the jit tests shares: an assembler for functions of one floating-point operation,
 * drawn operands, a record of every operation that such a function did, and the system calls that make memory
 * executable. A program prints
 *
 *     op TYPE NAME A B C RESULT     bits in hexadecimal, for the driver to compute again
 *     ...                           any other line is the same in every format
 *
 * and is called as PROGRAM SEED [raw]; raw: memory calls by `syscall` instructions of its own, past libc. */
#ifndef VPREC_TESTS_JIT_KERNELS_H
#define VPREC_TESTS_JIT_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum operation { ADD, SUB, MUL, DIV, SQRT, FMA, OPERATIONS };
enum shape { SSE_SCALAR, SSE_PACKED, AVX_SCALAR, AVX_PACKED, AVX512_PACKED, SHAPES };

/* What one function does; `wide`: binary64. */
struct kind {
    enum operation operation;
    enum shape shape;
    int wide;
};

/* void(in, out, times): in: vectors a, b, c of 64 bytes each; out: 64 bytes. The operation is done `times` times. */
typedef void (*kernel)(const void *in, void *out, long times);

enum { KERNEL_MOST = 96, PAGE = 4096 };

/* What a thread has done; one owner at a time. */
struct record {
    char *text;
    size_t length, room;
    uint64_t random;
    uint8_t in[192] __attribute__((aligned(64))), out[64] __attribute__((aligned(64)));
};

void start(int argc, char **argv);     /* once, first in main */
extern uint64_t seed;
struct record *record_new(uint64_t stream); /* the same stream, the same operands */
void record_print(struct record *record);   /* and frees it */
unsigned draw(struct record *record, unsigned below);

struct kind draw_kind(struct record *record); /* one that this processor has */
struct kind other_kind(struct record *record, struct kind kind); /* another operation in the same number of bytes */
size_t emit(void *at, struct kind kind);      /* the bytes written, at most KERNEL_MOST */
void operands(struct record *record, struct kind kind); /* draws record->in, clears record->out */
void results(struct record *record, struct kind kind);  /* records what record->out holds */
void run(struct record *record, struct kind kind, const void *code, long times); /* operands, the call, results */

/* A counter of this thread's page faults, and how many it has had by then. The program ends with 77, and says why, where
 * there is none. */
int faults_begin(void);
uint64_t faults_now(int counter);

/* The program ends when they fail: MAP_PRIVATE | MAP_ANONYMOUS for fd < 0, else MAP_SHARED. */
void *map(void *wanted, size_t size, int protection, int fd);
void protect(void *at, size_t size, int protection);
void unmap(void *at, size_t size);
void need(int good, const char *what);

#endif
