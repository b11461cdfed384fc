/* SPDX-License-Identifier: Apache-2.0
 * numbers.c: one number in a random mode, the same as an array of one: Python would take longer to put the arguments
 * together than the work takes. */
#include "vprec.h"

/* What is done, the same for many numbers; whoever fills it in has checked it. */
typedef struct task {
    vprec_format format;
    int mode; /* VPREC_SR; above it are those with noise: in bit 0 of results, in bit 1 of operands */
    unsigned bits;
    unsigned precision; /* of noise */
    int operation;      /* round, add, sub, mul, div, sqrt, fma; or a vprec_function */
    int is_double;      /* else all numbers are binary32's */
    size_t *unproven;   /* of a function: grows by one where the result is not proven */
} task;

typedef struct draw {
    vprec_rounding to;
    vprec_source source;
    vprec_noise noise;
} draw;

VPREC_API double vprec_python_operation_1(double a, const task *what, uint64_t seed, int64_t call);
VPREC_API double vprec_python_operation_2(double a, double b, const task *what, uint64_t seed, int64_t call);
VPREC_API double vprec_python_operation_3(double a, double b, double c, const task *what, uint64_t seed, int64_t call);
VPREC_API double vprec_python_function(double x, double y, const task *what, uint64_t seed, int64_t call);
VPREC_API double vprec_python_exact_1(double x, const task *what);
VPREC_API double vprec_python_exact_2(double x, double y, const task *what);

/* Random numbers are of `seed` alone, or of its child number `call` unless that is negative. */
static const vprec_rounding *draw_init(draw *d, const task *what, uint64_t seed, int64_t call)
{
    vprec_source_init(&d->source, call < 0 ? seed : vprec_key_child(seed, (uint64_t)call));
    d->to = (vprec_rounding){.format = what->format, .mode = VPREC_SR};
    d->to.random = vprec_source_random(&d->source, what->bits);
    if (what->mode > VPREC_SR) {
        d->noise = (vprec_noise){(unsigned)(what->mode - VPREC_SR), what->precision, VPREC_ERROR_RELATIVE, 0};
        d->to.mode = VPREC_RNE;
        d->to.noise = &d->noise;
    }
    return &d->to;
}

#define OPERATE(type, r, x, to)                                                                                       \
    switch (operation) {                                                                                              \
    case 0: return vprec_round_##type(r, x, 1, to);                                                                   \
    case 1: return vprec_add_##type(r, x, x + 1, 1, to);                                                              \
    case 2: return vprec_sub_##type(r, x, x + 1, 1, to);                                                              \
    case 3: return vprec_mul_##type(r, x, x + 1, 1, to);                                                              \
    case 4: return vprec_div_##type(r, x, x + 1, 1, to);                                                              \
    case 5: return vprec_sqrt_##type(r, x, 1, to);                                                                    \
    case 6: return vprec_fma_##type(r, x, x + 1, x + 2, 1, to);                                                       \
    default: return VPREC_EINVAL;                                                                                     \
    }

static vprec_status operate_f32(int operation, float *r, const float *x, const vprec_rounding *to)
{
    OPERATE(f32, r, x, to)
}

static vprec_status operate_f64(int operation, double *r, const double *x, const vprec_rounding *to)
{
    OPERATE(f64, r, x, to)
}

/* A status other than VPREC_OK is a task that was not checked; it is no number, then. */
double vprec_python_operation_3(double a, double b, double c, const task *what, uint64_t seed, int64_t call)
{
    draw d;
    const vprec_rounding *to = draw_init(&d, what, seed, call);
    if (what->is_double) {
        double result = 0;
        return operate_f64(what->operation, &result, (double[]){a, b, c}, to) ? __builtin_nan("") : result;
    }
    float result = 0;
    return operate_f32(what->operation, &result, (float[]){(float)a, (float)b, (float)c}, to) ? __builtin_nan("")
                                                                                              : result;
}

/* Python takes 50 ns for each argument. */
double vprec_python_operation_2(double a, double b, const task *what, uint64_t seed, int64_t call)
{
    return vprec_python_operation_3(a, b, 0, what, seed, call);
}

double vprec_python_operation_1(double a, const task *what, uint64_t seed, int64_t call)
{
    return vprec_python_operation_3(a, 0, 0, what, seed, call);
}

/* One count of what is not proven serves all callers, who hold one lock. */
double vprec_python_function(double x, double y, const task *what, uint64_t seed, int64_t call)
{
    draw d;
    const vprec_rounding *to = draw_init(&d, what, seed, call);
    vprec_function function = (vprec_function)what->operation;
    vprec_status status;
    size_t more = 0;
    double result = 0;
    if (what->is_double) {
        status = vprec_libm_f64(function, &result, &x, &y, 1, to, &more);
    } else {
        float single = 0, operands[] = {(float)x, (float)y};
        status = vprec_libm_f32(function, &single, operands, operands + 1, 1, to, &more);
        result = single;
    }
    *what->unproven += more;
    return status ? __builtin_nan("") : result;
}

/* The same in a mode that draws nothing. */
double vprec_python_exact_2(double x, double y, const task *what)
{
    bool more = false;
    double result = vprec_libm((vprec_function)what->operation, x, y, &what->format, (vprec_mode)what->mode, &more);
    *what->unproven += more;
    return result;
}

double vprec_python_exact_1(double x, const task *what)
{
    return vprec_python_exact_2(x, 0, what);
}
