/* SPDX-License-Identifier: Apache-2.0
 * rescues.cpp: C++ exceptions thrown by signal handlers, out of arithmetic whose
 * operand faults (compiled with -fnon-call-exceptions). */
#include "life.h"
#include <csignal>

namespace {

struct Fault {
    int number;
};

struct Guard {
    chain *c;
    explicit Guard(chain *of) : c(of) {}
    ~Guard() { chain_run(c, 9); }
};

void on_fault(int number)
{
    throw Fault{number};
}

__attribute__((noinline)) float add(float x, const float *p)
{
    return x * x + *p;
}

__attribute__((noinline)) float guarded(chain *c, const float *p)
{
    Guard guard(c);
    chain_run(c, 5);
    return c->x / *p;
}

} // namespace

int main()
{
    struct sigaction action = {};
    const float *volatile nowhere = reinterpret_cast<const float *>(16);
    chain c = chain_start(94);
    float x = 1.5f;

    action.sa_handler = on_fault;
    action.sa_flags = SA_NODEFER;
    need(!sigaction(SIGSEGV, &action, nullptr), "sigaction");
    for (int k = 0; k < 4; k++) {
        try {
            x = add(x, nowhere);
            printf("no fault\n");
        } catch (const Fault &fault) {
            printf("caught %d\n", fault.number);
        }
        try {
            x = guarded(&c, nowhere);
            printf("no fault\n");
        } catch (const Fault &fault) {
            chain_run(&c, 3);
            printf("caught %d\n", fault.number);
        }
        chain_print(&c);
    }
    return 0;
}
