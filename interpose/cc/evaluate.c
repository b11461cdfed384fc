/* SPDX-License-Identifier: Apache-2.0
 * evaluate.c: see evaluate.h; compiled code asks by way of slow.S. Lane by lane. Computes with integers, like
 * the emulator, whose steps these are. */
#include "evaluate.h"
#include "cc/host.h"
#include "cc/masks.h"
#include "cc/rules.h"
#include "cc/start.h"
#include "plan.h"
#include "x86/emulate/step.h"
#include <immintrin.h>

_Static_assert((int)VPREC_CC_ADD == (int)VPREC_BASIC_ADD && (int)VPREC_CC_FMA == (int)VPREC_BASIC_FMA &&
                   (int)VPREC_CC_BF16 == (int)VPREC_E_BF16 && (int)VPREC_CC_U64 == (int)VPREC_E_U64,
               "numbers that compiled code has");

static uint64_t get(const void *from, unsigned size, unsigned i)
{
    uint64_t bits = 0;
    if (from)
        memcpy(&bits, (const char *)from + (size_t)size * i, size);
    return bits;
}

/* The rounding made ready for libvprec's kernels; false: it draws random words, or counts, or does what they do not. */
static bool prepare(vprec_plan *plan, const vprec_arith *arith, vprec_type type)
{
    const vprec_rounding rounding = {.format = arith->format[type], .mode = arith->mode};
    return arith->mode != VPREC_SR && !arith->noise[type].what && !arith->counting && !arith->fast &&
           arith->round == VPREC_ROUND_RESULTS && arith->ops == VPREC_OPS_ALL &&
           !(arith->format[type].flags & VPREC_NONAN) && vprec_plan_make(plan, &rounding, type) == VPREC_OK;
}

/* Whether some of the native results is NaN: which one it is the emulator knows. */
static bool any_nan(vprec_type type, const void *numbers, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const uint64_t bits = get(numbers, type == VPREC_F64 ? 8 : 4, i);
        if (type == VPREC_F64 ? vprec_bits_nan(bits) : (bits & INT32_MAX) > 0x7f800000)
            return true;
    }
    return false;
}

/* All lanes at once, by a kernel. False: it has to be done one by one. */
static bool at_once(const vprec_arith *arith, uint32_t code, void *out, const void *a, const void *b, const void *c)
{
    static const uint8_t ops[] = {[VPREC_CC_ADD] = VPREC_OP_add,   [VPREC_CC_SUB] = VPREC_OP_sub,
                                  [VPREC_CC_MUL] = VPREC_OP_mul,   [VPREC_CC_DIV] = VPREC_OP_div,
                                  [VPREC_CC_SQRT] = VPREC_OP_sqrt, [VPREC_CC_FMA] = VPREC_OP_fma};
    const unsigned op = VPREC_CC_CODE_OP(code), lanes = VPREC_CC_CODE_LANES(code);
    const vprec_type type = (vprec_type)VPREC_CC_CODE_TYPE(code);
    vprec_plan plan;
    if (op > VPREC_CC_FMA || (_mm_getcsr() & ~0x3fu) != VPREC_MXCSR_PLAIN || any_nan(type, out, lanes) ||
        !prepare(&plan, arith, type))
        return false;
    const vprec_kernels *kernels = vprec_kernels_at(vprec_cpu_level());
    if (type == VPREC_F32)
        kernels->f32[ops[op]](out, a, b, c, lanes, &plan, NULL);
    else
        kernels->f64[ops[op]](out, a, b, c, lanes, &plan, NULL);
    return true;
}

/* How the emulator would know the operation. */
static vprec_site instruction_of(uint32_t code)
{
    static const uint8_t ops[] = {[VPREC_CC_ADD] = VPREC_OP_ADD,         [VPREC_CC_SUB] = VPREC_OP_SUB,
                                  [VPREC_CC_MUL] = VPREC_OP_MUL,         [VPREC_CC_DIV] = VPREC_OP_DIV,
                                  [VPREC_CC_SQRT] = VPREC_OP_SQRT,       [VPREC_CC_FMA] = VPREC_OP_FMA,
                                  [VPREC_CC_CONVERT] = VPREC_OP_CVT, [VPREC_CC_VALUE] = VPREC_OP_VALUE};
    return (vprec_site){.op = ops[VPREC_CC_CODE_OP(code)],
                        .from = VPREC_CC_CODE_FROM(code),
                        .to = VPREC_CC_CODE_TYPE(code),
                        .lanes = 1,
                        .map = VPREC_MAP_RESULT};
}

/* What the operation is counted in; NULL: nothing. */
static vprec_counts *counts_of(vprec_cc_site *site, const vprec_arith *arith, vprec_type type, const void *code)
{
    if (!arith->counting)
        return NULL;
    uint32_t counter = __atomic_load_n(&site->counter, __ATOMIC_ACQUIRE);
    if (!counter) {
        counter = vprec_cc_run->counter(site, code);
        __atomic_store_n(&site->counter, counter, __ATOMIC_RELEASE);
    }
    return vprec_cc_run->counts(counter, type);
}

void vprec_cc_evaluate(vprec_cc_site *site, uint32_t code, void *out, const void *a, const void *b, const void *c,
                       const void *asked_from)
{
    if (__atomic_load_n(&site->state, __ATOMIC_ACQUIRE) != VPREC_CC_READY) {
        vprec_cc_start();
        site->arith = vprec_cc_rule_for(site);
        if (!vprec_cc_scoped) { /* what holds in a scope is asked each time */
            site->arith = site->arith ? site->arith : &vprec_arith_current;
            vprec_cc_masks_fill(site, site->arith);
        }
        __atomic_store_n(&site->state, VPREC_CC_READY, __ATOMIC_RELEASE);
    }
    const vprec_arith *arith = vprec_cc_scoped ? vprec_cc_scoped->here(site->arith) : site->arith;
    const vprec_site instruction = instruction_of(code);
    const uint32_t use = arith->use[instruction.to];
    if (use == VPREC_USE_NONE || (use == VPREC_USE_NATIVE && !arith->counting))
        return; /* the native result is there */
    if (at_once(arith, code, out, a, b, c))
        return;
    const unsigned op = VPREC_CC_CODE_OP(code), lanes = VPREC_CC_CODE_LANES(code);
    const unsigned size = vprec_elem_size(instruction.to), source = vprec_elem_size(instruction.from);
    uint32_t mxcsr = _mm_getcsr();
    vprec_stepper stepper;
    vprec_counts *counts = counts_of(site, arith, (vprec_type)instruction.to, asked_from);
    vprec_stepper_start(&stepper, &instruction, mxcsr, arith, counts);
    for (unsigned i = 0; i < lanes; i++) {
        stepper.lane = (uint8_t)i;
        uint64_t r;
        if (op == VPREC_CC_CONVERT)
            r = vprec_step_convert(&stepper, instruction.from, get(a, source, i));
        else if (op == VPREC_CC_VALUE)
            r = vprec_step_value(&stepper, &instruction, get(out, size, i));
        else
            r = vprec_step(&stepper, (enum vprec_basic)op, get(a, size, i), get(b, size, i), get(c, size, i), 0, true);
        memcpy((char *)out + (size_t)size * i, &r, size);
    }
    if (counts)
        vprec_tally_end(&stepper.tally, instruction.op, lanes);
}
