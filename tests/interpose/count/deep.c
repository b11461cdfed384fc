/* SPDX-License-Identifier: Apache-2.0
 * deep.c: functions that call one another in many ways, the last of which overflows or gives a NaN. Writes who called
 * whom, as it knows by itself: the callers' names and lines, the innermost first, one an own line. Links nothing of
 * vprec's. Usage: deep WAY */
#include <alloca.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define FUNCTION __attribute__((noipa))

/* Where a call stands, on the stack of this program's own account; names and lines by the compiler. */
typedef struct step {
    const char *name;
    int line;
} step;
static step trail[64], first[64]; /* first: as it was when the first one went wrong */
static int depth, first_depth;
static volatile float kept;

#define CALL(expression)                                                                                               \
    do {                                                                                                               \
        trail[depth].name = __func__;                                                                                  \
        trail[depth++].line = __LINE__;                                                                                \
        kept = expression;                                                                                             \
        depth--;                                                                                                       \
    } while (0)

static void keep_trail(void)
{
    if (!first_depth)
        memcpy(first, trail, sizeof first);
    first_depth = first_depth ? first_depth : depth;
}

/* The stack as it is here; `x` overflows five exponent bits when squared. */
FUNCTION static float square(float x)
{
    trail[depth].name = __func__;
    trail[depth++].line = __LINE__ + 1;
    const float y = x * x;
    keep_trail();
    depth--;
    return y;
}

/* Unwind information that leads nowhere: the frame is said to be where rbx points to. */
float lying(float x, long nowhere);
__asm__(".text\n\t.type lying, @function\nlying:\n\t.cfi_startproc\n\tpushq %rbx\n\t.cfi_adjust_cfa_offset 8\n\t"
        ".cfi_rel_offset rbx, 0\n\tmovq %rdi, %rbx\n\t.cfi_def_cfa rbx, 16\n\tmulss %xmm0, %xmm0\n\t"
        "popq %rbx\n\t.cfi_def_cfa rsp, 8\n\tret\n\t.cfi_endproc\n\t.size lying, . - lying");

/* Who calls libm. */
FUNCTION static float exponential(float x)
{
    trail[depth].name = __func__;
    trail[depth++].line = __LINE__ + 1;
    const float y = expf(x);
    keep_trail();
    depth--;
    return y;
}

FUNCTION static float plain(float x)
{
    CALL(square(x));
    return kept + 1;
}

FUNCTION static float of_many_registers(float x, long a, long b, long c, long d, long e)
{
    long f[6] = {a * b, b * c, c * d, d * e, e * a, a + b};
    __asm__ volatile("" : "+r"(f[0]), "+r"(f[1]), "+r"(f[2]), "+r"(f[3]), "+r"(f[4]), "+r"(f[5]));
    CALL(plain(x));
    return kept + (float)(f[0] ^ f[1] ^ f[2] ^ f[3] ^ f[4] ^ f[5]);
}

/* The frame's size is known while it runs: rbp leads to it. */
FUNCTION static float of_any_size(float x, size_t n)
{
    char *room = alloca(n);
    memset(room, 1, n);
    __asm__ volatile("" : : "r"(room) : "memory");
    CALL(of_many_registers(x, 1, 2, 3, 4, (long)n));
    return kept + room[n - 1];
}

FUNCTION static float again(float x, int n)
{
    if (n)
        CALL(again(x, n - 1));
    else
        CALL(of_any_size(x, 100));
    return kept + 1;
}

static int compare(const void *a, const void *b)
{
    static int once;
    if (!once++)
        CALL(plain(3e4f));
    return *(const int *)a - *(const int *)b;
}

static void *thread(void *way)
{
    (void)way;
    CALL(again(3e4f, 2));
    return NULL;
}

static void handler(int number)
{
    (void)number;
    CALL(plain(3e4f));
}

static ucontext_t here, other;

static void coroutine(void)
{
    CALL(again(3e4f, 1));
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    int numbers[] = {3, 1, 2};
    pthread_t t;
    if (!strcmp(way, "calls")) {
        CALL(again(3e4f, 3));
    } else if (!strcmp(way, "deep")) {
        CALL(again(3e4f, 30));
    } else if (!strcmp(way, "sort")) { /* by way of the C library */
        trail[depth].name = __func__;
        trail[depth++].line = __LINE__ + 1;
        qsort(numbers, 3, sizeof *numbers, compare);
    } else if (!strcmp(way, "libm")) {
        CALL(exponential(20));
    } else if (!strcmp(way, "thread")) {
        pthread_create(&t, NULL, thread, NULL);
        pthread_join(t, NULL);
    } else if (!strcmp(way, "signal")) {
        signal(SIGUSR1, handler);
        raise(SIGUSR1);
    } else if (!strcmp(way, "coroutine")) {
        getcontext(&other);
        other.uc_stack.ss_sp = malloc(1 << 16);
        other.uc_stack.ss_size = 1 << 16;
        other.uc_link = &here;
        makecontext(&other, coroutine, 0);
        swapcontext(&here, &other);
    } else if (!strcmp(way, "lying")) {
        kept = lying(3e4f, (long)0x7fff00000000) + lying(3e4f, 8) + lying(3e4f, -4096) + lying(3e4f, 0x123456789abcdef0);
        printf("%d\n", isinf(kept) != 0);
    } else {
        return 2;
    }
    for (int i = first_depth; i--;)
        printf("%s %d\n", first[i].name, first[i].line);
    return 0;
}
