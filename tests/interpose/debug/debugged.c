/* SPDX-License-Identifier: Apache-2.0
 * debugged.c: small sums for a debugger to look at: one in a loop, one with a call in its middle, one that is reached
 * by pointer only and has no room for a jump. Says its process id first, and lets anybody trace it. With an argument it
 * waits to be told to go on. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

float debugged_narrow(float x, float y, int n);
__asm__(".text\n"
        ".type debugged_before, @function\n"
        "debugged_before:\n"
        ".rept 160\n"
        "    incl %eax\n"
        ".endr\n"
        "    ret\n"
        ".size debugged_before, . - debugged_before\n"
        ".globl debugged_narrow\n"
        ".type debugged_narrow, @function\n"
        "debugged_narrow:\n"
        "    push %rbx\n"
        "1:  addss %xmm1, %xmm0\n"
        "    dec %edi\n"
        "    jnz 1b\n"
        "    pop %rbx\n"
        "    ret\n"
        ".size debugged_narrow, . - debugged_narrow\n"
        ".type debugged_behind, @function\n"
        "debugged_behind:\n"
        ".rept 160\n"
        "    incl %eax\n"
        ".endr\n"
        "    ret\n"
        ".size debugged_behind, . - debugged_behind\n");
static float (*volatile debugged_pointer)(float, float, int) = debugged_narrow;

__attribute__((noipa)) float debugged_sum(int n)
{
    volatile float s = 0;
    for (int i = 0; i < n; i++)
        s += 0.1f;
    return s;
}

volatile int debugged_calls;
__attribute__((noipa)) void debugged_middle(void)
{
    debugged_calls++;
}

__attribute__((noipa)) float debugged_area(float r)
{
    float a = r * r;
    debugged_middle();
    return a * 3 + 0.5f;
}

int main(int argc, char **argv)
{
    (void)argv;
    volatile float r = 1.1f, tenth = 0.1f;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    printf("pid %d\n", (int)getpid());
    fflush(stdout);
    if (argc > 1) {
        debugged_area(r);
        (void)getchar();
    }
    printf("sum %g\narea %g\nnarrow %g\n", debugged_sum(10000), debugged_area(r), debugged_pointer(0, tenth, 10000));
    return 0;
}
