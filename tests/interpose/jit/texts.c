/* SPDX-License-Identifier: Apache-2.0
 * texts.c: a program and its own text: it copies a function elsewhere and runs the copy, and patches an instruction in
 * place, as static keys and tracers do, with the page writable meanwhile, or for good. With TEXTS_WHOLE it also sums
 * the bytes of its functions before and after they ran, and writes through /proc/self/mem. */
#include "kernels.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A function with one operation, padded, of which the length is known; nop is five bytes for a jump. */
#define FUNCTION(name, nop, operation)                                                                                 \
    void name(const void *, void *, long);                                                                             \
    extern const uint8_t name##_end[];                                                                                 \
    __asm__(".text\n.balign 64\n.globl " #name "\n.type " #name ", @function\n" #name ":\n.cfi_startproc\n"           \
            "movss (%rdi), %xmm0\n" nop operation " 64(%rdi), %xmm0\nmovss %xmm0, (%rsi)\nret\n.cfi_endproc\n.globl "  \
            #name "_end\n" #name "_end:\n.size " #name ", .-" #name "\n.previous\n");

#define NOP5 ".byte 0x0f, 0x1f, 0x44, 0, 0\n"
#define KEYED(i, operation) FUNCTION(keyed_##i, NOP5, operation)

FUNCTION(text_add, "", "addss")
FUNCTION(text_mul, "", "mulss")
FUNCTION(text_div, "", "divss")
KEYED(0, "addss")
KEYED(1, "mulss")
KEYED(2, "subss")
KEYED(3, "divss")

struct text {
    kernel run;
    const uint8_t *end;
    enum operation operation;
};

static const struct text plain[] = {
    {text_add, text_add_end, ADD}, {text_mul, text_mul_end, MUL}, {text_div, text_div_end, DIV}};
static const struct text keyed[] = {{keyed_0, keyed_0_end, ADD},
                                    {keyed_1, keyed_1_end, MUL},
                                    {keyed_2, keyed_2_end, SUB},
                                    {keyed_3, keyed_3_end, DIV}};

#ifdef TEXTS_WHOLE
enum { WHOLE = 1 };
#else
enum { WHOLE = 0 };
#endif

static const uint8_t *bytes(const struct text *text)
{
    return (const uint8_t *)(uintptr_t)text->run;
}

static void sums(const char *when)
{
    printf("text %s:", when);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        uint32_t sum = 0;

        for (const uint8_t *p = bytes(&plain[i]); p < plain[i].end; p++)
            sum = sum * 31 + *p;
        printf(" %08x", sum);
    }
    printf("\n");
}

static void call(struct record *record, const struct text *text, const void *code)
{
    struct kind kind = {text->operation, SSE_SCALAR, 0};

    run(record, kind, code, 1);
}

/* Skips the operation: the five bytes of no effect become a jump over it and back. */
static void turn(const struct text *text, int on, int by_file)
{
    static const uint8_t jump[] = {0xe9, 5, 0, 0, 0}, nop[] = {0x0f, 0x1f, 0x44, 0, 0};
    uint8_t *at = (uint8_t *)(uintptr_t)text->run + 4;
    uint8_t *page = (uint8_t *)((uintptr_t)at & ~(uintptr_t)(PAGE - 1));

    if (by_file) {
        int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

        need(fd >= 0 && pwrite(fd, on ? jump : nop, sizeof nop, (off_t)(uintptr_t)at) == sizeof nop, "/proc/self/mem");
        close(fd);
        return;
    }
    protect(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC); /* this very code may lie there */
    memcpy(at, on ? jump : nop, sizeof nop);
    if (seed % 3)
        protect(page, 2 * PAGE, PROT_READ | PROT_EXEC);
}

int main(int argc, char **argv)
{
    struct record *record;
    uint8_t *copy;

    start(argc, argv);
    record = record_new(0);
    if (WHOLE && seed % 2)
        sums("before it ran");
    copy = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    for (int i = 0; i < 9; i++) {
        const struct text *text = &plain[i % 3];

        if (i >= 3)
            call(record, text, bytes(text));
        memcpy(copy + i * 64, bytes(text), (size_t)(text->end - bytes(text)));
        call(record, text, copy + i * 64);
    }
    if (WHOLE)
        sums("after it ran");
    for (int i = 0; i < 16; i++) {
        const struct text *text = &keyed[draw(record, 4)];
        struct kind kind = {text->operation, SSE_SCALAR, 0};
        int by_file = WHOLE && i % 4 == 3;

        call(record, text, bytes(text));
        turn(text, 1, by_file);
        operands(record, kind);
        text->run(record->in, record->out, 1);
        if (memcmp(record->in, record->out, 4) != 0)
            printf("the old code ran\n");
        turn(text, 0, by_file);
        call(record, text, bytes(text));
    }
    record_print(record);
    return 0;
}
