/* SPDX-License-Identifier: Apache-2.0
 * mode_names.h: the modes as users name them. Internal to vprec. */
#ifndef VPREC_MODE_NAMES_H
#define VPREC_MODE_NAMES_H

#include "vprec.h"
#include <string.h>

/* Those with noise are nearest-even with it. */
typedef struct vprec_mode_row {
    const char *name;
    vprec_mode mode;
    unsigned noise; /* VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS */
} vprec_mode_row;

static const vprec_mode_row vprec_mode_rows[] = {
    {"rne", VPREC_RNE, 0},
    {"rna", VPREC_RNA, 0},
    {"rtz", VPREC_RTZ, 0},
    {"ru", VPREC_RU, 0},
    {"rd", VPREC_RD, 0},
    {"rto", VPREC_RTO, 0},
    {"sr", VPREC_SR, 0},
    {"rr", VPREC_RNE, VPREC_NOISE_RESULTS},
    {"pb", VPREC_RNE, VPREC_NOISE_OPERANDS},
    {"mca", VPREC_RNE, VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS},
};
enum { VPREC_MODE_ROWS = sizeof vprec_mode_rows / sizeof *vprec_mode_rows };

/* The one of a name of so many characters; NULL: there is none. */
static inline const vprec_mode_row *vprec_mode_find(const char *name, size_t length)
{
    for (int i = 0; i < VPREC_MODE_ROWS; i++)
        if (strlen(vprec_mode_rows[i].name) == length && !memcmp(vprec_mode_rows[i].name, name, length))
            return &vprec_mode_rows[i];
    return NULL;
}

#endif
