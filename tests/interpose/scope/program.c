/* SPDX-License-Identifier: Apache-2.0
 * program.c PART: opens scopes, and prints what is computed in each as "NAME BITS". The same sum of products
 * everywhere: scope.py knows what it is in every format. */
#include "vprec_scope.h"
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 100, POOL = 3 };
static float a[N], b[N];
static double c[N];

static void show(const char *name, float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    printf("%s %08x\n", name, bits);
}

__attribute__((noipa)) static float dot(const float *x, const float *y, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

__attribute__((noipa)) static double dot64(const double *x, const double *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static void nested(void)
{
    show("out", dot(a, b, N));
    vprec_scope_begin("one");
    show("one", dot(a, b, N));
    vprec_scope_begin("two");
    show("two", dot(a, b, N));
    float sum = 0;
    for (int i = 0; i < N; i++) /* the scope changes within this function */
        sum += a[i] * b[i];
    show("two", sum);
    vprec_scope_begin("plain"); /* no line names it: as around it */
    show("two", dot(a, b, N));
    vprec_scope_end();
    vprec_scope_end();
    show("one", dot(a, b, N));
    sum = 0;
    for (int i = 0; i < N; i++)
        sum += a[i] * b[i];
    show("one", sum);
    vprec_scope_end();
    show("out", dot(a, b, N));
    vprec_scope_end(); /* one too many */
    show("out", dot(a, b, N));
}

static void both_types(void)
{
    vprec_scope_begin("two");
    show("two", dot(a, b, N));
    double x = dot64(c, c, N);
    unsigned long bits;
    memcpy(&bits, &x, sizeof bits);
    printf("two %016lx\n", bits);
    vprec_scope_end();
}

static void elementary(void)
{
    volatile float x = 1.3f;
    show("out", expf(x));
    vprec_scope_begin("one");
    show("one", expf(x));
    vprec_scope_end();
    vprec_scope_begin("two");
    show("two", expf(x));
    vprec_scope_end();
}

static jmp_buf back;

__attribute__((noipa)) static void leaves(void)
{
    vprec_scope_begin("one");
    show("one", dot(a, b, N));
    vprec_scope_begin("two");
    show("two", dot(a, b, N));
    longjmp(back, 1);
}

static void jumps(void)
{
    uint32_t open = vprec_scope_begin("plain");
    if (!setjmp(back))
        leaves();
    vprec_scope_end_to(open + 1);
    show("out", dot(a, b, N));
    vprec_scope_end();
    show("out", dot(a, b, N));
}

__attribute__((noipa)) static void leaves_two(void)
{
    vprec_scope_begin("two");
    show("two", dot(a, b, N));
    vprec_scope_begin("three");
    longjmp(back, 1);
}

/* No end is told of what has been left. */
static void far(void)
{
    for (volatile int i = 0; i < 2; i++) {
        if (!i)
            vprec_scope_begin("gone");
        if (!setjmp(back)) {
            if (!i)
                vprec_scope_end();
            leaves_two();
        }
        if (!i)
            vprec_scope_begin("one");
        show("one", dot(a, b, N));
    }
    show("one", dot(a, b, N));
    vprec_scope_end();
    show("out", dot(a, b, N));
}

static sigjmp_buf signal_back;

static void leaving(int number)
{
    (void)number;
    vprec_scope_begin("two");
    show("two", dot(a, b, N));
    siglongjmp(signal_back, 1);
}

static void out_of_handlers(void)
{
    static char stack[1 << 16];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = leaving};
    for (volatile int i = 0; i < 2; i++) {
        if (i) {
            sigaltstack(&other, NULL);
            action.sa_flags = SA_ONSTACK;
        }
        sigaction(SIGUSR1, &action, NULL);
        if (!sigsetjmp(signal_back, 1))
            raise(SIGUSR1);
        if (!i)
            vprec_scope_begin("one");
        show("one", dot(a, b, N));
    }
    show("one", dot(a, b, N));
    vprec_scope_end();
    show("out", dot(a, b, N));
}

static void numbered(void)
{
    vprec_scope_begin("one");
    show("one", dot(a, b, N));
    vprec_scope_end();
    vprec_scope_begin("two#1");
    show("two", dot(a, b, N));
    vprec_scope_end();
    show("out", dot(a, b, N));
}

/* What ittnotify links into a program: pointers to functions, which the library that the environment names may set. */
typedef struct identity {
    unsigned long long part[3];
} identity;
typedef struct text {
    const char *text;
    const void *wide;
    int extra;
    void *more, *next;
} text;

static void first_begin(const void *domain, identity task, identity parent, const text *name)
{
    (void)domain, (void)task, (void)parent, (void)name;
}

static void first_end(const void *domain)
{
    (void)domain;
}

static void (*task_begin)(const void *, identity, identity, const text *) = first_begin;
static void (*task_end)(const void *) = first_end;

static struct function {
    const char *name;
    void **called;
    void *first, *none;
    int group;
} functions[] = {{"__itt_domain_create", NULL, NULL, NULL, 0},
                 {"__itt_task_begin", (void **)&task_begin, (void *)first_begin, NULL, 0},
                 {"__itt_task_end", (void **)&task_end, (void *)first_end, NULL, 0},
                 {NULL, NULL, NULL, NULL, 0}};

static struct {
    unsigned char magic[8];
    unsigned long version[3];
    char state[88];
    struct function *functions;
    char more[64];
} global = {{0xED, 0xAB, 0xAB, 0xEC, 0x0D, 0xEE, 0xDA, 0x30}, {3, 0, 20250101}, {0}, functions, {0}};

static void begin_task(const char *name)
{
    const text handle = {.text = name};
    task_begin("domain", (identity){{0}}, (identity){{0}}, &handle);
}

static void tasks(void)
{
    const char *path = getenv("INTEL_LIBITTNOTIFY64");
    void *library = path ? dlopen(path, RTLD_LAZY) : NULL;
    void (*init)(void *, unsigned) = library ? (void (*)(void *, unsigned))dlsym(library, "__itt_api_init") : NULL;
    if (init)
        init(&global, ~0u);
    task_end("domain"); /* one of before */
    begin_task("one");
    show("one", dot(a, b, N));
    vprec_scope_begin("plain");
    begin_task("two");
    show("two", dot(a, b, N));
    task_end("domain");
    show("one", dot(a, b, N));
    vprec_scope_end();
    task_end("domain");
    show("out", dot(a, b, N));
    task_end("domain"); /* one too many */
    show("out", dot(a, b, N));
}

int arch_prctl(int code, unsigned long address);

/* The program wants the GS register for itself. */
static void gs(const char *how)
{
    static unsigned long mine[2];
    enum { SET_GS = 0x1001, ARCH_PRCTL = 158 };
    long result;
    if (!strcmp(how, "call"))
        result = arch_prctl(SET_GS, (unsigned long)mine);
    else if (!strcmp(how, "number"))
        result = syscall(ARCH_PRCTL, SET_GS, mine);
    else
        __asm__ volatile("syscall" : "=a"(result) : "a"(ARCH_PRCTL), "D"(SET_GS), "S"(mine) : "rcx", "r11", "memory");
    printf("refused %d\n", result != 0);
    vprec_scope_begin("one");
    show("one", dot(a, b, N));
    vprec_scope_end();
    show("out", dot(a, b, N));
}

static float handled;

static void handler(int number)
{
    (void)number;
    handled = dot(a, b, N);
}

static void signals(void)
{
    signal(SIGUSR1, handler);
    vprec_scope_begin("two");
    raise(SIGUSR1);
    show("two", handled);
    vprec_scope_end();
    raise(SIGUSR1);
    show("out", handled);
}

/* Values that are shown, of which the test knows mean and deviation. */
static void probes(void)
{
    enum { MANY = 1000 };
    static float x[MANY];
    static double y[5] = {3, INFINITY, -0.0, NAN, 1e300};
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < MANY; i++)
            x[i] = (float)(100000 + i % 10 + t);
        vprec_probe_f32("many/of them", x, MANY);
    }
    show("out", dot(a, b, N));
    vprec_probe_f64("odd", y, 5);
    vprec_probe_f64("none", y, 0);
    vprec_probe_f64("one", y, 1);
    vprec_probe_f32(NULL, x, 1);
}

static void forks(void)
{
    vprec_scope_begin("one");
    fflush(stdout);
    if (!fork()) {
        show("one", dot(a, b, N));
        vprec_scope_end();
        show("out", dot(a, b, N));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    show("one", dot(a, b, N));
    vprec_scope_end();
}

/* Workers that compute when they are told to, and have no scope of their own. */
static pthread_barrier_t begin, end;
static float results[POOL];
static volatile int stop;
static float (*volatile task)(const float *, const float *, int) = dot;

static void *worker(void *data)
{
    for (;;) {
        pthread_barrier_wait(&begin);
        if (stop)
            return NULL;
        *(float *)data = task(a, b, N);
        pthread_barrier_wait(&end);
    }
}

static void work(const char *name)
{
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&end);
    for (int i = 0; i < POOL; i++)
        show(name, results[i]);
}

static void pool(void (*use)(void))
{
    pthread_t threads[POOL];
    pthread_barrier_init(&begin, NULL, POOL + 1);
    pthread_barrier_init(&end, NULL, POOL + 1);
    for (int i = 0; i < POOL; i++)
        pthread_create(&threads[i], NULL, worker, &results[i]);
    use();
    stop = 1;
    pthread_barrier_wait(&begin);
    for (int i = 0; i < POOL; i++)
        pthread_join(threads[i], NULL);
}

static void layers(void)
{
    work("out");
    vprec_scope_begin("one");
    work("one");
    vprec_scope_begin("two");
    work("two");
    vprec_scope_end();
    work("one");
    vprec_scope_end();
    work("out");
}

__attribute__((noipa)) static float dot_later(const float *x, const float *y, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* Those that work for others come to a function for the first time when the scope is another one. */
static void later(void)
{
    vprec_scope_begin("one");
    work("one");
    vprec_scope_begin("two");
    task = dot_later;
    work("two");
    vprec_scope_end();
    work("one");
    vprec_scope_end();
}

/* Many scopes, one in another, in many threads. */
static void *deep(void *data)
{
    enum { DEEP = 300, TIMES = 20 };
    for (int i = 0; i < TIMES; i++) {
        for (int k = 0; k < DEEP; k++)
            vprec_scope_begin(k % 2 ? "two" : "three");
        *(float *)data = dot(a, b, N);
        for (int k = 0; k < DEEP; k++)
            vprec_scope_end();
    }
    return NULL;
}

static void many(void)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    float x[THREADS + 1];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, deep, &x[i]);
    deep(&x[THREADS]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i <= THREADS; i++)
        show("two", x[i]);
    show("out", dot(a, b, N));
}

static void *leaves_open(void *data)
{
    vprec_scope_begin("two");
    *(float *)data = dot(a, b, N);
    return NULL;
}

/* A thread ends, and its scopes with it. */
static void ended(void)
{
    float x;
    pthread_t thread;
    pthread_create(&thread, NULL, leaves_open, &x);
    pthread_join(thread, NULL);
    show("two", x);
    work("out");
}

static pthread_barrier_t both;

static void *other(void *data)
{
    vprec_scope_begin(data);
    pthread_barrier_wait(&both);
    pthread_barrier_wait(&both);
    show(data, dot(a, b, N));
    vprec_scope_end();
    return NULL;
}

static const char *mine, *others;

/* Scopes of two threads at once, while the pool works, or while it does not. */
static void rivals(void)
{
    pthread_t thread;
    pthread_barrier_init(&both, NULL, 2);
    vprec_scope_begin(mine);
    pthread_create(&thread, NULL, other, (void *)(uintptr_t)others);
    pthread_barrier_wait(&both);
    work("pool");
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    work(mine);
    vprec_scope_end();
}

static void apart(void)
{
    pthread_t thread;
    pthread_barrier_init(&both, NULL, 2);
    vprec_scope_begin(mine);
    pthread_create(&thread, NULL, other, (void *)(uintptr_t)others);
    pthread_barrier_wait(&both);
    show(mine, dot(a, b, N));
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    work(mine);
    vprec_scope_end();
}

/* Code that the program makes: xmm0 = xmm0 * xmm1 + xmm0. */
static void generated(void)
{
    static const unsigned char code[] = {0xF3, 0x0F, 0x59, 0xC8, 0xF3, 0x0F, 0x58, 0xC1, 0xC3};
    float (*made)(float, float) = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy((void *)(uintptr_t)made, code, sizeof code);
    mprotect((void *)(uintptr_t)made, 4096, PROT_READ | PROT_EXEC);
    for (int i = 0; i < 300; i++) { /* however long it has run */
        float x = made(1.1f, 0.7f), y, z;
        vprec_scope_begin("one");
        y = made(1.1f, 0.7f);
        vprec_scope_begin("two");
        z = made(1.1f, 0.7f);
        vprec_scope_end();
        vprec_scope_end();
        if (!i || i == 299) {
            show("out", x);
            show("one", y);
            show("two", z);
        }
    }
}

/* Layers, one after the other, whose errors add up; names that a recipe cannot have as they are. */
static void chain(void)
{
    static const char *const names[] = {"conv#1", "a=b", "third", "fourth", "fifth", "sixth", " seventh ", "last"};
    volatile float w = 1.1f, x = 1;
    for (int i = 0; i < 8; i++) {
        vprec_scope_begin(names[i]);
        for (int k = 0; k < 5; k++) {
            volatile float product = x * w;
            x = product + b[i + 1];
        }
        vprec_scope_end();
    }
    printf("%.9g\n", (double)x);
}

int main(int argc, char **argv)
{
    const char *part = argc > 1 ? argv[1] : "nested";
    for (int i = 0; i < N; i++) {
        a[i] = 1.0f / (float)(i + 1);
        b[i] = 0.3f * (float)i;
        c[i] = 1.0 / (i + 3);
    }
    if (!strcmp(part, "values")) /* what is summed, as it is in this run */
        for (int i = 0; i < N; i++)
            printf("%a %a %a\n", (double)a[i], (double)b[i], c[i]);
    else if (!strcmp(part, "nested"))
        nested();
    else if (!strcmp(part, "types"))
        both_types();
    else if (!strcmp(part, "elementary"))
        elementary();
    else if (!strcmp(part, "jumps"))
        jumps();
    else if (!strcmp(part, "far"))
        far();
    else if (!strcmp(part, "handled"))
        out_of_handlers();
    else if (!strcmp(part, "numbered"))
        numbered();
    else if (!strcmp(part, "tasks"))
        tasks();
    else if (!strcmp(part, "gs"))
        gs(argv[2]);
    else if (!strcmp(part, "signals"))
        signals();
    else if (!strcmp(part, "probes"))
        probes();
    else if (!strcmp(part, "forks"))
        forks();
    else if (!strcmp(part, "layers"))
        pool(layers);
    else if (!strcmp(part, "later"))
        pool(later);
    else if (!strcmp(part, "ended"))
        pool(ended);
    else if (!strcmp(part, "many"))
        many();
    else if (!strcmp(part, "generated"))
        generated();
    else if (!strcmp(part, "chain"))
        chain();
    else if (!strcmp(part, "none"))
        show("out", dot(a, b, N));
    else if (argc == 4) {
        mine = argv[2];
        others = argv[3];
        pool(!strcmp(part, "rivals") ? rivals : apart);
    }
    return 0;
}
