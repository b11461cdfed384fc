/* SPDX-License-Identifier: Apache-2.0
 * question.c: see question.h. */
#include "question.h"
#include "common/say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool sweep_question_make(sweep_question *q, const char *option, const char *spec, sweep_metrics *metrics)
{
    *q = (sweep_question){.option = option, .spec = spec};
    if (!vprec_require_parse(&q->require, option, spec))
        return false;
    q->list = vprec_alloc(q->require.count, sizeof *q->list);
    for (; q->count < q->require.count; q->count++)
        if (!sweep_threshold_find(&q->list[q->count], option, &q->require.list[q->count], metrics))
            return false;
    return true;
}

void sweep_question_usual(sweep_question *q, const char *option, sweep_metrics *metrics, bool chosen)
{
    sweep_kind first = metrics->list[0].kind;
    const char *spec = !chosen                 ? SWEEP_USUAL_QUESTION
                       : first == SWEEP_SQNR   ? "sqnr>=40"
                       : first == SWEEP_ARRAYS ? "arrays>=40"
                       : first == SWEEP_DIGITS ? "digits>=2"
                                               : "1%";
    sweep_question_make(q, option, spec, metrics);
    q->usual = true;
}

void sweep_question_free(sweep_question *q)
{
    free(q->list);
    vprec_require_free(&q->require);
    *q = (sweep_question){.list = NULL};
}

/* Parts of what nobody asked, of which the native run has no value, are none. Where of the usual metrics it has neither
 * labels nor numbers, its bytes are asked for. */
static void leave_out(sweep_question *q, const sweep *sweep)
{
    const sweep_cell *native = &sweep->grid.cells[SWEEP_NATIVE];
    size_t count = 0;
    for (size_t i = 0; i < q->count; i++)
        if (!native->values[q->list[i].metric].error)
            q->list[count++] = q->list[i];
    bool digits = q->list[0].metric < sweep->options->metrics.count &&
                  sweep->options->metrics.list[q->list[0].metric].kind == SWEEP_DIGITS; /* of samples, not of native */
    if (count || digits || sweep->options->metrics_given) {
        q->count = digits ? q->count : count;
        return;
    }
    static const vprec_requirement same = {.text = "equal>=1", .name = "equal", .sign = VPREC_AT_LEAST, .value = 1};
    sweep_metric *equal = sweep_metric_find(&sweep->options->metrics, "equal");
    q->list[0] = (sweep_threshold){.spec = same.text, .requirement = &same,
                                   .metric = (size_t)(equal - sweep->options->metrics.list)};
    q->count = 1;
}

void sweep_question_resolve(sweep_question *q, const sweep *sweep)
{
    if (q->usual)
        leave_out(q, sweep);
    for (size_t i = 0; i < q->count; i++)
        sweep_threshold_resolve(&q->list[i], sweep);
}

/* In the worst of the samples. */
static bool all_keep(const sweep_threshold *t, const sweep_cell *cell)
{
    const sweep_summary *s = &cell->values[t->metric];
    return !s->error && (!s->n || (vprec_bounds_keep(&t->bounds, s->min) && vprec_bounds_keep(&t->bounds, s->max)));
}

const sweep_threshold *sweep_question_missed(const sweep_question *q, const sweep_cell *cell)
{
    if (!cell->settled || cell->status != SWEEP_OK_STATUS)
        return NULL;
    for (size_t i = 0; i < q->count; i++)
        if (!sweep_keeps(&q->list[i], cell) || (q->usual && !all_keep(&q->list[i], cell)))
            return &q->list[i];
    return NULL;
}

bool sweep_answers(const sweep_question *q, const sweep_cell *cell)
{
    return q->count && cell->settled && cell->status == SWEEP_OK_STATUS && !sweep_question_missed(q, cell);
}

size_t sweep_question_metric(const sweep_question *q)
{
    return q->list[0].metric;
}

/* The usual parts in words; to be freed. */
static char *part_text(const sweep_question *q, const sweep_threshold *t, const sweep_metrics *metrics)
{
    if (q->usual)
        switch (metrics->list[t->metric].kind) {
        case SWEEP_LABELS: return vprec_text("all labels equal");
        case SWEEP_LONE: return vprec_text("lone numbers within 1 %%");
        case SWEEP_ARRAYS: return vprec_text("arrays at 40 dB SQNR");
        case SWEEP_EQUAL: return vprec_text("the output equal byte by byte");
        default: break;
        }
    return sweep_threshold_text(t, metrics);
}

char *sweep_question_text(const sweep_question *q, const sweep_metrics *metrics)
{
    char *text = vprec_text("%s", "");
    for (size_t i = 0; i < q->count; i++) {
        char *part = part_text(q, &q->list[i], metrics);
        char *more = vprec_text("%s%s%s", text, !i ? "" : q->usual && i + 1 < q->count ? ", " : " and ", part);
        free(part);
        free(text);
        text = more;
    }
    return text;
}
