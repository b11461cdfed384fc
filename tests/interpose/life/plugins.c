/* SPDX-License-Identifier: Apache-2.0
 * plugins.c: opens, closes and reopens two libraries, which may come to lie
 * where the other lay. Their paths are the arguments. */
#include "life.h"
#include <dlfcn.h>

int main(int argc, char **argv)
{
    for (int round = 0; round < 6; round++) {
        const char *path = argv[1 + round % (argc - 1)];
        void *library = dlopen(path, round & 1 ? RTLD_LAZY : RTLD_NOW);
        void (*print)(void), (*compute)(uint32_t, uint32_t);

        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            return 3;
        }
        *(void **)&print = dlsym(library, "shared_print");
        *(void **)&compute = dlsym(library, "shared_compute");
        print();
        compute((uint32_t)(9000 + round), 77);
        fflush(stdout);
        if (round != 3) /* once it stays open, and is opened again */
            dlclose(library);
    }
    return 0;
}
