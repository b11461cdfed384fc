/* SPDX-License-Identifier: Apache-2.0
 * throws.cpp: C++ exceptions through frames that compute, with floating-point
 * work in destructors, handlers and after the catch. */
#include "life.h"
#include <stdexcept>

namespace {

struct Guard { // works while the stack unwinds
    chain *c;
    explicit Guard(chain *of) : c(of) { chain_run(c, 10); }
    ~Guard() { chain_run(c, 20); }
};

struct Carried {
    float value;
    chain c;
};

__attribute__((noinline)) void descend(chain *c, int depth, float factor)
{
    Guard guard(c);
    chain_run(c, 5);
    if (depth == 0) {
        Carried carried = {factor, *c};
        chain_run(&carried.c, 30);
        throw carried;
    }
    // A live value across the call: it must survive in the frame when the call returns by exception.
    descend(c, depth - 1, factor);
    chain_run(c, 1000);
}

__attribute__((noinline)) void middle(chain *c, int depth)
{
    try {
        descend(c, depth, 1.5f);
    } catch (Carried &carried) {
        chain_run(&carried.c, 40); // arithmetic in the landing pad
        chain_print(&carried.c);
        chain_run(c, 3);
        throw std::runtime_error("again");
    }
}

} // namespace

int main()
{
    for (int round = 0; round < 5; round++) {
        chain c = chain_start(20 + static_cast<uint32_t>(round));
        try {
            middle(&c, 4 * round);
        } catch (const std::exception &e) {
            chain_run(&c, 17);
            printf("caught %s\n", e.what());
        }
        chain_print(&c);
    }
    return 0;
}
