/* SPDX-License-Identifier: Apache-2.0
 * patch.c: leads the functions of libm and libmvec, and those that the C
 * library has of its own, to their replacements, and keeps callable originals.
 * What the replacements compute is libm.c's; who is rounded, callers.c's.
 *
 * Nothing is read or changed before some object imports one of the functions, or has the means to find any (dlsym). All
 * of them are patched then: before, nobody could have called one, and no thread can stand in what is overwritten. */
#include "patch.h"
#include "clone/gate.h"
#include "find/imports.h"
#include "find/select.h"
#include "library.h"
#include "libm.h"
#include "runtime/names.h"
#include "runtime/version.h"
#include "runtime/arith.h"
#include "runtime/memory.h"
#include "runtime/record.h"
#include <string.h>

/* Of both tables, libmvec's behind libm's: entry number + 1 by a hash of their names; 0: the slot is free. */
enum { NAMES = 1024 };
static uint16_t by_name[NAMES];
static atomic_bool called[NAMES]; /* by entry number */
static const vprec_libm_entry *tables[2];
static size_t entries[2];

static const vprec_libm_entry *entry_at(size_t i)
{
    return i < entries[0] ? &tables[0][i] : &tables[1][i - entries[0]];
}

static uint16_t *slot_of(const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *s = name; *s; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    uint16_t *slot = &by_name[h % NAMES];
    while (*slot && strcmp(entry_at(*slot - 1u)->name, name))
        slot = slot == &by_name[NAMES - 1] ? by_name : slot + 1;
    return slot;
}

static void enter_names(void)
{
    tables[0] = vprec_libm_table(&entries[0]);
    tables[1] = vprec_libmvec_table(&entries[1]);
    for (size_t i = 0; i < entries[0] + entries[1]; i++)
        *slot_of(entry_at(i)->name) = (uint16_t)(i + 1);
}

bool vprec_libm_is_rounded(const char *name)
{
    return *slot_of(name);
}

static bool is_formatted(const vprec_libm_entry *entry)
{
    return vprec_arith_current.use[entry->type] == VPREC_USE_FORMAT;
}

/* A function that a library has, and its gate; NULL: it cannot have one. */
typedef struct function {
    const vprec_libm_entry *entry;
    uint32_t symbol;
    vprec_gate *gate;
} function;

/* libc first: what it has too it never takes away again. libmvec's originals are libm's. */
enum { LIBC, LIBM, LIBMVEC, LIBRARIES };
static const char *const names[LIBRARIES] = {VPREC_LIBM_LIBC, "libm.so.6", "libmvec.so.1"};
enum stage { ABSENT, MAPPED, WAITING, RELOCATED, PATCHED, REFUSED };
enum { JUMP = 12 };
static struct library {
    vprec_library at;
    const struct link_map *map;
    enum stage stage;
    uint8_t kept[JUMP]; /* WAITING: what its constructor began with */
    vprec_gates gates;
    uint32_t functions; /* that lead to their replacements */
} libraries[LIBRARIES];

static const struct link_map *loaded(const char *name)
{
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
        if (!strcmp(vprec_name_base(map->l_name), name))
            return map;
    return NULL;
}

/* It was unloaded. */
static void forget(struct library *l)
{
    const uint64_t arena = (uint64_t)l->gates.arena;
    for (size_t i = 0; i < entries[0] + entries[1] && l->stage == PATCHED; i++) {
        void **original = entry_at(i)->original;
        if ((uint64_t)*original - arena < l->gates.bytes || (uint64_t)*original - l->at.lo < l->at.hi - l->at.lo)
            *original = NULL;
    }
    if (l == &libraries[LIBM])
        vprec_fenv_late(NULL);
    vprec_gates_free(&l->gates);
    *l = (struct library){0};
}

/* What the loader has now. */
static void look(bool first)
{
    for (int i = 0; i < LIBRARIES; i++) {
        struct library *l = &libraries[i];
        const struct link_map *map = loaded(names[i]);
        if (l->map && (map != l->map || map->l_addr != l->at.bias))
            forget(l);
        if (l->stage == MAPPED)
            l->stage = RELOCATED;
        if (l->map || !map)
            continue;
        l->map = map;
        l->stage = first ? RELOCATED : MAPPED;
        if (!vprec_library_read(&l->at, map)) {
            vprec_record_native(VPREC_REASON_LIBM_UNREADABLE, map->l_name, NULL);
            l->stage = REFUSED;
        }
    }
}

static bool is_formatted_function(const char *name)
{
    uint16_t entry = *slot_of(name);
    return entry && is_formatted(entry_at(entry - 1u));
}

/* What finds functions by their names. */
static bool is_finder(const char *name)
{
    static const char *const finders[] = {"dlsym", "dlvsym", "dlinfo", "dladdr1", "dl_iterate_phdr",
                                          "_dl_find_object", "_r_debug"};
    for (size_t i = 0; i < sizeof finders / sizeof *finders && (name[0] == 'd' || name[0] == '_'); i++)
        if (!strcmp(name, finders[i]))
            return true;
    return false;
}

/* libm's calls of its own functions are part of an operation; the system's libraries find others' functions only. */
static bool has_a_way(const struct link_map *map)
{
    return (vprec_imports_any(map, is_formatted_function) && !vprec_select_is_libm(map->l_name)) ||
           (vprec_imports_any(map, is_finder) && !vprec_select_is_system(map->l_name) &&
            !vprec_select_is_ours(map->l_name));
}

/* Whether some object has a way to the functions. Each is looked at once, while it stays. */
static bool somebody_calls(void)
{
    static vprec_vec known = {.size = sizeof(uint64_t)};
    vprec_vec now = VPREC_VEC(uint64_t);
    bool found = false;
    for (const struct link_map *map = _r_debug.r_map; map && !found; map = map->l_next) {
        uint64_t key = ((uint64_t)map->l_ld ^ map->l_addr << 16) * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)map;
        found = !vprec_vec_add_u64(&now, key) || (!vprec_sorted_has(&known, key) && has_a_way(map));
    }
    vprec_vec_free(&known);
    vprec_vec_sort_u64(&now);
    known = now;
    return found;
}

/* All functions that the library has, those of default versions first. False: no memory. */
static bool find_functions(const struct library *l, const vprec_libm_entry *table, size_t n, vprec_vec *functions)
{
    for (int other = 0; other < 2; other++)
        for (size_t e = 0; e < n; e++)
            for (uint32_t i = 0; (i = vprec_library_find(&l->at, table[e].name, i));) {
                if (vprec_library_is_default(&l->at, i) == other)
                    continue;
                function *f = vprec_vec_add(functions, 1);
                if (!f)
                    return false;
                *f = (function){&table[e], i, NULL};
            }
    return true;
}

/* Makes the gates of those that may be rounded, and of all of them originals that replacements call. */
static bool make_gates(struct library *l, const vprec_vec *functions)
{
    size_t formatted = 0;
    for (size_t i = 0; i < functions->count; i++)
        formatted += is_formatted(VPREC_AT(*functions, function, i).entry);
    if (formatted && !vprec_gates_reserve(&l->gates, l->at.lo, l->at.hi, formatted))
        return false;
    for (size_t i = 0; i < functions->count; i++) {
        function *f = &VPREC_AT(*functions, function, i);
        uint64_t address = vprec_library_address(&l->at, f->symbol);
        const void *native = (const void *)address;
        if (address && is_formatted(f->entry)) {
            f->gate = vprec_gate_add(&l->gates, address, vprec_library_end(&l->at, address), 0, 0);
            native = f->gate ? f->gate->native : NULL;
        }
        if (!*f->entry->original)
            *f->entry->original = (void *)(uint64_t)native;
    }
    return true;
}

/* Gives the gates their replacements. */
static void lead(const struct library *l, const vprec_vec *functions, vprec_process_record *process)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    for (size_t i = 0; i < functions->count; i++) {
        const function *f = &VPREC_AT(*functions, function, i);
        const vprec_libm_entry *entry = f->entry;
        if (!is_formatted(entry))
            continue;
        if (!f->gate || !*entry->original || (entry->wide && !*entry->wide)) {
            vprec_record_native(VPREC_REASON_LIBM_ENTRY, l->map->l_name, entry->name);
            continue;
        }
        f->gate->rounded = entry->replacement;
        f->gate->routine.type = (uint8_t)entry->type;
        f->gate->asks = vprec_versions > 1;
        f->gate->ours = strcmp(entry->name, VPREC_LIBM_ON_STACK) != 0;
        f->gate->called = &called[*slot_of(entry->name) - 1];
        f->gate->functions = &process->libm_called[entry->type];
        f->gate->calls = config->count ? &process->libm_calls[entry->type] : NULL;
    }
    vprec_libm_firsts = config->count == VPREC_COUNT_ALL ? process->libm_first : NULL;
}

static const vprec_library *source; /* of default_function() */

static void *default_function(const char *name)
{
    for (uint32_t i = 0; (i = vprec_library_find(source, name, i));)
        if (vprec_library_is_default(source, i))
            return (void *)vprec_library_address(source, i);
    return NULL;
}

/* What replacements themselves call. False: this libm lacks one. */
static bool fill_own(const struct library *libm)
{
    source = &libm->at;
    void **word = vprec_libm_own;
    for (const char *name = vprec_libm_own_names; *name; name += strlen(name) + 1)
        if (!(*word++ = default_function(name)))
            return false;
    vprec_fenv_late(default_function);
    return true;
}

static void patch(struct library *l, vprec_process_record *process)
{
    const int table = l == &libraries[LIBMVEC];
    vprec_vec functions = VPREC_VEC(function);
    enum vprec_reason why = VPREC_REASON_NONE;
    if (l == &libraries[LIBM] && !fill_own(l)) {
        why = VPREC_REASON_LIBM_UNREADABLE;
    } else if (!find_functions(l, tables[table], entries[table], &functions) || !make_gates(l, &functions)) {
        why = VPREC_REASON_NO_REACH;
    } else {
        lead(l, &functions, process);
        for (size_t i = 0; i < l->gates.count; i++)
            l->functions += vprec_gate_at(&l->gates, i)->rounded != NULL;
        if (l->functions && !vprec_gates_seal(&l->gates))
            why = VPREC_REASON_NOT_EXECUTABLE;
        else if (l->functions && !vprec_gates_open(&l->gates))
            why = VPREC_REASON_NOT_WRITABLE;
    }
    vprec_vec_free(&functions);
    l->stage = why ? REFUSED : PATCHED;
    if (why) {
        l->functions = 0;
        vprec_record_native(why, l->map->l_name, NULL);
    }
}

/* A library that is not relocated yet cannot say where its functions are: the resolvers of its IFUNCs do not run. Its
 * constructor comes before those of all that call it; its first bytes lead here until then, and back when it arrives. */
static void (*patch_again)(void);

static bool write_start(struct library *l, const uint8_t *bytes)
{
    return vprec_gate_write(l->at.init, bytes, JUMP);
}

static void arrive(struct library *l, int argc, char **argv, char **envp)
{
    bool restored = true;
    for (int i = 0; i < LIBRARIES; i++) {
        struct library *waiting = &libraries[i];
        if (waiting->stage != WAITING)
            continue;
        restored &= write_start(waiting, waiting->kept);
        waiting->stage = RELOCATED;
    }
    void (*init)(int, char **, char **) = (void (*)(int, char **, char **))l->at.init;
    patch_again();
    if (restored) /* else it would come here for ever; it does nothing */
        init(argc, argv, envp);
}

static void arrive_libm(int argc, char **argv, char **envp)
{
    arrive(&libraries[LIBM], argc, argv, envp);
}

static void arrive_libmvec(int argc, char **argv, char **envp)
{
    arrive(&libraries[LIBMVEC], argc, argv, envp);
}

static void wait_for_constructor(struct library *l)
{
    uint8_t code[JUMP] = {0x48, 0xB8, [10] = 0xFF, 0xE0}; /* mov rax, imm64; jmp rax */
    void (*to)(int, char **, char **) = l == &libraries[LIBM] ? arrive_libm : arrive_libmvec;
    memcpy(code + 2, &to, sizeof to);
    l->stage = REFUSED;
    if (l->at.init % 16 <= 16 - JUMP && l->at.init >= l->at.code && l->at.init < l->at.code_end) {
        memcpy(l->kept, (const void *)l->at.init, JUMP);
        if (write_start(l, code))
            l->stage = WAITING;
    }
    if (l->stage == REFUSED)
        vprec_record_native(VPREC_REASON_LIBM_UNREADABLE, l->map->l_name, NULL);
}

void vprec_instrument_libm(vprec_process_record *process, void (*again)(void))
{
    static bool began, called_by_somebody;
    if (!vprec_arith_rounds(&vprec_arith_current))
        return;
    if (!began)
        enter_names();
    patch_again = again;
    look(!began);
    began = true;
    if (!called_by_somebody && !(called_by_somebody = somebody_calls()))
        return;
    uint32_t functions = 0;
    for (int i = 0; i < LIBRARIES; i++) {
        struct library *l = &libraries[i];
        if (l->stage == MAPPED)
            wait_for_constructor(l);
        else if (l->stage == RELOCATED)
            patch(l, process);
        functions += l->functions;
    }
    atomic_store(&process->libm_functions, functions);
}
