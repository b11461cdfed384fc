/* SPDX-License-Identifier: Apache-2.0
 * forks.c: fork while another thread makes and runs new functions, so that a child begins in the middle of whatever is
 * done about them. Parent and child each go on with old functions and with new ones. vfork and posix_spawn's clone are
 * met by the child that ends at once. */
#include "kernels.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 10, AHEAD = 150 };

static atomic_int stop, made;
static uint8_t *maker_code;

/* Makes and runs functions until told; keeps what the first AHEAD gave. */
static void *make(void *data)
{
    struct record *record = data, *idle = record_new(77);

    for (int i = 0; i < AHEAD || !atomic_load(&stop); i++) {
        struct record *now = i < AHEAD ? record : idle;
        struct kind kind = draw_kind(now);
        uint8_t *code = maker_code + (i % 64) * 128;

        emit(code, kind);
        if (i < AHEAD) {
            run(now, kind, code, 1);
        } else {
            operands(now, kind);
            ((kernel)(uintptr_t)code)(now->in, now->out, 1);
        }
        atomic_fetch_add(&made, 1);
    }
    return NULL;
}

static void work(uint64_t stream, uint8_t *old, struct kind old_kind)
{
    struct record *record = record_new(stream);
    uint8_t *code = map(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, -1);
    struct kind kinds[4];

    run(record, old_kind, old, 1);
    for (int i = 0; i < 4; i++) {
        kinds[i] = draw_kind(record);
        emit(code + i * 900, kinds[i]);
    }
    protect(code, 2 * PAGE, PROT_READ | PROT_EXEC);
    for (int i = 0; i < 4; i++)
        run(record, kinds[i], code + i * 900, 1);
    run(record, old_kind, old, 2);
    unmap(code, 2 * PAGE);
    record_print(record);
}

int main(int argc, char **argv)
{
    struct record *record, *maker;
    struct kind kind;
    pthread_t thread;
    uint8_t *old;

    start(argc, argv);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    record = record_new(0);
    maker = record_new(1);
    kind = draw_kind(record);
    maker_code = map(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    old = map(NULL, PAGE, PROT_READ | PROT_WRITE, -1);
    emit(old, kind);
    protect(old, PAGE, PROT_READ | PROT_EXEC);
    run(record, kind, old, 1);
    need(!pthread_create(&thread, NULL, make, maker), "pthread_create");
    for (int i = 0; i < CHILDREN; i++) {
        int was = atomic_load(&made), status;
        pid_t child;

        while (atomic_load(&made) < was + 8)
            ;
        fflush(stdout);
        child = i % 5 == 4 ? vfork() : fork();
        need(child >= 0, "fork");
        if (!child) {
            if (i % 5 == 4)
                _exit(7);
            work(10 + (uint64_t)i, old, kind);
            fflush(stdout);
            _exit(7);
        }
        need(waitpid(child, &status, 0) == child, "waitpid");
        printf("child %d: status %x\n", i, (unsigned)status);
        work(100 + (uint64_t)i, old, kind);
    }
    atomic_store(&stop, 1);
    need(!pthread_join(thread, NULL), "pthread_join");
    record_print(maker);
    record_print(record);
    return 0;
}
