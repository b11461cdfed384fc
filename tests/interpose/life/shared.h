/* SPDX-License-Identifier: Apache-2.0
 * shared.h: what shared.c offers. SHARED_SEED tells its builds apart. */
#ifndef VPREC_TESTS_SHARED_H
#define VPREC_TESTS_SHARED_H

#include <stdint.h>

void shared_print(void);
void shared_compute(uint32_t seed, uint32_t steps);

#endif
