/* SPDX-License-Identifier: Apache-2.0
 * ahead.c: see ahead.h. A process that waits for some formats has a file for its records that nobody reads: its cells
 * take them over as they take over those of any that waits. */
#include "ahead.h"
#include "demand.h"
#include "forks.h"
#include "runtime/memory.h"
#include "runtime/share.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { NOTES = 1 << 16, READY_MOST = 64 };

/* Shared by all that are made of the process that waits. */
static struct notes {
    _Atomic int32_t process; /* that notes */
    _Atomic uint32_t count, done;
    uint64_t note[NOTES][2]; /* address, page */
} *notes;

/* What is rounded, by the bytes of the file of a run. */
typedef struct rounds {
    uint8_t config[offsetof(vprec_wire_config, seed)];
    uint8_t version[sizeof(vprec_wire_version[VPREC_VERSIONS_MAX])];
} rounds;

static struct ready {
    int socket;
    rounds *rounds;
} ready[READY_MOST];
static int ready_count, own = -1; /* own: by which this one is given its orders */
static bool asked, learns; /* learns: the cell that is made notes */

static bool read_at(int fd, void *to, size_t bytes, uint64_t at)
{
    return vprec_sys(SYS_pread64, fd, (long)to, (long)bytes, (long)at, 0, 0) == (long)bytes;
}

static bool read_rounds(int wire, rounds *r)
{
    uint64_t recipe = 0;
    return read_at(wire, &recipe, sizeof recipe, offsetof(vprec_wire, recipe)) && recipe &&
           read_at(wire, r->config, sizeof r->config, offsetof(vprec_wire, config)) &&
           read_at(wire, r->version, sizeof r->version, recipe + offsetof(vprec_wire_recipe, version));
}

/* The order, with the descriptors that belong to it. */
static bool hand(int socket, const vprec_fork_order *order, const int handed[VPREC_FORK_HANDED])
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(VPREC_FORK_HANDED * sizeof(int))];
    } control;
    struct iovec text = {(void *)(uintptr_t)order, sizeof *order};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    memset(&control, 0, sizeof control);
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(VPREC_FORK_HANDED * sizeof(int)), .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), handed, VPREC_FORK_HANDED * sizeof(int));
    return vprec_sys(SYS_sendmsg, socket, (long)&message, MSG_NOSIGNAL, 0, 0, 0) == (long)sizeof *order;
}

/* A file like the cell's, with its configuration and recipe. -1: there is none. */
static int make_file(int wire, uint64_t there[VPREC_WIRE_PLACES])
{
    struct stat st = {0};
    uint64_t recipe[2] = {0};
    if (there[VPREC_WIRE_DESCRIPTOR] == VPREC_WIRE_NO_DESCRIPTOR ||
        vprec_sys_failed(vprec_sys(SYS_fstat, wire, (long)&st, 0, 0, 0, 0)) ||
        !read_at(wire, recipe, sizeof recipe, offsetof(vprec_wire, recipe)))
        return -1;
    const uint64_t bytes = recipe[0] + recipe[1], size = (uint64_t)st.st_size;
    void *all = vprec_pages(bytes);
    const long fd = all ? vprec_sys(SYS_memfd_create, (long)"vprec", MFD_CLOEXEC, 0, 0, 0, 0) : -1;
    const bool done = fd >= 0 && read_at(wire, all, bytes, 0) &&
                      !vprec_sys(SYS_ftruncate, fd, (long)size, 0, 0, 0, 0) &&
                      vprec_sys(SYS_pwrite64, fd, (long)all, (long)bytes, 0, 0, 0) == (long)bytes &&
                      !vprec_sys(SYS_fstat, fd, (long)&st, 0, 0, 0, 0);
    if (all)
        vprec_pages_free(all, bytes);
    if (fd >= 0 && !done)
        vprec_sys_close((int)fd);
    there[VPREC_WIRE_OWNER] = (uint64_t)vprec_sys_getpid();
    there[VPREC_WIRE_OWNED] = there[VPREC_WIRE_DESCRIPTOR];
    there[VPREC_WIRE_DEVICE] = st.st_dev;
    there[VPREC_WIRE_INODE] = st.st_ino;
    return done ? (int)fd : -1;
}

/* Rounds what the order's cell does, and has translated what the first cell executed. */
static bool become(const vprec_fork_order *order, int wire)
{
    uint64_t there[VPREC_WIRE_PLACES];
    memcpy(there, order->place, sizeof there);
    there[VPREC_WIRE_DESCRIPTOR] = vprec_share_place(VPREC_WIRE_DESCRIPTOR);
    const int fd = make_file(wire, there);
    if (fd < 0)
        return false;
    const bool moved = vprec_share_move(fd, there);
    vprec_sys_close(fd);
    const vprec_wire *w = vprec_wire_shared;
    vprec_wire_recipe *recipe = moved ? vprec_share_at(w->recipe, w->recipe_bytes) : NULL;
    if (!vprec_version_change(&w->config, recipe) || !vprec_demand_renew())
        return false;
    const uint32_t count = atomic_load(&notes->count) < NOTES ? atomic_load(&notes->count) : NOTES;
    for (uint32_t i = 0; i < count; i++)
        vprec_demand_ahead(notes->note[i][0], notes->note[i][1]);
    return true;
}

static void close_ready(void)
{
    for (int i = 0; i < ready_count; i++)
        if (ready[i].socket >= 0)
            vprec_sys_close(ready[i].socket);
    ready_count = 0;
}

/* Makes a process for that. In it: true. */
static bool make(const vprec_fork_order *order, int wire, const rounds *r)
{
    int pair[2] = {-1, -1};
    char byte = 0;
    const int parent = vprec_sys_getpid();
    struct ready *to = &ready[ready_count];
    *to = (struct ready){.socket = -1, .rounds = vprec_pages(sizeof *r)};
    if (!to->rounds || vprec_sys(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, (long)pair, 0, 0))
        return false;
    *to->rounds = *r;
    to->socket = pair[0];
    ready_count++;
    const int pid = vprec_forks_child();
    if (!pid) {
        own = pair[1];
        close_ready();
        vprec_sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
        if (vprec_sys(SYS_getppid, 0, 0, 0, 0, 0, 0) != parent || !become(order, wire))
            vprec_forks_leave();
        vprec_sys(SYS_write, own, (long)&byte, 1, 0, 0, 0);
        return true;
    }
    vprec_sys_close(pair[1]);
    if (pid < 0 || vprec_sys_read(to->socket, &byte, 1) != 1) { /* none of these formats */
        vprec_sys_close(to->socket);
        to->socket = -1;
    }
    return false;
}

bool vprec_ahead_order(const vprec_fork_order *order, const int handed[VPREC_FORK_HANDED], int *socket)
{
    static rounds r;
    int at = 0;
    if (own >= 0) /* it is for these formats alone */
        return false;
    learns = !asked;
    if (!asked) {
        void *shared = vprec_sys_mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        notes = shared == MAP_FAILED ? NULL : shared;
    }
    asked = true;
    if (!notes || !atomic_load(&notes->done) || !read_rounds(handed[VPREC_FORK_WIRE], &r))
        return false;
    while (at < ready_count && memcmp(ready[at].rounds, &r, sizeof r) != 0)
        at++;
    if (at == READY_MOST)
        return false;
    if (at == ready_count && make(order, handed[VPREC_FORK_WIRE], &r)) {
        *socket = own;
        return true;
    }
    return at < ready_count && ready[at].socket >= 0 && hand(ready[at].socket, order, handed);
}

bool vprec_ahead_cell(void)
{
    const bool is_translated = own >= 0;
    close_ready();
    if (is_translated)
        vprec_sys_close(own);
    own = -1;
    if (notes && learns)
        atomic_store(&notes->process, vprec_sys_getpid());
    else if (notes)
        vprec_sys_munmap(notes, sizeof *notes);
    notes = learns ? notes : NULL;
    return is_translated;
}

void vprec_ahead_forks(void)
{
    if (notes && learns)
        atomic_store(&notes->process, 0);
}

void vprec_ahead_ended(void)
{
    if (notes && learns)
        atomic_store(&notes->done, 1);
}

void vprec_ahead_note(uint64_t address, uint64_t page)
{
    if (!notes || atomic_load(&notes->process) != vprec_sys_getpid())
        return;
    const uint32_t at = atomic_fetch_add(&notes->count, 1);
    if (at < NOTES)
        memcpy(notes->note[at], (uint64_t[]){address, page}, sizeof notes->note[at]);
}
