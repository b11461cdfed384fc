/* SPDX-License-Identifier: Apache-2.0
 * children.c: see children.h. All of the C library's ways to execute a program, those of system, popen and posix_spawn
 * too, end in its function execve, but for fexecve and execveat. Its first instructions lead here:
 *
 *     the program's envp | LD_PRELOAD=ours:the program's | VPREC_WIRE=...   -->   execve
 *
 * The new process takes the last two away again (environment.c). What a file is that is executed is executable.c's. */
#include "children.h"
#include "environment.h"
#include "executable.h"
#include "execs.h"
#include "find/select.h"
#include "runtime/decimal.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include "self.h"
#include "view.h"
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define PRELOAD VPREC_ENVIRONMENT_PRELOAD
#define WIRE VPREC_ENVIRONMENT_WIRE

/* What a thread needs while it prepares an exec, apart from the stack, which may be small. One is there from the start,
 * since there may be no memory later; more are made when they are needed, and kept: the child of a vfork makes them in
 * its parent's memory, uses what is its parent's thread's, which waits, and leaves it taken where the exec succeeds. */
enum { WORK_ROOM = 12288, WORKS = 64 };
typedef struct work {
    _Atomic uint64_t thread; /* who has it: a thread, by its pointer; 0 nobody */
    vprec_executable executable;
    size_t room;
    bool kept;
    char bytes[];
} work;

static union {
    work work;
    char bytes[sizeof(work) + WORK_ROOM];
} first = {.work = {.room = WORK_ROOM, .kept = true}};
static work *_Atomic works[WORKS] = {&first.work};

static char element[4096 + 128]; /* ours in LD_PRELOAD; "": children are not followed */
static const char *library;      /* in it: the path */
static bool hidden;              /* the program does not see the variables */

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static uint64_t thread_pointer(void)
{
    enum { GET_FS = 0x1003 }; /* ARCH_GET_FS; %fs:0 holds it in threads of the C library only */
    uint64_t self = 0;
    vprec_sys(SYS_arch_prctl, GET_FS, (long)&self, 0, 0, 0, 0);
    return self;
}

static work *make(size_t room)
{
    void *pages = vprec_sys_mmap(NULL, sizeof(work) + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    work *w = pages;
    if (pages == MAP_FAILED)
        return NULL;
    w->room = room;
    return w;
}

static work *take(size_t bytes)
{
    uint64_t self = thread_pointer();
    for (int pass = 0; bytes <= WORK_ROOM && pass < 2; pass++)
        for (int i = 0; i < WORKS; i++) {
            uint64_t who = pass ? 0 : self;
            work *w = atomic_load(&works[i]);
            if (w && atomic_load(&w->thread) == who && atomic_compare_exchange_strong(&w->thread, &who, self))
                return w;
        }
    work *made = make(bytes <= WORK_ROOM ? WORK_ROOM : bytes);
    for (int i = 0; made && bytes <= WORK_ROOM && !made->kept && i < WORKS; i++) {
        work *none = NULL;
        atomic_store(&made->thread, self);
        made->kept = true;
        if (!atomic_compare_exchange_strong(&works[i], &none, made))
            made->kept = false;
    }
    return made;
}

static void give_back(work *w)
{
    if (w->kept)
        atomic_store(&w->thread, 0);
    else
        vprec_sys_munmap(w, sizeof(work) + w->room);
}

static char *append(char *to, const char *text)
{
    size_t length = strlen(text);
    memcpy(to, text, length + 1);
    return to + length;
}

/* The value of VPREC_WIRE up to what differs from exec to exec. */
static char *append_run(char *to)
{
    for (int i = 0; i < VPREC_WIRE_VIA; i++) {
        to = vprec_decimal(to, vprec_share_place((enum vprec_wire_place)i));
        to = append(to, ":");
    }
    return to;
}

/* What an environment says that is about to be handed on. */
typedef struct given {
    size_t count;
    size_t preload, wire; /* index of the variable; `count`: it has none */
    const char *list;     /* of LD_PRELOAD, without our element; "" none */
    bool nested;          /* VPREC_WIRE is another run's */
} given;

static given read_environment(char *const *envp)
{
    given g = {.list = ""};
    char run[VPREC_WIRE_PLACES * 21 + sizeof WIRE];
    const char *list = "", *wire = "";
    append_run(append(run, WIRE));
    for (g.count = 0; envp && envp[g.count]; g.count++)
        continue;
    g.preload = g.wire = g.count;
    for (size_t i = 0; i < g.count; i++) {
        if (begins(envp[i], PRELOAD)) /* of several the last counts */
            g.preload = i, list = envp[i] + strlen(PRELOAD);
        else if (begins(envp[i], WIRE))
            g.wire = i, wire = envp[i];
    }
    g.nested = *wire && !begins(wire, run);
    size_t ours = strlen(element);
    if (!strncmp(list, element, ours) && (list[ours] == ':' || !list[ours]))
        list += ours + (list[ours] == ':');
    g.list = list;
    return g;
}

/* The environment with our variables. Without the library's place in it, in `handed`, the program's LD_PRELOAD is
 * within ours alone: nobody will take ours away. */
static char **with_ours(work *w, char *const *envp, const given *g, uint64_t via, bool handed)
{
    char **to = (char **)(void *)w->bytes, **at = to;
    char *text = w->bytes + (g->count + 3) * sizeof *to;
    bool own = !handed && g->wire == g->count;
    for (size_t i = 0; i < g->count; i++)
        if (i != g->wire && (i != g->preload || own))
            *at++ = envp[i];
    *at++ = text;
    text = append(append(text, PRELOAD), element);
    if (*g->list)
        text = append(append(text, ":"), g->list);
    *at++ = ++text;
    text = vprec_decimal(append_run(append(text, WIRE)), via);
    vprec_decimal(append(text, ":"), strlen(element));
    *at = NULL;
    return to;
}

static long execute(int directory, const char *path, char *const *argv, char *const *envp, int flags)
{
    vprec_exec undo;
    vprec_exec_begin(&undo);
    long result = directory == AT_FDCWD && !flags
                      ? vprec_sys(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0)
                      : vprec_sys(SYS_execveat, directory, (long)path, (long)argv, (long)envp, flags, 0);
    vprec_exec_failed(&undo);
    return result;
}

/* NULL: nobody asks for it, or there is no room. */
static vprec_exec_record *record(const char *path, enum vprec_reason reason)
{
    vprec_wire_config *config = &vprec_wire_shared->config;
    enum vprec_reason left;
    if (!vprec_record_process || !vprec_select_asks_process(config, path))
        return NULL;
    if (reason && !vprec_select_process(config, path))
        return NULL;
    /* What is one file may be left out by its name; others bring libraries. */
    bool whole = reason == VPREC_REASON_CHILD_STATIC;
    if (whole && !vprec_select_object(config, path, &left) && !(reason = left))
        return NULL;
    vprec_exec_record *made = vprec_record_text(VPREC_RECORD_EXEC, sizeof *made, path);
    if (made) {
        made->process = vprec_record_offset(vprec_record_process);
        made->reason = reason;
    }
    return made;
}

long vprec_children_exec(int directory, const char *path, char *const *argv, char *const *envp, int flags)
{
    if (!*element || !path)
        return execute(directory, path, argv, envp, flags);
    given g = read_environment(envp);
    size_t bytes = (g.count + 3) * sizeof *envp + sizeof PRELOAD + strlen(element) + 1 + strlen(g.list) + sizeof WIRE +
                   VPREC_WIRE_PLACES * 21;
    work *w = take(bytes);
    vprec_exec_record *made = NULL;
    long result = -E2BIG;
    if (!w) {
        made = record(path, VPREC_REASON_CHILD_NO_ROOM);
        result = execute(directory, path, argv, envp, flags);
        if (made)
            atomic_store(&made->failed, 1);
        return result;
    }
    vprec_executable *executable = &w->executable;
    vprec_executable_look(executable, directory, path, argv, envp, flags, library);
    if (g.nested && executable->gift == VPREC_GIFT_LIBRARY && !executable->reason)
        executable->reason = VPREC_REASON_CHILD_NESTED;
    if (executable->exists && executable->runs)
        made = record(executable->path, executable->reason);
    if (executable->exists && !g.nested && executable->gift != VPREC_GIFT_NOTHING) {
        vprec_share_hand_on();
        uint64_t via = made && !executable->reason ? vprec_record_offset(made) : 0;
        result = execute(directory, path, argv, with_ours(w, envp, &g, via, executable->gift == VPREC_GIFT_HANDED),
                         flags);
        if (result == -E2BIG && made && !made->reason)
            made->reason = VPREC_REASON_CHILD_NO_ROOM;
    }
    if (result == -E2BIG)
        result = execute(directory, path, argv, envp, flags);
    if (made)
        atomic_store(&made->failed, 1);
    give_back(w);
    return result;
}

/* children.S: in place of the system call of a C library. */
void vprec_children_entry(void);
long vprec_children_called(const char *path, char *const *argv, char *const *envp);
long vprec_children_called(const char *path, char *const *argv, char *const *envp)
{
    return vprec_children_exec(AT_FDCWD, path, argv, envp, 0);
}

PUBLIC int execveat(int directory, const char *path, char *const *argv, char *const *envp, int flags)
{
    errno = (int)-vprec_children_exec(directory, path, argv, envp, flags);
    return -1;
}

/* The C library's header has it that no argument is NULL. */
PUBLIC int fexecve_here(int fd, char *const *argv, char *const *envp) __asm__("fexecve");
PUBLIC int fexecve_here(int fd, char *const *argv, char *const *envp)
{
    if (fd < 0 || !argv || !envp)
        errno = EINVAL;
    else
        errno = (int)-vprec_children_exec(fd, "", argv, envp, AT_EMPTY_PATH);
    return -1;
}

/* A function of a loaded object that others may call, by the GNU hash table; NULL: it has none of that name. */
static void *defined(const struct link_map *map, const char *name)
{
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    const uint32_t *table = NULL;
    uint32_t hash = 5381;
    for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
        const void *p = (const void *)(d->d_un.d_ptr < map->l_addr ? d->d_un.d_ptr + map->l_addr : d->d_un.d_ptr);
        if (d->d_tag == DT_SYMTAB)
            symbols = p;
        else if (d->d_tag == DT_STRTAB)
            strings = p;
        else if (d->d_tag == DT_GNU_HASH)
            table = p;
    }
    if (!symbols || !strings || !table || !table[0])
        return NULL;
    for (const char *c = name; *c; c++)
        hash = hash * 33 + (uint8_t)*c;
    const uint32_t *buckets = table + 4 + 2 * table[2], *chain = buckets + table[0];
    uint32_t i = buckets[hash % table[0]];
    if (i < table[1])
        return NULL;
    for (;; i++) {
        uint32_t there = chain[i - table[1]];
        if ((there | 1) == (hash | 1) && symbols[i].st_shndx != SHN_UNDEF &&
            !strcmp(strings + symbols[i].st_name, name))
            return (void *)(map->l_addr + symbols[i].st_value);
        if (there & 1)
            return NULL;
    }
}

/* endbr64; mov eax, 59; syscall; cmp rax, -4095; jae: in place of the middle three, "mov rax, vprec_children_entry;
 * call rax; nop", after which its own error path sets its own errno. */
static bool lead_here(const struct link_map *map)
{
    static const uint8_t endbr[4] = {0xF3, 0x0F, 0x1E, 0xFA};
    static const uint8_t known[13] = {0xB8, 59, 0, 0, 0, 0x0F, 0x05, 0x48, 0x3D, 0x01, 0xF0, 0xFF, 0xFF};
    uint8_t *at = NULL, code[13] = {0x48, 0xB8, [10] = 0xFF, 0xD0, 0x90};
    if (strcmp(vprec_name_base(map->l_name), "libc.so.6") != 0 || !(at = defined(map, "execve")))
        return false;
    if (!memcmp(at, endbr, sizeof endbr))
        at += sizeof endbr;
    if (memcmp(at, known, sizeof known) != 0)
        return false;
    void (*to)(void) = vprec_children_entry;
    memcpy(code + 2, &to, 8);
    uint8_t *page = (uint8_t *)vprec_page_start((uint64_t)at);
    size_t bytes = (size_t)(at + sizeof code - page);
    if (vprec_sys_mprotect(page, bytes, PROT_READ | PROT_WRITE))
        return false;
    memcpy(at, code, sizeof code);
    return vprec_sys_mprotect(page, bytes, PROT_READ | PROT_EXEC) == 0;
}

/* Whether something here is known to execute programs, or this one again, by system calls of its own: the variables
 * must stay where it finds them. */
static bool calls_by_itself(void)
{
    static const char *const sanitizers[] = {"__tsan_init", "__msan_init"};
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
        for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++)
            if (defined(map, sanitizers[i]))
                return true;
    return vprec_self_is_go() && !vprec_view_sees_all;
}

void vprec_children_start(char **envp)
{
    static const char root[] = "/$LIB"; /* hides it from other loaders, and leads up again: "/$LIB/../..//lib/x.so" */
    vprec_variables ours;
    size_t length = vprec_share_place(VPREC_WIRE_ELEMENT);
    if (!vprec_environment_find(envp, length, &ours) || length >= sizeof element)
        return;
    memcpy(element, ours.list, length);
    library = element;
    if (begins(library, root))
        for (library += strlen(root); begins(library, "/.."); library += 3)
            continue;
    if (calls_by_itself())
        return;
    for (const struct link_map *map = _r_debug.r_map; map && !hidden; map = map->l_next)
        hidden = lead_here(map);
    if (hidden)
        vprec_environment_hide(&ours);
}

void vprec_children_object(const struct link_map *map)
{
    if (hidden)
        lead_here(map);
}
