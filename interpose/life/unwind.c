/* SPDX-License-Identifier: Apache-2.0
 * unwind.c: see unwind.h. DWARF 4, section 6.4.2: only by how much the program advances is another number; all other
 * instructions are copied. Trusts no file. */
#include "unwind.h"
#include <string.h>

enum { ADVANCE = 0x40, OFFSET = 0x80, RESTORE = 0xC0, ADVANCE1 = 2, ADVANCE4 = 4, PADDING = 8 };

static bool put(vprec_vec *bytes, const void *from, size_t n)
{
    void *to = vprec_vec_add(bytes, n);
    if (to)
        memcpy(to, from, n);
    return to;
}

static bool put_leb(vprec_vec *bytes, int64_t value)
{
    bool done = true;
    for (bool more = true; more && done;) {
        uint8_t byte = value & 127;
        value >>= 7;
        more = !((value == 0 && !(byte & 64)) || (value == -1 && byte & 64));
        byte |= more ? 128 : 0;
        done = put(bytes, &byte, 1);
    }
    return done;
}

/* Behind a number; NULL: there is no end to it. */
static const uint8_t *skip_leb(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    uint64_t n = 0;
    for (unsigned shift = 0; at < end; shift += 7) {
        n |= shift < 63 ? (uint64_t)(*at & 127) << shift : 0;
        if (!(*at++ & 128)) {
            *value = n;
            return at;
        }
    }
    return NULL;
}

/* Behind the operands of an instruction that is copied; NULL: it is of no known kind. */
static const uint8_t *skip_operands(uint8_t code, const uint8_t *at, const uint8_t *end)
{
    /* by the codes 00 to 16 of the lower six bits: numbers, and a block (b) that its length precedes */
    static const char *const operands[] = {"",  NULL, NULL, NULL, NULL, "nn", "n",  "n",  "n",  "nn", "",  "",
                                           "nn", "n", "n",  "b",  "nb", "nn", "nn", "n",  "nn", "nn", "nb"};
    enum { ARGUMENTS_SIZE = 0x2E };
    const char *have = code >= RESTORE             ? ""
                       : code >= OFFSET            ? "n"
                       : code == ARGUMENTS_SIZE    ? "n"
                       : code < sizeof operands / sizeof *operands ? operands[code]
                                                   : NULL;
    uint64_t n;
    for (; have && at && *have; have++) {
        at = skip_leb(at, end, &n);
        if (at && *have == 'b')
            at = n <= (uint64_t)(end - at) ? at + n : NULL;
    }
    return have ? at : NULL;
}

/* How far the instruction advances, in code units; false: it does not. */
static bool advances(uint8_t code, const uint8_t **at, const uint8_t *end, uint64_t *by)
{
    *by = 0;
    if (code >> 6 == 1) {
        *by = code & 63;
        return true;
    }
    if (code < ADVANCE1 || code > ADVANCE4)
        return false;
    size_t n = (size_t)1 << (code - ADVANCE1);
    if (n > (size_t)(end - *at)) {
        *at = end;
        return true;
    }
    memcpy(by, *at, n);
    *at += n;
    return true;
}

static bool put_rows(vprec_vec *bytes, const vprec_unwind *u, const vprec_where *where, uint64_t original, uint64_t lo,
                     uint64_t hi)
{
    uint64_t last = lo, pc = original;
    const unsigned version = vprec_where_version_at(where, lo);
    for (const uint8_t *at = u->rows; at < u->rows_end;) {
        const uint8_t *begin = at;
        uint8_t code = *at++;
        uint64_t by;
        if (advances(code, &at, u->rows_end, &by)) {
            pc += by * u->code_unit;
            continue;
        }
        at = skip_operands(code, at, u->rows_end);
        if (!at)
            return false;
        if (!code) /* padding */
            continue;
        uint64_t clone = pc == original ? lo : vprec_where_clone(where, version, pc);
        if (clone < last || clone >= hi)
            return false;
        if (clone > last) {
            uint8_t advance = ADVANCE4;
            uint32_t distance = (uint32_t)(clone - last);
            if (!put(bytes, &advance, 1) || !put(bytes, &distance, sizeof distance))
                return false;
            last = clone;
        }
        if (!put(bytes, begin, (size_t)(at - begin)))
            return false;
    }
    return true;
}

/* The end of the record that begins at `start`: its length is known. */
static bool finish(vprec_vec *bytes, size_t start)
{
    size_t odd = (bytes->count - start) % PADDING;
    if (odd && !vprec_vec_add(bytes, PADDING - odd))
        return false;
    uint32_t length = (uint32_t)(bytes->count - start - sizeof length);
    memcpy((char *)bytes->data + start, &length, sizeof length);
    return true;
}

bool vprec_unwind_add(vprec_vec *bytes, const vprec_unwind *u, const vprec_where *where, uint64_t original, uint64_t lo,
                      uint64_t hi)
{
    static const char head[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1}; /* length, a CIE, version, code unit */
    static const char tail[] = {1, 0};                                      /* addresses are absolute */
    const size_t cie = bytes->count;
    bool done = put(bytes, head, sizeof head) && put_leb(bytes, u->data_unit) && put(bytes, &u->back, 1) &&
                put(bytes, tail, sizeof tail) && put(bytes, u->entry, (size_t)(u->entry_end - u->entry)) &&
                finish(bytes, cie);
    const size_t fde = bytes->count;
    const uint32_t distance[2] = {0, (uint32_t)(fde + sizeof(uint32_t) - cie)};
    const uint64_t range[2] = {lo, hi - lo};
    done = done && put(bytes, distance, sizeof distance) && put(bytes, range, sizeof range) && put(bytes, tail + 1, 1) &&
           put_rows(bytes, u, where, original, lo, hi) && finish(bytes, fde);
    if (!done)
        bytes->count = cie;
    return done;
}
