/* SPDX-License-Identifier: Apache-2.0
 * opens.c: opens a library where that is hard: in a child that is forked while
 * another thread's library, a big one, may still be worked on, and in a thread
 * with the least stack there is. Arguments: the libraries. */
#include "life.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static char **paths;

static void *open_and_print(void *data)
{
    void *library = dlopen(paths[0], RTLD_NOW);
    void (*compute)(uint32_t, uint32_t);

    need(library != NULL, "dlopen");
    *(void **)&compute = dlsym(library, "shared_compute");
    compute(*(uint32_t *)data, 50);
    fflush(stdout);
    return NULL;
}

static void *open_big(void *data)
{
    need(dlopen(paths[1], RTLD_NOW) != NULL, "dlopen");
    return data;
}

int main(int argc, char **argv)
{
    pthread_t other;
    pthread_attr_t least;
    uint32_t seed = 2;
    int status;

    need(argc == 3, "two libraries");
    paths = argv + 1;
    need(!pthread_create(&other, NULL, open_big, NULL), "pthread_create");
    usleep(100000); /* it is open by now, natively */
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        open_and_print(&seed);
        _exit(0);
    }
    need(waitpid(child, &status, 0) == child && status == 0, "a child");
    pthread_join(other, NULL);
    pthread_attr_init(&least);
    pthread_attr_setstacksize(&least, (size_t)sysconf(_SC_THREAD_STACK_MIN));
    seed = 1;
    need(!pthread_create(&other, &least, open_and_print, &seed), "pthread_create");
    pthread_join(other, NULL);
    return 0;
}
