/* SPDX-License-Identifier: Apache-2.0
 * start.c: life of the interposer in a process: reads the run's configuration
 * before anything else runs, instruments what is loaded and what dlopen brings.
 *
 *   the loader relocates this library: first.S --> vprec_start_first: its hook is set
 *   all is relocated, no constructor has run: the hook --> start
 *   a dlopen or dlclose: the hook --> walk_objects
 *
 * A loader that does not come by there has the constructor call start. */
#include "children.h"
#include "cpu.h"
#include "find/select.h"
#include "forks.h"
#include "generated.h"
#include "instrument.h"
#include "libm/patch.h"
#include "lock.h"
#include "meters.h"
#include "named.h"
#include "probe.h"
#include "runtime/draws.h"
#include "runtime/record.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "scope/functions.h"
#include "scope/scopes.h"
#include "symbols.h"
#include "syscalls.h"
#include "trap.h"
#include "view.h"
#include "x86/emulate/enter.h"
#include "x86/emulate/stack.h"
#include "self.h"
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Weak: a program with another C library is a child like any other, but has no such thing. */
#pragma weak _r_debug
extern void *__libc_stack_end __attribute__((weak)); /* where the kernel has put argc, argv and the environment */

static enum vprec_isa isa;
static bool started, hooked, instruments;

/* No call: what these are called by may have been interposed by what is not there yet. */
static const char *from_environment(char **envp, const char *name)
{
    for (; envp && *envp; envp++) {
        const char *a = *envp, *b = name;
        while (*b && *a == *b)
            a++, b++;
        if (!*b && *a == '=')
            return a + 1;
    }
    return NULL;
}

/* NULL: not known. The program may have a copy of the variable, which it gets when it is relocated, last of all. */
static char **first_arguments(void)
{
    return &__libc_stack_end && __libc_stack_end ? (char **)__libc_stack_end + 1 : NULL;
}

static char **first_environment(void)
{
    char **argv = first_arguments();
    return argv ? argv + *((long *)argv - 1) + 1 : NULL;
}

static enum vprec_isa detect_isa(void)
{
    switch (vprec_cpu_detect()) {
    case VPREC_LEVEL_AVX512: return VPREC_ISA_AVX512;
    case VPREC_LEVEL_AVX2: return VPREC_ISA_AVX2;
    default: return VPREC_ISA_SSE2;
    }
}

/* VPREC_CPU lowers what is used, never raises it. False: no such level. */
static bool mask_isa(const char *level)
{
    static const char *const names[] = {"sse2", "avx2", "avx512"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(level, names[i])) {
            if ((int)isa > i)
                isa = (enum vprec_isa)i;
            return true;
        }
    return false;
}

static void on_direction(void)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&said))
        vprec_record_warning(vprec_arith_current.keeps_direction
                                 ? "the program set a rounding direction: it holds for what is left native, and not for "
                                   "what is rounded to a format"
                                 : "the program set a rounding direction: results are rounded by --mode all the same");
}

/* The loader's lists of objects: the program's, behind it those of dlmopen's namespaces. */
static const struct r_debug *next_list(const struct r_debug *list)
{
    return list->r_version > 1 ? (const struct r_debug *)((const struct r_debug_extended *)list)->r_next : NULL;
}

static void work_alone(void);

/* Instruments every loaded object that is not yet. */
static void walk_objects(void)
{
    uint64_t start = vprec_sys_now_ns();
    if (vprec_wire_shared->config.ops & VPREC_OPS_LIBM)
        vprec_instrument_libm(vprec_record_process, work_alone);
    vprec_instrument_begin();
    for (struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
        const char *path = map->l_name;
        if (!*path && map == _r_debug.r_map)
            path = vprec_self_path(NULL);
        if (*path)
            vprec_instrument_object(path, map->l_addr, vprec_record_process, isa);
    }
    for (const struct r_debug *list = &_r_debug; (list = next_list(list));)
        for (const struct link_map *map = list->r_map; map; map = map->l_next)
            if (*map->l_name) {
                vprec_children_object(map);
                vprec_instrument_foreign(map->l_name, map->l_addr, vprec_record_process, isa);
            }
    vprec_instrument_end();
    atomic_fetch_add(&vprec_record_process->startup_ns, vprec_sys_now_ns() - start);
}

static void start(char **argv, char **envp);

static void work(void *data)
{
    (void)data;
    if (!started)
        start(first_arguments(), first_environment());
    else if (instruments)
        walk_objects();
}

static void work_alone(void)
{
    static bool said;
    vprec_lock_open();
    if (vprec_lock_run(work, NULL) == VPREC_LOCK_BROKEN && !said && vprec_record_process) {
        said = true;
        vprec_record_warning("this process was made while another thread of its parent was in dlopen: what it opens "
                             "stays native");
    }
}

static void on_loader_change(void)
{
    for (const struct r_debug *list = &_r_debug; list; list = next_list(list))
        if (list->r_state != RT_CONSISTENT)
            return;
    work_alone();
}

static void on_loader_call(void)
{
    ((void (*)(void))_r_debug.r_brk)(); /* a debugger stops there, learns of the objects, sets its breakpoints */
    on_loader_change();
}

static bool write_code(uint8_t *at, const uint8_t *code, size_t bytes)
{
    uint8_t *page = (uint8_t *)vprec_page_start((uint64_t)at);
    size_t size = (size_t)(at + bytes - page);
    if (vprec_sys_mprotect(page, size, PROT_READ | PROT_WRITE))
        return false;
    for (size_t i = 0; i < bytes; i++) {
        at[i] = code[i];
        __asm__ volatile("" ::: "memory"); /* no call of memcpy */
    }
    return vprec_sys_mprotect(page, size, PROT_READ | PROT_EXEC) == 0;
}

/* Where a debugger's breakpoint stands in that function already, the loader's calls of it are led away. */
static bool hook_calls(const uint8_t *to)
{
    const uint64_t base = _r_debug.r_ldbase;
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)base;
    const ElfW(Phdr) *part = base ? (const ElfW(Phdr) *)(base + head->e_phoff) : NULL;
    bool led = false;
    for (int i = 0; part && i < head->e_phnum; i++) {
        if (part[i].p_type != PT_LOAD || !(part[i].p_flags & PF_X))
            continue;
        uint8_t *at = (uint8_t *)(base + part[i].p_vaddr), *end = at + part[i].p_filesz;
        for (; at + 5 <= end; at++) {
            int32_t rel;
            memcpy(&rel, at + 1, sizeof rel);
            int64_t new = (int64_t)(uint64_t)on_loader_call - (int64_t)(at + 5);
            if ((*at & 0xFE) != 0xE8 || at + 5 + rel != to || new != (int32_t)new)
                continue; /* neither call nor jmp */
            uint8_t code[4];
            rel = (int32_t)new;
            memcpy(code, &rel, sizeof rel);
            if (!write_code(at + 1, code, sizeof code))
                return false;
            led = true;
        }
    }
    return led;
}

/* The loader calls this empty function whenever its list of objects changes:
 * it is put in its place. It holds a return and filler up to 16 bytes. */
static bool hook_loader(void)
{
    enum { INT3 = 0xCC };
    if (hooked)
        return true;
    uint8_t *at = (uint8_t *)_r_debug.r_brk;
    static const uint8_t endbr[4] = {0xF3, 0x0F, 0x1E, 0xFA};
    if (!at || !vprec_probe_executes())
        return false;
    if (*at == INT3)
        return hooked = hook_calls(at);
    uint8_t *ret = memcmp(at, endbr, 4) ? at : at + 4;
    if (*ret != 0xC3)
        return false;
    /* mov rax, imm64 (10 bytes); jmp rax (2) : 12 bytes, of filler behind the return */
    uint8_t code[12] = {0x48, 0xB8};
    void (*to)(void) = on_loader_change;
    memcpy(code + 2, &to, 8);
    code[10] = 0xFF, code[11] = 0xE0;
    for (uint8_t *p = ret + 1; p < at + 12; p++)
        if (!(*p == 0x66 || *p == 0x2E || *p == 0x0F || *p == 0x1F || *p == 0x84 || *p == 0x00 || *p == 0x90 ||
              *p == 0x80 || *p == 0x40 || *p == 0x44 || *p == 0xCC))
            return false;
    return hooked = write_code(at, code, sizeof code);
}

/* first.S: of what is loaded, the program itself and what is preloaded before this library are not relocated yet, and
 * may have interposed anything: nothing is called. */
void vprec_start_first(void);
void vprec_start_first(void)
{
    char **envp = first_environment();
    if (&_r_debug && (!envp || from_environment(envp, VPREC_WIRE_ENV)))
        hook_loader();
}

static vprec_wire_recipe *recipe(void)
{
    const vprec_wire *wire = vprec_wire_shared;
    return wire->recipe ? vprec_share_at(wire->recipe, wire->recipe_bytes) : NULL;
}

/* Whether vprec-run itself started it. The environment alone does not tell: a child may have inherited that. */
static bool is_first(const vprec_process_record *process)
{
    return process->via == VPREC_WIRE_FIRST && (uint64_t)process->parent == vprec_share_place(VPREC_WIRE_OWNER);
}

static void start(char **argv, char **envp)
{
    enum { REFUSED = 126 }; /* the exit status for what cannot be instrumented */
    started = true;
    const char *path = from_environment(envp, VPREC_WIRE_ENV);
    if (!path || !vprec_share_open(path))
        return;
    vprec_wire_config *config = &vprec_wire_shared->config;
    const char *executable = vprec_self_path(argv);
    bool selected = vprec_select_process(config, executable);
    size_t fixed = sizeof(vprec_process_record), length = strlen(executable) + 1;
    vprec_process_record *process = vprec_record_room_or_memory(fixed + length);
    if (!process)
        return;
    vprec_record_process = process;
    isa = detect_isa();
    const char *level = from_environment(envp, "VPREC_CPU");
    bool known = !level || mask_isa(level);
    vprec_xsave_detect();
    enum vprec_reason why = VPREC_REASON_NONE;
    bool executes = vprec_probe_executes();
    if (!(vprec_xsave.components & 2)) /* the emulator saves the vector state by XSAVE */
        why = VPREC_REASON_NO_XSAVE;
    else if (!config->list && !executes)
        why = VPREC_REASON_NOT_EXECUTABLE;
    else if (selected)
        why = vprec_version_begin(config, recipe());
    process->pid = vprec_sys_getpid();
    process->parent = (int32_t)(int)vprec_sys(SYS_getppid, 0, 0, 0, 0, 0, 0);
    process->via = vprec_share_place(VPREC_WIRE_VIA);
    process->refused = selected && why && is_first(process);
    process->selected = selected;
    process->isa = isa;
    vprec_version_ambiguous = &process->ambiguous;
    memcpy(process->path, executable, length);
    vprec_record_done(process, VPREC_RECORD_PROCESS, fixed + length);
    if (!known)
        vprec_record_warning("VPREC_CPU is neither sse2, avx2 nor avx512: ignored");
    if (selected && why)
        vprec_record_native(why, executable, NULL);
    if (process->refused)
        vprec_sys(SYS_exit_group, REFUSED, 0, 0, 0, 0, 0);
    instruments = selected && !why;
    enum vprec_reason none;
    vprec_view_sees_all = instruments && !config->list && vprec_select_object(config, executable, &none);
    if (executes)
        vprec_children_start(envp);
    if (instruments) {
        uint64_t rank = atomic_fetch_add(&vprec_wire_shared->images, 1);
        if (*config->fork_at || config->mode == VPREC_SR || config->noise[0].what || config->noise[1].what)
            vprec_noise_start(config->seed, rank);
        vprec_on_direction = on_direction;
        vprec_lock_follow_forks();
        vprec_forks_begin((uint64_t)process->parent == vprec_share_place(VPREC_WIRE_OWNER));
        vprec_scope_begin_all();
        vprec_functions_begin();
        vprec_stack_make(); /* the first thread's: now, and not in the middle of something */
        bool metered = config->count == VPREC_COUNT_OPERATIONS || config->count == VPREC_COUNT_QUICK;
        /* else gs leads to the versions, or cannot be changed with the scopes, and C code counts */
        if (metered && vprec_versions == 1 && (!config->layers || vprec_gs_able()))
            vprec_meters_begin();
        if (config->layers && vprec_meters_on())
            vprec_scope_meter_all();
        vprec_generated_begin(isa);
        vprec_named_begin();
        vprec_symbols_begin();
        vprec_trap_install(&process->traps);
        vprec_syscall_begin();
        if (!hook_loader())
            vprec_record_native(VPREC_REASON_LOADER, executable, NULL);
        walk_objects();
    }
    if (config->list)
        vprec_sys(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

__attribute__((constructor)) static void start_late(void)
{
    if (&_r_debug && !started)
        work_alone();
}
