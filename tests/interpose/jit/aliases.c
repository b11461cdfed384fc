/* SPDX-License-Identifier: Apache-2.0
 * aliases.c: code in a memory file that is written where it is not executed: through a second mapping, through the
 * file itself, by a child process. The executable mapping itself is never writable. */
#include "kernels.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 40, SIZE = 2 * PAGE };

int main(int argc, char **argv)
{
    struct record *record;
    uint8_t *writable, *executable;
    int fd;

    start(argc, argv);
    record = record_new(0);
    fd = memfd_create("code", MFD_CLOEXEC);
    need(fd >= 0 && !ftruncate(fd, SIZE), "memfd_create");
    writable = map(NULL, SIZE, PROT_READ | PROT_WRITE, fd);
    executable = map(NULL, SIZE, PROT_READ | PROT_EXEC, fd);
    for (int i = 0; i < ROUNDS; i++) {
        struct kind kind = draw_kind(record);
        unsigned offset = i % 3 ? 64 : PAGE - 50;
        uint8_t bytes[KERNEL_MOST];
        size_t size = emit(bytes, kind);
        pid_t child;

        if (i % 10 == 9) {
            fflush(stdout);
            child = fork();
            need(child >= 0, "fork");
            if (!child) {
                memcpy(writable + offset, bytes, size);
                _exit(0);
            }
            need(waitpid(child, NULL, 0) == child, "waitpid");
        } else if (i % 4 == 3) {
            need(pwrite(fd, bytes, size, offset) == (ssize_t)size, "pwrite");
        } else {
            memcpy(writable + offset, bytes, size);
        }
        run(record, kind, executable + offset, 1);
        if (i % 2) { /* the same code but for one byte or a few, between two calls */
            kind = other_kind(record, kind);
            size = emit(bytes, kind);
            memcpy(writable + offset, bytes, size);
            run(record, kind, executable + offset, 2);
        }
    }
    unmap(executable, SIZE);
    executable = map(NULL, SIZE, PROT_READ | PROT_EXEC, fd); /* elsewhere, or there again */
    for (int i = 0; i < 4; i++) {
        struct kind kind = draw_kind(record);

        emit(writable, kind);
        run(record, kind, executable, 1);
    }
    record_print(record);
    return 0;
}
