/* SPDX-License-Identifier: Apache-2.0
 * opens.c: code that has run many times without a change, and then changes after all: by a store of the program's, by
 * what the kernel writes for it, by another protection, by being moved, dropped or mapped over. Each way in a process
 * of its own, since one that changes its code may be treated in another way from then on. Until then few entries may
 * fault: the program counts its page faults. What lies beside the code is data, and stays what it is. */
#include "kernels.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KERNELS = 6, APART = 192, SIZE = 2 * PAGE, TABLE = 512, OFTEN = 2000, FEW = OFTEN / 10,
       BESIDE = 2 /* of them lie on the data's page, which may read as other operations */ };
enum way { STORE, APPEND, READ, READV, READ_BY_INSTRUCTION, FREAD, RECEIVE, PROTECT, MOVE, DROP, MAP_OVER, WAYS };

static struct kind kinds[KERNELS];
static uint8_t *code, table[TABLE];
static int faults = -1, ends[2];

/* Function `i` is put there by the program, or by the kernel. */
static void place(struct record *record, int i, enum way way)
{
    uint8_t bytes[KERNEL_MOST], *at = code + PAGE - 2 * APART + i * APART;
    ssize_t size, done = 0;

    kinds[i] = draw_kind(record);
    size = (ssize_t)emit(bytes, kinds[i]);
    if (way == READ || way == READV || way == READ_BY_INSTRUCTION)
        need(write(ends[1], bytes, (size_t)size) == size, "write");
    if (way == READ) {
        done = read(ends[0], at, (size_t)size);
    } else if (way == READV) {
        uint8_t first;
        struct iovec parts[] = {{&first, 1}, {at + 1, (size_t)size - 1}};
        done = readv(ends[0], parts, 2);
        *at = first;
    } else if (way == READ_BY_INSTRUCTION) {
        __asm__ volatile("syscall"
                         : "=a"(done)
                         : "a"(SYS_read), "D"(ends[0]), "S"(at), "d"(size)
                         : "rcx", "r11", "memory");
    } else if (way == FREAD) { /* past a buffer of the stream's */
        FILE *file = tmpfile();
        need(file && !setvbuf(file, NULL, _IONBF, 0) && fwrite(bytes, 1, (size_t)size, file) == (size_t)size &&
                 !fseek(file, 0, SEEK_SET), "tmpfile");
        done = (ssize_t)fread(at, 1, (size_t)size, file);
        fclose(file);
    } else if (way == RECEIVE) {
        int pair[2];
        need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && send(pair[1], bytes, (size_t)size, 0) == size, "socketpair");
        done = recv(pair[0], at, (size_t)size, 0);
        close(pair[0]);
        close(pair[1]);
    } else {
        memcpy(at, bytes, (size_t)size);
        done = size;
    }
    need(done == size, "to put code there");
}

static void call(struct record *record, int i)
{
    run(record, kinds[i], code + PAGE - 2 * APART + i * APART, 1);
}

static void often(struct record *record)
{
    uint8_t out[64];
    uint64_t before = 0;

    for (int i = 0; i < KERNELS; i++)
        for (int n = 0; n < OFTEN; n++) {
            if (n == OFTEN / 2)
                before = faults_now(faults);
            ((kernel)(uintptr_t)(code + PAGE - 2 * APART + i * APART))(record->in, out, 1);
            if (n == OFTEN - 1 && i >= BESIDE && faults_now(faults) - before > FEW)
                printf("function %d faults at every call\n", i);
        }
}

static void change(struct record *record, enum way way)
{
    switch (way) {
    case APPEND: /* on a page that was not executed */
        memmove(code + PAGE + 4 * APART, code + PAGE - 2 * APART, APART);
        run(record, kinds[0], code + PAGE + 4 * APART, 2);
        return;
    case PROTECT:
        protect(code, SIZE, PROT_READ | PROT_WRITE);
        break;
    case MOVE: {
        uint8_t *other = map(NULL, SIZE, PROT_NONE, -1);
        need(mremap(code, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, other) == other, "mremap");
        code = other;
        for (int i = 0; i < KERNELS; i++)
            call(record, i);
        break;
    }
    case DROP:
        need(!madvise(code, SIZE, MADV_DONTNEED), "madvise");
        break;
    case MAP_OVER:
        code = map(code, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
        break;
    default: break;
    }
    for (int i = 0; i < KERNELS; i += 2)
        place(record, i, way);
    if (way == DROP || way == MAP_OVER)
        for (int i = 1; i < KERNELS; i += 2)
            place(record, i, STORE);
    if (way == PROTECT)
        protect(code, SIZE, PROT_READ | PROT_EXEC);
}

static void one(enum way way)
{
    struct record *record = record_new(way);

    faults = faults_begin();
    need(!pipe(ends), "pipe");
    code = map(NULL, SIZE, PROT_READ | PROT_WRITE | (way == PROTECT ? 0 : PROT_EXEC), -1);
    for (int i = 0; i < KERNELS; i++)
        place(record, i, STORE);
    for (int i = 0; i < TABLE; i++)
        table[i] = (uint8_t)draw(record, 256);
    memcpy(code + PAGE - 2 * APART - TABLE, table, TABLE);
    if (way == PROTECT)
        protect(code, SIZE, PROT_READ | PROT_EXEC);
    for (int i = 0; i < KERNELS; i++)
        call(record, i);
    often(record);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < KERNELS; i++)
            call(record, i);
        if (memcmp(code + PAGE - 2 * APART - TABLE, table, TABLE) != 0 && round <= 1 && way != DROP && way != MAP_OVER)
            printf("the data beside the code has changed\n");
        change(record, way);
        for (int i = 0; i < KERNELS; i++)
            call(record, i);
    }
    record_print(record);
}

int main(int argc, char **argv)
{
    start(argc, argv);
    close(faults_begin());
    for (int way = STORE; way < WAYS; way++) {
        pid_t child;
        int status;

        fflush(stdout);
        child = fork();
        need(child >= 0, "fork");
        if (!child) {
            printf("way %d\n", way);
            one((enum way)way);
            fflush(stdout);
            _exit(0);
        }
        need(waitpid(child, &status, 0) == child && !status, "a child");
    }
    return 0;
}
