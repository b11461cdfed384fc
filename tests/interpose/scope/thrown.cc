// SPDX-License-Identifier: Apache-2.0
// thrown.cc: scopes as objects: an exception ends them.
#include "vprec_scope.h"
#include <cstdio>
#include <cstring>
#include <stdexcept>

static float a[100], b[100];

__attribute__((noipa)) static float dot()
{
    float sum = 0;
    for (int i = 0; i < 100; i++)
        sum += a[i] * b[i];
    return sum;
}

static void show(const char *name, float x)
{
    unsigned bits;
    std::memcpy(&bits, &x, sizeof bits);
    std::printf("%s %08x\n", name, bits);
}

__attribute__((noipa)) static void throws()
{
    vprec::scope one("one");
    show("one", dot());
    vprec::scope two("two");
    show("two", dot());
    throw std::runtime_error("out of here");
}

int main()
{
    for (int i = 0; i < 100; i++) {
        a[i] = 1.0f / static_cast<float>(i + 1);
        b[i] = 0.3f * static_cast<float>(i);
    }
    try {
        throws();
    } catch (const std::exception &) {
        show("out", dot());
    }
    return 0;
}
