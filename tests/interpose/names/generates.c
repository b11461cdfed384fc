/* SPDX-License-Identifier: Apache-2.0
 * generates.c: generates three functions, a page each, and gives names to two of them, as what has Intel's ittnotify
 * does: by the library that the environment names, if it names one. The second is given another name, in place. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, FUNCTIONS = 3, LOADED = 13 };
typedef struct method {
    unsigned id;
    const char *name;
    void *code;
    unsigned bytes, lines;
    void *table;
    unsigned class;
    char *class_file, *source_file;
} method;

static const unsigned char code[] = {0xF3, 0x0F, 0x59, 0xC1, 0xC3}; /* mulss %xmm1, %xmm0; ret */

int main(void)
{
    extern char **environ;
    const char *path = getenv("INTEL_JIT_PROFILER64");
    int seen = 0;
    for (char **e = environ; *e; e++)
        seen += !strncmp(*e, "INTEL_JIT", 9);
    void *library = path ? dlopen(path, RTLD_LAZY) : NULL;
    unsigned (*initialize)(void) = library ? (unsigned (*)(void))dlsym(library, "Initialize") : NULL;
    int (*notify)(int, void *) = library ? (int (*)(int, void *))dlsym(library, "NotifyEvent") : NULL;
    unsigned char *at = mmap(NULL, FUNCTIONS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < FUNCTIONS; i++)
        memcpy(at + i * PAGE, code, sizeof code);
    static const char *const names[] = {"jit_first_kernel_t", "jit_outdated_t", "jit_second_kernel_t"};
    for (unsigned i = 0; i < 3 && initialize && initialize() == 1; i++) {
        char name[64]; /* only lent */
        strcpy(name, names[i]);
        method m = {.id = i + 1, .name = name, .code = at + (i + 1) / 2 * PAGE, .bytes = sizeof code};
        notify(LOADED, &m);
        memset(name, 'x', sizeof name);
    }
    mprotect(at, FUNCTIONS * PAGE, PROT_READ | PROT_EXEC);
    float x = 1.1f;
    for (int i = 0; i < FUNCTIONS; i++) {
        float (*function)(float, float);
        const unsigned char *entry = at + i * PAGE;
        memcpy(&function, &entry, sizeof function);
        x = function(x, 1.3f);
    }
    printf("environment %d, product %g, library %s\n", seen, x, path && !notify ? path : "-");
    return 0;
}
