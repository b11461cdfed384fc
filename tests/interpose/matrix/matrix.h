/* SPDX-License-Identifier: Apache-2.0
 * matrix.h: the register state that a generated function loads and stores
 * around its one instruction, and the description of that instruction.
 * state.S and generate.py know these layouts. */
#ifndef VPREC_TESTS_MATRIX_H
#define VPREC_TESTS_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

enum { MATRIX_WINDOW = 256 }; /* stack bytes from rsp-128 (the red zone) to rsp+127 */

typedef struct matrix_state {
    uint8_t vector[32][64];
    uint64_t mask[8];              /* offset 2048 */
    uint64_t gpr[16];              /* 2112; rax rcx rdx rbx rsp rbp rsi rdi r8..r15; rsp is only stored */
    uint64_t rflags;               /* 2240 */
    uint32_t mxcsr, pad;           /* 2248 */
    uint8_t window[MATRIX_WINDOW]; /* 2256 */
} matrix_state;

/* How a function moves its vector registers: what it may use follows. */
enum matrix_style { MATRIX_SSE, MATRIX_AVX, MATRIX_AVX512, MATRIX_STYLES };

enum matrix_op {
    MATRIX_ADD, MATRIX_SUB, MATRIX_MUL, MATRIX_DIV, MATRIX_SQRT, MATRIX_FMA,
    MATRIX_ADDSUB, MATRIX_HADD, MATRIX_HSUB, MATRIX_DP, MATRIX_CVT,
    MATRIX_APPROX /* the native result, rounded */
};

enum { MATRIX_GPR = 32, MATRIX_MEM = 64, MATRIX_NONE = 255 }; /* operands: vector 0..31, these, or none */

enum matrix_form {
    MATRIX_NO_MEMORY, MATRIX_BASE, MATRIX_INDEXED, MATRIX_INDEX_ONLY, MATRIX_RIP, MATRIX_STACK, MATRIX_FS, MATRIX_GS,
    MATRIX_ADDRESS32
};

typedef struct matrix_case {
    const char *text;
    uint8_t op, from, to; /* enum matrix_op; enum oracle_type of operands and results */
    uint8_t lanes;        /* results in the destination */
    bool scalar;
    uint8_t dst, a, b, c; /* operands in the order of the operation: a op b, a*b+c */
    bool negate_product, negate_addend;
    int8_t alternate;     /* FMA: +1 even lanes subtract c (fmaddsub), -1 odd lanes do (fmsubadd) */
    uint8_t mask;         /* 0 none */
    bool broadcast;
    uint8_t imm;
    uint8_t form, bytes;  /* enum matrix_form, bytes of memory read when nothing is masked */
    bool aligned;         /* memory must be aligned to `bytes` */
    uint8_t base, index, scale;
    int32_t disp;
    bool evex;
} matrix_case;

/* One build of one style's functions; the build prefixes the name. */
typedef struct matrix_library {
    void (*const *functions)(matrix_state *);
    uint8_t *operand; /* what rip-relative operands address; displacements are from here */
} matrix_library;

#endif
