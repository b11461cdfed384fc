/* SPDX-License-Identifier: Apache-2.0
 * list.h: --list: what of an object would be instrumented, were all of it executed. Nothing is changed. */
#ifndef VPREC_LIFE_LIST_H
#define VPREC_LIFE_LIST_H

#include "loaded.h"

/* Records every function of the opened object that has something to round or to refuse. Takes memory for one function
 * at a time. False: no memory. */
bool vprec_list_object(vprec_loaded *loaded);

#endif
