/* SPDX-License-Identifier: Apache-2.0
 * victim.c: rounds nothing by itself; its first argument says which kind of arithmetic it does: "float"; x87 on
 * constants, on a float or a double in memory; behind an instruction that no processor has, whose signal it handles;
 * in a library in a namespace of its own. Prints the bits of its float. */
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static float show(float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    printf("%08x\n", bits);
    return x;
}

__attribute__((noipa)) static float add(float x, float y)
{
    return x + y;
}

__attribute__((noipa)) static int x87(const char *kind)
{
    float f = 1.5f;
    double d = 1.5;
    long double x = 3;
    __asm__ volatile("" : "+m"(f), "+m"(d), "+m"(x));
    if (!strcmp(kind, "load-f32"))
        __asm__ volatile("flds %1\nfstpt %0" : "=m"(x) : "m"(f));
    else if (!strcmp(kind, "load-f64"))
        __asm__ volatile("fldl %1\nfstpt %0" : "=m"(x) : "m"(d));
    else if (!strcmp(kind, "store-f32"))
        __asm__ volatile("fldt %1\nfstps %0" : "=m"(f) : "m"(x));
    else if (!strcmp(kind, "add-f64"))
        __asm__ volatile("fldt %0\nfaddl %1\nfstpt %0" : "+m"(x) : "m"(d));
    else
        x = x * 1.25L + 0.1L; /* 1.25 lies there as a float: a constant, no number of the program */
    __asm__ volatile("" : "+m"(x));
    return x == 0;
}

__attribute__((noipa)) static long double widen(double x)
{
    return x;
}

/* An unsigned integer to long double, as some compilers write it: fild takes it for a signed one, and 2^64 is added to
 * what came out negative, from a table. */
__attribute__((noipa)) static long double from_unsigned(uint64_t x, const float *other)
{
    static const float table[2] = {0, 0x1p64f};
    const float *from = other;
    long double r;
    if (!other)
        __asm__ volatile("fildll %1\nlea %2, %%rax\nmov %1, %%rcx\nshr $63, %%rcx\nfadds (%%rax,%%rcx,4)\nfstpt %0"
                         : "=m"(r) : "m"(x), "m"(table) : "rax", "rcx");
    else
        __asm__ volatile("fildll %1\nmov %2, %%rax\nmov %1, %%rcx\nshr $63, %%rcx\nfadds (%%rax,%%rcx,4)\nfstpt %0"
                         : "=m"(r) : "m"(x), "m"(from) : "rax", "rcx");
    return r;
}

/* Byte 06 was push es once; one addition is before it and one behind. */
float audit_behind(float x);
__asm__(".text\n"
        ".type audit_behind, @function\n"
        "audit_behind: addss %xmm0, %xmm0\n"
        ".byte 0x06\n"
        "addss %xmm0, %xmm0\n"
        "ret\n"
        ".size audit_behind, . - audit_behind\n");

static void step_over(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP]++;
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "float";
    if (!strcmp(kind, "float"))
        return show(add(1.0f, 0.01f)) == 0;
    if (!strcmp(kind, "unknown")) {
        struct sigaction action = {.sa_sigaction = step_over, .sa_flags = SA_SIGINFO};
        sigaction(SIGILL, &action, NULL);
        return show(audit_behind(1.5f)) == 0;
    }
    if (!strcmp(kind, "namespace") || !strcmp(kind, "opened")) {
        void *library = dlmopen(*kind == 'n' ? LM_ID_NEWLM : LM_ID_BASE, argv[2], RTLD_NOW);
        float (*add_there)(float, float) = NULL;
        if (library)
            *(void **)&add_there = dlsym(library, "audit_library_add");
        return add_there ? show(add_there(1.0f, 0.01f)) == 0 : (fprintf(stderr, "%s\n", dlerror()), 3);
    }
    if (!strcmp(kind, "unsigned"))
        return from_unsigned(UINT64_MAX - (unsigned)argc, NULL) == 0;
    if (!strcmp(kind, "numbers")) {
        float numbers[2] = {0.5f, (float)argc};
        return from_unsigned(UINT64_MAX - (unsigned)argc, numbers) == 0;
    }
    if (!strcmp(kind, "widen"))
        return widen(argc) == 0;
    return x87(kind);
}
