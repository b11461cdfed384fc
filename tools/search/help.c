/* SPDX-License-Identifier: Apache-2.0
 * help.c: the text of vprec-search --help. */
#include "options.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 96 };

static const char before[] =
    "Usage: vprec-search [options] [--] PROGRAM [ARG...]\n"
    "Find the cheapest formats for the layers, functions or objects of an unmodified program that\n"
    "keep its result.\n"
    "\n"
    "What is looked for\n"
    "  -u, --units PATTERN   what gets a format each: scopes such as 'ort:*' or 'torch:encoder.*'\n"
    "                        (layers of a network, see vprec-run(1); default '*'), 'code:GLOB'\n"
    "                        functions, 'obj:GLOB' objects; all else stays native\n"
    "  -f, --formats LIST    the formats there are, as vprec-sweep has them: 'e8m{2..10},fp16';\n"
    "                        native is always one. Default e8m{1..8},e8m{10..19..3}\n"
    "      --require LIST    what has to be kept, all of it: 'accuracy>=0.95, changed<=5',\n"
    "                        'labels=equal', 'sqnr>=40', 'accuracy:1%' of native's; default as\n"
    "                        vprec-sweep: labels equal, lone numbers within 1 %, arrays at 40 dB\n"
    "      --strategy LIST   how, one after the other; default uniform,greedy:\n";

static const char after[] =
    "      --confirm COMMAND the same on other data, for sh -c: what was found is kept there, too, or the\n"
    "                        next cheapest is taken\n"
    "      --budget N        at most so many runs; default 40\n"
    "  -m, --mode MODE       the rounding mode; default rne\n"
    "  -n, --samples N       runs of each assignment, where the mode draws random numbers; default 1\n"
    "  -s, --seed N          what these are drawn from; default 1\n"
    "      --dry-run         run natively and count operations alone: what there is, what it may take\n"
    "\n"
    "How it is run and measured, as by vprec-sweep(1)\n"
    "  -j, --jobs N          so many runs side by side where the next ones are known; default 1\n"
    "      --timeout SECONDS the longest that one run may take; default a minute and 1000 times\n"
    "                        native's time\n"
    "  -o, --out DIR         what the runs gave: the same command goes on there; default\n"
    "                        PROGRAM.search, or with arguments a name made of them\n"
    "      --restart         remove what an earlier search left in DIR, and nothing else\n"
    "      --own-directory   each run has a directory of its own, with links to what is in this one\n"
    "      these as vprec-sweep --help and vprec-run --help have them:\n";

static const char last[] =
    "\n"
    "What is told\n"
    "      --recipe FILE     a recipe of vprec-run --scope @FILE; it is DIR/recipe.txt in any case\n"
    "      --json FILE       everything as JSON; - is standard output, then without the text\n"
    "  -q, --quiet           no progress, no remarks\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "Exit status: 0 formats were found; 1 the search failed, as where the native run does; 2 wrong\n"
    "usage; 3 nothing but native keeps what is required; 128+N signal N ended it: the best so far has\n"
    "been told, and the same command goes on.\n"
    "\n"
    "Examples\n"
    "  vprec-search --units 'ort:*' --extract 'accuracy=accuracy (\\S+)' --require 'accuracy>=0.95' \\\n"
    "      --budget 80 -- python3 classify.py            formats for the layers of a network\n"
    "  vprec-search --units 'code:*' -f e8m7 --strategy ddmin,ddmax --require equal=1 -- ./simulate\n"
    "                                                   which functions need more than bf16?\n";

/* What the text has anyway. */
static bool is_told(const char *name)
{
    return !strcmp(name, "own-directory") || !strcmp(name, "restart") || !strcmp(name, "timeout");
}

void search_help_print(const struct option *passed)
{
    int column = 0;
    fputs(before, stdout);
#define SEARCH_STRATEGY_ENTRY(id, name, about) printf("                          %-8s %s\n", name, about);
    SEARCH_STRATEGIES(SEARCH_STRATEGY_ENTRY)
#undef SEARCH_STRATEGY_ENTRY
    fputs(after, stdout);
    for (; passed->name; passed++) {
        int length = (int)strlen(passed->name) + 3;
        if (passed->val != SEARCH_PASSED || is_told(passed->name))
            continue;
        if (!column || column + length > COLUMNS)
            column = printf("%s                       ", column ? "\n" : "") - (column > 0);
        column += printf(" --%s", passed->name);
    }
    putchar('\n');
    fputs(last, stdout);
}
