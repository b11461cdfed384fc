/* SPDX-License-Identifier: Apache-2.0
 * births.c: threads and processes that a program makes by system calls of its own, as Go's runtime does: what they find
 * of masks and stacks, what is left to who made them. Every instruction keeps what a system call must keep. */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static inline long call(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

/* kept(number, a, b, c, d): what of registers, flags and the red zone a system call has changed; 0 nothing. */
__asm__(".text\n"
        ".type kept, @function\n"
        "kept: pushq %rbx\n"
        "    pushq %rbp\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rdi, %rax\n"
        "    movq %rsi, %rdi\n"
        "    movq %rdx, %rsi\n"
        "    movq %rcx, %rdx\n"
        "    movq %r8, %r10\n"
        "    .irp r, rbx, rbp, r8, r9, r12, r13, r14, r15\n"
        "    movabsq $0x123456789abcdef, %\\r\n"
        "    .endr\n"
        "    movq %rdi, -120(%rsp)\n"
        "    movq %rsi, -112(%rsp)\n"
        "    movq %rdx, -104(%rsp)\n"
        "    movq %r10, -96(%rsp)\n"
        "    .irp at, -128, -88, -64, -16, -8\n"
        "    movq %rbx, \\at(%rsp)\n"
        "    .endr\n"
        "    movq %rbx, %xmm0\n"
        "    movq %rbx, %xmm15\n"
        "    stc\n"
        "    std\n"
        "    syscall\n"
        "    pushfq\n"
        "    cld\n"
        "    popq %r11\n"
        "    movq %rax, last_result(%rip)\n"
        "    xorl %eax, %eax\n"
        "    andl $0x401, %r11d\n" /* direction, carry */
        "    xorl $0x401, %r11d\n"
        "    orq %r11, %rax\n"
        "    .irp at, -128, -88, -64, -16\n" /* -8 held the flags */
        "    movq \\at(%rsp), %rcx\n"
        "    xorq %rbx, %rcx\n"
        "    orq %rcx, %rax\n"
        "    .endr\n"
        "    .irp r, rbp, r8, r9, r12, r13, r14, r15\n"
        "    xorq %rbx, %\\r\n"
        "    orq %\\r, %rax\n"
        "    .endr\n"
        "    .irp x, 0, 15\n"
        "    movq %xmm\\x, %rcx\n"
        "    xorq %rbx, %rcx\n"
        "    orq %rcx, %rax\n"
        "    .endr\n"
        "    xorq -120(%rsp), %rdi\n"
        "    xorq -112(%rsp), %rsi\n"
        "    xorq -104(%rsp), %rdx\n"
        "    xorq -96(%rsp), %r10\n"
        "    orq %rdi, %rax\n"
        "    orq %rsi, %rax\n"
        "    orq %rdx, %rax\n"
        "    orq %r10, %rax\n"
        "    movabsq $0xfedcba9876543210, %rcx\n"
        "    addq %rcx, %rbx\n"
        "    cmpq $-1, %rbx\n"
        "    setne %cl\n"
        "    movzbl %cl, %ecx\n"
        "    orq %rcx, %rax\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbp\n"
        "    popq %rbx\n"
        "    ret\n"
        ".size kept, . - kept\n"
        ".local last_result\n"
        ".comm last_result, 8, 8\n");
long kept(long number, long a, long b, long c, long d);
extern long last_result;

/* start(flags, stack, pointer): the thread runs `born` on the stack, and ends. */
__asm__(".text\n"
        ".type start, @function\n"
        "start: xorl %r10d, %r10d\n"
        "    movq %rdx, %r8\n"
        "    xorl %edx, %edx\n"
        "    movl $56, %eax\n"
        "    syscall\n"
        "    testq %rax, %rax\n"
        "    jz 1f\n"
        "    ret\n"
        "1:  call born\n"
        "    movl $60, %eax\n"
        "    xorl %edi, %edi\n"
        "    syscall\n"
        "    hlt\n"
        ".size start, . - start\n");
long start(long flags, const void *stack, const void *pointer);

typedef struct finding {
    uint64_t blocked;
    stack_t stack;
    float sum;
    int32_t done;
} finding;
static volatile finding found;

static float sum(float x)
{
    float s = 0;
    for (int i = 0; i < 1000; i++)
        s += x;
    return s;
}

/* Without the C library: the thread is none of its. */
void born(void);
__attribute__((no_stack_protector)) void born(void)
{
    uint64_t blocked = 0;
    stack_t stack = {0};

    call(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&blocked, 8, 0);
    call(SYS_sigaltstack, 0, (long)&stack, 0, 0, 0);
    found.blocked = blocked;
    found.stack = stack;
    found.sum = sum(0.1f);
    __atomic_store_n((int32_t *)&found.done, 1, __ATOMIC_SEQ_CST);
    call(SYS_futex, (long)&found.done, 1 /* FUTEX_WAKE */, 1, 0, 0);
}

static uint64_t bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

static uint64_t mask_of(void)
{
    uint64_t blocked = 0;

    call(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&blocked, 8, 0);
    return blocked;
}

static void threads(void)
{
    enum { SIZE = 65536 };
    char *memory = mmap(NULL, (size_t)2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const uint64_t masks[] = {0, bit(SIGTRAP) | bit(SIGUSR1), ~UINT64_C(0)};

    for (int i = 0; i < 9; i++) {
        const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
        uint64_t mask = masks[i % 3], none = 0;
        float here = sum(0.3f);
        int wrong = 0, shares = i >= 6; /* its maker's thread pointer */
        found.done = 0;
        call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, 8, 0);
        long thread = start(flags | (shares ? 0 : CLONE_SETTLS), memory + SIZE, memory + SIZE + SIZE / 2);
        while (thread > 0 && !__atomic_load_n((int32_t *)&found.done, __ATOMIC_SEQ_CST))
            if (shares)
                wrong += sum(0.3f) != here;
            else
                call(SYS_futex, (long)&found.done, 0 /* FUTEX_WAIT */, 0, 0, 0);
        call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0);
        printf("thread %d: under %lx, stack %x %zu, %a, wrong %d\n", thread > 0, shares ? 0 : (long)found.blocked,
               (unsigned)found.stack.ss_flags, found.stack.ss_size, (double)found.sum, wrong);
        while (thread > 0 && !call(SYS_tgkill, getpid(), thread, 0, 0, 0))
            call(SYS_sched_yield, 0, 0, 0, 0, 0);
    }
}

/* In the child nothing but system calls. */
static void processes(void)
{
    static const char *const args[] = {"births", "shows", NULL};
    uint64_t mask = bit(SIGTRAP) | bit(SIGHUP), other = bit(SIGSEGV) | bit(SIGUSR2), none = 0;
    int status;

    for (int i = 0; i < 2; i++) {
        fflush(stdout);
        call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, 8, 0);
        volatile long inside = 0;
        long child = i ? call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) : call(SYS_vfork, 0, 0, 0, 0, 0);
        if (!child) {
            inside = (long)mask_of();
            call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&other, 0, 8, 0);
            call(SYS_execve, (long)"/proc/self/exe", (long)args, (long)environ, 0, 0);
            call(SYS_exit_group, 9, 0, 0, 0, 0);
        }
        uint64_t now = mask_of();
        call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0);
        waitpid((pid_t)child, &status, 0);
        printf("vfork: %d, inside %lx, then %lx, status %x\n", child > 0, inside, (long)now, (unsigned)status);
    }
    fflush(stdout);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, 8, 0);
    long child = call(SYS_fork, 0, 0, 0, 0, 0);
    if (!child) {
        printf("fork: under %lx, %a\n", (long)mask_of(), (double)sum(0.3f));
        fflush(stdout);
        call(SYS_exit_group, 3, 0, 0, 0, 0);
    }
    waitpid((pid_t)child, &status, 0);
    printf("status %x\n", (unsigned)status);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0);
}

int main(int argc, char **argv)
{
    uint64_t mask = 0, was = 0;

    if (argc > 1 && !strcmp(argv[1], "shows")) {
        printf("executed under %lx\n", (long)mask_of());
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        printf("kept %lx", kept(SYS_getpid, 1, 2, 3, 4));
        printf(" %d", last_result == getpid());
        printf(" %lx", kept(SYS_rt_sigprocmask, SIG_BLOCK, (long)&mask, (long)&was, 8));
        printf(" %ld", last_result);
        printf(" %lx", kept(SYS_rt_sigprocmask, SIG_BLOCK, 0, 0, 9));
        printf(" %ld", last_result);
        printf(" %lx", kept(SYS_prctl, 1000, 0, 0, 0));
        printf(" %ld\n", last_result);
    }
    threads();
    processes();
    return 0;
}
