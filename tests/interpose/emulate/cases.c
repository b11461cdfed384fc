/* SPDX-License-Identifier: Apache-2.0
 * cases.c: the instructions by the manual's opcode map, and their sites. */
#include "cases.h"

#include <cpuid.h>
#include <stdio.h>

#define FP(NAME, OP, UNARY, ENCODINGS, OPCODE)                                                                        \
    {NAME "ps", VPREC_OP_##OP, VPREC_E_F32, VPREC_E_F32, false, UNARY, false, ENCODINGS, 1, OPCODE, 0, 0},            \
        {NAME "pd", VPREC_OP_##OP, VPREC_E_F64, VPREC_E_F64, false, UNARY, false, ENCODINGS, 1, OPCODE, 1, 1},        \
        {NAME "ss", VPREC_OP_##OP, VPREC_E_F32, VPREC_E_F32, true, UNARY, false, ENCODINGS, 1, OPCODE, 2, 0},         \
        {NAME "sd", VPREC_OP_##OP, VPREC_E_F64, VPREC_E_F64, true, UNARY, false, ENCODINGS, 1, OPCODE, 3, 1}
#define PAIR(NAME, OP, OPCODE)                                                                                        \
    {NAME "ps", VPREC_OP_##OP, VPREC_E_F32, VPREC_E_F32, false, false, false, SSE3, 1, OPCODE, 3, 0},                 \
        {NAME "pd", VPREC_OP_##OP, VPREC_E_F64, VPREC_E_F64, false, false, false, SSE3, 1, OPCODE, 1, 0}
#define FMA2(NAME, OPCODE)                                                                                            \
    {NAME "ps", VPREC_OP_FMA, VPREC_E_F32, VPREC_E_F32, false, false, false, MODERN, 2, OPCODE, 1, 0},                \
        {NAME "pd", VPREC_OP_FMA, VPREC_E_F64, VPREC_E_F64, false, false, false, MODERN, 2, OPCODE, 1, 1}
#define FMA4(NAME, OPCODE)                                                                                            \
    FMA2(NAME, OPCODE), {NAME "ss", VPREC_OP_FMA, VPREC_E_F32, VPREC_E_F32, true, false, false, MODERN, 2, OPCODE + 1, 1, 0}, \
        {NAME "sd", VPREC_OP_FMA, VPREC_E_F64, VPREC_E_F64, true, false, false, MODERN, 2, OPCODE + 1, 1, 1}
#define FMA_FORM(NAME, OPCODE)                                                                                        \
    FMA2("vfmaddsub" NAME, OPCODE + 6), FMA2("vfmsubadd" NAME, OPCODE + 7), FMA4("vfmadd" NAME, OPCODE + 8),          \
        FMA4("vfmsub" NAME, OPCODE + 10), FMA4("vfnmadd" NAME, OPCODE + 12), FMA4("vfnmsub" NAME, OPCODE + 14)
/* Packed opcode even, scalar odd, 66 prefix, EVEX only. */
#define EVEX4(NAME, OP, UNARY, MAP, OPCODE)                                                                           \
    {NAME "ps", VPREC_OP_##OP, VPREC_E_F32, VPREC_E_F32, false, UNARY, false, CASE_EVEX, MAP, OPCODE, 1, 0},          \
        {NAME "pd", VPREC_OP_##OP, VPREC_E_F64, VPREC_E_F64, false, UNARY, false, CASE_EVEX, MAP, OPCODE, 1, 1},      \
        {NAME "ss", VPREC_OP_##OP, VPREC_E_F32, VPREC_E_F32, true, UNARY, false, CASE_EVEX, MAP, OPCODE + 1, 1, 0},   \
        {NAME "sd", VPREC_OP_##OP, VPREC_E_F64, VPREC_E_F64, true, UNARY, false, CASE_EVEX, MAP, OPCODE + 1, 1, 1}
#define CVT(NAME, FROM, TO, SCALAR, GENERAL, ENCODINGS, MAP, OPCODE, PP, W)                                           \
    {NAME, VPREC_OP_CVT, VPREC_E_##FROM, VPREC_E_##TO, SCALAR, true, GENERAL, ENCODINGS, MAP, OPCODE, PP, W}

enum { ALL = CASE_LEGACY | CASE_VEX | CASE_EVEX, SSE3 = CASE_LEGACY | CASE_VEX, MODERN = CASE_VEX | CASE_EVEX };

static const instruction list[] = {
    FP("add", ADD, false, ALL, 0x58), FP("mul", MUL, false, ALL, 0x59), FP("sub", SUB, false, ALL, 0x5C),
    FP("div", DIV, false, ALL, 0x5E), FP("sqrt", SQRT, true, ALL, 0x51),
    {"rcpps", VPREC_OP_RCP, VPREC_E_F32, VPREC_E_F32, false, true, false, SSE3, 1, 0x53, 0, 0},
    {"rcpss", VPREC_OP_RCP, VPREC_E_F32, VPREC_E_F32, true, true, false, SSE3, 1, 0x53, 2, 0},
    {"rsqrtps", VPREC_OP_RSQRT, VPREC_E_F32, VPREC_E_F32, false, true, false, SSE3, 1, 0x52, 0, 0},
    {"rsqrtss", VPREC_OP_RSQRT, VPREC_E_F32, VPREC_E_F32, true, true, false, SSE3, 1, 0x52, 2, 0},
    PAIR("hadd", HADD, 0x7C), PAIR("hsub", HSUB, 0x7D), PAIR("addsub", ADDSUB, 0xD0),
    {"dpps", VPREC_OP_DP, VPREC_E_F32, VPREC_E_F32, false, false, false, SSE3, 3, 0x40, 1, 0},
    {"dppd", VPREC_OP_DP, VPREC_E_F64, VPREC_E_F64, false, false, false, CASE_LEGACY | CASE_VEX128, 3, 0x41, 1, 0},
    FMA_FORM("132", 0x90), FMA_FORM("213", 0xA0), FMA_FORM("231", 0xB0),
    EVEX4("vrcp14", RCP, true, 2, 0x4C), EVEX4("vrsqrt14", RSQRT, true, 2, 0x4E),
    EVEX4("vgetexp", VALUE, true, 2, 0x42), EVEX4("vreduce", VALUE, true, 3, 0x56),
    EVEX4("vscalef", SCALEF, false, 2, 0x2C),
    CVT("cvtps2pd", F32, F64, false, false, ALL, 1, 0x5A, 0, 0), CVT("cvtpd2ps", F64, F32, false, false, ALL, 1, 0x5A, 1, 1),
    CVT("cvtss2sd", F32, F64, true, false, ALL, 1, 0x5A, 2, 0), CVT("cvtsd2ss", F64, F32, true, false, ALL, 1, 0x5A, 3, 1),
    CVT("cvtdq2ps", I32, F32, false, false, ALL, 1, 0x5B, 0, 0), CVT("cvtdq2pd", I32, F64, false, false, ALL, 1, 0xE6, 2, 0),
    CVT("cvtsi2ss r32", I32, F32, true, true, ALL, 1, 0x2A, 2, 0), CVT("cvtsi2ss r64", I64, F32, true, true, ALL, 1, 0x2A, 2, 1),
    CVT("cvtsi2sd r32", I32, F64, true, true, ALL, 1, 0x2A, 3, 0), CVT("cvtsi2sd r64", I64, F64, true, true, ALL, 1, 0x2A, 3, 1),
    CVT("vcvtusi2ss r32", U32, F32, true, true, CASE_EVEX, 1, 0x7B, 2, 0),
    CVT("vcvtusi2ss r64", U64, F32, true, true, CASE_EVEX, 1, 0x7B, 2, 1),
    CVT("vcvtusi2sd r32", U32, F64, true, true, CASE_EVEX, 1, 0x7B, 3, 0),
    CVT("vcvtusi2sd r64", U64, F64, true, true, CASE_EVEX, 1, 0x7B, 3, 1),
    CVT("vcvtudq2ps", U32, F32, false, false, CASE_EVEX, 1, 0x7A, 3, 0),
    CVT("vcvtudq2pd", U32, F64, false, false, CASE_EVEX, 1, 0x7A, 2, 0),
    CVT("vcvtqq2ps", I64, F32, false, false, CASE_EVEX, 1, 0x5B, 0, 1),
    CVT("vcvtqq2pd", I64, F64, false, false, CASE_EVEX, 1, 0xE6, 2, 1),
    CVT("vcvtuqq2ps", U64, F32, false, false, CASE_EVEX, 1, 0x7A, 3, 1),
    CVT("vcvtuqq2pd", U64, F64, false, false, CASE_EVEX, 1, 0x7A, 2, 1),
    CVT("vcvtph2ps", F16, F32, false, false, MODERN, 2, 0x13, 1, 0),
};

static unsigned size_of(unsigned elem)
{
    return elem == VPREC_E_F16 ? 2 : elem == VPREC_E_F32 || elem == VPREC_E_I32 || elem == VPREC_E_U32 ? 4 : 8;
}

static bool vex_w(const instruction *i)
{
    return i->w && (i->op == VPREC_OP_FMA || i->general);
}

/* Embedded rounding or SAE: which instructions take it. */
static bool takes_er(const instruction *i)
{
    if (i->op == VPREC_OP_RCP || i->op == VPREC_OP_RSQRT)
        return false;
    bool from_int32 = i->from == VPREC_E_I32 || i->from == VPREC_E_U32;
    return !(from_int32 && i->to == VPREC_E_F64);
}

typedef struct walk {
    const instruction *i;
    const uint8_t *data;
    void (*visit)(const instruction *, const vprec_site *);
} walk;

static int8_t any_register(const vprec_site *s)
{
    return (int8_t)(machine_random() % (s->encoding == VPREC_EVEX ? 32 : 16));
}

/* The last source: memory in the several forms of an address. Registers 3, 12 and 9 are the tests' pointers. */
static void memory(const walk *w, vprec_site *s)
{
    static unsigned form;
    unsigned element = size_of(w->i->from);
    unsigned bytes = s->broadcast || s->scalar ? element : s->lanes * element;
    s->rm = VPREC_REG_MEM;
    s->mem = (vprec_mem){.base = VPREC_MEM_NONE, .index = VPREC_MEM_NONE, .scale = 1, .size = (uint8_t)(s->lanes * element)};
    /* up against the inaccessible page; legacy forms want alignment, and get it: sizes are powers of two */
    const uint8_t *at = w->data + 128 - bytes;
    switch (form++ % 6) {
    case 0: s->mem.base = 3; s->mem.disp = at - w->data; break;                              /* rbx */
    case 1: s->mem.base = 12; s->mem.index = 9; s->mem.scale = 4; s->mem.disp = at - w->data; break; /* r12 + r9*4 */
    case 2: s->mem.base = VPREC_MEM_RIP; s->mem.disp = (int64_t)at; break;
    case 3: s->mem.index = 9; s->mem.scale = 8; s->mem.disp = (int64_t)at; break;            /* absolute + r9*8 */
    case 4: s->mem.base = 3; s->mem.address32 = true; s->mem.disp = at - w->data; break;
    default: s->mem.segment = 4; s->mem.base = 13; s->mem.disp = at - w->data; break;        /* fs + r13 */
    }
}

static void emit(const walk *w, vprec_site s)
{
    s.dst = any_register(&s);
    bool one_source = w->i->unary && !s.scalar;
    s.vvvv = one_source ? VPREC_REG_NONE : s.encoding == VPREC_LEGACY ? s.dst : any_register(&s);
    s.imm = (uint8_t)machine_random();
    bool mem = s.rm == VPREC_REG_MEM;
    if (mem)
        memory(w, &s);
    else if (w->i->general)
        do
            s.rm = (int8_t)(VPREC_REG_GPR + machine_random() % 16);
        while (s.rm == VPREC_REG_GPR + 4);
    else
        s.rm = any_register(&s);
    w->visit(w->i, &s);
}

static void masks(const walk *w, vprec_site s)
{
    emit(w, s);
    if (s.encoding != VPREC_EVEX || w->i->general)
        return;
    s.mask = 1 + machine_random() % 7;
    emit(w, s);
    s.zeroing = true;
    emit(w, s);
}

static void widths(const walk *w, unsigned encoding)
{
    const instruction *i = w->i;
    unsigned from = size_of(i->from), to = size_of(i->to), wider = from > to ? from : to;
    unsigned last = i->scalar || encoding == VPREC_LEGACY ? 16
                    : encoding == VPREC_VEX ? (i->encodings & CASE_VEX128 ? 16 : 32) : 64;
    for (unsigned width = 16; width <= last; width *= 2) {
        vprec_site s = {.op = i->op, .from = i->from, .to = i->to, .lanes = (uint8_t)(i->scalar ? 1 : width / wider),
                        .scalar = i->scalar, .encoding = (uint8_t)encoding, .width = (uint8_t)width, .map = i->map,
                        .opcode = i->opcode, .pp = i->pp};
        s.w = encoding == VPREC_EVEX ? i->w : encoding == VPREC_VEX ? vex_w(i) : i->general && i->w;
        masks(w, s);
        s.rm = VPREC_REG_MEM;
        for (int n = 0; n < 2; n++)
            masks(w, s);
        if (encoding != VPREC_EVEX)
            continue;
        if (!i->scalar && i->from != VPREC_E_F16) {
            s.broadcast = true;
            masks(w, s);
            s.broadcast = false;
        }
        s.rm = 0;
        s.er = takes_er(i) && (i->scalar || width == 64) && !(i->general && i->to == VPREC_E_F64 && !i->w);
        for (s.rc = 0; s.er && s.rc < 4; s.rc++)
            masks(w, s);
    }
}

void cases_each(const uint8_t *data, void (*visit)(const instruction *, const vprec_site *))
{
    uint32_t a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    bool evex = (machine_components & 0xE6) == 0xE6 && (b & bit_AVX512F) && (b & bit_AVX512VL) && (b & bit_AVX512DQ);
    __cpuid(1, a, b, c, d);
    bool vex = (machine_components & 4) && (c & bit_AVX) && (c & bit_FMA) && (c & bit_F16C);
    printf("encodings: legacy%s%s\n", vex ? ", VEX" : "", evex ? ", EVEX" : "");
    for (size_t n = 0; n < sizeof list / sizeof *list; n++) {
        walk w = {&list[n], data, visit};
        if (list[n].encodings & CASE_LEGACY)
            widths(&w, VPREC_LEGACY);
        if (vex && (list[n].encodings & (CASE_VEX | CASE_VEX128)))
            widths(&w, VPREC_VEX);
        if (evex && (list[n].encodings & CASE_EVEX))
            widths(&w, VPREC_EVEX);
    }
}

void cases_print(const instruction *i, const vprec_site *s)
{
    static const char *const encoding[] = {"legacy", "VEX", "EVEX"};
    printf("  %s %s width %u lanes %u: dst %d vvvv %d rm %d mask k%u%s%s er %d rc %u imm %#x\n", i->name,
           encoding[s->encoding], s->width, s->lanes, s->dst, s->vvvv, s->rm, s->mask, s->zeroing ? " zeroing" : "",
           s->broadcast ? " broadcast" : "", s->er, s->rc, s->imm);
    if (s->rm == VPREC_REG_MEM)
        printf("  memory: base %u index %u scale %u segment %u size %u address32 %d disp %#lx\n", s->mem.base,
               s->mem.index, s->mem.scale, s->mem.segment, s->mem.size, s->mem.address32, s->mem.disp);
}
