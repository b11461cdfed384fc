/* SPDX-License-Identifier: Apache-2.0
 * kernels.c: see kernels.h. All that it computes with floating-point numbers is done by the functions that it emits. */
#include "kernels.h"
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t seed;
static int raw;

void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(3);
    }
}

void start(int argc, char **argv)
{
    if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "raw") != 0)) {
        fprintf(stderr, "usage: %s SEED [raw]\n", argv[0]);
        exit(2);
    }
    seed = strtoull(argv[1], NULL, 10);
    raw = argc == 3;
}

/* -- page faults -- */

int faults_begin(void)
{
    struct perf_event_attr attribute = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attribute,
                                        .config = PERF_COUNT_SW_PAGE_FAULTS, .exclude_kernel = 1};
    int counter = (int)syscall(SYS_perf_event_open, &attribute, 0, -1, -1, 0);

    if (counter < 0) {
        perror("page faults cannot be counted: perf_event_open");
        exit(77);
    }
    return counter;
}

uint64_t faults_now(int counter)
{
    uint64_t n = 0;

    need(read(counter, &n, sizeof n) == sizeof n, "to count page faults");
    return n;
}

/* -- memory -- */

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    if (!raw)
        return syscall(number, a, b, c, d, e, f);
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

void *map(void *wanted, size_t size, int protection, int fd)
{
    int flags = (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | (wanted ? MAP_FIXED : 0);
    void *at = raw ? (void *)call(SYS_mmap, (long)wanted, (long)size, protection, flags, fd, 0)
                   : mmap(wanted, size, protection, flags, fd, 0);

    need(at != MAP_FAILED && (!wanted || at == wanted), "mmap");
    return at;
}

void protect(void *at, size_t size, int protection)
{
    need(!(raw ? call(SYS_mprotect, (long)at, (long)size, protection, 0, 0, 0) : mprotect(at, size, protection)),
         "mprotect");
}

void unmap(void *at, size_t size)
{
    need(!(raw ? call(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0) : munmap(at, size)), "munmap");
}

/* -- the assembler -- */

static const uint8_t opcodes[OPERATIONS] = {0x58, 0x5c, 0x59, 0x5e, 0x51, 0};

/* [rdi or rsi + displacement], register xmm`reg` */
static uint8_t *memory_operand(uint8_t *p, int reg, int base_rsi, int32_t displacement)
{
    *p++ = (uint8_t)(0x80 | reg << 3 | (base_rsi ? 6 : 7));
    memcpy(p, &displacement, sizeof displacement);
    return p + sizeof displacement;
}

/* One instruction of map 0F with its memory operand; `source`: the first source of VEX and EVEX, -1 for none. */
static uint8_t *instruction(uint8_t *p, struct kind kind, uint8_t opcode, int reg, int source, int base_rsi,
                            int32_t displacement)
{
    int scalar = kind.shape == SSE_SCALAR || kind.shape == AVX_SCALAR;
    int prefix = scalar ? (kind.wide ? 3 : 2) : kind.wide; /* VEX.pp: 1 66, 2 F3, 3 F2 */
    int first = ~source & 15;
    static const uint8_t legacy[] = {0, 0x66, 0xf3, 0xf2};

    if (source < 0)
        first = 15;
    if (kind.shape <= SSE_PACKED) {
        if (prefix)
            *p++ = legacy[prefix];
        *p++ = 0x0f;
    } else if (kind.shape <= AVX_PACKED) {
        *p++ = 0xc5;
        *p++ = (uint8_t)(0x80 | first << 3 | (kind.shape == AVX_PACKED) << 2 | prefix);
    } else {
        *p++ = 0x62;
        *p++ = 0xf1;
        *p++ = (uint8_t)(kind.wide << 7 | first << 3 | 4 | prefix);
        *p++ = 0x48;
    }
    *p++ = opcode;
    return memory_operand(p, reg, base_rsi, displacement);
}

/* vfmadd231 xmm0 += xmm1 * [rdi + displacement] */
static uint8_t *multiply_add(uint8_t *p, struct kind kind, int32_t displacement)
{
    if (kind.shape == AVX512_PACKED) {
        *p++ = 0x62;
        *p++ = 0xf2;
        *p++ = (uint8_t)(kind.wide << 7 | 14 << 3 | 4 | 1);
        *p++ = 0x48;
    } else {
        *p++ = 0xc4;
        *p++ = 0xe2;
        *p++ = (uint8_t)(kind.wide << 7 | 14 << 3 | (kind.shape == AVX_PACKED) << 2 | 1);
    }
    *p++ = kind.shape == AVX_SCALAR ? 0xb9 : 0xb8;
    return memory_operand(p, 0, 0, displacement);
}

size_t emit(void *at, struct kind kind)
{
    static const uint8_t count[] = {0x48, 0x89, 0xd1}, again[] = {0x48, 0xff, 0xc9, 0x0f, 0x85},
                         clear[] = {0xc5, 0xf8, 0x77};
    uint8_t bytes[KERNEL_MOST], *p = bytes, *loop;
    int32_t back;
    /* what moves a value: movss and movsd have a source of their own between registers alone, here never */
    const uint8_t load = 0x10, store = 0x11;

    memcpy(p, count, sizeof count); /* mov rcx, rdx */
    p += sizeof count;
    loop = p;
    if (kind.operation == FMA) {
        p = instruction(p, kind, load, 0, -1, 0, 128);
        p = instruction(p, kind, load, 1, -1, 0, 0);
        p = multiply_add(p, kind, 64);
    } else if (kind.operation == SQRT) {
        p = instruction(p, kind, load, 0, -1, 0, 0);
        p = instruction(p, kind, opcodes[SQRT], 0, kind.shape == AVX_SCALAR ? 0 : -1, 0, 0);
    } else {
        p = instruction(p, kind, load, 0, -1, 0, 0);
        p = instruction(p, kind, opcodes[kind.operation], 0, 0, 0, 64);
    }
    p = instruction(p, kind, store, 0, -1, 1, 0);
    memcpy(p, again, sizeof again); /* dec rcx; jnz loop */
    p += sizeof again;
    back = (int32_t)(loop - (p + 4));
    memcpy(p, &back, sizeof back);
    p += sizeof back;
    if (kind.shape > AVX_SCALAR) {
        memcpy(p, clear, sizeof clear); /* vzeroupper */
        p += sizeof clear;
    }
    *p++ = 0xc3;
    memcpy(at, bytes, (size_t)(p - bytes));
    return (size_t)(p - bytes);
}

/* -- operands and results -- */

struct record *record_new(uint64_t stream)
{
    struct record *record = aligned_alloc(64, (sizeof *record + 63) & ~(size_t)63);

    need(record != NULL, "aligned_alloc");
    memset(record, 0, sizeof *record);
    record->random = (seed + 1) * 0x9e3779b97f4a7c15u ^ (stream + 1) * 0xbf58476d1ce4e5b9u;
    return record;
}

static uint64_t next(struct record *record)
{
    uint64_t x = record->random += 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

unsigned draw(struct record *record, unsigned below)
{
    return (unsigned)((next(record) >> 32) * below >> 32);
}

struct kind draw_kind(struct record *record)
{
    struct kind kind;
    int fits;

    do {
        kind.operation = (enum operation)draw(record, OPERATIONS);
        kind.shape = (enum shape)draw(record, SHAPES);
        kind.wide = draw(record, 3) == 0;
        fits = kind.shape <= SSE_PACKED   ? kind.operation != FMA
               : kind.shape <= AVX_PACKED ? __builtin_cpu_supports("avx") &&
                                                (kind.operation != FMA || __builtin_cpu_supports("fma"))
                                          : __builtin_cpu_supports("avx512f") != 0;
    } while (!fits);
    return kind;
}

struct kind other_kind(struct record *record, struct kind kind)
{
    struct kind other = kind;

    if (kind.operation < SQRT) {
        do
            other.operation = (enum operation)draw(record, SQRT);
        while (other.operation == kind.operation);
        return other;
    }
    do
        other = draw_kind(record);
    while (other.operation == kind.operation);
    return other;
}

/* A number with all fraction bits in use and an exponent near that of 1; of a square root not negative. */
static uint64_t number(struct record *record, int wide, int positive)
{
    uint64_t bits = next(record), exponent = (wide ? 1023 : 127) - 6 + draw(record, 13);

    if (wide)
        return (bits >> 12) | 1 | exponent << 52 | (positive ? 0 : bits << 63);
    return (bits >> 41) | 1 | exponent << 23 | (positive ? 0 : (bits & 1) << 31);
}

static size_t lanes(struct kind kind)
{
    static const size_t bytes[SHAPES] = {0, 16, 0, 32, 64};

    return bytes[kind.shape] ? bytes[kind.shape] / (kind.wide ? 8 : 4) : 1;
}

static uint64_t element(const uint8_t *vector, struct kind kind, size_t lane)
{
    uint64_t bits = 0;
    size_t size = kind.wide ? 8 : 4;

    memcpy(&bits, vector + lane * size, size);
    return bits;
}

void operands(struct record *record, struct kind kind)
{
    size_t size = kind.wide ? 8 : 4;

    for (size_t at = 0; at < sizeof record->in; at += size) {
        uint64_t bits = number(record, kind.wide, kind.operation == SQRT);

        memcpy(record->in + at, &bits, size);
    }
    memset(record->out, 0xff, sizeof record->out);
}

void results(struct record *record, struct kind kind)
{
    static const char *const names[OPERATIONS] = {"add", "sub", "mul", "div", "sqrt", "fma"};

    for (size_t i = 0; i < lanes(kind); i++) {
        if (record->room - record->length < 128) {
            record->room = record->room * 2 + 4096;
            record->text = realloc(record->text, record->room);
            need(record->text != NULL, "realloc");
        }
        record->length += (size_t)snprintf(
            record->text + record->length, 128, "op %s %s %llx %llx %llx %llx\n", kind.wide ? "f64" : "f32",
            names[kind.operation], (unsigned long long)element(record->in, kind, i),
            (unsigned long long)element(record->in + 64, kind, i),
            (unsigned long long)element(record->in + 128, kind, i), (unsigned long long)element(record->out, kind, i));
    }
}

void run(struct record *record, struct kind kind, const void *code, long times)
{
    operands(record, kind);
    ((kernel)(uintptr_t)code)(record->in, record->out, times);
    results(record, kind);
}

void record_print(struct record *record)
{
    fwrite(record->text, 1, record->length, stdout);
    free(record->text);
    free(record);
}
