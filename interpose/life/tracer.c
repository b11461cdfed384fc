/* SPDX-License-Identifier: Apache-2.0
 * tracer.c: see tracer.h. /proc tells. */
#include "tracer.h"
#include "find/elf.h"
#include "runtime/decimal.h"
#include "runtime/share.h"
#include "runtime/sys.h"
#include <string.h>

enum { INT3 = 0xCC };

/* The beginning of a file of /proc, as text. */
static void read_text(const char *path, char *text, size_t size)
{
    int file = vprec_sys_open(path, O_RDONLY | O_CLOEXEC);
    long n = file < 0 ? 0 : vprec_sys_read(file, text, size - 1);
    if (file >= 0)
        vprec_sys_close(file);
    text[n > 0 ? n : 0] = 0;
}

/* 0: none. */
static uint64_t tracer(void)
{
    static const char key[] = "\nTracerPid:\t";
    char text[1024];
    read_text("/proc/self/status", text, sizeof text);
    const char *at = strstr(text, key);
    uint64_t pid = 0;
    for (at = at ? at + sizeof key - 1 : ""; *at >= '0' && *at <= '9'; at++)
        pid = pid * 10 + (uint64_t)(*at - '0');
    return pid;
}

bool vprec_tracer_any(void)
{
    return tracer();
}

bool vprec_tracer_stops(void)
{
    static const char *const debuggers[] = {"gdb", "lldb"}; /* and their servers */
    static const char front[] = "/proc/", behind[] = "/comm";
    char path[64], name[32] = "";
    uint64_t pid = vprec_wire_shared->config.gdb ? 0 : tracer(); /* who asks for it tells gdb what to pass on */
    if (!pid)
        return false;
    memcpy(path, front, sizeof front);
    memcpy(vprec_decimal(path + sizeof front - 1, pid), behind, sizeof behind);
    read_text(path, name, sizeof name);
    for (size_t i = 0; i < sizeof debuggers / sizeof *debuggers; i++)
        if (!strncmp(name, debuggers[i], strlen(debuggers[i])))
            return true;
    return false;
}

bool vprec_tracer_read(vprec_loaded *l, uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end && l->object.elf;) {
        uint64_t room = 0, page = vprec_page_end(at + 1);
        const uint8_t *file = vprec_elf_bytes(l->object.elf, at - l->object.bias, &room);
        uint64_t stop = page < end ? page : end;
        stop = file && at + room < stop ? at + room : stop;
        bool fresh = file && vprec_text_has(&l->text, at) && !vprec_text_is_kept(&l->text, at) &&
                     !(*vprec_text_state(&l->text, at) & VPREC_PAGE_CHANGED);
        if (fresh && memcmp(file, (const void *)at, stop - at) != 0)
            for (uint64_t i = 0; i < stop - at; i++)
                if (*(const uint8_t *)(at + i) == INT3 && file[i] != INT3 &&
                    !vprec_text_foreign(&l->text, at + i, file[i]))
                    return false;
        at = stop;
    }
    return true;
}
