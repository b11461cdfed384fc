// SPDX-License-Identifier: Apache-2.0
// functions.cc PART: functions that are to be scopes, and are left in all ways. Each line it prints has the name of the
// innermost function of which a scope is asked for ("out": none), and the bits of a sum that was computed there.
#include "vprec_scope.h"
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define APART __attribute__((noipa))

static float a[100], b[100];

APART static float dot()
{
    float sum = 0;
    for (int i = 0; i < 100; i++)
        sum += a[i] * b[i];
    return sum;
}

APART static float show(const char *name)
{
    const float x = dot();
    unsigned bits;
    std::memcpy(&bits, &x, sizeof bits);
    std::printf("%s %08x\n", name, bits);
    return x;
}

static void require(bool right, const char *what)
{
    if (!right)
        std::printf("%s WRONG\n", what);
}

namespace net {
APART float one(int n)
{
    const float x = show("one");
    return n ? x + one(n - 1) : x;
}

// its last deed is a jump
APART float two()
{
    show("two");
    return show("two");
}

APART float nested()
{
    show("two");
    one(0);
    return show("two") + 1;
}

struct large {
    float x[2000];
};
} // namespace net

// what lies on the stack, and in which registers things are returned
APART float many(int a0, int a1, int a2, int a3, int a4, int a5, int a6, double x, long a7, const char *text)
{
    require(a0 == 1 && a1 == 2 && a2 == 3 && a3 == 4 && a4 == 5 && a5 == 6 && a6 == 7 && x == 8.5 && a7 == 9 &&
                !std::strcmp(text, "ten"),
            "operands");
    return show("many");
}

APART float passes_on(int a0, int a1, int a2, int a3, int a4, int a5, int a6, double x, long a7, const char *text)
{
    return many(a0, a1, a2, a3, a4, a5, a6, x, a7, text); // one scope in another, in the same frame
}

APART float copied(net::large l)
{
    require(l.x[1999] == 5, "structure");
    return show("copied");
}

APART int varied(const char *format, ...)
{
    va_list list;
    char text[100];
    va_start(list, format);
    std::vsnprintf(text, sizeof text, format, list);
    va_end(list);
    require(!std::strcmp(text, "1 2.5 x 4 5 6 7 8"), text);
    show("varied");
    return 7;
}

struct pair {
    double x, y;
};
APART pair paired()
{
    show("paired");
    return {1.5, 2.5};
}
struct words {
    long x, y;
};
APART words worded()
{
    show("worded");
    return {3, 4};
}
APART long double extended()
{
    show("extended");
    return 5.5L;
}
APART net::large large()
{
    show("large");
    net::large l{};
    l.x[7] = 1;
    return l;
}

static void operands()
{
    static net::large l;
    l.x[1999] = 5;
    many(1, 2, 3, 4, 5, 6, 7, 8.5, 9, "ten");
    show("out");
    passes_on(1, 2, 3, 4, 5, 6, 7, 8.5, 9, "ten");
    show("out");
    copied(l);
    require(varied("%d %g %s %d %d %d %d %d", 1, 2.5, "x", 4, 5, 6, 7, 8) == 7, "int");
    const pair p = paired();
    require(p.x == 1.5 && p.y == 2.5, "two doubles");
    const words w = worded();
    require(w.x == 3 && w.y == 4, "two words");
    require(extended() == 5.5L, "long double");
    require(large().x[7] == 1, "large result");
    show("out");
}

struct telling {
    const char *name;
    ~telling()
    {
        show(name);
    }
};

APART void throws(int n)
{
    telling here{"throws"};
    if (n)
        throws(n - 1);
    throw std::runtime_error("out of here");
}

APART void catches()
{
    try {
        throws(1);
    } catch (const std::runtime_error &) {
        show("catches");
        throw;
    }
}

APART void by_hand()
{
    vprec_scope_begin("hand");
    show("hand");
    throw std::string("and is not ended");
}

static void exceptions()
{
    for (int i = 0; i < 2; i++) {
        try {
            catches();
        } catch (const std::exception &e) {
            require(!std::strcmp(e.what(), "out of here"), "what is thrown");
            show("out");
        }
    }
    try {
        telling here{"out"};
        throws(0);
    } catch (const std::exception &) {
        show("out");
    }
    try {
        by_hand();
    } catch (const std::string &) {
        show("out");
    }
    int caught = 0;
    for (int i = 0; i < 1000; i++)
        try {
            throw i;
        } catch (int) {
            caught++;
        }
    require(caught == 1000, "caught");
}

static std::jmp_buf back;
static volatile bool back_is_set = true;

APART void jumps(int n)
{
    show("jumps");
    if (n)
        jumps(n - 1);
    if (back_is_set)
        std::longjmp(back, 1);
}

APART void jumped()
{
    show("jumped");
    if (!setjmp(back))
        jumps(2);
    show("jumped");
}

static void longjmps()
{
    jumped();
    show("out");
    if (!setjmp(back))
        jumps(0);
    show("out");
}

APART static int frames()
{
    void *all[50];
    const int n = backtrace(all, 50);
    return n;
}
APART int traced(int n)
{
    return (n ? traced(n - 1) : frames()) + (show("traced") > 1e30f);
}

static volatile int handled;
APART void handles(int)
{
    handled = 1;
    show("handles");
}
APART void interrupted()
{
    show("interrupted");
    std::raise(SIGUSR1);
    show("interrupted");
}

static void handlers()
{
    std::signal(SIGUSR1, handles);
    interrupted();
    show("out");
    std::raise(SIGUSR1);
    show("out");
}

APART void forks()
{
    std::fflush(stdout);
    if (!fork()) {
        show("forks");
        std::fflush(stdout);
        _exit(0);
    }
    wait(nullptr);
    show("forks");
}

APART static float plain(int n)
{
    float sum = 0;
    for (int i = 0; i < 100; i++)
        sum += a[i] * b[i];
    return sum + (n > 1000 ? plain(n / 2) : 0);
}
APART float worker(int n)
{
    return plain(n % 64);
}

static float expected;
static void *works(void *)
{
    for (int i = 0; i < 20000; i++)
        if (worker(i) != expected)
            return const_cast<char *>("a thread computed another sum");
    return nullptr;
}

static void threads()
{
    pthread_t all[4];
    expected = worker(1);
    for (pthread_t &t : all)
        pthread_create(&t, nullptr, works, nullptr);
    for (pthread_t &t : all) {
        void *wrong;
        pthread_join(t, &wrong);
        require(!wrong, static_cast<const char *>(wrong));
    }
    unsigned bits;
    std::memcpy(&bits, &expected, sizeof bits);
    std::printf("worker %08x\n", bits);
    show("out");
}

APART void ends()
{
    telling here{"ends"};
    pthread_exit(nullptr);
}
static void *begins(void *)
{
    ends();
    return nullptr;
}

static void exits()
{
    for (int i = 0; i < 3; i++) {
        pthread_t t;
        pthread_create(&t, nullptr, begins, nullptr);
        pthread_join(t, nullptr);
    }
    show("out");
}

static ucontext_t outer, first, second;

APART void jumps_by_context()
{
    vprec_scope_begin("one");
    show("one");
    setcontext(&outer);
}

static char stacks[2][64 << 10];

APART void inner(ucontext_t *here, ucontext_t *there)
{
    show("inner");
    swapcontext(here, there);
    show("inner");
}

static void first_fiber()
{
    show("out");
    vprec_scope_begin("one");
    show("one");
    inner(&first, &second);
    show("one");
    swapcontext(&first, &outer);
    show("one");
    vprec_scope_end();
    show("out");
} // goes on in `second`

static void second_fiber()
{
    show("out");
    vprec_scope_begin("hand");
    show("hand");
    swapcontext(&second, &first);
    show("hand");
    setcontext(&outer); // and is never come back to
}

static void contexts()
{
    struct {
        ucontext_t *context, *link;
        void (*function)();
    } all[] = {{&first, &second, first_fiber}, {&second, &outer, second_fiber}};
    for (int i = 0; i < 2; i++) {
        getcontext(all[i].context);
        all[i].context->uc_stack.ss_sp = stacks[i];
        all[i].context->uc_stack.ss_size = sizeof stacks[i];
        all[i].context->uc_link = all[i].link;
        makecontext(all[i].context, all[i].function, 0);
    }
    vprec_scope_begin("two");
    show("two");
    swapcontext(&outer, &first);
    show("two");
    swapcontext(&outer, &first);
    show("two");
    vprec_scope_end();
    show("out");
    volatile int again = 0;
    getcontext(&outer); // on one stack it is a jump
    show("out");
    if (!again) {
        again = 1;
        jumps_by_context();
    }
}

int main(int, char **argv)
{
    const std::string part = argv[1];
    for (int i = 0; i < 100; i++) {
        a[i] = 1.0f / static_cast<float>(i + 1);
        b[i] = 0.3f * static_cast<float>(i);
    }
    show("out");
    if (part == "calls") {
        net::one(2);
        show("out");
        net::two();
        show("out");
        net::nested();
        show("out");
    } else if (part == "operands") {
        operands();
    } else if (part == "exceptions") {
        exceptions();
    } else if (part == "jumps") {
        longjmps();
    } else if (part == "traced") {
        const int own = frames(), n = traced(4);
        std::printf("frames %d\n", n - own);
    } else if (part == "handlers") {
        handlers();
    } else if (part == "forks") {
        forks();
        show("out");
    } else if (part == "threads") {
        threads();
    } else if (part == "contexts") {
        contexts();
    } else if (part == "exits") {
        exits();
    }
    return 0;
}
