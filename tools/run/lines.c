/* SPDX-License-Identifier: Apache-2.0
 * lines.c: see lines.h. By libdwfl of elfutils, which is opened when the first line is asked for: most runs ask for
 * none, and a vprec-run that was moved to a machine without it runs, and tells no lines. */
#include "lines.h"
#include "common/say.h"
#include <stdlib.h>
#include <string.h>

#ifdef VPREC_LIBDW
#include <dlfcn.h>
#include <elfutils/libdwfl.h>

static struct {
    __typeof__(dwfl_begin) *begin;
    __typeof__(dwfl_report_offline) *report_offline;
    __typeof__(dwfl_report_end) *report_end;
    __typeof__(dwfl_module_getelf) *getelf;
    __typeof__(dwfl_module_build_id) *build_id;
    __typeof__(dwfl_module_getsrc) *getsrc;
    __typeof__(dwfl_lineinfo) *lineinfo;
    __typeof__(dwfl_build_id_find_elf) *find_elf;
    __typeof__(dwfl_standard_find_debuginfo) *find_debuginfo;
    __typeof__(dwfl_offline_section_address) *section_address;
} dw;

static bool open_library(void)
{
    static const struct {
        void *to;
        const char *name;
    } names[] = {{&dw.begin, "dwfl_begin"},
                 {&dw.report_offline, "dwfl_report_offline"},
                 {&dw.report_end, "dwfl_report_end"},
                 {&dw.getelf, "dwfl_module_getelf"},
                 {&dw.build_id, "dwfl_module_build_id"},
                 {&dw.getsrc, "dwfl_module_getsrc"},
                 {&dw.lineinfo, "dwfl_lineinfo"},
                 {&dw.find_elf, "dwfl_build_id_find_elf"},
                 {&dw.find_debuginfo, "dwfl_standard_find_debuginfo"},
                 {&dw.section_address, "dwfl_offline_section_address"}};
    unsetenv("DEBUGINFOD_URLS"); /* it would ask servers; the program has its own environment already */
    void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; library && i < sizeof names / sizeof *names; i++) {
        void *found = dlsym(library, names[i].name);
        if (!found)
            return false;
        memcpy(names[i].to, &found, sizeof found);
    }
    return library;
}

/* An object that was asked for. */
typedef struct known {
    char *path;
    Dwfl *session;
    Dwfl_Module *module; /* NULL: nothing is known of it */
    Dwarf_Addr bias;
} known;

static known *all;
static size_t count;

/* Whether the file is the one of the record: it may have been made anew since. */
static bool is_same(const vprec_records *records, const char *path, Dwfl_Module *module)
{
    for (size_t i = 0; i < VPREC_ITEMS(records, OBJECT).count; i++) {
        const vprec_object_record *object = vprec_object_at(records, i);
        if (strcmp(object->path, path) || object->build_id_length > sizeof object->build_id)
            continue;
        const unsigned char *id;
        GElf_Addr at;
        const int length = dw.build_id(module, &id, &at);
        return length <= 0 ? !object->build_id_length
                           : (size_t)length >= object->build_id_length &&
                                 !memcmp(id, object->build_id, object->build_id_length);
    }
    return false;
}

static void look_into(const vprec_records *records, known *k)
{
    static Dwfl_Callbacks calls; /* the session keeps a pointer to it */
    calls = (Dwfl_Callbacks){
        .find_elf = dw.find_elf, .find_debuginfo = dw.find_debuginfo, .section_address = dw.section_address};
    k->session = *k->path == '/' ? dw.begin(&calls) : NULL; /* what is generated has no file */
    if (!k->session)
        return;
    Dwfl_Module *module = dw.report_offline(k->session, "", k->path, -1);
    dw.report_end(k->session, NULL, NULL);
    if (module && dw.getelf(module, &k->bias) && is_same(records, k->path, module))
        k->module = module;
}

static const known *find(const vprec_records *records, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i].path, path))
            return &all[i];
    all = vprec_grow(all, count + 1, sizeof *all);
    all[count] = (known){.path = vprec_text("%s", path)};
    look_into(records, &all[count]);
    return &all[count++];
}

vprec_source_line vprec_line_of(const vprec_records *records, const char *object, uint64_t address)
{
    enum { UNASKED, THERE, MISSING };
    static int library;
    vprec_source_line line = {NULL, 0};
    if (library == UNASKED)
        library = open_library() ? THERE : MISSING;
    const known *k = library == THERE ? find(records, object) : NULL;
    Dwfl_Line *at = k && k->module ? dw.getsrc(k->module, address + k->bias) : NULL;
    line.file = at ? dw.lineinfo(at, NULL, &line.line, NULL, NULL, NULL) : NULL;
    if (line.line <= 0) /* of code that stands nowhere in the source */
        line.file = NULL;
    return line;
}
#else
vprec_source_line vprec_line_of(const vprec_records *records, const char *object, uint64_t address)
{
    (void)records, (void)object, (void)address;
    return (vprec_source_line){NULL, 0};
}
#endif

char *vprec_line_text(vprec_source_line line)
{
    return line.file ? vprec_text("%s:%d", vprec_base(line.file), line.line) : NULL;
}

void vprec_line_put(json_t *object, vprec_source_line line)
{
    vprec_json_put(object, "file", line.file ? vprec_json_text(line.file) : json_null());
    vprec_json_put(object, "line", line.file ? json_integer(line.line) : json_null());
}
