/* SPDX-License-Identifier: Apache-2.0
 * directed.c: see directed.h. Of AVX-512 vectors of 512 bits and scalars have a direction of their own: what is shorter is
 * made longer. */
#include "directed.h"
#include <string.h>

enum { DOWN = 9, UP = 10, LONGEST = 16 }; /* with exceptions suppressed */

typedef struct call {
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMTypeRef i32;
    unsigned lanes, whole; /* of the operation, of the instruction; 1: scalars */
} call;

/* The first lanes of a vector, in one of so many. */
static LLVMValueRef resized(const call *c, LLVMValueRef vector, unsigned to)
{
    LLVMValueRef places[LONGEST];
    const unsigned from = LLVMGetVectorSize(LLVMTypeOf(vector));
    if (from == to)
        return vector;
    for (unsigned i = 0; i < to; i++)
        places[i] = LLVMConstInt(c->i32, i < from ? i : 0, false); /* a lane twice raises nothing new */
    return LLVMBuildShuffleVector(c->b, vector, LLVMGetUndef(LLVMTypeOf(vector)), LLVMConstVector(places, to), "");
}

static LLVMValueRef fused(const call *c, const char *name, const LLVMValueRef operand[3], unsigned direction)
{
    LLVMValueRef function =
        LLVMGetIntrinsicDeclaration(c->module, LLVMLookupIntrinsicID(name, strlen(name)), NULL, 0);
    LLVMValueRef given[] = {operand[0], operand[1], operand[2], LLVMConstInt(c->i32, direction, false)};
    LLVMValueRef result = LLVMBuildCall2(c->b, LLVMGlobalGetValueType(function), function, given, 4, "");
    return c->whole > 1 ? resized(c, result, c->lanes) : result;
}

bool vprec_cc_directed(LLVMModuleRef module, LLVMBuilderRef builder, LLVMValueRef function,
                       const vprec_cc_operation *o, LLVMValueRef *down, LLVMValueRef *up)
{
    static const char *const names[2][2] = {{"llvm.x86.avx512.vfmadd.f32", "llvm.x86.avx512.vfmadd.ps.512"},
                                            {"llvm.x86.avx512.vfmadd.f64", "llvm.x86.avx512.vfmadd.pd.512"}};
    if (o->op != VPREC_CC_FMA || !vprec_cc_has(function, "+avx512f"))
        return false;
    LLVMTypeRef type = LLVMTypeOf(o->operand[0]);
    const bool vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind, f64 = o->type == VPREC_CC_F64;
    call c = {module, builder, LLVMInt32TypeInContext(LLVMGetModuleContext(module)),
              vector ? LLVMGetVectorSize(type) : 1, vector ? f64 ? 8 : 16 : 1};
    if (c.lanes > c.whole)
        return false;
    if (vector) /* where the compiler prefers shorter ones, it would not have them at all */
        LLVMAddTargetDependentFunctionAttr(function, "min-legal-vector-width", "512");
    LLVMValueRef operand[3];
    for (unsigned i = 0; i < 3; i++)
        operand[i] = vector ? resized(&c, o->operand[i], c.whole) : o->operand[i];
    *down = fused(&c, names[f64][vector], operand, DOWN);
    *up = fused(&c, names[f64][vector], operand, UP);
    return true;
}
