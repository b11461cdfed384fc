/* SPDX-License-Identifier: Apache-2.0
 * fake_preload.c: stands in for the preload library in the tests of the
 * commands: appends records that the test knows beforehand, or garbage, as the
 * environment variable FAKE says. Instruments nothing. */
#include "x86/site.h"
#include "runtime/wire.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };
static vprec_wire *wire;
static vprec_chunk *chunk;
static uint64_t the_object; /* offset of its record */

static void *append(uint32_t kind, size_t fixed, const char *text)
{
    size_t size = (fixed + strlen(text) + 1 + 15) & ~(size_t)15;
    char *record = (char *)chunk + atomic_fetch_add(&chunk->used, size);
    strcpy(record + fixed, text);
    ((vprec_record *)(void *)record)->size = (uint32_t)size;
    atomic_store(&((vprec_record *)(void *)record)->kind, kind);
    return record;
}
#define APPEND(type, kind, text_field, text) \
    ((type *)append(VPREC_RECORD_##kind, offsetof(type, text_field), text))

static uint64_t offset_of(const void *record)
{
    return chunk->offset + (uint64_t)((const char *)record - (const char *)chunk);
}

static vprec_function_record *function(const vprec_object_record *object, const char *name, uint64_t address)
{
    vprec_function_record *f = APPEND(vprec_function_record, FUNCTION, name, name);
    f->object = offset_of(object);
    f->address = address;
    f->length = 64;
    return f;
}

static vprec_counts *count(vprec_function_record *f, vprec_type type)
{
    vprec_counts_record *r = append(VPREC_RECORD_COUNTS, sizeof *r, "");
    f->counts[type] = offset_of(r);
    return &r->counts;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void refuse(const vprec_function_record *f, uint64_t address, uint32_t numbers, uint64_t executed, const char *text)
{
    vprec_refused_record *r = APPEND(vprec_refused_record, REFUSED, text, text);
    r->function = offset_of(f);
    r->object = f->object;
    r->address = address;
    r->numbers = numbers;
    r->executed = executed;
}

static void leave(const vprec_process_record *process, enum vprec_reason reason, const char *path, const char *function)
{
    size_t length = strlen(path) + 1;
    vprec_native_record *r = append(VPREC_RECORD_NATIVE, offsetof(vprec_native_record, path) +
                                    (function ? length : 0), function ? function : path);
    memcpy(r->path, path, length);
    r->process = offset_of(process);
    r->reason = reason;
    r->function = function ? (uint32_t)length : 0;
}

static void append_all(const char *mode, const char *self)
{
    vprec_process_record *process = APPEND(vprec_process_record, PROCESS, path, self);
    process->pid = getpid();
    process->parent = getppid();
    process->selected = 1;
    process->isa = 2;
    process->startup_ns = 1500000000;
    process->traps = 7;
    process->libm_functions = 3;
    process->libm_called[VPREC_F32] = strcmp(mode, "doubles") && strcmp(mode, "runtime") ? 2 : 0;
    process->libm_calls[VPREC_F32] = strcmp(mode, "doubles") && strcmp(mode, "runtime") ? 11 : 0;

    vprec_object_record *object = APPEND(vprec_object_record, OBJECT, path,
                                         strcmp(mode, "bytes") ? "/opt/net/libnet.so.1" : "/opt/\xff\n/libnet.so.1");
    object->process = offset_of(process);
    the_object = offset_of(object);
    object->base = 0x7f0000001000;
    object->clone_bytes = 8192;
    object->functions = 2;
    bool runs = strcmp(mode, "doubles") && strcmp(mode, "runtime");
    object->sites[VPREC_F32] = runs ? 5 : 0;
    object->sites_native[VPREC_F64] = strcmp(mode, "runtime") ? 9 : 0;
    object->refused = 1;
    object->by_jump = 4;
    object->by_trap = 1;
    object->build_id_length = 3;
    memcpy(object->build_id, "\x01\xab\xff", 3);

    if (runs) {
        vprec_function_record *forward = function(object, "forward", 0x1000), *idle = function(object, "idle", 0x2000);
        forward->sites[VPREC_F32] = 4;
        forward->entered = 1;
        vprec_counts *counts = count(forward, VPREC_F32);
        counts->ops[VPREC_OP_ADD] = 1000;
        counts->ops[VPREC_OP_FMA] = 24;
        counts->overflows = 2;
        counts->rounded = 900;
        counts->subnormals = 3;
        counts->results = (vprec_span){bits_of(0x1.8p5), ~bits_of(0x1p-12)};
        counts->operands = (vprec_span){bits_of(1), ~bits_of(0x1.8p-20)};
        counts->exponents[-12 - VPREC_EXPONENT_LEAST] = 1;
        counts->exponents[5 - VPREC_EXPONENT_LEAST] = 1020;
        counts->cancelled[0] = 1000;
        counts->cancelled[4] = 12;
        counts->cancelled[5] = 8;
        counts->cancelled[VPREC_CANCELLED_ALL] = 3;
        idle->sites[VPREC_F32] = 1;
        refuse(forward, 0x1010, VPREC_NUMBER_LONG, 0, "fadd st0, st1: x87 arithmetic is not supported");
        if (!strcmp(mode, "executed"))
            refuse(idle, 0x2010, VPREC_NUMBER_OTHER, 12, "vaddph xmm0, xmm1, xmm2: FP16 arithmetic is not supported");
        for (int i = 0; !strcmp(mode, "many") && i < 25; i++)
            refuse(idle, 0x3000 + (uint64_t)i, VPREC_NUMBER_LONG | VPREC_NUMBER_F32, 1, "fmul st0, dword ptr [rdi]: x87 arithmetic is not supported");
        if (!strcmp(mode, "x87"))
            refuse(idle, 0x4000, VPREC_NUMBER_LONG, 3, "fprem: x87 arithmetic is not supported");
    }
    if (!strcmp(mode, "native")) {
        leave(process, VPREC_REASON_CUT_SHORT, "/opt/net/libcut.so", NULL);
        leave(process, VPREC_REASON_CUT_SHORT, "/opt/net/libcut.so", NULL);
        leave(process, VPREC_REASON_LIBM_ENTRY, "/opt/libm.so.6", "sinf");
    }
    if (!strcmp(mode, "runtime") || !strcmp(mode, "doubles"))
        leave(process, VPREC_REASON_LEFT_SYSTEM, "/opt/libc.so.6", NULL);
    if (!strcmp(mode, "runtime")) {
        leave(process, VPREC_REASON_LEFT_RUNTIME, "/opt/python3.11", NULL);
        leave(process, VPREC_REASON_LEFT_RUNTIME, "/opt/libpython3.11.so.1.0", NULL);
    }
    vprec_message_record *message =
        APPEND(vprec_message_record, MESSAGE, text, "fesetround: replaced by the run's mode");
    message->process = offset_of(process);
}

/* What a process gone wild may leave: bytes anywhere in the used part, or headers that lie. */
static void scribble(unsigned seed)
{
    srandom(seed);
    uint64_t used = chunk->used;
    for (int i = 0; i < 1 + (int)(seed % 40); i++) {
        bool header = seed % 3 == 0 && random() % 2;
        char *part = header ? (char *)wire : (char *)chunk;
        uint64_t at = (uint64_t)random() % (header ? sizeof *wire : used);
        if (!header && seed % 4) /* the chunk's own header is hit in a quarter of all */
            at = at < sizeof *chunk ? sizeof *chunk : at;
        /* Aligned words hit sizes, kinds and offsets; small values make plausible ones. */
        if (random() % 2)
            *(uint32_t *)(void *)(part + (at & ~(uint64_t)3)) = (uint32_t)random() >> (random() % 31);
        else
            part[at] = (char)random();
    }
    if (seed % 5 == 0)
        wire->used = ((uint64_t)random() << 33) + (uint64_t)random();
}

/* The run's file: only as it was inherited. */
static void open_wire(const char *place)
{
    unsigned long long number[VPREC_WIRE_PLACES];
    struct stat st;
    if (sscanf(place, "%llu:%llu:%llu:%llu:%llu:%llu:%llu", &number[0], &number[1], &number[2], &number[3], &number[4],
               &number[5], &number[6]) != VPREC_WIRE_PLACES)
        abort();
    int fd = (int)number[VPREC_WIRE_DESCRIPTOR];
    if (fstat(fd, &st) || st.st_dev != number[VPREC_WIRE_DEVICE] || st.st_ino != number[VPREC_WIRE_INODE])
        return;
    wire = mmap(NULL, VPREC_WIRE_HEAD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (wire == MAP_FAILED || wire->magic != VPREC_WIRE_MAGIC ||
        wire->capacity + (uint64_t)wire->meters_most * VPREC_METER_BYTES != (uint64_t)st.st_size)
        abort();
    uint64_t offset = atomic_fetch_add(&wire->used, CHUNK);
    chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    if (chunk == MAP_FAILED)
        abort();
    chunk->magic = VPREC_CHUNK_MAGIC;
    chunk->offset = offset;
    chunk->size = CHUNK;
    chunk->used = (sizeof *chunk + 15) & ~(uint64_t)15;
}

__attribute__((constructor)) static void attach(void)
{
    const char *mode = getenv("FAKE"), *path = getenv(VPREC_WIRE_ENV);
    char self[512] = "";
    if (!mode)
        mode = "";
    if (!strcmp(mode, "silent") || !path)
        return;
    open_wire(path);
    if (!wire)
        return;
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        abort();
    for (uint32_t i = 0; i < wire->config.rules; i++)
        if (!strncmp(wire->config.rule[i].glob, "hit", 3))
            atomic_fetch_add(&wire->config.rule[i].hits, 1);
    if (!strcmp(mode, "config")) {
        const vprec_wire_config *c = &wire->config;
        char line[256];
        int length = snprintf(
            line, sizeof line,
            "use %u %u bits e%um%u e%um%u mode %u round %u ops %u fast %u count %u audit %u rules %u:%s:%s\n",
            c->use[0], c->use[1], c->format[0].ebits, c->format[0].fbits, c->format[1].ebits, c->format[1].fbits, c->mode,
            c->round, c->ops, c->fast, c->count, c->audit, c->rules, c->rules ? c->rule[0].glob : "",
            c->rules > 1 ? c->rule[1].glob : "");
        if (write(STDOUT_FILENO, line, (size_t)length) != length)
            abort();
    }
    if (!strcmp(mode, "noise")) {
        const vprec_wire_config *c = &wire->config;
        dprintf(STDOUT_FILENO, "mode %u bits %u %u silent %#x%s\n", c->mode, c->bits[0], c->bits[1], c->silent,
                c->keyed ? " keyed" : "");
        for (int type = 0; type < VPREC_TYPES; type++)
            dprintf(STDOUT_FILENO, "use %u m%u what %u precision %u error %u exponent %d\n", c->use[type], c->format[type].fbits,
                   c->noise[type].what, c->noise[type].precision, c->noise[type].error, c->noise[type].exponent);
    }
    if (!strcmp(mode, "seed"))
        dprintf(STDOUT_FILENO, "%llu\n", (unsigned long long)wire->config.seed);
    append_all(mode, self);
    for (uint32_t i = 0; i < wire->config.rules; i++)
        if (!strncmp(wire->config.rule[i].glob, "idle", 4))
            wire->config.rule[i].idle = the_object;
    if (!strcmp(mode, "unfinished")) { /* handed out, never filled: what follows cannot be found */
        atomic_fetch_add(&chunk->used, 64);
        append_all(mode, self);
    }
    if (!strcmp(mode, "unknown")) { /* not finished but sized, and of a kind to come: both are stepped over */
        append(0, sizeof(vprec_record), "half");
        append(77, sizeof(vprec_record), "of another version");
        append_all(mode, self);
    }
    if (!strncmp(mode, "garbage:", 8))
        scribble((unsigned)atoi(mode + 8));
    if (wire->config.list)
        _exit(0);
}
