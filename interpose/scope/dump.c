/* SPDX-License-Identifier: Apache-2.0
 * dump.c: see dump.h. No arithmetic: bits are copied. */
#include "dump.h"
#include "runtime/decimal.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

enum { LONGEST = 200 }; /* bytes of a name */

static const struct {
    const char *text;
    uint32_t bytes;
} kinds[] = {
#define X(name, text, bytes) {text, bytes},
    VPREC_DUMP_LIST(X)
#undef X
};

bool vprec_dump_wanted(void)
{
    return vprec_wire_shared && *vprec_wire_shared->config.dump;
}

static bool write_all(int fd, const void *from, size_t bytes)
{
    long done = 1;
    for (size_t at = 0; at < bytes && done > 0; at += (size_t)done)
        done = vprec_sys(SYS_write, fd, (long)((const char *)from + at), (long)(bytes - at), 0, 0, 0);
    return done > 0;
}

/* Each is the upper half of a float32. */
static bool write_widened(int fd, const uint16_t *from, size_t count)
{
    uint32_t wide[1024];
    enum { MOST = sizeof wide / sizeof *wide };
    bool done = true;
    for (size_t at = 0; at < count && done; at += MOST) {
        const size_t n = count - at < MOST ? count - at : MOST;
        for (size_t i = 0; i < n; i++)
            wide[i] = (uint32_t)from[at + i] << 16;
        done = write_all(fd, wide, n * sizeof *wide);
    }
    return done;
}

static char *append(char *to, const char *text)
{
    while ((*to = *text++))
        to++;
    return to;
}

/* A file .npy, version 1.0: a head that is padded with blanks, and the bits. */
static bool write_array(int fd, const vprec_dumped *array)
{
    enum { HEAD = 512, STEP = 64 }; /* 20 bytes a dimension are less than that */
    char head[HEAD], *at = head + 10;
    size_t count = 1;
    memset(head, ' ', sizeof head);
    append(head, "\x93NUMPY\1");
    head[7] = 0;
    at = append(at, "{'descr': '");
    at = append(at, kinds[array->kind].text);
    at = append(at, "', 'fortran_order': False, 'shape': (");
    for (uint32_t i = 0; i < array->dimensions; i++) {
        at = vprec_decimal(at, (uint64_t)array->shape[i]);
        at = append(at, array->dimensions == 1 ? "," : i + 1 < array->dimensions ? ", " : "");
        count *= (uint64_t)array->shape[i];
    }
    at = append(at, ")}");
    *at++ = ' ';
    const size_t length = (size_t)(at + 1 - head + STEP - 1) / STEP * STEP;
    head[length - 1] = '\n';
    head[8] = (char)((length - 10) & 255);
    head[9] = (char)((length - 10) >> 8);
    return write_all(fd, head, length) && (array->kind == VPREC_DUMP_BF2 ? write_widened(fd, array->data, count)
                                           : write_all(fd, array->data, count * kinds[array->kind].bytes));
}

/* "DIR/000012 NAME.1.npy" */
static void name_file(char path[VPREC_DUMP_LENGTH + LONGEST + 64], const char *name, int output)
{
    static _Atomic uint32_t count;
    const uint32_t place = atomic_fetch_add(&count, 1) + 1;
    char *at = append(path, vprec_wire_shared->config.dump);
    *at++ = '/';
    for (uint32_t unit = 100000; unit && place < unit; unit /= 10)
        *at++ = '0';
    at = vprec_decimal(at, place);
    *at++ = ' ';
    for (size_t i = 0; i < LONGEST && name[i]; i++)
        *at++ = name[i] == '/' || (unsigned char)name[i] < ' ' || name[i] == 127 ? '_' : name[i];
    if (output >= 0) {
        *at++ = '.';
        at = vprec_decimal(at, (uint64_t)output);
    }
    append(at, ".npy");
}

void vprec_dump_put(const char *name, int output, const vprec_dumped *array)
{
    static _Atomic uint32_t failed, forked;
    static _Atomic int32_t process;
    char path[VPREC_DUMP_LENGTH + LONGEST + 64];
    int32_t none = 0, own = vprec_sys_getpid();
    if (!atomic_compare_exchange_strong(&process, &none, own) && none != own) { /* its files would be its parent's */
        if (!atomic_exchange(&forked, 1))
            vprec_record_warning("--dump-layers: outputs in processes that the program has forked are not written");
        return;
    }
    if (array->dimensions > VPREC_DUMP_DIMENSIONS)
        return;
    name_file(path, name, output);
    enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC };
    const int fd = (int)vprec_sys(SYS_openat, AT_FDCWD, (long)path, FLAGS, 0666, 0, 0);
    const bool done = fd >= 0 && write_array(fd, array);
    if (fd >= 0)
        vprec_sys_close(fd);
    if (!done && !atomic_exchange(&failed, 1))
        vprec_record_warning("--dump-layers: not all that was to be written there could be");
}
