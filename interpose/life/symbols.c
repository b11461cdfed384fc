/* SPDX-License-Identifier: Apache-2.0
 * symbols.c: see symbols.h. perf reads /tmp/perf-PID.map, a line for each piece of code; gdb puts a breakpoint into
 * __jit_debug_register_code and reads an ELF file in memory that __jit_debug_descriptor leads to: "JIT Compilation
 * Interface" in its manual. */
#include "symbols.h"
#include "find/demangle.h"
#include "runtime/decimal.h"
#include "runtime/memory.h"
#include "runtime/share.h"
#include "runtime/sys.h"
#include "tracer.h"
#include "unwind.h"
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* gdb's names. Hidden: a program may have its own, for code of its own. */
typedef struct jit_entry {
    struct jit_entry *next, *prev;
    const char *file;
    uint64_t bytes;
} jit_entry;
typedef struct jit_descriptor {
    uint32_t version, action;
    jit_entry *relevant, *first;
} jit_descriptor;
enum { JIT_REGISTER = 1 };

extern jit_descriptor __jit_debug_descriptor;
__attribute__((used)) jit_descriptor __jit_debug_descriptor = {.version = 1};
void __jit_debug_register_code(void);
__attribute__((noinline, used)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::: "memory"); /* gdb stops here */
}

typedef struct piece {
    uint64_t start, end;
    size_t name; /* in `names` */
} piece;

static bool to_gdb, to_perf;
static vprec_vec pieces = {.size = sizeof(piece)};
static vprec_vec names = {.size = 1};
static vprec_vec frames = {.size = 1}; /* .eh_frame */
static vprec_heap heap;

void vprec_symbols_begin(void)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    to_perf = config->perf_map;
    to_gdb = config->gdb || vprec_tracer_any();
}

bool vprec_symbols_wanted(void)
{
    return to_gdb || to_perf;
}

void vprec_symbols_put(uint64_t start, uint64_t end, const char *symbol)
{
    static const char ours[] = " [vprec]";
    vprec_names known = vprec_demangle(symbol);
    const char *name = known.full ? known.full : symbol;
    size_t length = strlen(name), at = names.count;
    char *to = vprec_vec_add(&names, length + sizeof ours);
    piece *p = to ? vprec_vec_add(&pieces, 1) : NULL;
    if (!p)
        return;
    memcpy(to, name, length);
    for (size_t i = 0; i < length; i++) /* both files are of lines */
        to[i] = to[i] == '\n' ? '?' : to[i];
    memcpy(to + length, ours, sizeof ours);
    *p = (piece){start, end, at};
}

void vprec_symbols_unwind(const vprec_unwind *unwind, const vprec_where *where, uint64_t original, uint64_t lo,
                          uint64_t hi)
{
    if (to_gdb)
        vprec_unwind_add(&frames, unwind, where, original, lo, hi);
}

static const char *name_of(const piece *p)
{
    return &VPREC_AT(names, char, p->name);
}

static char *put_hex(char *to, uint64_t n)
{
    int digits = 1;
    while (digits < 16 && n >> 4 * digits)
        digits++;
    while (digits--)
        *to++ = "0123456789abcdef"[n >> 4 * digits & 15];
    return to;
}

enum { MAP_PATH = 64 };

static void map_path(char path[MAP_PATH], int pid)
{
    static const char front[] = "/tmp/perf-", behind[] = ".map";
    memcpy(path, front, sizeof front);
    memcpy(vprec_decimal(path + sizeof front - 1, (uint64_t)pid), behind, sizeof behind);
}

/* perf's map of this process; -1 none. Whoever generates code writes there, too: it is only appended to. A process that
 * was forked has the code that its parent has. */
static int open_map(void)
{
    static int owner;
    char path[MAP_PATH];
    int pid = vprec_sys_getpid();
    map_path(path, pid);
    int file = (int)vprec_sys(SYS_openat, AT_FDCWD, (long)path,
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600, 0, 0);
    if (file >= 0 && owner && owner != pid) {
        char bytes[1024];
        map_path(path, owner);
        int before = vprec_sys_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        long n = 0;
        while (before >= 0 && (n = vprec_sys_read(before, bytes, sizeof bytes)) > 0)
            vprec_sys(SYS_write, file, (long)bytes, n, 0, 0, 0);
        if (before >= 0)
            vprec_sys_close(before);
    }
    owner = pid;
    return file;
}

/* START SIZE NAME, the numbers in hexadecimal: all of a unit at once, whole lines where several threads write. */
static void tell_perf(void)
{
    enum { NUMBERS = 40 };
    size_t bytes = names.count + pieces.count * NUMBERS;
    char *text = vprec_pages(bytes), *to = text;
    int file = text ? open_map() : -1;
    for (size_t i = 0; i < pieces.count && file >= 0; i++) {
        const piece *p = &VPREC_AT(pieces, piece, i);
        to = put_hex(to, p->start);
        *to++ = ' ';
        to = put_hex(to, p->end - p->start);
        *to++ = ' ';
        size_t length = strlen(name_of(p));
        memcpy(to, name_of(p), length);
        to += length;
        *to++ = '\n';
    }
    if (file >= 0) {
        vprec_sys(SYS_write, file, (long)text, to - text, 0, 0, 0);
        vprec_sys_close(file);
    }
    if (text)
        vprec_pages_free(text, bytes);
}

enum { SECTION_NULL, SECTION_TEXT, SECTION_FRAMES, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_NAMES, SECTIONS };
typedef struct image_file {
    Elf64_Ehdr header;
    Elf64_Shdr section[SECTIONS];
    char section_names[48];
    /* Elf64_Sym, .eh_frame, strings */
} image_file;

/* An object file whose code lies in [lo, hi) already. */
static void fill_file(image_file *f, uint64_t lo, uint64_t hi)
{
    static const char section_names[] = "\0.text\0.symtab\0.strtab\0.shstrtab\0.eh_frame";
    enum { TEXT = 1, SYMTAB = 7, STRTAB = 15, SHSTRTAB = 23, EH_FRAME = 33 };
    const size_t symbols = (pieces.count + 1) * sizeof(Elf64_Sym);
    const size_t unwind = frames.count ? frames.count + sizeof(uint32_t) : 0; /* with its end */
    f->header = (Elf64_Ehdr){.e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
                             .e_shoff = offsetof(image_file, section), .e_ehsize = sizeof f->header,
                             .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTIONS, .e_shstrndx = SECTION_NAMES};
    memcpy(f->header.e_ident, ELFMAG, SELFMAG);
    f->header.e_ident[EI_CLASS] = ELFCLASS64;
    f->header.e_ident[EI_DATA] = ELFDATA2LSB;
    f->header.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(f->section_names, section_names, sizeof section_names);
    f->section[SECTION_TEXT] = (Elf64_Shdr){.sh_name = TEXT, .sh_type = SHT_NOBITS,
                                            .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = lo, .sh_size = hi - lo,
                                            .sh_addralign = 1};
    f->section[SECTION_SYMBOLS] = (Elf64_Shdr){.sh_name = SYMTAB, .sh_type = SHT_SYMTAB, .sh_offset = sizeof *f,
                                               .sh_size = symbols, .sh_link = SECTION_STRINGS, .sh_info = 1,
                                               .sh_addralign = 8, .sh_entsize = sizeof(Elf64_Sym)};
    f->section[SECTION_FRAMES] = (Elf64_Shdr){.sh_name = EH_FRAME, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC,
                                              .sh_offset = sizeof *f + symbols, .sh_size = unwind,
                                              .sh_addralign = 8};
    f->section[SECTION_STRINGS] = (Elf64_Shdr){.sh_name = STRTAB, .sh_type = SHT_STRTAB,
                                               .sh_offset = sizeof *f + symbols + unwind, .sh_size = names.count + 1,
                                               .sh_addralign = 1};
    f->section[SECTION_NAMES] = (Elf64_Shdr){.sh_name = SHSTRTAB, .sh_type = SHT_STRTAB,
                                             .sh_offset = offsetof(image_file, section_names),
                                             .sh_size = sizeof section_names, .sh_addralign = 1};
    Elf64_Sym *symbol = (Elf64_Sym *)(f + 1);
    for (size_t i = 0; i < pieces.count; i++) {
        const piece *p = &VPREC_AT(pieces, piece, i);
        symbol[i + 1] = (Elf64_Sym){.st_name = (uint32_t)p->name + 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                    .st_shndx = SECTION_TEXT, .st_value = p->start - lo,
                                    .st_size = p->end - p->start};
    }
    char *behind = (char *)(symbol + pieces.count + 1);
    if (unwind)
        memcpy(behind, frames.data, frames.count);
    memcpy(behind + unwind + 1, names.data, names.count);
}

/* gdb stops the process at each, for a millisecond or more. */
static void tell_gdb(uint64_t lo, uint64_t hi)
{
    enum { MOST = 4096 };
    static unsigned told;
    size_t bytes = sizeof(image_file) + (pieces.count + 1) * sizeof(Elf64_Sym) + frames.count +
                   sizeof(uint32_t) + names.count + 1;
    jit_entry *e = told < MOST ? vprec_heap_take(&heap, sizeof *e + bytes) : NULL;
    if (!e)
        return;
    told++;
    fill_file((image_file *)(e + 1), lo, hi);
    *e = (jit_entry){.next = __jit_debug_descriptor.first, .file = (const char *)(e + 1), .bytes = bytes};
    if (e->next)
        e->next->prev = e;
    __jit_debug_descriptor.first = __jit_debug_descriptor.relevant = e;
    __jit_debug_descriptor.action = JIT_REGISTER;
    /* Where gdb has int3 there, and SIGTRAP is blocked, the kernel would reset its action. */
    const bool stops = *(const volatile uint8_t *)(uint64_t)__jit_debug_register_code == 0xCC;
    uint64_t trap = UINT64_C(1) << (SIGTRAP - 1), mask = 0;
    if (stops)
        vprec_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&trap, (long)&mask, sizeof mask, 0, 0);
    __jit_debug_register_code();
    if (stops)
        vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0, 0);
    __jit_debug_descriptor.action = 0;
}

void vprec_symbols_tell(uint64_t lo, uint64_t hi)
{
    if (pieces.count && to_perf)
        tell_perf();
    if (pieces.count && to_gdb)
        tell_gdb(lo, hi);
    pieces.count = names.count = frames.count = 0;
}
