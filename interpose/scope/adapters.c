/* SPDX-License-Identifier: Apache-2.0
 * adapters.c: see adapters.h. */
#include "adapters.h"
#include "ort.h"
#include "tensorflow.h"
#include "xla.h"

static const vprec_adapter adapters[] = {
    {vprec_ort_is, vprec_ort_begin},
    {vprec_tensorflow_is, vprec_tensorflow_begin},
    {vprec_xla_is, vprec_xla_begin},
};

const vprec_adapter *vprec_adapter_of(const char *path)
{
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (adapters[i].is(path))
            return &adapters[i];
    return NULL;
}
