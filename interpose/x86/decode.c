/* SPDX-License-Identifier: Apache-2.0
 * decode.c: knows Zydis, as data.c does and nothing else. It classifies instructions and
 * brings floating-point ones into canonical form; it decides nothing. Common
 * integer instructions do not come to Zydis: plain.c. */
#include "decode.h"
#include "plain.h"
#include "vprec.h"
#include <Zydis/Zydis.h>

/* One mnemonic's entry: how an instruction is classified. */
typedef struct entry {
    uint8_t cls, op, from, to, scalar;
    uint8_t pp; /* mandatory prefix of the legacy form */
} entry;

#define E(OP, FROM, TO, SCALAR, PP) {VPREC_SITE, VPREC_OP_##OP, VPREC_E_##FROM, VPREC_E_##TO, SCALAR, PP}
#define M(NAME) [ZYDIS_MNEMONIC_##NAME]
/* A legacy mnemonic with its V form; the four types of an arithmetic one. */
#define BOTH(NAME, ...) M(NAME) = E(__VA_ARGS__), M(V##NAME) = E(__VA_ARGS__)
#define FOUR(NAME, OP) \
    BOTH(NAME##PS, OP, F32, F32, 0, 0), BOTH(NAME##PD, OP, F64, F64, 0, 1), BOTH(NAME##SS, OP, F32, F32, 1, 2), \
        BOTH(NAME##SD, OP, F64, F64, 1, 3)
#define VFOUR(NAME, OP) \
    M(V##NAME##PS) = E(OP, F32, F32, 0, 1), M(V##NAME##PD) = E(OP, F64, F64, 0, 1), \
    M(V##NAME##SS) = E(OP, F32, F32, 1, 1), M(V##NAME##SD) = E(OP, F64, F64, 1, 1)
#define VPACKED(NAME, OP) M(V##NAME##PS) = E(OP, F32, F32, 0, 1), M(V##NAME##PD) = E(OP, F64, F64, 0, 1)
#define FMA(NAME) VFOUR(NAME##132, FMA), VFOUR(NAME##213, FMA), VFOUR(NAME##231, FMA)
#define FMA_ALTERNATE(NAME) VPACKED(NAME##132, FMA), VPACKED(NAME##213, FMA), VPACKED(NAME##231, FMA)
#define REFUSE(NAME) M(NAME) = {.cls = VPREC_REFUSED}
#define REFUSE4(NAME) REFUSE(NAME##PS), REFUSE(NAME##PD), REFUSE(NAME##SS), REFUSE(NAME##SD)
#define REFUSE_FP16(NAME) REFUSE(V##NAME##PH), REFUSE(V##NAME##SH)
#define REFUSE_FMA16(NAME) REFUSE_FP16(NAME##132), REFUSE_FP16(NAME##213), REFUSE_FP16(NAME##231)

static const entry table[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
    FOUR(ADD, ADD), FOUR(SUB, SUB), FOUR(MUL, MUL), FOUR(DIV, DIV), FOUR(SQRT, SQRT),
    FMA(FMADD), FMA(FMSUB), FMA(FNMADD), FMA(FNMSUB), FMA_ALTERNATE(FMADDSUB), FMA_ALTERNATE(FMSUBADD),
    BOTH(ADDSUBPS, ADDSUB, F32, F32, 0, 3), BOTH(ADDSUBPD, ADDSUB, F64, F64, 0, 1),
    BOTH(HADDPS, HADD, F32, F32, 0, 3), BOTH(HADDPD, HADD, F64, F64, 0, 1),
    BOTH(HSUBPS, HSUB, F32, F32, 0, 3), BOTH(HSUBPD, HSUB, F64, F64, 0, 1),
    BOTH(DPPS, DP, F32, F32, 0, 1), BOTH(DPPD, DP, F64, F64, 0, 1),
    BOTH(RCPPS, RCP, F32, F32, 0, 0), BOTH(RCPSS, RCP, F32, F32, 1, 2),
    BOTH(RSQRTPS, RSQRT, F32, F32, 0, 0), BOTH(RSQRTSS, RSQRT, F32, F32, 1, 2),
    VFOUR(RCP14, RCP), VFOUR(RSQRT14, RSQRT), VFOUR(SCALEF, SCALEF), VFOUR(GETEXP, VALUE), VFOUR(REDUCE, VALUE),
    BOTH(CVTSS2SD, CVT, F32, F64, 1, 2), BOTH(CVTSD2SS, CVT, F64, F32, 1, 3),
    BOTH(CVTPS2PD, CVT, F32, F64, 0, 0), BOTH(CVTPD2PS, CVT, F64, F32, 0, 1),
    BOTH(CVTDQ2PS, CVT, I32, F32, 0, 0), BOTH(CVTDQ2PD, CVT, I32, F64, 0, 2),
    BOTH(CVTSI2SS, CVT, I32, F32, 1, 2), BOTH(CVTSI2SD, CVT, I32, F64, 1, 3), /* I64 by REX.W */
    M(VCVTUSI2SS) = E(CVT, U32, F32, 1, 2), M(VCVTUSI2SD) = E(CVT, U32, F64, 1, 3),
    M(VCVTUDQ2PS) = E(CVT, U32, F32, 0, 3), M(VCVTUDQ2PD) = E(CVT, U32, F64, 0, 2),
    M(VCVTQQ2PS) = E(CVT, I64, F32, 0, 0), M(VCVTQQ2PD) = E(CVT, I64, F64, 0, 2),
    M(VCVTUQQ2PS) = E(CVT, U64, F32, 0, 3), M(VCVTUQQ2PD) = E(CVT, U64, F64, 0, 2),
    M(VCVTPH2PS) = E(CVT, F16, F32, 0, 1),

    M(LDMXCSR) = {.cls = VPREC_CONTROL}, M(VLDMXCSR) = {.cls = VPREC_CONTROL},
    M(SYSCALL) = {.cls = VPREC_SYSCALL},
    /* x87: the arithmetic, the stores that round to 32 or 64 bits, and what loads such numbers (see classify) */
    REFUSE(FLD), REFUSE(F2XM1), REFUSE(FADD), REFUSE(FADDP), REFUSE(FCOS), REFUSE(FDIV), REFUSE(FDIVP), REFUSE(FDIVR), REFUSE(FDIVRP),
    REFUSE(FIADD), REFUSE(FIDIV), REFUSE(FIDIVR), REFUSE(FIMUL), REFUSE(FISUB), REFUSE(FISUBR), REFUSE(FMUL),
    REFUSE(FMULP), REFUSE(FPATAN), REFUSE(FPREM), REFUSE(FPREM1), REFUSE(FPTAN), REFUSE(FRNDINT), REFUSE(FSCALE),
    REFUSE(FSIN), REFUSE(FSINCOS), REFUSE(FSQRT), REFUSE(FST), REFUSE(FSTP), REFUSE(FSUB), REFUSE(FSUBP), REFUSE(FSUBR),
    REFUSE(FSUBRP), REFUSE(FYL2X), REFUSE(FYL2XP1),
    /* MMX sources, 3DNow!, AMD's FMA4 and XOP, Knights Landing, BF16, AMX */
    REFUSE(CVTPI2PS), REFUSE(CVTPI2PD), REFUSE(PFACC), REFUSE(PFADD), REFUSE(PFMUL), REFUSE(PFNACC), REFUSE(PFPNACC),
    REFUSE(PFRCP), REFUSE(PFRCPIT2), REFUSE(PFRSQIT1), REFUSE(PFSQRT), REFUSE(PFSUB), REFUSE(PFSUBR),
    REFUSE4(VFMADD), REFUSE4(VFMSUB), REFUSE4(VFNMADD), REFUSE4(VFNMSUB), REFUSE(VFMADDSUBPS), REFUSE(VFMADDSUBPD),
    REFUSE(VFMSUBADDPS), REFUSE(VFMSUBADDPD), REFUSE4(VFRCZ), REFUSE4(VRCP28), REFUSE4(VRSQRT28), REFUSE(VEXP2PS),
    REFUSE(VEXP2PD), REFUSE(V4FMADDPS), REFUSE(V4FMADDSS), REFUSE(V4FNMADDPS), REFUSE(V4FNMADDSS), REFUSE(VDPBF16PS),
    REFUSE(TDPBF16PS),
    /* AVX512-FP16 */
    REFUSE_FP16(ADD), REFUSE_FP16(SUB), REFUSE_FP16(MUL), REFUSE_FP16(DIV), REFUSE_FP16(SQRT), REFUSE_FP16(RCP),
    REFUSE_FP16(RSQRT), REFUSE_FP16(SCALEF), REFUSE_FP16(GETEXP), REFUSE_FP16(REDUCE), REFUSE_FMA16(FMADD),
    REFUSE_FMA16(FMSUB), REFUSE_FMA16(FNMADD), REFUSE_FMA16(FNMSUB), REFUSE(VFMADDSUB132PH), REFUSE(VFMADDSUB213PH),
    REFUSE(VFMADDSUB231PH), REFUSE(VFMSUBADD132PH), REFUSE(VFMSUBADD213PH), REFUSE(VFMSUBADD231PH), REFUSE(VFMADDCPH),
    REFUSE(VFMADDCSH), REFUSE(VFCMADDCPH), REFUSE(VFCMADDCSH), REFUSE(VFMULCPH), REFUSE(VFMULCSH), REFUSE(VFCMULCPH),
    REFUSE(VFCMULCSH), REFUSE(VCVTPH2PSX), REFUSE(VCVTPH2PD), REFUSE(VCVTSH2SS), REFUSE(VCVTSH2SD),
};

static ZydisDecoder decoder = {
    .machine_mode = ZYDIS_MACHINE_MODE_LONG_64,
    .stack_width = ZYDIS_STACK_WIDTH_64,
    .decoder_mode = {[ZYDIS_DECODER_MODE_CET] = 1}, /* endbr64 is no filler */
};

static bool decode(const uint8_t *bytes, size_t size, ZydisDecodedInstruction *z)
{
    return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, size, z));
}

static bool rip_relative(const ZydisDecodedInstruction *z)
{
    return (z->attributes & ZYDIS_ATTRIB_HAS_MODRM) && z->raw.modrm.mod == 0 && z->raw.modrm.rm == 5 &&
           z->raw.disp.size == 32;
}

static const entry *classify(const ZydisDecodedInstruction *z)
{
    static const entry plain = {.cls = VPREC_PLAIN};
    const entry *e = &table[z->mnemonic];
    if (e->cls == VPREC_SITE && z->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
        z->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX && z->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX)
        return &plain; /* MVEX, XOP: not on any processor that runs us */
    /* a register or 80 bits in memory: long double stays what it is */
    if ((z->mnemonic == ZYDIS_MNEMONIC_FST || z->mnemonic == ZYDIS_MNEMONIC_FSTP ||
         z->mnemonic == ZYDIS_MNEMONIC_FLD) &&
        (z->raw.modrm.mod == 3 || z->opcode == 0xDB))
        return &plain;
    return e;
}

static uint8_t flow_of(const ZydisDecodedInstruction *z)
{
    bool relative = z->raw.imm[0].is_relative;
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_JRCXZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JCXZ:
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
        return VPREC_FLOW_SHORT;
    case ZYDIS_MNEMONIC_XBEGIN:
        return VPREC_FLOW_XBEGIN;
    case ZYDIS_MNEMONIC_JMP:
        return relative ? VPREC_FLOW_JMP : VPREC_FLOW_IJMP;
    case ZYDIS_MNEMONIC_CALL:
        return relative ? VPREC_FLOW_CALL : VPREC_FLOW_ICALL;
    case ZYDIS_MNEMONIC_RET:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_IRETD:
        return VPREC_FLOW_RET;
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
        return VPREC_FLOW_STOP;
    default:
        return z->meta.category == ZYDIS_CATEGORY_COND_BR && relative ? VPREC_FLOW_JCC : VPREC_FLOW_NEXT;
    }
}

/* The general register or element width that REX.W, VEX.W or EVEX.W selects. */
static bool wide(const ZydisDecodedInstruction *z)
{
    switch (z->encoding) {
    case ZYDIS_INSTRUCTION_ENCODING_VEX: return z->raw.vex.W;
    case ZYDIS_INSTRUCTION_ENCODING_EVEX: return z->raw.evex.W;
    default: return z->raw.rex.W && (z->attributes & ZYDIS_ATTRIB_HAS_REX);
    }
}

static void insn_of(const ZydisDecodedInstruction *z, uint64_t address, vprec_insn *insn)
{
    const entry *e = classify(z);
    *insn = (vprec_insn){.length = z->length, .flow = flow_of(z), .cls = e->cls, .op = e->op, .type = (uint8_t)vprec_elem_type(e->to)};
    if (rip_relative(z)) {
        insn->disp_offset = z->raw.disp.offset;
        insn->target = address + z->length + (uint64_t)z->raw.disp.value;
    } else if (insn->flow != VPREC_FLOW_NEXT && z->raw.imm[0].is_relative) {
        insn->target = address + z->length + (uint64_t)z->raw.imm[0].value.s;
    }
    insn->loads_address = z->mnemonic == ZYDIS_MNEMONIC_LEA;
    insn->padding = z->mnemonic == ZYDIS_MNEMONIC_NOP || z->mnemonic == ZYDIS_MNEMONIC_INT3;
    insn->extended = z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX || z->meta.category == ZYDIS_CATEGORY_KMASK;
    switch (z->meta.isa_ext) {
    case ZYDIS_ISA_EXT_BASE: case ZYDIS_ISA_EXT_BMI1: case ZYDIS_ISA_EXT_BMI2: case ZYDIS_ISA_EXT_X87:
    case ZYDIS_ISA_EXT_LONGMODE: case ZYDIS_ISA_EXT_CET: case ZYDIS_ISA_EXT_ADOX_ADCX: case ZYDIS_ISA_EXT_LZCNT:
        break;
    default: insn->vector = true; break;
    }
    insn->vex = (z->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX || z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) &&
                z->meta.category != ZYDIS_CATEGORY_BMI1 && z->meta.category != ZYDIS_CATEGORY_BMI2;
    if (z->raw.imm[0].size == 32 && !z->raw.imm[0].is_relative) {
        insn->has_imm32 = true;
        insn->imm32 = (uint32_t)z->raw.imm[0].value.u;
    } else if (z->raw.disp.size == 32 && z->raw.modrm.mod == 0 && z->raw.modrm.rm == 4) {
        insn->has_imm32 = true; /* [disp32 + index*scale]: a table's absolute address */
        insn->imm32 = (uint32_t)z->raw.disp.value;
    }
}

bool vprec_insn_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_insn *insn)
{
    if (vprec_plain_decode(bytes, size, address, insn))
        return true;
    ZydisDecodedInstruction z;
    if (!decode(bytes, size, &z))
        return false;
    insn_of(&z, address, insn);
    return true;
}

/* Fields of ModRM and SIB with their extension bits. Raw VEX and EVEX bits are inverted. */
typedef struct fields {
    uint8_t reg, rm, vvvv, base, index; /* rm as a register */
} fields;

static fields fields_of(const ZydisDecodedInstruction *z)
{
    uint8_t R = 0, X = 0, B = 0, R2 = 0, V2 = 0, vvvv = 0;
    if (z->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX) {
        R = !z->raw.vex.R, X = !z->raw.vex.X, B = !z->raw.vex.B, vvvv = ~z->raw.vex.vvvv & 15;
    } else if (z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        R = !z->raw.evex.R, X = !z->raw.evex.X, B = !z->raw.evex.B;
        R2 = !z->raw.evex.R2, V2 = !z->raw.evex.V2, vvvv = ~z->raw.evex.vvvv & 15;
    } else if (z->attributes & ZYDIS_ATTRIB_HAS_REX) {
        R = z->raw.rex.R, X = z->raw.rex.X, B = z->raw.rex.B;
    }
    bool evex = z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX;
    return (fields){
        .reg = z->raw.modrm.reg | R << 3 | R2 << 4,
        .rm = z->raw.modrm.rm | B << 3 | (evex ? X << 4 : 0),
        .vvvv = vvvv | V2 << 4,
        .base = (z->raw.modrm.rm == 4 ? z->raw.sib.base : z->raw.modrm.rm) | B << 3,
        .index = z->raw.sib.index | X << 3,
    };
}

static void memory_of(const ZydisDecodedInstruction *z, uint64_t address, uint8_t disp8_scale, vprec_mem *mem)
{
    fields f = fields_of(z);
    *mem = (vprec_mem){.base = VPREC_MEM_NONE, .index = VPREC_MEM_NONE, .scale = 1, .disp = z->raw.disp.value};
    if (z->raw.disp.size == 8)
        mem->disp *= disp8_scale;
    if (rip_relative(z)) {
        mem->base = VPREC_MEM_RIP;
        mem->disp += (int64_t)(address + z->length);
    } else {
        bool sib = z->raw.modrm.rm == 4;
        if (!(z->raw.modrm.mod == 0 && sib && z->raw.sib.base == 5))
            mem->base = f.base;
        if (sib && f.index != 4) {
            mem->index = f.index;
            mem->scale = 1 << z->raw.sib.scale;
        }
    }
    mem->segment = z->attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS ? 4 : z->attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS ? 5 : 0;
    mem->address32 = z->address_width == 32;
}

static void site_of(const ZydisDecodedInstruction *z, uint64_t address, vprec_site *site)
{
    const entry *e = classify(z);
    if (e->cls == VPREC_CONTROL) {
        *site = (vprec_site){.address = address, .length = z->length, .op = VPREC_OP_MXCSR, .rm = VPREC_REG_MEM};
        memory_of(z, address, 1, &site->mem);
        site->mem.size = 4;
        return;
    }
    fields f = fields_of(z);
    *site = (vprec_site){
        .address = address, .length = z->length, .disp_offset = rip_relative(z) ? z->raw.disp.offset : 0,
        .op = e->op, .from = e->from, .to = e->to, .scalar = e->scalar,
        .opcode = z->opcode, .pp = e->pp, .w = wide(z), .width = 16, .dst = (int8_t)f.reg,
        .imm = (uint8_t)z->raw.imm[0].value.u,
        .map = z->opcode_map == ZYDIS_OPCODE_MAP_0F ? 1 : z->opcode_map == ZYDIS_OPCODE_MAP_0F38 ? 2 : 3,
    };
    bool register_rm = z->raw.modrm.mod == 3;
    switch (z->encoding) {
    case ZYDIS_INSTRUCTION_ENCODING_VEX:
        site->encoding = VPREC_VEX;
        site->pp = z->raw.vex.pp;
        site->width = z->raw.vex.L ? 32 : 16;
        break;
    case ZYDIS_INSTRUCTION_ENCODING_EVEX:
        site->encoding = VPREC_EVEX;
        site->pp = z->raw.evex.pp;
        site->mask = z->raw.evex.aaa;
        site->zeroing = z->raw.evex.z;
        site->er = z->raw.evex.b && register_rm;
        site->broadcast = z->raw.evex.b && !register_rm;
        site->rc = site->er ? (uint8_t)(z->raw.evex.L2 << 1 | z->raw.evex.L) : 0;
        site->width = site->er ? 64 : 16 << (z->raw.evex.L2 << 1 | z->raw.evex.L);
        break;
    default:
        site->encoding = VPREC_LEGACY;
        break;
    }
    if (site->scalar)
        site->width = 16;
    bool general = z->mnemonic == ZYDIS_MNEMONIC_CVTSI2SS || z->mnemonic == ZYDIS_MNEMONIC_CVTSI2SD ||
                   z->mnemonic == ZYDIS_MNEMONIC_VCVTSI2SS || z->mnemonic == ZYDIS_MNEMONIC_VCVTSI2SD ||
                   z->mnemonic == ZYDIS_MNEMONIC_VCVTUSI2SS || z->mnemonic == ZYDIS_MNEMONIC_VCVTUSI2SD;
    if (general && site->w)
        site->from = site->from == VPREC_E_I32 ? VPREC_E_I64 : VPREC_E_U64;

    uint8_t from = vprec_elem_size(site->from), to = vprec_elem_size(site->to);
    site->lanes = site->scalar ? 1 : site->width / (from > to ? from : to);
    /* packed forms with one source have no vvvv */
    bool unary = !site->scalar && (site->op == VPREC_OP_SQRT || site->op == VPREC_OP_CVT || site->op == VPREC_OP_RCP ||
                                   site->op == VPREC_OP_RSQRT || site->op == VPREC_OP_VALUE);
    site->vvvv = unary ? VPREC_REG_NONE : site->encoding == VPREC_LEGACY ? site->dst : (int8_t)f.vvvv;
    if (register_rm) {
        site->rm = general ? (int8_t)(VPREC_REG_GPR + (f.rm & 15)) : (int8_t)f.rm;
    } else {
        site->rm = VPREC_REG_MEM;
        uint8_t bytes_read = site->lanes * from;
        bool scaled = site->encoding == VPREC_EVEX; /* a disp8 counts operands */
        memory_of(z, address, !scaled ? 1 : site->broadcast ? from : bytes_read, &site->mem);
        site->mem.size = bytes_read;
    }
}

/* Legacy instructions that define all of the low 128 bits of their destination. */
static bool defines_whole(const ZydisDecodedInstruction *z)
{
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_MOVSS:
    case ZYDIS_MNEMONIC_MOVSD:
        return z->raw.modrm.mod != 3;
    case ZYDIS_MNEMONIC_MOVAPS: case ZYDIS_MNEMONIC_MOVAPD: case ZYDIS_MNEMONIC_MOVUPS: case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQA: case ZYDIS_MNEMONIC_MOVDQU: case ZYDIS_MNEMONIC_MOVD: case ZYDIS_MNEMONIC_MOVQ:
    case ZYDIS_MNEMONIC_LDDQU: case ZYDIS_MNEMONIC_PSHUFD: case ZYDIS_MNEMONIC_MOVDDUP: case ZYDIS_MNEMONIC_MOVSHDUP:
    case ZYDIS_MNEMONIC_MOVSLDUP: case ZYDIS_MNEMONIC_CVTDQ2PS: case ZYDIS_MNEMONIC_CVTDQ2PD:
    case ZYDIS_MNEMONIC_CVTPS2PD: case ZYDIS_MNEMONIC_SQRTPS: case ZYDIS_MNEMONIC_SQRTPD: case ZYDIS_MNEMONIC_RCPPS:
    case ZYDIS_MNEMONIC_RSQRTPS:
        return true;
    default:
        return false;
    }
}

static void registers_of(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands, vprec_registers *registers)
{
    *registers = (vprec_registers){0};
    if (z->meta.category == ZYDIS_CATEGORY_XSAVE || z->meta.category == ZYDIS_CATEGORY_XSAVEOPT) {
        *registers = (vprec_registers){.reads = ~0u, .mask_reads = 0xFF};
        return;
    }
    bool evex = z->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX;
    bool whole = evex ? !z->raw.evex.aaa || z->raw.evex.z
                      : z->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX || defines_whole(z);
    for (unsigned i = 0; i < z->operand_count; i++) {
        ZydisRegister reg[2] = {ZYDIS_REGISTER_NONE, ZYDIS_REGISTER_NONE};
        bool writes = false, reads = true;
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER) {
            reg[0] = operands[i].reg.value;
            writes = operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
            reads = operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ;
        } else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY) {
            reg[0] = operands[i].mem.base, reg[1] = operands[i].mem.index; /* gathers */
        }
        for (int j = 0; j < 2; j++) {
            ZydisRegisterClass cls = ZydisRegisterGetClass(reg[j]);
            int id = ZydisRegisterGetId(reg[j]);
            if (cls == ZYDIS_REGCLASS_MASK) {
                registers->mask_reads |= (uint8_t)(reads << id);
                registers->mask_writes |= (uint8_t)(writes << id);
            } else if (cls == ZYDIS_REGCLASS_XMM || cls == ZYDIS_REGCLASS_YMM || cls == ZYDIS_REGCLASS_ZMM) {
                if (writes)
                    registers->writes |= 1u << id;
                if (reads || !whole)
                    registers->reads |= 1u << id;
            }
        }
    }
}

bool vprec_insn_whole(const uint8_t *bytes, size_t size, uint64_t address, vprec_decoded *decoded)
{
    *decoded = (vprec_decoded){.reg = VPREC_REG_NONE};
    vprec_insn *insn = &decoded->insn;
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (vprec_plain_decode(bytes, size, address, insn) && insn->flow != VPREC_FLOW_IJMP &&
        insn->flow != VPREC_FLOW_ICALL)
        return true;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &z, operands)))
        return false;
    insn_of(&z, address, insn);
    if (insn->vector)
        registers_of(&z, operands, &decoded->registers);
    if (insn->cls == VPREC_SITE || insn->cls == VPREC_CONTROL)
        site_of(&z, address, &decoded->site);
    if (insn->flow == VPREC_FLOW_IJMP || insn->flow == VPREC_FLOW_ICALL) {
        if (z.raw.modrm.mod == 3) {
            decoded->reg = (int8_t)(fields_of(&z).rm & 15);
        } else {
            memory_of(&z, address, 1, &decoded->mem);
            decoded->mem.size = 8;
        }
    }
    return true;
}

enum vprec_flags vprec_insn_flags(const uint8_t *bytes, size_t size)
{
    vprec_flag_use use = vprec_insn_flag_use(bytes, size);
    return use.reads ? VPREC_FLAGS_READ : use.writes ? VPREC_FLAGS_WRITTEN : VPREC_FLAGS_KEPT;
}

vprec_flag_use vprec_insn_flag_use(const uint8_t *bytes, size_t size)
{
    ZydisDecodedInstruction z;
    vprec_flag_use use = {0, 0};
    if (!decode(bytes, size, &z))
        return (vprec_flag_use){VPREC_FLAGS_ALL, 0};
    if (!z.cpu_flags)
        return use;
    const uint32_t tested = z.cpu_flags->tested, carry = ZYDIS_CPUFLAG_CF;
    use.reads = (uint8_t)((tested & carry ? VPREC_FLAG_CARRY : 0) | (tested & ~carry ? VPREC_FLAG_OTHERS : 0));
    switch (z.mnemonic) {
    case ZYDIS_MNEMONIC_INC:
    case ZYDIS_MNEMONIC_DEC:
        use.writes = VPREC_FLAG_OTHERS;
        return use;
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_CMP:
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_TEST:
    case ZYDIS_MNEMONIC_NEG:
    case ZYDIS_MNEMONIC_COMISS:
    case ZYDIS_MNEMONIC_COMISD:
    case ZYDIS_MNEMONIC_UCOMISS:
    case ZYDIS_MNEMONIC_UCOMISD:
    case ZYDIS_MNEMONIC_VCOMISS:
    case ZYDIS_MNEMONIC_VCOMISD:
    case ZYDIS_MNEMONIC_VUCOMISS:
    case ZYDIS_MNEMONIC_VUCOMISD:
        use.writes = VPREC_FLAGS_ALL;
        return use;
    case ZYDIS_MNEMONIC_SYSCALL: /* r11 has them behind it */
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_LAHF:
        use.reads = VPREC_FLAGS_ALL;
        return use;
    default:
        return use;
    }
}

/* Of x87 the operand in memory: D8 and D9 have binary32, DC and DD binary64, the others integers. */
static uint32_t x87_numbers(const ZydisDecodedInstruction *z)
{
    bool memory = z->raw.modrm.mod != 3;
    bool f32 = memory && (z->opcode == 0xD8 || z->opcode == 0xD9), f64 = memory && (z->opcode == 0xDC || z->opcode == 0xDD);
    return VPREC_NUMBER_LONG | (z->mnemonic == ZYDIS_MNEMONIC_FLD ? VPREC_NUMBER_WIDENED : 0) | (f32 ? VPREC_NUMBER_F32 : 0) | (f64 ? VPREC_NUMBER_F64 : 0);
}

uint32_t vprec_decode_numbers(const uint8_t *bytes, size_t size)
{
    ZydisDecodedInstruction z;
    if (!decode(bytes, size, &z))
        return VPREC_NUMBER_OTHER;
    if (z.meta.category == ZYDIS_CATEGORY_X87_ALU)
        return x87_numbers(&z);
    if (z.meta.category == ZYDIS_CATEGORY_AMD3DNOW)
        return VPREC_NUMBER_F32;
    switch (z.mnemonic) {
    case ZYDIS_MNEMONIC_VDPBF16PS:
    case ZYDIS_MNEMONIC_TDPBF16PS:
    case ZYDIS_MNEMONIC_VCVTPH2PSX:
    case ZYDIS_MNEMONIC_VCVTPH2PD:
    case ZYDIS_MNEMONIC_VCVTSH2SS:
    case ZYDIS_MNEMONIC_VCVTSH2SD: return VPREC_NUMBER_OTHER;
    default: break;
    }
    /* "vfmaddps", "cvtpi2pd", "vaddph": the last letter */
    const char *name = ZydisMnemonicGetString(z.mnemonic);
    size_t length = name ? __builtin_strlen(name) : 0;
    char last = length ? name[length - 1] : 0;
    return last == 's' ? VPREC_NUMBER_F32 : last == 'd' ? VPREC_NUMBER_F64 : VPREC_NUMBER_OTHER;
}

static const char *reason(const ZydisDecodedInstruction *z)
{
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_X87_ALU: return "x87 arithmetic is not supported";
    case ZYDIS_CATEGORY_AMD3DNOW: return "3DNow! is not supported";
    case ZYDIS_CATEGORY_AMX_TILE: return "AMX is not supported";
    case ZYDIS_CATEGORY_FMA4:
    case ZYDIS_CATEGORY_XOP: return "AMD's FMA4 and XOP are not supported";
    default: break;
    }
    switch (z->meta.isa_set) {
    case ZYDIS_ISA_SET_AVX512_BF16_128:
    case ZYDIS_ISA_SET_AVX512_BF16_256:
    case ZYDIS_ISA_SET_AVX512_BF16_512: return "BF16 arithmetic is not supported";
    case ZYDIS_ISA_SET_AVX512_FP16_128:
    case ZYDIS_ISA_SET_AVX512_FP16_128N:
    case ZYDIS_ISA_SET_AVX512_FP16_256:
    case ZYDIS_ISA_SET_AVX512_FP16_512:
    case ZYDIS_ISA_SET_AVX512_FP16_SCALAR: return "FP16 arithmetic is not supported";
    default: return "not supported";
    }
}

void vprec_decode_plain(const uint8_t *bytes, size_t size, uint64_t address, char *text, size_t room)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisFormatter formatter;
    text[0] = 0;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &z, operands)) ||
        !ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &z, operands, z.operand_count_visible, text, room,
                                                      address, NULL)))
        text[0] = 0;
}

void vprec_decode_text(const uint8_t *bytes, size_t size, uint64_t address, char *text, size_t room)
{
    ZydisDecodedInstruction z;
    static const char undecoded[] = "code that cannot be decoded, and what follows it: not supported";
    for (size_t i = 0; i < room && i < sizeof undecoded; i++)
        text[i] = undecoded[i];
    if (!decode(bytes, size, &z))
        return;
    vprec_decode_plain(bytes, size, address, text, room);
    if (!*text)
        return;
    size_t n = 0;
    while (n < room && text[n])
        n++;
    const char *parts[2] = {": ", reason(&z)};
    for (int i = 0; i < 2; i++)
        for (const char *s = parts[i]; *s && n + 1 < room; s++)
            text[n++] = *s;
    text[n] = 0;
}
