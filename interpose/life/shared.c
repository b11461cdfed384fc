/* SPDX-License-Identifier: Apache-2.0
 * shared.c: see shared.h. All of it by system calls: it is called in the middle of the program. */
#include "shared.h"
#include "runtime/decimal.h"
#include "runtime/memory.h"
#include "runtime/share.h"
#include "runtime/sys.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

enum { ROOM = 1 << 16, PATH = VPREC_FORK_PATH };

/* An open descriptor. */
typedef struct opened {
    int fd, same; /* a lower one of the same description; -1: none is */
    int flags, close; /* of the description; of the descriptor */
    mode_t mode;
    bool shared; /* as it is: it has no state */
    vprec_fork_file file;
    uint64_t offset;
} opened;

static vprec_vec all = {.size = sizeof(opened)};

static char *append(char *to, const char *text, const char *end)
{
    while (*text && to < end - 1)
        *to++ = *text++;
    *to = 0;
    return to;
}

static bool say(char *why, size_t room, const char *one, const char *two, const char *three)
{
    append(append(append(why, one, why + room), two, why + room), three, why + room);
    return false;
}

/* "/proc/self/fd/7" and its like. */
static const char *name_of(char room[64], const char *folder, int number, const char *behind)
{
    char digits[24];
    *vprec_decimal(digits, (uint64_t)number) = 0;
    append(append(append(room, folder, room + 64), digits, room + 64), behind, room + 64);
    return room;
}

typedef bool each_name(const char *name, void *data);

/* Every name in the directory but those of dots. False: `each` did not go on, or it cannot be read. */
static bool list(const char *path, each_name *each, void *data)
{
    struct entry {
        uint64_t inode, offset;
        uint16_t size;
        uint8_t type;
        char name[];
    };
    int fd = vprec_sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *bytes = fd < 0 ? NULL : vprec_pages(ROOM);
    long n = -1;
    bool on = bytes;
    while (on && (n = vprec_sys(SYS_getdents64, fd, (long)bytes, ROOM, 0, 0, 0)) > 0)
        for (long at = 0; at < n && on;) {
            const struct entry *e = (const struct entry *)(const void *)(bytes + at);
            if (e->name[0] != '.')
                on = each(e->name, data);
            at += e->size;
        }
    if (bytes)
        vprec_pages_free(bytes, ROOM);
    if (fd >= 0)
        vprec_sys_close(fd);
    return on && !n;
}

static int number_of(const char *digits)
{
    int n = 0;
    while (*digits >= '0' && *digits <= '9')
        n = n * 10 + (*digits++ - '0');
    return n;
}

/* What the descriptor leads to, "/home/me/x", "socket:[17]". */
static const char *path_of(int fd, char path[PATH])
{
    char room[64];
    long n = vprec_sys_readlink(name_of(room, "/proc/self/fd/", fd, ""), path, PATH - 1);
    path[n > 0 ? n : 0] = 0;
    return path;
}

/* What of the path is below the directory: "" is itself; NULL: it lies elsewhere. */
static const char *below(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    if (!n || strncmp(path, directory, n) != 0 || (path[n] && path[n] != '/'))
        return NULL;
    return path[n] ? path + n + 1 : path + n;
}

typedef struct look {
    const vprec_fork_order *order;
    const int *ours;
    size_t count;
    char *why;
    size_t room;
} look;

static bool say_descriptor(const look *l, int fd, const char *what)
{
    char path[PATH], room[64];
    name_of(room, "its descriptor ", fd, " is ");
    say(l->why, l->room, room, path_of(fd, path), what);
    return false;
}

static bool is_file(const vprec_fork_file *a, const vprec_fork_file *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* Whether both are of one description: without kcmp(2) by what they look like. */
static bool is_same(const opened *a, const opened *b)
{
    enum { KCMP_FILE = 0 };
    if (!is_file(&a->file, &b->file))
        return false;
    const long pid = vprec_sys_getpid(), result = vprec_sys(SYS_kcmp, pid, pid, KCMP_FILE, a->fd, b->fd, 0);
    return vprec_sys_failed(result) ? a->flags == b->flags && a->offset == b->offset : !result;
}

/* A device without a state of its own: null, zero, full, random, urandom. */
static bool is_plain_device(const struct stat *st)
{
    const unsigned minor_number = minor(st->st_rdev);
    return major(st->st_rdev) == 1 && minor_number >= 3 && minor_number <= 9;
}

static bool look_at(const char *name, void *data)
{
    look *l = data;
    const int fd = number_of(name);
    struct stat st = {0};
    char path[PATH];
    bool known = fd == vprec_share_descriptor();
    for (size_t i = 0; i < l->count; i++)
        known |= fd == l->ours[i];
    if (known || vprec_sys_failed(vprec_sys(SYS_fstat, fd, (long)&st, 0, 0, 0, 0)))
        return true;
    opened o = {.fd = fd, .same = -1, .mode = st.st_mode, .file = {st.st_dev, st.st_ino}};
    path_of(fd, path);
    if (!strncmp(path, "/proc/", 6) && S_ISDIR(st.st_mode) && below(path + strcspn(path + 6, "/") + 6, "/fd"))
        return true; /* by which we read */
    o.flags = (int)vprec_sys(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);
    o.close = (int)vprec_sys(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);
    const bool given = fd < VPREC_FORK_INHERITED && o.file.inode && is_file(&o.file, &l->order->inherited[fd]);
    const bool writes = (o.flags & O_ACCMODE) != O_RDONLY;
    if (given || o.flags & O_PATH || (S_ISCHR(st.st_mode) && is_plain_device(&st))) {
        o.shared = true;
    } else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
        const bool stream = is_file(&o.file, &l->order->out) || is_file(&o.file, &l->order->err);
        if (writes && !stream && !st.st_nlink)
            return say_descriptor(l, fd, ", a file without a name that it writes to");
        if (writes && !stream && !below(path, l->order->files))
            return say_descriptor(l, fd, ", which it writes to, and which is not in the directory of its own");
        o.offset = (uint64_t)vprec_sys(SYS_lseek, fd, 0, SEEK_CUR, 0, 0, 0);
    } else {
        return say_descriptor(l, fd, ", which all would share");
    }
    for (size_t i = 0; i < all.count && o.same < 0; i++)
        if (is_same(&VPREC_AT(all, opened, i), &o))
            o.same = VPREC_AT(all, opened, i).fd;
    opened *to = vprec_vec_add(&all, 1);
    if (to)
        *to = o;
    return to || say(l->why, l->room, "there is no memory", "", "");
}

/* Of two threads the one that is not the first. */
static bool look_at_thread(const char *name, void *data)
{
    int *other = data;
    const int tid = number_of(name);
    if (tid != vprec_sys_getpid())
        *other = tid;
    return tid == vprec_sys_getpid();
}

static bool has_one_thread(char *why, size_t room)
{
    int other = 0;
    char path[64], comm[32] = "";
    if (list("/proc/self/task", look_at_thread, &other) || !other)
        return !other || say(why, room, "/proc cannot be read", "", "");
    int fd = vprec_sys_open(name_of(path, "/proc/self/task/", other, "/comm"), O_RDONLY | O_CLOEXEC);
    long n = fd < 0 ? 0 : vprec_sys_read(fd, comm, sizeof comm - 1);
    if (fd >= 0)
        vprec_sys_close(fd);
    comm[n > 0 ? n - 1 : 0] = 0;
    return say(why, room, "it has more than one thread (another is called '", comm,
               "'): let it start none, as by OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1, ORT_DISABLE_TELEMETRY=1");
}

static bool has_no_timer(char *why, size_t room)
{
    struct itimerval {
        int64_t interval[2], value[2];
    } timer = {{0}, {0}};
    for (long which = 0; which < 3; which++)
        if (!vprec_sys_failed(vprec_sys(SYS_getitimer, which, (long)&timer, 0, 0, 0, 0)) &&
            (timer.value[0] || timer.value[1]))
            return say(why, room, "a timer of its runs", "", "");
    char byte;
    int fd = vprec_sys_open("/proc/self/timers", O_RDONLY | O_CLOEXEC);
    long n = fd < 0 ? 0 : vprec_sys_read(fd, &byte, 1);
    if (fd >= 0)
        vprec_sys_close(fd);
    return n <= 0 || say(why, room, "a timer of its runs", "", "");
}

static uint64_t hexadecimal(const char **at)
{
    uint64_t n = 0;
    for (;; (*at)++) {
        const char c = **at;
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return n;
        n = n << 4 | (unsigned)digit;
    }
}

/* A line of /proc/self/maps: "7f00-7f10 rw-s 0000 00:01 1026 /dev/zero (deleted)". */
static bool look_at_mapping(const char *line, char *why, size_t room)
{
    const uint64_t start = hexadecimal(&line);
    const char *rights = strchr(line, ' ');
    const bool ours = start == (uint64_t)vprec_wire_shared || vprec_share_offset((const void *)start);
    if (!rights || rights[2] != 'w' || rights[4] != 's' || ours)
        return true;
    const char *path = strchr(rights, '/');
    return say(why, room, "it has shared memory", path ? ", " : "", path ? path : "");
}

static bool has_own_memory(char *why, size_t room)
{
    int fd = vprec_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    char *bytes = fd < 0 ? NULL : vprec_pages(ROOM);
    size_t kept = 0;
    long n = -1;
    bool own = bytes;
    while (own && (n = vprec_sys_read(fd, bytes + kept, ROOM - 1 - kept)) > 0) {
        kept += (size_t)n;
        bytes[kept] = 0;
        char *line = bytes;
        for (char *end; own && (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            own = look_at_mapping(line, why, room);
        }
        kept = (size_t)(bytes + kept - line);
        memmove(bytes, line, kept);
    }
    if (bytes)
        vprec_pages_free(bytes, ROOM);
    if (fd >= 0)
        vprec_sys_close(fd);
    return own && !n ? true : *why ? false : say(why, room, "/proc cannot be read", "", "");
}

static void sort(void)
{
    opened *o = all.data;
    for (size_t i = 1; i < all.count; i++) {
        const opened one = o[i];
        size_t to = i;
        for (; to && o[to - 1].fd > one.fd; to--)
            o[to] = o[to - 1];
        o[to] = one;
    }
}

bool vprec_shared_look(const vprec_fork_order *order, const int *ours, size_t count, char *why, size_t room)
{
    enum { NO_CHILD = -10 };
    look l = {.order = order, .ours = ours, .count = count, .why = why, .room = room};
    siginfo_t info;
    *why = 0;
    if (!has_one_thread(why, room))
        return false;
    if (vprec_sys(SYS_waitid, P_ALL, 0, (long)&info, WEXITED | WNOHANG | WNOWAIT, 0, 0) != NO_CHILD)
        return say(why, room, "it has started another process", "", "");
    if (!has_no_timer(why, room) || !has_own_memory(why, room))
        return false;
    all.count = 0;
    if (!list("/proc/self/fd", look_at, &l))
        return *why ? false : say(why, room, "/proc cannot be read", "", "");
    sort();
    return true;
}

/* The file once more, with an offset of its own. */
static int open_again(const vprec_fork_order *order, const opened *o, int files)
{
    enum { AT_OPENING = O_CREAT | O_EXCL | O_TRUNC };
    char path[PATH], room[64];
    const int flags = (o->flags & ~AT_OPENING) | O_CLOEXEC | O_NOCTTY;
    const char *rest = below(path_of(o->fd, path), order->files);
    long fd = -1;
    if (rest && *rest != '/')
        fd = vprec_sys(SYS_openat, files, (long)(*rest ? rest : "."), flags, 0, 0, 0);
    if (vprec_sys_failed(fd) && (!rest || (flags & O_ACCMODE) == O_RDONLY))
        fd = vprec_sys_open(name_of(room, "/proc/self/fd/", o->fd, ""), flags);
    return vprec_sys_failed(fd) ? -1 : (int)fd;
}

/* `stream`: the standard stream that stands for it, of a description that others write by, too; -1: none does. */
static bool part(const vprec_fork_order *order, const opened *o, int files, int stream)
{
    int from = o->same >= 0 ? o->same : stream;
    if (from < 0)
        from = open_again(order, o, files);
    if (from < 0)
        return false;
    if (from == stream)
        vprec_sys(SYS_fcntl, from, F_SETFL, o->flags & (O_APPEND | O_NONBLOCK), 0, 0, 0);
    bool done = o->same >= 0 || vprec_sys(SYS_lseek, from, (long)o->offset, SEEK_SET, 0, 0, 0) == (long)o->offset ||
                S_ISDIR(o->mode);
    done = done && !vprec_sys_failed(vprec_sys(SYS_dup3, from, o->fd, o->close & FD_CLOEXEC ? O_CLOEXEC : 0, 0, 0, 0));
    if (o->same < 0 && from != stream)
        vprec_sys_close(from);
    return done;
}

/* Goes where the process that it was made of is, in the directory of its own. */
static bool go_there(const vprec_fork_order *order, int files)
{
    char path[PATH];
    long n = vprec_sys_readlink("/proc/self/cwd", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    const char *rest = below(path, order->files);
    return !rest || (!vprec_sys(SYS_fchdir, files, 0, 0, 0, 0, 0) &&
                     (!*rest || !vprec_sys(SYS_chdir, (long)rest, 0, 0, 0, 0, 0)));
}

bool vprec_shared_part(const vprec_fork_order *order, int files, int out, int err, char *why, size_t room)
{
    const vprec_fork_file *theirs[] = {&order->out, &order->err};
    int streams[] = {out, err};
    char path[PATH];
    *why = 0;
    for (size_t i = 0; i < all.count; i++) {
        const opened *o = &VPREC_AT(all, opened, i);
        int *stream = NULL;
        for (unsigned k = 0; k < 2 && o->same < 0; k++)
            stream = is_file(&o->file, theirs[k]) ? &streams[k] : stream;
        if (!o->shared && !part(order, o, files, stream ? *stream : -1))
            return say(why, room, "cannot open '", path_of(o->fd, path), "' once more");
        if (stream) /* opened once more by its name, it has an offset of its own */
            *stream = -1;
    }
    return go_there(order, files) || say(why, room, "cannot go to its directory", "", "");
}
