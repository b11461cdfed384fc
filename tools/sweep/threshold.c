/* SPDX-License-Identifier: Apache-2.0
 * threshold.c: what keeps a metric. Runs nothing. */
#include "threshold.h"
#include "common/say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Metrics of which per cent are meant, not per cent of native's, which is often 0. */
static bool is_absolute(const sweep_metric *m)
{
    return (m->kind >= SWEEP_CER && m->kind <= SWEEP_FLIPS && m->kind != SWEEP_COSINE) || m->kind == SWEEP_DROP ||
           m->kind == SWEEP_CHANGED_MOST;
}

bool sweep_threshold_find(sweep_threshold *t, const char *option, const vprec_requirement *r, sweep_metrics *metrics)
{
    *t = (sweep_threshold){.spec = r->text, .requirement = r, .bounds = {NAN, NAN, false, false}};
    sweep_metric *metric = r->name ? sweep_metric_find(metrics, r->name) : metrics->list;
    if (!metric) {
        char *what = vprec_text("there is no metric '%s'", r->name);
        vprec_require_wrong(option, r->text, what);
        free(what);
        return false;
    }
    if (r->sign == VPREC_WITHIN && (metric->kind == SWEEP_SQNR || metric->kind == SWEEP_ARRAYS))
        return vprec_require_wrong(option, r->text, "sqnr is infinite natively, and has no share: name decibels, as in "
                                                    "'sqnr>=40'");
    t->metric = (size_t)(metric - metrics->list);
    bool more = r->sign == VPREC_AT_LEAST || r->sign == VPREC_MORE;
    bool less = r->sign == VPREC_AT_MOST || r->sign == VPREC_LESS;
    if (!metric->better)
        metric->better = more - less;
    return true;
}

void sweep_threshold_resolve(sweep_threshold *t, const sweep *sweep)
{
    const sweep_metric *m = &sweep->options->metrics.list[t->metric];
    double native = sweep->grid.cells[SWEEP_NATIVE].values[t->metric].value;
    t->bounds = vprec_require_bounds(t->requirement, native, m->better, is_absolute(m));
}

bool sweep_keeps(const sweep_threshold *t, const sweep_cell *cell)
{
    const sweep_summary *s = &cell->values[t->metric];
    return cell->settled && cell->status == SWEEP_OK_STATUS && !s->error && vprec_bounds_keep(&t->bounds, s->value);
}

char *sweep_threshold_text(const sweep_threshold *t, const sweep_metrics *metrics)
{
    const char *name = metrics->list[t->metric].name;
    if (isinf(t->bounds.high))
        return vprec_text("%s %s %.6g", name, t->bounds.above ? ">" : ">=", t->bounds.low);
    if (isinf(t->bounds.low))
        return vprec_text("%s %s %.6g", name, t->bounds.below ? "<" : "<=", t->bounds.high);
    return t->bounds.low == t->bounds.high ? vprec_text("%s = %.6g", name, t->bounds.low)
                             : vprec_text("%s from %.6g to %.6g", name, t->bounds.low, t->bounds.high);
}
