/* SPDX-License-Identifier: Apache-2.0
 * devices.c: PROGRAM LIBRARY FUNCTION: opens the library and calls its function by dlsym, twice, in a thread too. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static int (*launch)(int);

static void *work(void *data)
{
    (void)data;
    launch(3);
    return NULL;
}

int main(int argc, char **argv)
{
    volatile float x = 1.1f;
    pthread_t thread;
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
    launch = library ? (int (*)(int))dlsym(library, argv[2]) : NULL;
    if (!launch || pthread_create(&thread, NULL, work, NULL))
        return 2;
    pthread_join(thread, NULL);
    printf("%d %a\n", launch(4), x * x);
    return 0;
}
