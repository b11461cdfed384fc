/* SPDX-License-Identifier: Apache-2.0
 * elementary.c: see elementary.h. The names are those of the libraries' manuals and symbol tables: SVML of Intel's
 * compilers 2020 and NumPy 2, Sleef 3.5 to 3.9, MKL 2024, AOCL-LibM 4. */
#include "elementary.h"
#include "demangle.h"
#include "runtime/names.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Names of mathematics, without what tells the type; sorted. */
static const char *const functions[] = {
    "acos", "acosd", "acosh", "acospi", "annuity", "asin", "asind", "asinh", "asinpi", "atan", "atan2", "atan2d",
    "atan2pi", "atand", "atanh", "atanpi", "cbrt", "cdfnorm", "cdfnorminv", "compound", "cos", "cosd", "cosh",
    "cospi", "cot", "cotd", "drem", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp", "exp10", "exp2", "expm1",
    "fastcos", "fastpow", "fastsin", "fmod", "gamma", "hypot", "invcbrt", "invsqrt", "j0", "j1", "ldexp",
    "lgamma", "log", "log10", "log1p", "log2", "pow", "pow2o3", "pow3o2", "powr", "powx", "remainder", "rsqrt",
    "scalbln", "scalbn", "sin", "sincos", "sincosd", "sincospi", "sind", "sinh", "sinhcosh", "sinpi", "tan",
    "tand", "tanh", "tanpi", "tgamma", "y0", "y1",
};

static int compare(const void *name, const void *element)
{
    return strcmp(name, *(const char *const *)element);
}

enum { LONGEST = 24 };

/* Whether the first `n` characters are one of them. */
static bool is_function(const char *name, size_t n)
{
    char room[LONGEST];
    if (!n || n >= sizeof room)
        return false;
    memcpy(room, name, n);
    room[n] = 0;
    return bsearch(room, functions, sizeof functions / sizeof *functions, sizeof *functions, compare);
}

static bool is_any(const char *name, size_t n, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == n && !memcmp(name, *list, n))
            return true;
    return false;
}

/* expf, exp: by libm's rule, a float function's name ends in f. */
static bool scalar(const char *name, size_t n, vprec_routine *routine)
{
    bool f32 = n > 1 && name[n - 1] == 'f' && is_function(name, n - 1);
    if (!f32 && !is_function(name, n))
        return false;
    *routine = (vprec_routine){.type = f32 ? VPREC_F32 : VPREC_F64, .lanes = 1, .results = 1};
    return true;
}

/* Two results of a scalar function, to where two pointers lead that follow the number. */
static bool is_double(const char *name)
{
    return !strncmp(name, "sincos", 6) || !strncmp(name, "sinhcosh", 8);
}

static void to_pointers(vprec_routine *routine)
{
    *routine = (vprec_routine){.type = routine->type, .lanes = routine->lanes, .arrays = 2, .to = {0, 1},
                               .count = VPREC_ROUTINE_NONE, .stride = VPREC_ROUTINE_NONE};
}

/* The number at the end of the first `*n` characters, which end before it then; 0: none. */
static unsigned number_at_end(const char *name, size_t *n)
{
    size_t end = *n;
    while (*n && name[*n - 1] >= '0' && name[*n - 1] <= '9')
        --*n;
    unsigned number = 0;
    for (size_t i = *n; i < end && end - *n < 4; i++)
        number = number * 10 + (unsigned)(name[i] - '0');
    return number;
}

static bool is_power(unsigned lanes)
{
    return lanes && lanes <= 16 && !(lanes & (lanes - 1));
}

/* What they return is exact, or no number. */
static const char *const exact[] = {
    "ceil", "copysign", "expfrexp", "fabs", "floor", "fmax", "fmin", "frfrexp", "getInt", "getPtr", "ilogb",
    "modf", "nearbyint", "nextafter", "rint", "round", "trunc", NULL,
};

/* One instruction where they are linked in, which is rounded once; of a library they are called. */
static const char *const instructions[] = {"fdim", "fma", "sqrt", NULL};

/* Suffixes of SVML's functions: accuracies and processors have two characters. */
static bool is_variant(const char *suffix)
{
    while (*suffix == '_') {
        size_t n = strcspn(suffix + 1, "_");
        if (n != 2 && !(n == 4 && !strncmp(suffix + 1, "mask", n)))
            return false;
        suffix += 1 + n;
    }
    return !*suffix;
}

/* __svml_<function>[f]<lanes>, perhaps with suffixes: _mask, an accuracy, the processor that it is for. */
static void svml(const char *name, vprec_routine *routine)
{
    static const char *const complexes[] = {"cacos", "cacosh", "casin", "casinh", "catan", "catanh", "ccos", "ccosh",
                                            "cexp",  "cis",    "clog",  "clog10", "clog2", "cpow",   "csin", "csinh",
                                            "csqrt", "ctan",   "ctanh", NULL};
    size_t n = strcspn(name, "_"), length = n;
    bool integer = (*name == 'i' || *name == 'u') && (!fnmatch("?*div*", name, 0) || !fnmatch("?*rem*", name, 0));
    if (n < 3 || integer || !is_variant(name + n))
        return;
    unsigned lanes = number_at_end(name, &n);
    if (!is_power(lanes) && is_power(lanes % 100) && lanes % 100 >= 16) { /* log10 of 16 is log1016 */
        lanes %= 100;
        n = length - 2;
    } else if (!is_power(lanes) || length - n > 2) {
        lanes %= 10;
        n = length - 1;
    }
    bool f32 = n > 1 && name[n - 1] == 'f' && !(n == 3 && !strncmp(name, "erf", 3));
    bool complex = is_any(name, n - f32, complexes);
    bool halves = name[length - 2] == '3' && name[length - 1] == '2'; /* 32 of binary16 */
    unsigned bytes = lanes * (f32 ? 4 : 8) * (complex ? 2 : 1), each = bytes == 8 && f32 ? 4 : bytes / (f32 ? 4 : 8);
    if (!is_power(lanes) || halves || bytes > 64 || is_any(name, n - f32, exact))
        return;
    *routine = (vprec_routine){.type = f32 ? VPREC_F32 : VPREC_F64, .lanes = (uint8_t)each,
                               .results = is_double(name) ? 2 : 1};
}

/* Sleef_[finz_|cinz_]<function><f|d><lanes>[_u<error>][processor]; without lanes as libm's. */
static bool sleef(const char *name, bool basic, vprec_routine *routine)
{
    if (!strncmp(name, "finz_", 5) || !strncmp(name, "cinz_", 5))
        name += 5;
    size_t n = strcspn(name, "_"), stem = n;
    if (is_any(name, n, exact) || (n && name[n - 1] == 'f' && is_any(name, n - 1, exact)))
        return true;
    if (scalar(name, n, routine)) {
        if (is_double(name)) { /* a structure: both floats in one register, or a double each in two */
            bool f32 = routine->type == VPREC_F32;
            routine->lanes = f32 ? 4 : 1;
            routine->results = f32 ? 1 : 2;
        }
        return true;
    }
    unsigned lanes = number_at_end(name, &stem);
    bool f32 = stem && name[stem - 1] == 'f';
    if (!stem || !is_power(lanes) || (!f32 && name[stem - 1] != 'd') || lanes * (f32 ? 4 : 8) > 64)
        return false;
    if (is_any(name, stem - 1, exact))
        return true;
    if (!is_function(name, stem - 1) && !(basic && is_any(name, stem - 1, instructions)))
        return false;
    bool two = is_double(name), one = lanes == 1;
    *routine = (vprec_routine){.type = f32 ? VPREC_F32 : VPREC_F64, .lanes = (uint8_t)(one && two && f32 ? 4 : lanes),
                               .results = two && !(one && f32) ? 2 : 1, .stored = two && !one};
    return true;
}

/* mkl_vml_kernel_<s|d|c|z><Function>[I]_<processor><accuracy>...: (n, arrays in, arrays out), with I each array's
 * stride behind it. */
static bool mkl(const char *name, vprec_routine *routine)
{
    /* Exact, or one instruction for each element. */
    static const char *const ordinary[] = {"Add", "Sub", "Mul", "Sqr", "Abs", "LinearFrac", "MulByConj", "Conj", "Fdim",
                                           NULL};
    static const char *const whole[] = {"Floor", "Ceil", "Trunc", "Round", "Rint", "NearbyInt", "Modf", "Frac",
                                        "CopySign", "NextAfter", "Fmax", "Fmin", "MaxMag", "MinMag", "Error", NULL};
    static const char *const binary[] = {"Pow", "Powr", "Atan2", "Atan2pi", "Hypot", "Fmod", "Remainder", "Div", NULL};
    static const char *const complex_to_real[] = {"Arg", NULL};
    bool complex = *name == 'c' || *name == 'z';
    if (*name != 's' && *name != 'd' && !complex)
        return false;
    const char *function = name + 1;
    size_t n = strcspn(function, "_");
    if (!n || function[n] != '_' || *function < 'A' || *function > 'Z')
        return false;
    bool strided = function[n - 1] == 'I';
    n -= strided;
    if (is_any(function, n, ordinary))
        return false;
    bool cis = n == 3 && !strncmp(function, "CIS", 3);
    if (is_any(function, n, whole))
        return true;
    routine->lost = cis || (n == 4 && !strncmp(function, "Powx", n));
    if (routine->lost)
        return true;
    const unsigned in = is_any(function, n, binary) ? 2 : 1, step = strided ? 2 : 1;
    const bool two = n == 6 && !strncmp(function, "SinCos", n);
    *routine = (vprec_routine){.type = *name == 's' || *name == 'c' ? VPREC_F32 : VPREC_F64,
                               .lanes = complex && !is_any(function, n, complex_to_real) ? 2 : 1,
                               .arrays = two ? 2 : 1, .to = {(uint8_t)(1 + in * step), (uint8_t)(1 + (in + 1) * step)},
                               .count = 0, .stride = strided ? (uint8_t)(2 + in * step) : VPREC_ROUTINE_NONE};
    /* the second array's stride is taken for the first one's: MKL has no other way to call it than one for all */
    if (routine->to[two] + strided >= VPREC_ROUTINE_ARGUMENTS)
        *routine = (vprec_routine){.lost = true};
    return true;
}

/* [amd]_vr<s|d><lanes|a>_<function>: arrays as (n, in, out). */
static bool amd(const char *name, vprec_routine *routine)
{
    bool f32 = *name == 's', array = name[1] == 'a';
    size_t digits = strspn(name + 1, "0123456789");
    const char *function = name + 1 + (array ? 1 : digits) + 1;
    if ((*name != 's' && *name != 'd') || (!array && !digits) || function[-1] != '_' ||
        !scalar(function, strlen(function), routine) || (routine->type == VPREC_F32) != f32)
        return false;
    const bool two = is_double(function), more = !strncmp(function, "pow", 3) && strncmp(function, "powx", 4);
    size_t end = 1 + digits;
    unsigned lanes = array ? 1 : number_at_end(name, &end);
    if (array) {
        const unsigned in = more || !strncmp(function, "atan2", 5) || !strncmp(function, "hypot", 5) ? 2 : 1;
        *routine = (vprec_routine){.type = routine->type, .lanes = 1, .arrays = two ? 2 : 1,
                                   .to = {(uint8_t)(1 + in), (uint8_t)(2 + in)}, .count = 0,
                                   .stride = VPREC_ROUTINE_NONE};
        return true;
    }
    if (!is_power(lanes) || lanes * (f32 ? 4 : 8) > 64)
        return false;
    routine->lanes = (uint8_t)lanes;
    if (two)
        to_pointers(routine);
    return true;
}

/* _ZGV<processor><N|M><lanes><parameters>_<name>: the name, and how many lanes of which width; NULL: no such one. */
static const char *vector_abi(const char *name, unsigned *lanes, unsigned *width, bool *pointers)
{
    static const char processors[] = "bcde";
    const char *processor = strncmp(name, "_ZGV", 4) || !name[4] ? NULL : strchr(processors, name[4]);
    if (!processor || (name[5] != 'N' && name[5] != 'M'))
        return NULL;
    *width = *processor == 'b' ? 16 : *processor == 'e' ? 64 : 32;
    const char *at = name + 6;
    size_t n = strspn(at, "0123456789");
    size_t end = 6 + n;
    *lanes = number_at_end(name, &end);
    *pointers = at[n] == 'v' && at[n + 1] == 'l';
    const char *function = strchr(at + n, '_');
    return n && is_power(*lanes) && function ? function + 1 : NULL;
}

/* What a vector form of a scalar function returns. */
static void widen(vprec_routine *routine, unsigned lanes, unsigned width, bool pointers)
{
    unsigned bytes = lanes * (routine->type == VPREC_F32 ? 4 : 8), registers = (bytes + width - 1) / width;
    if (routine->arrays || (pointers && is_power(lanes))) {
        routine->lanes = (uint8_t)lanes;
        to_pointers(routine);
    } else if (routine->results != 1 || routine->lanes != 1 || registers > 2) {
        *routine = (vprec_routine){.lost = true};
    } else {
        routine->lanes = (uint8_t)(lanes / registers);
        routine->results = (uint8_t)registers;
    }
}

/* libm's name, or what GNU's compilers make of it: __exp_finite. */
static bool libm(const char *name, vprec_routine *routine)
{
    size_t n = strlen(name);
    if (n > 9 && !strncmp(name, "__", 2) && !strcmp(name + n - 7, "_finite"))
        return scalar(name + 2, n - 9, routine);
    return scalar(name, n, routine);
}

bool vprec_elementary_named(const char *name, vprec_routine *routine)
{
    unsigned lanes, width;
    bool pointers, found = false;
    *routine = (vprec_routine){0};
    switch (*name) {
    case 'S': return !strncmp(name, "Sleef_", 6) && sleef(name + 6, false, routine);
    case 'a': return !strncmp(name, "amd_vr", 6) && amd(name + 6, routine);
    case 'm': return !strncmp(name, "mkl_vml_kernel_", 15) && mkl(name + 15, routine);
    case '_': break;
    default: return false;
    }
    if (!strncmp(name, "__svml_", 7)) {
        svml(name + 7, routine);
        return true;
    }
    if (!strncmp(name, "__vr", 4))
        return amd(name + 4, routine);
    const char *function = vector_abi(name, &lanes, &width, &pointers);
    if (!function)
        return false;
    if (!strncmp(function, "Sleef_", 6))
        found = sleef(function + 6, false, routine);
    else
        found = libm(function, routine);
    if (found && vprec_routine_rounds(routine))
        widen(routine, lanes, width, pointers);
    return found;
}

bool vprec_elementary_library(const char *path)
{
    static const char *const libraries[] = {"libimf.so*", "libsvml.so*", "libalm.so*", "libamdlibm.so*",
                                            "libsleef.so*", "libsleefgnuabi.so*"};
    const char *base = vprec_name_base(path);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries && !strncmp(base, "lib", 3); i++)
        if (!fnmatch(libraries[i], base, 0))
            return true;
    return false;
}

bool vprec_elementary_of_library(const char *name, vprec_routine *routine)
{
    *routine = (vprec_routine){0};
    if (!strncmp(name, "Sleef_", 6))
        return sleef(name + 6, true, routine);
    if (vprec_elementary_named(name, routine))
        return true;
    const char *plain = !strncmp(name, "amd_", 4) ? name + 4 : name;
    size_t n = strlen(plain);
    bool f32 = n > 1 && plain[n - 1] == 'f';
    if (is_any(plain, n - f32, instructions) || is_any(plain, n, instructions))
        *routine = (vprec_routine){.type = f32 ? VPREC_F32 : VPREC_F64, .lanes = 1, .results = 1};
    else if (!libm(plain, routine))
        return false;
    if (is_double(plain))
        to_pointers(routine);
    return true;
}

bool vprec_elementary_any(const vprec_wire_config *config)
{
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++)
        if (config->rule[i].kind == VPREC_RULE_ELEMENTARY)
            return true;
    return false;
}

static bool is_name(const char *glob, const char *name)
{
    return name && (!fnmatch(glob, name, 0) || !strcmp(glob, name));
}

static uint64_t matched_by(const vprec_wire_config *config, const char *symbol, vprec_routine *routine)
{
    uint64_t matched = 0;
    vprec_names names = vprec_demangle(symbol);
    const char *const all[] = {names.symbol, names.plain, names.full};
    for (uint32_t i = 0; i < config->rules && i < VPREC_RULES_MAX; i++)
        for (size_t n = 0; n < sizeof all / sizeof *all && config->rule[i].kind == VPREC_RULE_ELEMENTARY; n++) {
            if (!is_name(config->rule[i].glob, all[n]))
                continue;
            if (!matched)
                *routine = config->rule[i].routine;
            matched |= UINT64_C(1) << i;
        }
    return matched;
}

uint64_t vprec_elementary_asked(const vprec_wire_config *config, const char *symbol, vprec_routine *routine)
{
    unsigned lanes, width;
    bool pointers;
    uint64_t matched = matched_by(config, symbol, routine);
    const char *function = matched ? NULL : vector_abi(symbol, &lanes, &width, &pointers);
    if (function && (matched = matched_by(config, function, routine)))
        widen(routine, lanes, width, pointers);
    return matched;
}
