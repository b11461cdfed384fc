/* SPDX-License-Identifier: Apache-2.0
 * inside.c: a function is translated while another thread stands in its first bytes, asleep in a system call or in a
 * long instruction, and goes on there afterwards. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef float inside(float a, float b);
inside inside_asleep, inside_busy, inside_often;
float inside_call(long rdi, long rsi, long rdx_rcx, long rax, inside *callee, float a, float b);

enum { LONG = 64 << 20 };
static int ends[2];
static char *memory;
static _Atomic int started;
static long thread_number;

static void print(float a, float b, float r)
{
    uint32_t bits[3];

    memcpy(&bits[0], &a, 4), memcpy(&bits[1], &b, 4), memcpy(&bits[2], &r, 4);
    printf("trap_inside %08x %08x %08x\n", bits[0], bits[1], bits[2]);
}

static float operand(uint32_t seed)
{
    uint32_t bits = 0x3f800000 | seed * 2654435761u >> 9;
    float value;

    memcpy(&value, &bits, 4);
    return value;
}

static void *sleeps(void *arg)
{
    static float results[1];
    static char byte[8];

    (void)arg;
    thread_number = syscall(SYS_gettid);
    started = 1;
    /* rdx is the length, and rcx, which the call overwrites */
    results[0] = inside_call(ends[0], (long)byte, 1, SYS_read, inside_asleep, operand(1), operand(2));
    return results;
}

static void *reads(void *arg)
{
    static float results[1];

    (void)arg;
    started = 1;
    results[0] = inside_call(0, (long)memory, LONG, 0, inside_busy, operand(3), operand(4));
    return results;
}

/* Waits until the thread sleeps. */
static void wait_for(long number)
{
    char path[64], text[16] = "running";

    for (int i = 0; i < 2000 && text[0] != '0'; i++) {
        snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", number);
        int fd = open(path, O_RDONLY);
        if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
            return;
        close(fd);
        usleep(1000);
    }
}

int main(void)
{
    pthread_t thread;
    void *result;

    if (pipe(ends))
        return 3;
    pthread_create(&thread, NULL, sleeps, NULL);
    while (!started)
        usleep(1000);
    wait_for(thread_number);
    print(operand(5), operand(6), inside_call(0, 0, 0, SYS_getpid, inside_asleep, operand(5), operand(6)));
    if (write(ends[1], "x", 1) != 1)
        return 3;
    pthread_join(thread, &result);
    print(operand(1), operand(2), *(float *)result);
    print(operand(7), operand(8), inside_call(0, 0, 0, SYS_getpid, inside_asleep, operand(7), operand(8)));

    memory = mmap(NULL, LONG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 3;
    started = 0;
    pthread_create(&thread, NULL, reads, NULL);
    while (!started)
        usleep(100);
    usleep(5000);
    print(operand(9), operand(10), inside_call(0, (long)memory, 1, 0, inside_busy, operand(9), operand(10)));
    pthread_join(thread, &result);
    print(operand(3), operand(4), *(float *)result);
    print(operand(1), operand(4), inside_call(0, (long)memory, 1, 0, inside_busy, operand(1), operand(4)));
    return 0;
}
