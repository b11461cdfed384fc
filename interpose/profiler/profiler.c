/* SPDX-License-Identifier: Apache-2.0
 * profiler.c: a library by itself, which programs that generate code take for a profiler: oneDNN, and others that have
 * Intel's ittnotify. They call Initialize, and NotifyEvent for each piece of code: it is handed on to the preload
 * library, if that is there. And a collector of tasks: __itt_api_init says who is called when one begins or ends. */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

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

/* Of ittnotify, as version 3 has it: the functions that a program calls by pointers. */
typedef struct function {
    const char *name; /* NULL: there are no more */
    void **called;    /* where the pointer lies */
    void *first, *none;
    int group;
} function;

typedef struct global {
    unsigned char magic[8];
    unsigned long major;
    char between[104];
    function *functions;
} global;

typedef struct text {
    const char *text; /* of its members the first */
} text;

typedef struct identity {
    unsigned long long part[3];
} identity;

typedef void begins(const void *domain, identity task, identity parent, const text *name);
typedef void ends(const void *domain);

static begins *next_begin; /* of another collector; NULL: there is none */
static ends *next_end;
static void (*task_begin)(const char *name);
static void (*task_end)(void);

static void begin(const void *domain, identity task, identity parent, const text *name)
{
    if (next_begin)
        next_begin(domain, task, parent, name);
    task_begin(name && name->text ? name->text : "");
}

static void end(const void *domain)
{
    task_end();
    if (next_end)
        next_end(domain);
}

static void **called_of(const global *g, const char *name)
{
    for (const function *f = g->functions; f && f->name; f++)
        if (!strcmp(f->name, name))
            return f->called;
    return NULL;
}

/* Tells the collector that was named before, which sets functions of its own. Whether there is one. */
static int tell_next(global *g, unsigned groups)
{
    const char *(*named)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, "vprec_task_collector");
    const char *path = named ? named() : NULL;
    void *library = path && *path ? dlopen(path, RTLD_LAZY) : NULL;
    void (*tell)(global *, unsigned) =
        library ? (void (*)(global *, unsigned))dlsym(library, "__itt_api_init") : NULL;
    if (tell)
        tell(g, groups);
    return tell != NULL;
}

void __itt_api_init(global *g, unsigned groups);
void __itt_api_init(global *g, unsigned groups)
{
    static const unsigned char magic[] = {0xED, 0xAB, 0xAB, 0xEC, 0x0D, 0xEE, 0xDA, 0x30};
    enum { MAJOR = 3 };
    int known = !memcmp(g->magic, magic, sizeof magic) && g->major == MAJOR;
    void **to_begin = known ? called_of(g, "__itt_task_begin") : NULL;
    void **to_end = known ? called_of(g, "__itt_task_end") : NULL;
    void *first[] = {to_begin ? *to_begin : NULL, to_end ? *to_end : NULL};
    task_begin = (void (*)(const char *))dlsym(RTLD_DEFAULT, "vprec_task_begin");
    task_end = (void (*)(void))dlsym(RTLD_DEFAULT, "vprec_task_end");
    int other = tell_next(g, groups);
    if (!to_begin || !to_end || !task_begin || !task_end)
        return;
    if (other && *to_begin != first[0])
        next_begin = (begins *)*to_begin;
    if (other && *to_end != first[1])
        next_end = (ends *)*to_end;
    *to_begin = (void *)begin;
    *to_end = (void *)end;
}
