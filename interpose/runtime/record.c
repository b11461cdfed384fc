/* SPDX-License-Identifier: Apache-2.0
 * record.c: see record.h. */
#include "record.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

vprec_wire *vprec_wire_shared;
vprec_process_record *vprec_record_process;
static char file_path[4096];

bool vprec_record_open(const char *path)
{
    if (strlen(path) >= sizeof file_path)
        return false;
    memcpy(file_path, path, strlen(path) + 1);
    int fd = vprec_record_file();
    struct stat st;
    if (fd < 0)
        return false;
    vprec_wire *wire = MAP_FAILED;
    if (!fstat(fd, &st) && (size_t)st.st_size > sizeof *wire)
        wire = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (wire == MAP_FAILED)
        return false;
    if (wire->magic != VPREC_WIRE_MAGIC || wire->capacity > (uint64_t)st.st_size) {
        munmap(wire, (size_t)st.st_size);
        return false;
    }
    vprec_wire_shared = wire;
    return true;
}

int vprec_record_file(void)
{
    return open(file_path, O_RDWR | O_CLOEXEC);
}

void *vprec_record_room(size_t bytes)
{
    vprec_wire *wire = vprec_wire_shared;
    bytes = vprec_record_align(bytes);
    uint64_t at = atomic_load(&wire->used);
    do {
        if (at + bytes > wire->capacity) {
            atomic_fetch_add(&wire->dropped, 1);
            return NULL;
        }
    } while (!atomic_compare_exchange_weak(&wire->used, &at, at + bytes));
    vprec_record *head = (void *)((char *)wire + at);
    head->size = (uint32_t)bytes; /* a reader can skip it should we die before it is done */
    return head;
}

uint64_t vprec_record_offset(const void *record)
{
    return (uint64_t)((const char *)record - (const char *)vprec_wire_shared);
}

void vprec_record_done(void *record, uint32_t kind, size_t bytes)
{
    vprec_record *head = record;
    head->size = (uint32_t)vprec_record_align(bytes);
    atomic_store_explicit(&head->kind, kind, memory_order_release);
}

uint32_t vprec_record_number(uint64_t offset)
{
    return (uint32_t)(offset / 16);
}

vprec_counts *vprec_record_counts(uint32_t function, vprec_type type)
{
    char *wire = (char *)vprec_wire_shared;
    if (!function)
        return NULL;
    _Atomic uint64_t *place = &((vprec_function_record *)(void *)(wire + 16 * (uint64_t)function))->counts[type];
    uint64_t at = atomic_load_explicit(place, memory_order_acquire);
    if (!at) {
        vprec_counts_record *made = vprec_record_room(sizeof *made);
        uint64_t offset = made ? vprec_record_offset(made) : VPREC_NO_COUNTS;
        if (made)
            vprec_record_done(made, VPREC_RECORD_COUNTS, sizeof *made);
        /* Who comes second leaves an empty record behind: waiting is not for signal handlers. */
        if (atomic_compare_exchange_strong(place, &at, offset))
            at = offset;
    }
    return at == VPREC_NO_COUNTS ? NULL : &((vprec_counts_record *)(void *)(wire + at))->counts;
}

void *vprec_record_text(uint32_t kind, size_t fixed, const char *text)
{
    size_t length = strlen(text) + 1;
    char *record = vprec_record_room(fixed + length);
    if (!record)
        return NULL;
    memcpy(record + fixed, text, length);
    vprec_record_done(record, kind, fixed + length);
    return record;
}

void vprec_record_warning(const char *text)
{
    vprec_message_record *m = vprec_record_text(VPREC_RECORD_MESSAGE, sizeof *m, text);
    if (m && vprec_record_process)
        m->process = vprec_record_offset(vprec_record_process);
}
