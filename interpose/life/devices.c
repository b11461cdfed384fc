/* SPDX-License-Identifier: Apache-2.0
 * devices.c: see devices.h. The names are those of the CUDA driver API, of HIP, of Level Zero and of OpenCL. CUDA's
 * runtime, linked in or not, comes by the functions of its driver. */
#include "devices.h"
#include "runtime/names.h"
#include "runtime/record.h"
#include "unit.h"
#include <fnmatch.h>
#include <link.h>
#include <string.h>

typedef struct library {
    const char *file, *launches[8]; /* shell patterns */
} library;
static const library libraries[] = {
    {"libcuda.so*", {"cuLaunch*", "cuGraphLaunch*"}},
    {"libamdhip64.so*",
     {"hipLaunch*Kernel*", "hipModuleLaunch*", "hipExt*Launch*", "hipGraphLaunch*", "hipHccModuleLaunch*"}},
    {"libze_loader.so*", {"zeCommandListAppendLaunch*"}},
    {"libOpenCL.so*", {"clEnqueueNDRangeKernel", "clEnqueueTask"}},
};

static const library *library_of(const char *path)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (!fnmatch(libraries[i].file, vprec_name_base(path), 0))
            return &libraries[i];
    return NULL;
}

bool vprec_devices_is(const char *path)
{
    return library_of(path);
}

static bool launches(const library *of, const char *name)
{
    for (size_t i = 0; of->launches[i]; i++)
        if (!fnmatch(of->launches[i], name, 0))
            return true;
    return false;
}

/* Its name, if the function that starts at `start` launches work; NULL. */
static const char *launch_at(vprec_loaded *l, const library *of, uint64_t start)
{
    vprec_vec names = VPREC_VEC(const char *);
    const char *found = NULL;
    vprec_object_names_of(&l->object, start, &names);
    for (size_t i = 0; i < names.count && !found; i++) {
        const char *name = VPREC_AT(names, const char *, i);
        found = launches(of, name) ? name : NULL;
    }
    vprec_vec_free(&names);
    return found;
}

bool vprec_devices_watch(vprec_loaded *l)
{
    const library *of = library_of(l->object.path);
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    vprec_symbol f;
    bool done = true;
    uint64_t hi = l->object.hi;
    for (uint64_t at = l->object.lo; done && vprec_object_function_next(&l->object, at, hi, &f); at = f.start + 1)
        if (launch_at(l, of, f.start))
            done = vprec_unit_poke(&pokes, f.start, VPREC_TRAP_BYTE) && vprec_vec_add_u64(&l->launches, f.start);
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    return done;
}

/* OpenCL is implemented for the processor, too: then its kernels are code of this process. */
static bool is_processor(const library *of)
{
    static const char *const processor[] = {"libpocl*.so*", "libintelocl*.so*"};
    static const char *const device[] = {"libnvidia-opencl.so*", "libamdocl*.so*", "libigdrcl.so*",
                                         "libMesaOpenCL.so*", "libRusticlOpenCL.so*"};
    bool some = false, other = false;
    for (const struct link_map *map = _r_debug.r_map; map && !strcmp(of->file, "libOpenCL.so*"); map = map->l_next) {
        const char *name = vprec_name_base(map->l_name);
        for (size_t i = 0; i < sizeof processor / sizeof *processor; i++)
            some |= !fnmatch(processor[i], name, 0);
        for (size_t i = 0; i < sizeof device / sizeof *device; i++)
            other |= !fnmatch(device[i], name, 0);
    }
    return some && !other;
}

bool vprec_devices_met(vprec_loaded *l, uint64_t address)
{
    if (!l->launches.count || !vprec_sorted_has(&l->launches, address))
        return false;
    const library *of = library_of(l->object.path);
    if (!is_processor(of))
        vprec_record_native(VPREC_REASON_DEVICE, l->object.path, launch_at(l, of, address));
    vprec_devices_end(l); /* that it does is all that is asked */
    return true;
}

void vprec_devices_end(vprec_loaded *l)
{
    for (size_t i = 0; i < l->launches.count; i++) {
        uint64_t at = VPREC_AT(l->launches, uint64_t, i);
        const vprec_visit *k = vprec_visit_at(&l->visits, at);
        if (!k || k->state == VPREC_VISIT_IDLE)
            vprec_unit_unplant(l, at, at + 1);
    }
    l->launches.count = 0;
}
