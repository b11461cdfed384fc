/* SPDX-License-Identifier: Apache-2.0
 * profiler.c: a library by itself, which programs that generate code take for a profiler: oneDNN, and others that have
 * Intel's ittnotify. They call Initialize, and NotifyEvent for each piece of code: it is handed on to the preload
 * library, if that is there. */
#include <dlfcn.h>
#include <stdint.h>

/* iJIT_Method_Load; its second version begins alike. */
typedef struct method {
    unsigned id;
    const char *name;
    void *code;
    unsigned bytes;
} method;

unsigned Initialize(void);
int NotifyEvent(int event, void *data);

unsigned Initialize(void)
{
    return 1; /* iJIT_SAMPLING_ON */
}

int NotifyEvent(int event, void *data)
{
    enum { LOADED = 13, LOADED_2 = 21, HANDED_ON = 1 };
    void (*named)(const char *, uint64_t, uint64_t) =
        (void (*)(const char *, uint64_t, uint64_t))dlsym(RTLD_DEFAULT, "vprec_code_named");
    const method *m = data;
    if ((event == LOADED || event == LOADED_2) && m && m->name && named)
        named(m->name, (uint64_t)m->code, m->bytes);
    return HANDED_ON;
}
