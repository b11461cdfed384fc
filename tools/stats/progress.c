/* SPDX-License-Identifier: Apache-2.0
 * progress.c: when a line of progress is drawn, and for how long it will be there. */
#include "progress.h"
#include "common/say.h"
#include <time.h>

static const double WORTH = 2, FIRST = 0.5, EACH = 0.1; /* seconds: whole work that is, and between lines */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void stats_progress_begin(stats_progress *p, size_t documents, const char *what, bool quiet)
{
    *p = (stats_progress){.started = now(), .documents = documents};
    vprec_progress_begin(&p->bar, 0, what, quiet);
}

void stats_progress_tell(stats_progress *p, double share)
{
    if (!p || !p->bar.on)
        return;
    double time = now(), done = ((double)p->document + share) / (double)p->documents, spent = time - p->started;
    if (time - p->drawn < EACH || spent < FIRST || (!(p->drawn > 0) && spent < WORTH * done))
        return;
    p->drawn = time;
    vprec_say_first = "\r\033[K";
    vprec_progress_draw_share(&p->bar, done, done > 0 ? spent * (1 - done) / done : -1);
}

void stats_progress_next(stats_progress *p)
{
    p->document++;
    stats_progress_tell(p, 0);
}

void stats_progress_end(stats_progress *p)
{
    if (p->drawn > 0)
        vprec_progress_clear(&p->bar);
    vprec_say_first = "";
}
