/* SPDX-License-Identifier: Apache-2.0
 * confirm.h: --confirm: whether what was found keeps what is required on data that the search has not seen. */
#ifndef VPREC_SEARCH_CONFIRM_H
#define VPREC_SEARCH_CONFIRM_H

#include "search.h"

/* Runs the command natively and with the best, and while that does not keep it with the next cheapest, and so with the
 * best single format. `argv` is the search's own. Fills s->confirmation and s->uniform. Returns what sweep_run does. */
int search_confirm(search *s, int argc, char **argv, const char *runner, const char *preload);

#endif
