/* SPDX-License-Identifier: Apache-2.0
 * presets.c: see presets.h. Functions go by parts of their symbols, which in C++ hold the names of what they are made
 * for: PyTorch 2.13, TensorFlow 2.21, NumPy 1.24 to 2.4, JAX 0.10, onnxruntime 1.20 to 1.32, whose wheels have no
 * symbols, but names of classes (scope/ort.c). (JAX draws by code that it generates.) */
#include "presets.h"
#include <fnmatch.h>
#include <string.h>

/* An object; parts of the symbols in it, a whole symbol behind '='. (MKL's gives the size of LAPACK's workspace, an
 * integer, as a number that is not below it. XLA's products are cut into parts by code that counts in floats, and comes to
 * no end where they are infinite.) */
typedef struct list {
    uint32_t preset;
    const char *object;
    const char *const *functions; /* NULL: all of it */
} list;

static const char *const torch[] = {
    "CPUGeneratorImpl", "normal_kernel", "NormalFill", "normal_fill", "uniform_kernel", "exponential_kernel",
    "cauchy_kernel", "geometric_kernel", "bernoulli", "random_kernel", "random_from_to", "randperm",
    "multinomial", "poisson_cpu", "arange_kernel", "range_out", "linalg_eigh_kernel", "=mkl_serv_int2f_ceil",
    "=mkl_serv_int2d_ceil",
    NULL,
};
static const char *const tensorflow[] = {
    "FillPhiloxRandom", "PhiloxRandomOp", "StatelessRandom", "Multinomial", "RandomShuffle", "tsl6random",
    "7RangeOp", "choose_split_factors", "get_dot_kernel", "schedule_dot", NULL,
};
static const char *const jax[] = {"choose_split_factors", "get_dot_kernel", "schedule_dot", NULL};
static const char *const onnxruntime[] = {
    "12RandomNormal", "13RandomUniform", "16RandomNormalLike", "17RandomUniformLike", "11Multinomial", "9Bernoulli",
    "5RangeE", NULL,
};
static const char *const numpy[] = {
    "=FLOAT_fill", "=DOUBLE_fill", "=CFLOAT_fill", "=CDOUBLE_fill", "=HALF_fill", NULL,
};

static const list lists[] = {
    {VPREC_FRAMEWORK_TORCH, "*/libtorch_cpu.so*", torch},
    {VPREC_FRAMEWORK_NUMPY, "*/_multiarray_umath.*so", numpy},
    {VPREC_FRAMEWORK_NUMPY, "*/numpy/random/*.so", NULL},
    {VPREC_FRAMEWORK_TENSORFLOW, "*/libtensorflow_cc.so*", tensorflow},
    {VPREC_FRAMEWORK_TENSORFLOW, "*/libtensorflow_framework.so*", tensorflow},
    {VPREC_FRAMEWORK_JAX, "*/libjax_common.so*", jax},
    {VPREC_FRAMEWORK_ONNXRUNTIME, "*/libonnxruntime.so*", onnxruntime},
    {VPREC_FRAMEWORK_ONNXRUNTIME, "*/onnxruntime_pybind11_state*.so", onnxruntime},
};
enum { LISTS = sizeof lists / sizeof *lists };

static const list *list_of(const vprec_wire_config *config, const char *path, bool whole)
{
    for (size_t i = 0; i < LISTS; i++)
        if (config->presets >> lists[i].preset & 1 && (lists[i].functions == NULL) == whole &&
            !fnmatch(lists[i].object, path, 0))
            return &lists[i];
    return NULL;
}

unsigned vprec_preset_of(const vprec_wire_config *config, const char *path)
{
    const list *l = list_of(config, path, false);
    return l ? (unsigned)(l - lists) + 1 : 0;
}

bool vprec_preset_leaves(unsigned preset, const char *symbol)
{
    const char *const *functions = preset ? lists[preset - 1].functions : NULL;
    for (; functions && *functions; functions++)
        if (**functions == '=' ? !strcmp(symbol, *functions + 1) : strstr(symbol, *functions) != NULL)
            return true;
    return false;
}

bool vprec_preset_leaves_object(const vprec_wire_config *config, const char *path)
{
    return list_of(config, path, true);
}
