/* SPDX-License-Identifier: Apache-2.0
 * share_test.c: what processes put into the shared file, vprec-run's side reads:
 * each record once and whole, whoever wrote it, whatever became of the
 * descriptors, and when there is no room it is counted. */
#include "common/say.h"
#include "run/mapping.h"
#include "runtime/record.h"
#include "run/records.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, THREADS = 3, MESSAGES = 300, LENGTH_MOST = 3000 };

static vprec_mapping make(void)
{
    static const vprec_wire_config config;
    vprec_mapping mapping;
    cr_assert(vprec_mapping_create(&mapping, &config, NULL));
    return mapping;
}

static void attach(const vprec_mapping *mapping)
{
    char *place = vprec_text("%s:0", mapping->place); /* no preload library is needed */
    cr_assert(vprec_share_open(place));
    free(place);
}

static size_t length_of(unsigned writer, unsigned message)
{
    return 16 + (writer * 7919 + message * 104729) % (LENGTH_MOST - 16);
}

static void *write_messages(void *argument)
{
    unsigned writer = (unsigned)(uintptr_t)argument;
    char text[LENGTH_MOST + 1];
    for (unsigned i = 0; i < MESSAGES; i++) {
        size_t length = length_of(writer, i);
        memset(text, 'a' + (int)(i % 26), length);
        text[length] = 0;
        text[snprintf(text, length, "%u %u ", writer, i)] = ' ';
        if (!vprec_record_text(VPREC_RECORD_MESSAGE, sizeof(vprec_message_record), text))
            abort();
    }
    return NULL;
}

static void be_writer(unsigned process)
{
    pthread_t thread[THREADS];
    closefrom(3);
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, write_messages, (void *)(uintptr_t)(process * THREADS + i)))
            abort();
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    _exit(0);
}

static void wait_all(void)
{
    int status;
    while (wait(&status) > 0)
        cr_assert_eq(status, 0);
}

static void check_messages(const vprec_records *records)
{
    static unsigned char seen[PROCESSES * THREADS][MESSAGES];
    const vprec_items *list = &VPREC_ITEMS(records, MESSAGE);
    for (size_t i = 0; i < list->count; i++) {
        const char *text = vprec_message_at(records, i)->text;
        unsigned writer, message;
        cr_assert_eq(sscanf(text, "%u %u ", &writer, &message), 2, "%s", text);
        cr_assert_lt(writer, PROCESSES * THREADS);
        cr_assert_lt(message, MESSAGES);
        cr_assert_eq(seen[writer][message]++, 0);
        cr_assert_eq(strlen(text), length_of(writer, message));
        cr_assert_eq(text[strlen(text) - 1], 'a' + (char)(message % 26));
    }
    cr_assert_eq(list->count, PROCESSES * THREADS * MESSAGES);
}

/* Half of them attach by themselves, half are forked from one that has, and share its chunk. */
Test(share, many_writers_without_descriptors)
{
    vprec_mapping mapping = make();
    for (unsigned i = 0; i < PROCESSES; i++) {
        if (i == PROCESSES / 2)
            attach(&mapping);
        if (!fork()) {
            if (i < PROCESSES / 2)
                attach(&mapping);
            be_writer(i);
        }
    }
    wait_all();
    vprec_records records;
    vprec_records_read(&records, &mapping);
    cr_assert(records.complete);
    cr_assert_eq(records.dropped, 0);
    cr_assert_eq(records.skipped, 0);
    check_messages(&records);
    vprec_records_free(&records);
    vprec_mapping_close(&mapping);
}

Test(share, another_file_in_the_descriptors_place)
{
    vprec_mapping mapping = make();
    cr_assert_geq(mapping.handed, 0);
    FILE *other = tmpfile();
    cr_assert_eq(ftruncate(fileno(other), 1 << 20), 0);
    cr_assert_eq(dup2(fileno(other), mapping.handed), mapping.handed);
    attach(&mapping); /* by way of /proc */
    cr_assert_not_null(vprec_record_text(VPREC_RECORD_MESSAGE, sizeof(vprec_message_record), "hello"));
    struct stat st;
    fstat(fileno(other), &st);
    cr_assert_eq(st.st_blocks, 0);
    vprec_records records;
    vprec_records_read(&records, &mapping);
    cr_assert_str_eq(vprec_message_at(&records, 0)->text, "hello");
    vprec_records_free(&records);
    vprec_mapping_close(&mapping);
}

Test(share, places_that_are_none)
{
    char text[100];
    const char *bad[] = {"", "1", "3:4:5:6", "3:4:5:6:7:8", "3:4:5:6:x", "/dev/shm/vprec-abcdef", "-1:1:1:1:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(vprec_share_open(bad[i]), "%s", bad[i]);
    /* a process that is gone, a descriptor that is another file */
    snprintf(text, sizeof text, "0:%d:1:5:6", 1 << 22);
    cr_assert_not(vprec_share_open(text));
    cr_assert_null(vprec_wire_shared);
}

/* The shared file keeps its size whoever holds it, so that no access to it can fail. */
Test(share, nobody_cuts_it_off)
{
    vprec_mapping mapping = make();
    cr_assert_eq(ftruncate(mapping.handed, 0), -1);
    cr_assert_eq(ftruncate(mapping.file, 1 << 20), -1);
    cr_assert_eq(fcntl(mapping.file, F_ADD_SEALS, F_SEAL_WRITE), -1);
    vprec_mapping_close(&mapping);
}

/* The program can open as many files as without us, and gets the same numbers. */
Test(share, numbers_are_the_programs)
{
    struct rlimit limit = {64, 256};
    int before[100], after[100], n = 0, m = 0;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while ((before[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        n++;
    for (int i = 0; i < n; i++)
        close(before[i]);
    vprec_mapping mapping = make();
    cr_assert_geq(mapping.handed, 64);
    close(mapping.file); /* it is closed in the program */
    while ((after[m] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        m++;
    cr_assert_eq(m, n);
    cr_assert_arr_eq(after, before, (size_t)n * sizeof *before);
    getrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_eq(limit.rlim_cur, 64);
    cr_assert_eq(limit.rlim_max, 256);
    vprec_mapping_close(&mapping);
}

Test(share, no_address_space)
{
    vprec_mapping mapping = make();
    attach(&mapping);
    cr_assert_not_null(vprec_record_text(VPREC_RECORD_MESSAGE, sizeof(vprec_message_record), "before"));
    if (!fork()) {
        unsigned long pages = 0;
        FILE *statm = fopen("/proc/self/statm", "r");
        if (!statm || fscanf(statm, "%lu", &pages) != 1)
            _exit(1);
        struct rlimit limit = {pages * 4096 + (1 << 20), RLIM_INFINITY};
        setrlimit(RLIMIT_AS, &limit);
        if (vprec_record_room(8 << 20))
            _exit(2);
        _exit(!vprec_record_text(VPREC_RECORD_MESSAGE, sizeof(vprec_message_record), "after"));
    }
    wait_all();
    vprec_records records;
    vprec_records_read(&records, &mapping);
    cr_assert_eq(records.dropped, 1);
    cr_assert(records.complete);
    cr_assert_eq(VPREC_ITEMS(&records, MESSAGE).count, 2);
    cr_assert_str_eq(vprec_message_at(&records, 1)->text, "after");
    vprec_records_free(&records);
    vprec_mapping_close(&mapping);
}

Test(share, no_room_in_the_file)
{
    struct rlimit limit = {1 << 20, 1 << 20};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    vprec_mapping mapping = make();
    attach(&mapping);
    size_t written = 0;
    while (vprec_record_text(VPREC_RECORD_MESSAGE, sizeof(vprec_message_record) + 5000, ""))
        written++;
    vprec_records records;
    vprec_records_read(&records, &mapping);
    cr_assert_eq(records.dropped, 1);
    cr_assert(records.complete);
    cr_assert_gt(written, 150);
    cr_assert_eq(VPREC_ITEMS(&records, MESSAGE).count, written);
    vprec_records_free(&records);
    vprec_mapping_close(&mapping);
}

/* As many pieces as there are places to remember them; each is found again, by offset and by address. */
Test(share, many_pieces, .timeout = 60)
{
    enum { MOST = 10000 };
    static vprec_chunk *chunks[MOST];
    vprec_mapping mapping = make();
    attach(&mapping);
    size_t n = 0;
    while (n < MOST && (chunks[n] = vprec_share_take(VPREC_WIRE_PAGE - sizeof(vprec_chunk))))
        n++;
    cr_assert_gt(n, 4000);
    cr_assert_lt(n, MOST);
    cr_assert_eq(vprec_share_taken(), n * VPREC_WIRE_PAGE);
    for (size_t i = 0; i < n; i += 7) {
        cr_assert_eq(vprec_share_offset(&chunks[i]->size), chunks[i]->offset + offsetof(vprec_chunk, size), "%zu", i);
        cr_assert_eq(vprec_share_at(chunks[i]->offset, sizeof(vprec_chunk)), chunks[i], "%zu", i);
    }
    vprec_mapping_close(&mapping);
}

/* A process that is killed between taking a piece and writing its head. */
Test(share, a_hole)
{
    for (int touched = 0; touched < 2; touched++)
        if (!fork()) {
            vprec_mapping mapping = make();
            attach(&mapping);
            uint64_t hole = atomic_fetch_add(&mapping.wire->used, 5 * VPREC_WIRE_PAGE);
            if (touched)
                cr_assert_eq(fallocate(mapping.file, 0, (off_t)hole, 5 * VPREC_WIRE_PAGE), 0);
            cr_assert_not_null(vprec_record_text(VPREC_RECORD_MESSAGE, sizeof(vprec_message_record), "behind"));
            vprec_records records;
            vprec_records_read(&records, &mapping);
            _exit(records.complete || VPREC_ITEMS(&records, MESSAGE).count != 1 ||
                  strcmp(vprec_message_at(&records, 0)->text, "behind") != 0);
        }
    wait_all();
}

/* Counters that a child made, the parent finds, and the other way round. */
Test(share, counters_of_relatives)
{
    vprec_mapping mapping = make();
    attach(&mapping);
    size_t bytes = vprec_record_align(sizeof(vprec_function_record) + 2);
    uint32_t number[2];
    for (int i = 0; i < 2; i++) {
        vprec_function_record *f = vprec_record_room(bytes);
        f->sites[VPREC_F32] = 1;
        f->name[0] = (char)('a' + i);
        vprec_record_done(f, VPREC_RECORD_FUNCTION, bytes);
        number[i] = vprec_record_counted(f);
        cr_assert_neq(number[i], 0);
    }
    int turn[2], back[2];
    char c;
    cr_assert(!pipe(turn) && !pipe(back));
    if (!fork()) {
        atomic_fetch_add(&vprec_record_counts(number[0], VPREC_F32)->ops[0], 1);
        if (write(turn[1], "x", 1) != 1 || read(back[0], &c, 1) != 1)
            _exit(1);
        atomic_fetch_add(&vprec_record_counts(number[1], VPREC_F32)->ops[0], 10);
        _exit(0);
    }
    cr_assert_eq(read(turn[0], &c, 1), 1);
    atomic_fetch_add(&vprec_record_counts(number[0], VPREC_F32)->ops[0], 100);
    atomic_fetch_add(&vprec_record_counts(number[1], VPREC_F32)->ops[0], 1000);
    cr_assert_eq(write(back[1], "x", 1), 1);
    wait_all();
    cr_assert_null(vprec_record_counts(0, VPREC_F32));
    vprec_records records;
    vprec_records_read(&records, &mapping);
    cr_assert_eq(VPREC_ITEMS(&records, COUNTS).count, 2);
    cr_assert_eq(vprec_counts_of(&records, 0, VPREC_F32)->ops[0], 101);
    cr_assert_eq(vprec_counts_of(&records, 1, VPREC_F32)->ops[0], 1010);
    cr_assert_eq(vprec_counts_of(&records, 1, VPREC_F64)->ops[0], 0);
    vprec_records_free(&records);
    vprec_mapping_close(&mapping);
}

/* Once prepared, counters need no system call: none is left in a process that may only read, write and exit. */
Test(share, counters_without_system_calls)
{
    enum { FUNCTIONS = 50 };
    vprec_mapping mapping = make();
    attach(&mapping);
    size_t bytes = vprec_record_align(sizeof(vprec_function_record) + 2);
    uint32_t number[FUNCTIONS];
    for (int i = 0; i < FUNCTIONS; i++) {
        vprec_function_record *f = vprec_record_room(bytes);
        f->sites[VPREC_F32] = 1;
        vprec_record_done(f, VPREC_RECORD_FUNCTION, bytes);
        number[i] = vprec_record_counted(f);
    }
    vprec_record_prepare();
    pid_t child = fork();
    if (!child) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
            syscall(SYS_exit, 77);
        for (int i = 0; i < FUNCTIONS; i++)
            atomic_fetch_add(&vprec_record_counts(number[i], VPREC_F32)->ops[0], 1);
        syscall(SYS_exit, 0);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("no strict seccomp here");
    cr_assert_eq(status, 0);
    vprec_records records;
    vprec_records_read(&records, &mapping);
    cr_assert_eq(VPREC_ITEMS(&records, COUNTS).count, FUNCTIONS);
    vprec_records_free(&records);
    vprec_mapping_close(&mapping);
}
