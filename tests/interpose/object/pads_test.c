/* SPDX-License-Identifier: Apache-2.0
 * pads_test.c: landing pads of a C++ file that the test compiles (and whose
 * assembly it rewrites to other pointer encodings), against the labels in that
 * assembly and against the addresses that the unwinder really enters, and whose
 * they are in its eyes: this program stands in for _Unwind_SetIP. */
#include "find/object.h"
#include "readelf.h"
#include <dlfcn.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;
static const char *variant_name;

#define FAIL(...) (failures++, fprintf(stderr, "%s: ", variant_name), fprintf(stderr, __VA_ARGS__))

/* Where exceptions landed; the same, each before the start of the function that it is a pad of. */
static re_list landed, owners;

uint64_t _Unwind_GetRegionStart(void *context);
void _Unwind_SetIP(void *context, uint64_t address);
void _Unwind_SetIP(void *context, uint64_t address)
{
    static void (*next)(void *, uint64_t);
    if (!next) {
        void *library = dlopen("libgcc_s.so.1", RTLD_NOW);
        next = library ? (void (*)(void *, uint64_t))(uintptr_t)dlsym(library, "_Unwind_SetIP") : NULL;
        if (!next)
            abort();
    }
    re_push(&landed, address);
    re_push(&owners, address);
    re_push(&owners, _Unwind_GetRegionStart(context));
    next(context, address);
}

typedef struct variant {
    const char *name, *flags;
    const char *call_site; /* directive for call-site fields instead of .uleb128, and its encoding */
    int encoding;
    bool base;     /* a landing-pad base is stored (pc-relative), not omitted */
    bool indirect; /* FDEs point to a word that points to the exception table */
    bool program;  /* not PIE */
} variant;

static const variant variants[] = {
    {"O2", "-O2 -fPIC", NULL, 0, false, false, false},
    {"O0", "-O0 -fPIC", NULL, 0, false, false, false},
    {"large", "-O2 -fPIC -mcmodel=large", NULL, 0, false, false, false},
    {"udata4", "-O2 -fPIC", ".4byte", 0x03, false, false, false},
    {"sdata4", "-O2 -fPIC", ".4byte", 0x0b, false, false, false},
    {"udata2", "-O2 -fPIC", ".2byte", 0x02, false, false, false},
    {"udata8", "-O2 -fPIC", ".8byte", 0x04, false, false, false},
    {"sleb128", "-O2 -fPIC", ".sleb128", 0x09, false, false, false},
    {"base", "-O2 -fPIC", NULL, 0, true, false, false},
    {"base-udata4", "-O1 -fPIC", ".4byte", 0x03, true, false, false},
    {"program", "-O2 -fno-pic", NULL, 0, false, false, true},
    {"program-large", "-O2 -fno-pic -mcmodel=large", NULL, 0, false, false, true},
    {"program-indirect", "-O2 -fno-pic", NULL, 0, false, true, true},
    {"indirect", "-O2 -fPIC", NULL, 0, false, true, false},
};

typedef struct text {
    char *line[20000];
    size_t count;
} text;

static void text_line(char *line, void *data)
{
    text *t = data;
    if (t->count == sizeof t->line / sizeof *t->line)
        abort();
    t->line[t->count++] = strdup(line);
}

/* Rewrites the assembly for the variant and collects the labels of landing
 * pads: the third field of each entry between .LLSDACSBn and .LLSDACSEn. */
static bool assembly_rewrite(text *t, const variant *v, FILE *out, text *labels)
{
    bool in_table = false;
    size_t tables = 0, field = 0;
    for (size_t i = 0; i < t->count; i++) {
        char *line = t->line[i], label[64], base[64];
        if (!strncmp(line, ".LLSDACSB", 9))
            in_table = true, field = 0, tables++;
        else if (!strncmp(line, ".LLSDACSE", 9))
            in_table = false;
        if (in_table && sscanf(line, "\t.uleb128 %63s", label) == 1) {
            if (field++ % 4 == 2 && sscanf(line, "\t.uleb128 %63[^-]-%63s", label, base) == 2)
                text_line(label, labels);
            if (v->call_site && (field - 1) % 4 != 3) {
                fprintf(out, "\t%s %s\n", v->call_site, strchr(line, ' ') + 1);
                continue;
            }
        }
        bool is_format = i + 1 < t->count && strstr(t->line[i + 1], ".uleb128 .LLSDACSE");
        bool is_base = i && !strncmp(t->line[i - 1], ".LLSDA", 6) && strspn(t->line[i - 1] + 6, "C0123456789") ==
                       strlen(t->line[i - 1]) - 7 && !strcmp(line, "\t.byte\t0xff");
        if (v->call_site && is_format) {
            fprintf(out, "\t.byte %d\n", v->encoding);
            continue;
        }
        if (v->base && is_base) { /* relative to what the entries are relative to */
            *base = 0;
            for (size_t j = i; j < t->count && strncmp(t->line[j], ".LLSDACSE", 9) && !*base; j++)
                if (sscanf(t->line[j], "\t.uleb128 .LEHB%*[^-]-%63s", base) != 1)
                    *base = 0;
            if (*base) {
                fprintf(out, "\t.byte 0x1b\n\t.long %s-.\n", base);
                continue;
            }
        }
        if (v->indirect && sscanf(line, "\t.cfi_lsda %*[^,],%63s", label) == 1) {
            fprintf(out, "\t.pushsection .data.rel.ro,\"aw\"\n.Lref%s: .quad %s\n\t.popsection\n", label + 1, label);
            fprintf(out, "\t.cfi_lsda 0x9b,.Lref%s\n", label + 1);
            continue;
        }
        fprintf(out, "%s\n", line);
    }
    return tables > 0;
}

typedef struct truth {
    const text *labels;
    re_list pads;
    size_t resolved;
} truth;

/* "  123: 0000000000001234  0 NOTYPE LOCAL DEFAULT 12 .L17" */
static void label_line(char *line, void *data)
{
    truth *t = data;
    uint64_t address;
    char name[256];
    if (sscanf(line, " %*u: %" SCNx64 " %*s %*s %*s %*s %*s %255s", &address, name) != 2)
        return;
    for (size_t i = 0; i < t->labels->count; i++)
        if (!strcmp(t->labels->line[i], name)) {
            re_push(&t->pads, address);
            return;
        }
}

/* A copy of the file that says it has no sections. */
static bool sections_drop(const char *from, const char *to)
{
    Elf64_Ehdr header;
    if (re_lines(text_line, &(text){0}, "cp '%s' '%s'", from, to))
        return false;
    FILE *file = fopen(to, "r+b");
    if (!file || fread(&header, sizeof header, 1, file) != 1)
        return false;
    header.e_shoff = header.e_shnum = header.e_shstrndx = 0;
    rewind(file);
    bool done = fwrite(&header, sizeof header, 1, file) == 1;
    return !fclose(file) && done;
}

static void check_pads(const char *file, const re_list *expected)
{
    vprec_object object;
    enum vprec_reason why = VPREC_REASON_NONE;
    if ((why = vprec_object_read(&object, file, 0))) {
        FAIL("%s: refused: reason %d\n", file, (int)why);
        return;
    }
    bool same = object.pads.count == expected->count;
    for (size_t i = 0; same && i < expected->count; i++)
        same = VPREC_AT(object.pads, uint64_t, i) == expected->at[i];
    if (!same) {
        FAIL("%s: %zu pads, %zu expected\n", file, object.pads.count, expected->count);
        for (size_t i = 0; i < object.pads.count || i < expected->count; i++)
            fprintf(stderr, "  %#" PRIx64 " %#" PRIx64 "\n",
                    i < object.pads.count ? VPREC_AT(object.pads, uint64_t, i) : 0,
                    i < expected->count ? expected->at[i] : 0);
    }
    vprec_object_release(&object);
}

/* Without section headers every FDE must still be found, through .eh_frame_hdr. */
static void check_frames(const char *whole, const char *stripped)
{
    vprec_object object;
    enum vprec_reason why = VPREC_REASON_NONE;
    re_facts facts;
    if (!re_read(whole, &facts) || (why = vprec_object_read(&object, stripped, 0))) {
        FAIL("%s: refused: reason %d\n", stripped, (int)why);
        return;
    }
    for (size_t i = 0; i < facts.count; i++) {
        bool found = facts.functions[i].name != NULL; /* .symtab is gone */
        for (size_t j = 0; j < object.symbols.count && !found; j++)
            found = VPREC_AT(object.symbols, vprec_symbol, j).start == facts.functions[i].start &&
                    VPREC_AT(object.symbols, vprec_symbol, j).end == facts.functions[i].end;
        if (!found)
            FAIL("%s: no function at %#" PRIx64 "\n", stripped, facts.functions[i].start);
    }
    vprec_object_release(&object);
}

/* Asked for its pads, the function that the unwinder found must have the address. */
static void check_owner(uint64_t address, uint64_t start)
{
    Dl_info info;
    struct link_map *map = NULL;
    vprec_object object;
    vprec_vec pads = VPREC_VEC(uint64_t);
    vprec_symbol function = {0};
    if (!dladdr1((void *)(uintptr_t)start, &info, (void **)&map, RTLD_DL_LINKMAP) ||
        vprec_object_open(&object, map->l_name, map->l_addr)) {
        FAIL("a function at %#" PRIx64 ", in no readable object\n", start);
        return;
    }
    bool found = false;
    if (!vprec_object_pads_of(&object, start, &pads) || !vprec_object_function_at(&object, start, &function))
        FAIL("%s: no function at %#" PRIx64 "\n", map->l_name, start - map->l_addr);
    for (size_t i = 0; i < pads.count; i++)
        found |= VPREC_AT(pads, uint64_t, i) == address;
    if (!found || function.start != start)
        FAIL("%s: landed at %#" PRIx64 ", which is no pad of %#" PRIx64 "\n", map->l_name, address - map->l_addr,
             start - map->l_addr);
    vprec_vec_free(&pads);
    vprec_object_release(&object);
}

/* Every address that the unwinder entered must be a pad of the object it lies in. */
static size_t check_landed(void)
{
    for (size_t i = 0; i < owners.count; i += 2) {
        size_t before = 0; /* the same once more */
        while (before < i && (owners.at[before] != owners.at[i] || owners.at[before + 1] != owners.at[i + 1]))
            before += 2;
        if (before == i)
            check_owner(owners.at[i], owners.at[i + 1]);
    }
    owners.count = 0;
    re_sort(&landed);
    for (size_t i = 0; i < landed.count; i++) {
        Dl_info info;
        struct link_map *map = NULL;
        vprec_object object;
        enum vprec_reason why = VPREC_REASON_NONE;
        if (!dladdr1((void *)(uintptr_t)landed.at[i], &info, (void **)&map, RTLD_DL_LINKMAP) ||
            (why = vprec_object_read(&object, map->l_name, map->l_addr))) {
            FAIL("landed at %#" PRIx64 ", in no readable object: reason %d\n", landed.at[i], (int)why);
            continue;
        }
        bool found = false;
        for (size_t j = 0; j < object.pads.count; j++)
            found |= VPREC_AT(object.pads, uint64_t, j) == landed.at[i];
        if (!found)
            FAIL("%s: landed at %#" PRIx64 ", which is no pad\n", map->l_name, landed.at[i] - map->l_addr);
        vprec_object_release(&object);
    }
    size_t count = landed.count;
    landed.count = 0;
    return count;
}

static void variant_check(const variant *v, const char *source, const char *directory)
{
    static text assembly, labels, nothing;
    char s[256], binary[256], stripped[256];
    variant_name = v->name;
    assembly.count = labels.count = nothing.count = 0;
    snprintf(s, sizeof s, "%s/%s.s", directory, v->name);
    snprintf(binary, sizeof binary, "%s/%s", directory, v->name);
    snprintf(stripped, sizeof stripped, "%s/%s.stripped", directory, v->name);
    FILE *out = fopen(s, "w");
    if (!out || re_lines(text_line, &assembly, "g++ %s %s -S -o - '%s'", v->flags,
                         v->program ? "-DTHROWS_MAIN" : "", source) ||
        !assembly_rewrite(&assembly, v, out, &labels) || fclose(out) ||
        re_lines(text_line, &nothing, "g++ %s -Wa,-L -o '%s' '%s'", v->program ? "-no-pie" : "-shared", binary, s)) {
        FAIL("it cannot be compiled\n");
        return;
    }
    truth t = {.labels = &labels};
    re_lines(label_line, &t, "LC_ALL=C readelf -sW '%s'", binary);
    re_sort(&t.pads);
    size_t entered = 0;
    check_pads(binary, &t.pads);
    if (!sections_drop(binary, stripped)) {
        FAIL("no copy without sections\n");
    } else {
        check_pads(stripped, &t.pads);
        check_frames(binary, stripped);
    }
    if (t.pads.count < 10 || t.pads.count > labels.count)
        FAIL("%zu labels gave %zu addresses\n", labels.count, t.pads.count);
    if (v->program) {
        if (re_lines(text_line, &nothing, "'%s'", binary))
            FAIL("the program fails\n");
    } else {
        void *library = dlopen(binary, RTLD_NOW | RTLD_LOCAL);
        int (*run)(int) = library ? (int (*)(int))(uintptr_t)dlsym(library, "throws_run") : NULL;
        if (!run || run(100) != 100)
            FAIL("the library fails: %s\n", run ? "" : dlerror());
        entered = check_landed();
        if (!entered)
            FAIL("no exception was seen\n");
        if (library)
            dlclose(library);
    }
    printf("%-18s %zu pads; %zu entered at run time\n", v->name, t.pads.count, entered);
    free(t.pads.at);
    for (size_t i = 0; i < assembly.count; i++)
        free(assembly.line[i]);
}

int main(int argc, char **argv)
{
    static text nothing;
    char directory[] = "/tmp/vprec-pads-XXXXXX";
    if (argc < 2 || re_lines(text_line, &nothing, "g++ --version 2>/dev/null") ||
        re_lines(text_line, &nothing, "readelf --version 2>/dev/null")) {
        fprintf(stderr, "skipped: usage: pads_test throws.cpp, with g++ and readelf on the PATH\n");
        return 77;
    }
    if (!mkdtemp(directory))
        return 1;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        variant_check(&variants[i], argv[1], directory);
    re_lines(text_line, &nothing, "rm -rf '%s'", directory);
    return failures != 0;
}
