/* SPDX-License-Identifier: Apache-2.0
 * enter.c: vprec_enter, reached as a clone reaches it, against the processor:
 * every register, flag and MXCSR bit, the red zone, x87, the stack pointer as
 * the instruction sees it, and a fault in the program's memory. */
#include "x86/emulate/enter.h"
#include "cases.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { TRIALS = 4, FAILURES_SHOWN = 10 };

static uint8_t *data;
static unsigned long failures, runs;
static vprec_site here; /* the site under test, in the program's image: above 2^32 */

static uint8_t *put(uint8_t *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

/* A clone's call of the emulator, then `ret`: the sequence of enter.h. */
static uint8_t *call_site(uint8_t *at, const vprec_site *site)
{
    uint64_t address = (uint64_t)site, target = (uint64_t)&vprec_enter;
    uint32_t lo = (uint32_t)address, hi = (uint32_t)(address >> 32);
    at = put(at, "\x48\x8d\x64\x24\x80\x68", 6);     /* lea -128(%rsp), %rsp; push $lo */
    at = put(at, &lo, 4);
    at = put(at, "\xc7\x44\x24\x04", 4);             /* movl $hi, 4(%rsp) */
    at = put(at, &hi, 4);
    at = put(at, "\xff\x15\x0a\x00\x00\x00", 6);     /* call *10(%rip) */
    at = put(at, "\x48\x8d\xa4\x24\x88\x00\x00\x00", 8); /* lea 136(%rsp), %rsp */
    at = put(at, "\xeb\x08", 2);                     /* over the pointer */
    return put(at, &target, 8);
}

static void compare(const char *what, const instruction *i, const vprec_site *s, const machine *want, const machine *got)
{
    runs++;
    const char *difference = machine_difference(want, got, 0);
    if (!difference || failures++ >= FAILURES_SHOWN)
        return;
    printf("%s\n", what);
    if (i)
        cases_print(i, s);
    printf("    %s\n", difference);
}

static void visit(const instruction *i, const vprec_site *site)
{
    static machine in, want, got;
    uint8_t *code = machine_code(), *end;
    here = *site;
    for (int t = 0; t < TRIALS; t++) {
        machine_randomise(&in, i->from);
        machine_fill(data, 128, i->from);
        uint64_t r = machine_random();
        if (r & 1) { /* state components not in use */
            uint64_t h = machine_components & ~(machine_random() & 0xE4);
            memcpy(in.xsave + 512, &h, 8);
        }
        machine_set_mxcsr(&in, 0x1f80 | ((uint32_t)(r >> 8) & 0xe07f));
        in.gpr[3] = in.gpr[12] = (uint64_t)data;
        in.gpr[9] = 0;
        in.gpr[13] = (uint64_t)data;
        if (site->rm == VPREC_REG_MEM && site->mem.segment)
            return;
        machine_code_open();
        end = code + machine_encode(site, (uint64_t)code, code);
        put(end, "\xc3", 1);
        machine_code_seal();
        machine_run(&in, &want, code);
        machine_code_open();
        put(call_site(code, &here), "\xc3", 1);
        machine_code_seal();
        machine_run(&in, &got, code);
        compare("call", i, site, &want, &got);
    }
}

/* mulsd xmm5, [rsp+8] between two pushes: the original stack pointer. And the red zone: rsi, rdi parked there. */
static void check_stack(void)
{
    static machine in, want, got;
    vprec_site site = {.op = VPREC_OP_MUL, .from = VPREC_E_F64, .to = VPREC_E_F64, .lanes = 1, .scalar = true, .width = 16,
                       .map = 1, .opcode = 0x59, .pp = 3, .dst = 5, .vvvv = 5, .rm = VPREC_REG_MEM,
                       .mem = {.base = 4, .index = VPREC_MEM_NONE, .scale = 1, .size = 8, .disp = 8}};
    uint8_t *code = machine_code(), *at;
    here = site;
    for (int t = 0; t < 200; t++) {
        machine_randomise(&in, VPREC_E_F64);
        in.gpr[6] = machine_element(VPREC_E_F64);
        in.gpr[7] = machine_element(VPREC_E_F64);
        for (int emulated = 0; emulated < 2; emulated++) {
            machine_code_open();
            at = put(code, "\x56\x57", 2);                                        /* push rsi; push rdi */
            at = put(at, "\x48\x89\x74\x24\x80\x48\x89\x7c\x24\xf8", 10);         /* mov [rsp-128], rsi; mov [rsp-8], rdi */
            at = emulated ? call_site(at, &here) : at + machine_encode(&site, (uint64_t)at, at);
            at = put(at, "\x4c\x8b\x44\x24\x80\x4c\x8b\x4c\x24\xf8", 10);         /* mov r8, [rsp-128]; mov r9, [rsp-8] */
            put(at, "\x5f\x5e\xc3", 3);                                           /* pop rdi; pop rsi; ret */
            machine_code_seal();
            machine_run(&in, emulated ? &got : &want, code);
        }
        compare("stack", NULL, NULL, &want, &got);
        if (got.gpr[8] != in.gpr[6] || got.gpr[9] != in.gpr[7]) {
            failures++;
            printf("red zone: expected %#lx %#lx got %#lx %#lx\n", in.gpr[6], in.gpr[7], got.gpr[8], got.gpr[9]);
        }
    }
}

/* A value stays on the x87 stack over a call; the control word too. */
static void check_x87(void)
{
    static machine in, got;
    vprec_site site = {.op = VPREC_OP_DIV, .from = VPREC_E_F32, .to = VPREC_E_F32, .lanes = 4, .width = 16, .map = 1,
                       .opcode = 0x5E, .dst = 1, .vvvv = 1, .rm = 2};
    uint8_t *code = machine_code();
    here = site;
    machine_randomise(&in, VPREC_E_F32);
    machine_code_open();
    put(call_site(code, &here), "\xc3", 1);
    machine_code_seal();
    uint16_t control = 0x0c7f, after = 0;
    double pi = 0;
    __asm__ volatile("fninit\n\tfldcw %0\n\tfldpi" : : "m"(control));
    machine_run(&in, &got, code);
    __asm__ volatile("fnstcw %0\n\tfstpl %1\n\tfninit" : "=m"(after), "=m"(pi));
    runs++;
    if (after != control || pi < 3.14159 || pi > 3.14160) {
        failures++;
        printf("x87: control word %#x expected %#x, st0 %.17g expected pi\n", after, control, pi);
    }
}

static sigjmp_buf back;
static bool located;
static uint64_t fault_rbx;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)r[REG_RIP];
    const vprec_cpu *cpu = (const vprec_cpu *)r[REG_RCX];
    located = rip >= (uint64_t)vprec_load && rip < (uint64_t)vprec_load_end && r[REG_R8] == (greg_t)&here &&
              cpu->gpr[3] == fault_rbx && info->si_addr == (void *)(data + 128);
    siglongjmp(back, 1);
}

/* An operand that reaches over the page's end: the fault is found to be the site's. */
static void check_fault(void)
{
    static machine in, got;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old;
    here = (vprec_site){.op = VPREC_OP_ADD, .from = VPREC_E_F32, .to = VPREC_E_F32, .lanes = 4, .encoding = VPREC_VEX,
                        .width = 16, .map = 1, .opcode = 0x58, .dst = 1, .vvvv = 2, .rm = VPREC_REG_MEM,
                        .mem = {.base = 3, .index = VPREC_MEM_NONE, .scale = 1, .size = 16, .disp = 4}};
    machine_randomise(&in, VPREC_E_F32);
    in.flags &= ~UINT64_C(0x400); /* the handler's longjmp keeps the direction flag */
    in.gpr[3] = fault_rbx = (uint64_t)data + 128 - 12;
    machine_code_open();
    put(call_site(machine_code(), &here), "\xc3", 1);
    machine_code_seal();
    sigaction(SIGSEGV, &action, &old);
    if (!sigsetjmp(back, 1))
        machine_run(&in, &got, machine_code());
    sigaction(SIGSEGV, &old, NULL);
    runs++;
    if (!located) {
        failures++;
        printf("fault: none, or not found to be the site's\n");
    }
}

int main(void)
{
    if (!machine_detect()) {
        printf("the processor has no XSAVE: nothing to compare with\n");
        return 77;
    }
    vprec_xsave_detect();
    vprec_arith_current = (vprec_arith){.use = {VPREC_USE_NATIVE, VPREC_USE_NATIVE}, .round = VPREC_ROUND_RESULTS,
                                        .ops = VPREC_OPS_ALL};
    uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE)) {
        perror("mmap");
        return 1;
    }
    data = pages + 4096 - 128;
    cases_each(data, visit);
    check_stack();
    check_x87();
    check_fault();
    printf("%lu comparisons, %lu failed\n", runs, failures);
    return failures != 0;
}
