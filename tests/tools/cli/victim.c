/* SPDX-License-Identifier: Apache-2.0
 * victim.c: computes in float, in one function of a known name, and then ends in the way it is told. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noipa)) float cli_victim_sum(const float *x, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* Doubles its argument. One byte stands before its call: too few for a jump at its entry. */
float cli_victim_twice(float x);
__asm__(".text\n"
        ".globl cli_victim_twice\n"
        ".type cli_victim_twice, @function\n"
        "cli_victim_twice: push %rbx\n"
        "call cli_victim_nothing\n"
        "addss %xmm0, %xmm0\n"
        "pop %rbx\n"
        "ret\n"
        ".size cli_victim_twice, . - cli_victim_twice\n"
        ".type cli_victim_nothing, @function\n"
        "cli_victim_nothing: ret\n"
        ".size cli_victim_nothing, . - cli_victim_nothing\n");

/* As C++ and Rust name them: net::scale(float), net::relu(float), net::bias. */
__attribute__((noipa)) float scale(float x) __asm__("_ZN3net5scaleEf");
__attribute__((noipa)) float scale(float x)
{
    return x * 1.1f;
}

__attribute__((noipa)) float relu(float x) __asm__("_ZN3net4reluEf");
__attribute__((noipa)) float relu(float x)
{
    return x > 0 ? x : 0;
}

__attribute__((noipa)) float bias(float x) __asm__("_RNvC3net4bias");
__attribute__((noipa)) float bias(float x)
{
    return x + 0.1f;
}

/* Of several names the one with fewer underscores is the function's; patterns know them all. */
extern __typeof__(scale) scale_again __asm__("__cli_victim_scale") __attribute__((alias("_ZN3net5scaleEf")));
extern __typeof__(bias) cli_victim_bias __attribute__((alias("_RNvC3net4bias")));

/* Ways into functions that do not lead through their first byte. */
#define FUNCTION(name, code) \
    ".globl " name "\n.type " name ", @function\n.balign 16\n" name ":\n" code ".size " name ", . - " name "\n"
__asm__(".text\n"
        /* by a pointer to a label behind its start */
        FUNCTION("cli_victim_label", "mulss %xmm0, %xmm0\nret\n"
                 "cli_victim_label_in: addss %xmm0, %xmm0\nret\n")
        /* from another one that ends with a jump: to its start, or behind it */
        FUNCTION("cli_victim_tail", "addss %xmm0, %xmm0\njmp cli_victim_tailed\n")
        FUNCTION("cli_victim_tailed", "addss %xmm0, %xmm0\nret\n")
        FUNCTION("cli_victim_across", "addss %xmm0, %xmm0\njmp cli_victim_crossed_in\n")
        FUNCTION("cli_victim_crossed", "mulss %xmm0, %xmm0\nret\n"
                 "cli_victim_crossed_in: addss %xmm0, %xmm0\nret\n")
        /* from one without arithmetic, which stays as it is */
        FUNCTION("cli_victim_plain", "jmp cli_victim_plainly_in\n")
        FUNCTION("cli_victim_plainly", "mulss %xmm0, %xmm0\nret\n"
                 "cli_victim_plainly_in: addss %xmm0, %xmm0\nret\n")
        /* by an address that nothing names: 16 bytes behind its start */
        FUNCTION("cli_victim_computed", "mulss %xmm0, %xmm0\nret\n.balign 16, 0xCC\naddss %xmm0, %xmm0\nret\n"));
/* As compilers name what they cut off a function. */
__asm__(".text\n"
        FUNCTION("cli_victim_parts.cold", "addss %xmm0, %xmm0\nret\n")
        FUNCTION("cli_victim_parts.part.0", "addss %xmm0, %xmm0\nret\n")
        FUNCTION("cli_victim_parts.part.0.constprop.1.cold", "addss %xmm0, %xmm0\nret\n"));
float part_cold(float x) __asm__("cli_victim_parts.cold");
float part_0(float x) __asm__("cli_victim_parts.part.0");
float part_0_cold(float x) __asm__("cli_victim_parts.part.0.constprop.1.cold");

extern char cli_victim_label_in[], cli_victim_computed[];
float cli_victim_tail(float x), cli_victim_across(float x), cli_victim_plain(float x);

static int take_all_ways(float x)
{
    typedef float call(float);
    call *volatile inside = (call *)(void *)cli_victim_label_in;
    char *volatile base = cli_victim_computed;
    float sum = inside(x) + cli_victim_tail(x) + cli_victim_across(x) + cli_victim_plain(x);
    return sum + ((call *)(void *)(base + 16))(x) == 14 * x;
}

/* Adds 0.1f `n` times; prints the sum's bits without further arithmetic. */
int main(int argc, char **argv)
{
    const char *end = argc > 1 ? argv[1] : "return";
    float x[100], sum;
    unsigned bits;
    for (int i = 0; i < 100; i++)
        x[i] = 0.1f;
    sum = cli_victim_sum(x, 100);
    memcpy(&bits, &sum, sizeof bits);
    printf("%08x\n", bits);
    fflush(stdout);
    if (!strcmp(end, "pointer")) {
        float (*volatile twice)(float) = cli_victim_twice;
        return twice(x[0]) != 0.2f;
    }
    if (!strcmp(end, "names"))
        return bias(relu(scale(1))) != 1.1f + 0.1f;
    if (!strcmp(end, "parts"))
        return part_cold(1) + part_0(1) + part_0_cold(1) != 6;
    if (!strcmp(end, "ways"))
        return !take_all_ways(1);
    if (!strcmp(end, "_exit"))
        _exit(5);
    if (!strcmp(end, "crash"))
        raise(SIGSEGV);
    if (!strcmp(end, "kill"))
        raise(SIGKILL);
    if (!strcmp(end, "exec"))
        execl("/proc/self/exe", argv[0], "_exit", (char *)NULL);
    return 0;
}
