/* SPDX-License-Identifier: Apache-2.0
 * step.c: runs a command, single-steps the processes that match and counts
 * floating-point instructions executed inside the file mappings of selected
 * objects. Under vprec-run there must be none: all work happens in clones.
 *
 * Single-stepping forces SIGTRAP on the process, and the kernel resets the
 * handler of a forced signal that is blocked. So while SIGTRAP is blocked (in
 * the handler of an int3, in glibc's pthread_create) the process runs from one
 * system call to the next instead, and stepping resumes when it is unblocked. */
#include "arith.h"
#include "tracee.h"
#include <elf.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* BLOCKED: stepping would be, but SIGTRAP is blocked. SKIPPING: running until
 * a function that is not to be stepped (-k) has returned. */
enum state { RUNNING, STEPPING, BLOCKED, SKIPPING };
enum { TASKS = 256, OFFENDERS = 256, GLOBS = 32 };
enum start { FROM_ENTRY, FROM_EXEC, FROM_SIGSTOP, FROM_SYMBOL };

typedef struct task {
    pid_t pid;
    int space;
    enum state state;
    bool fresh;         /* its first stop, which the kernel makes, is still to come */
    bool after_call;    /* it has just stepped over a system call or into a handler */
    bool was_skipped;   /* its last step was in an object of -k */
    bool returned;      /* its last step was a return */
    uint64_t skip_from; /* SKIPPING: the stack pointer at the function's entry */
} task;

static task tasks[TASKS];
static tracee_offender offenders[OFFENDERS];
static int offender_count, spaces;
static unsigned long long steps, inside, offences, elsewhere, max_steps = ~0ULL;
static bool started, lost, too_many;
static const char *objects[GLOBS], *programs[GLOBS], *passed_over[GLOBS], *symbol;
static int object_count, program_count, passed_over_count, kinds = ARITH_F32 | ARITH_F64 | ARITH_X87 | ARITH_OTHER;
static enum start from = FROM_ENTRY;

static void fail(const char *what)
{
    fprintf(stderr, "step: %s: %s\n", what, strerror(errno));
    exit(2);
}

static task *find(pid_t pid)
{
    task *free_one = NULL;

    for (int k = 0; k < TASKS; k++) {
        if (tasks[k].pid == pid)
            return &tasks[k];
        if (!tasks[k].pid && !free_one)
            free_one = &tasks[k];
    }
    if (!free_one) {
        fprintf(stderr, "step: more than %d tasks at once\n", TASKS);
        exit(2);
    }
    *free_one = (task){.pid = pid, .fresh = true, .space = ++spaces};
    return free_one;
}

static uint64_t user(pid_t pid, size_t offset)
{
    return (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offset, 0);
}

static bool trap_blocked(pid_t pid)
{
    uint64_t mask = 0;

    ptrace(PTRACE_GETSIGMASK, pid, sizeof mask, &mask);
    return mask >> (SIGTRAP - 1) & 1;
}

/* A debug register stops the process at `address` without touching its code. */
static void break_at(pid_t pid, uint64_t address)
{
    if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), address) ||
        ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), address ? 1 : 0)) {
        fprintf(stderr, "step: no debug registers here (%s): skipped\n", strerror(errno));
        exit(77);
    }
}

static void start_stepping(task *t)
{
    if (from == FROM_ENTRY || from == FROM_SYMBOL)
        break_at(t->pid, 0);
    t->state = STEPPING;
    t->after_call = true;
    started = true;
    tracee_forget();
}

static void note_offence(task *t, uint64_t rip)
{
    offences++;
    for (int k = 0; k < offender_count; k++)
        if (offenders[k].address == rip) {
            offenders[k].count++;
            return;
        }
    if (offender_count == OFFENDERS) {
        too_many = true;
        return;
    }
    tracee_describe(t->pid, rip, &offenders[offender_count]);
    offenders[offender_count++].count = 1;
}

/* At a function's first instruction, reached by a call: stops it where it
 * returns to. Not the one that _start calls: it never returns (a hlt follows). */
static bool skip_function(task *t)
{
    uint64_t rsp = user(t->pid, offsetof(struct user_regs_struct, rsp));
    uint64_t back = (uint64_t)ptrace(PTRACE_PEEKDATA, t->pid, rsp, 0);

    if ((ptrace(PTRACE_PEEKTEXT, t->pid, back, 0) & 0xff) == 0xf4)
        return false;
    break_at(t->pid, back);
    t->skip_from = rsp;
    t->state = SKIPPING;
    return true;
}

/* At a stop of a stepping task: judges the instruction that comes next. */
static void judge(task *t)
{
    uint64_t rip = user(t->pid, offsetof(struct user_regs_struct, rip));
    const tracee_code *code = tracee_look(t->pid, t->space, rip);
    bool entered = code->passed_over && !t->was_skipped;

    t->was_skipped = code->passed_over;
    if (entered && !t->returned && skip_function(t)) {
        t->was_skipped = false;
        return;
    }
    steps++;
    inside += code->selected;
    if (code->kind & kinds) {
        if (code->selected)
            note_offence(t, rip);
        else
            elsewhere++;
    }
    t->after_call = code->syscall;
    t->returned = code->ret;
}

/* The breakpoint at the return address was hit: by this call or by a deeper one. */
static void end_skip(task *t)
{
    if (user(t->pid, offsetof(struct user_regs_struct, rsp)) <= t->skip_from)
        return;
    break_at(t->pid, 0);
    t->state = STEPPING;
    t->after_call = true;
    tracee_forget();
}

/* What changes the address space or the signal mask does it by a system call. */
static void after_call(task *t)
{
    switch (user(t->pid, offsetof(struct user_regs_struct, orig_rax))) {
    case SYS_mmap: case SYS_munmap: case SYS_mprotect: case SYS_mremap: case SYS_pkey_mprotect: tracee_forget(); break;
    default: break;
    }
    t->state = trap_blocked(t->pid) ? BLOCKED : STEPPING;
    t->after_call = false;
}

static void after_exec(task *t)
{
    char name[64], path[4096];
    ssize_t length;
    uint64_t address;

    snprintf(name, sizeof name, "/proc/%d/exe", (int)t->pid);
    length = readlink(name, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    t->state = RUNNING;
    t->space = ++spaces;
    if (program_count && !tracee_matches(path, programs, program_count))
        return;
    switch (from) {
    case FROM_ENTRY: break_at(t->pid, tracee_auxv(t->pid, AT_ENTRY)); break;
    case FROM_SYMBOL:
        address = tracee_symbol(t->pid, symbol);
        if (!address) {
            fprintf(stderr, "step: %s has no symbol %s\n", path, symbol);
            exit(2);
        }
        break_at(t->pid, address);
        break;
    case FROM_EXEC: start_stepping(t); break;
    case FROM_SIGSTOP: break;
    }
}

/* A stop for a signal: returns the one to deliver, 0 for none. */
static int on_signal(task *t, int sig)
{
    siginfo_t info = {0};

    if (sig == (SIGTRAP | 0x80)) { /* system call entry or exit, in state BLOCKED */
        tracee_forget();
        if (!trap_blocked(t->pid))
            t->state = STEPPING;
        return 0;
    }
    if (t->fresh && sig == SIGSTOP) {
        t->fresh = false;
        return 0;
    }
    if (sig == SIGSTOP && from == FROM_SIGSTOP && t->state == RUNNING) {
        start_stepping(t);
        return 0;
    }
    if (sig == SIGTRAP && !ptrace(PTRACE_GETSIGINFO, t->pid, 0, &info)) {
        if (info.si_code == TRAP_HWBKPT && (t->state == RUNNING || t->state == SKIPPING)) {
            (t->state == RUNNING ? start_stepping : end_skip)(t);
            return 0;
        }
        /* A step, a step over a system call (TRAP_BRKPT) or to a handler (SIGTRAP). An int3 has SI_KERNEL. */
        if (info.si_code == TRAP_TRACE || info.si_code == TRAP_HWBKPT || info.si_code == TRAP_BRKPT ||
            info.si_code == SIGTRAP)
            return 0;
    }
    if (t->state == STEPPING)
        t->after_call = true; /* a handler may begin, with another mask */
    return sig;
}

static void on_event(task *t, int event)
{
    unsigned long child = 0;
    task *born;

    if (event == PTRACE_EVENT_EXEC) {
        after_exec(t);
        return;
    }
    if (event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_VFORK && event != PTRACE_EVENT_CLONE)
        return;
    ptrace(PTRACE_GETEVENTMSG, t->pid, 0, &child);
    born = find((pid_t)child);
    born->state = t->state;
    born->after_call = true;
    if (event != PTRACE_EVENT_FORK)
        born->space = t->space;
}

static void resume(task *t, int sig)
{
    int how = PTRACE_CONT;

    if (steps >= max_steps)
        t->state = RUNNING;
    if (t->state == STEPPING && !sig) {
        if (t->after_call)
            after_call(t);
        if (t->state == STEPPING)
            judge(t);
    }
    if (t->state == STEPPING)
        how = PTRACE_SINGLESTEP;
    else if (t->state == BLOCKED)
        how = PTRACE_SYSCALL;
    ptrace(how, t->pid, 0, sig);
}

static int trace(pid_t first)
{
    int status, result = -1;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        task *t = find(pid);
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            lost |= t->state == SKIPPING; /* what it did after its last step nobody saw */
            if (pid == first)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            t->pid = 0;
            continue;
        }
        if (status >> 16) {
            on_event(t, status >> 16);
            resume(t, 0);
        } else {
            resume(t, on_signal(t, WSTOPSIG(status)));
        }
    }
    return result;
}

static pid_t launch(char **command)
{
    int status, cpu = sched_getcpu();
    cpu_set_t one;
    pid_t pid;

    /* Tracer and traced take turns: on one processor that is several times faster. */
    CPU_ZERO(&one);
    CPU_SET(cpu < 0 ? 0 : cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(command[0], command);
        fprintf(stderr, "step: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
        fail("the child did not stop");
    if (ptrace(PTRACE_SETOPTIONS, pid, 0,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL))
        fail("ptrace");
    find(pid)->fresh = false;
    ptrace(PTRACE_CONT, pid, 0, 0);
    return pid;
}

static void add(const char **list, int *count, const char *glob)
{
    if (*count == GLOBS) {
        fprintf(stderr, "step: more than %d patterns\n", GLOBS);
        exit(2);
    }
    list[(*count)++] = glob;
}

static int read_kinds(const char *text)
{
    int set = 0;

    set |= strstr(text, "f32") ? ARITH_F32 : 0;
    set |= strstr(text, "f64") ? ARITH_F64 : 0;
    set |= strstr(text, "x87") ? ARITH_X87 : 0;
    set |= strstr(text, "other") ? ARITH_OTHER : 0;
    return set;
}

static void usage(void)
{
    fprintf(stderr, "usage: step [-o OBJECT-GLOB]... [-e PROGRAM-GLOB]... [-k OBJECT-GLOB: not stepped]...\n"
                    "            [-t f32,f64,x87,other] [-m MAX-STEPS]\n"
                    "            [-s entry|exec|sigstop|symbol:NAME] [-x: some must be found] -- COMMAND [ARG...]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    bool expect_some = false;
    int option, result;

    while ((option = getopt(argc, argv, "+o:e:k:t:m:s:x")) != -1)
        switch (option) {
        case 'o': add(objects, &object_count, optarg); break;
        case 'e': add(programs, &program_count, optarg); break;
        case 'k': add(passed_over, &passed_over_count, optarg); break;
        case 't': kinds = read_kinds(optarg); break;
        case 'm': max_steps = strtoull(optarg, NULL, 10); break;
        case 's':
            from = !strcmp(optarg, "exec") ? FROM_EXEC : !strcmp(optarg, "sigstop") ? FROM_SIGSTOP : FROM_ENTRY;
            if (!strncmp(optarg, "symbol:", 7))
                from = FROM_SYMBOL, symbol = optarg + 7;
            break;
        case 'x': expect_some = true; break;
        default: usage();
        }
    if (optind == argc || !object_count)
        usage();
    tracee_select(objects, object_count, passed_over, passed_over_count);
    result = trace(launch(argv + optind));
    for (int k = 0; k < offender_count; k++)
        printf("%s+0x%llx (%llx): %s, %llu times\n", offenders[k].object, (unsigned long long)offenders[k].offset,
               (unsigned long long)offenders[k].address, offenders[k].text, offenders[k].count);
    printf("%llu steps, %llu in selected objects; FP arithmetic: %llu executed in selected objects (%d%s places), "
           "%llu elsewhere\n", steps, inside, offences, offender_count, too_many ? " and more" : "", elsewhere);
    if (result || !started || !inside || lost) {
        printf("command's exit status %d, stepping %s%s, %llu steps in selected objects: nothing is shown\n", result,
               started ? "began" : "never began", lost ? ", a function of -k never returned" : "", inside);
        return 2;
    }
    return (offences != 0) == expect_some ? 0 : 1;
}
