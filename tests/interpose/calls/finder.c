/* SPDX-License-Identifier: Apache-2.0
 * finder.c: a program without libm that opens it, finds functions by their names (expf and sinf are IFUNCs) and calls
 * them, from a second thread, too; twice. */
#include "show.h"
#include <dlfcn.h>
#include <pthread.h>

static volatile float argument = 0.3f;

static void *work(void *libm)
{
    static const char *const names[] = {"tanhf", "expf", "sinf"};
    for (int i = 0; i < 3; i++) {
        float (*f)(float) = (float (*)(float))dlsym(libm, names[i]);
        char name[8] = {0};
        memcpy(name, names[i], strlen(names[i]) - 1);
        show(name, f(argument));
    }
    return NULL;
}

int main(void)
{
    for (int turn = 0; turn < 2; turn++) {
        void *libm = dlopen("libm.so.6", RTLD_NOW);
        pthread_t thread;
        if (!libm || pthread_create(&thread, NULL, work, libm) || pthread_join(thread, NULL))
            return 1;
        work(libm);
        dlclose(libm);
    }
    return 0;
}
