/* SPDX-License-Identifier: Apache-2.0
 * npz.c: the members of a .npz file, which is a ZIP archive (PKWARE's
 * APPNOTE 6.3.10) of .npy files, stored or deflated. Deflated ones go to temporary files. */
#include "array.h"
#include "common/say.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { END_BYTES = 22, COMMENT_MOST = 65535, ENTRY_BYTES = 46, LOCAL_BYTES = 30, LOCATOR_BYTES = 20, END64_BYTES = 56,
       DIRECTORY_MOST = 1 << 28 };

static uint64_t little(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i--;)
        value = value << 8 | at[i];
    return value;
}

static bool broken(const stats_file *file, uint64_t at, const char *what)
{
    vprec_say("%s: byte %" PRIu64 ": no good ZIP archive: %s", file->name, at, what);
    return false;
}

typedef struct directory {
    uint64_t offset, size;
} directory;

/* The central directory is found from the end of the file, behind which a comment may stand. */
static bool find_directory(const stats_file *file, directory *found)
{
    unsigned char locator[LOCATOR_BYTES], end64[END64_BYTES];
    uint64_t span = file->size < END_BYTES + COMMENT_MOST ? file->size : END_BYTES + COMMENT_MOST, at = 0;
    unsigned char *tail = vprec_alloc(span + 1, 1), *end = NULL;
    if (!stats_file_read(file, tail, span, file->size - span)) {
        free(tail);
        return false;
    }
    for (uint64_t i = span < END_BYTES ? 0 : span - END_BYTES + 1; i-- && !end;)
        if (little(tail + i, 4) == 0x06054b50 && little(tail + i + 20, 2) == span - i - END_BYTES) {
            end = tail + i;
            at = file->size - span + i;
        }
    if (end)
        *found = (directory){little(end + 16, 4), little(end + 12, 4)};
    bool whole = end != NULL;
    free(tail);
    if (!whole)
        return broken(file, file->size, "its end is missing: it is cut off, or something else");
    if (at >= LOCATOR_BYTES) {
        if (!stats_file_read(file, locator, LOCATOR_BYTES, at - LOCATOR_BYTES))
            return false;
        if (little(locator, 4) == 0x07064b50) {
            uint64_t place = little(locator + 8, 8);
            if (place > at || at - place < END64_BYTES || !stats_file_read(file, end64, END64_BYTES, place) ||
                little(end64, 4) != 0x06064b50)
                return broken(file, at - LOCATOR_BYTES, "its 64-bit end points to nothing");
            *found = (directory){little(end64 + 48, 8), little(end64 + 40, 8)};
        }
    }
    if (found->size > at || found->offset > at - found->size || found->size > DIRECTORY_MOST)
        return broken(file, at, "its directory lies outside");
    return true;
}

typedef struct member {
    const char *name;
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, size, local;
} member;

/* Sizes and place that do not fit 32 bits stand in an extra field, in this order. */
static bool wide_sizes(member *m, const unsigned char *extra, size_t length)
{
    uint64_t *const fields[] = {&m->size, &m->packed, &m->local};
    while (length >= 4) {
        size_t id = little(extra, 2), size = little(extra + 2, 2);
        if (size > length - 4)
            return false;
        if (id == 1) {
            const unsigned char *at = extra + 4;
            for (size_t i = 0; i < 3; i++)
                if (*fields[i] == UINT32_MAX) {
                    if (size < 8)
                        return false;
                    *fields[i] = little(at, 8);
                    at += 8;
                    size -= 8;
                }
            return true;
        }
        extra += 4 + size;
        length -= 4 + size;
    }
    return true;
}

static bool inflate_member(const stats_file *file, const member *m, uint64_t from, stats_file *to)
{
    static unsigned char in[1 << 16], out[1 << 18];
    z_stream z = {0};
    uint64_t left = m->packed, start = to->size;
    int status = inflateInit2(&z, -MAX_WBITS);
    bool ok = status == Z_OK;
    uint32_t crc = 0;
    while (ok && status != Z_STREAM_END) {
        if (!z.avail_in && left) {
            size_t part = left < sizeof in ? left : sizeof in;
            if (!(ok = stats_file_read(file, in, part, from)))
                break;
            from += part;
            left -= part;
            z.next_in = in;
            z.avail_in = (uInt)part;
        }
        z.next_out = out;
        z.avail_out = sizeof out;
        status = inflate(&z, Z_NO_FLUSH);
        size_t made = sizeof out - z.avail_out;
        if ((status != Z_OK && status != Z_STREAM_END) || to->size - start + made > m->size) {
            vprec_say("%s: %s: its packed data are damaged", file->name, m->name);
            ok = false;
            break;
        }
        crc = (uint32_t)crc32(crc, out, (uInt)made);
        ok = stats_file_append(to, out, made);
    }
    inflateEnd(&z);
    if (ok && (to->size - start != m->size || crc != m->crc)) {
        vprec_say("%s: %s: what it unpacks to is not what was packed", file->name, m->name);
        ok = false;
    }
    return ok;
}

static bool check_stored(const stats_file *file, const member *m, uint64_t from)
{
    static unsigned char buffer[1 << 18];
    uint32_t crc = 0;
    for (uint64_t left = m->size; left;) {
        size_t part = left < sizeof buffer ? left : sizeof buffer;
        if (!stats_file_read(file, buffer, part, from))
            return false;
        crc = (uint32_t)crc32(crc, buffer, (uInt)part);
        from += part;
        left -= part;
    }
    if (crc == m->crc)
        return true;
    vprec_say("%s: %s: its data are not what was packed (checksum)", file->name, m->name);
    return false;
}

/* Where the member's data begin, behind its own header. */
static bool member_data(const stats_file *file, const member *m, uint64_t *from)
{
    unsigned char local[LOCAL_BYTES];
    if (m->local > file->size || file->size - m->local < LOCAL_BYTES)
        return broken(file, m->local, "a member lies outside");
    if (!stats_file_read(file, local, LOCAL_BYTES, m->local))
        return false;
    if (little(local, 4) != 0x04034b50)
        return broken(file, m->local, "a member is not where the directory says");
    *from = m->local + LOCAL_BYTES + little(local + 26, 2) + little(local + 28, 2);
    if (*from > file->size || file->size - *from < m->packed)
        return broken(file, *from, "a member is cut off");
    return true;
}

static bool open_member(stats_file *file, const member *m, stats_array *array)
{
    uint64_t from;
    char name[256];
    size_t length = strlen(m->name);
    snprintf(name, sizeof name, "%.*s", (int)(length > 4 ? length - 4 : length), m->name);
    if (m->flags & 1 || (m->method != 0 && m->method != 8) || (m->method == 0 && m->packed != m->size)) {
        vprec_say("%s: %s: packed by method %u%s: known are stored and deflated members", file->name, m->name,
                  m->method, m->flags & 1 ? ", encrypted" : "");
        return false;
    }
    if (!member_data(file, m, &from))
        return false;
    if (m->method == 0)
        return check_stored(file, m, from) && stats_npy_open(file, from, m->size, name, array);
    /* One temporary file for all that is unpacked, so that samples may be many. It goes with the process. */
    static stats_file store = {NULL, -1, 0};
    if (store.fd < 0 && !stats_file_temporary(&store, file->name))
        return false;
    uint64_t start = store.size;
    if (!inflate_member(file, m, from, &store))
        return false;
    stats_file *unpacked = vprec_alloc(1, sizeof *unpacked);
    *unpacked = (stats_file){vprec_text("%s", file->name), store.fd, store.size};
    if (stats_npy_open(unpacked, start, m->size, name, array)) {
        array->owned = true;
        return true;
    }
    free(unpacked->name);
    free(unpacked);
    return false;
}

static bool read_directory(stats_file *file, const directory *where, unsigned char *bytes, stats_array **arrays,
                           size_t *count)
{
    for (uint64_t at = 0; at < where->size;) {
        const unsigned char *e = bytes + at;
        uint64_t left = where->size - at;
        if (left < ENTRY_BYTES || little(e, 4) != 0x02014b50)
            return broken(file, where->offset + at, "no entry of its directory");
        size_t name = little(e + 28, 2), extra = little(e + 30, 2), comment = little(e + 32, 2);
        if (left - ENTRY_BYTES < name + extra + comment)
            return broken(file, where->offset + at, "an entry of its directory is cut off");
        char text[256];
        snprintf(text, sizeof text, "%.*s", (int)name, (const char *)e + ENTRY_BYTES);
        member m = {text, (unsigned)little(e + 8, 2), (unsigned)little(e + 10, 2), (uint32_t)little(e + 16, 4),
                    little(e + 20, 4), little(e + 24, 4), little(e + 42, 4)};
        if (!wide_sizes(&m, e + ENTRY_BYTES + name, extra))
            return broken(file, where->offset + at, "an entry has wrong 64-bit sizes");
        at += ENTRY_BYTES + name + extra + comment;
        if (name && e[ENTRY_BYTES + name - 1] == '/')
            continue; /* a directory */
        *arrays = vprec_grow(*arrays, *count + 1, sizeof **arrays);
        if (!open_member(file, &m, &(*arrays)[*count]))
            return false;
        ++*count;
    }
    return true;
}

bool stats_npz_open(stats_file *file, stats_array **arrays, size_t *count)
{
    directory where;
    *arrays = NULL;
    *count = 0;
    if (!find_directory(file, &where))
        return false;
    unsigned char *bytes = vprec_alloc(where.size + 1, 1);
    bool ok = stats_file_read(file, bytes, where.size, where.offset) &&
              read_directory(file, &where, bytes, arrays, count);
    free(bytes);
    if (ok)
        return true;
    stats_arrays_close(*arrays, *count);
    *arrays = NULL;
    *count = 0;
    return false;
}
