/* SPDX-License-Identifier: Apache-2.0
 * collector.c: takes tasks of a program's that has ittnotify, and names them on standard error. */
#include <stdio.h>
#include <string.h>

typedef struct function {
    const char *name;
    void **called;
    void *first, *none;
    int group;
} function;

typedef struct identity {
    unsigned long long part[3];
} identity;

static void begin(const void *domain, identity task, identity parent, const char *const *name)
{
    (void)domain, (void)task, (void)parent;
    fprintf(stderr, "task %s\n", *name);
}

static void end(const void *domain)
{
    (void)domain;
    fprintf(stderr, "task ends\n");
}

void __itt_api_init(char *global, unsigned groups); /* NOLINT(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void __itt_api_init(char *global, unsigned groups)
{
    enum { FUNCTIONS = 120 };
    function *f;
    (void)groups;
    memcpy((void *)&f, global + FUNCTIONS, sizeof(void *));
    for (; f->name; f++)
        if (!strcmp(f->name, "__itt_task_begin"))
            *f->called = (void *)begin;
        else if (!strcmp(f->name, "__itt_task_end"))
            *f->called = (void *)end;
}
