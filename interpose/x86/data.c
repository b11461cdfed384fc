/* SPDX-License-Identifier: Apache-2.0
 * data.c: see data.h. Knows Zydis, as decode.c does; is asked of few functions, and may take its time. */
#include "data.h"
#include <Zydis/Zydis.h>

/* How a mnemonic treats its operands. */
enum how {
    OTHER,
    MOVES,     /* all of its destination */
    LOW,       /* the lowest element, of as many bytes as the memory operand or general register has */
    REPEATS,   /* an element, of as many bytes as the source has where that is memory, else by mnemonic */
    REPEATS4, REPEATS8, REPEATS16,
    MIXES,     /* shuffles, blends, unpacks, extracts */
    LOGIC,
    INTEGERS   /* arithmetic on bits */
};

#define M(NAME) [ZYDIS_MNEMONIC_##NAME]
#define BOTH(NAME, HOW) M(NAME) = HOW, M(V##NAME) = HOW
#define INTEGER(NAME) BOTH(NAME, INTEGERS)

static const uint8_t hows[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
    BOTH(MOVAPS, MOVES), BOTH(MOVUPS, MOVES), BOTH(MOVAPD, MOVES), BOTH(MOVUPD, MOVES), BOTH(MOVDQA, MOVES),
    BOTH(MOVDQU, MOVES), BOTH(LDDQU, MOVES), BOTH(MOVNTDQA, MOVES), M(VMOVDQA32) = MOVES, M(VMOVDQA64) = MOVES,
    M(VMOVDQU8) = MOVES, M(VMOVDQU16) = MOVES, M(VMOVDQU32) = MOVES, M(VMOVDQU64) = MOVES,
    BOTH(MOVSS, LOW), BOTH(MOVSD, LOW), BOTH(MOVD, LOW), BOTH(MOVQ, LOW),
    M(VBROADCASTSS) = REPEATS4, M(VPBROADCASTD) = REPEATS4, M(VBROADCASTSD) = REPEATS8, M(VPBROADCASTQ) = REPEATS8,
    BOTH(MOVDDUP, REPEATS8), M(VBROADCASTF128) = REPEATS16, M(VBROADCASTI128) = REPEATS16,
    M(VBROADCASTF32X4) = REPEATS16, M(VBROADCASTI32X4) = REPEATS16, M(VBROADCASTF64X2) = REPEATS16,
    M(VBROADCASTI64X2) = REPEATS16, M(VBROADCASTF32X8) = REPEATS, M(VBROADCASTF64X4) = REPEATS,
    M(VBROADCASTI32X8) = REPEATS, M(VBROADCASTI64X4) = REPEATS, M(VBROADCASTF32X2) = REPEATS8,
    M(VBROADCASTI32X2) = REPEATS8,
    BOTH(SHUFPS, MIXES), BOTH(SHUFPD, MIXES), BOTH(PSHUFD, MIXES), BOTH(PSHUFLW, MIXES), BOTH(PSHUFHW, MIXES),
    BOTH(UNPCKLPS, MIXES), BOTH(UNPCKHPS, MIXES), BOTH(UNPCKLPD, MIXES), BOTH(UNPCKHPD, MIXES),
    BOTH(PUNPCKLDQ, MIXES), BOTH(PUNPCKHDQ, MIXES), BOTH(PUNPCKLQDQ, MIXES), BOTH(PUNPCKHQDQ, MIXES),
    BOTH(PUNPCKLWD, MIXES), BOTH(PUNPCKHWD, MIXES), BOTH(PUNPCKLBW, MIXES), BOTH(PUNPCKHBW, MIXES),
    BOTH(MOVHLPS, MIXES), BOTH(MOVLHPS, MIXES), BOTH(MOVSHDUP, MIXES), BOTH(MOVSLDUP, MIXES), BOTH(MOVHPS, MIXES),
    BOTH(MOVHPD, MIXES), BOTH(MOVLPS, MIXES), BOTH(MOVLPD, MIXES), BOTH(INSERTPS, MIXES), BOTH(PALIGNR, MIXES),
    BOTH(BLENDPS, MIXES), BOTH(BLENDPD, MIXES), BOTH(PBLENDW, MIXES), M(VPBLENDD) = MIXES, BOTH(BLENDVPS, MIXES),
    BOTH(BLENDVPD, MIXES), BOTH(PBLENDVB, MIXES), M(VBLENDMPS) = MIXES, M(VBLENDMPD) = MIXES, M(VPBLENDMD) = MIXES,
    M(VPBLENDMQ) = MIXES, M(VPERMILPS) = MIXES, M(VPERMILPD) = MIXES, M(VPERM2F128) = MIXES, M(VPERM2I128) = MIXES,
    M(VPERMPD) = MIXES, M(VPERMQ) = MIXES, M(VEXTRACTF128) = MIXES, M(VEXTRACTI128) = MIXES,
    M(VEXTRACTF32X4) = MIXES, M(VEXTRACTF32X8) = MIXES, M(VEXTRACTF64X2) = MIXES, M(VEXTRACTF64X4) = MIXES,
    M(VEXTRACTI32X4) = MIXES, M(VEXTRACTI32X8) = MIXES, M(VEXTRACTI64X2) = MIXES, M(VEXTRACTI64X4) = MIXES,
    M(VINSERTF128) = MIXES, M(VINSERTI128) = MIXES, M(VINSERTF32X4) = MIXES, M(VINSERTF32X8) = MIXES,
    M(VINSERTF64X2) = MIXES, M(VINSERTF64X4) = MIXES, M(VINSERTI32X4) = MIXES, M(VINSERTI32X8) = MIXES,
    M(VINSERTI64X2) = MIXES, M(VINSERTI64X4) = MIXES, M(VSHUFF32X4) = MIXES, M(VSHUFF64X2) = MIXES,
    M(VSHUFI32X4) = MIXES, M(VSHUFI64X2) = MIXES, M(VALIGND) = MIXES, M(VALIGNQ) = MIXES,
    BOTH(ANDPS, LOGIC), BOTH(ANDPD, LOGIC), BOTH(ANDNPS, LOGIC), BOTH(ANDNPD, LOGIC), BOTH(ORPS, LOGIC),
    BOTH(ORPD, LOGIC), BOTH(XORPS, LOGIC), BOTH(XORPD, LOGIC), BOTH(PAND, LOGIC), BOTH(PANDN, LOGIC), BOTH(POR, LOGIC),
    BOTH(PXOR, LOGIC), M(VPANDD) = LOGIC, M(VPANDQ) = LOGIC, M(VPANDND) = LOGIC, M(VPANDNQ) = LOGIC, M(VPORD) = LOGIC,
    M(VPORQ) = LOGIC, M(VPXORD) = LOGIC, M(VPXORQ) = LOGIC, M(VPTERNLOGD) = LOGIC, M(VPTERNLOGQ) = LOGIC,
    INTEGER(PADDB), INTEGER(PADDW), INTEGER(PADDD), INTEGER(PADDQ), INTEGER(PSUBB), INTEGER(PSUBW), INTEGER(PSUBD),
    INTEGER(PSUBQ), INTEGER(PSLLW), INTEGER(PSLLD), INTEGER(PSLLQ), INTEGER(PSLLDQ), INTEGER(PSRLW), INTEGER(PSRLD),
    INTEGER(PSRLQ), INTEGER(PSRLDQ), INTEGER(PSRAW), INTEGER(PSRAD), M(VPSRAQ) = INTEGERS, M(VPSLLVD) = INTEGERS,
    M(VPSLLVQ) = INTEGERS, M(VPSRLVD) = INTEGERS, M(VPSRLVQ) = INTEGERS, M(VPSRAVD) = INTEGERS, M(VPSRAVQ) = INTEGERS,
    M(VPROLD) = INTEGERS, M(VPROLQ) = INTEGERS, M(VPRORD) = INTEGERS, M(VPRORQ) = INTEGERS, INTEGER(PMULLD),
    INTEGER(PMULLW), INTEGER(PMULUDQ), INTEGER(PMULDQ), INTEGER(PMADDWD), INTEGER(PMADDUBSW), INTEGER(PCMPEQD),
    INTEGER(PCMPEQQ), INTEGER(PCMPGTD), INTEGER(PCMPGTQ), INTEGER(PMINSD), INTEGER(PMAXSD), INTEGER(PMINUD),
    INTEGER(PMAXUD), M(VPMINSQ) = INTEGERS, M(VPMAXSQ) = INTEGERS, INTEGER(PACKSSDW), INTEGER(PACKUSDW),
    INTEGER(PEXTRB), INTEGER(PEXTRW), INTEGER(PEXTRD), INTEGER(PEXTRQ), INTEGER(EXTRACTPS), INTEGER(PSHUFB),
    INTEGER(CVTDQ2PS), INTEGER(CVTDQ2PD), M(VCVTQQ2PD) = INTEGERS, M(VCVTQQ2PS) = INTEGERS, M(VCVTUDQ2PS) = INTEGERS,
    M(VCVTUDQ2PD) = INTEGERS, M(VCVTUQQ2PD) = INTEGERS, M(VCVTUQQ2PS) = INTEGERS, M(VPMOVQD) = INTEGERS,
    M(VPMOVDW) = INTEGERS, M(VPMOVDB) = INTEGERS, INTEGER(PMOVSXDQ), INTEGER(PMOVZXDQ), M(VPTESTMD) = INTEGERS,
    M(VPTESTMQ) = INTEGERS, M(VPTESTNMD) = INTEGERS, M(VPTESTNMQ) = INTEGERS, M(VPCMPD) = INTEGERS,
    M(VPCMPQ) = INTEGERS, M(VPCMPUD) = INTEGERS, M(VPCMPUQ) = INTEGERS, M(VPSHLDD) = INTEGERS, M(VPSHRDD) = INTEGERS,
};

static int8_t operand_register(ZydisRegister reg)
{
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_XMM: case ZYDIS_REGCLASS_YMM: case ZYDIS_REGCLASS_ZMM:
        return (int8_t)ZydisRegisterGetId(reg);
    case ZYDIS_REGCLASS_GPR8: case ZYDIS_REGCLASS_GPR16: case ZYDIS_REGCLASS_GPR32: case ZYDIS_REGCLASS_GPR64:
        return (int8_t)(VPREC_REG_GPR + ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)));
    default:
        return VPREC_REG_NONE;
    }
}

static uint8_t number_of(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_NONE ? VPREC_MEM_NONE : (uint8_t)ZydisRegisterGetId(reg);
}

static int8_t operand(const ZydisDecodedOperand *o)
{
    return o->type == ZYDIS_OPERAND_TYPE_REGISTER ? operand_register(o->reg.value)
           : o->type == ZYDIS_OPERAND_TYPE_MEMORY ? (int8_t)VPREC_REG_MEM : (int8_t)VPREC_REG_NONE;
}

static void memory_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, uint64_t address, vprec_mem *mem)
{
    bool relative = o->mem.base == ZYDIS_REGISTER_RIP;
    *mem = (vprec_mem){.base = relative ? VPREC_MEM_RIP : number_of(o->mem.base), .index = number_of(o->mem.index),
                       .scale = o->mem.scale ? o->mem.scale : 1, .size = (uint8_t)(o->size / 8),
                       .segment = o->mem.segment == ZYDIS_REGISTER_FS ? 4 : o->mem.segment == ZYDIS_REGISTER_GS ? 5 : 0,
                       .address32 = z->address_width == 32, .disp = o->mem.disp.value};
    if (relative)
        mem->disp += (int64_t)(address + z->length);
}

/* What is written, what is read as memory. */
static void note_operands(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, uint64_t address, vprec_data *d)
{
    unsigned memories = 0;
    for (unsigned i = 0; i < z->operand_count; i++) {
        bool writes = o[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        if (o[i].type == ZYDIS_OPERAND_TYPE_MEMORY && o[i].mem.type != ZYDIS_MEMOP_TYPE_AGEN) {
            d->stores |= writes;
            memories++;
            memory_of(z, &o[i], address, &d->mem);
        } else if (o[i].type == ZYDIS_OPERAND_TYPE_REGISTER && writes) {
            int8_t reg = operand_register(o[i].reg.value);
            if (reg >= VPREC_REG_GPR)
                d->general |= (uint16_t)(1u << (reg - VPREC_REG_GPR));
            else if (reg >= 0)
                d->vectors |= 1u << reg;
        }
    }
    if (memories != 1)
        d->mem.size = 0;
}


static void offset(vprec_data *d, int8_t from, int64_t imm)
{
    d->kind = VPREC_DATA_OFFSET;
    d->from = from;
    d->imm = imm;
}

/* General registers: constants, copies, addresses. Of 64 bits, but for a constant. */
static void general_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, vprec_data *d)
{
    enum { RSP = 4 };
    bool wide = z->operand_width == 64;
    d->to = operand(&o[0]);
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_POP:
        d->pushed = z->mnemonic == ZYDIS_MNEMONIC_PUSH ? 8 : -8;
        if (d->to != VPREC_REG_GPR + RSP)
            d->general &= (uint16_t) ~(1u << RSP);
        d->mem.size = 0;
        return;
    case ZYDIS_MNEMONIC_MOV:
        if (o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && d->to >= VPREC_REG_GPR && d->to < VPREC_REG_MEM && o[0].size >= 32) {
            offset(d, VPREC_REG_NONE, o[0].size == 32 ? (int64_t)(uint32_t)o[1].imm.value.u : o[1].imm.value.s);
        } else if (o[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE && o[0].size >= 32) {
            d->kind = VPREC_DATA_MOVE;
            d->from = operand(&o[1]);
            d->bytes = (uint8_t)(o[0].size / 8);
        }
        return;
    case ZYDIS_MNEMONIC_LEA:
        if (wide && o[1].mem.index == ZYDIS_REGISTER_NONE && o[1].mem.base == ZYDIS_REGISTER_RIP)
            offset(d, VPREC_REG_NONE, o[1].mem.disp.value);
        else if (wide && o[1].mem.index == ZYDIS_REGISTER_NONE && o[1].mem.base != ZYDIS_REGISTER_NONE)
            offset(d, operand_register(o[1].mem.base), o[1].mem.disp.value);
        return;
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
        if (wide && d->to != VPREC_REG_MEM && o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            offset(d, d->to, z->mnemonic == ZYDIS_MNEMONIC_ADD ? o[1].imm.value.s : -o[1].imm.value.s);
        return;
    default:
        return;
    }
}

/* Whether a shuffle repeats its lowest element of `*bytes` all over a register that it alone reads. */
static bool repeats(const ZydisDecodedInstruction *z, const vprec_data *d, uint8_t *bytes)
{
    bool alone = d->second == VPREC_REG_NONE || d->second == d->from;
    *bytes = 8;
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_SHUFPS: case ZYDIS_MNEMONIC_VSHUFPS: case ZYDIS_MNEMONIC_PSHUFD: case ZYDIS_MNEMONIC_VPSHUFD:
        *bytes = 4;
        return alone && d->width == 16 && !z->raw.imm[0].value.u;
    case ZYDIS_MNEMONIC_VPERMILPS:
        *bytes = 4;
        return d->width == 16 && z->raw.imm[0].size && !z->raw.imm[0].value.u;
    case ZYDIS_MNEMONIC_UNPCKLPD: case ZYDIS_MNEMONIC_VUNPCKLPD: case ZYDIS_MNEMONIC_PUNPCKLQDQ:
    case ZYDIS_MNEMONIC_VPUNPCKLQDQ: case ZYDIS_MNEMONIC_MOVLHPS: case ZYDIS_MNEMONIC_VMOVLHPS:
        return alone && d->width == 16;
    case ZYDIS_MNEMONIC_VINSERTF128: case ZYDIS_MNEMONIC_VINSERTI128:
        *bytes = 16;
        return alone && z->raw.imm[0].value.u == 1;
    default:
        return false;
    }
}

static uint32_t vector_bit(int8_t reg)
{
    return reg >= 0 && reg < VPREC_REG_GPR ? 1u << reg : 0;
}

static void integers_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, vprec_data *d)
{
    for (unsigned i = 0; i < z->operand_count; i++) {
        if (!(o[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ))
            continue;
        d->bits |= o[i].type == ZYDIS_OPERAND_TYPE_REGISTER ? vector_bit(operand_register(o[i].reg.value)) : 0;
        d->bits_memory |= o[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
    }
}

/* Tables are looked up by the low bits of a vector. */
static void index_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, vprec_data *d)
{
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_VPERMPS: case ZYDIS_MNEMONIC_VPERMD: /* a legacy VEX form, and an EVEX one with a mask */
    case ZYDIS_MNEMONIC_VPERMT2PS: case ZYDIS_MNEMONIC_VPERMT2PD: case ZYDIS_MNEMONIC_VPERMT2D: case ZYDIS_MNEMONIC_VPERMT2Q:
        for (unsigned i = 1; i < z->operand_count_visible; i++)
            if (operand(&o[i]) >= 0 && operand(&o[i]) < VPREC_REG_GPR) {
                d->bits |= vector_bit(operand(&o[i]));
                break;
            }
        return;
    case ZYDIS_MNEMONIC_VPERMPD: case ZYDIS_MNEMONIC_VPERMQ: case ZYDIS_MNEMONIC_VPERMILPS: case ZYDIS_MNEMONIC_VPERMILPD:
        if (!z->raw.imm[0].size && z->operand_count_visible >= 3)
            d->bits |= vector_bit(operand(&o[z->mnemonic == ZYDIS_MNEMONIC_VPERMILPS || z->mnemonic == ZYDIS_MNEMONIC_VPERMILPD
                                                ? z->operand_count_visible - 1u : z->operand_count_visible - 2u]));
        return;
    case ZYDIS_MNEMONIC_VPERMI2PS: case ZYDIS_MNEMONIC_VPERMI2PD: case ZYDIS_MNEMONIC_VPERMI2D: case ZYDIS_MNEMONIC_VPERMI2Q:
        d->bits |= vector_bit(operand(&o[0]));
        return;
    default:
        if (d->mem.size && d->mem.index != VPREC_MEM_NONE)
            for (unsigned i = 0; i < z->operand_count; i++)
                if (o[i].type == ZYDIS_OPERAND_TYPE_MEMORY && o[i].mem.type == ZYDIS_MEMOP_TYPE_VSIB)
                    d->bits |= vector_bit(operand_register(o[i].mem.index));
        return;
    }
}

/* First and last of the sources that are registers or memory. */
static void sources_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, vprec_data *d)
{
    unsigned first = o[0].actions & ZYDIS_OPERAND_ACTION_MASK_READ ? 0 : 1;
    for (unsigned i = first; i < z->operand_count_visible; i++) {
        int8_t source = operand(&o[i]);
        if (source == VPREC_REG_NONE)
            continue;
        if (d->from == VPREC_REG_NONE)
            d->from = source;
        else
            d->second = source;
    }
}

static void vectors_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *o, enum how how, vprec_data *d)
{
    d->to = operand(&o[0]);
    d->width = (uint8_t)(o[0].size / 8);
    bool evex = z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX;
    d->masked = evex && z->raw.evex.aaa && !z->raw.evex.z;
    d->zeroed = evex && z->raw.evex.aaa && z->raw.evex.z;
    const ZydisDecodedOperand *last = &o[z->operand_count_visible - 1];
    switch (how) {
    case MOVES:
        d->kind = VPREC_DATA_MOVE;
        d->from = operand(last);
        d->bytes = d->width;
        return;
    case LOW:
        d->kind = VPREC_DATA_MOVE;
        d->from = operand(last);
        d->bytes = (uint8_t)(last->size < o[0].size ? last->size / 8 : o[0].size / 8);
        if (z->mnemonic == ZYDIS_MNEMONIC_MOVSS || z->mnemonic == ZYDIS_MNEMONIC_VMOVSS || z->mnemonic == ZYDIS_MNEMONIC_MOVD ||
            z->mnemonic == ZYDIS_MNEMONIC_VMOVD)
            d->bytes = 4;
        else if (d->bytes > 8)
            d->bytes = 8;
        if (d->to >= VPREC_REG_GPR && d->to != VPREC_REG_MEM)
            d->bits |= vector_bit(d->from);
        return;
    case REPEATS: case REPEATS4: case REPEATS8: case REPEATS16:
        d->kind = VPREC_DATA_REPEAT;
        d->from = operand(last);
        d->bytes = how == REPEATS4 ? 4 : how == REPEATS8 ? 8 : how == REPEATS16 ? 16 : 32;
        return;
    case MIXES:
    case LOGIC:
        sources_of(z, o, d);
        d->kind = repeats(z, d, &d->bytes) ? VPREC_DATA_REPEAT : VPREC_DATA_MIX;
        d->logic = how == LOGIC;
        index_of(z, o, d);
        return;
    case INTEGERS:
        integers_of(z, o, d);
        return;
    default:
        index_of(z, o, d);
        return;
    }
}

static const ZydisDecoder decoder = {
    .machine_mode = ZYDIS_MACHINE_MODE_LONG_64,
    .stack_width = ZYDIS_STACK_WIDTH_64,
};

bool vprec_data_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_data *d)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
    *d = (vprec_data){.to = VPREC_REG_NONE, .from = VPREC_REG_NONE, .second = VPREC_REG_NONE};
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &z, o)))
        return false;
    note_operands(&z, o, address, d);
    if (!z.operand_count_visible)
        return true;
    enum how how = (enum how)hows[z.mnemonic];
    bool general = !d->vectors && !how;
    if (general)
        general_of(&z, o, d);
    else
        vectors_of(&z, o, how, d);
    if (d->kind == VPREC_DATA_OFFSET && d->from == VPREC_REG_NONE && z.mnemonic == ZYDIS_MNEMONIC_LEA)
        d->imm += (int64_t)(address + z.length);
    return true;
}

enum vprec_stores vprec_insn_stores(const uint8_t *bytes, size_t size, uint64_t address, vprec_mem *mem)
{
    enum { VECTOR_BITS = 512 };
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    enum vprec_stores stores = VPREC_STORES_NOTHING;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &z, operands)))
        return VPREC_STORES_ANYWHERE;
    for (unsigned i = 0; i < z.operand_count; i++) {
        const ZydisDecodedOperand *o = &operands[i];
        if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) ||
            o->mem.base == ZYDIS_REGISTER_RSP || o->mem.segment == ZYDIS_REGISTER_FS ||
            o->mem.segment == ZYDIS_REGISTER_GS)
            continue;
        if (stores || o->mem.type != ZYDIS_MEMOP_TYPE_MEM || o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN ||
            z.address_width != 64 || o->size > VECTOR_BITS)
            return VPREC_STORES_ANYWHERE;
        memory_of(&z, o, address, mem);
        stores = VPREC_STORES_AT;
    }
    return stores;
}
