/* SPDX-License-Identifier: Apache-2.0
 * bare.c: a program without libm, and without the means to find a function by its name. Opens the libraries that its
 * arguments name; "-" closes the last one. Says whether libm is there before and
 * after. */
#include "show.h"
#include <dlfcn.h>
#include <string.h>

static float is_mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    float found = 0;
    char line[4096];
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "/libm.so") || strstr(line, "/libm-") || strstr(line, "/libmvec"))
            found = 1;
    if (maps)
        fclose(maps);
    return found;
}

int main(int argc, char **argv)
{
    void *open[16];
    int n = 0;
    show("error", dlerror() != NULL);
    show("mapped", is_mapped());
    for (int i = 1; i < argc && i < 16; i++) {
        if (!strcmp(argv[i], "-")) {
            dlclose(open[--n]);
        } else if (!(open[n++] = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL))) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        show("mapped", is_mapped());
    }
    return 0;
}
