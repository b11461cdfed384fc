/* SPDX-License-Identifier: Apache-2.0
 * callers.c: who is selected, by address: functions and PLTs in memory that this program fills by hand, and answers
 * while the table changes. */
#include "find/callers.h"
#include "x86/emulate/emulate.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { SIZE = 1 << 16, CHOSEN = 0x1000, LEFT = 0x2000, PLT = 0x3000, GOT = 0x8000, LIBRARY = 0x9000, OTHER = 0xA000 };

vprec_xsave_layout vprec_xsave = {.size = 576, .components = 2}; /* x87 and SSE, which all processors have */

static unsigned failures, checks;
static uint8_t *memory;

static void check(const char *what, bool have, bool want)
{
    checks++;
    if (have == want)
        return;
    failures++;
    printf("%s: %s, must be %s\n", what, have ? "rounded" : "native", want ? "rounded" : "native");
}

static uint64_t at(size_t offset)
{
    return (uint64_t)(memory + offset);
}

static bool asks(size_t back, size_t called)
{
    return vprec_caller_of(vprec_callers_of(at(back), at(called))) == VPREC_CALLER_SELECTED;
}

static void put32(size_t offset, size_t to, size_t from)
{
    int32_t rel = (int32_t)((int64_t)to - (int64_t)from);
    memcpy(memory + offset, &rel, 4);
}

/* call `to`, just before `back` */
static void put_call(size_t back, size_t to)
{
    memory[back - 5] = 0xE8;
    put32(back - 4, to, back);
}

/* call through the GOT's word */
static void put_got_call(size_t back, size_t slot)
{
    memory[back - 6] = 0xFF, memory[back - 5] = 0x15;
    put32(back - 4, slot, back);
}

/* endbr64; bnd jmp through the GOT's word */
static void put_plt(size_t entry, size_t slot)
{
    static const uint8_t code[] = {0xF3, 0x0F, 0x1E, 0xFA, 0xF2, 0xFF, 0x25};
    memcpy(memory + entry, code, sizeof code);
    put32(entry + 7, slot, entry + 11);
}

static void put_word(size_t slot, size_t value)
{
    uint64_t word = at(value);
    memcpy(memory + slot, &word, 8);
}

static vprec_caller_object make(size_t code, size_t end, const vprec_caller_span *spans, size_t n)
{
    vprec_caller_object o = {.code = at(code), .code_end = at(end), .lo = at(0), .hi = at(SIZE),
                             .spans = VPREC_VEC(vprec_caller_span)};
    vprec_caller_span *own = n ? vprec_vec_add(&o.spans, n) : NULL;
    if (own)
        memcpy(own, spans, n * sizeof *own);
    return o;
}

static void check_decisions(void)
{
    const vprec_caller_span spans[] = {{at(CHOSEN), VPREC_CALLER_SELECTED}, {at(LEFT), VPREC_CALLER_NATIVE},
                                       {at(PLT), VPREC_CALLER_NEITHER}};
    vprec_caller_object o = make(CHOSEN, PLT + 0x100, spans, 3);
    o.plt = at(PLT), o.plt_end = at(PLT + 0x100);
    check("before it is known", asks(CHOSEN + 0x80, LIBRARY), false);
    vprec_callers_add(&o);
    put_plt(PLT, GOT);
    put_word(GOT, LIBRARY);
    put_plt(PLT + 16, GOT + 8);
    put_word(GOT + 8, OTHER);
    put_plt(PLT + 32, GOT + 16);
    put_word(GOT + 16, PLT + 32 + 6);

    check("by pointer", asks(CHOSEN + 0x80, LIBRARY), true);
    check("by pointer, not selected", asks(LEFT + 0x80, LIBRARY), false);
    check("its last instruction", asks(LEFT, LIBRARY), true);
    check("the last instruction of what is not selected", asks(PLT, LIBRARY), false);
    check("beyond", asks(PLT + 0x101, LIBRARY), false);
    put_call(CHOSEN + 0x100, PLT);
    check("by the PLT", asks(CHOSEN + 0x100, LIBRARY), true);
    put_call(LEFT + 0x100, PLT);
    check("by the PLT, not selected", asks(LEFT + 0x100, LIBRARY), false);
    put_call(CHOSEN + 0x120, LEFT + 0x40);
    check("a tail call of what is not selected", asks(CHOSEN + 0x120, LIBRARY), false);
    put_call(LEFT + 0x120, CHOSEN + 0x40);
    check("a tail call of what is selected", asks(LEFT + 0x120, LIBRARY), true);
    put_call(CHOSEN + 0x140, PLT + 16);
    check("a tail call in an object that is not known", asks(CHOSEN + 0x140, LIBRARY), false);
    put_call(CHOSEN + 0x160, PLT + 32);
    check("by a PLT that is not resolved", asks(CHOSEN + 0x160, LIBRARY), true);
    put_got_call(CHOSEN + 0x180, GOT);
    check("through the GOT", asks(CHOSEN + 0x180, LIBRARY), true);
    put_got_call(CHOSEN + 0x1A0, GOT + 8);
    check("a tail call behind the GOT", asks(CHOSEN + 0x1A0, LIBRARY), false);
    put_plt(CHOSEN + 0x400, GOT); /* a function that begins with such a jump is no PLT entry */
    put_call(LEFT + 0x140, CHOSEN + 0x400);
    check("a function that is one jump", asks(LEFT + 0x140, LIBRARY), true);

    vprec_caller_object other = make(OTHER, OTHER + 0x100, NULL, 0);
    vprec_callers_add(&other);
    check("once that object is known", asks(CHOSEN + 0x140, LIBRARY), true);
    check("all of an object", asks(OTHER + 0x10, LIBRARY), true);
    vprec_callers_drop(at(OTHER));
    check("an object that was dropped", asks(OTHER + 0x10, LIBRARY), false);
    vprec_callers_drop(at(CHOSEN));
    check("and the other", asks(CHOSEN + 0x80, LIBRARY), false);
}

static unsigned questions;

/* Whatever a library that is called here would do to the registers. */
static enum vprec_caller answer(uint64_t address)
{
    questions++;
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tmovdqa %%xmm0, %%xmm15" ::: "xmm0", "xmm15");
    return address >= at(LEFT) ? VPREC_CALLER_NATIVE : VPREC_CALLER_SELECTED;
}

/* An object that is asked about each function. */
static void check_questions(void)
{
    memset(memory, 0, SIZE);
    vprec_caller_object o = make(CHOSEN, PLT + 0x100, NULL, 0);
    o.plt = at(PLT), o.plt_end = at(PLT + 0x100), o.asks = true;
    vprec_callers_asked = answer;
    vprec_callers_add(&o);
    double kept = 1.5, other = 2.5;
    __asm__ volatile("movsd %[k], %%xmm0\n\tmovsd %[o], %%xmm15\n\t"
                     "call vprec_callers_selects\n\t"
                     "movsd %%xmm0, %[k]\n\tmovsd %%xmm15, %[o]"
                     : [k] "+m"(kept), [o] "+m"(other)
                     : "D"(at(CHOSEN + 0x80))
                     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm15");
    check("an operand that lies in xmm0", kept == 1.5, true);
    check("and in xmm15", other == 2.5, true);
    for (int again = 0; again < 2; again++) {
        check("asked", asks(CHOSEN + 0x80, LIBRARY), true);
        check("asked, not selected", asks(LEFT + 0x80, LIBRARY), false);
    }
    check("each is asked about once", questions == 2, true);
    put_plt(PLT, GOT);
    put_word(GOT, PLT + 6);
    put_call(CHOSEN + 0x100, PLT);
    check("asked, by a PLT that is not resolved", asks(CHOSEN + 0x100, LIBRARY), true);
    put_call(CHOSEN + 0x120, LEFT + 0x40);
    check("asked, a tail call of what is not selected", asks(CHOSEN + 0x120, LIBRARY), false);
    vprec_callers_drop(at(CHOSEN));
    vprec_callers_add(&o);
    memset(memory, 0, SIZE);
    questions = 0;
    check("another object in its place", asks(CHOSEN + 0x80, LIBRARY), true);
    check("is asked about anew", questions == 1, true);
    for (size_t i = 1; i < 0x1000; i++) /* more than there are places for */
        check("many", asks(CHOSEN + i, LIBRARY), true);
    vprec_callers_drop(at(CHOSEN));
}

static atomic_bool done;
static atomic_uint wrong, asked;

static void *ask(void *unused)
{
    while (!atomic_load(&done)) {
        /* a new address each time: the cache is not what is asked */
        size_t n = atomic_fetch_add(&asked, 1) % 0x800 + 1;
        if (!asks(CHOSEN + n, LIBRARY) || asks(LEFT + n, LIBRARY) || asks(LIBRARY + n % 0x100, LIBRARY))
            atomic_fetch_add(&wrong, 1);
    }
    return unused;
}

/* Objects come and go on both sides of the one that is asked about. */
static void check_changes(void)
{
    memset(memory, 0, SIZE);
    const vprec_caller_span spans[] = {{at(CHOSEN), VPREC_CALLER_SELECTED}, {at(LEFT), VPREC_CALLER_NATIVE}};
    vprec_caller_object o = make(CHOSEN, PLT, spans, 2);
    vprec_callers_add(&o);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, ask, NULL)) {
            failures++;
            return;
        }
    for (int i = 0; i < 20000 || atomic_load(&asked) < 20000; i++) {
        size_t place = i & 1 ? 0x100 + (size_t)(i / 2 % 8) * 0x100 : OTHER + (size_t)(i / 2 % 8) * 0x100;
        vprec_caller_object more = make(place, place + 0x100, NULL, 0);
        if (i / 16 & 1)
            vprec_callers_drop(more.code);
        else
            vprec_callers_add(&more);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    checks += atomic_load(&asked);
    failures += atomic_load(&wrong);
    printf("%u of %u answers wrong while the table changed\n", atomic_load(&wrong), atomic_load(&asked));
}

int main(void)
{
    memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    check_decisions();
    check_questions();
    check_changes();
    printf("%u checks, %u failed\n", checks, failures);
    return failures != 0;
}
