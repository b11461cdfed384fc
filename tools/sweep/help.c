/* SPDX-License-Identifier: Apache-2.0
 * help.c: the text of vprec-sweep --help. */
#include "help.h"
#include "metric.h"
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 96 };

static const char before[] =
    "Usage: vprec-sweep [options] [--] PROGRAM [ARG...]\n"
    "       vprec-sweep compare [--tolerance P%] [--fail-if-worse] A B\n"
    "Run an unmodified program in a grid of floating-point formats and tell how its results change.\n"
    "\n"
    "The grid\n"
    "  -f, --formats SPEC... formats as vprec-run takes them, several words or with commas;\n"
    "                        braces are expanded: 'e8m{2..23}', 'e{3..8}m7', 'f64=e11m{10,20}'.\n"
    "                        Put -- before PROGRAM. Default e8m{1,2,3,4,5,7,10,13,16,19,23},fp16\n"
    "  -m, --modes LIST      rounding modes, as rne,rtz,sr,rr; default rne\n"
    "  -t, --precision LIST  precisions of rr, pb and mca; default: those of the formats\n"
    "  -n, --samples N       runs of each cell whose mode draws random numbers; default 1\n"
    "  -s, --seed N          what these are drawn from; default 1\n"
    "      --function GLOB   round only these functions; each --function, --object and --within\n"
    "      --object GLOB     is a row of its own in the grid\n"
    "      --within GLOB     round only in these scopes: layers of a network, see vprec-run(1)\n"
    "      --layers          each scope is such a row, --layers=GLOB some: one run more names them\n"
    "      --cumulative      these rows round all layers up to each one, not each alone\n"
    "      --fork-at SCOPE   start once, and go on with each cell from where SCOPE is first entered\n"
    "      these go to all cells, see vprec-run --help:\n";

static const char middle[] =
    "      --dry-run         list the cells, run nothing\n"
    "\n"
    "How it is run\n"
    "  -j, --jobs N          so many runs side by side; default 1\n"
    "      --timeout SECONDS the longest that one run may take, or none; default a minute and 1000\n"
    "                        times native's time\n"
    "      --why all|native|none\n"
    "                        which runs are made once more, counting, to say why formats failed:\n"
    "                        native and each format that failed (the default), native alone, none\n"
    "      --why-timeout SECONDS\n"
    "                        the longest that such a run may take, or none; default 10\n"
    "  -o, --out DIR         what the runs gave, and where the same command goes on when it was\n"
    "                        interrupted; default PROGRAM.sweep, or with arguments a name made of\n"
    "                        them\n"
    "      --restart         remove what an earlier sweep left in DIR, and nothing else\n"
    "      --keep GLOB       keep files that a run wrote in the working directory\n"
    "      --own-directory   each run has a directory of its own, with links to what is in this one\n"
    "\n"
    "What is measured\n"
    "      --metric NAME     a built-in metric, several are allowed; default equal, labels,\n"
    "                        max-rel, and what the usual question asks for:\n";

static const char after[] =
    "      --metric NAME=COMMAND\n"
    "                        the last number that sh -c COMMAND prints; it reads the output from\n"
    "                        standard input, in the run's directory, which is $VPREC_CELL;\n"
    "                        $VPREC_NATIVE is the native run's, $VPREC_DIRECTORY the caller's\n"
    "      --extract NAME=REGEX\n"
    "                        the number in the first group of the last match in the output, of an\n"
    "                        expression as Perl has them: 'accuracy=accuracy: (\\S+)'\n"
    "      --output FILE     the output is this file that the program writes, not what it prints\n"
    "      --truth FILE      what cer, wer, accuracy compare with; default of cer, wer native's output\n"
    "      --higher NAME     more is better in this metric\n"
    "      --lower NAME      less is better\n"
    "      --threshold SPEC  what the smallest format has to keep: 'accuracy>=0.95', 'labels>=99%',\n"
    "                        '1%': the first metric within 1 % of native's; several with commas.\n"
    "                        Default 'labels>=1,lone<=1%,arrays>=40', or of metrics that are\n"
    "                        named the first within 1 %\n"
    "      --bisect          with --threshold: run only the cells that finding it takes\n"
    "\n"
    "What is told\n"
    "      --require SPEC    each cell has to keep it, as --threshold has it: else exit status 3\n"
    "      --baseline FILE   no cell may be worse than in this report by --json, or of --report\n"
    "      --tolerance P%    by more than so much of a number\n"
    "      --junit FILE      what is met, as JUnit's XML\n"
    "      --github          likewise as GitHub's annotations, and a summary of the step\n"
    "      --markdown FILE   answer, requirements and cells as Markdown\n"
    "      --report DIR      write report.html, .json, .csv, .md and pictures to DIR\n"
    "      --report-only DIR tell what is in DIR, an --out, and run nothing; without PROGRAM\n"
    "      --title TEXT      its title; default PROGRAM\n"
    "      --json FILE       the report as JSON; - is standard output, then without the table\n"
    "      --csv FILE        the table as CSV; likewise\n"
    "      --recipe FILE     with --layers and --threshold: a recipe of vprec-run --scope @FILE\n"
    "  -q, --quiet           no progress, no remarks\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "Exit status: 0, also where cells failed; 1 the sweep failed, as where the native run does;\n"
    "2 wrong usage; 3 what --require or --baseline asks is not met; 128+N signal N ended it: the same\n"
    "command goes on.\n"
    "\n"
    "Examples\n"
    "  vprec-sweep -- ./infer model.bin                   how far do its numbers move in which format?\n"
    "  vprec-sweep --formats 'e8m{2..23}' fp16 bf16 --extract 'accuracy=([0-9.]+) %' \\\n"
    "      --threshold 1% --report report -- ./infer model.bin\n"
    "  vprec-sweep --formats 'e{3..8}m{1..10}' --jobs 8 --metric cer --truth page.txt \\\n"
    "      -- tesseract page.png -                        an OCR program against the right text\n"
    "  vprec-sweep --modes rr --precision '{4..24..4}' --samples 30 --metric digits -- ./simulate\n";

void sweep_help_print(const struct option *passed)
{
    int column = 0;
    fputs(before, stdout);
    for (; passed->name; passed++) {
        int length = (int)strlen(passed->name) + 3;
        if (!column || column + length > COLUMNS)
            column = printf("%s                       ", column ? "\n" : "") - (column > 0);
        column += printf(" --%s", passed->name);
    }
    putchar('\n');
    fputs(middle, stdout);
    sweep_metrics_help();
    fputs(after, stdout);
}

void sweep_help_compare(void)
{
    puts("Usage: vprec-sweep compare [--tolerance P%] [--fail-if-worse] A B\n"
         "What has changed from sweep A to sweep B: each a file by --json, or a directory of --report or\n"
         "--out. Cells go together by format, mode and place.\n"
         "\n"
         "      --tolerance P%    numbers that are no further away than P % have not changed\n"
         "      --fail-if-worse   exit status 3 where something is worse\n"
         "  -h, --help            this text");
}
