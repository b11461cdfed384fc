/* SPDX-License-Identifier: Apache-2.0
 * throws.cpp: functions with landing pads of every kind that a compiler makes:
 * handlers, clean-ups, rethrows, filters, cold parts, and pads inside libstdc++. */
// throws_run returns its argument if every exception went where it should.
#include <ostream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

namespace {

int cleaned;

struct guard {
    ~guard() { ++cleaned; }
};

__attribute__((noinline)) int thrower(int kind)
{
    guard g;
    switch (kind % 5) {
    case 0: throw kind;
    case 1: throw std::runtime_error("one");
    case 2: throw std::string("two");
    case 3: throw 3.0;
    default: return kind;
    }
}

__attribute__((noinline)) int middle(int kind)
{
    guard g;
    std::vector<std::string> many(3, std::string(40, 'x'));
    try {
        return thrower(kind) + int(many.size());
    } catch (const std::string &) {
        guard inner;
        throw; // through the handler's own clean-up
    }
}

__attribute__((noinline, cold)) int rare(int kind)
{
    std::string text(50, 'y');
    try {
        return thrower(kind + int(text.size()));
    } catch (double) {
        return 1;
    }
}

__attribute__((noinline)) int outer(int kind)
{
    int seen = 0;
    try {
        seen += middle(kind);
    } catch (int) {
        seen = 1;
    } catch (const std::exception &e) {
        seen = 1 + (e.what()[0] != 'o');
    } catch (...) {
        try {
            seen = rare(kind + 1);
        } catch (...) {
            seen = 1;
        }
    }
    return seen != 0;
}

class broken : public std::streambuf {
    int overflow(int) override { throw 7; }
};

__attribute__((noinline)) int library()
{
    broken buffer;
    std::ostream stream(&buffer);
    stream.exceptions(std::ios::badbit);
    try {
        stream << 12345;
    } catch (int seven) {
        return seven == 7;
    }
    return 0;
}

} // namespace

extern "C" __attribute__((visibility("default"))) int throws_run(int n)
{
    int seen = 0;
    cleaned = 0;
    for (int i = 0; i < n; i++)
        seen += outer(i);
    return seen == n && library() && cleaned > n ? seen : -1;
}

#ifdef THROWS_MAIN
int main()
{
    return throws_run(100) != 100;
}
#endif
