/* SPDX-License-Identifier: Apache-2.0
 * round.c: see pass.h. Masks from the record of the line tell the rounded result of the native one, or that it is not
 * clear: site.h. */
#include "pass.h"
#include "values.h"

static LLVMValueRef field(vprec_cc_pass *p, LLVMValueRef record, LLVMTypeRef type, size_t offset)
{
    LLVMValueRef at = vprec_cc_number(p->i64, offset), start = LLVMBuildBitCast(p->b, record, p->pointer, "");
    LLVMValueRef where = LLVMBuildGEP2(p->b, p->byte, start, &at, 1, "");
    return LLVMBuildLoad2(p->b, type, LLVMBuildBitCast(p->b, where, LLVMPointerType(type, 0), ""), "");
}

/* The scalar in all lanes of `type`. */
LLVMValueRef vprec_cc_splat(vprec_cc_pass *p, LLVMTypeRef type, LLVMValueRef scalar)
{
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
        return scalar;
    LLVMValueRef first = LLVMBuildInsertElement(p->b, LLVMGetUndef(type), scalar, vprec_cc_number(p->i32, 0), "");
    LLVMTypeRef places = LLVMVectorType(p->i32, LLVMGetVectorSize(type));
    return LLVMBuildShuffleVector(p->b, first, LLVMGetUndef(type), LLVMConstNull(places), "");
}

/* One of the numbers in a record, for integers in these lanes; where they are of 32 bits, and where of 64. */
LLVMValueRef vprec_cc_mask(vprec_cc_pass *p, LLVMValueRef record, LLVMTypeRef lanes, size_t narrow, size_t wide)
{
    LLVMTypeRef integer = vprec_cc_element(lanes);
    return vprec_cc_splat(p, lanes, field(p, record, integer, integer == p->i32 ? narrow : wide));
}
/* Whether any lane has it. */
LLVMValueRef vprec_cc_any_lane(vprec_cc_pass *p, LLVMValueRef condition)
{
    LLVMTypeRef type = LLVMTypeOf(condition);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
        return condition;
    LLVMTypeRef flags = LLVMIntTypeInContext(p->context, LLVMGetVectorSize(type));
    return LLVMBuildICmp(p->b, LLVMIntNE, LLVMBuildBitCast(p->b, condition, flags, ""), LLVMConstNull(flags), "");
}

static LLVMValueRef first_lane(vprec_cc_pass *p, LLVMTypeRef vector, LLVMValueRef scalar, bool zeros)
{
    LLVMValueRef rest = zeros ? LLVMConstNull(vector) : LLVMGetUndef(vector);
    return LLVMBuildInsertElement(p->b, rest, scalar, vprec_cc_number(p->i32, 0), "");
}

void vprec_cc_round_far(vprec_cc_pass *p, vprec_cc_rounding *r)
{
    LLVMTypeRef integer = LLVMGetTypeKind(vprec_cc_element(r->type)) == LLVMFloatTypeKind ? p->i32 : p->i64;
    const bool vector = LLVMGetTypeKind(r->type) == LLVMVectorTypeKind;
    r->lanes = vector ? LLVMVectorType(integer, LLVMGetVectorSize(r->type)) : integer;
    r->bits = LLVMBuildBitCast(p->b, r->native, r->lanes, "");
    const uint64_t most = integer == p->i32 ? INT32_MAX : INT64_MAX;
    LLVMValueRef magnitude = LLVMBuildAnd(p->b, r->bits, vprec_cc_splat(p, r->lanes, vprec_cc_number(integer, most)), "");
    LLVMValueRef distance = LLVMBuildSub(p->b, magnitude, VPREC_CC_MASK(r->lanes, low), "");
    r->far = LLVMBuildICmp(p->b, LLVMIntUGE, distance, VPREC_CC_MASK(r->lanes, limit), "");
}

void vprec_cc_round_by_masks(vprec_cc_pass *p, vprec_cc_rounding *r)
{
    vprec_cc_round_far(p, r);
    LLVMTypeRef integer = vprec_cc_element(r->lanes);
    LLVMValueRef sum;
    if (LLVMGetTypeKind(r->type) == LLVMVectorTypeKind) {
        sum = LLVMBuildAdd(p->b, r->bits, VPREC_CC_MASK(r->lanes, half), "");
        r->fast = LLVMBuildBitCast(p->b, LLVMBuildAnd(p->b, sum, VPREC_CC_MASK(r->lanes, keep), ""), r->type, "");
    } else { /* in the vector register in which the number is */
        const unsigned room = integer == p->i32 ? 4 : 2;
        LLVMTypeRef wide = LLVMVectorType(integer, room), floats = LLVMVectorType(r->type, room);
        LLVMValueRef there = LLVMBuildBitCast(p->b, first_lane(p, floats, r->native, false), wide, "");
        LLVMValueRef sums = LLVMBuildAdd(p->b, there, first_lane(p, wide, VPREC_CC_MASK(integer, half), true), "");
        LLVMValueRef kept = LLVMBuildAnd(p->b, sums, first_lane(p, wide, VPREC_CC_MASK(integer, keep), true), "");
        sum = LLVMBuildExtractElement(p->b, sums, vprec_cc_number(p->i32, 0), "");
        r->fast = LLVMBuildExtractElement(p->b, LLVMBuildBitCast(p->b, kept, floats, ""), vprec_cc_number(p->i32, 0), "");
    }
    LLVMValueRef dropped = LLVMBuildAnd(p->b, sum, VPREC_CC_MASK(r->lanes, drop), "");
    LLVMValueRef doubt = LLVMBuildICmp(p->b, LLVMIntEQ, dropped, LLVMConstNull(r->lanes), "");
    r->unclear = vprec_cc_any_lane(p, LLVMBuildOr(p->b, doubt, r->far, ""));
}

/* Bits rounded to nearest, ties to even or as the record has it; what has its last bit set in `more`, unless that is
 * NULL, is above them. */
LLVMValueRef vprec_cc_round_to_even(vprec_cc_pass *p, const vprec_cc_rounding *r, LLVMValueRef bits, LLVMValueRef more)
{
    LLVMValueRef last = LLVMBuildLShr(p->b, bits, VPREC_CC_DOUBT(r->lanes, shift), "");
    last = more ? LLVMBuildOr(p->b, last, more, "") : last;
    LLVMValueRef up = LLVMBuildAdd(p->b, VPREC_CC_DOUBT(r->lanes, less), LLVMBuildAnd(p->b, last, VPREC_CC_DOUBT(r->lanes, even), ""), "");
    LLVMValueRef sum = LLVMBuildAdd(p->b, bits, up, "");
    return LLVMBuildBitCast(p->b, LLVMBuildAnd(p->b, sum, VPREC_CC_MASK(r->lanes, keep), ""), r->type, "");
}
