/* SPDX-License-Identifier: Apache-2.0
 * question.h: what a sweep is asked: the smallest format that keeps all of some requirements. */
#ifndef VPREC_SWEEP_QUESTION_H
#define VPREC_SWEEP_QUESTION_H

#include "threshold.h"

typedef struct sweep_question {
    const char *option, *spec; /* as it was written, behind that */
    vprec_require require;
    sweep_threshold *list; /* one for each of its parts */
    size_t count; /* 0: nothing can be asked, as the native run has no value of what was chosen */
    bool usual; /* nobody asked. Then parts count that native has a value of, in the worst of the samples */
} sweep_question;

/* What is written behind `option`, of these metrics. False, having said why. To be freed in any case. */
bool sweep_question_make(sweep_question *question, const char *option, const char *spec, sweep_metrics *metrics);
/* What is asked where nobody asks: of metrics that were chosen the first one within 1 %, of the usual ones
 * SWEEP_USUAL_QUESTION. */
void sweep_question_usual(sweep_question *question, const char *option, sweep_metrics *metrics, bool chosen);
void sweep_question_free(sweep_question *question);
#define SWEEP_USUAL_QUESTION "labels>=1,lone<=1%,arrays>=40"

/* Once native is known. */
void sweep_question_resolve(sweep_question *question, const sweep *sweep);

/* Whether the cell ended well and keeps all of it. */
bool sweep_answers(const sweep_question *question, const sweep_cell *cell);
/* The first part that it does not keep; NULL: it keeps all, or did not end well. */
const sweep_threshold *sweep_question_missed(const sweep_question *question, const sweep_cell *cell);

/* The metric of its first part: what pictures and layers are ordered by. */
size_t sweep_question_metric(const sweep_question *question);

/* "labels >= 0.99 and cer <= 0.02", of the usual one in words; to be freed. */
char *sweep_question_text(const sweep_question *question, const sweep_metrics *metrics);

#endif
