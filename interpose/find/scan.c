/* SPDX-License-Identifier: Apache-2.0
 * scan.c: see scan.h. Sixteen bytes at a time are asked whether an opcode that counts could be among them; what could
 * is read byte by byte. It is strict: prefixes that exclude each other, vector lengths and most operands that the
 * processor would refuse count as if it took them. tests/interpose/object/scan_test.c holds it against the decoder
 * library. */
#include "scan.h"
#include <emmintrin.h>
#include <string.h>

enum {
    LONGEST = 15, /* bytes of an instruction */
    VECTOR = 16,
    BLOCK = 64,
    F32 = 1 << VPREC_F32,
    F64 = 1 << VPREC_F64,
};

/* A mandatory prefix, numbered as VEX does. */
enum prefix { NO_PREFIX, P66, PF3, PF2, PREFIXES };

typedef struct window {
    const vprec_scan *scan;
    const uint8_t *bytes;
    size_t size, end; /* instructions start below the one, are read below the other */
    uint64_t address;
    uint64_t below, above; /* no target lies between: where most jumps go */
    uint8_t types;         /* F32 | F64 */
} window;

static bool is_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26: case 0x2E: case 0x36: case 0x3E: case 0x64: case 0x65: /* segments */
    case 0x66: case 0x67: case 0xF0: case 0xF2: case 0xF3: return true;
    default: return byte >> 4 == 4; /* REX; of no effect where another prefix follows, but no error */
    }
}

/* Whether an instruction with its opcode at `at` can start early enough: there, or at a prefix. */
static bool starts(const window *w, size_t at)
{
    for (size_t i = at; i >= w->size; i--)
        if (i == 0 || !is_prefix(w->bytes[i - 1]))
            return false;
    return true;
}

/* Bit n: the opcode at `at` can be executed with `enum prefix` n, from some byte of the prefixes before it. */
static unsigned prefixes_before(const window *w, size_t at)
{
    unsigned possible = 1 << NO_PREFIX;
    for (size_t i = at; i > 0 && at - i < LONGEST - 1 && is_prefix(w->bytes[i - 1]); i--) {
        uint8_t byte = w->bytes[i - 1];
        possible |= (byte == 0x66) << P66 | (byte == 0xF3) << PF3 | (byte == 0xF2) << PF2;
    }
    return possible;
}

static bool within(uint8_t byte, uint8_t first, uint8_t last)
{
    return byte >= first && byte <= last;
}

enum encoding { LEGACY, VEX, EVEX };

/* The types that an opcode behind 0F takes or gives. */
static uint8_t types_of_map1(uint8_t opcode, enum prefix prefix, enum encoding encoding)
{
    bool evex = encoding == EVEX;
    static const uint8_t arithmetic[PREFIXES] = {F32, F64, F32, F64}; /* ps, pd, ss, sd */
    static const uint8_t converted[PREFIXES] = {F64, F32, F64, F32};
    switch (opcode) {
    case 0x2A: /* cvtpi2ps, cvtpi2pd (legacy only), cvtsi2ss, cvtsi2sd */
        return encoding == LEGACY || prefix == PF3 || prefix == PF2 ? arithmetic[prefix] : 0;
    case 0x51: case 0x58: case 0x59: case 0x5C: case 0x5E: return arithmetic[prefix]; /* sqrt, add, mul, sub, div */
    case 0x52: case 0x53: return !evex && (prefix == NO_PREFIX || prefix == PF3) ? F32 : 0; /* rsqrt, rcp */
    case 0x5A: return converted[prefix];
    case 0x5B: return prefix == NO_PREFIX ? F32 : 0; /* cvtdq2ps */
    case 0x7A: return !evex ? 0 : prefix == PF3 ? F64 : prefix == PF2 ? F32 : 0; /* vcvtudq2pd, vcvtudq2ps */
    case 0x7B: return !evex ? 0 : prefix == PF3 ? F32 : prefix == PF2 ? F64 : 0; /* vcvtusi2ss, vcvtusi2sd */
    case 0x7C: case 0x7D: case 0xD0: /* hadd, hsub, addsub */
        return evex ? 0 : prefix == P66 ? F64 : prefix == PF2 ? F32 : 0;
    case 0xE6: return prefix == PF3 ? F64 : 0; /* cvtdq2pd */
    default: return 0;
    }
}

/* The same with VEX or EVEX, whose byte `last` has the prefix and vvvv, which is all ones where there is one source. */
static uint8_t types_of_map1_vex(uint8_t opcode, uint8_t last, enum encoding encoding)
{
    enum prefix prefix = last & 3;
    bool packed = prefix == NO_PREFIX || prefix == P66;
    bool one = opcode == 0x5B || opcode == 0x7A || opcode == 0xE6 ||
               (packed && (within(opcode, 0x51, 0x53) || opcode == 0x5A));
    return one && (last & 0x78) != 0x78 ? 0 : types_of_map1(opcode, prefix, encoding);
}

/* ... behind 0F 38, in VEX and EVEX: the type is in bit W. */
static uint8_t types_of_map2(uint8_t opcode, enum prefix prefix, bool wide, enum encoding encoding)
{
    uint8_t type = wide ? F64 : F32;
    bool evex = encoding == EVEX;
    if (prefix == PF2) /* v4fmaddps, v4fmaddss, v4fnmaddps, v4fnmaddss */
        return evex && (within(opcode, 0x9A, 0x9B) || within(opcode, 0xAA, 0xAB)) ? F32 : 0;
    if (prefix != P66)
        return 0;
    if (opcode == 0x13) /* vcvtph2ps */
        return F32;
    if (within(opcode, 0x90, 0xBF) && (opcode & 15) >= 6) /* fused multiply and add */
        return type;
    /* vscalef, vgetexp, vrcp14, vrsqrt14, vexp2, vrcp28, vrsqrt28 */
    return evex && (within(opcode, 0x2C, 0x2D) || within(opcode, 0x42, 0x43) || within(opcode, 0x4C, 0x4F) ||
                    within(opcode, 0xC8, 0xCD))
               ? type : 0;
}

/* ... behind 0F 3A. */
static uint8_t types_of_map3(uint8_t opcode, enum prefix prefix, bool wide, enum encoding encoding)
{
    if (prefix != P66)
        return 0;
    if (encoding == EVEX)
        return within(opcode, 0x56, 0x57) ? wide ? F64 : F32 : 0; /* vreduce */
    /* dpps, dppd; and FMA4, whose last bit tells the type */
    if (within(opcode, 0x40, 0x41) || within(opcode, 0x5C, 0x5F) || within(opcode, 0x68, 0x6F) ||
        within(opcode, 0x78, 0x7F))
        return opcode & 1 ? F64 : F32;
    return 0;
}

static size_t targets_below(const vprec_scan *scan, uint64_t address)
{
    return vprec_sorted_below(scan->targets, scan->target_count, sizeof *scan->targets, 0, address, false);
}

/* Whether the four bytes at `at`, the last of an instruction, lead from behind it to a target. */
static inline bool leads_to_target(const window *w, size_t at)
{
    const vprec_scan *scan = w->scan;
    int32_t by;
    if (at + sizeof by > w->end)
        return false;
    memcpy(&by, w->bytes + at, sizeof by);
    uint64_t target = w->address + at + sizeof by + (uint64_t)(int64_t)by;
    if (target > w->below && target < w->above)
        return false;
    size_t i = targets_below(scan, target);
    return i < scan->target_count && scan->targets[i] == target;
}

/* 3DNow! has its opcode behind the operands, of which ModRM is at `at`. */
static bool is_3dnow(const window *w, size_t at)
{
    if (at + 1 >= w->end)
        return false;
    uint8_t modrm = w->bytes[at++], mod = modrm >> 6, rm = modrm & 7;
    bool sib = mod != 3 && rm == 4, absolute = mod == 0 && (sib ? w->bytes[at] & 7 : rm) == 5;
    at += sib + (mod == 1 ? 1 : mod == 2 || absolute ? 4 : 0);
    if (at >= w->end)
        return false;
    switch (w->bytes[at]) {
    case 0x8A: case 0x8E: case 0x96: case 0x97: case 0x9A: case 0x9E: case 0xA7: case 0xAA: case 0xAE: case 0xB4:
    case 0xB6: return true; /* pfnacc pfpnacc pfrcp pfrsqrt pfsub pfadd pfrsqit1 pfsubr pfacc pfmul pfrcpit2 */
    default: return false;
    }
}

/* 0F at `at`. */
static bool counts_legacy(const window *w, size_t at)
{
    uint8_t opcode = w->bytes[at + 1];
    if (opcode == 0x05 || opcode == 0x34)
        return w->scan->syscalls;
    if (at + 2 >= w->end)
        return false;
    uint8_t modrm = w->bytes[at + 2];
    if (opcode == 0xAE) { /* fxrstor, ldmxcsr, xrstor */
        uint8_t reg = modrm >> 3 & 7;
        return w->scan->control && modrm >> 6 != 3 && (reg == 1 || reg == 2 || reg == 5);
    }
    if (opcode == 0x0F)
        return w->types & F32 && is_3dnow(w, at + 2);
    if (opcode == 0x3A) /* here `modrm` is the opcode */
        return within(modrm, 0x40, 0x41) && types_of_map3(modrm, P66, false, LEGACY) & w->types &&
               at + 3 < w->end && prefixes_before(w, at) >> P66 & 1;
    if (types_of_map1(opcode, NO_PREFIX, LEGACY) & w->types)
        return true;
    unsigned possible = prefixes_before(w, at);
    uint8_t types = 0;
    for (unsigned prefix = P66; prefix < PREFIXES; prefix++)
        if (possible >> prefix & 1)
            types |= types_of_map1(opcode, prefix, LEGACY);
    return types & w->types;
}

/* A VEX prefix of either length, whose last byte is `last`, before `opcode` at `at` of map `map`. */
static bool counts_vex(const window *w, size_t at, unsigned map, uint8_t last)
{
    if (at + 1 >= w->end)
        return false;
    uint8_t opcode = w->bytes[at], modrm = w->bytes[at + 1];
    enum prefix prefix = last & 3;
    if (map == 1 && opcode == 0xAE) /* vldmxcsr */
        return w->scan->control && modrm >> 6 != 3 && (modrm >> 3 & 7) == 2;
    bool wide = last >> 7;
    uint8_t types = map == 1   ? types_of_map1_vex(opcode, last, VEX)
                    : map == 2 ? types_of_map2(opcode, prefix, wide, VEX)
                    : map == 3 ? types_of_map3(opcode, prefix, wide, VEX) : 0;
    return types & w->types;
}

/* 62 at `at`. */
static bool counts_evex(const window *w, size_t at)
{
    if (at + 5 >= w->end)
        return false;
    const uint8_t *p = w->bytes + at + 1;
    if (p[0] & 8 || !(p[1] & 4)) /* reserved */
        return false;
    unsigned map = p[0] & 7;
    enum prefix prefix = p[1] & 3;
    bool wide = p[1] >> 7;
    uint8_t types = map == 1   ? types_of_map1_vex(p[3], p[1], EVEX)
                    : map == 2 ? types_of_map2(p[3], prefix, wide, EVEX)
                    : map == 3 ? types_of_map3(p[3], prefix, wide, EVEX) : 0;
    return types & w->types;
}

/* 8F at `at`: XOP's vfrcz. */
static bool counts_xop(const window *w, size_t at)
{
    const uint8_t *p = w->bytes + at + 1;
    return at + 4 < w->end && (p[0] & 31) == 9 && (p[1] & 0xFB) == 0x78 && within(p[2], 0x80, 0x83) &&
           w->types & (p[2] & 1 ? F64 : F32);
}

/* Whether what `opcodes_among` or `words_among` tells of by the byte at `at` counts. */
static bool counts(const window *w, size_t at)
{
    const uint8_t *p = w->bytes + at;
    switch (at >= 1 ? p[-1] : 0) {
    case 0x0F:
        if (counts_legacy(w, at - 1) && starts(w, at - 1))
            return true;
        break;
    case 0x62:
        if (counts_evex(w, at - 1) && starts(w, at - 1))
            return true;
        break;
    case 0xC4:
        if (at + 2 < w->end && counts_vex(w, at + 2, p[0] & 31, p[1]) && starts(w, at - 1))
            return true;
        break;
    case 0xFF: /* call, jmp [rip + displacement] */
        if ((p[0] == 0x15 || p[0] == 0x25) && leads_to_target(w, at + 1) && starts(w, at - 1))
            return true;
        break;
    default: break;
    }
    if (at >= 2 && p[-2] == 0xC5 && counts_vex(w, at, 1, p[-1] & 0x7F) && starts(w, at - 2))
        return true;
    switch (p[0]) {
    case 0x8F: return counts_xop(w, at) && starts(w, at);
    case 0xCD: return w->scan->syscalls && at + 1 < w->end && p[1] == 0x80 && starts(w, at);
    default: return false;
    }
}

/* Of a direct jump, whose opcode ends at `opcode`: where it starts. */
static inline size_t jump_start(const uint8_t *bytes, size_t opcode)
{
    return opcode - (bytes[opcode] != 0xE9);
}

static inline __m128i load(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)bytes);
}

static inline __m128i equal(__m128i x, uint8_t byte)
{
    return _mm_cmpeq_epi8(x, _mm_set1_epi8((char)byte));
}

/* Which bytes have these bits in `mask`. */
static inline __m128i equal_in(__m128i x, uint8_t mask, uint8_t bits)
{
    return equal(_mm_and_si128(x, _mm_set1_epi8((char)mask)), bits);
}

static inline __m128i either(__m128i a, __m128i b)
{
    return _mm_or_si128(a, b);
}

/* These take 16 bytes with two before them. At which of them is the opcode behind 0F, or behind C5 and a byte; the byte
 * behind C4 or 62, which names the map; or a byte that alone says little? */
static inline unsigned opcodes_among(const uint8_t *p)
{
    __m128i x = load(p), before = load(p - 1);
    __m128i map1 = either(equal_in(x, 0xF0, 0x50), equal_in(x, 0xEF, 0x2A)); /* 50-5F, 2A 3A */
    map1 = either(map1, either(equal_in(x, 0xFE, 0x7C), equal(x, 0xD0)));
    map1 = either(map1, either(equal(x, 0xE6), equal(x, 0xAE)));
    map1 = either(map1, either(equal(x, 0x05), either(equal(x, 0x34), equal(x, 0x0F))));
    map1 = _mm_and_si128(map1, either(equal(before, 0x0F), equal(load(p - 2), 0xC5)));
    __m128i map = _mm_and_si128(equal_in(x, 0x0C, 0), either(equal(before, 0xC4), equal(before, 0x62)));
    return (unsigned)_mm_movemask_epi8(either(either(map1, map), either(equal(x, 0x8F), equal(x, 0xCD))));
}

/* At which is the E9 of a jmp, or the second byte of a jcc? */
static inline unsigned jumps_among(const uint8_t *p)
{
    __m128i x = load(p);
    __m128i jcc = _mm_and_si128(equal_in(x, 0xF0, 0x80), equal(load(p - 1), 0x0F));
    return (unsigned)_mm_movemask_epi8(either(jcc, equal(x, 0xE9)));
}

/* At which is the opcode of a jmp or call, or the second byte of a jcc? */
static inline unsigned leads_among(const uint8_t *p)
{
    __m128i x = load(p);
    __m128i jcc = _mm_and_si128(equal_in(x, 0xF0, 0x80), equal(load(p - 1), 0x0F));
    return (unsigned)_mm_movemask_epi8(either(jcc, equal_in(x, 0xFE, 0xE8)));
}

/* At which is ModRM of a call or jmp through a word? */
static inline unsigned words_among(const uint8_t *p)
{
    __m128i x = load(p);
    return (unsigned)_mm_movemask_epi8(_mm_and_si128(either(equal(x, 0x15), equal(x, 0x25)), equal(load(p - 1), 0xFF)));
}

/* At which is the first byte of VEX or EVEX? */
static inline unsigned vectors_among(const uint8_t *p)
{
    __m128i x = load(p);
    return (unsigned)_mm_movemask_epi8(either(equal_in(x, 0xFE, 0xC4), equal(x, 0x62)));
}

/* One of the above for the bytes of a block. */
static inline uint64_t block_of(unsigned (*among)(const uint8_t *), const uint8_t *block)
{
    uint64_t at = 0;
    for (unsigned i = 0; i < BLOCK; i += VECTOR)
        at |= (uint64_t)among(block + i) << i;
    return at;
}

/* The block at `at`; copied where bytes are missing, with FF around it: that byte is none that either asks for. */
static const uint8_t *block_at(const uint8_t *bytes, size_t end, size_t at, uint8_t *copy)
{
    if (at >= 2 && at + BLOCK <= end)
        return bytes + at;
    size_t before = at < 2 ? at : 2, count = end - at < BLOCK ? end - at : BLOCK;
    memset(copy, 0xFF, BLOCK + 2);
    memcpy(copy + 2 - before, bytes + at - before, before + count);
    return copy + 2;
}

bool vprec_scan_clean(const vprec_scan *scan, const uint8_t *bytes, size_t size, size_t behind, uint64_t address)
{
    size_t below = targets_below(scan, address);
    window w = {scan, bytes, size, size + (behind < LONGEST ? behind : LONGEST), address,
                below ? scan->targets[below - 1] : 0, below < scan->target_count ? scan->targets[below] : UINT64_MAX,
                (uint8_t)((scan->type[VPREC_F32] ? F32 : 0) | (scan->type[VPREC_F64] ? F64 : 0))};
    for (size_t at = 0; at < w.end; at += BLOCK) {
        uint8_t copy[BLOCK + 2];
        const uint8_t *block = block_at(bytes, w.end, at, copy);
        uint64_t left = block_of(opcodes_among, block);
        if (scan->target_count) {
            left |= block_of(words_among, block);
            for (uint64_t jumps = block_of(jumps_among, block); jumps; jumps &= jumps - 1) {
                size_t opcode = at + (unsigned)__builtin_ctzll(jumps);
                if (leads_to_target(&w, opcode + 1) && starts(&w, jump_start(bytes, opcode)))
                    return false;
            }
        }
        for (; left; left &= left - 1)
            if (counts(&w, at + (unsigned)__builtin_ctzll(left)))
                return false;
    }
    return true;
}

bool vprec_scan_jumps(const uint8_t *bytes, size_t size, size_t behind, uint64_t address, uint64_t lo, uint64_t hi,
                      vprec_vec *targets)
{
    size_t end = size + (behind < LONGEST ? behind : LONGEST);
    for (size_t at = 0; at < end; at += BLOCK) {
        uint8_t copy[BLOCK + 2];
        for (uint64_t left = block_of(leads_among, block_at(bytes, end, at, copy)); left; left &= left - 1) {
            size_t opcode = at + (unsigned)__builtin_ctzll(left), next = opcode + 1 + sizeof(int32_t);
            int32_t by;
            if (next > end || opcode - ((bytes[opcode] & 0xFE) != 0xE8) >= size)
                break;
            memcpy(&by, bytes + opcode + 1, sizeof by);
            uint64_t target = address + next + (uint64_t)(int64_t)by;
            if (target < lo || target >= hi)
                continue;
            if (!vprec_vec_add_u64(targets, target))
                return false;
        }
    }
    return true;
}

/* An instruction about opmasks: kmov, kand and their like. */
static bool is_about_masks(unsigned map, uint8_t opcode)
{
    if (map == 3)
        return within(opcode, 0x30, 0x33);
    return map == 1 && (within(opcode, 0x41, 0x42) || within(opcode, 0x44, 0x47) || within(opcode, 0x4A, 0x4B) ||
                        within(opcode, 0x90, 0x93) || within(opcode, 0x98, 0x99));
}

static bool may_be_extended(const uint8_t *p)
{
    switch (p[0]) {
    case 0xC5: return is_about_masks(1, p[2]);
    case 0xC4: return is_about_masks(p[1] & 31, p[3]);
    default: return !(p[1] & 8) && p[2] & 4 && p[1] & 7 && (p[1] & 7) != 4 && (p[1] & 7) != 7;
    }
}

bool vprec_scan_extended(const uint8_t *bytes, size_t size, uint64_t address, vprec_vec *places)
{
    enum { LEAST = 4 };
    for (size_t at = 0; at < size; at += BLOCK) {
        uint8_t copy[BLOCK + 2];
        for (uint64_t left = block_of(vectors_among, block_at(bytes, size, at, copy)); left; left &= left - 1) {
            size_t first = at + (unsigned)__builtin_ctzll(left);
            if (first + LEAST > size)
                break;
            if (may_be_extended(bytes + first) && !vprec_vec_add_u64(places, address + first))
                return false;
        }
    }
    return true;
}
