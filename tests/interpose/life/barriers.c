/* SPDX-License-Identifier: Apache-2.0
 * barriers.c: more code memory than clones can be in reach of, so that what is generated there stays native; and a
 * collector's write barrier in it: pages that are executable lose W, and the program's handler, which notes the write,
 * gives it back. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 4 };
static const size_t room = (size_t)5 << 30;

static uint8_t *code;
static volatile int noted;

static void on_write(int number, siginfo_t *info, void *context)
{
    uint8_t *page = (uint8_t *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

    (void)context;
    if (page < code || page >= code + PAGES * PAGE || mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
        signal(number, SIG_DFL);
    noted = noted + 1;
}

/* movss xmm0, [rdi]; mulss xmm0, [rdi]; ret */
static const uint8_t square[] = {0xf3, 0x0f, 0x10, 0x07, 0xf3, 0x0f, 0x59, 0x07, 0xc3};

static float call(int page, float x)
{
    return ((float (*)(const float *))(uintptr_t)(code + page * PAGE))(&x);
}

static void protect(int page)
{
    if (mprotect(code + page * PAGE, PAGE, PROT_READ | PROT_EXEC))
        perror("mprotect");
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_write, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &action, NULL);
    code = mmap(NULL, room, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (code == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (int page = 0; page < PAGES; page++)
        memcpy(code + page * PAGE, square, sizeof square);
    protect(1); /* before anything there runs */
    printf("%a\n", (double)call(0, 1.1f));
    protect(2); /* and after it */
    for (int round = 0; round < 3; round++)
        for (int page = 0; page < PAGES; page++) {
            printf("%a", (double)call(page, 1.3f + (float)page));
            code[page * PAGE + 100] = 1;
            printf(" %d\n", (int)noted);
            protect(page);
        }
    return 0;
}
