/* SPDX-License-Identifier: Apache-2.0
 * machine.c: processor, kernel, C library. */
#include "machine.h"
#include "common/json.h"
#include "common/say.h"
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* "model name" of the first processor, or "". */
static char *model(void)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char *line = NULL, *name = NULL;
    size_t size = 0;
    while (file && !name && getline(&line, &size, file) > 0)
        if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
            line[strcspn(line, "\n")] = 0;
            name = vprec_text("%s", strchr(line, ':') + 2);
        }
    if (file)
        fclose(file);
    free(line);
    return name ? name : vprec_text("%s", "");
}

json_t *sweep_machine(void)
{
    struct utsname system;
    json_t *object = vprec_json_must(json_object());
    char *cpu = model(), *name = NULL;
    if (!uname(&system))
        name = vprec_text("%s %s %s", system.sysname, system.release, system.machine);
    vprec_json_put(object, "cpu", vprec_json_text(cpu));
    vprec_json_put(object, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    vprec_json_put(object, "system", vprec_json_text(name ? name : ""));
    vprec_json_put(object, "glibc", vprec_json_text(gnu_get_libc_version()));
    free(name);
    free(cpu);
    return object;
}
