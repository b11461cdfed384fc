/* SPDX-License-Identifier: Apache-2.0
 * elementary_test.c: find/elementary.c by names of the libraries' symbol tables, and what their manuals say that these
 * functions return. */
#include "find/elementary.h"
#include "find/demangle.h"
#include <stdio.h>
#include <string.h>

vprec_names vprec_demangle(const char *symbol) /* for patterns, which are not asked about here */
{
    return (vprec_names){.symbol = symbol};
}

/* How a routine is written here: type, lanes, results; @ for memory; or [count, stride, arrays...]. "" is native
 * inside, its results as they are, "?" likewise, since nobody knows where they are; "-" is no name of a function. */
static const struct expectation {
    const char *name, *means;
} named[] = {
    /* Intel's SVML, as in NumPy and libsvml */
    {"__svml_expf16", "f16x1"},
    {"__svml_expf16_mask", "f16x1"},
    {"__svml_expf8_ha_z0", "f8x1"},
    {"__svml_exp8", "d8x1"},
    {"__svml_exp28_ha", "d8x1"},
    {"__svml_exp2f16", "f16x1"},
    {"__svml_exp22", "d2x1"},
    {"__svml_exp2", "d2x1"},
    {"__svml_log108", "d8x1"},
    {"__svml_log1p8", "d8x1"},
    {"__svml_log1pf16", "f16x1"},
    {"__svml_expm18", "d8x1"},
    {"__svml_atan28", "d8x1"},
    {"__svml_atan2f16", "f16x1"},
    {"__svml_pow2o34", "d4x1"},
    {"__svml_erf8", "d8x1"},
    {"__svml_erff8", "f8x1"},
    {"__svml_sincosf8", "f8x2"},
    {"__svml_sincos2_e9", "d2x2"},
    {"__svml_cexpf2_l9", "f4x1"},
    {"__svml_cexp4", "d8x1"},
    {"__svml_exps32", ""},
    {"__svml_idiv8", ""},
    {"__svml_floorf8", ""},
    {"__svml_sexp_cout_rare_internal", ""},
    {"__svml_expf8_dispatch_table_init", ""},
    /* Sleef, as in PyTorch and libsleef */
    {"Sleef_expf8_u10", "f8x1"},
    {"Sleef_finz_expf8_u10avx2", "f8x1"},
    {"Sleef_cinz_log2d4_u35avx2", "d4x1"},
    {"Sleef_log1pf16_u10avx512f", "f16x1"},
    {"Sleef_exp10d8_u10", "d8x1"},
    {"Sleef_powf4_u10sse4", "f4x1"},
    {"Sleef_sincosf8_u35avx", "@f8x2"},
    {"Sleef_sincospid2_u05", "@d2x2"},
    {"Sleef_expf_u10", "f1x1"},
    {"Sleef_exp2_u10", "d1x1"},
    {"Sleef_atan2f1_u10", "f1x1"},
    {"Sleef_sincosf_u10", "f4x1"},
    {"Sleef_sincosd1_u10", "d1x2"},
    {"Sleef_fmodf16_avx512f", "f16x1"},
    {"Sleef_ilogbf8", ""},
    {"Sleef_floord4_avx2", ""},
    {"Sleef_getPtrf8", ""},
    {"Sleef_sqrtf8_u05", "-"},
    {"Sleef_fmad4", "-"},
    {"Sleef_expl_u10", "-"},
    {"Sleef_expq4_u10", "-"},
    {"Sleef_malloc", "-"},
    /* MKL, as in PyTorch and libmkl_vml_* */
    {"mkl_vml_kernel_sExp_Z0HAynn", "f1[0,-,2]"},
    {"mkl_vml_kernel_dLog10_E2HAynn", "d1[0,-,2]"},
    {"mkl_vml_kernel_sExpI_L9EPnnn", "f1[0,4,3]"},
    {"mkl_vml_kernel_dPow_L9HAynn", "d1[0,-,3]"},
    {"mkl_vml_kernel_sAtan2I_L9HAynn", "?"},
    {"mkl_vml_kernel_dSinCos_Z0LAynn", "d1[0,-,2,3]"},
    {"mkl_vml_kernel_cExp_Z0LAynn", "f2[0,-,2]"},
    {"mkl_vml_kernel_zAbs_Z0LAynn", "-"},
    {"mkl_vml_kernel_sTrunc_Z0HAynn", ""},
    {"mkl_vml_kernel_sPowx_Z0HAynn", "?"},
    {"_ZGVbN16v_expf", "?"},
    {"mkl_vml_kernel_sAdd_Z0HAynn", "-"},
    {"mkl_vml_kernel_GetMode", "-"},
    {"mkl_vml_serv_threader_s_1i_1o", "-"},
    /* AMD's, as in AOCL-LibM and ACML */
    {"amd_vrs8_expf", "f8x1"},
    {"amd_vrd4_exp2", "d4x1"},
    {"amd_vrs16_powf", "f16x1"},
    {"amd_vrs4_sincosf", "f4[-,-,0,1]"},
    {"amd_vrsa_expf", "f1[0,-,2]"},
    {"amd_vrda_pow", "d1[0,-,3]"},
    {"__vrs4_expf", "f4x1"},
    {"__vrd2_log10", "d2x1"},
    /* the vector function ABI */
    {"_ZGVbN4v_expf", "f4x1"},
    {"_ZGVdN8v_sinf", "f8x1"},
    {"_ZGVbN8v_sinf", "f4x2"},
    {"_ZGVcN4v_exp", "d4x1"},
    {"_ZGVeM16vv_powf", "f16x1"},
    {"_ZGVdN8v_Sleef_expf_u10", "f8x1"},
    {"_ZGVeN8v___exp_finite", "d8x1"},
    {"_ZGVeN16vl4l4_sincosf", "f16[-,-,0,1]"},
    {"_ZGVdN8v_gelu", "-"},
    {"_ZGVnN4v_expf", "-"},
    {"expf", "-"},
    {"_ZN3net4expfEf", "-"},
    {"", "-"},
}, of_library[] = {
    {"expf", "f1x1"},
    {"exp10", "d1x1"},
    {"sincosf", "f1[-,-,0,1]"},
    {"sqrtf", "f1x1"},
    {"fma", "d1x1"},
    {"floorf", "-"},
    {"amd_expf", "f1x1"},
    {"Sleef_sqrtf8_u05", "f8x1"},
    {"__expf_finite", "f1x1"},
    {"__libm_expf_l9", "-"},
    {"malloc", "-"},
};

static void put(char *text, const char *separator, unsigned argument)
{
    if (argument == VPREC_ROUTINE_NONE)
        sprintf(text + strlen(text), "%s-", separator);
    else
        sprintf(text + strlen(text), "%s%u", separator, argument);
}

static void print(const vprec_routine *r, bool found, char *text)
{
    strcpy(text, r->lost ? "?" : found ? "" : "-");
    if (!vprec_routine_rounds(r))
        return;
    sprintf(text, "%s%c%u", r->stored ? "@" : "", r->type == VPREC_F64 ? 'd' : 'f', r->lanes);
    if (r->results) {
        sprintf(text + strlen(text), "x%u", r->results);
        return;
    }
    put(text, "[", r->count);
    put(text, ",", r->stride);
    for (unsigned i = 0; i < r->arrays; i++)
        put(text, ",", r->to[i]);
    strcat(text, "]");
}

static unsigned check(const struct expectation *list, size_t n, bool (*ask)(const char *, vprec_routine *))
{
    unsigned failed = 0;
    for (size_t i = 0; i < n; i++) {
        char text[128];
        vprec_routine routine;
        bool found = ask(list[i].name, &routine);
        print(&routine, found, text);
        if (!strcmp(text, list[i].means))
            continue;
        fprintf(stderr, "%s: '%s', must be '%s'\n", list[i].name, text, list[i].means);
        failed++;
    }
    return failed;
}

int main(void)
{
    const size_t n = sizeof named / sizeof *named, m = sizeof of_library / sizeof *of_library;
    unsigned failed = check(named, n, vprec_elementary_named) + check(of_library, m, vprec_elementary_of_library);
    printf("%zu names, %u failed\n", n + m, failed);
    return failed != 0;
}
