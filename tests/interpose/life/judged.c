/* SPDX-License-Identifier: Apache-2.0
 * judged.c: a program whose system calls the kernel judges by the address that they come from (seccomp), or shows to a
 * handler (SIGSYS): the instructions that make them are the program's own, where it has them. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* One with room behind the instruction, one without, one that is entered at it, one that another function is behind. */
__asm__(".text\n"
        ".p2align 4\n"
        "calls_begin:\n"
        ".type call_wide, @function\n"
        "call_wide: movl %edi, %eax\n"
        "    syscall\n"
        "wide_behind: cmpq $-4095, %rax\n"
        "    jb 1f\n"
        "    addq $1000, %rax\n"
        "1:  ret\n"
        ".size call_wide, . - call_wide\n"
        ".p2align 4\n"
        ".type call_tight, @function\n"
        "call_tight: movl %edi, %eax\n"
        "    nop\n"
        "    nop\n"
        "    nop\n"
        "    syscall\n"
        "tight_behind: ret\n"
        ".size call_tight, . - call_tight\n"
        ".type behind_it, @function\n"
        "behind_it: movl %edi, %eax\n"
        "    leaq 2f(%rip), %rcx\n"
        "    jmp *%rcx\n"
        "2:  syscall\n"
        "    ret\n"
        ".size behind_it, . - behind_it\n"
        ".p2align 4\n"
        "calls_end:\n");
extern const char calls_begin[], calls_end[], wide_behind[], tight_behind[];
long call_wide(long number), call_tight(long number), behind_it(long number);

static float total = 0.1f;

static void on_sys(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    const char *rip = (const char *)uc->uc_mcontext.gregs[REG_RIP];
    const char *from = info->si_call_addr;

    total += 0.3f;
    printf("signal %d, system call %d from %d, at %d\n", number, info->si_syscall,
           from == wide_behind ? 1 : from == tight_behind ? 2 : 0, rip == wide_behind ? 1 : rip == tight_behind ? 2 : 0);
    uc->uc_mcontext.gregs[REG_RAX] = -5;
}

static void show(const char *what)
{
    total = total * 1.7f + 0.2f;
    printf("%s: %ld %ld %ld, by the C library %ld, %a\n", what, call_wide(SYS_getuid), call_tight(SYS_getuid),
           behind_it(SYS_getuid), syscall(SYS_getuid) == -1 ? -(long)errno : 0, (double)total);
}

/* getuid fails with 77 unless it comes from here, getpgrp traps. */
static int judge(void)
{
    uint64_t lo = (uint64_t)calls_begin, hi = (uint64_t)calls_end;
    enum { NUMBER = offsetof(struct seccomp_data, nr), FROM = offsetof(struct seccomp_data, instruction_pointer) };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 7, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FROM + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(lo >> 32), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FROM),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)lo, 0, 1),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)hi, 0, 2),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};

    return lo >> 32 != hi >> 32 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int main(void)
{
    struct sigaction a = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};

    for (int i = 0; i < 2; i++)
        show("at first");
    if (sigaction(SIGSYS, &a, NULL) || judge())
        return 2;
    for (int i = 0; i < 2; i++)
        show("judged");
    printf("trapped: %ld %ld\n", call_wide(SYS_getpgrp), call_tight(SYS_getpgrp));
    show("then");
    return 0;
}
