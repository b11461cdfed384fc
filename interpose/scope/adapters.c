/* SPDX-License-Identifier: Apache-2.0
 * adapters.c: see adapters.h. */
#include "adapters.h"
#include "opencv.h"
#include "ort.h"
#include "runtime/record.h"
#include "runtime/share.h"
#include "scopes.h"
#include "tensorflow.h"
#include "xla.h"

#define NO_DUMP                                                                                                       \
    "--dump-layers: outputs of XLA's steps are not written; those of PyTorch, onnxruntime, TensorFlow and OpenCV are"

static const vprec_adapter adapters[] = {
    {vprec_opencv_is, vprec_opencv_begin, NULL, NULL},
    {vprec_ort_is, vprec_ort_begin, vprec_ort_leaves, NULL},
    {vprec_tensorflow_is, vprec_tensorflow_begin, NULL, NULL},
    {vprec_xla_is, vprec_xla_begin, NULL, NO_DUMP},
};

const vprec_adapter *vprec_adapter_of(const char *path)
{
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (adapters[i].is(path))
            return &adapters[i];
    return NULL;
}

bool vprec_adapter_tells(const vprec_adapter *adapter)
{
    return vprec_scope_wanted() || (*vprec_wire_shared->config.dump && !adapter->no_dump);
}

void vprec_adapter_no_dump(const char *path)
{
    const vprec_adapter *adapter = vprec_adapter_of(path);
    if (adapter && adapter->no_dump)
        vprec_record_warning(adapter->no_dump);
}
