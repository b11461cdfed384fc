/* SPDX-License-Identifier: Apache-2.0
 * search.h: what a search knows: the assignments of formats to units that were run, and what came of them. A strategy
 * is a plain function that asks about one assignment after the other; where the answer is not there yet it returns, and
 * is called anew, from its beginning, when more is known. So what was run before, in this call or an earlier one, is
 * never run again, and no strategy has a state to keep. */
#ifndef VPREC_SEARCH_H
#define VPREC_SEARCH_H

#include "sweep/run.h"
#include "sweep/question.h"
#include "units.h"

typedef enum search_answer { SEARCH_UNKNOWN, SEARCH_KEEPS, SEARCH_FAILS } search_answer;

/* An assignment that is run, in slot `slot` of the grid. */
typedef struct search_trial {
    search_level *levels;
    size_t slot;
    size_t control; /* 0, or the number of this run of the very same assignment */
    const char *by; /* the strategy that asked first */
    bool dropped;   /* it was refused for a unit that is absent, and is run without that */
} search_trial;

/* What delta debugging has found. */
typedef struct search_set {
    bool *in;       /* by unit */
    size_t count;
    bool found;     /* else `note` says why not */
    bool minimal;   /* without any one of them it is not so, which was run */
    search_answer control; /* the same once more */
    const char *note;
} search_set;

/* What --confirm came to. */
typedef struct search_confirmation {
    bool done;
    size_t chosen; /* the trial that keeps it there, too; `count`: none that was tried */
    size_t tried;  /* so many, from the cheapest on */
    char *native, *values, *uniform; /* natively, of the chosen one, of the best single format; NULL: there is none */
    double changed_most; /* as of search_changed_most */
} search_confirmation;

typedef struct search {
    sweep sweep; /* first: callbacks of sweep_run know it alone */
    const search_options *options;
    sweep_question question;
    search_units units;
    search_trial *trials;
    size_t count;
    const char *strategy; /* that asks now */
    bool spent;           /* one was not run, for the budget is spent */
    bool cut;             /* so a strategy ended before it was done */
    char *trouble;        /* why the search ended; NULL */

    /* What strategies have found, as far as they have come. */
    size_t uniform, uniform_fails; /* levels: the narrowest that keeps, and the next one that does not, or `levels` */
    bool uniform_known, monotone;
    search_set breaking, wide;
    search_answer control;         /* of the best */
    search_confirmation confirmation;
} search;

/* Whether the assignment keeps what is required. UNKNOWN: it is being run, or `spent` is set and it will not be. */
search_answer search_ask(search *s, const search_level *levels);
/* The same, of one more run of its own. */
search_answer search_ask_again(search *s, const search_level *levels);

/* The trial's cell; whether it keeps what is required. */
const sweep_cell *search_cell(const search *s, const search_trial *trial);
bool search_keeps(const search *s, const search_trial *trial);
/* The cheapest that is known to keep it; NULL: native alone. */
const search_trial *search_best(const search *s);
/* How far the first metric is from native's, in its own unit; infinite where there is none. */
double search_harm(const search *s, const search_trial *trial);
const search_trial *search_find(const search *s, const search_level *levels, size_t control);

/* The strategies. False: something is being run. */
bool search_uniform(search *s);
bool search_greedy(search *s);
bool search_ddmin(search *s);
bool search_ddmax(search *s);
/* One more run of the best. */
bool search_control(search *s);

/* What is asked, by --require or of its own accord. False, having said what is wrong. */
bool search_question_make(search *s, search_options *o);

void search_free(search *s);

#endif
