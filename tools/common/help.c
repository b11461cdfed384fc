/* SPDX-License-Identifier: Apache-2.0
 * help.c: the texts of --help and --formats. */
#include "help.h"
#include "vprec.h"
#include <math.h>
#include <stdio.h>

static const char help[] =
    "Usage: vprec-run [options] [--] PROGRAM [ARG...]\n"
    "Run an unmodified program with its floating-point operations rounded to a format.\n"
    "\n"
    "What is rounded, and how\n"
    "  -f, --format SPEC     the format: eXmY (X exponent, Y fraction bits) or a name, for\n"
    "                        f32 (float); or per type, as in f32=bf16,f64=e11m40. A type not\n"
    "                        named is left alone. native: instrument both, round nothing\n"
    "  -m, --mode MODE       rne to nearest, ties to even (default), rna to nearest, ties away,\n"
    "                        rtz toward zero, ru up, rd down, rto to odd; sr[:BITS] stochastic:\n"
    "                        up with probability (x-lo)/ulp, by so many random bits; Monte\n"
    "                        Carlo arithmetic: rr noise on results, pb on operands, mca on both\n"
    "  -t, --precision SPEC  virtual precision of that noise, T or f32=T,f64=T; default 24, 53.\n"
    "                        These modes need no --format; one given still bounds the results\n"
    "      --error-mode MODE rel (default), abs:EXP noise of 2^EXP, or all:EXP both\n"
    "      --noise-rate P    noise on a result with probability P only\n"
    "      --noise counter|operands\n"
    "                        what random numbers follow from: thread and count (default), or the\n"
    "                        operation and its operands: the same bits on any schedule; slower\n"
    "      --round WHAT      results (default), operands or both\n"
    "      --fast            round the native result: quicker, rounded twice, not exact\n"
    "      --integer-rounding exact|rounded\n"
    "                        additions that round to an integer, x + 1.5*2^23 in an exp: left\n"
    "                        exact (default), or rounded like others\n"
    "      --ops LIST        only these: add,sub,mul,div,sqrt,fma,cvt,rcp,libm\n"
    "\n"
    "Where (patterns as in the shell; each may be given several times)\n"
    "      --object GLOB     only these objects: the program or its libraries, by name or path.\n"
    "                        Default: all but libc, libm, the loader, libgcc_s, libstdc++ and\n"
    "                        language runtimes; '*' is everything\n"
    "      --skip-object GLOB\n"
    "      --function GLOB   only these functions, by symbol or demangled name\n"
    "      --skip-function GLOB\n"
    "      --exec GLOB       only processes whose executable matches\n"
    "      --jit GLOB        only code that these objects generate while they run, selected or\n"
    "                        not. Default: what selected objects generate\n"
    "      --skip-jit GLOB   '*' leaves all generated code alone\n"
    "      --preset LIST     of torch, numpy, tensorflow, jax, onnxruntime random numbers, counted ranges\n"
    "                        and plans stay native, for their control needs them as they are.\n"
    "                        Default: all of these; none rounds them, too\n"
    "      --scope GLOB=SPEC another format while a scope whose name matches is open, as in\n"
    "                        head=e5m10,mode=sr or conv1=native; the innermost one decides, then the\n"
    "                        last that matches. @FILE has such lines (a recipe). See vprec_scope(3)\n"
    "                        fn:NAME is a function while it runs; code:NAME and obj:NAME the code of\n"
    "                        functions and objects, whoever calls them\n"
    "      --site FILE:LINES=SPEC\n"
    "                        another format on these lines of the source of what vprec-cc has built,\n"
    "                        as in net.c:120-180=e5m10; --list shows them. Recipes have site:FILE:LINES\n"
    "      --within GLOB     round only while a scope whose name matches is open\n"
    "      --elementary GLOB[=RESULT]\n"
    "                        these functions, too, are one operation each, as libm's are: native\n"
    "                        inside, the result rounded once. RESULT: f (default) or d; a vector\n"
    "                        f4 ... f16, d2 ... d8, two 2f8; or the integer and pointer arguments\n"
    "                        of what writes arrays, (n.f): a count, any, results\n"
    "\n"
    "Samples: the same program many times, each with its own noise\n"
    "  -s, --seed N          what the noise is drawn from, default 1; of a single run too\n"
    "  -n, --samples N       run N times, with seeds derived from --seed; needs --out\n"
    "  -o, --out DIR         keep DIR/NNNN/{stdout,stderr,status.json,report.json,files};\n"
    "                        the same command goes on where an interrupted one stopped\n"
    "  -j, --jobs N          so many samples side by side; default 1\n"
    "      --keep GLOB       keep files that a sample wrote in the working directory; or let the\n"
    "                        program write to $VPREC_SAMPLE_DIR; $VPREC_SAMPLE is the number\n"
    "      --reference native|none\n"
    "                        also run once without rounding, as DIR/reference; default none\n"
    "      --restart         forget what DIR holds\n"
    "\n"
    "What is told\n"
    "      --report FILE     everything, as JSON; - is standard output. With it, --count or --layers\n"
    "                        SIGUSR1 to vprec-run writes a snapshot, and the program goes on\n"
    "      --replay FILE     the run of that report once more: no PROGRAM; other options come on top\n"
    "      --count           count operations and exponents of results, by function;\n"
    "                        --count=operations these alone, --count=all overflows, digits\n"
    "                        cancelled and more, slowly\n"
    "      --layers          the same by scope, in the order in which the scopes came: the modules of\n"
    "                        PyTorch, nodes of onnxruntime and TensorFlow, those of vprec_scope(3);\n"
    "                        --layers=GLOB shows some; --layers --count is quick\n"
    "      --dump-layers DIR the output of each module of PyTorch, node of onnxruntime and operation\n"
    "                        of TensorFlow, for vprec-stats compare; --reference native runs the\n"
    "                        program natively first, for DIR/native beside DIR/rounded\n"
    "      --audit           name what was selected and ran native; exit 124 if anything did;\n"
    "                        --audit=all asks for long double too\n"
    "      --list            run nothing, print what would be instrumented\n"
    "      --perf-map        names of translated code for perf, in /tmp/perf-PID.map\n"
    "      --gdb             the same for gdb, which passes SIGSEGV on: see the manual page\n"
    "      --formats         print the named formats with their ranges and other names\n"
    "  -q, --quiet           no summary and no warnings at the end; what stays native is named\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "Exit status: the program's own, 128+N if signal N ended it; 124 --audit found something,\n"
    "125 usage or vprec's own failure, 126 cannot be instrumented, 127 not found. Of samples: the\n"
    "status that all have, 1 where they differ.\n"
    "\n"
    "Examples\n"
    "  vprec-run --format bf16 -- ./infer model.bin       every float operation in bfloat16\n"
    "  vprec-run --format f32=e5m10,f64=e11m40 -- ./infer float in half precision, double in 40 bits\n"
    "  vprec-run --format e8m10 --report run.json -- ./infer\n"
    "  vprec-run --format e8m7 --object 'libopenblas*' -- python3 script.py\n"
    "  vprec-run --format bf16 --samples 30 --jobs 4 --out runs -- ./infer < input\n"
    "  vprec-run --format e8m10 --scope head=native -- ./infer   all but one scope\n"
    "  vprec-run --list -- ./infer                        what could be rounded\n"
    "  vprec-run --format native -- ./infer               must give the same bits as ./infer\n";

void vprec_help_print(void)
{
    fputs(help, stdout);
}

void vprec_formats_print(void)
{
    const char *name, *spelling;
    printf("%-12s %-28s %-8s %16s %16s %16s %16s\n", "NAME", "SPELLING", "TYPES", "LARGEST", "SMALLEST NORMAL",
           "SUBNORMAL", "EPSILON");
    for (size_t i = 0; (name = vprec_format_preset(i, &spelling)); i++) {
        vprec_format format, narrow;
        if (vprec_format_parse(name, VPREC_F64, &format, NULL, 0) != VPREC_OK)
            continue;
        bool fits_f32 = vprec_format_parse(name, VPREC_F32, &narrow, NULL, 0) == VPREC_OK;
        printf("%-12s %-28s %-8s %16.9g %16.9g ", name, spelling, fits_f32 ? "f32,f64" : "f64", format.max,
               format.min_normal);
        if (format.flags & VPREC_NOSUB)
            printf("%16s", "none");
        else
            printf("%16.9g", format.min_subnormal);
        printf(" %16.9g\n", ldexp(1, -format.fbits));
    }
    fputs("\nAny eXmY works too: X exponent bits 2 to 11, Y fraction bits 1 to 52 (one hidden bit more), as far as\n"
          "the type holds it (f32: e8m23). Suffixes: :sat :noinf :nosub :nonan :nonegzero :bias=N, see\n"
          "vprec-formats(7).\n"
          "\nOther names, in any case, with or without '_', with torch. and the like in front or not:\n",
          stdout);
    for (size_t i = 0; (name = vprec_format_preset(i, &spelling)); i++)
        if (*vprec_format_aliases(i))
            printf("%-12s %s\n", name, vprec_format_aliases(i));
}
