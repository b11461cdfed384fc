/* SPDX-License-Identifier: Apache-2.0
 * select.c: see select.h. Patterns are fnmatch's; an object matches by its base
 * name or by its whole path. */
#include "select.h"
#include "elementary.h"
#include "object.h"
#include "presets.h"
#include "runtime/names.h"
#include <fnmatch.h>
#include <string.h>

/* Never instrumented: ourselves. */
static const char *const ours[] = {"libvprec*", "libZydis.so*", "libZycore.so*", "linux-vdso*"};

/* libm's bodies are left alone whatever is asked for: one call, one operation. */
static const char *const mathematics[] = {"libm.so*", "libm-*.so", "libmvec.so*", "libmvec-*.so"};

/* Not instrumented unless a rule names them: the system and language runtimes,
 * whose arithmetic is not the inference's. No more than their own names: a
 * program may be called perlin, a library of its own libutil.so. */
static const char *const system_objects[] = {
    "libc.so.6", "libc-2.*.so", "ld-linux-x86-64.so*", "ld-2.*.so", "libpthread.so.0", "libpthread-2.*.so",
    "libdl.so.2", "libdl-2.*.so", "librt.so.1", "librt-2.*.so", "libutil.so.1", "libutil-2.*.so", "libresolv.so.2",
    "libresolv-2.*.so", "libnss_*.so.2", "libgcc_s.so*", "libgcc_s-*.so*", "libstdc++.so*", "libstdc++-*.so*",
    "libgomp.so*", "libgomp-*.so*", "ldconfig",
};
static const char *const runtimes[] = {
    "libpython[0-9]*.so*", "python", "python[0-9]", "python[0-9].[0-9]*", "libperl.so*", "perl", "perl[0-9]*", "node",
    "nodejs", "libnode.so*", "libv8.so*", "libv8_*.so*", "ruby", "ruby[0-9]*", "libruby.so*", "libruby-[0-9]*.so*",
    "java", "libjvm.so", "luajit", "luajit-[0-9]*", "libluajit-*.so*", "mono", "mono-sgen", "libmono*.so*",
    "libcoreclr.so", "libclrjit.so", "beam.smp", "pypy", "pypy[0-9]*", "libpypy*.so*", "bash", "dash", "sh", "zsh",
    "busybox",
};

bool vprec_select_is_object(const char *glob, const char *path)
{
    return !fnmatch(glob, vprec_name_base(path), 0) || !fnmatch(glob, path, 0);
}

static bool in_list(const char *const *list, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (!fnmatch(list[i], vprec_name_base(path), 0))
            return true;
    return false;
}
#define IN(list, path) in_list(list, sizeof list / sizeof *list, path)

bool vprec_select_is_name(const char *glob, const char *name)
{
    return name && (!fnmatch(glob, name, 0) || !strcmp(glob, name));
}

static bool is_function_rule(const vprec_wire_rule *rule)
{
    return rule->kind == VPREC_RULE_FUNCTION || rule->kind == VPREC_RULE_SKIP_FUNCTION;
}

static bool is_one_of(const char *glob, const vprec_names *names)
{
    return vprec_select_is_name(glob, names->symbol) || vprec_select_is_name(glob, names->plain) ||
           vprec_select_is_name(glob, names->full);
}

/* By one symbol. */
static uint64_t matched_by(const vprec_wire_config *config, const char *symbol)
{
    uint64_t matched = 0;
    const vprec_names names = vprec_demangle(symbol);
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++)
        if (is_function_rule(&config->rule[i]) && is_one_of(config->rule[i].glob, &names))
            matched |= UINT64_C(1) << i;
    return matched;
}

/* The symbol's first `*length` bytes without what a compiler has added last; NULL: nothing, or too long. */
static const char *shortened(const char *symbol, size_t *length)
{
    enum { LONGEST = 4096 };
    static char whole[LONGEST];
    const size_t n = vprec_wire_suffix(symbol, *length);
    *length -= n;
    if (!n || *length >= sizeof whole)
        return NULL;
    memcpy(whole, symbol, *length);
    whole[*length] = 0;
    return whole;
}

uint64_t vprec_select_match(const vprec_wire_config *config, const char *symbol)
{
    uint64_t matched = 0;
    size_t length = strlen(symbol);
    for (const char *name = symbol; name; name = shortened(symbol, &length))
        matched |= matched_by(config, name);
    return matched;
}

bool vprec_select_names(const char *glob, const char *symbol)
{
    bool found = false;
    size_t length = strlen(symbol);
    for (const char *name = symbol; name && !found; name = shortened(symbol, &length)) {
        const vprec_names names = vprec_demangle(name);
        found = is_one_of(glob, &names);
    }
    return found;
}

/* 1: a rule of this kind matches; 0: there are some and none does; -1: there are none. */
static int look_up(const vprec_wire_config *config, uint32_t kind, const char *object,
                   void (*hit)(const vprec_wire_rule *))
{
    int result = -1;
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++) {
        const vprec_wire_rule *rule = &config->rule[i];
        if (rule->kind != kind)
            continue;
        if (result < 0)
            result = 0;
        if (object && vprec_select_is_object(rule->glob, object)) {
            if (hit)
                hit(rule);
            result = 1;
        }
    }
    return result;
}

static void count(const vprec_wire_rule *rule)
{
    atomic_fetch_add(&((vprec_wire_rule *)(uintptr_t)rule)->hits, 1);
}

static int consult(vprec_wire_config *config, uint32_t kind, const char *text)
{
    return look_up(config, kind, text, count);
}

bool vprec_select_is_helper(const char *name)
{
    static const char *const helpers[] = {"__mul[shd]c3", "__div[shd]c3", "__powi[sd]f2", "__float*i[shd]f"};
    if (name[0] != '_' || name[1] != '_')
        return false;
    for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
        if (!fnmatch(helpers[i], name, 0))
            return true;
    return false;
}

bool vprec_select_is_system(const char *path)
{
    return IN(system_objects, path);
}

bool vprec_select_is_ours(const char *path)
{
    return IN(ours, path);
}

bool vprec_select_is_libm(const char *path)
{
    return IN(mathematics, path);
}

bool vprec_select_is_sanitizer(const char *path)
{
    static const char *const sanitizers[] = {"libasan.so*", "libtsan.so*", "libhwasan.so*", "liblsan.so*",
                                             "libclang_rt.*san*.so*"};
    for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++)
        if (!fnmatch(sanitizers[i], vprec_name_base(path), 0))
            return true;
    return false;
}

bool vprec_select_is_exact(const char *name)
{
    return !strncmp(name, "__fix", 5) && !fnmatch("__fix*[shd]f[sdt]i", name, 0);
}

bool vprec_select_process(vprec_wire_config *config, const char *path)
{
    return consult(config, VPREC_RULE_EXEC, path) != 0;
}

bool vprec_select_asks_process(const vprec_wire_config *config, const char *path)
{
    return look_up(config, VPREC_RULE_EXEC, path, NULL) != 0;
}

bool vprec_select_object(vprec_wire_config *config, const char *path, enum vprec_reason *why)
{
    *why = VPREC_REASON_NONE;
    int asked = consult(config, VPREC_RULE_OBJECT, path), skipped = consult(config, VPREC_RULE_SKIP_OBJECT, path);
    consult(config, VPREC_RULE_JIT, path); /* a name that is there; what it generates is another matter */
    consult(config, VPREC_RULE_SKIP_JIT, path);
    if (IN(ours, path) || IN(mathematics, path) || vprec_elementary_library(path))
        return false; /* a pattern that matches it names something that is there all the same */
    if (skipped == 1)
        *why = VPREC_REASON_LEFT_SKIPPED;
    else if (asked == 0)
        *why = VPREC_REASON_LEFT_NOT_ASKED;
    else if (asked < 0 && IN(system_objects, path))
        *why = VPREC_REASON_LEFT_SYSTEM;
    else if (asked < 0 && IN(runtimes, path))
        *why = VPREC_REASON_LEFT_RUNTIME;
    else if (asked < 0 && vprec_preset_leaves_object(config, path))
        *why = VPREC_REASON_LEFT_PRESET;
    return *why == VPREC_REASON_NONE;
}

bool vprec_select_jit(const vprec_wire_config *config, const char *path, bool selected)
{
    int asked = look_up(config, VPREC_RULE_JIT, path, NULL);
    return (asked < 0 ? selected : asked == 1) && look_up(config, VPREC_RULE_SKIP_JIT, path, NULL) != 1;
}

void vprec_select_hit(vprec_wire_config *config, uint64_t matched)
{
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++)
        if (matched >> i & 1)
            count(&config->rule[i]);
}

void vprec_select_idle(vprec_wire_config *config, uint64_t matched, uint64_t object)
{
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++) {
        uint64_t none = 0;
        if (matched >> i & 1)
            atomic_compare_exchange_strong(&config->rule[i].idle, &none, object);
    }
}

bool vprec_select_helpers(vprec_wire_config *config, const char *path)
{
    return !fnmatch("libgcc_s.so*", vprec_name_base(path), 0) && consult(config, VPREC_RULE_SKIP_OBJECT, path) != 1;
}

bool vprec_select_library(vprec_wire_config *config, const char *path)
{
    return vprec_elementary_library(path) && consult(config, VPREC_RULE_SKIP_OBJECT, path) != 1;
}

enum vprec_choice vprec_select_function(const vprec_wire_config *config, uint64_t matched)
{
    uint64_t rules[2] = {0, 0}; /* of either kind */
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++)
        if (is_function_rule(&config->rule[i]))
            rules[config->rule[i].kind == VPREC_RULE_SKIP_FUNCTION] |= UINT64_C(1) << i;
    if (matched & rules[1])
        return VPREC_CHOICE_SKIPPED;
    if (!rules[0])
        return VPREC_CHOICE_ANY;
    return matched & rules[0] ? VPREC_CHOICE_NAMED : VPREC_CHOICE_OTHER;
}

bool vprec_select_has_functions(const vprec_wire_config *config)
{
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++)
        if (is_function_rule(&config->rule[i]))
            return true;
    return false;
}
